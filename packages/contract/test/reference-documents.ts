/** A document store as a map, that searches exactly, filters by functions and objects, and saves as JSON. */
import { createHash } from "node:crypto";
import { PithError } from "@pith/codec-core";
import type {
  DocumentEmbeddings,
  DocumentFilter,
  DocumentStore,
  StoredDocument,
  StoreFiles,
} from "../src/index.ts";

export interface Held {
  row: number[];
  document: StoredDocument;
}

type Hits = [StoredDocument, number][];
type Test = (document: StoredDocument) => boolean;
type Operators = { readonly [name: string]: (value: unknown, operand: never) => boolean };

const OPERATORS: Operators = {
  $eq: (v, x) => v === x,
  $ne: (v, x) => v !== x,
  $gt: (v, x) => typeof v === typeof x && (v as number) > x,
  $gte: (v, x) => typeof v === typeof x && (v as number) >= x,
  $lt: (v, x) => typeof v === typeof x && (v as number) < x,
  $lte: (v, x) => typeof v === typeof x && (v as number) <= x,
  $in: (v, x: unknown[]) => x.includes(v),
  $nin: (v, x: unknown[]) => !x.includes(v),
  $exists: (v, x) => (v !== undefined) === x,
};

export class MapDocuments implements DocumentStore {
  held: Map<string, Held> = new Map();
  readonly embeddings: DocumentEmbeddings;

  constructor(embeddings: DocumentEmbeddings) {
    this.embeddings = embeddings;
  }

  async addDocuments(documents: StoredDocument[], options: { ids?: string[] } = {}): Promise<string[]> {
    const rows = await this.embeddings.embedDocuments(documents.map((d) => d.pageContent));
    return this.addVectors(rows, documents, options);
  }

  async addVectors(
    rows: number[][],
    documents: StoredDocument[],
    options: { ids?: string[] } = {},
  ): Promise<string[]> {
    const given = options.ids ?? [];
    if (rows.length !== documents.length || (options.ids && given.length !== rows.length))
      throw new PithError("LENGTH_MISMATCH", "not one of each");
    const ids = documents.map((d, i) => given[i] ?? d.id ?? crypto.randomUUID());
    if (new Set(ids).size !== ids.length) throw new PithError("DUPLICATE_ID", "an id twice");
    if (!ids.every((id) => typeof id === "string"))
      throw new PithError("INVALID_ARGUMENT", "an id is no string");
    for (const row of rows) this.check(row, rows[0].length);
    rows.forEach((row, i) => {
      const { pageContent, metadata } = documents[i];
      const document = { pageContent, metadata: structuredClone(metadata), id: ids[i] };
      this.held.set(ids[i], { row: [...row], document });
    });
    return ids;
  }

  async delete({ ids }: { ids: string[] }): Promise<void> {
    for (const id of ids) this.held.delete(id);
  }

  async getByIds(ids: string[]): Promise<StoredDocument[]> {
    return ids.flatMap((id) => structuredClone(this.held.get(id)?.document ?? []));
  }

  async similaritySearch(query: string, k?: number, filter?: DocumentFilter): Promise<StoredDocument[]> {
    return (await this.similaritySearchWithScore(query, k, filter)).map(([d]) => d);
  }

  async similaritySearchWithScore(query: string, k: number = 4, filter?: DocumentFilter): Promise<Hits> {
    return this.similaritySearchVectorWithScore(await this.embeddings.embedQuery(query), k, filter);
  }

  async similaritySearchVectorWithScore(query: number[], k: number, filter?: DocumentFilter): Promise<Hits> {
    return this.nearest(query, k, filter).map(({ row, document }) => [
      structuredClone(document),
      this.score(query, row),
    ]);
  }

