/** Laws of search: order, ties, filters, k, batches. */
import { type IndexChecks, POOL_ROWS } from "./place.ts";
import type { IndexFilter, IndexId } from "./vector-index.ts";

export const searchLaws: IndexChecks<
  "index.ties" | "index.filter" | "index.k" | "index.query" | "index.batch"
> = {
  async "index.ties"(place) {
    const { t } = place;
    const index = await place.create();
    const order = [5, 3, 9, 1, 7, 0, 8, 2];
    for (const i of order) index.add(place.ids([i]), place.rows([0]));
    const found = (): string =>
      index
        .search(place.query(0), 20)
        .map((match) => String(match.id))
        .join();
    t.equal(found(), place.ids(order).join(), "ids of equal vectors, in the order of adding");
    index.remove(place.ids([3, 8]));
    index.add(place.ids([3]), place.rows([0]));
    t.equal(found(), place.ids([5, 9, 1, 7, 0, 2, 3]).join(), "an id that came back, last");
    const again = await place.reload(index);
    const ids = again.search(place.query(0), 20).map((match) => String(match.id));
    t.equal(
      ids.join(),
      place.ids([5, 9, 1, 7, 0, 2, 3]).join(),
      "ids of equal vectors after saving and loading",
    );
  },

  async "index.filter"(place) {
    const { index, oracle } = await place.filled(POOL_ROWS);
    index.remove(place.ids([4, 5, 6]));
    for (const id of place.ids([4, 5, 6])) oracle.rows.delete(id);
    const lists: [string, IndexId[]][] = [
      ["no ids", []],
      ["unknown and removed ids", place.ids([4, 77, 78])],
      ["three ids, one twice", place.ids([30, 2, 30, 11])],
      ["all ids backwards", place.ids(Array.from({ length: POOL_ROWS }, (_, i) => POOL_ROWS - 1 - i))],
      ["every third id", place.ids(Array.from({ length: 14 }, (_, i) => 3 * i))],
    ];
    for (const [name, ids] of lists) {
      const wanted = new Set(ids);
      const filters: [string, IndexFilter<IndexId>][] = [
        ["as a list", { allow: ids }],
        ["as a set", { allow: wanted }],
        ["as an iterator", { allow: { [Symbol.iterator]: () => ids.values() } }],
        ["as a function", (id) => wanted.has(id)],
      ];
      for (const [form, filter] of filters)
        for (const k of [1, 5, 100]) {
          const expected = oracle.search(place.query(3), k, (id) => wanted.has(id));
          const what = `the ${k} best of ${name}, ${form}`;
          place.sameMatches(index.search(place.query(3), k, { filter }), expected, what);
          const queries = place.rows([0, 0]);
          queries.data.set(place.query(3), place.dim);
          const [, found] = await index.searchBatch(queries, k, { filter });
          place.sameMatches(found, expected, `${what}, in a batch`);
        }
    }
  },

  async "index.k"(place) {
    const { t } = place;
    const { index, oracle } = await place.filled(9);
    index.remove(place.ids([1]));
    oracle.rows.delete(place.id(1));
    for (const k of [1, 7, 8, 9, 1000, 2 ** 40])
      place.sameMatches(index.search(place.query(5), k), oracle.search(place.query(5), k), `k ${k} of 8`);
    for (const k of [0, -1, 1.5, Number.NaN, Number.POSITIVE_INFINITY, "3" as unknown as number]) {
      t.throws("INVALID_ARGUMENT", () => index.search(place.query(5), k), `search with k ${k}`);
      await t.rejects(
        "INVALID_ARGUMENT",
        () => index.searchBatch(place.rows([1]), k),
        `searchBatch with k ${k}`,
      );
    }
  },

  async "index.query"(place) {
    const { t, dim } = place;
    const { index } = await place.filled(5);
    for (const bad of [Number.NaN, Number.POSITIVE_INFINITY]) {
      const query = place.query(1);
      query[dim - 1] = bad;
      const { details } = t.throws("NOT_FINITE", () => index.search(query, 2), `a query with ${bad}`);
      t.equal(details["column"], dim - 1, "details.column");
      const queries = place.rows([0, 1, 2]);
      queries.data[2 * dim] = bad;
      const error = await t.rejects("NOT_FINITE", () => index.searchBatch(queries, 2), `queries with ${bad}`);
      t.equal(error.details["row"], 2, "details.row");
    }
    const long = new Float32Array(dim + 1).fill(1);
    t.throws("DIM_MISMATCH", () => index.search(long, 2), "a query of another dim");
    const queries = { data: long, dim: dim + 1, count: 1 };
    await t.rejects("DIM_MISMATCH", () => index.searchBatch(queries, 2), "queries of another dim");
  },

  async "index.batch"(place) {
    const { t } = place;
    const { index } = await place.filled(POOL_ROWS);
    index.remove(place.ids([7]));
    for (const count of [0, 1, 2, 33, 130]) {
      const queries = place.rows(Array.from({ length: count }, (_, i) => (3 * i) % POOL_ROWS));
      const copy = queries.data.slice();
      const batch = await index.searchBatch(queries, 6);
      t.equal(batch.length, count, "number of lists of matches");
      batch.forEach((found, i) => {
        const query = copy.slice(i * place.dim, (i + 1) * place.dim);
        place.sameMatches(found, index.search(query, 6), `query ${i} of ${count}`);
      });
      t.same(queries.data, copy, "the queries after a search");
    }
    const aborted = AbortSignal.abort(new Error("no longer wanted"));
    const search = (): Promise<unknown> => index.searchBatch(place.rows([1, 2]), 6, { signal: aborted });
    await t.rejects("ABORTED", search, "searchBatch with a signal that was aborted before");
    const later = new AbortController();
    const many = place.rows(Array.from({ length: 2000 }, (_, i) => i % POOL_ROWS));
    const running = index.searchBatch(many, 6, { signal: later.signal });
    later.abort();
    try {
      const found = await running;
      t.equal(found.length, 2000, "lists of matches of a search that ended before it could be aborted");
    } catch (error) {
      await t.rejects("ABORTED", () => Promise.reject(error), "searchBatch aborted on its way");
    }
  },
};
