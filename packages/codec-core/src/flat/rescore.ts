/** Rows that a search found scored again, with what is kept of them. */
import type { Hits } from "../contract/hits.ts";
import type { Metric } from "../contract/metric.ts";
import { type NamedRows, rowsOf } from "../contract/near.ts";
import { unitRows } from "../contract/scan-scorer.ts";
import { sliceVectors, type Vectors } from "../contract/vectors.ts";
import { kernels } from "../kernels/backend.ts";
import type { FloatRows } from "../kernels/kernels.ts";
import { TopK } from "./top-k.ts";

/** The k best of the rows that each query names, best first, by what `score` gives for some rows. */
export function eachBest(
  queries: Vectors,
  named: NamedRows,
  k: number,
  score: (query: Float32Array, slots: Uint32Array, scores: Float32Array) => void,
): Hits[] {
  return Array.from({ length: queries.count }, (_, q) => {
    const slots = rowsOf(named, q);
    const scores = new Float32Array(slots.length);
    if (slots.length > 0) score(sliceVectors(queries, q, q + 1).data, slots, scores);
    const best = new TopK(Math.min(k, slots.length));
    for (let i = 0; i < slots.length; i++) best.push(slots[i], scores[i]);
    return best.hits();
  });
}

/** Hits scored again with the original vectors, best first, cut to k. `rows` are the originals of the hits, in their order. */
export function rescoreHits(
  metric: Metric,
  query: Float32Array,
  hits: Hits,
  rows: FloatRows,
  k: number,
): Hits {
  const dim = query.length;
  const q = metric === "cosine" ? unitRows(query, dim) : query;
  const named = { slots: hits.slots, width: hits.length };
  return eachBest({ data: q, dim, count: 1 }, named, k, (own, _slots, scores) =>
    kernels().floatScores(metric, own, rows, dim, scores),
  )[0];
}
