/** Laws of what a document store says of itself, and of what it is given. */
import type { StoredDocument } from "./document-store.ts";
import { documentsAsPoints } from "./documents-as-points.ts";
import { pointInputLaws } from "./point-inputs.ts";
import type { PointLaw } from "./point-laws.ts";
import { type PointChecks, PointPlace, sorted } from "./point-place.ts";
import type { PointStore } from "./point-store.ts";
import { pointLaws } from "./points.ts";
import { document, type StoreChecks, TEXT_DIM } from "./store-place.ts";

const POINT_CHECKS: PointChecks<PointLaw> = { ...pointLaws, ...pointInputLaws };

export const storeInputLaws: StoreChecks<
  "store.manifest" | "store.points" | "store.metadata" | "store.input" | "store.unretained"
> = {
  async "store.manifest"(place) {
    const { t, supports, maker } = place;
    const { metric, scoreError, filters, scores, saves } = supports;
    const flags = ["exact", "zeroVectors", "ids", "getByIds", "delete", "mmr", "checks", "reopens"] as const;
    for (const flag of flags) t.ok(typeof supports[flag] === "boolean", `supports.${flag} is true or false`);
    t.ok(["cosine", "dot", "l2"].includes(metric), `supports.metric is a metric: ${metric}`);
    t.ok(scoreError >= 0, `supports.scoreError is 0 or more: ${scoreError}`);
    t.ok(["similarity", "distance"].includes(scores), `supports.scores is known: ${scores}`);
    t.ok(["same bytes", "same documents", "none"].includes(saves), `supports.saves is known: ${saves}`);
    t.equal(
      maker.save !== undefined && maker.load !== undefined,
      saves !== "none",
      "save and load are there",
    );
    t.equal(maker.reopen !== undefined, supports.reopens, "reopen is there");
    const store = await place.texts("foo", "bar");
    if (!supports.getByIds) t.ok(store.getByIds === undefined, "getByIds isn't there");
    if (!supports.mmr)
      t.ok(store.maxMarginalRelevanceSearch === undefined, "maxMarginalRelevanceSearch isn't there");
    const refused = async (action: () => Promise<unknown>, what: string): Promise<void> => {
      const error = await action().then(
        () => undefined,
        (error: unknown) => error ?? "undefined",
      );
      t.ok(error !== undefined, `${what}, which isn't supported, is refused`);
    };
    if (!supports.delete && store.delete) await refused(() => store.delete!({ ids: ["1"] }), "delete");
    if (!filters.includes("function"))
      await refused(() => store.similaritySearch("foo", 2, () => false), "a function as filter");
    if (!filters.includes("object"))
      await refused(() => store.similaritySearch("foo", 2, { number: 9 }), "an object as filter");
    t.equal((await store.similaritySearch("foo", 9)).length, 2, "documents after all this");
  },

  async "store.points"(place) {
    const { t } = place;
    const similarity = place.supports.scores === "similarity";
    // Distances may have any scale; "store.order" looks at what they find.
    const supports = similarity
      ? place.supports
      : { ...place.supports, scoreError: Number.POSITIVE_INFINITY };
    for (const [law, check] of Object.entries(POINT_CHECKS)) {
      const create = async (): Promise<PointStore> =>
        documentsAsPoints(await place.create(), place.supports.scores, TEXT_DIM);
      try {
        await check(new PointPlace(t, { supports, create }, TEXT_DIM, place.seed));
      } catch (error) {
        if (error instanceof Error) error.message = `${law}: ${error.message}`;
        throw error;
      } finally {
        await place.dispose();
      }
    }
  },

  async "store.metadata"(place) {
    const { t, supports } = place;
    const metadata: Record<string, unknown>[] = [
      {},
      { id: "an id of its own", score: 1, pageContent: "not the text" },
      { nested: { list: [1, "two", { three: [true, null] }], empty: {} } },
      {
        text: 'é "quoted" \\ 🗾\n\u0000',
        zero: 0,
        fraction: -0.1,
        large: 2 ** 53 - 1,
        no: false,
        nothing: null,
      },
    ];
    const store = await place.create();
    const rows = place.rows(metadata.length, 6);
    const texts = ["", "\n", "é 🗾 \u0000", "x".repeat(10_000)];
    const documents = metadata.map((m, i) => ({ pageContent: texts[i], metadata: m }));
    const before = sorted(documents);
    const ids = await store.addVectors(rows, documents);
    t.equal(sorted(documents), before, "documents after they were added");
    const found = await store.similaritySearchVectorWithScore(rows[0], 9);
    const inOrder = documents.map(
      ({ pageContent }) => found.map(([d]) => d).find((d) => d.pageContent === pageContent)!,
    );
    place.same(inOrder, documents, "documents found");
    if (!supports.getByIds) return;
    for (const [i, id] of (ids ?? []).entries())
      place.same(await store.getByIds!([id]), [{ ...documents[i], id }], "document got by its id");
  },

  async "store.input"(place) {
    const { t } = place;
    const filled = await place.filled(6);
    const { store } = filled;
    const rows = place.rows(2, 6, 2);
    const two = [document("a", 1), document("b", 2)];
    const refused = async (action: () => Promise<unknown>, what: string): Promise<void> => {
      await t.rejects(undefined, action, what);
      await place.holds(filled, `after ${what} was refused`);
    };
    for (const bad of [Number.NaN, Number.POSITIVE_INFINITY]) {
      const row = [...rows[1].slice(1), bad];
      await refused(() => store.addVectors([rows[0], row], two), `adding ${bad} in the last vector`);
      await refused(() => store.similaritySearchVectorWithScore(row, 2), `a query with ${bad}`);
    }
    const holes = [1, 2, 3, 4, 5, null as unknown as number];
    await refused(() => store.addVectors([rows[0], holes], two), "adding a vector with null in it");
    const long = [...rows[1], 1];
    await refused(() => store.addVectors([rows[0], long], two), "adding a vector of another dim");
    await refused(() => store.addVectors([long, long], two), "adding vectors of another dim");
    await refused(() => store.similaritySearchVectorWithScore(long, 2), "a query of another dim");
    await refused(() => store.addVectors([rows[0]], two), "adding a vector too few");
    await refused(() => store.addVectors(rows, two.slice(1)), "adding a document too few");
    await refused(() => store.addVectors([rows[0], []], two), "adding an empty vector");
    if (!place.supports.ids) return;
    await refused(() => store.addVectors(rows, two, { ids: ["a"] }), "adding with an id too few");
    await refused(() => store.addVectors(rows, two, { ids: ["a", "a"] }), "adding an id twice");
    const own = two.map((d) => ({ ...d, id: "a" }));
    await refused(() => store.addVectors(rows, own), "adding two documents of one id");
    const number = [1, 2] as unknown as string[];
    await refused(() => store.addVectors(rows, two, { ids: number }), "adding with numbers as ids");
  },

  async "store.unretained"(place) {
    const { t } = place;
    const store = await place.create();
    const rows = place.rows(3, 6);
    const documents: StoredDocument[] = [1, 2, 3].map((i) => ({
      pageContent: `text of ${i}`,
      metadata: { name: `n${i - 1}`, inner: { list: [i] } },
    }));
    const ids = ["a", "b", "c"];
    const copy = structuredClone({ rows, documents, ids });
    await store.addVectors(rows, documents, { ids });
    t.equal(sorted({ rows, documents, ids }), sorted(copy), "arguments after adding");
    for (const row of rows) row.fill(1);
    for (const d of documents) {
      d.pageContent = "changed";
      (d.metadata["inner"] as { list: unknown[] }).list.push("changed");
    }
    ids.fill("changed");
    const expected = copy.documents.map((d, i) => ({ ...d, id: copy.ids[i] }));
    const held = new Map(copy.rows.map((row, i) => [`n${i}`, row]));
    const all = async (): Promise<StoredDocument[]> => {
      const found = await store.similaritySearchVectorWithScore(copy.rows[0], 3);
      return found.map(([d]) => d).sort((a, b) => (a.pageContent < b.pageContent ? -1 : 1));
    };
    place.same(await all(), expected, "documents after the caller changed theirs");
    await place.holds({ store, rows: held }, "after the caller changed its vectors");
    const query = [...copy.rows[1]];
    await store.similaritySearchVectorWithScore(query, 2);
    t.same(query, copy.rows[1], "the query after a search");
    for (const found of [await all(), (await store.getByIds?.(copy.ids)) ?? []])
      for (const d of found)
        try {
          d.pageContent = "changed";
          d.metadata["name"] = "changed";
          (d.metadata["inner"] as { list: unknown[] }).list.push("changed");
        } catch (error) {
          // What can't be changed at all is as good.
          if (!(error instanceof TypeError)) throw error;
        }
    place.same(await all(), expected, "documents after the caller changed what was found");
  },
};
