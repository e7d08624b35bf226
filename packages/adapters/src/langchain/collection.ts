/**
 * Documents and their vectors under one roof: changes one after another, each first safe in the documents' store and then done to
 * the rows, searches at any time.
 */
import { PithError, type Vectors } from "@pith/codec-core";
import type { StoredDocument } from "./documents.ts";
import type { Home } from "./home.ts";
import type { StoreSettings } from "./options.ts";
import { StoreRows, type WorkOptions } from "./rows.ts";
import { SelectedKeys, type Selection } from "./selection.ts";

export interface Hit {
  readonly document: StoredDocument;
  /** Higher is better. */
  readonly score: number;
  /** The row's vector as kept, else as decoded: asked for before the next await. */
  vector(): Float32Array;
}

export class Collection {
  readonly settings: StoreSettings;
  readonly #home: Home;
  readonly #selected: SelectedKeys;
  #rows: StoreRows | undefined;
  /** The last change that was asked for: the next one waits for it. */
  #last: Promise<unknown> = Promise.resolve();
  #closed = false;
  #compactionError: unknown;

  /** `rows`: what is there already. */
  constructor(settings: StoreSettings, home: Home, rows?: StoreRows) {
    this.settings = settings;
    this.#home = home;
    this.#selected = new SelectedKeys(home.documents);
    this.#rows = rows;
  }

  get size(): number {
    return this.#open().documents.size;
  }

  get rows(): StoreRows | undefined {
    return this.#rows;
  }

  /** Why compacting by itself failed the last time. */
  get compactionError(): unknown {
    return this.#compactionError;
  }

  /**
   * Adds, or replaces what has the same id. All or none. Changes that are asked for meanwhile wait for the vectors too, so that all
   * happen in the order in which they were asked for. @throws DIM_MISMATCH, ABORTED, IO, DISPOSED, and why there are no vectors
   */
  add(documents: readonly StoredDocument[], coming: Promise<Vectors>, options: WorkOptions): Promise<void> {
    // Nobody listens to them before it's their turn.
    coming.catch(() => {});
    return this.#inTurn(async ({ documents: store }) => {
      const v = await coming;
      const rows = this.#rows ?? (await StoreRows.create(this.settings, v.dim));
      checkDim(rows, v.dim);
      const remove = [...store.keysOf(documents.map(({ id }) => id)).values()];
      const { rows: encoded, encoded: step, apply } = await rows.prepare(v, remove, options);
      this.#open();
      apply(store.commit({ dim: v.dim, remove, add: documents, rows: encoded, encoded: step }));
      this.#rows = rows;
      await this.#tidy(rows);
    });
  }

  /** @throws IO, DISPOSED */
  remove(ids: readonly string[]): Promise<void> {
    return this.#inTurn((home) => this.#remove(home, [...home.documents.keysOf(ids).values()]));
  }

  /** @throws IO, DISPOSED, and what the selection throws */
  removeSelected(selection: Selection): Promise<void> {
    return this.#inTurn(async (home) => this.#remove(home, await this.#selected.of(selection)));
  }

  async #remove({ documents }: Home, remove: readonly number[]): Promise<void> {
    const rows = this.#rows;
    if (!rows || remove.length === 0) return;
    const none = { codes: new Uint8Array(0) };
    documents.commit({ dim: rows.dim, remove, add: [], rows: none });
    rows.remove(remove);
    await this.#tidy(rows);
  }

  /** Those that are there, in the order of `ids`. @throws DISPOSED */
  get(ids: readonly string[]): StoredDocument[] {
    const { documents } = this.#open();
    const keys = documents.keysOf(ids);
    const wanted = ids.map((id) => keys.get(id)).filter((key) => key !== undefined);
    return documents.get(wanted).filter((document) => document !== undefined);
  }

  /** The min(k, selected documents) best, best first. @throws DIM_MISMATCH, DISPOSED, and what the selection throws */
  async search(query: Float32Array, k: number, selection?: Selection): Promise<Hit[]> {
    const { documents } = this.#open();
    const rows = this.#rows;
    if (rows) checkDim(rows, query.length);
    for (;;) {
      const keys = selection && (await this.#selected.of(selection));
      this.#open();
      const wanted = Math.min(k, documents.size);
      if (!rows || wanted === 0) return [];
      const matches = await rows.search(query, wanted, keys);
      this.#open();
      const found = documents.get(matches.map(({ id }) => id));
      const hits = matches.flatMap(({ id, score }, i) => {
        const document = found[i];
        return document ? [{ document, score, vector: () => rows.vector(id) }] : [];
      });
      // Fewer where documents went while the search ran, which was over rows as they had been.
      if (hits.length === matches.length) return hits;
    }
  }

  /** Lets go of what removed and replaced documents take. @throws IO, ABORTED, DISPOSED */
  compact(options: WorkOptions): Promise<void> {
    return this.#inTurn(async (home) => {
      if (this.#rows) await home.compact(this.#rows, options);
      this.#compactionError = undefined;
    });
  }

  /** Runs `work` between two changes. @throws DISPOSED */
  atRest<T>(work: (home: Home) => Promise<T>): Promise<T> {
    return this.#inTurn(work);
  }

  /** Once the changes under way are done. */
  async close(): Promise<void> {
    await this.#last.catch(() => {});
    this.closeNow();
  }

  /** A change that isn't safe yet is refused. */
  closeNow(): void {
    if (this.#closed) return;
    this.#closed = true;
    this.#rows?.close();
    this.#home.close();
  }

  /** The change that made it due is safe: that compacting fails is no reason to refuse it. */
  async #tidy(rows: StoreRows): Promise<void> {
    if (this.#compactionError !== undefined || !this.#home.isDue(rows)) return;
    try {
      await this.#home.compact(rows, {});
    } catch (error) {
      this.#compactionError = error;
    }
  }

  #inTurn<T>(work: (home: Home) => Promise<T>): Promise<T> {
    const turn = this.#last.then(
      () => work(this.#open()),
      () => work(this.#open()),
    );
    this.#last = turn;
    return turn;
  }

  #open(): Home {
    if (!this.#closed) return this.#home;
    throw new PithError("DISPOSED", "the store was closed");
  }
}

function checkDim({ dim }: StoreRows, actual: number): void {
  if (actual !== dim)
    throw new PithError("DIM_MISMATCH", `the store holds vectors of dim ${dim}, got ${actual}`, {
      expected: dim,
      actual,
    });
}
