/** Documents in memory. */
import type { Change, DocumentStore, StoredDocument } from "./documents.ts";
import type { Metadata } from "./filter.ts";

export class MemoryDocuments implements DocumentStore {
  readonly #documents = new Map<number, StoredDocument>();
  readonly #keys = new Map<string, number>();
  #next = 0;

  #changes = 0;

  get size(): number {
    return this.#documents.size;
  }

  get changes(): number {
    return this.#changes;
  }

  keysOf(ids: readonly string[]): Map<string, number> {
    const found = new Map<string, number>();
    for (const id of ids) {
      const key = this.#keys.get(id);
      if (key !== undefined) found.set(id, key);
    }
    return found;
  }

  get(keys: readonly number[]): (StoredDocument | undefined)[] {
    return keys.map((key) => {
      const document = this.#documents.get(key);
      return document && { ...document, metadata: structuredClone(document.metadata) };
    });
  }

  scan(): Iterable<readonly [number, StoredDocument]> {
    return this.#documents;
  }

  *scanMetadata(): Iterable<readonly [number, Metadata]> {
    for (const [key, { metadata }] of this.#documents) yield [key, metadata];
  }

  commit({ remove, add }: Change): number[] {
    this.#changes++;
    for (const key of remove) {
      const id = this.#documents.get(key)?.id;
      if (id !== undefined) this.#keys.delete(id);
      this.#documents.delete(key);
    }
    return add.map((document) => {
      const key = this.#next++;
      this.#documents.set(key, document);
      this.#keys.set(document.id, key);
      return key;
    });
  }

  close(): void {
    this.#documents.clear();
    this.#keys.clear();
  }
}
