/**
 * What is used of Weaviate's client, `WeaviateClient` of `weaviate-client`: any version with these methods will do, and so
 * will a double in a test.
 */

/** Of a request, or of an answer. The client's own types are unions and mappings of all that a collection may hold. */
// biome-ignore lint/suspicious/noExplicitAny: a method of any such type is to fit here
export type WeaviateBody = any;

/** One object as the client gives it back. */
export interface WeaviateRecord {
  uuid: string;
  properties: WeaviateBody;
  metadata?: { distance?: number | undefined } | undefined;
  vectors: WeaviateBody;
}

/** Structural: one collection of the client. */
export interface WeaviateCollectionLike {
  readonly aggregate: { overAll(): Promise<{ totalCount: number }> };
  readonly config: { get(): Promise<WeaviateBody>; update(config: WeaviateBody): Promise<void> };
  readonly data: {
    insertMany(objects: WeaviateBody[]): Promise<{ errors: Record<number, { message: string }> }>;
    deleteMany(where: WeaviateBody): Promise<{ failed: number }>;
  };
  readonly filter: { byId(): { containsAny(ids: string[]): WeaviateBody } };
  readonly query: {
    fetchObjects(options: WeaviateBody): Promise<{ objects: WeaviateRecord[] }>;
    nearVector(vector: number[], options: WeaviateBody): Promise<{ objects: WeaviateRecord[] }>;
  };
  withConsistency(level: WeaviateConsistency): WeaviateCollectionLike;
}

/** Structural: see the class of the same methods. */
export interface WeaviateLike {
  readonly collections: {
    exists(name: string): Promise<boolean>;
    createFromSchema(config: WeaviateBody): Promise<unknown>;
    delete(name: string): Promise<void>;
    get(name: string): WeaviateCollectionLike;
  };
  readonly cluster: { nodes(options: WeaviateBody): Promise<WeaviateBody[]> };
}

/** Replicas that have to agree to a request: one, more than half, all. */
export type WeaviateConsistency = "ONE" | "QUORUM" | "ALL";
