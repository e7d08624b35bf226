/** The documents that a filter selects. */
import { PithError } from "@pith/codec-core";
import type { DocumentStore, StoredDocument } from "./documents.ts";
import { type MetadataFilter, metadataTest } from "./filter.ts";

export class Selection {
  readonly #keys: (documents: DocumentStore) => Iterable<number>;

  private constructor(keys: (documents: DocumentStore) => Iterable<number>) {
    this.#keys = keys;
  }

  /** @throws INVALID_ARGUMENT (an unknown operator, an operand that doesn't fit it) */
  static ofMetadata(filter: MetadataFilter): Selection {
    const test = metadataTest(filter);
    return new Selection(function* (documents) {
      for (const [key, metadata] of documents.scanMetadata()) if (test(metadata)) yield key;
    });
  }

  /** `test` must answer at once. */
  static ofDocuments(test: (document: StoredDocument) => unknown): Selection {
    return new Selection(function* (documents) {
      for (const [key, document] of documents.scan()) {
        const answer = test(document);
        if (answer instanceof Promise) throw asynchronous();
        if (answer) yield key;
      }
    });
  }

  /** @throws INVALID_ARGUMENT (a function that gives a promise), and what the function throws */
  keys(documents: DocumentStore): number[] {
    return [...this.#keys(documents)];
  }
}

function asynchronous(): PithError {
  return new PithError("INVALID_ARGUMENT", "filter: expected a function that answers at once, got a promise");
}
