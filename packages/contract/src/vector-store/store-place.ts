/** Where a law of documents is tried: a maker of stores and its texts; it disposes of every store at the end. */
import type { Assert } from "../assert.ts";
import { seededRows } from "../sample.ts";
import type {
  DocumentFilter,
  DocumentStore,
  DocumentStoreMaker,
  StoredDocument,
  StoreSupports,
} from "./document-store.ts";
import { fixtureEmbeddings } from "./embeddings.ts";
import { checkHits, type Hit } from "./exact.ts";
import { sorted } from "./point-place.ts";

/** Of the vectors of texts, and of rows beside them. */
export const TEXT_DIM = 6;

/** What each document of a filled store says of itself. */
export interface NumberedMetadata extends Record<string, unknown> {
  name: string;
  number: number;
}

export interface Filled<Store> {
  readonly store: Store;
  /** Vectors by the name in the document's metadata. */
  readonly rows: Map<string, number[]>;
}

export class StorePlace<Store extends DocumentStore = DocumentStore> {
  readonly t: Assert;
  readonly maker: DocumentStoreMaker<Store>;
  readonly dims: readonly number[];
  readonly seed: number;
  readonly #stores = new Set<Store>();

  constructor(t: Assert, maker: DocumentStoreMaker<Store>, dims: readonly number[], seed: number) {
    this.t = t;
    this.maker = maker;
    this.dims = dims;
    this.seed = seed;
  }

  get supports(): StoreSupports {
    return this.maker.supports;
  }

  async create(): Promise<Store> {
    return this.#track(await this.maker.create(fixtureEmbeddings));
  }

  async reopen(store: Store): Promise<Store> {
    this.#stores.delete(store);
    return this.#track(await this.maker.reopen!(store, fixtureEmbeddings));
  }

  async load(files: ReadonlyMap<string, Uint8Array>): Promise<Store> {
    return this.#track(await this.maker.load!(files, fixtureEmbeddings));
  }

  async dispose(): Promise<void> {
    for (const store of this.#stores) await this.maker.dispose?.(store);
    this.#stores.clear();
  }

  #track(store: Store): Store {
    this.#stores.add(store);
    return store;
  }

  embed(text: string): Promise<number[]> {
    return fixtureEmbeddings.embedQuery(text);
  }

  /** A store with these texts, by the ids "1", "2" and so on, and metadata that number them. */
  async texts(...texts: string[]): Promise<Store> {
    const store = await this.create();
    await store.addDocuments(
      texts.map((text, i) => document(text, i + 1)),
      {
        ids: texts.map((_, i) => String(i + 1)),
      },
    );
    return store;
  }

  /** Seeded rows, none of zeros. */
  rows(count: number, dim: number, variant: number = 0): number[][] {
    const { data } = seededRows(count, dim, this.seed + variant);
    return Array.from({ length: count }, (_, i) => [...data.subarray(i * dim, (i + 1) * dim)]);
  }

  /** A store of `count` seeded rows, named "n0" and so on in their metadata, with more metadata from `more`. */
  async filled(
    count: number,
    dim: number = TEXT_DIM,
    more: (i: number) => Record<string, unknown> = () => ({}),
  ): Promise<Filled<Store>> {
    const store = await this.create();
    const rows = this.rows(count, dim);
    await store.addVectors(
      rows,
      rows.map((_, i) => numbered(i, more(i))),
    );
    return { store, rows: new Map(rows.map((row, i) => [`n${i}`, row])) };
  }

  /** The k best by name, with scores where higher is better as the metric says. */
  async hits(store: Store, query: number[], k: number, filter?: DocumentFilter): Promise<Hit[]> {
    const found = await store.similaritySearchVectorWithScore(query, k, filter);
    this.falling(found, `the ${k} best`);
    const similarity = this.supports.scores === "similarity";
    return found.map(([{ metadata }, score]) => {
      const id = (metadata as NumberedMetadata).name;
      return similarity ? { id, score } : { id };
    });
  }

  /** The store finds what exact search over `rows` finds, as far as it promises. */
  async finds(
    store: Store,
    rows: ReadonlyMap<string, number[]>,
    query: number[],
    k: number,
    what: string,
  ): Promise<void> {
    checkHits(this.t, this.supports, rows, query, k, await this.hits(store, query, k), what);
  }

  /** The store holds `rows` and nothing else. */
  async holds({ store, rows }: Filled<Store>, what: string): Promise<void> {
    const [first = []] = rows.values();
    for (const query of [...this.rows(2, first.length || TEXT_DIM, 1), ...[...rows.values()].slice(0, 1)])
      await this.finds(store, rows, query, rows.size + 3, what);
  }

  /** Best first, and every score a number. */
  falling(found: readonly [StoredDocument, number][], what: string): void {
    const sign = this.supports.scores === "similarity" ? 1 : -1;
    found.forEach(([, score], i) => {
      if (!(typeof score === "number" && !Number.isNaN(score)))
        this.t.fail(`${what}: hit ${i} scores ${score}`);
      if (i > 0 && sign * score > sign * found[i - 1][1])
        this.t.fail(`${what}: hit ${i} scores ${score}, the one before it ${found[i - 1][1]}`);
    });
  }

  /** The same documents in the same order; ids where the store keeps them and they are known. */
  same(actual: readonly StoredDocument[], expected: readonly StoredDocument[], what: string): void {
    const plain = ({ pageContent, metadata, id }: StoredDocument, known: boolean): string =>
      sorted({ pageContent, metadata, ...(known && { id }) });
    this.t.equal(actual.length, expected.length, `${what}, number of documents`);
    expected.forEach((document, i) => {
      const known = this.supports.ids && document.id !== undefined;
      this.t.equal(plain(actual[i], known), plain(document, known), `${what}, document ${i}`);
    });
  }
}

/** A text, numbered in its metadata. */
export function document(pageContent: string, number: number, id?: string): StoredDocument {
  return { pageContent, metadata: { number }, ...(id !== undefined && { id }) };
}

function numbered(i: number, more: Record<string, unknown>): StoredDocument {
  return { pageContent: `text of ${i}`, metadata: { name: `n${i}`, number: i, ...more } };
}

/** A law as code, and whether it is tried on a store with these abilities. */
export type StoreChecks<Law extends string> = {
  readonly [L in Law]: (place: StorePlace) => Promise<void>;
};
