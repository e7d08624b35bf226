/**
 * What the shared core asks of a database: points with an id, one string of ours, and fields of the caller's. Retrying,
 * batching, checksums, ids and scores are the core's; an implementation makes one request of each call and says what a
 * failure means.
 */
import type { Codec, Codes, IdType, Metric, Vectors } from "@pith/codec-core";

/** A canonical lower-case UUID, or an integer from 0 to 2^53 - 1 where the database takes integers. */
export type PointId = string | number;

/** Fields of the caller's, as JSON holds them. Names that begin with `_pith` are ours. */
export type Payload = { readonly [field: string]: unknown };

/** How vectors and codes lie in the database. */
export type Mode = "server" | "sidecar" | "payload" | "code-as-vector";

/** All of `Mode`. */
export const MODES: readonly Mode[] = ["server", "sidecar", "payload", "code-as-vector"];

/** Of the ids in a collection; "row": the source had none, they are its row numbers. */
export type RemoteIds = IdType | "row";

/** A point to store. */
export interface Point {
  readonly id: PointId;
  /** See `sealCode`. */
  readonly envelope: string;
  /** The caller's id as text, where `id` doesn't give it back. */
  readonly original?: string | undefined;
  /** `dim` floats; none in the mode "payload". */
  readonly vector?: Float32Array | undefined;
  readonly payload?: Payload | undefined;
}

/** A point as the database gives it back: nothing of it is checked yet. */
export interface StoredPoint {
  readonly id: PointId;
  readonly envelope: unknown;
  readonly original: unknown;
  /** There where it was wanted and the collection has vectors. */
  readonly vector?: Float32Array | undefined;
  /** Fields of the caller's; empty where they weren't wanted. */
  readonly payload: Payload;
}

/** What to bring beside id, envelope and original. */
export interface Wanted {
  readonly vector: boolean;
  readonly payload: boolean;
}

/** A point that the database refused while it took others of the same request. */
export interface RejectedPoint {
  readonly id: PointId;
  readonly reason: string;
}

export interface Scroll {
  readonly points: readonly StoredPoint[];
  /** Where the next page begins; undefined after the last one. */
  readonly next: PointId | undefined;
}

/** A hit of the database's own search. */
export interface ServerHit {
  readonly point: StoredPoint;
  /** Higher is better: cosine and dot as they are, l2 as minus the squared distance, in units of the caller's vectors. */
  readonly score: number;
}

export interface ServerQuery {
  readonly vector: Float32Array;
  readonly limit: number;
  /** A filter in the database's own form, passed on as it is. */
  readonly filter?: unknown;
  readonly wanted: Wanted;
}

/** What a database was told to do, or says that it does: for reports, and kept in the manifest. */
export type Settings = { readonly [name: string]: string | number | boolean | null };

/** All that decides how a collection is made. */
export interface CollectionPlan {
  readonly mode: Mode;
  readonly dim: number;
  readonly metric: Metric;
  readonly codec: Codec;
  /** The database's own choices, made by its `choose` when the collection was made. */
  readonly native: Settings;
}

/** What a failed request means. */
export interface Failure {
  /**
   * "busy" (too many requests) and "unavailable" (down, too slow, cut off) are tried again; "key": the server refused who
   * asks; "too large": the request, so that a smaller one may pass; "refused": this request will never pass.
   */
  readonly kind: "busy" | "unavailable" | "key" | "too large" | "refused";
  /** HTTP status, where there was an answer. */
  readonly status?: number | undefined;
  /** One line for people. Without the key, whatever the server says. */
  readonly text: string;
  /** What the server asked to wait for, ms. */
  readonly retryAfter?: number | undefined;
}

/** One collection of a database, reached by a client that the caller made. */
export interface Database {
  /** For messages: "Qdrant". */
  readonly product: string;
  readonly collection: string;
  readonly modes: readonly Mode[];
  /** Whether integers from 0 to 2^53 - 1 are ids of its own. */
  readonly integerIds: boolean;
  /** Hits that a search gives at most unless the server is told otherwise; none where undefined. */
  readonly mostHits?: number;
  failure(error: unknown): Failure;

  /** Parts of the manifest in order; undefined where there are none. */
  loadManifest(): Promise<readonly string[] | undefined>;
  /** Replaces all parts. Called before the collection is made. */
  saveManifest(parts: readonly string[]): Promise<void>;

  /** What of its own the database is to use for this codec. @throws NOT_SUPPORTED, INVALID_OPTION */
  choose(plan: Omit<CollectionPlan, "native">): Settings;
  exists(): Promise<boolean>;
  create(plan: CollectionPlan): Promise<void>;
  /**
   * What the server says of the collection, asked anew.
   * @throws DIM_MISMATCH, COLLECTION_MISMATCH where that isn't what the plan says
   */
  verify(plan: CollectionPlan): Promise<Settings>;
  /** Deletes the collection and its manifest; no error where there is none. */
  drop(): Promise<void>;

  /** Whether vectors can be stored as the plan says, beyond being finite and of its dim. @throws NOT_SUPPORTED with the row */
  checkVectors?(vectors: Vectors, plan: CollectionPlan): void;
  /** Vectors that hold codes, and the code that such a vector holds, in the mode "code-as-vector". */
  vectorsOf?(codes: Codes, plan: CollectionPlan): Vectors | undefined;
  codeOf?(vector: Float32Array, plan: CollectionPlan): Uint8Array;

  /** Stores points, replacing those with the same id, and returns once they are stored. */
  upsert(points: readonly Point[], plan: CollectionPlan): Promise<readonly RejectedPoint[]>;
  /** Those that are there, in any order. */
  fetch(ids: readonly PointId[], wanted: Wanted): Promise<readonly StoredPoint[]>;
  /** A page of all points, in an order of its own, from `from` on. */
  scroll(from: PointId | undefined, limit: number, wanted: Wanted): Promise<Scroll>;
  /** Deletes these; ids that aren't there are no error. Returns once they are gone. */
  remove(ids: readonly PointId[]): Promise<void>;
  /** Points, exactly. */
  count(): Promise<number>;
  nearest(query: ServerQuery, plan: CollectionPlan): Promise<readonly ServerHit[]>;
}
