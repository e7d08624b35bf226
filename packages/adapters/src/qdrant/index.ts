/**
 * Pith's codes in Qdrant: pushed, pulled, searched. The client is the caller's, `QdrantClient` of `@qdrant/js-client-rest`.
 *
 * @module
 */
import { type CreateRemoteOptions, type OpenRemoteOptions, RemoteCollection } from "../remote/collection.ts";
import type { QdrantLike } from "./client.ts";
import { QdrantDatabase } from "./database.ts";
import type { QdrantSettings } from "./settings.ts";

export {
  type CreateRemoteOptions,
  type FetchedRows,
  type OpenRemoteOptions,
  RemoteCollection,
} from "../remote/collection.ts";
export type { Mode, Payload, RemoteIds, Settings } from "../remote/database.ts";
export { type FileRows, fileRows } from "../remote/file-rows.ts";
export { type PullOptions, type PullReport, pullFile } from "../remote/pull-file.ts";
export type { FailedRow, PushCheck, PushReport } from "../remote/report.ts";
export type { RetryOptions } from "../remote/retry.ts";
export type { PushSource, RowBlock } from "../remote/rows.ts";
export type { ScrollOptions, StoredRows } from "../remote/scroll.ts";
export type { RemoteHit, RemoteSearchOptions } from "../remote/search.ts";
export type { PushOptions } from "../remote/transfer.ts";
export type { QdrantLike, QdrantPointStruct, QdrantRecord } from "./client.ts";
export type { QdrantQuantizer, QdrantSettings } from "./settings.ts";
export { int8Shared, sharedScale } from "./shared-scale.ts";

/** What `openQdrant` takes. */
export interface OpenQdrantOptions extends OpenRemoteOptions {
  /** Blotted out of what the server says, should it repeat them: the API key. */
  readonly secrets?: readonly string[] | undefined;
}

/** What `createQdrant` takes. */
export interface CreateQdrantOptions extends CreateRemoteOptions, OpenQdrantOptions {
  /** What of Qdrant's own to use. */
  readonly settings?: QdrantSettings | undefined;
  /** Open the collection where there is one of the same codec, mode and ids. Default false: that is refused. */
  readonly orOpen?: boolean | undefined;
}

/** Opens a collection that `createQdrant` made. @throws as `RemoteCollection.open` */
export async function openQdrant(
  client: QdrantLike,
  collection: string,
  options: OpenQdrantOptions = {},
): Promise<RemoteCollection> {
  return await RemoteCollection.open(new QdrantDatabase(client, collection, {}, options.secrets), options);
}

/** Makes a collection. @throws as `RemoteCollection.create`, with `orOpen` as `RemoteCollection.openOrCreate` */
export async function createQdrant(
  client: QdrantLike,
  collection: string,
  options: CreateQdrantOptions,
): Promise<RemoteCollection> {
  const database = new QdrantDatabase(client, collection, options.settings, options.secrets);
  return options.orOpen
    ? await RemoteCollection.openOrCreate(database, options)
    : await RemoteCollection.create(database, options);
}
