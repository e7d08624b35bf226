/** Laws of what an index holds: adding, replacing, removing, reading back. */
import type { Vectors } from "@pith/codec-core";
import { type IndexChecks, type Place, POOL_ROWS } from "./place.ts";
import type { IndexId, VectorIndex } from "./vector-index.ts";

type Change = "add" | "upsert";

export const contentLaws: IndexChecks<
  | "index.empty"
  | "index.add"
  | "index.upsert"
  | "index.remove"
  | "index.get"
  | "index.unretained"
  | "index.ids"
  | "index.stats"
> = {
  async "index.empty"(place) {
    const { t } = place;
    const empty = await place.create();
    empty.add([], place.rows([]));
    for (const index of [empty, await place.reload(empty), await emptied(place)]) {
      t.equal(index.size, 0, "size");
      t.ok(!index.has(place.id(1)), "has no id");
      t.equal(index.get(place.id(1)), undefined, "get");
      t.equal(index.remove(place.ids([1, 2])), 0, "ids removed");
      t.equal(index.search(place.query(1), 5).length, 0, "matches");
      t.equal(
        index.search(place.query(1), 5, { filter: { allow: place.ids([1]) } }).length,
        0,
        "matches of a list",
      );
      t.equal((await index.searchBatch(place.rows([1, 2]), 5)).length, 2, "lists of matches for two queries");
      t.equal((await index.searchBatch(place.rows([]), 5)).length, 0, "lists of matches for no queries");
      t.equal(index.stats().count, 0, "stats().count");
      index.add(place.ids([1]), place.rows([1]));
      t.equal(index.search(place.query(2), 5).length, 1, "matches after adding to an empty index");
    }
  },

  async "index.add"(place) {
    await takesAllOrNone(place, "add");
    const { t } = place;
    const { index, oracle } = await place.filled(9);
    const refused = (): void => index.add(place.ids([20, 8, 21]), place.rows([1, 2, 3]));
    t.throws("DUPLICATE_ID", refused, "add of an id that is there");
    place.sameIndex(index, oracle, "the index after a refused add");
    t.ok(!index.has(place.id(20)), "no row of a refused add is there");
    index.add(place.ids([20, 21]), place.rows([1, 2]));
    oracle.set(place.ids([20, 21]), [1, 2]);
    place.sameIndex(index, oracle, "the index after an add");
  },

  async "index.upsert"(place) {
    await takesAllOrNone(place, "upsert");
    const { t } = place;
    const { index, oracle } = await place.filled(9);
    const counts = index.upsert(place.ids([30, 4, 2, 31]), place.rows([9, 10, 11, 12]));
    oracle.set(place.ids([30, 4, 2, 31]), [9, 10, 11, 12]);
    t.equal(counts.added, 2, "rows added");
    t.equal(counts.replaced, 2, "rows replaced");
    place.sameIndex(index, oracle, "the index after an upsert");
    // Equal to row 0: the replaced id has to rank where it was added, between ids 0 and 8.
    index.upsert(place.ids([8, 5]), place.rows([0, 0]));
    oracle.set(place.ids([8, 5]), [0, 0]);
    place.sameMatches(
      index.search(place.query(0), 9),
      oracle.search(place.query(0), 9),
      "ties after an upsert",
    );
  },

  async "index.remove"(place) {
    const { t } = place;
    const { index, oracle } = await place.filled(12);
    t.equal(index.remove(place.ids([3, 99, 3, 7])), 2, "ids removed of 3, 99, 3 and 7");
    for (const id of place.ids([3, 7])) oracle.rows.delete(id);
    place.sameIndex(index, oracle, "the index after a removal");
    t.ok(!index.has(place.id(3)), "a removed id isn't there");
    t.equal(index.get(place.id(3)), undefined, "get of a removed id");
    t.equal(index.remove(place.ids([3])), 0, "ids removed a second time");
    index.add(place.ids([3]), place.rows([0]));
    oracle.set(place.ids([3]), [0]);
    place.sameIndex(index, oracle, "the index after an id came back");
    t.equal(index.remove(new Set(oracle.rows.keys())), 11, "ids removed by a set of all");
    t.equal(index.size, 0, "size after all were removed");
  },

  async "index.get"(place) {
    const { t, maker } = place;
    const { index, oracle } = await place.filled(7);
    if (maker.codec.supports.decode === "none") {
      t.throws("NOT_SUPPORTED", () => index.get(place.id(2)), "get where the codec doesn't decode");
      return;
    }
    const original = place.rows([2]).data;
    const kept = index.get(place.id(2))!;
    const decoded = oracle.decoded(place.id(2))!;
    // As decoded, or as kept beside the codes in float32 or float16.
    const isKept = kept.every(
      (x, j) => Math.abs(x - original[j]) <= 2 ** -11 * Math.abs(original[j]) + 2 ** -24,
    );
    if (!isKept) t.same(kept, decoded, "get of id 2");
    const copy = kept.slice();
    kept.fill(0);
    t.same(index.get(place.id(2))!, copy, "get after an earlier result was overwritten");
    t.equal(index.get(place.id(50)), undefined, "get of an unknown id");
  },

  async "index.unretained"(place) {
    const { t } = place;
    const index = await place.create();
    const oracle = place.oracle();
    const ids = place.ids([0, 1, 2, 4]);
    const rows = place.rows([0, 1, 2, 4]);
    index.add(ids, rows);
    oracle.set(place.ids([0, 1, 2, 4]), [0, 1, 2, 4]);
    t.equal(ids.join(), place.ids([0, 1, 2, 4]).join(), "the ids after adding");
    t.same(rows.data, place.rows([0, 1, 2, 4]).data, "the vectors after adding");
    ids.reverse();
    rows.data.fill(9);
    place.sameIndex(index, oracle, "the index after its input changed");
    const later = place.rows([5, 6]);
    index.upsert(place.ids([1, 5]), later);
    oracle.set(place.ids([1, 5]), [5, 6]);
    later.data.fill(9);
    place.sameIndex(index, oracle, "the index after the input of upsert changed");
    const query = place.query(1);
    const found = index.search(query, 3) as { id: IndexId; score: number }[];
    t.same(query, place.query(1), "the query after a search");
    for (const match of found) match.score = 7;
    place.sameMatches(
      index.search(query, 3),
      oracle.search(query, 3),
      "matches after earlier ones were changed",
    );
    const bytes = index.toBytes();
    const copy = bytes.slice();
    bytes.fill(0);
    t.same(index.toBytes(), copy, "bytes after earlier ones were overwritten");
  },

  async "index.ids"(place) {
    const { t, kind } = place;
    const odd = ODD_IDS[kind];
    const index = await place.create();
    index.add(odd, place.rows(odd.keys()));
    for (const reached of [index, await place.reload(index)]) {
      t.equal(reached.size, odd.length, "size");
      for (const id of odd) t.ok(reached.has(id), `has ${JSON.stringify(String(id))}`);
      const found = new Set(reached.search(place.query(0), POOL_ROWS).map((match) => match.id));
      for (const id of odd) t.ok(found.has(id), `finds ${JSON.stringify(String(id))}`);
      t.equal(reached.remove(odd.slice(1)), odd.length - 1, "ids removed");
    }
    for (const id of UNFIT_IDS[kind]) {
      const fresh = await place.create();
      t.throws("INVALID_ARGUMENT", () => fresh.add([id], place.rows([0])), `add of the id ${String(id)}`);
      t.equal(fresh.size, 0, "size after a refused id");
    }
  },

  async "index.stats"(place) {
    const { t, maker } = place;
    const { index } = await place.filled(10);
    index.remove(place.ids([2, 3]));
    for (const reached of [index, await place.reload(index)]) {
      const { count, bytesPerVector } = reached.stats();
      t.equal(count, 8, "stats().count");
      t.ok(
        bytesPerVector >= maker.codec.stride,
        `bytesPerVector ${bytesPerVector} is no less than the stride`,
      );
    }
  },
};

