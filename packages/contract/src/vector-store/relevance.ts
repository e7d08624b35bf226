/**
 * The law of maximal marginal relevance: of the fetchK nearest, take again and again the one with the largest
 * lambda cos(q, x) - (1 - lambda) max cos(x, what was taken).
 * Source: Carbonell and Goldstein, "The use of MMR, diversity-based reranking", SIGIR 1998.
 */
import type { DocumentStore, StoredDocument } from "./document-store.ts";
import { exactScore } from "./exact.ts";
import type { StoreChecks, StorePlace } from "./store-place.ts";

type Rows = ReadonlyMap<string, readonly number[]>;

const cosine = (a: readonly number[], b: readonly number[]): number => exactScore("cosine", a, b);

/** Names of the k taken, by the definition. */
function relevant(rows: Rows, query: readonly number[], k: number, fetchK: number, lambda: number): string[] {
  const left = [...rows]
    .map(([name, row]) => ({ name, row, near: cosine(query, row) }))
    .sort((a, b) => b.near - a.near)
    .slice(0, fetchK);
  const taken: typeof left = [];
  while (taken.length < k && left.length > 0) {
    const worth = left.map(({ row, near }) => {
      const same = taken.length === 0 ? 0 : Math.max(...taken.map((other) => cosine(row, other.row)));
      return lambda * near - (1 - lambda) * same;
    });
    taken.push(...left.splice(worth.indexOf(Math.max(...worth)), 1));
  }
  return taken.map(({ name }) => name);
}

/** Scores that are farther off may take the three documents of `threeAround` in any order. */
const CLEAR = 0.05;

/** Two documents on one side of the query, nearly the same, and one farther on the other side. */
async function threeAround(place: StorePlace): Promise<DocumentStore> {
  const query = await place.embed("foo");
  const [other, third] = [await place.embed("bar"), await place.embed("baz")];
  const basis = orthonormal([query, other, third]);
  const mix = (...shares: number[]): number[] =>
    query.map((_, j) => shares.reduce((sum, share, i) => sum + share * basis[i][j], 0));
  const rows = { near: mix(0.9, 0.44, 0), twin: mix(0.9, 0.43, 0.01), apart: mix(0.8, -0.6, 0) };
  const store = await place.create();
  const documents = Object.keys(rows).map((name, i) => ({
    pageContent: name,
    metadata: { name, number: i },
  }));
  await store.addVectors(Object.values(rows), documents);
  return store;
}

/** Gram and Schmidt. */
function orthonormal(vectors: readonly number[][]): number[][] {
  const basis: number[][] = [];
  for (const v of vectors) {
    const rest = basis.reduce((left, b) => {
      const along = b.reduce((sum, x, i) => sum + x * left[i], 0);
      return left.map((x, i) => x - along * b[i]);
    }, v);
    const length = Math.hypot(...rest);
    basis.push(rest.map((x) => x / length));
  }
  return basis;
}

const names = (found: readonly StoredDocument[]): string[] =>
  found.map(({ metadata }) => String(metadata["name"]));

export const relevanceLaws: StoreChecks<"store.mmr"> = {
  async "store.mmr"(place) {
    const { t, supports } = place;
    const three = await threeAround(place);
    const mmr = async (k: number, lambda?: number): Promise<string[]> => {
      const options = { k, fetchK: 3, ...(lambda !== undefined && { lambda }) };
      return names(await three.maxMarginalRelevanceSearch!("foo", options, undefined));
    };
    const clear = supports.metric === "cosine" && supports.scoreError <= CLEAR;
    if (clear) t.equal((await mmr(2, 1)).sort().join(), "near,twin", "the 2 most relevant with lambda 1");
    for (const lambda of clear ? [undefined, 0.5, 0.3] : []) {
      const [first, second] = await mmr(2, lambda);
      t.ok(first === "near" || first === "twin", `lambda ${lambda}: the first, ${first}, is a nearest one`);
      t.equal(second, "apart", `lambda ${lambda}: the second is unlike the first`);
    }
    for (const k of [0, 3, 9]) t.equal((await mmr(k)).length, Math.min(k, 3), `documents found with k ${k}`);

    const query = await place.embed("qux");
    const { store, rows } = await place.filled(40, 6, (i) => ({ even: i % 2 === 0 }));
    const cases = [
      { k: 5, fetchK: 20, lambda: 0.5 },
      { k: 8, fetchK: 30, lambda: 0.1 },
      { k: 4, fetchK: 40, lambda: 0.9 },
      { k: 6, fetchK: 6, lambda: 0 },
    ];
    const filters = supports.filters.includes("function") ? [false, true] : [false];
    for (const options of cases)
      for (const filtered of filters) {
        const kept = new Map([...rows].filter((_, i) => !filtered || i % 2 === 0));
        const filter = (d: StoredDocument): boolean => d.metadata["even"] === true;
        const asked = { ...options, ...(filtered && { filter }) };
        const found = names(await store.maxMarginalRelevanceSearch!("qux", asked, undefined));
        const what = `${JSON.stringify(options)}${filtered ? " of the even ones" : ""}`;
        t.equal(found.length, Math.min(options.k, options.fetchK, kept.size), `${what}, number found`);
        t.equal(new Set(found).size, found.length, `${what}, different documents`);
        for (const name of found) t.ok(kept.has(name), `${what}: ${name} passes the filter`);
        if (supports.metric !== "cosine" || supports.scoreError > 0 || !supports.exact) continue;
        const { k, fetchK, lambda } = options;
        t.equal(found.join(), relevant(kept, query, k, fetchK, lambda).join(), `${what}, found in order`);
      }
  },
};
