/** What the calls of a store take and give, in LangChain's terms on one side and the store's on the other. */
import { Document } from "@langchain/core/documents";
import { type Metric, PithError, shown, type Vectors } from "@pith/codec-core";
import { checkDocument, type DocumentInput, type StoredDocument, storedDocument } from "./documents.ts";
import type { MetadataFilter } from "./filter.ts";
import { checkLength, idsFor, readVectors } from "./input.ts";
import type { ScoreKind } from "./options.ts";
import type { WorkOptions } from "./rows.ts";
import { Selection } from "./selection.ts";

/**
 * Which documents may be found: a function that answers at once, or an object as MongoDB writes them. A function gets the document as
 * it is stored, with metadata as JSON, frozen.
 */
export type PithFilter = ((document: Document) => boolean) | MetadataFilter;

export interface PithAddOptions extends WorkOptions {
  /** One for each document; where one is undefined, the document's own id holds, else a UUID. */
  readonly ids?: readonly (string | undefined)[];
}

/** Exactly one of the two. */
export interface PithDeleteOptions {
  /** Unknown ones are no error. */
  readonly ids?: readonly string[];
  readonly filter?: PithFilter;
}

export function storedDocuments(
  documents: readonly DocumentInput[],
  options: PithAddOptions,
): StoredDocument[] {
  if (!Array.isArray(documents))
    throw new PithError("INVALID_ARGUMENT", `expected documents as a list, got ${shown(documents)}`);
  if (Array.isArray(options))
    throw new PithError("INVALID_ARGUMENT", "expected ids as { ids }, got a list in place of options");
  documents.forEach((document, row) => {
    checkDocument(document, row);
  });
  const ids = idsFor(documents, options.ids);
  return documents.map((document, row) => storedDocument(document, ids[row], row));
}

export function vectorsFor(documents: readonly StoredDocument[], rows: number[][]): Vectors {
  checkLength("vectors, one for each document", rows?.length, documents.length);
  return readVectors(rows);
}

export function toDocument({ id, pageContent, metadata }: StoredDocument): Document {
  return new Document({ id, pageContent, metadata });
}

export function selectionOf(filter: PithFilter): Selection {
  if (typeof filter !== "function") return Selection.ofMetadata(filter);
  return Selection.ofDocuments((document) => filter(toDocument(document)));
}

/** Cosines of lossy codes may lie a little beyond 1. */
export function shownScore(metric: Metric, kind: ScoreKind, raw: number): number {
  const score = metric === "cosine" ? Math.max(-1, Math.min(1, raw)) : raw;
  if (kind === "similarity") return score;
  return metric === "cosine" ? 1 - score : 0 - score;
}
