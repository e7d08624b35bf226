/** Hits scored again with the original vectors, best first, cut to k. */
import type { Hits } from "../contract/hits.ts";
import type { Metric } from "../contract/metric.ts";
import { unitRows } from "../contract/scan-scorer.ts";
import { kernels } from "../kernels/backend.ts";
import type { FloatRows } from "../kernels/kernels.ts";
import { TopK } from "./top-k.ts";

/** `rows` are the originals of the hits, in their order. */
export function rescoreHits(
  metric: Metric,
  query: Float32Array,
  hits: Hits,
  rows: FloatRows,
  k: number,
): Hits {
  const scores = new Float32Array(hits.length);
  const q = metric === "cosine" ? unitRows(query, query.length) : query;
  if (hits.length > 0) kernels().floatScores(metric, q, rows, query.length, scores);
  const best = new TopK(Math.min(k, hits.length));
  scores.forEach((score, i) => {
    best.push(hits.slots[i], score);
  });
  return best.hits();
}
