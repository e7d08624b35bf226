/** The documents that a filter selects, found in parts of a few milliseconds between which everything else runs. */
import { PithError } from "@pith/codec-core";
import type { DocumentStore, StoredDocument } from "./documents.ts";
import { type MetadataFilter, metadataTest } from "./filter.ts";

/** A key, and whether its document is selected. */
type Verdict = readonly [key: number, selected: boolean];

/** Documents between two looks at the clock. */
const LOOK = 256;
const PART_MS = 8;

export class Selection {
  /** The same for filters that select the same; undefined for a function, which may answer otherwise each time. */
  readonly name: string | undefined;
  readonly #verdicts: (documents: DocumentStore) => Iterable<Verdict>;

  private constructor(verdicts: (documents: DocumentStore) => Iterable<Verdict>, name?: string) {
    this.name = name;
    this.#verdicts = verdicts;
  }

  /** @throws INVALID_ARGUMENT (an unknown operator, an operand that doesn't fit it) */
  static ofMetadata(filter: MetadataFilter): Selection {
    const test = metadataTest(filter);
    return new Selection(function* (documents) {
      for (const [key, metadata] of documents.scanMetadata()) yield [key, test(metadata)];
    }, JSON.stringify(filter));
  }

  /** `test` must answer at once. */
  static ofDocuments(test: (document: StoredDocument) => unknown): Selection {
    return new Selection(function* (documents) {
      for (const [key, document] of documents.scan()) {
        const answer = test(document);
        if (answer instanceof Promise) throw asynchronous();
        yield [key, Boolean(answer)];
      }
    });
  }

  /**
   * A key stands for the same document for ever, so that one that comes or goes meanwhile spoils nothing.
   * @throws INVALID_ARGUMENT (a function that gives a promise), and what the function throws
   */
  async keys(documents: DocumentStore): Promise<number[]> {
    const keys: number[] = [];
    let [seen, began] = [0, performance.now()];
    for (const [key, selected] of this.#verdicts(documents)) {
      if (selected) keys.push(key);
      if (++seen % LOOK > 0 || performance.now() - began < PART_MS) continue;
      await pause();
      began = performance.now();
    }
    return keys;
  }
}

/** Filters whose keys are remembered. */
const REMEMBERED = 4;

/** What the last filters selected, for as long as the documents stay as they are. */
export class SelectedKeys {
  readonly #documents: DocumentStore;
  #keys = new Map<string, readonly number[]>();
  /** The state of the documents that these are of. */
  #changes = 0;

  constructor(documents: DocumentStore) {
    this.#documents = documents;
  }

  /** @throws what the selection throws */
  async of(selection: Selection): Promise<readonly number[]> {
    const { name } = selection;
    const { changes } = this.#documents;
    if (changes !== this.#changes) this.#keys.clear();
    this.#changes = changes;
    const known = name === undefined ? undefined : this.#keys.get(name);
    const keys = known ?? (await selection.keys(this.#documents));
    if (name !== undefined && this.#documents.changes === changes && this.#changes === changes) {
      this.#keys.delete(name);
      this.#keys.set(name, keys);
      if (this.#keys.size > REMEMBERED) this.#keys.delete(this.#keys.keys().next().value as string);
    }
    return keys;
  }
}

/** Lets the event loop run. */
function pause(): Promise<void> {
  // A timer of 0 takes a millisecond; browsers have no other.
  const { setImmediate } = globalThis as { setImmediate?: (then: () => void) => void };
  return new Promise((resolve) => (setImmediate ? setImmediate(resolve) : setTimeout(resolve)));
}

function asynchronous(): PithError {
  return new PithError("INVALID_ARGUMENT", "filter: expected a function that answers at once, got a promise");
}
