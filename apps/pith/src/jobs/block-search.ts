/**
 * Top-k over rows that come in blocks: each block is searched by the kernels for all queries at once and its hits are
 * merged, so that a file of any size needs the memory of one block.
 */
import {
  Bitset,
  type Codes,
  checkFinite,
  type Hits,
  hitCount,
  kernels,
  type Metric,
  type Scorer,
  TopK,
  unitRows,
  type Vectors,
} from "@pith/codec-core";

/** Rows that may be hit, over all blocks; undefined: all. */
export type Allowed = ((row: number) => boolean) | undefined;

export class BlockSearch {
  readonly #best: TopK[];
  readonly #queries: Vectors;
  readonly #unit: Float32Array;
  readonly #metric: Metric;
  readonly #k: number;
  readonly #allowed: Allowed;
  #row = 0;

  constructor(queries: Vectors, metric: Metric, k: number, allowed?: Allowed) {
    checkFinite(queries.data, queries.dim);
    this.#queries = queries;
    this.#unit = metric === "cosine" ? unitRows(queries.data, queries.dim) : queries.data;
    this.#metric = metric;
    this.#k = k;
    this.#allowed = allowed;
    this.#best = Array.from({ length: queries.count }, () => new TopK(k));
  }

  /** Exact scores of the vectors themselves. */
  addVectors(block: Vectors): void {
    const allow = this.#allowOf(block.count);
    const k = hitCount(block.count, this.#k, allow);
    const out = {
      slots: new Uint32Array(k * this.#queries.count),
      scores: new Float32Array(k * this.#queries.count),
    };
    if (k > 0) kernels().floatTopK(this.#metric, this.#unit, block.data, block.dim, k, allow?.words, out);
    this.#merge(
      this.#best.map((_, q) => ({
        slots: out.slots.subarray(q * k, (q + 1) * k),
        scores: out.scores.subarray(q * k, (q + 1) * k),
        length: k,
      })),
      block.count,
    );
  }

  /** Scores of codes. */
  addCodes(scorer: Scorer, block: Codes): void {
    this.#merge(scorer.topKBatch(this.#queries, block, this.#k, this.#allowOf(block.count)), block.count);
  }

  /** Hits of each query so far, rows counted over all blocks. */
  hits(): Hits[] {
    return this.#best.map((best) => best.hits());
  }

  #merge(hits: readonly Hits[], rows: number): void {
    hits.forEach(({ slots, scores, length }, q) => {
      for (let i = 0; i < length; i++) this.#best[q].push(this.#row + slots[i], scores[i]);
    });
    this.#row += rows;
  }

  #allowOf(count: number): Bitset | undefined {
    if (!this.#allowed) return undefined;
    const allow = new Bitset(count);
    for (let i = 0; i < count; i++) if (this.#allowed(this.#row + i)) allow.add(i);
    return allow;
  }
}
