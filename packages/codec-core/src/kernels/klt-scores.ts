/**
 * Scores of float queries with the codes of klt.ts, in integers: the query is projected on the basis and rounded to 16,256
 * steps of its largest term. All arithmetic is float32 unless said. Codes whose components lie within nibbles are scored by
 * tables instead: klt-nibbles.ts.
 *
 * A prepared query is R + 3 floats: p_r = f32(s_r back_r) with s_r the sum over j, in order, of f32(f32(q_j power) q_rj),
 * power the power of two that takes the largest element of the query into [1, 2); bias, the striped sum of q_j mean_j; Q,
 * under l2 the striped sum of q_j q_j, else 0; unit, one over that power (0 for a query of zeros). With M = max|p_r|:
 *   w_r  = f32(p_r f32(16256 / M)) rounded half to even, kept within +-16256; all 0 where M is 0 or w_r isn't a number
 *   high_r = floor((w_r + 64) / 128), from -127 to 127;  low_r = w_r - 128 high_r, from -64 to 63
 *   step = f32(f32(M / 16256) unit); 0 where M is 0
 * With H = sum of high_r level_r and L = sum of low_r level_r, exact integers below 2^31, and t the row's scalar:
 *   product      f32(t f32(bias + f32(f32(f32(f32(H) 128) + f32(L)) step)))
 *   cosine, dot  product; 0 where t is 0
 *   l2           0 - max(0, f32(f32(Q + X) - f32(2 product))), X the row's |x|^2; 0 - Q where t is 0
 * A score that isn't a number (of codes that no encoder wrote, or beyond float32) is -Infinity.
 *
 * Why 16,256 steps and not 127, as for codes after a rotation: here a few components hold most of a product, and a hundredth
 * of the largest of them is more than many others are in all.
 */

import { kltProject } from "./klt.ts";
import { type KltLayout, kltRows } from "./klt-layout.ts";
import { isNibbled, nibbleScorer } from "./klt-nibbles.ts";
import { scaleRow } from "./norms.ts";
import type { RowScorer } from "./scan.ts";
import { dot, squaredNorm } from "./stripes.ts";

/** Floats that a prepared query has beyond one for each component. */
export const KLT_QUERY_EXTRA = 3;

/** Steps of the largest term of a query: 127 times 128, so that it splits into two signed bytes. */
const STEPS = 16_256;
/** Adding and taking away 1.5 * 2^52 rounds a float64 to an integer, half to even. */
const ROUND: number = 1.5 * 2 ** 52;

/** Prepares queries (of unit length under cosine): R + 3 floats each into `out`. */
export function kltQueries(layout: KltLayout, queries: Float32Array, out: Float32Array): void {
  const { metric, dim, mean, back } = layout;
  const components = back.length;
  const scaled = new Float32Array(dim);
  for (let from = 0, to = 0; from < queries.length; from += dim, to += components + KLT_QUERY_EXTRA) {
    const power = scaleRow(queries, from, dim, scaled);
    const p = out.subarray(to, to + components);
    kltProject(layout, scaled, p);
    for (let r = 0; r < components; r++) p[r] *= back[r];
    out[to + components] = dot(queries, from, mean, 0, dim);
    out[to + components + 1] = metric === "l2" ? squaredNorm(queries, from, dim) : 0;
    out[to + components + 2] = power === 0 ? 0 : 1 / power;
  }
}

export function kltScorer(layout: KltLayout, codes: Uint8Array): RowScorer {
  const { metric, back, bits, trellis } = layout;
  if (isNibbled(trellis !== false, bits)) return nibbleScorer(layout, codes);
  const components = back.length;
  const rows = kltRows(layout, codes);
  const levels = new Int16Array(components);
  const known = new Map<number, WholeQuery>();
  let [scalar, squares] = [0, 0];
  return {
    count: rows.count,
    load(row) {
      scalar = rows.scalar(row);
      if (metric === "l2") squares = rows.squares(row);
      rows.levels(row, levels);
    },
    score(queries, at) {
      const [bias, own] = [queries[at + components], queries[at + components + 1]];
      if (scalar === 0) return metric === "l2" ? 0 - own : 0;
      // Each is made once, as long as all come from one array that stays as it is.
      let query = known.get(at);
      if (!query) known.set(at, (query = wholeQuery(queries.subarray(at), components)));
      const { high, low, step } = query;
      let [h, l] = [0, 0];
      for (let r = 0; r < components; r++) {
        h += high[r] * levels[r];
        l += low[r] * levels[r];
      }
      const sum = Math.fround(Math.fround(Math.fround(h) * 128) + Math.fround(l));
      const product = Math.fround(scalar * Math.fround(bias + Math.fround(sum * step)));
      if (metric !== "l2") return product;
      const both = Math.fround(own + squares);
      return 0 - Math.max(0, Math.fround(both - Math.fround(2 * product)));
    },
  };
}

/** A query in integers, two signed bytes each. */
interface WholeQuery {
  readonly high: Int8Array;
  readonly low: Int8Array;
  readonly step: number;
}

function wholeQuery(query: Float32Array, components: number): WholeQuery {
  const [high, low] = [new Int8Array(components), new Int8Array(components)];
  let max = 0;
  for (let r = 0; r < components; r++) max = Math.max(max, Math.abs(query[r]));
  if (max === 0) return { high, low, step: 0 };
  const factor = Math.fround(STEPS / max);
  for (let r = 0; r < components; r++) {
    const w = Math.min(Math.max(Math.fround(query[r] * factor) + ROUND - ROUND, -STEPS), STEPS);
    high[r] = (w + 64) >> 7; // of NaN 0
    low[r] = w - 128 * high[r];
  }
  return { high, low, step: Math.fround(Math.fround(max / STEPS) * query[components + 2]) };
}
