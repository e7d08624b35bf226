/**
 * What is used of Qdrant's client, `QdrantClient` of `@qdrant/js-client-rest`: any version with these methods will do, and so will a
 * double in a test.
 */

/** One point as the client takes it. */
export interface QdrantPointStruct {
  id: string | number;
  vector: number[] | Record<string, never>;
  payload?: Record<string, unknown>;
}

/** One point as the client gives it back. */
export interface QdrantRecord {
  id: string | number;
  payload?: Record<string, unknown> | null | undefined;
  vector?: unknown;
  score?: number;
}

/** Of a request. The client's own types are unions of all that a server takes, which grow from version to version. */
// biome-ignore lint/suspicious/noExplicitAny: a method of any such type is to fit here
export type QdrantBody = any;

/** Structural: see the class of the same methods. */
export interface QdrantLike {
  collectionExists(collection: string): Promise<{ exists: boolean }>;
  getCollection(collection: string): Promise<{ config: object; status?: unknown }>;
  createCollection(collection: string, config: object): Promise<boolean>;
  deleteCollection(collection: string): Promise<boolean>;
  upsert(collection: string, body: QdrantBody): Promise<{ status: string }>;
  retrieve(collection: string, body: QdrantBody): Promise<QdrantRecord[]>;
  scroll(
    collection: string,
    body: QdrantBody,
  ): Promise<{ points: QdrantRecord[]; next_page_offset?: unknown }>;
  delete(collection: string, body: QdrantBody): Promise<{ status: string }>;
  count(collection: string, body: { exact?: boolean }): Promise<{ count: number }>;
  query(collection: string, body: QdrantBody): Promise<{ points: QdrantRecord[] }>;
}
