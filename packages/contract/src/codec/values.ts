/** Rows at the edges of float32 and of geometry. */
import type { Vectors } from "@pith/codec-core";
import { mapCodes } from "./code-bytes.ts";
import { distance, norm, unit } from "./exact.ts";
import { decodes, type LawChecks, sortedHits, type Trial } from "./trial.ts";

/** The largest float32. */
const LARGEST = (2 - 2 ** -23) * 2 ** 127;

/** Rows that every codec has to take. */
function edgeRows(trial: Trial): Vectors {
  const { dim } = trial;
  const gaussian = trial.rows(3).data;
  const scaled = (by: number): Float32Array => gaussian.slice(0, dim).map((x) => x * by);
  const oneHot = (at: number, x: number): Float32Array => new Float32Array(dim).fill(x, at, at + 1);
  const rows = [
    new Float32Array(dim),
    new Float32Array(dim).fill(-0),
    scaled(1e-30),
    scaled(1e-40),
    scaled(1),
    scaled(1),
    new Float32Array(dim).fill(0.5),
    new Float32Array(dim).fill(-1e-3),
    oneHot(0, 1),
    oneHot(dim - 1, -3),
    scaled(1000),
  ];
  return join(rows, dim);
}

/** Rows that a codec of limited range may refuse, with a typed error. */
function hugeRows(trial: Trial): Vectors {
  const { dim } = trial;
  const gaussian = trial.rows(1).data.map((x) => x * 1e30);
  const first = (x: number): Float32Array => new Float32Array(dim).fill(x, 0, 1);
  return join(
    [gaussian, new Float32Array(dim).fill(1e30), first(3e38), first(-LARGEST), first(LARGEST)],
    dim,
  );
}

function join(rows: readonly Float32Array[], dim: number): Vectors {
  const data = new Float32Array(rows.length * dim);
  rows.forEach((row, i) => {
    data.set(row, i * dim);
  });
  return { data, dim, count: rows.length };
}

export const valueLaws: LawChecks<
  "values.extremes" | "values.zero" | "error.bound" | "codes.verify" | "codes.garbage"
> = {
  "values.extremes": {
    run(trial) {
      const { t, dim } = trial;
      const codec = trial.codec();
      const edges = edgeRows(trial);
      const huge = hugeRows(trial);
      const both = join([...split(edges), ...split(huge)], dim);
      const input = t.total(() => codec.encode(huge), "encode of huge rows") ? both : edges;
      const c = codec.encode(input);
      if (decodes(codec)) {
        const at = codec.decode(c).data.findIndex((x) => !Number.isFinite(x));
        t.equal(at, -1, "index of the first decoded float that isn't finite");
      }
      const queries = [...split(input), trial.query()];
      for (const metric of codec.supports.metrics)
        queries.forEach((query, i) => {
          const what = `${metric} scores of edge rows, query ${i}`;
          const scores = trial.scores(codec, metric, query, c);
          t.equal(scores.findIndex(Number.isNaN), -1, `${what}: index of the first NaN`);
          const hits = codec.scorer(metric).prepare(query).topK(c, 4);
          trial.sameHits(hits, sortedHits(scores, 4), what);
        });
    },
  },

  "values.zero": {
    applies: (codec) => codec.supports.metrics.includes("cosine"),
    run(trial) {
      const { t, dim } = trial;
      const codec = trial.codec();
      const rows = trial.rows(5);
      rows.data.fill(0, dim, 3 * dim); // rows 1 and 2
      const c = codec.encode(rows);
      const scores = trial.scores(codec, "cosine", trial.query(), c);
      t.same(scores.subarray(1, 3), [0, 0], "cosine of zero rows");
      const zero = new Float32Array(dim);
      t.same(trial.scores(codec, "cosine", zero, c), new Float32Array(5), "cosine of a zero query");
      const hits = codec.scorer("cosine").prepare(zero).topK(c, 3);
      t.same(hits.slots, [0, 1, 2], "hits of a zero query, all equal");
    },
  },

  "error.bound": {
    wide: true,
    applies: (codec) => codec.errorBound !== undefined && decodes(codec),
    run(trial) {
      const { t, dim } = trial;
      const codec = trial.codec();
      const rows = split(trial.rows(60)).map((row, i) =>
        row.map((x) => x * [1, 1e-3, 1e3, 2 ** -100, 2 ** 60][i % 5]),
      );
      const input = join([...rows, ...split(edgeRows(trial))], dim);
      const c = codec.encode(input);
      const bounds = codec.errorBound!(c);
      t.equal(bounds.length, input.count, "number of bounds");
      const decoded = split(codec.decode(c));
      split(input).forEach((row, i) => {
        const target = codec.metric === "cosine" ? unit(row) : row;
        const error = distance(decoded[i], target);
        const rounding = 1e-6 * norm(target); // of the arithmetic in float32, as between backends
        if (!(error <= bounds[i] + rounding))
          t.fail(`row ${i} decodes to a vector ${error} away, stated bound ${bounds[i]}`, bounds[i], error);
      });
    },
  },

  "codes.verify": {
    applies: (codec) => codec.verifyCodes !== undefined,
    run(trial) {
      const codec = trial.codec();
      codec.verifyCodes!(codec.encode(trial.rows(40)));
      codec.verifyCodes!(codec.encode(edgeRows(trial)));
      codec.verifyCodes!(codec.encode(trial.rows(0)));
    },
  },

  "codes.garbage": {
    run(trial) {
      const { t, dim, random } = trial;
      const codec = trial.codec();
      const shape = codec.encode(trial.rows(24));
      for (const fill of [() => random.below(256), () => 0xff, () => 0, () => 0x7f]) {
        const c = mapCodes(shape, 24, (p) => Uint8Array.from({ length: p.bytes.length }, fill));
        t.total(() => codec.verifyCodes?.(c), "verifyCodes of garbage");
        t.total(() => codec.errorBound?.(c), "errorBound of garbage");
        if (decodes(codec)) {
          const decoded = t.total(() => codec.decode(c), "decode of garbage");
          t.equal(decoded?.data.length ?? 24 * dim, 24 * dim, "floats decoded from garbage");
        }
        for (const metric of codec.supports.metrics) {
          const prepared = codec.scorer(metric).prepare(trial.query());
          const scores = new Float32Array(24);
          const scored = t.total(() => [prepared.scoreInto(c, scores)], "scoreInto of garbage");
          const hits = t.total(() => prepared.topK(c, 7), "topK of garbage");
          if (scored && hits) trial.sameHits(hits, sortedHits(scores, 7), `${metric} hits among garbage`);
        }
      }
    },
  },
};

function split(v: Vectors): Float32Array[] {
  return Array.from({ length: v.count }, (_, i) => v.data.subarray(i * v.dim, (i + 1) * v.dim));
}
