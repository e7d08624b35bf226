/**
 * How far a score by an 8-bit query can be from the score of the float query: what lets the search skip rows. The
 * proof stands in native/kernels/src/int8/bound.rs; here all is float64.
 *
 * A query p becomes integers: step = max|p| / 127, i_j = p_j / step rounded, e = p - step i. For a row of codes c
 * with scale s, n = |s| |c|, and rounding = (dim / 16 + 40) 2^-23, a row's score can reach a threshold only if
 *
 *   dot, cosine  s step i.c + n (|e| + rounding |p|) >= threshold
 *   l2           2 s step i.c + 2 n |e| - n^2 (1 - 2 rounding) - |p|^2 (1 - 2 rounding) >= threshold
 *
 * Divided by step (l2: by 2 step) both read  s i.c + n b - m u >= t,  with m = n^2 (1/2 - rounding) of the row and
 *
 *   dot, cosine  t = threshold / step                                          b = (|e| + rounding |p|) / step   u = 0
 *   l2           t = (threshold + |p|^2 (1 - 2 rounding)) / (2 step)           b = |e| / step                    u = 1 / step
 *
 * float64 holds every one of these for any float32 inputs, without overflow, and its own roundings vanish beside
 * SLACK. Overflow in the middle of a float32 sum could make a score infinite or NaN that is finite in real numbers:
 * a query that large gets b = Infinity, so that no row is skipped.
 */
import type { Metric } from "../../contract/metric.ts";

/** More than any rounding of the constants and of the test itself, relative. */
const SLACK: number = 2 ** -20;
const LARGEST: number = (2 - 2 ** -23) * 2 ** 127;
/** Adding and taking away 1.5 * 2^52 rounds a float64 to an integer, half to even. */
const ROUND: number = 1.5 * 2 ** 52;

export interface QueryBound {
  readonly b: number;
  readonly u: number;
  /** t = (threshold + offset) / divisor */
  readonly divisor: number;
  readonly offset: number;
}

/**
 * Rounds `query` to integers of at most 127. Each eight of them go together, the next eight `stride` places further in
 * `codes`.
 */
export function int8Bound(
  metric: Metric,
  query: Float32Array,
  codes: Int16Array,
  stride: number,
): QueryBound {
  const dim = query.length;
  let max = 0;
  for (let j = 0; j < dim; j++) max = Math.max(max, Math.abs(query[j]));
  const step = max > 0 ? max / 127 : 1;
  const inverse = 1 / step;
  let squared = 0;
  let lost = 0;
  for (let j = 0; j < dim; j++) {
    const code = query[j] * inverse + ROUND - ROUND;
    const e = query[j] - step * code;
    codes[(j >>> 3) * stride + (j & 7)] = code;
    squared += query[j] * query[j];
    lost += e * e;
  }
  const rounding = (dim / 16 + 40) / 2 ** 23;
  const bounded = max * 128 * dim < LARGEST / 4;
  const error = bounded ? Math.sqrt(lost) * (1 + SLACK) : Infinity;
  if (metric === "l2") {
    const offset = squared * (1 - 2 * rounding);
    return { b: (error / step) * (1 + SLACK), u: 1 / step, divisor: 2 * step, offset };
  }
  const b = ((error + rounding * Math.sqrt(squared)) / step) * (1 + SLACK);
  return { b, u: 0, divisor: step, offset: 0 };
}
