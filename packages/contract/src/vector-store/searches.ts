/** Laws of a document store's searches: order, scores, k, filters, retrievers. */

import type { DocumentFilter, StoredDocument } from "./document-store.ts";
import { checkHits } from "./exact.ts";
import { OPERATOR_CASES } from "./operators.ts";
import { document, type NumberedMetadata, type StoreChecks } from "./store-place.ts";

export const searchLaws: StoreChecks<
  | "store.order"
  | "store.scores"
  | "store.k"
  | "store.zero"
  | "store.filter"
  | "store.operators"
  | "store.retriever"
> = {
  async "store.order"(place) {
    for (const dim of place.dims) {
      const { store, rows } = await place.filled(60, dim);
      for (const query of [...place.rows(5, dim, 1), ...[...rows.values()].slice(0, 5)])
        for (const k of [1, 3, 10, 60]) await place.finds(store, rows, query, k, `dim ${dim}, k ${k} of 60`);
    }
  },

  async "store.scores"(place) {
    const { t, supports } = place;
    const store = await place.texts("foo", "bar", "baz", "qux");
    for (const text of ["foo", "baz", "corge"]) {
      const found = await store.similaritySearchWithScore(text, 4);
      place.falling(found, `documents found by ${text}`);
      const vector = await place.embed(text);
      const byVector = await store.similaritySearchVectorWithScore(vector, 4);
      t.same(
        byVector.map(([, score]) => score),
        found.map(([, score]) => score),
        `scores by the vector of ${text}`,
      );
      place.same(
        byVector.map(([d]) => d),
        found.map(([d]) => d),
        `found by the vector of ${text}`,
      );
      place.same(
        await store.similaritySearch(text, 4),
        found.map(([d]) => d),
        `found without scores by ${text}`,
      );
      const rows = new Map<string, number[]>();
      for (const name of ["foo", "bar", "baz", "qux"]) rows.set(name, await place.embed(name));
      const hits = found.map(([{ pageContent: id }, score]) =>
        supports.scores === "similarity" ? { id, score } : { id },
      );
      checkHits(t, supports, rows, vector, 4, hits, `found by ${text}`);
    }
  },

  async "store.k"(place) {
    const { t, supports } = place;
    const filled = await place.filled(7);
    const { store, rows } = filled;
    const [query] = place.rows(1, 6, 1);
    for (const k of [0, 1, 6, 7, 8, 100, 1_000_000]) await place.finds(store, rows, query, k, `k ${k} of 7`);
    t.equal((await store.similaritySearch("foo", 0)).length, 0, "documents found with k 0");
    t.equal((await store.similaritySearch("foo")).length, 4, "documents found without k");
    if (supports.checks)
      for (const k of [-1, 1.5, Number.NaN]) {
        await t.rejects(undefined, () => store.similaritySearchVectorWithScore(query, k), `k ${k}`);
        await t.rejects(undefined, () => store.similaritySearch("foo", k), `k ${k} by a text`);
      }
  },

  async "store.zero"(place) {
    const { store, rows } = await place.filled(5);
    const zero = [0, 0, 0, 0, 0, 0];
    await store.addVectors([zero], [{ pageContent: "", metadata: { name: "zero" } }]);
    rows.set("zero", zero);
    await place.holds({ store, rows }, "with a vector of zeros");
    await place.finds(store, rows, zero, 9, "the query of zeros");
  },

  async "store.filter"(place) {
    const { t, supports } = place;
    const { store, rows } = await place.filled(48, 6, (i) => ({ group: i % 4, first: i < 2 }));
    const cases: [string, (m: Record<string, unknown>) => boolean, Record<string, unknown>][] = [
      ["a quarter", (m) => m["group"] === 1, { group: 1 }],
      ["two of them", (m) => m["first"] === true, { first: true }],
      ["one of a quarter", (m) => m["group"] === 1 && m["first"] === true, { group: 1, first: true }],
      ["none of them", (m) => m["group"] === 9, { group: 9 }],
      ["a missing key", (m) => m["missing"] === "x", { missing: "x" }],
    ];
    for (const [name, test, object] of cases) {
      const kept = new Map([...rows].filter((_, i) => test({ name: `n${i}`, group: i % 4, first: i < 2 })));
      const forms: [string, DocumentFilter][] = [
        ["function", (d: StoredDocument) => test(d.metadata)],
        ["object", object],
      ];
      for (const [form, filter] of forms.filter(([form]) => supports.filters.includes(form as "object")))
        for (const k of [1, 3, 12, 50]) {
          const [query] = place.rows(1, 6, k);
          const found = await place.hits(store, query, k, filter);
          checkHits(t, supports, kept, query, k, found, `the ${k} best of ${name}, by ${form}`);
        }
    }
    if (!supports.filters.includes("function")) return;
    const texts = await place.texts("foo", "bar", "baz");
    const seen: StoredDocument[] = [];
    const found = await texts.similaritySearch("foo", 2, (d: StoredDocument) => {
      seen.push(d);
      return d.pageContent.startsWith("ba");
    });
    t.equal(
      found
        .map((d) => d.pageContent)
        .sort()
        .join(),
      "bar,baz",
      "texts that the function chose",
    );
    seen.sort((a, b) => (a.pageContent < b.pageContent ? -1 : 1));
    const all = [document("bar", 2, "2"), document("baz", 3, "3"), document("foo", 1, "1")];
    place.same(seen, all, "documents that the function saw");
  },

  async "store.operators"(place) {
    const { t } = place;
    const metadata = [
      { year: 1990, lang: "en", tag: null },
      { year: 2000, lang: "de" },
      { year: 2010, lang: "en", draft: false },
      { year: 2020, lang: "fr", draft: true },
      { lang: "en" },
      { year: "2000", lang: "" },
    ];
    const { store } = await place.filled(metadata.length, 6, (i) => metadata[i]);
    const [query] = place.rows(1, 6, 1);
    const numbers = async (filter: DocumentFilter): Promise<string> => {
      const found = await store.similaritySearchVectorWithScore(query, 9, filter);
      return found
        .map(([d]) => (d.metadata as NumberedMetadata).number)
        .sort()
        .join();
    };
    for (const { filter, matches } of OPERATOR_CASES)
      t.equal(await numbers(filter), matches.join(), `numbers of ${JSON.stringify(filter)}`);
    if (!place.supports.checks) return;
    const bad = [
      { year: { $foo: 1 } },
      { $nor: [{ year: 1 }] },
      { year: { $in: 2000 } },
      { $or: { year: 2000 } },
    ];
    for (const filter of bad)
      await t.rejects(undefined, () => numbers(filter), `the filter ${JSON.stringify(filter)}`);
  },

  async "store.retriever"(place) {
    const { supports, t } = place;
    const store = await place.texts("foo", "bar", "baz", "qux", "quux");
    const plain = store.asRetriever({ k: 3 });
    place.same(await plain.invoke("baz"), await store.similaritySearch("baz", 3), "found by a retriever");
    if (supports.filters.includes("function")) {
      const filter = (d: StoredDocument): boolean => d.pageContent !== "baz";
      const found = await store.asRetriever({ k: 9, filter }).invoke("baz");
      t.equal(found.length, 4, "documents found by a retriever with a filter");
    }
    if (!supports.mmr) return;
    const mmr = store.asRetriever({ k: 3, searchType: "mmr" });
    const expected = await store.maxMarginalRelevanceSearch!("baz", { k: 3 }, undefined);
    place.same(await mmr.invoke("baz"), expected, "found by a retriever of relevance");
  },
};
