/** Code against code: what `symmetricScorer` owes, where the manifest says that there is one. */
import { type Codec, type Codes, METRICS, type Metric, sliceCodes } from "@pith/codec-core";
import { copyCodes, flatBytes, mapCodes, pickCodes, sharedCodes, unalignedCodes } from "./code-bytes.ts";
import { dot, exactScore, scoreTolerance } from "./exact.ts";
import { decodes, type LawChecks, type Trial } from "./trial.ts";

const COUNT = 29;

const applies = (codec: Codec): boolean => codec.supports.symmetric;

/** Scores of code `row` of `c` with all of `c`. */
export function symmetricScores(codec: Codec, metric: Metric, c: Codes, row: number): Float32Array {
  return withQuery(codec, metric, sliceCodes(c, row, row + 1), c);
}

function withQuery(codec: Codec, metric: Metric, query: Codes, c: Codes): Float32Array {
  const out = new Float32Array(c.count);
  codec.symmetricScorer!(metric).scoreInto(query, c, out);
  return out;
}

function decodedRows(codec: Codec, c: Codes): Float32Array[] {
  const { data, dim, count } = codec.decode(c);
  return Array.from({ length: count }, (_, i) => data.subarray(i * dim, (i + 1) * dim));
}

export const symmetricLaws: LawChecks<
  "symmetric.decoded" | "symmetric.mutual" | "symmetric.views" | "symmetric.input" | "symmetric.total"
