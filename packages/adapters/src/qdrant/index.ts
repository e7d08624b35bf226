/**
 * Pith's codes in Qdrant: pushed, pulled, searched. The client is the caller's, `QdrantClient` of `@qdrant/js-client-rest`.
 *
 * @module
 */
import { CodecRegistry } from "@pith/codec-core";
import { LOADERS } from "../remote/codecs.ts";
import { type CreateRemoteOptions, type OpenRemoteOptions, RemoteCollection } from "../remote/collection.ts";
import type { QdrantLike } from "./client.ts";
import { QdrantDatabase } from "./database.ts";
import type { QdrantSettings } from "./settings.ts";
import { int8Shared } from "./shared-scale.ts";

export {
  type CreateRemoteOptions,
  type FetchedRows,
  type OpenRemoteOptions,
  RemoteCollection,
} from "../remote/collection.ts";
export { MODES, type Mode, type Payload, type RemoteIds, type Settings } from "../remote/database.ts";
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

/** Codecs that a collection in Qdrant may have been made with: those of Pith, and `int8-shared`. */
export const qdrantCodecs: CodecRegistry = new CodecRegistry({ ...LOADERS, "int8-shared": () => int8Shared });

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
  const database = new QdrantDatabase(client, collection, {}, options.secrets);
  return await RemoteCollection.open(database, { codecs: qdrantCodecs, ...options });
}

/** Makes a collection. @throws as `RemoteCollection.create`, with `orOpen` as `RemoteCollection.openOrCreate` */
export async function createQdrant(
  client: QdrantLike,
  collection: string,
  options: CreateQdrantOptions,
): Promise<RemoteCollection> {
  const database = new QdrantDatabase(client, collection, options.settings, options.secrets);
  const known = { codecs: qdrantCodecs, ...options };
  return options.orOpen
    ? await RemoteCollection.openOrCreate(database, known)
    : await RemoteCollection.create(database, known);
}
