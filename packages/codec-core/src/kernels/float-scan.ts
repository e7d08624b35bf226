/**
 * Exact scores of float32 queries against rows of float32 or float16, in the pinned order of stripes.ts.
 *
 *   dot     sum of q_j v_j
 *   l2      0 - sum of (q_j - v_j)^2
 *   cosine  dot / |v| for a query of unit length; 0 for a zero row
 *
 * Under cosine a row whose sum of squares leaves [2^-100, 2^100] is first scaled by a power of two (norms.ts), both
 * for the product and for the norm, so that tiny and huge rows score as their directions.
 */
import type { Metric } from "../contract/metric.ts";
import { fromFloat16 } from "./float16.ts";
import type { FloatRows } from "./kernels.ts";
import { inRange, scaleRow } from "./norms.ts";
import type { RowScorer } from "./scan.ts";
import { dot, squaredDistance, squaredNorm } from "./stripes.ts";

export function floatScorer(metric: Metric, rows: FloatRows, dim: number): RowScorer {
  const scratch = new Float32Array(dim);
  let data: Float32Array = scratch;
  let start = 0;
  let norm = 1;

  const load = (row: number): void => {
    start = 0;
    data = scratch;
    if (rows instanceof Uint16Array) fromFloat16(rows.subarray(row * dim, (row + 1) * dim), scratch);
    else {
      data = rows;
      start = row * dim;
    }
    if (metric !== "cosine") return;
    let sum = squaredNorm(data, start, dim);
    if (!inRange(sum)) {
      scaleRow(data, start, dim, scratch);
      data = scratch;
      start = 0;
      sum = squaredNorm(data, start, dim);
    }
    // A zero row has products of zero: any norm but zero makes its score 0.
    norm = sum === 0 ? 1 : Math.fround(Math.sqrt(sum));
  };

  const score = (queries: Float32Array, at: number): number => {
    if (metric === "l2") return 0 - squaredDistance(queries, at, data, start, dim);
    const product = dot(queries, at, data, start, dim);
    return metric === "cosine" ? Math.fround(product / norm) : product;
  };
  return { count: rows.length / dim, load, score };
}
