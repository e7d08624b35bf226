/** LangChain's side of a store: texts and documents in, documents and scores out. */
import type { Document, DocumentInterface } from "@langchain/core/documents";
import type { EmbeddingsInterface } from "@langchain/core/embeddings";
import { maximalMarginalRelevance } from "@langchain/core/utils/math";
import { type MaxMarginalRelevanceSearchOptions, SaveableVectorStore } from "@langchain/core/vectorstores";
import { type IndexStats, PithError, shown, type Vectors } from "@pith/codec-core";
import {
  type PithAddOptions,
  type PithDeleteOptions,
  type PithFilter,
  selectionOf,
  shownScore,
  storedDocuments,
  toDocument,
  vectorsFor,
} from "./calls.ts";
import { Collection, type Hit } from "./collection.ts";
import type { StoredDocument } from "./documents.ts";
import { MemoryHome } from "./home.ts";
import { checkCount, checkIds, checkLength, readQuery } from "./input.ts";
import { type PithOpenOptions, type PithStoreOptions, readSettings } from "./options.ts";
import type { WorkOptions } from "./rows.ts";

export interface PithStoreStats extends IndexStats {
  /** Whether vectors are held as codes; until then they are float32 and searches are exact. */
  readonly encoded: boolean;
  /** Why the store couldn't compact by itself; nothing is lost, `compact` tries again. */
  readonly compactionError?: unknown;
}

/**
 * A vector store that holds Pith codes instead of floats and searches them without unpacking: in memory (`new`, `fromTexts`,
 * `fromDocuments`, `load`), or in a folder (`open`).
 */
export class PithVectorStore extends SaveableVectorStore {
  declare FilterType: PithFilter;
  #collection: Collection;

  /**
   * An empty store in memory; the first vectors set the dim.
   * @throws INVALID_OPTION, UNKNOWN_CODEC, UNSUPPORTED_METRIC
   */
  constructor(embeddings: EmbeddingsInterface, options: PithStoreOptions = {}) {
    super(embeddings, {});
    this.#collection = new Collection(readSettings(options), new MemoryHome());
  }

