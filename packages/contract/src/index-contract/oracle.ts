/**
 * The simplest index there is: a map from id to code, in order of adding. A Map keeps an id's place when its value is
 * replaced and puts an id that comes back at the end, which is the order that ties have to follow.
 */
import type { Codec, Codes, Vectors } from "@pith/codec-core";
import { pickCodes } from "../codec/code-bytes.ts";
import { sortedHits } from "../codec/trial.ts";
import { seededRows } from "../sample.ts";
import type { IdKind, IndexId, IndexMatch } from "./vector-index.ts";

export class Oracle<Id extends IndexId> {
  readonly codec: Codec;
  /** Rows of `pool` by id. */
  readonly rows: Map<Id, number> = new Map<Id, number>();
  readonly #pool: Codes;

  constructor(codec: Codec, pool: Vectors) {
    this.codec = codec;
    this.#pool = codec.encode(pool);
  }

  set(ids: readonly Id[], rows: readonly number[]): void {
    ids.forEach((id, i) => {
      this.rows.set(id, rows[i]);
    });
  }

  search(query: Float32Array, k: number, matches: (id: Id) => boolean = () => true): IndexMatch<Id>[] {
    const ids = [...this.rows.keys()];
    const codes = pickCodes(this.#pool, [...this.rows.values()]);
    const scores = new Float32Array(ids.length);
    this.codec.scorer(this.codec.metric).prepare(query).scoreInto(codes, scores);
    const hits = sortedHits(scores, k, { has: (i) => matches(ids[i]) });
    return Array.from(hits.slots, (slot, i) => ({ id: ids[slot], score: hits.scores[i] }));
  }

  /** Undefined where the codec doesn't decode. */
  decoded(id: Id): Float32Array | undefined {
    if (this.codec.supports.decode === "none") return undefined;
    return this.codec.decode(pickCodes(this.#pool, [this.rows.get(id)!])).data;
  }
}

/** A small set of vectors, every fourth equal to the one before, so that ties are common. */
export function pool(dim: number, count: number, seed: number): Vectors {
  const rows = seededRows(count, dim, seed);
  for (let i = 3; i < count; i += 4) rows.data.copyWithin(i * dim, (i - 1) * dim, i * dim);
  return rows;
}

export function takeRows(v: Vectors, rows: readonly number[]): Vectors {
  const data = new Float32Array(rows.length * v.dim);
  rows.forEach((row, i) => {
    data.set(v.data.subarray(row * v.dim, (row + 1) * v.dim), i * v.dim);
  });
  return { data, dim: v.dim, count: rows.length };
}

export function rowOf(v: Vectors, row: number): Float32Array {
  return v.data.slice(row * v.dim, (row + 1) * v.dim);
}

/** The i-th id of a kind. */
export function idOf(kind: IdKind, i: number): IndexId {
  if (kind === "string") return `id ${i}`;
  return kind === "number" ? 3 * i - 7 : BigInt(i) * 0x1_0000_0001n;
}