  async maxMarginalRelevanceSearch(
    text: string,
    options: { k: number; fetchK?: number; lambda?: number; filter?: DocumentFilter },
    _callbacks?: undefined,
  ): Promise<StoredDocument[]> {
    const { k, fetchK = 20, lambda = 0.5, filter } = options;
    const query = await this.embeddings.embedQuery(text);
    const left = this.nearest(query, fetchK, filter);
    const taken: Held[] = [];
    const worth = ({ row }: Held): number =>
      lambda * this.score(query, row) -
      (1 - lambda) * Math.max(taken.length ? -1 : 0, ...taken.map((other) => this.score(row, other.row)));
    while (taken.length < k && left.length > 0) {
      const best = left.reduce((a, b) => (worth(b) > worth(a) ? b : a));
      taken.push(...left.splice(left.indexOf(best), 1));
    }
    return taken.map(({ document }) => structuredClone(document));
  }

  asRetriever(fields: { k?: number; filter?: DocumentFilter; searchType?: "similarity" | "mmr" }): {
    invoke(query: string): Promise<StoredDocument[]>;
  } {
    const { k = 4, filter, searchType } = fields;
    return {
      invoke: (query) =>
        searchType === "mmr"
          ? this.maxMarginalRelevanceSearch(query, { k, filter })
          : this.similaritySearch(query, k, filter),
    };
  }

  save(): StoreFiles {
    const text = JSON.stringify([...this.held]);
    return new Map([
      ["documents.json", new TextEncoder().encode(text)],
      ["sha256", new TextEncoder().encode(createHash("sha256").update(text).digest("hex"))],
    ]);
  }

  load(files: StoreFiles): this {
    const [bytes, sha256] = ["documents.json", "sha256"].map((name) => files.get(name) ?? new Uint8Array(0));
    if (createHash("sha256").update(bytes).digest("hex") !== Buffer.from(sha256).toString())
      throw new PithError("CHECKSUM_MISMATCH", "not what was saved");
    this.held = new Map(JSON.parse(new TextDecoder().decode(bytes)) as [string, Held][]);
    return this;
  }

  protected nearest(query: number[], k: number, filter: DocumentFilter): Held[] {
    this.check(query, query.length);
    if (!Number.isInteger(k) || k < 0) throw new PithError("INVALID_ARGUMENT", "k");
    const test = this.test(filter);
    return [...this.held.values()]
      .filter(({ document }) => test(structuredClone(document)))
      .map((held) => ({ held, score: this.score(query, held.row) }))
      .sort((a, b) => b.score - a.score)
      .slice(0, k)
      .map(({ held }) => held);
  }

  protected score(q: number[], x: number[]): number {
    const dot = (a: number[], b: number[]): number => a.reduce((sum, y, i) => sum + y * b[i], 0);
    return dot(q, x) / (Math.sqrt(dot(q, q) * dot(x, x)) || 1);
  }

  protected check(row: number[], dim: number): void {
    const [held] = this.held.values();
    if (row.length !== (held?.row.length ?? dim) || row.length === 0)
      throw new PithError("DIM_MISMATCH", "dim");
    if (!row.every(Number.isFinite)) throw new PithError("NOT_FINITE", "not a number");
  }

  protected test(filter: DocumentFilter): Test {
    if (filter === undefined) return () => true;
    if (typeof filter === "function") return filter as Test;
    const tests = Object.entries(filter as object).map(([key, operand]): Test => {
      if (key === "$and" || key === "$or") {
        if (!Array.isArray(operand)) throw new PithError("INVALID_ARGUMENT", `${key} takes a list`);
        const parts = operand.map((part) => this.test(part));
        return key === "$and" ? (d) => parts.every((p) => p(d)) : (d) => parts.some((p) => p(d));
      }
      if (key.startsWith("$")) throw new PithError("INVALID_ARGUMENT", `unknown operator ${key}`);
      const operators = typeof operand === "object" ? Object.entries(operand as object) : [["$eq", operand]];
      for (const [name, x] of operators)
        if (!(name in OPERATORS) || (/in$/.test(name) && !Array.isArray(x)))
          throw new PithError("INVALID_ARGUMENT", `operator ${name}`);
      return ({ metadata }) => operators.every(([name, x]) => OPERATORS[name](metadata[key], x as never));
    });
    return (d) => tests.every((t) => t(d));
  }
}
