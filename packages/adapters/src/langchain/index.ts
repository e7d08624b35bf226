/**
 * A LangChain vector store over Pith codes, in memory or in a folder.
 *
 * @module
 */
export type { PithAddOptions, PithDeleteOptions, PithFilter } from "./calls.ts";
export type { CodecOptions } from "./codecs.ts";
export type { FilterOperators, FilterValue, Json, Metadata, MetadataFilter } from "./filter.ts";
export type { PithOpenOptions, PithStoreOptions, RescoreKind, ScoreKind } from "./options.ts";
export { type PithStoreStats, PithVectorStore } from "./store.ts";
