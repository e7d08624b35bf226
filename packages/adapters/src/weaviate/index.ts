/**
 * Pith's codes in Weaviate: pushed, pulled, searched. The client is the caller's, `WeaviateClient` of `weaviate-client`.
 *
 * @module
 */
import type { PithError } from "@pith/codec-core";
import { defaultCodecs } from "../remote/codecs.ts";
import { type CreateRemoteOptions, type OpenRemoteOptions, RemoteCollection } from "../remote/collection.ts";
import { readManifest } from "../remote/manifest.ts";
import { abortIf, failureError } from "../remote/retry.ts";
import type { WeaviateLike } from "./client.ts";
import { type WeaviateAccess, WeaviateDatabase } from "./database.ts";
import { weaviateFailure } from "./failure.ts";
import type { WeaviateSettings } from "./settings.ts";

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
export type {
  WeaviateCollectionLike,
  WeaviateConsistency,
  WeaviateLike,
  WeaviateRecord,
} from "./client.ts";
export type { WeaviateAccess } from "./database.ts";
export type { WeaviateQuantizer, WeaviateSettings } from "./settings.ts";

/** What `openWeaviate` takes. */
export interface OpenWeaviateOptions extends OpenRemoteOptions, WeaviateAccess {}

/** What `createWeaviate` takes. */
export interface CreateWeaviateOptions extends CreateRemoteOptions, WeaviateAccess {
  /** What of Weaviate's own to use. */
  readonly settings?: WeaviateSettings | undefined;
  /** Open the collection where there is one of the same codec, mode and ids. Default false: that is refused. */
  readonly orOpen?: boolean | undefined;
}

/** Opens a collection that `createWeaviate` made. @throws as `RemoteCollection.open` */
export async function openWeaviate(
  client: WeaviateLike,
  collection: string,
  options: OpenWeaviateOptions = {},
): Promise<RemoteCollection> {
  return await RemoteCollection.open(new WeaviateDatabase(client, collection, {}, options), options);
}

/** Makes a collection. @throws as `RemoteCollection.create`, with `orOpen` as `RemoteCollection.openOrCreate` */
export async function createWeaviate(
  client: WeaviateLike,
  collection: string,
  options: CreateWeaviateOptions,
): Promise<RemoteCollection> {
  const database = new WeaviateDatabase(client, collection, options.settings, options);
  return options.orOpen
    ? await RemoteCollection.openOrCreate(database, options)
    : await RemoteCollection.create(database, options);
}

/**
 * Trains the quantizers sq and pq of a collection on the vectors that are in it, and switches them on; until then the server compares
 * float32 vectors. Nothing happens where the quantizer learns nothing. A type once switched on can't be changed.
 * @throws ABORTED, and as `RemoteCollection.open`
 */
export async function trainWeaviate(
  client: WeaviateLike,
  collection: string,
  options: OpenWeaviateOptions = {},
): Promise<RemoteCollection> {
  const { codecs = defaultCodecs, signal } = options;
  const database = new WeaviateDatabase(client, collection, {}, options);
  // What there is and whether it is right, before anything is changed.
  await RemoteCollection.open(database, options);
  const { plan } = await readManifest((await database.loadManifest()) ?? [], codecs);
  await database.train(plan, () => abortIf(signal));
  return await RemoteCollection.open(database, options);
}

/** What an error of the client's own means, such as one of its `connectToCustom`: UNAVAILABLE, UNAUTHORIZED or REMOTE_REFUSED. */
export function weaviateError(error: unknown, secrets: readonly string[] = []): PithError {
  return failureError("Weaviate", weaviateFailure(error, secrets));
}
