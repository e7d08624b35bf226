/**
 * What a document store is to this suite: the methods of LangChain.js's VectorStore, by their shape alone, so that nothing
 * of LangChain is imported. Beyond that base: `options.ids`, `delete` by ids, `getByIds`.
 */
import type { SearchSupports } from "./point-store.ts";

export interface StoredDocument {
  pageContent: string;
  metadata: Record<string, unknown>;
  id?: string;
}

export interface DocumentEmbeddings {
  embedDocuments(texts: string[]): Promise<number[][]>;
  embedQuery(text: string): Promise<number[]>;
}

/** The ids of what was added, or nothing. */
// biome-ignore lint/suspicious/noConfusingVoidType: what LangChain's base class declares
export type Added = Promise<string[] | void>;

export interface DocumentStore {
  addDocuments(documents: StoredDocument[], options?: { ids?: string[] }): Added;
  addVectors(vectors: number[][], documents: StoredDocument[], options?: { ids?: string[] }): Added;
  delete?(params: { ids: string[] }): Promise<void>;
  getByIds?(ids: string[]): Promise<StoredDocument[]>;
  similaritySearch(query: string, k?: number, filter?: DocumentFilter): Promise<StoredDocument[]>;
  similaritySearchWithScore(
    query: string,
    k?: number,
    filter?: DocumentFilter,
  ): Promise<[StoredDocument, number][]>;
  similaritySearchVectorWithScore(
    query: number[],
    k: number,
    filter?: DocumentFilter,
  ): Promise<[StoredDocument, number][]>;
  maxMarginalRelevanceSearch?(
    query: string,
    options: { k: number; fetchK?: number; lambda?: number; filter?: DocumentFilter },
    callbacks: undefined,
  ): Promise<StoredDocument[]>;
  asRetriever(fields: { k?: number; filter?: DocumentFilter; searchType?: "similarity" | "mmr" }): {
    invoke(query: string): Promise<StoredDocument[]>;
  };
}

/** A function that says true, or an object in the manner of MongoDB. */
// biome-ignore lint/suspicious/noExplicitAny: stores declare filters of their own, which a parameter of theirs must accept
export type DocumentFilter = any;

/** What a store says that it can do; what it says it can't is tested to be refused. */
export interface StoreSupports extends SearchSupports {
  /**
   * Whether ids are taken (`options.ids`, else the document's own, else one is made), returned and kept, and a known id
   * replaces its document.
   */
  readonly ids: boolean;
  readonly getByIds: boolean;
  /** By ids. */
  readonly delete: boolean;
  /** Forms of filter. A form that isn't listed has to be refused, not passed over. */
  readonly filters: readonly ("function" | "object")[];
  readonly mmr: boolean;
  /** What `...WithScore` gives: "similarity": higher is better, as `metric` says; "distance": lower is better, on any scale. */
  readonly scores: "similarity" | "distance";
  /** Whether wrong dims, NaN, wrong counts and repeated ids are PithErrors that change nothing. */
  readonly checks: boolean;
  /** Of `save` and `load`: whether saving what was loaded gives the same bytes, or only the same documents. */
  readonly saves: "same bytes" | "same documents" | "none";
  /** Whether `reopen` gives all that was there. */
  readonly reopens: boolean;
}

/** Files of a saved store, by path within its folder. */
export type StoreFiles = ReadonlyMap<string, Uint8Array>;

export interface DocumentStoreMaker<Store extends DocumentStore> {
  readonly supports: StoreSupports;
  /** A new, empty store, apart from all others. Its dim is that of what is added first. */
  create(embeddings: DocumentEmbeddings): Store | Promise<Store>;
  /** The files of a saved store. It stays usable. */
  save?(store: Store): Promise<StoreFiles>;
  /** A store of saved files. @throws PithError where they aren't whole */
  load?(files: StoreFiles, embeddings: DocumentEmbeddings): Promise<Store>;
  /** The same store, closed and opened again. */
  reopen?(store: Store, embeddings: DocumentEmbeddings): Promise<Store>;
  /** Called for each store when its law has run, unless it was reopened. */
  dispose?(store: Store): void | Promise<void>;
}
