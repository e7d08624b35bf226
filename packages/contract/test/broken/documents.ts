import { PithError } from "@pith/codec-core";
import type {
  DocumentEmbeddings,
  DocumentFilter,
  StoredDocument,
  StoreFiles,
  StoreSupports,
} from "../../src/index.ts";
import { type Held, MapDocuments } from "../reference-documents.ts";

export interface BrokenDocuments {
  readonly fault: string;
  readonly law: string;
  readonly supports?: Partial<StoreSupports>;
  make(embeddings: DocumentEmbeddings): MapDocuments;
  readonly load?: (files: StoreFiles, embeddings: DocumentEmbeddings) => Promise<MapDocuments>;
}

type Options = { ids?: string[] };
type Hits = [StoredDocument, number][];
const shared = new Map<string, Held>();

export const brokenDocuments: readonly BrokenDocuments[] = [
  {
    fault: "throws when it has nothing to search",
    law: "store.empty",
    make: (e) =>
      new (class extends MapDocuments {
        protected override nearest(query: number[], k: number, filter: DocumentFilter): Held[] {
          if (this.held.size === 0) throw new PithError("EMPTY_INPUT", "nothing here");
          return super.nearest(query, k, filter);
        }
      })(e),
  },
  {
    fault: "finds the farthest first",
    law: "store.add",
    make: (e) =>
      new (class extends MapDocuments {
        protected override nearest(query: number[], k: number, filter: DocumentFilter): Held[] {
          return super.nearest(query, 99, filter).reverse().slice(0, k);
        }
      })(e),
  },
  {
    fault: "writes its ids into the documents that it is given",
    law: "store.add",
    make: (e) =>
      new (class extends MapDocuments {
        override async addVectors(rows: number[][], documents: StoredDocument[], options?: Options) {
          const ids = await super.addVectors(rows, documents, options);
          documents.forEach((d, i) => {
            d.id = ids[i];
          });
          return ids;
        }
      })(e),
  },
  {
    fault: "shares its documents with every other",
    law: "store.apart",
    make(e) {
      const store = new MapDocuments(e);
      store.held = shared;
      return store;
    },
  },
  {
    fault: "deletes nothing",
    law: "store.delete",
    make: (e) =>
      new (class extends MapDocuments {
        override async delete() {}
      })(e),
  },
  {
    fault: "returns no ids",
    law: "store.delete",
    make: (e) =>
      new (class extends MapDocuments {
        override async addVectors(rows: number[][], documents: StoredDocument[], options?: Options) {
          await super.addVectors(rows, documents, options);
          return [];
        }
      })(e),
  },
  {
    fault: "deletes the first id alone",
    law: "store.bulk",
    make: (e) =>
      new (class extends MapDocuments {
        override async delete({ ids }: { ids: string[] }) {
          await super.delete({ ids: ids.slice(0, 1) });
        }
      })(e),
  },
  {
    fault: "throws for an unknown id",
    law: "store.missing",
    make: (e) =>
      new (class extends MapDocuments {
        override async delete({ ids }: { ids: string[] }) {
          if (ids.some((id) => !this.held.has(id))) throw new PithError("UNKNOWN_ID", "no such id");
        }
      })(e),
  },
  {
    fault: "doubles what is added again",
    law: "store.again",
    make: (e) =>
      new (class extends MapDocuments {
        override async addVectors(rows: number[][], documents: StoredDocument[], options: Options = {}) {
          const known = (options.ids ?? []).filter((id) => this.held.has(id));
          for (const id of known) this.held.set(`${id} before ${this.held.size}`, this.held.get(id)!);
          return super.addVectors(rows, documents, options);
        }
      })(e),
  },
  {
    fault: "keeps the old vector of a replaced document",
    law: "store.replace",
    make: (e) =>
      new (class extends MapDocuments {
        override async addVectors(rows: number[][], documents: StoredDocument[], options: Options = {}) {
          const old = rows.map((row, i) => this.held.get(options.ids?.[i] ?? "")?.row ?? row);
          return super.addVectors(old, documents, options);
        }
      })(e),
  },
  {
    fault: "gets the first id alone",
    law: "store.get",
    make: (e) =>
      new (class extends MapDocuments {
        override async getByIds(ids: string[]) {
          return super.getByIds(ids.slice(0, 1));
        }
      })(e),
  },
  {
    fault: "throws for an unknown id that is asked for",
    law: "store.unknown",
    make: (e) =>
      new (class extends MapDocuments {
        override async getByIds(ids: string[]) {
          if (ids.some((id) => !this.held.has(id))) throw new PithError("UNKNOWN_ID", "no such id");
          return super.getByIds(ids);
        }
      })(e),
  },
  {
    fault: "makes the same ids in every call",
    law: "store.made",
    make: (e) =>
      new (class extends MapDocuments {
        override async addVectors(rows: number[][], documents: StoredDocument[], options: Options = {}) {
          const ids = options.ids ?? documents.map((d, i) => d.id ?? `made ${i}`);
          return super.addVectors(rows, documents, { ids });
        }
      })(e),
  },
  {
    fault: "passes over a document's own id",
    law: "store.own",
    make: (e) =>
      new (class extends MapDocuments {
        override async addVectors(rows: number[][], documents: StoredDocument[], options?: Options) {
          return super.addVectors(
            rows,
            documents.map(({ pageContent, metadata }) => ({ pageContent, metadata })),
            options,
          );
        }
      })(e),
  },
  {
    fault: "says it has no filters and passes over them",
    law: "store.manifest",
    supports: { filters: [] },
    make: (e) =>
      new (class extends MapDocuments {
        protected override test() {
          return () => true;
        }
      })(e),
  },
  {
    fault: "says it gets nothing by ids, and does",
    law: "store.manifest",
    supports: { getByIds: false },
    make: (e) => new MapDocuments(e),
  },
  {
    fault: "says it keeps no files, and has some",
    law: "store.manifest",
    supports: { saves: "none" },
    make: (e) => new MapDocuments(e),
  },
  {
    fault: "takes ids for numbers where they look like some",
    law: "store.points",
    make: (e) =>
      new (class extends MapDocuments {
        override async addVectors(rows: number[][], documents: StoredDocument[], options: Options = {}) {
          const ids = options.ids?.map((id) => (/^\d+$/.test(id) ? String(Number(id)) : id));
          return super.addVectors(rows, documents, { ...(ids && { ids: [...new Set(ids)] }) });
        }
      })(e),
  },
  {
    fault: "says its scores are exact, of rows that it rounds",
    law: "store.order",
    make: (e) =>
      new (class extends MapDocuments {
        protected override score(q: number[], x: number[]) {
          return super.score(
            q,
            x.map((y) => Math.round(y * 16)),
          );
        }
      })(e),
  },
  {
    fault: "loses the k-th",
    law: "store.order",
    make: (e) =>
      new (class extends MapDocuments {
        protected override nearest(query: number[], k: number, filter: DocumentFilter): Held[] {
          return super.nearest(query, k, filter).slice(0, Math.max(1, k - 1));
        }
      })(e),
  },
  {
    fault: "gives distances and says similarities",
    law: "store.scores",
    make: (e) =>
      new (class extends MapDocuments {
        override async similaritySearchVectorWithScore(query: number[], k: number, filter?: DocumentFilter) {
          const found = await super.similaritySearchVectorWithScore(query, k, filter);
          return found.map(([d, score]): [StoredDocument, number] => [d, 1 - score]);
        }
      })(e),
  },
  {
    fault: "gives similarities and says distances",
    law: "store.scores",
    supports: { scores: "distance" },
    make: (e) => new MapDocuments(e),
  },
  {
    fault: "takes 0 for its default k",
    law: "store.k",
    make: (e) =>
      new (class extends MapDocuments {
        override async similaritySearchWithScore(query: string, k?: number, filter?: DocumentFilter) {
          return super.similaritySearchWithScore(query, k || 4, filter);
        }
      })(e),
  },
  {
    fault: "divides by the length of a vector of zeros",
    law: "store.zero",
    make: (e) =>
      new (class extends MapDocuments {
        protected override score(q: number[], x: number[]) {
          return super.score(q, x) / (x.some((y) => y !== 0) ? 1 : 0);
        }
      })(e),
  },
  {
    fault: "filters after cutting to k",
    law: "store.filter",
    make: (e) =>
      new (class extends MapDocuments {
        protected override nearest(query: number[], k: number, filter: DocumentFilter): Held[] {
          const test = this.test(filter);
          return super.nearest(query, k, undefined).filter(({ document }) => test(document));
        }
      })(e),
  },
  {
    fault: "takes a missing key for one that isn't unequal",
    law: "store.operators",
    make: (e) =>
      new (class extends MapDocuments {
        protected override test(filter: DocumentFilter) {
          const test = super.test(filter);
          const unequal = Object.entries((filter ?? {}) as object).find(
            ([, x]) => x !== null && "$ne" in Object(x),
          );
          return (d: StoredDocument) => test(d) && (unequal === undefined || unequal[0] in d.metadata);
        }
      })(e),
  },
  {
    fault: "passes over operators that it doesn't know",
    law: "store.operators",
    make: (e) =>
      new (class extends MapDocuments {
        protected override test(filter: DocumentFilter) {
          try {
            return super.test(filter);
          } catch {
            return () => true;
          }
        }
      })(e),
  },
  {
    fault: "writes lists in metadata as text",
    law: "store.metadata",
    make: (e) =>
      new (class extends MapDocuments {
        override async addVectors(rows: number[][], documents: StoredDocument[], options?: Options) {
          const flat = documents.map((d) => ({
            ...d,
            metadata: Object.fromEntries(
              Object.entries(d.metadata).map(([key, v]) => [key, Object(v) === v ? JSON.stringify(v) : v]),
            ),
          }));
          return super.addVectors(rows, flat, options);
        }
      })(e),
  },
  {
    fault: "adds the documents before the one that it refuses",
    law: "store.input",
    make: (e) =>
      new (class extends MapDocuments {
        override async addVectors(rows: number[][], documents: StoredDocument[], options?: Options) {
          if (rows.length > 1 && options === undefined)
            await super.addVectors(rows.slice(0, 1), documents.slice(0, 1), options);
          return super.addVectors(rows, documents, options);
        }
      })(e),
  },
  {
    fault: "throws a bare Error",
    law: "store.input",
    make: (e) =>
      new (class extends MapDocuments {
        protected override check(row: number[]) {
          if (!row.every(Number.isFinite)) throw new Error("not a number");
        }
      })(e),
  },
  {
    fault: "gives out the metadata that it holds",
    law: "store.unretained",
    make: (e) =>
      new (class extends MapDocuments {
        override async similaritySearchVectorWithScore(query: number[], k: number, filter?: DocumentFilter) {
          return this.nearest(query, k, filter).map(({ row, document }): Hits[number] => [
            document,
            this.score(query, row),
          ]);
        }
      })(e),
  },
  {
    fault: "normalises the caller's vectors",
    law: "store.unretained",
    make: (e) =>
      new (class extends MapDocuments {
        override async addVectors(rows: number[][], documents: StoredDocument[], options?: Options) {
          for (const row of rows) row.splice(0, row.length, ...row.map((x) => x / 2));
          return super.addVectors(rows, documents, options);
        }
      })(e),
  },
  {
    fault: "takes the most relevant, whatever it took",
    law: "store.mmr",
    make: (e) =>
      new (class extends MapDocuments {
        override async maxMarginalRelevanceSearch(
          text: string,
          { k, filter }: { k: number; filter?: DocumentFilter },
        ) {
          return this.similaritySearch(text, k, filter);
        }
      })(e),
  },
  {
    fault: "asks for another k in retrievers",
    law: "store.retriever",
    make: (e) =>
      new (class extends MapDocuments {
        override asRetriever(fields: { filter?: DocumentFilter }) {
          return super.asRetriever({ filter: fields.filter });
        }
      })(e),
  },
  {
    fault: "writes the time into its files",
    law: "store.save",
    make(e) {
      let saves = 0;
      return new (class extends MapDocuments {
        override save() {
          return new Map([...super.save(), ["time", Uint8Array.of(saves++)]]);
        }
      })(e);
    },
  },
  {
    fault: "saves the documents that it had at first",
    law: "store.save",
    make: (e) =>
      new (class extends MapDocuments {
        #first: StoreFiles | undefined;
        override save() {
          if (this.held.size > 0) this.#first ??= super.save();
          return this.#first ?? super.save();
        }
      })(e),
  },
  {
    fault: "loads an empty store from a file that is cut",
    law: "store.damaged",
    make: (e) => new MapDocuments(e),
    async load(files, e) {
      const text = new TextDecoder().decode(files.get("documents.json"));
      return text.endsWith("]]") ? new MapDocuments(e).load(files) : new MapDocuments(e);
    },
  },
  {
    fault: "looks at the lengths of its files alone",
    law: "store.damaged",
    make: (e) => new MapDocuments(e),
    async load(files, e) {
      const store = new MapDocuments(e);
      try {
        return store.load(files);
      } catch (error) {
        const [text = "", sha256 = ""] = [...files.values()].map((bytes) => new TextDecoder().decode(bytes));
        if (files.size < 2 || !text.endsWith("]]") || sha256.length !== 64) throw error;
        return store;
      }
    },
  },
  {
    fault: "forgets what was deleted before it was closed",
    law: "store.reopen",
    make: (e) =>
      new (class extends MapDocuments {
        readonly all: Map<string, Held> = new Map();
        override async addVectors(rows: number[][], documents: StoredDocument[], options?: Options) {
          const ids = await super.addVectors(rows, documents, options);
          for (const id of ids) this.all.set(id, this.held.get(id)!);
          return ids;
        }
        override save() {
          const store = new MapDocuments(this.embeddings);
          store.held = this.all;
          return store.save();
        }
      })(e),
  },
];
