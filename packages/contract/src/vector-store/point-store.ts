/**
 * What a store of vectors with ids is to this suite. It is little on purpose: a database behind an adapter, or an object
 * that forwards to one, has these five methods, whatever else it offers.
 */
import type { Metric, Vectors } from "@pith/codec-core";

/** Fields beside a vector, as JSON holds them. */
export type PointPayload = { readonly [field: string]: unknown };

export interface Point {
  readonly id: string;
  readonly payload: PointPayload;
}

export interface PointMatch extends Point {
  /** Higher is better: cosine and dot as they are, l2 as minus the squared distance. */
  readonly score: number;
}

export interface PointStore {
  /**
   * One id and one payload for each row. A known id is replaced, vector and payload. All rows are stored when the promise
   * resolves. @throws DIM_MISMATCH, NOT_FINITE, ID_COUNT_MISMATCH (or LENGTH_MISMATCH), DUPLICATE_ID (within `ids`), with
   * nothing changed
   */
  add(ids: readonly string[], vectors: Vectors, payloads: readonly PointPayload[]): Promise<unknown>;
  /** The min(k, count) best, best first; k from 1. @throws DIM_MISMATCH, NOT_FINITE */
  search(query: Float32Array, k: number): Promise<readonly PointMatch[]>;
  /** Unknown ids are no error. */
  delete(ids: readonly string[]): Promise<unknown>;
  count(): Promise<number>;
  /** Those that are there, in any order. */
  getByIds(ids: readonly string[]): Promise<readonly Point[]>;
}

/** What a store says of its searches; each field is tested. */
export interface SearchSupports {
  readonly metric: Metric;
  /**
   * How far a score is from that of the float32 vectors, at most, beyond float32's own rounding: 0 for scores of the
   * vectors as they came, Infinity where nothing is promised. A share of |q||x| under dot, of (|q| + |x|)^2 under l2.
   */
  readonly scoreError: number;
  /** Whether every row is compared, so that hits are the best by such scores; false where a first pass may lose some. */
  readonly exact: boolean;
  /** Whether vectors of zeros are taken; where not they are refused with a PithError. */
  readonly zeroVectors: boolean;
}

export interface PointStoreMaker {
  readonly supports: SearchSupports;
  /** A new, empty store, apart from all others. */
  create(dim: number): PointStore | Promise<PointStore>;
  /** Called once for each store when its law has run. */
  dispose?(store: PointStore): void | Promise<void>;
}
