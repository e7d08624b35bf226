/**
 * Scores of float queries with the codes of turbo.ts, in integers: the query is rotated as the rows are and rounded to
 * 127 steps of its largest coordinate. All arithmetic is float32 unless said.
 *
 * A prepared query is dim + 3 floats: y, the rotated query times the power of two that takes the largest element of the
 * query into [1, 2); bias, the striped sum of q_j mean_j (0 without a mean); Q, under l2 the striped sum of q_j q_j, else
 * 0; unit, one over that power (0 for a query of zeros). With M = max|y_j|:
 *   i_j  = f32(y_j f32(127 / M)) rounded half to even; all 0 where M is 0
 *   step = f32(f32(M / 127) unit)
 * With D = sum of i_j level_j, an exact integer below 2^31, and s the row's scalar:
 *   product      f32(bias + f32(f32(f32(D) s) step))
 *   cosine, dot  product; 0 where s is 0
 *   l2           0 - max(0, f32(f32(Q + X) - f32(2 product))), X the row's |x|^2; 0 - Q where s is 0
 * A score that isn't a number (of codes that no encoder wrote, or beyond float32) is -Infinity.
 *
 * Rounding the query moves a product by at most step / 2 times the sum of |s level_j|, and like noise by
 * step / sqrt(12) times the decoded length: at 4 bits a thirteenth of the error of the codes.
 */
import { hadamard } from "./hadamard.ts";
import { scaleRow } from "./norms.ts";
import type { RowScorer } from "./scan.ts";
import { dot, squaredNorm } from "./stripes.ts";
import { type TurboLayout, turboRows } from "./turbo-layout.ts";

/** Floats that a prepared query has beyond its dim. */
export const TURBO_QUERY_EXTRA = 3;

/** Adding and taking away 1.5 * 2^52 rounds a float64 to an integer, half to even. */
const ROUND: number = 1.5 * 2 ** 52;

/** Prepares queries (of unit length under cosine): dim + 3 floats each into `out`. */
export function turboQueries(layout: TurboLayout, queries: Float32Array, out: Float32Array): void {
  const { metric, dim, signs, mean } = layout;
  const scaled = new Float32Array(dim);
  for (let from = 0, to = 0; from < queries.length; from += dim, to += dim + TURBO_QUERY_EXTRA) {
    const power = scaleRow(queries, from, dim, scaled);
    hadamard(scaled, dim, signs, false, out.subarray(to, to + dim));
    out[to + dim] = mean.length > 0 ? dot(queries, from, mean, 0, dim) : 0;
    out[to + dim + 1] = metric === "l2" ? squaredNorm(queries, from, dim) : 0;
    out[to + dim + 2] = power === 0 ? 0 : 1 / power;
  }
}

export function turboScorer(layout: TurboLayout, codes: Uint8Array): RowScorer {
  const { metric, dim } = layout;
  const rows = turboRows(layout, codes);
  const levels = new Int16Array(dim);
  const whole = wholeQueries(dim);
  let [scalar, squares] = [0, 0];
  return {
    count: rows.count,
    load(row) {
      scalar = rows.scalar(row);
      if (metric === "l2") squares = rows.squares(row);
      rows.levels(row, levels);
    },
    score(queries, at) {
      const [bias, own] = [queries[at + dim], queries[at + dim + 1]];
      if (scalar === 0) return metric === "l2" ? 0 - own : 0;
      const { integers, step } = whole(queries, at);
      let sum = 0;
      for (let j = 0; j < dim; j++) sum += integers[j] * levels[j];
      const product = Math.fround(bias + Math.fround(Math.fround(Math.fround(sum) * scalar) * step));
      if (metric !== "l2") return product;
      const both = Math.fround(own + squares);
      return 0 - Math.max(0, Math.fround(both - Math.fround(2 * product)));
    },
  };
}

interface WholeQuery {
  readonly integers: Int16Array;
  readonly step: number;
}

/** Queries in integers; each is made once, as long as all come from one array that stays as it is. */
function wholeQueries(dim: number): (queries: Float32Array, at: number) => WholeQuery {
  const known = new Map<number, WholeQuery>();
  return (queries, at) => {
    let query = known.get(at);
    if (!query) known.set(at, (query = wholeQuery(queries.subarray(at, at + dim + TURBO_QUERY_EXTRA), dim)));
    return query;
  };
}

function wholeQuery(query: Float32Array, dim: number): WholeQuery {
  let max = 0;
  for (let j = 0; j < dim; j++) max = Math.max(max, Math.abs(query[j]));
  const integers = new Int16Array(dim);
  if (max === 0) return { integers, step: 0 };
  const factor = Math.fround(127 / max);
  for (let j = 0; j < dim; j++) integers[j] = Math.fround(query[j] * factor) + ROUND - ROUND;
  return { integers, step: Math.fround(Math.fround(max / 127) * query[dim + 2]) };
}
