/**
 * Heaps of the searches in WebAssembly memory (wasm/top-k.ts), one a query, and how many queries go into a pass over
 * the rows.
 */
import { TopK } from "../../flat/top-k.ts";
import type { TopKOutput } from "../kernels.ts";
import type { Wasm } from "./instance.ts";
import type { Memory } from "./memory.ts";

/** A search for more hits ranks the scores of all rows in TypeScript: the memory doesn't grow. */
export const MOST_HITS = 8192;

/** For queries and heaps; four queries of 65,536 dims with the most hits fit. */
const PASS_BYTES: number = 3 << 20;

/** Queries in a pass: a multiple of four. */
export function queriesPerPass(dim: number, k: number): number {
  const bytes = 6 * (dim + 15) + 8 * (k + 1) + 40;
  return Math.max(4, Math.floor(PASS_BYTES / bytes) & ~3);
}

export class Heaps {
  readonly #words: Uint32Array;
  readonly #floats: Float32Array;
  readonly #k: number;

  constructor(memory: Memory, count: number, k: number) {
    this.#words = memory.uint32(count * (2 + 2 * k)).fill(0);
    this.#floats = new Float32Array(this.#words.buffer, this.address, this.#words.length);
    this.#k = k;
  }

  get address(): number {
    return this.#words.byteOffset;
  }

  /** Writes the hits of `count` queries, the first of which is query `first`. */
  write(wasm: Wasm, out: TopKOutput, first: number, count: number): void {
    const k = this.#k;
    wasm.sortHits(this.address, count, k);
    for (let i = 0; i < count; i++)
      for (let hit = 0, at = i * (2 + 2 * k) + 2, to = (first + i) * k; hit < k; hit++, at += 2, to++) {
        out.scores[to] = this.#floats[at];
        out.slots[to] = this.#words[at + 1];
      }
  }
}

/** The k best by scores of all rows, for a k that no heap in memory is made for. */
export function rankScores(
  queries: Float32Array,
  dim: number,
  count: number,
  k: number,
  allow: Uint32Array | undefined,
  out: TopKOutput,
  score: (query: Float32Array, scores: Float32Array) => void,
): void {
  const scores = new Float32Array(count);
  for (let i = 0; i * dim < queries.length; i++) {
    score(queries.subarray(i * dim, (i + 1) * dim), scores);
    const best = new TopK(k);
    for (let row = 0; row < count; row++)
      if (!allow || ((allow[row >>> 5] >>> (row & 31)) & 1) === 1) best.push(row, scores[row]);
    const hits = best.hits();
    out.slots.set(hits.slots, i * k);
    out.scores.set(hits.scores, i * k);
  }
}

/** Queries from `first` on, each padded with zeros to a multiple of 16 floats. */
export function packQueries(
  memory: Memory,
  queries: Float32Array,
  dim: number,
  first: number,
  count: number,
): Float32Array {
  const padded = (dim + 15) & ~15;
  const out = memory.floats(count * padded).fill(0);
  for (let i = 0; i < count; i++)
    out.set(queries.subarray((first + i) * dim, (first + i + 1) * dim), i * padded);
  return out;
}
