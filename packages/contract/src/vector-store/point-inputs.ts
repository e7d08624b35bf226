/** Laws of what a store of points takes and answers: searches, payloads, bad input, memory that is the caller's. */
import { isPithError, type Vectors } from "@pith/codec-core";
import { type PointChecks, sorted } from "./point-place.ts";
import type { PointPayload } from "./point-store.ts";

const PLAIN: readonly PointPayload[] = [
  {},
  { text: "", long: "é🗾".repeat(2000), quoted: 'a "b" \\ c\nd' },
  { zero: 0, negative: -7, large: 2 ** 53 - 1, fraction: 0.1, tiny: 1e-300, yes: true, no: false },
];

/** What databases differ in; a store has to keep these or say that it can't. */
const NESTED: readonly PointPayload[] = [
  { list: ["a", "b"], empty: [] },
  { inner: { deeper: { number: 1 } } },
  { nothing: null, nul: "a\u0000b" },
  { id: "not the point's id", score: "none", vector: "none either" },
  { "a key.with $signs": 1, __proto: 2 },
];

export const pointInputLaws: PointChecks<
  "point.manifest" | "point.search" | "point.payload" | "point.input" | "point.unretained"
> = {
  async "point.manifest"(place) {
    const { t, maker } = place;
    const { metric, scoreError, exact, zeroVectors } = maker.supports;
    t.ok(["cosine", "dot", "l2"].includes(metric), `supports.metric is a metric: ${metric}`);
    t.ok(scoreError >= 0, `supports.scoreError is 0 or more: ${scoreError}`);
    t.ok(typeof exact === "boolean", "supports.exact is true or false");
    t.ok(typeof zeroVectors === "boolean", "supports.zeroVectors is true or false");
    const { store, rows } = await place.filled(5);
    const zero = new Float32Array(place.dim);
    const add = (): Promise<unknown> => store.add(["zero"], place.vectors([zero]), [{}]);
    if (zeroVectors) {
      await add();
      rows.set("zero", zero);
      await place.finds(store, rows, zero, 9, "the query of zeros");
    } else await t.rejects(undefined, add, "a vector of zeros");
    await place.holds(store, rows, zeroVectors ? "with a vector of zeros" : "after one was refused");
  },

  async "point.search"(place) {
    const { store, rows } = await place.filled(60);
    for (const query of [...place.rows(4, 1), ...[...rows.values()].slice(0, 4)])
      for (const k of [1, 7, 59, 60, 5000]) await place.finds(store, rows, query, k, `k ${k} of 60`);
    // Rows of other lengths than the sample's, in the same directions and in opposite ones.
    const scaled = new Map([...rows].slice(0, 10).map(([id, row], i) => [id, row.map((x) => x * (i - 5))]));
    if (!place.maker.supports.zeroVectors) scaled.delete("p5");
    const other = await place.create();
    await place.add(other, scaled);
    await place.holds(other, scaled, "rows of other lengths");
  },

  async "point.payload"(place) {
    const { t } = place;
    const store = await place.create();
    const rows = place.rows(PLAIN.length + NESTED.length);
    const kept = new Map<string, PointPayload>();
    for (const [i, payload] of [...PLAIN, ...NESTED].entries()) {
      const before = sorted(payload);
      try {
        await store.add([`p${i}`], place.vectors([rows[i]]), [payload]);
        kept.set(`p${i}`, payload);
      } catch (error) {
        if (i < PLAIN.length || !isPithError(error)) throw error;
      }
      t.equal(sorted(payload), before, `payload ${i} after it was added`);
    }
    t.equal(await store.count(), kept.size, "points counted");
    await place.payloads(store, kept, "points of all payloads");
    for (const { id, payload } of await store.search(rows[0], 100))
      t.equal(sorted(payload), sorted(kept.get(id)), `payload of the hit ${id}`);
  },

  async "point.input"(place) {
    const { t, dim } = place;
    const { store, rows } = await place.filled(6);
    const good = place.rows(3, 2);
    const ids = ["p1", "n1", "n2"];
    const empty = [{}, {}, {}];
    const refused = async (action: () => Promise<unknown>, what: string): Promise<void> => {
      await t.rejects(undefined, action, what);
      await place.holds(store, rows, `after ${what} was refused`);
      await place.payloads(store, new Map([["p1", place.payload(1)]]), `after ${what} was refused`);
    };
    for (const bad of [Number.NaN, Number.POSITIVE_INFINITY, Number.NEGATIVE_INFINITY]) {
      const vectors = place.vectors(good);
      vectors.data[vectors.data.length - 1] = bad;
      await refused(() => store.add(ids, vectors, empty), `adding ${bad} in the last row`);
      await refused(() => store.search(vectors.data.slice(2 * dim), 2), `a query with ${bad}`);
    }
    const wide: Vectors = place.vectors(
      good.map((row) => [...row, 1]),
      dim + 1,
    );
    await refused(() => store.add(ids, wide, empty), "adding rows of another dim");
    await refused(() => store.search(wide.data.slice(0, dim + 1), 2), "a query of another dim");
    const v = place.vectors(good);
    await refused(() => store.add(["p1", "n1"], v, empty), "adding with an id too few");
    await refused(() => store.add([...ids, "n3"], v, empty), "adding with an id too many");
    await refused(() => store.add(["n1", "p1", "n1"], v, empty), "adding an id twice in a call");
  },

  async "point.unretained"(place) {
    const { t } = place;
    const store = await place.create();
    const rows = new Map(place.rows(5).map((row, i) => [`p${i}`, row]));
    const ids = [...rows.keys()];
    const vectors = place.vectors([...rows.values()]);
    const payloads = ids.map((_, i) => ({ ...place.payload(i) }));
    const before = [ids.join(), sorted(payloads)];
    await store.add(Object.freeze(ids) as string[], vectors, payloads.map(Object.freeze) as PointPayload[]);
    t.same(vectors.data, place.vectors([...rows.values()]).data, "the vectors after adding");
    t.equal([ids.join(), sorted(payloads)].join(), before.join(), "ids and payloads after adding");
    vectors.data.fill(-9);
    await place.holds(store, rows, "after the caller's vectors were overwritten");
    const query = place.rows(1, 1)[0];
    const copy = query.slice();
    const found = await store.search(query, 3);
    t.same(query, copy, "the query after a search");
    const first = sorted(found);
    query.fill(0);
    t.equal(sorted(await store.search(copy, 3)), first, "the same search again");
  },
};
