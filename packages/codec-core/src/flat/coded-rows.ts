/** Codes of a finer codec, kept beside those that are searched to score their hits again. */
import type { Codec, Scorer } from "../contract/codec.ts";
import type { Hits } from "../contract/hits.ts";
import { checkMetric, type Metric } from "../contract/metric.ts";
import type { Vectors } from "../contract/vectors.ts";
import { PithError } from "../errors.ts";
import type { KeptStore } from "./kept-store.ts";
import { RowStore } from "./row-store.ts";
import { TopK } from "./top-k.ts";

export class CodedRows {
  readonly codec: Codec;
  readonly metric: Metric;
  readonly rows: KeptStore;
  readonly #scorer: Scorer;

  /** @throws DIM_MISMATCH, UNSUPPORTED_METRIC where the codec isn't for the index's dim and metric */
  constructor(codec: Codec, dim: number, metric: Metric, rows?: KeptStore) {
    if (codec.dim !== dim)
      throw new PithError("DIM_MISMATCH", `keep: expected a codec of dim ${dim}, got ${codec.dim}`, {
        expected: dim,
        actual: codec.dim,
      });
    this.codec = codec;
    this.metric = metric;
    this.rows = rows ?? new RowStore(codec.stride);
    this.#scorer = codec.scorer(checkMetric(metric, codec.supports.metrics));
  }

  /** As this, over other rows. */
  over(rows: KeptStore): CodedRows {
    return new CodedRows(this.codec, this.codec.dim, this.metric, rows);
  }

  pack(v: Vectors): Uint8Array {
    return this.codec.encode(v).bytes;
  }

  get(slot: number): Float32Array {
    return this.codec.decode({ bytes: this.rows.row(slot), stride: this.rows.stride, count: 1 }).data;
  }

  /** Hits scored again, best first, cut to k. */
  rescore(query: Float32Array, hits: Hits, k: number): Hits {
    const scores = new Float32Array(hits.length);
    const codes = { bytes: this.rows.gather(hits.slots), stride: this.rows.stride, count: hits.length };
    this.#scorer.prepare(query).scoreInto(codes, scores);
    const best = new TopK(Math.min(k, hits.length));
    scores.forEach((score, i) => {
      best.push(hits.slots[i], score);
    });
    return best.hits();
  }
}
