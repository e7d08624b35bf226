/**
 * Scanning rows with a scorer: all scores of one query, or the k best rows of many. Rows are the outer loop, so that
 * what a row needs once (widening, its norm) is done once for all queries.
 */
import { TopK } from "../flat/top-k.ts";
import type { TopKOutput } from "./kernels.ts";

/** Scores rows that it can read one at a time. */
export interface RowScorer {
  readonly count: number;
  /** Makes `row` the current one. */
  load(row: number): void;
  /** Score of the current row with the query at queries[at]; may be NaN. */
  score(queries: Float32Array, at: number): number;
}

/** Score of every row with one query; a score that isn't a number becomes -Infinity. */
export function scanScores(rows: RowScorer, query: Float32Array, out: Float32Array): void {
  for (let row = 0; row < rows.count; row++) {
    rows.load(row);
    const score = rows.score(query, 0);
    out[row] = Number.isNaN(score) ? -Infinity : score;
  }
}

/** The k best allowed rows of each query. `k` is at most the number of allowed rows. */
export function scanTopK(
  rows: RowScorer,
  queries: Float32Array,
  dim: number,
  k: number,
  allow: Uint32Array | undefined,
  out: TopKOutput,
): void {
  const best = Array.from({ length: queries.length / dim }, () => new TopK(k));
  for (let row = 0; row < rows.count; row++) {
    if (allow && ((allow[row >>> 5] >>> (row & 31)) & 1) === 0) continue;
    rows.load(row);
    for (let i = 0; i < best.length; i++) best[i].push(row, rows.score(queries, i * dim));
  }
  best.forEach((heap, i) => {
    const hits = heap.hits();
    out.slots.set(hits.slots, i * k);
    out.scores.set(hits.scores, i * k);
  });
}
