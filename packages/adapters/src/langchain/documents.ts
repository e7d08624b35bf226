/**
 * Documents as a store keeps them, and what keeps them: in memory (MemoryDocuments) or in SQLite (SqliteDocuments). Metadata are JSON
 * in both, made so when they come, so that filters see, and searches return, the same on disk and in memory.
 */
import { type CodecState, type EncodedRows, PithError, shown } from "@pith/codec-core";
import type { Json, Metadata } from "./filter.ts";

export interface StoredDocument {
  readonly id: string;
  readonly pageContent: string;
  readonly metadata: Metadata;
}

/** Rows of several documents, in their order, in codes of `codes.length / count` bytes. */
export interface KeyedRows {
  readonly keys: readonly number[];
  readonly rows: EncodedRows;
}

/** One change, of which all happens or nothing. */
export interface Change {
  /** Of all vectors of the store. */
  readonly dim: number;
  /** Keys of documents that go. */
  readonly remove: readonly number[];
  readonly add: readonly StoredDocument[];
  /** Rows of what is added. */
  readonly rows: EncodedRows;
  /** Set where the store begins to hold codes of this codec: those of all documents that stay. */
  readonly encoded?: { readonly state: CodecState; readonly stay: KeyedRows } | undefined;
}

/** Documents by key: a number that is given once and never again, larger than all before. */
export interface DocumentStore {
  readonly size: number;
  /** Another number after each change. */
  readonly changes: number;
  /** Keys of the ids that are there. */
  keysOf(ids: readonly string[]): Map<string, number>;
  /** In the order of `keys`; undefined for one that isn't there. Metadata are the caller's to keep. */
  get(keys: readonly number[]): (StoredDocument | undefined)[];
  /** All documents in the order of their keys; metadata are to be read only. */
  scan(): Iterable<readonly [key: number, document: StoredDocument]>;
  /** As `scan`, without their text. */
  scanMetadata(): Iterable<readonly [key: number, metadata: Metadata]>;
  /** Keys of what was added, in order. @throws IO; nothing is changed then */
  commit(change: Change): number[];
  close(): void;
}

/** The part of LangChain's Document that is read. */
export interface DocumentInput {
  readonly pageContent: string;
  readonly metadata?: unknown;
  readonly id?: string | undefined;
}

/** @throws INVALID_ARGUMENT with the row */
export function checkDocument(document: DocumentInput | null | undefined, row: number): void {
  if (typeof document?.pageContent !== "string")
    throw refuse(row, `expected a text as pageContent, got ${shown(document?.pageContent)}`);
}

/**
 * What is stored of a document: text with lone surrogates replaced by U+FFFD, metadata as JSON makes them (a Date is its ISO string,
 * undefined is left out, NaN is null). @throws INVALID_ARGUMENT with the row
 */
export function storedDocument(
  { pageContent, metadata }: DocumentInput,
  id: string,
  row: number,
): StoredDocument {
  return { id, pageContent: pageContent.toWellFormed(), metadata: jsonMetadata(metadata ?? {}, row) };
}

function jsonMetadata(metadata: unknown, row: number): Metadata {
  let text: string | undefined;
  try {
    text = JSON.stringify(metadata);
  } catch (cause) {
    throw refuse(row, `metadata aren't JSON: ${(cause as Error).message.split("\n")[0]}`, cause);
  }
  // Another kind of object may print as a text or a list.
  if (!text?.startsWith("{")) throw refuse(row, `expected metadata as an object, got ${shown(metadata)}`);
  return parseFrozen(text) as Metadata;
}

/** Frozen all through, since a filter sees the very object that is stored. */
export function parseFrozen(text: string): Json {
  return JSON.parse(text, (_, value) => Object.freeze(value));
}

function refuse(row: number, reason: string, cause?: unknown): PithError {
  return new PithError("INVALID_ARGUMENT", `document ${row}: ${reason}`, { row }, { cause });
}
