/** What an index is to this suite: whatever has these methods can be tested, however it searches. */
import type { Vectors } from "@pith/codec-core";

export type IndexId = string | number | bigint;
export type IdKind = "string" | "number" | "bigint";

export interface IndexMatch<Id> {
  readonly id: Id;
  readonly score: number;
}

/** Only these ids (unknown ones are no error), or only ids for which the function says true. */
export type IndexFilter<Id> = { readonly allow: Iterable<Id> } | ((id: Id) => boolean);

export interface VectorIndex<Id extends IndexId = IndexId> {
  readonly size: number;
  /** Adds all or none. @throws DUPLICATE_ID, ID_COUNT_MISMATCH, DIM_MISMATCH, NOT_FINITE */
  add(ids: readonly Id[], vectors: Vectors): void;
  /** Adds, or replaces in place: an id keeps its rank among equal scores. DUPLICATE_ID only within `ids`. */
  upsert(ids: readonly Id[], vectors: Vectors): { added: number; replaced: number };
  /** `add` off the event loop. @throws as `add`; ABORTED, with nothing changed */
  addAsync?(ids: readonly Id[], vectors: Vectors, options?: { signal?: AbortSignal }): Promise<void>;
  /** `upsert` off the event loop. @throws as `upsert`; ABORTED, with nothing changed */
  upsertAsync?(
    ids: readonly Id[],
    vectors: Vectors,
    options?: { signal?: AbortSignal },
  ): Promise<{ added: number; replaced: number }>;
  /** How many were there and are gone. */
  remove(ids: Iterable<Id>): number;
  has(id: Id): boolean;
  get(id: Id): Float32Array | undefined;
  /** The min(k, matching ids) best, best first; equal scores in the order of adding. */
  search(query: Float32Array, k: number, options?: { filter?: IndexFilter<Id> }): IndexMatch<Id>[];
  searchBatch(
    queries: Vectors,
    k: number,
    options?: { filter?: IndexFilter<Id>; signal?: AbortSignal },
  ): Promise<IndexMatch<Id>[][]>;
  stats(): { readonly count: number; readonly bytesPerVector: number };
  toBytes(): Uint8Array;
  /** Idempotent; every other call is DISPOSED from then on. */
  [Symbol.dispose](): void;
}
