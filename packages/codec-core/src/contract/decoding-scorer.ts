/**
 * A Scorer for any codec that decodes: blocks of codes are decoded and scored as floats. The simplest scorer that
 * keeps the contract, and the one to measure a faster scorer against; its speed is that of decoding.
 */
import { TopK } from "../flat/top-k.ts";
import { kernels } from "../kernels/backend.ts";
import type { Codec, Scorer } from "./codec.ts";
import { type Codes, sliceCodes } from "./codes.ts";
import { checkMetric, type Metric } from "./metric.ts";
import { scanScorer } from "./scan-scorer.ts";

/** Floats of a decoded block: 256 KiB, which stays in the second-level cache. */
const BLOCK_FLOATS = 65_536;

export type DecodingCodec = Pick<Codec, "name" | "dim" | "stride" | "supports" | "decodeInto">;

/**
 * Scores of `decode(code)`: cosine and dot as they are, l2 as minus the squared distance. A decoded vector's length
 * doesn't matter under cosine; a zero vector scores 0.
 * @throws UNSUPPORTED_METRIC
 */
export function decodingScorer(codec: DecodingCodec, metric: Metric): Scorer {
  checkMetric(metric, codec.supports.metrics);
  const { dim } = codec;
  const blockRows = Math.max(1, Math.floor(BLOCK_FLOATS / dim));

  /** Decodes block after block into the same memory. */
  function* blocks(c: Codes): Generator<{ start: number; rows: Float32Array; count: number }> {
    const memory = new Float32Array(Math.min(blockRows, c.count) * dim);
    for (let start = 0; start < c.count; start += blockRows) {
      const part = sliceCodes(c, start, Math.min(start + blockRows, c.count));
      const rows = memory.subarray(0, part.count * dim);
      codec.decodeInto(part, rows);
      yield { start, rows, count: part.count };
    }
  }

  return scanScorer(codec, metric, {
    scores(query, c, out) {
      for (const { start, rows, count } of blocks(c))
        kernels().floatScores(metric, query, rows, dim, out.subarray(start, start + count));
    },
    topK(queries, c, k, allow, out) {
      const best = Array.from({ length: queries.length / dim }, () => new TopK(k));
      const scores = new Float32Array(Math.min(blockRows, c.count));
      for (const { start, rows, count } of blocks(c))
        best.forEach((heap, q) => {
          const query = queries.subarray(q * dim, (q + 1) * dim);
          kernels().floatScores(metric, query, rows, dim, scores.subarray(0, count));
          for (let i = 0; i < count; i++) if (!allow || allow.has(start + i)) heap.push(start + i, scores[i]);
        });
      best.forEach((heap, q) => {
        const hits = heap.hits();
        out.slots.set(hits.slots, q * k);
        out.scores.set(hits.scores, q * k);
      });
    },
  });
}
