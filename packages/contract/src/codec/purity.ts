/** Encoding, decoding and scoring are functions of their arguments: nothing is kept, nothing but the result changes. */
import { type Codec, type Codes, sliceCodes } from "@pith/codec-core";
import { copyCodes, flatBytes, pickCodes } from "./code-bytes.ts";
import { sameState, throughFile } from "./states.ts";
import { decodes, type LawChecks, type Trial } from "./trial.ts";

const COUNT = 35;

/** All that can be read out of codes with one query, in one list. */
function readings(trial: Trial, codec: Codec, c: Codes, query: Float32Array): Float32Array[] {
  const scores = codec.supports.metrics.map((metric) => trial.scores(codec, metric, query, c));
  return decodes(codec) ? [codec.decode(c).data, ...scores] : scores;
}

export const purityLaws: LawChecks<
  | "encode.pure"
  | "encode.unretained"
  | "encode.concat"
  | "encode.into"
  | "decode.pure"
  | "decode.slices"
  | "decode.into"
> = {
  "encode.pure": {
    run(trial) {
      const { t } = trial;
      const codec = trial.codec();
      const state = throughFile(codec.state());
      const rows = trial.rows(COUNT);
      const first = flatBytes(codec.encode(rows));
      codec.encode(trial.rows(9, 60));
      t.same(flatBytes(codec.encode(rows)), first, "the same rows encoded again");
      t.same(rows.data, trial.rows(COUNT).data, "the input after encoding");
      sameState(t, codec.state(), state, "the codec's state after encoding");
    },
  },

  "encode.unretained": {
    run(trial) {
      const { t } = trial;
      const codec = trial.codec();
      const query = trial.query();
      const rows = trial.rows(COUNT);
      const made = codec.encode(rows);
      const copy = copyCodes(made);
      const expected = readings(trial, codec, copy, query);
      rows.data.fill(1);
      const later = codec.encode(trial.rows(COUNT, 50));
      t.same(flatBytes(made), flatBytes(copy), "codes after their input changed and more was encoded");
      readings(trial, codec, made, query).forEach((now, i) => {
        t.same(now, expected[i], "what codes say after their input changed");
      });
      made.bytes.fill(0);
      const fresh = flatBytes(trial.codec().encode(trial.rows(COUNT, 50)));
      t.same(flatBytes(later), fresh, "later codes after earlier ones were overwritten");
      t.same(flatBytes(codec.encode(trial.rows(COUNT))), flatBytes(copy), "the rows encoded again");
    },
  },

  "encode.concat": {
    wide: true,
    run(trial) {
      const { t, dim, random } = trial;
      const codec = trial.codec();
      const rows = trial.rows(COUNT);
      const whole = codec.encode(rows);
      const cuts = [0, 1, COUNT - 1, random.below(COUNT), random.below(COUNT)];
      const parts: [number, number][] = Array.from({ length: COUNT }, (_, i) => [i, i + 1]);
      for (const cut of cuts) parts.push([0, cut], [cut, COUNT]);
      for (const [from, to] of parts) {
        const part = { data: rows.data.slice(from * dim, to * dim), dim, count: to - from };
        const expected = sliceCodes(whole, from, to);
        t.same(
          flatBytes(codec.encode(part)),
          flatBytes(expected),
          `rows ${from} to ${to} of ${COUNT} by themselves`,
        );
      }
    },
  },

  "encode.into": {
    run(trial) {
      const codec = trial.codec();
      for (const count of [0, 1, COUNT]) {
        const rows = trial.rows(count);
        const out = new Uint8Array(count * codec.stride).fill(0xa5); // an encoder must not rely on zeros
        codec.encodeInto(rows, out);
        trial.t.same(out, flatBytes(codec.encode(rows)), `${count} rows by encodeInto`);
        trial.t.same(rows.data, trial.rows(count).data, "the input after encodeInto");
      }
    },
  },

  "decode.pure": {
    run(trial) {
      const { t } = trial;
      const codec = trial.codec();
      const c = codec.encode(trial.rows(COUNT));
      const copy = copyCodes(c);
      const query = trial.query();
      const prepared = codec.supports.metrics.map((metric) => codec.scorer(metric).prepare(query));
      const expected = readings(trial, codec, c, query);
      for (const p of prepared) p.topK(c, 5);
      codec.errorBound?.(c);
      codec.verifyCodes?.(c);
      codec.resident?.(c);
      t.same(flatBytes(c), flatBytes(copy), "codes after reading them");
      t.same(query, trial.query(), "the query after scoring");
      if (decodes(codec)) codec.decode(c).data.fill(0);
      const again = readings(trial, codec, c, query);
      for (const [i, reading] of expected.entries())
        t.same(again[i], reading, "what codes say a second time");
      query.fill(0);
      const scores = new Float32Array(COUNT);
      prepared.forEach((p, i) => {
        p.scoreInto(c, scores);
        t.same(
          scores,
          expected[i + (decodes(codec) ? 1 : 0)],
          "scores of a prepared query that changed since",
        );
      });
      const other = codec.encode(trial.rows(COUNT, 50));
      c.bytes.set(other.bytes);
      c.planes?.forEach((p, i) => {
        p.bytes.set(other.planes![i].bytes);
      });
      const wanted = readings(trial, codec, copyCodes(other), trial.query());
      readings(trial, codec, c, trial.query()).forEach((reading, i) => {
        t.same(reading, wanted[i], "what codes say after their bytes changed");
      });
    },
  },

  "decode.slices": {
    run(trial) {
      const { t, dim, random } = trial;
      const codec = trial.codec();
      const c = codec.encode(trial.rows(COUNT));
      const query = trial.query();
      const whole = readings(trial, codec, c, query);
      const widths = whole.map((reading) => reading.length / COUNT);
      t.equal(widths[0], decodes(codec) ? dim : 1, "numbers for each row");
      const picks = [[0], [COUNT - 1], [3, 1, 2], Array.from({ length: 20 }, () => random.below(COUNT))];
      for (const rows of picks)
        readings(trial, codec, pickCodes(c, rows), query).forEach((reading, r) => {
          const width = widths[r];
          const expected = rows.flatMap((row) => [...whole[r].subarray(row * width, (row + 1) * width)]);
          t.same(reading, expected, `codes of rows ${rows} by themselves`);
        });
    },
  },

  "decode.into": {
    applies: decodes,
    run(trial) {
      const codec = trial.codec();
      for (const count of [0, 1, COUNT]) {
        const c = codec.encode(trial.rows(count));
        const out = new Float32Array(count * trial.dim).fill(7);
        codec.decodeInto(c, out);
        trial.t.same(out, codec.decode(c).data, `${count} codes by decodeInto`);
      }
    },
  },
};