const ODD_IDS: { readonly [kind: string]: readonly IndexId[] } = {
  string: [
    "",
    " ",
    "a",
    "A",
    "__proto__",
    "constructor",
    "0",
    "00",
    "line\nbreak\0",
    "é",
    "e\u0301",
    "🦴",
    "x".repeat(5000),
  ],
  number: [0, -1, 1, 2 ** 31, 2 ** 32, -(2 ** 40), Number.MAX_SAFE_INTEGER, Number.MIN_SAFE_INTEGER],
  bigint: [0n, -1n, 1n, 2n ** 53n, 2n ** 53n + 1n, 2n ** 63n - 1n, -(2n ** 63n)],
};

const UNFIT_IDS: { readonly [kind: string]: readonly IndexId[] } = {
  string: ["\ud800", undefined as unknown as string, null as unknown as string, {} as unknown as string],
  number: [1.5, Number.NaN, Number.POSITIVE_INFINITY, 2 ** 53],
  bigint: [2n ** 63n, -(2n ** 63n) - 1n],
};

async function emptied(place: Place): Promise<VectorIndex> {
  const { index } = await place.filled(5);
  index.remove(place.ids([0, 1, 2, 3, 4]));
  return index;
}

/** What add and upsert refuse alike, without a trace. */
async function takesAllOrNone(place: Place, change: Change): Promise<void> {
  const { t, dim } = place;
  const { index, oracle } = await place.filled(9);
  const bytes = index.toBytes();
  const nan = place.rows([1, 2, 3]);
  nan.data[nan.data.length - 1] = Number.NaN;
  const wide: Vectors = { data: new Float32Array(3 * (dim + 1)).fill(1), dim: dim + 1, count: 3 };
  const short: Vectors = { data: new Float32Array(2 * dim).fill(1), dim, count: 3 };
  const good = place.rows([1, 2, 3]);
  const cases = [
    ["DUPLICATE_ID", place.ids([40, 41, 40]), good, "an id that repeats"],
    ["ID_COUNT_MISMATCH", place.ids([40, 41]), good, "fewer ids than rows"],
    ["ID_COUNT_MISMATCH", place.ids([40, 41, 42, 43]), good, "more ids than rows"],
    ["DIM_MISMATCH", place.ids([40, 41, 42]), wide, "another dim"],
    [
      "NOT_FINITE",
      place.ids([40, 1, 42].map((i) => (change === "add" ? i + 50 : i))),
      nan,
      "a NaN in the last row",
    ],
    ["LENGTH_MISMATCH", place.ids([40, 41, 42]), short, "fewer floats than rows"],
  ] as const;
  for (const [code, ids, rows, what] of cases) {
    t.throws(code, () => index[change](ids, rows), `${change} of ${what}`);
    place.sameIndex(index, oracle, `the index after ${change} of ${what}`);
    t.same(index.toBytes(), bytes, `bytes of the index after ${change} of ${what}`);
  }
}