> = {
  "symmetric.decoded": {
    wide: true,
    applies: (codec) => applies(codec) && decodes(codec),
    run(trial) {
      const { t } = trial;
      const codec = trial.codec();
      const c = codec.encode(trial.rows(COUNT));
      const rows = decodedRows(codec, c);
      for (const metric of codec.supports.metrics)
        for (const query of [0, COUNT - 1]) {
          const scores = symmetricScores(codec, metric, c, query);
          const tolerance = rows.map((row) => scoreTolerance(metric, rows[query], row));
          const exact = rows.map((row) => exactScore(metric, rows[query], row));
          // Decoded vectors of a cosine codec are unit vectors up to its own error: it may take them as they stand.
          const standing = rows.map((row) => dot(rows[query], row));
          const cosine = codec.metric === "cosine" && metric === "cosine";
          const first = scores.findIndex((s, i) => !(Math.abs(s - standing[i]) <= tolerance[i]));
          const what = `${metric} scores of code ${query}, beside exact ones on decoded vectors`;
          t.near(scores, cosine && first < 0 ? standing : exact, tolerance, what);
        }
    },
  },

  "symmetric.mutual": {
    applies,
    run(trial) {
      const { t, random } = trial;
      const codec = trial.codec();
      const order = Array.from({ length: COUNT }, (_, i) => (i % 4 === 0 ? 4 : i)); // some equal codes
      const c = pickCodes(codec.encode(trial.rows(COUNT)), order);
      for (const metric of codec.supports.metrics) {
        const all = order.map((_, row) => symmetricScores(codec, metric, c, row));
        all.forEach((scores, row) => {
          t.same(
            scores,
            all.map((other) => other[row]),
            `${metric} scores of code ${row}, beside those with it`,
          );
        });
        for (const scores of all) t.equal(scores[0], scores[4], `${metric} scores of two equal codes`);
        const picked = Array.from({ length: 11 }, () => random.below(COUNT));
        const among = withQuery(codec, metric, sliceCodes(c, 7, 8), pickCodes(c, picked));
        const expected = picked.map((row) => all[7][row]);
        t.same(among, expected, `${metric} scores of codes ${picked} by themselves`);
      }
    },
  },

  "symmetric.views": {
    applies,
    run(trial) {
      const { t } = trial;
      const codec = trial.codec();
      const c = codec.encode(trial.rows(COUNT));
      const copy = copyCodes(c);
      const one = sliceCodes(copy, 3, 4);
      const forms: [string, (codes: Codes) => Codes][] = [
        ["unaligned", (codes) => unalignedCodes(codes, 1)],
        ["in memory of their own", copyCodes],
      ];
      if (typeof SharedArrayBuffer === "function") forms.push(["in shared memory", sharedCodes]);
      for (const metric of codec.supports.metrics) {
        const expected = withQuery(codec, metric, one, copy);
        for (const [name, form] of forms) {
          t.same(withQuery(codec, metric, form(one), form(c)), expected, `${metric} scores of codes ${name}`);
          const room = new Float32Array(COUNT + 4).fill(7);
          codec.symmetricScorer!(metric).scoreInto(one, form(c), room.subarray(2, COUNT + 2));
          t.same(room.subarray(2, COUNT + 2), expected, `${metric} scores into a view`);
          t.same(
            [...room.subarray(0, 2), ...room.subarray(COUNT + 2)],
            [7, 7, 7, 7],
            "floats beside the output",
          );
        }
        const scorer = codec.symmetricScorer!(metric);
        const scores = new Float32Array(COUNT);
        const query = copyCodes(sliceCodes(c, 5, 6));
        scorer.scoreInto(query, c, scores);
        query.bytes.set(one.bytes);
        query.planes?.forEach((plane, i) => {
          plane.bytes.set(one.planes![i].bytes);
        });
        scorer.scoreInto(query, c, scores);
        t.same(scores, expected, `${metric} scores after the query's bytes changed`);
      }
      t.same(flatBytes(c), flatBytes(copy), "codes after scoring");
    },
  },

  "symmetric.input": {
    applies,
    run(trial) {
      const { t } = trial;
      const codec = trial.codec();
      const c = codec.encode(trial.rows(6));
      const one = sliceCodes(c, 0, 1);
      for (const metric of METRICS)
        if (!codec.supports.metrics.includes(metric))
          t.throws(
            "UNSUPPORTED_METRIC",
            () => codec.symmetricScorer!(metric),
            `symmetricScorer("${metric}")`,
          );
      const stride = codec.stride + 1;
      const other = (count: number): Codes => ({ bytes: new Uint8Array(count * stride), stride, count });
      const cut = (codes: Codes): Codes => mapCodes(codes, codes.count, (p) => p.bytes.slice(1));
      for (const metric of codec.supports.metrics) {
        const scorer = codec.symmetricScorer!(metric);
        t.equal(scorer.metric, metric, `symmetricScorer("${metric}").metric`);
        scorer.scoreInto(one, sliceCodes(c, 0, 0), new Float32Array(0));
        const refuses = (
          code: "CODEC_MISMATCH" | "LENGTH_MISMATCH",
          query: Codes,
          of: Codes,
          room: number,
        ): void => {
          const out = new Float32Array(room).fill(7);
          t.throws(
            code,
            () => scorer.scoreInto(query, of, out),
            `${metric}: ${query.count} with ${of.count} codes, room ${room}`,
          );
          t.ok(
            out.every((x) => x === 7),
            "the output of a refused call is untouched",
          );
        };
        refuses("CODEC_MISMATCH", other(1), c, 6);
        refuses("CODEC_MISMATCH", one, other(6), 6);
        refuses("LENGTH_MISMATCH", cut(one), c, 6);
        refuses("LENGTH_MISMATCH", one, cut(c), 6);
        for (const count of [0, 2]) refuses("LENGTH_MISMATCH", sliceCodes(c, 0, count), c, 6);
        for (const room of [0, 5, 7]) refuses("LENGTH_MISMATCH", one, c, room);
      }
    },
  },

  "symmetric.total": {
    applies,
    run(trial) {
      const { t, dim, random } = trial;
      const codec = trial.codec();
      const rows = trial.rows(5);
      rows.data.fill(0, 0, dim);
      const c = codec.encode(rows);
      for (const metric of codec.supports.metrics)
        if (metric === "cosine")
          t.same(symmetricScores(codec, metric, c, 0), new Float32Array(5), "cosine of a zero row with each");
      for (const fill of [() => random.below(256), () => 0xff, () => 0, () => 0x7f]) {
        const garbage = mapCodes(c, 5, (p) => Uint8Array.from({ length: p.bytes.length }, fill));
        for (const metric of codec.supports.metrics)
          for (const query of [garbage, c]) {
            const score = (): Float32Array => withQuery(codec, metric, sliceCodes(query, 1, 2), garbage);
            const scores = t.total(score, `${metric} scores of garbage`);
            t.equal(
              scores?.findIndex(Number.isNaN) ?? -1,
              -1,
              `${metric} scores of garbage: index of the first NaN`,
            );
          }
      }
    },
  },
};

/** The tolerance of symmetric scores on another backend, by the vectors that were encoded. */
export function symmetricTolerance(trial: Trial, metric: Metric, row: number, count: number): number[] {
  const { data } = trial.rows(count);
  const rowAt = (i: number): Float32Array => data.subarray(i * trial.dim, (i + 1) * trial.dim);
  return Array.from({ length: count }, (_, i) => scoreTolerance(metric, rowAt(row), rowAt(i)));
}
