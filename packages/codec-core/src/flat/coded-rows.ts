/** Codes of a finer codec, kept beside those that are searched to score their hits again. */
import type { Codec, Scorer } from "../contract/codec.ts";
import type { Hits } from "../contract/hits.ts";
import { checkMetric, type Metric } from "../contract/metric.ts";
import type { NamedRows } from "../contract/near.ts";
import type { Vectors } from "../contract/vectors.ts";
import { PithError } from "../errors.ts";
import type { KeptStore } from "./kept-store.ts";
import { eachBest } from "./rescore.ts";
import { RowStore } from "./row-store.ts";

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

  /** The k best of the rows that each query names, scored again, best first. */
  rescore(queries: Vectors, named: NamedRows, k: number): Hits[] {
    const { whole, stride, count } = this.rows;
    const hits = whole && this.#scorer.topKAmong?.(queries, { bytes: whole, stride, count }, named, k);
    return (
      hits ??
      eachBest(queries, named, k, (query, slots, scores) => {
        const codes = { bytes: this.rows.gather(slots), stride, count: slots.length };
        this.#scorer.prepare(query).scoreInto(codes, scores);
      })
    );
  }
}