  static #over(embeddings: EmbeddingsInterface, collection: Collection): PithVectorStore {
    const store = new PithVectorStore(embeddings);
    store.#collection = collection;
    return store;
  }

  /**
   * The store in a folder; an empty one where there is none. What `addDocuments`, `addVectors`, `delete` and `compact` resolve after is on
   * disk. Options that the store was made with needn't be given again; others are refused. Needs better-sqlite3.
   * @throws BACKEND_UNAVAILABLE (no better-sqlite3), IN_USE, CORRUPT_FILE, CHECKSUM_MISMATCH, CODEC_MISMATCH, INVALID_OPTION,
   * VERSION_UNSUPPORTED, IO
   */
  static async open(
    directory: string,
    embeddings: EmbeddingsInterface,
    options: PithOpenOptions = {},
  ): Promise<PithVectorStore> {
    const { openCollection } = await import("./folder-home.ts");
    return PithVectorStore.#over(embeddings, await openCollection(directory, options));
  }

  /** A store of texts, each with its metadata, or all with the same. @throws as `addDocuments`, LENGTH_MISMATCH */
  static override async fromTexts(
    texts: string[],
    metadatas: object[] | object,
    embeddings: EmbeddingsInterface,
    options: PithStoreOptions = {},
  ): Promise<PithVectorStore> {
    if (Array.isArray(metadatas)) checkLength("metadatas, one for each text", metadatas.length, texts.length);
    const documents = texts.map((pageContent, row) => ({
      pageContent,
      metadata: Array.isArray(metadatas) ? metadatas[row] : metadatas,
    }));
    return PithVectorStore.fromDocuments(documents, embeddings, options);
  }

  /** @throws as the constructor and `addDocuments` */
  static override async fromDocuments(
    documents: DocumentInterface[],
    embeddings: EmbeddingsInterface,
    options: PithStoreOptions = {},
  ): Promise<PithVectorStore> {
    const store = new PithVectorStore(embeddings, options);
    await store.addDocuments(documents);
    return store;
  }

  /** A constant: the base class asks before there are fields. */
  _vectorstoreType(): string {
    return "pith";
  }

  /** How many documents it holds. @throws DISPOSED */
  get size(): number {
    return this.#collection.size;
  }

  /** What the rows take; undefined before the first ones. @throws DISPOSED */
  stats(): PithStoreStats | undefined {
    const { rows, compactionError } = this.#collection;
    return rows && { ...rows.stats(), encoded: rows.codec !== undefined, compactionError };
  }

  /**
   * Embeds and adds documents; one with an id that is there replaces it. All or none. Gives their ids.
   * @throws INVALID_ARGUMENT, DUPLICATE_ID (an id twice in one call), LENGTH_MISMATCH, NOT_FINITE, DIM_MISMATCH, ABORTED, IO,
   * and what the embeddings throw
   */
  override async addDocuments(
    documents: DocumentInterface[],
    options: PithAddOptions = {},
  ): Promise<string[]> {
    const stored = storedDocuments(documents, options);
    const embed = async (): Promise<Vectors> =>
      vectorsFor(stored, await this.embeddings.embedDocuments(stored.map(({ pageContent }) => pageContent)));
    return this.#add(stored, embed, options);
  }

  /** As `addDocuments`, of vectors that are there: lists of numbers, or typed arrays of floats. */
  override async addVectors(
    vectors: number[][],
    documents: DocumentInterface[],
    options: PithAddOptions = {},
  ): Promise<string[]> {
    const stored = storedDocuments(documents, options);
    const read = vectorsFor(stored, vectors);
    return this.#add(stored, async () => read, options);
  }

  async #add(
    documents: readonly StoredDocument[],
    vectors: () => Promise<Vectors>,
    { signal }: PithAddOptions,
  ): Promise<string[]> {
    if (documents.length > 0) await this.#collection.add(documents, vectors(), { signal });
    return documents.map(({ id }) => id);
  }

  /** Removes documents by id or by filter. @throws INVALID_ARGUMENT, IO, DISPOSED */
  override async delete(options: PithDeleteOptions): Promise<void> {
    const { ids, filter } = options ?? {};
    if ((ids === undefined) === (filter === undefined))
      throw new PithError("INVALID_ARGUMENT", "delete: expected either ids or a filter");
    if (ids !== undefined) return this.#collection.remove([...checkIds(ids)]);
    return this.#collection.removeSelected(selectionOf(filter as PithFilter));
  }

  /** The documents of these ids, in their order; those that aren't there are left out. @throws INVALID_ARGUMENT, DISPOSED */
  async getByIds(ids: readonly string[]): Promise<Document[]> {
    return this.#collection.get(checkIds(ids)).map(toDocument);
  }

  /**
   * The min(k, matching) best documents with their scores, best first; docs/scores.md gives the ranges.
   * @throws INVALID_ARGUMENT (k, filter), NOT_FINITE, DIM_MISMATCH, DISPOSED
   */
  override async similaritySearchVectorWithScore(
    query: number[],
    k: number,
    filter?: this["FilterType"],
  ): Promise<[Document, number][]> {
    const { metric, scoreKind } = this.#collection.settings;
    const hits = await this.#search(query, k, filter);
    return hits.map(({ document, score }) => [toDocument(document), shownScore(metric, scoreKind, score)]);
  }

  /**
   * k documents of the `fetchK` (default 20) most similar ones, each chosen for its similarity to the query (`lambda`, default 0.5, up
   * to 1) and against its similarity to those chosen before. Similarities are cosines of the vectors as decoded, or as kept.
   * @throws as `similaritySearchVectorWithScore`; NOT_SUPPORTED where neither is to be had
   */
  override async maxMarginalRelevanceSearch(
    query: string,
    options: MaxMarginalRelevanceSearchOptions<this["FilterType"]>,
  ): Promise<Document[]> {
    const { k, fetchK = 20, lambda = 0.5, filter } = options;
    checkCount(fetchK, "fetchK");
    if (!(lambda >= 0 && lambda <= 1))
      throw new PithError("INVALID_ARGUMENT", `expected lambda from 0 to 1, got ${shown(lambda)}`);
    const vector = await this.embeddings.embedQuery(query);
    const hits = await this.#search(vector, Math.max(checkCount(k), fetchK), filter);
    const vectors = hits.map((hit) => Array.from(hit.vector()));
    return maximalMarginalRelevance(vector, vectors, lambda, k).map((at) => toDocument(hits[at].document));
  }

  async #search(query: number[], k: number, filter: PithFilter | undefined): Promise<Hit[]> {
    const selection = filter === undefined || filter === null ? undefined : selectionOf(filter);
    return this.#collection.search(readQuery(query), checkCount(k), selection);
  }

  /** Lets go of what removed and replaced documents take. A store does so by itself when it is worth it. @throws ABORTED, IO, DISPOSED */
  async compact(options: WorkOptions = {}): Promise<void> {
    return this.#collection.compact(options);
  }

  /**
   * Writes the store into a folder, from which `load` reads it: the folder's old content stays until the new one is safe.
   * @throws IO, DISPOSED; INVALID_ARGUMENT for the folder of a store that was opened
   */
  override async save(directory: string): Promise<void> {
    const { saveCollection } = await import("./saved.ts");
    return saveCollection(this.#collection, directory);
  }

  /**
   * A store in memory of what `save` wrote. Options that the folder tells needn't be given; others than it tells are refused.
   * @throws FILE_NOT_FOUND, CORRUPT_FILE, CHECKSUM_MISMATCH, CODEC_MISMATCH, INVALID_OPTION, VERSION_UNSUPPORTED, IO
   */
  static override async load(
    directory: string,
    embeddings: EmbeddingsInterface,
    options: PithStoreOptions = {},
  ): Promise<PithVectorStore> {
    const { loadCollection } = await import("./saved.ts");
    return PithVectorStore.#over(embeddings, await loadCollection(directory, options));
  }

  /** Waits for the changes under way, then lets memory and files go; every later call is DISPOSED. */
  async close(): Promise<void> {
    await this.#collection.close();
  }

  /** As `close`, at once: a change that isn't safe yet is refused. */
  [Symbol.dispose](): void {
    this.#collection.closeNow();
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.close();
  }
}
