/**
 * Exact scores of float32 queries against rows of float32 (float16 rows are widened before), the rule of
 * src/kernels/float-scan.ts. Two rows at a time: their eight chains of adds hide each other's latency.
 */
import { scaledNorm } from "./norms";
import { dots, squaredDistances, sum0, sum1 } from "./stripes";
import { heapBytes, push, threshold } from "./top-k";

/** Metrics by the numbers of src/kernels/simd128. */
export const COSINE: i32 = 0;
export const L2: i32 = 2;

/** Rows that stay in the first cache while all queries pass. */
const TILE_BYTES: i32 = 16 << 10;

let score0: f32 = 0;
let score1: f32 = 0;

/** Norm of each row for cosine; tiny and huge rows are scaled in place. */
export function floatNorms(rows: usize, dim: i32, count: i32, norms: usize): void {
  for (let row = 0; row < count; row++) {
    store<f32>(norms, scaledNorm(rows, dim));
    rows += (<usize>dim) << 2;
    norms += 4;
  }
}

/** Score of each of `count` rows; `norms` is read under cosine. */
export function floatScores(
  metric: i32,
  query: usize,
  rows: usize,
  norms: usize,
  dim: i32,
  count: i32,
  out: usize,
): void {
  for (let row = 0; row < count; row += 2) {
    scorePair(metric, query, rows, norms, dim, row, row + 1 < count ? row + 1 : row);
    store<f32>(out + ((<usize>row) << 2), ranked(score0), 0);
    if (row + 1 < count) store<f32>(out + ((<usize>row) << 2), ranked(score1), 4);
  }
}

/** Offers `count` rows, whose numbers are in `slots`, to the heaps of all queries. */
export function floatTopK(
  metric: i32,
  queries: usize,
  queryCount: i32,
  heaps: usize,
  k: i32,
  rows: usize,
  norms: usize,
  slots: usize,
  dim: i32,
  count: i32,
): void {
  const queryBytes = (<usize>((dim + 15) & ~15)) << 2;
  const tile = max<i32>(TILE_BYTES / (dim << 2), 2) & ~1;
  for (let from = 0; from < count; from += tile) {
    const to = min<i32>(from + tile, count);
    let query = queries;
    let heap = heaps;
    for (let i = 0; i < queryCount; i++) {
      let least = threshold(heap, k);
      for (let row = from; row < to; row += 2) {
        scorePair(metric, query, rows, norms, dim, row, row + 1 < to ? row + 1 : row);
        if (!(score0 < least) && push(heap, k, load<u32>(slots + ((<usize>row) << 2)), score0))
          least = threshold(heap, k);
        if (
          row + 1 < to &&
          !(score1 < least) &&
          push(heap, k, load<u32>(slots + ((<usize>row) << 2), 4), score1)
        )
          least = threshold(heap, k);
      }
      query += queryBytes;
      heap += heapBytes(k);
    }
  }
}

function scorePair(metric: i32, query: usize, rows: usize, norms: usize, dim: i32, i: i32, j: i32): void {
  const a = rows + ((<usize>i * <usize>dim) << 2);
  const b = rows + ((<usize>j * <usize>dim) << 2);
  if (metric === L2) {
    squaredDistances(query, a, b, dim);
    score0 = 0 - sum0;
    score1 = 0 - sum1;
    return;
  }
  dots(query, a, b, dim);
  if (metric === COSINE) {
    score0 = sum0 / load<f32>(norms + ((<usize>i) << 2));
    score1 = sum1 / load<f32>(norms + ((<usize>j) << 2));
  } else {
    score0 = sum0;
    score1 = sum1;
  }
}

/** What isn't a number is the worst. */
export function ranked(score: f32): f32 {
  return score >= -Infinity ? score : -Infinity;
}
