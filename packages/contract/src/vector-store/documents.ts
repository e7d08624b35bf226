/** Laws of documents by text: the behaviours of LangChain's standard tests for vector stores. */
import type { StoredDocument } from "./document-store.ts";
import { sorted } from "./point-place.ts";
import { document, type StoreChecks } from "./store-place.ts";

export const documentLaws: StoreChecks<
  | "store.empty"
  | "store.add"
  | "store.apart"
  | "store.delete"
  | "store.bulk"
  | "store.missing"
  | "store.again"
  | "store.replace"
  | "store.get"
  | "store.unknown"
  | "store.made"
  | "store.own"
> = {
  async "store.empty"(place) {
    const { supports, t } = place;
    const store = await place.create();
    const [query] = place.rows(1, 6);
    t.equal((await store.similaritySearch("foo", 1)).length, 0, "documents found");
    t.equal((await store.similaritySearchWithScore("foo", 1)).length, 0, "documents found with scores");
    t.equal((await store.similaritySearchVectorWithScore(query, 9)).length, 0, "documents found by a vector");
    if (supports.mmr) {
      const found = await store.maxMarginalRelevanceSearch!("foo", { k: 3 }, undefined);
      t.equal(found.length, 0, "documents found by relevance");
    }
    await store.addDocuments([]);
    await store.addVectors([], []);
    t.equal((await store.similaritySearch("foo", 1)).length, 0, "documents found after adding none");
  },

  async "store.add"(place) {
    const { supports, t } = place;
    const store = await place.create();
    const added = [document("foo", 1), document("bar", 2)];
    const before = sorted(added);
    const ids = await store.addDocuments(added);
    t.equal(sorted(added), before, "the documents after they were added");
    if (supports.ids) t.equal(new Set(ids ?? []).size, 2, "different ids returned");
    const withId = ({ pageContent, metadata }: StoredDocument, i: number): StoredDocument => ({
      pageContent,
      metadata,
      ...(ids && { id: ids[i] }),
    });
    const [foo, bar] = added.map(withId);
    place.same(await store.similaritySearch("bar", 2), [bar, foo], "found by bar");
    place.same(await store.similaritySearch("foo", 2), [foo, bar], "found by foo");
    place.same(await store.similaritySearch("foo", 1), [foo], "the one found by foo");
    await store.addDocuments([document("baz", 3)]);
    place.same(await store.similaritySearch("baz", 1), [document("baz", 3)], "found by what was added later");
    t.equal((await store.similaritySearch("baz", 9)).length, 3, "documents found in all");
  },

  async "store.apart"(place) {
    const first = await place.texts("foo", "bar");
    const second = await place.create();
    place.t.equal((await second.similaritySearch("foo", 4)).length, 0, "documents found in a new store");
    await second.addDocuments([document("baz", 9)]);
    place.same(await second.similaritySearch("foo", 4), [document("baz", 9)], "found in the second store");
    place.t.equal((await first.similaritySearch("foo", 4)).length, 2, "documents found in the first store");
  },

  async "store.delete"(place) {
    const store = await place.create();
    const ids = await store.addDocuments([document("foo", 1), document("bar", 2)], { ids: ["1", "2"] });
    place.t.equal(ids?.join(), "1,2", "ids returned");
    await store.delete!({ ids: ["1"] });
    place.same(await store.similaritySearch("foo", 1), [document("bar", 2, "2")], "found after foo went");
  },

  async "store.bulk"(place) {
    const store = await place.texts("foo", "bar", "baz");
    await store.delete!({ ids: ["1", "2"] });
    place.same(await store.similaritySearch("foo", 3), [document("baz", 3, "3")], "found after two went");
    await store.delete!({ ids: ["3"] });
    place.t.equal((await store.similaritySearch("foo", 3)).length, 0, "found after all went");
    await store.addDocuments([document("bar", 7)], { ids: ["2"] });
    place.same(
      await store.similaritySearch("foo", 3),
      [document("bar", 7, "2")],
      "found after one came back",
    );
  },

  async "store.missing"(place) {
    const store = await place.create();
    await store.delete!({ ids: ["1"] });
    const other = await place.texts("foo", "bar");
    await other.delete!({ ids: ["3", "", "1 ", "__proto__"] });
    place.t.equal((await other.similaritySearch("foo", 9)).length, 2, "documents left");
  },

  async "store.again"(place) {
    const store = await place.texts("foo", "bar");
    const expected = [document("bar", 2, "2"), document("foo", 1, "1")];
    for (const _ of [1, 2]) {
      const ids = await store.addDocuments([document("foo", 1), document("bar", 2)], { ids: ["1", "2"] });
      place.t.equal(ids?.join(), "1,2", "ids returned");
      place.same(await store.similaritySearch("bar", 9), expected, "found after the same was added again");
    }
  },

  async "store.replace"(place) {
    const store = await place.texts("foo", "bar");
    const fresh: StoredDocument = { pageContent: "new foo", metadata: { number: 1, changed: true } };
    await store.addDocuments([fresh], { ids: ["1"] });
    const expected = [{ ...fresh, id: "1" }, document("bar", 2, "2")];
    place.same(await store.similaritySearch("new foo", 9), expected, "found by the new text");
    const score = async (text: string): Promise<number> => {
      const found = await store.similaritySearchWithScore(text, 9);
      return (place.supports.scores === "similarity" ? 1 : -1) * found.find(([{ id }]) => id === "1")![1];
    };
    place.t.ok(
      (await score("new foo")) > (await score("foo")),
      "the new text is nearer to it than the old one",
    );
  },

  async "store.get"(place) {
    const store = await place.texts("foo", "bar", "baz");
    const found = await store.getByIds!(["3", "1"]);
    const byId = [...found].sort((a, b) => (a.id! < b.id! ? -1 : 1));
    place.same(byId, [document("foo", 1, "1"), document("baz", 3, "3")], "got by two ids");
    place.t.equal((await store.getByIds!([])).length, 0, "documents got by no ids");
  },

  async "store.unknown"(place) {
    const { t } = place;
    const empty = await place.create();
    t.equal((await empty.getByIds!(["1", "2"])).length, 0, "documents got from an empty store");
    const store = await place.texts("foo");
    const found = await store.getByIds!(["2", "1", "constructor"]);
    place.same(found, [document("foo", 1, "1")], "got by one known id among unknown ones");
    if (!place.supports.delete) return;
    await store.delete!({ ids: ["1"] });
    t.equal((await store.getByIds!(["1"])).length, 0, "documents got by an id that was deleted");
  },

  async "store.made"(place) {
    const { t } = place;
    const store = await place.create();
    const added = [document("foo", 1), document("bar", 2)];
    const ids = (await store.addDocuments(added)) ?? [];
    t.equal(ids.length, 2, "ids returned");
    t.ok(
      ids.every((id) => typeof id === "string" && id !== "") && ids[0] !== ids[1],
      "each has an id of its own",
    );
    const [hit] = await store.similaritySearch("bar", 1);
    t.equal(hit.id, ids[1], "id of the document found");
    if (place.supports.getByIds)
      for (const [i, id] of ids.entries())
        place.same(await store.getByIds!([id]), [{ ...added[i], id }], "got by the id that was made");
    const more = (await store.addDocuments(added)) ?? [];
    t.equal(
      new Set([...ids, ...more]).size,
      4,
      "different ids of documents that were added twice without ids",
    );
    t.equal((await store.similaritySearch("bar", 9)).length, 4, "documents found");
  },

  async "store.own"(place) {
    const { t } = place;
    const store = await place.create();
    const ids = (await store.addDocuments([document("foo", 1, "own"), document("bar", 2)])) ?? [];
    t.equal(ids[0], "own", "id returned for a document that has one");
    t.ok(typeof ids[1] === "string" && ids[1] !== "own", "the other gets an id");
    place.same(await store.similaritySearch("foo", 1), [document("foo", 1, "own")], "found by its text");
    await store.addDocuments([document("new foo", 3, "own")]);
    t.equal((await store.similaritySearch("foo", 9)).length, 2, "documents after the own id came again");
    const given = await store.addDocuments([document("baz", 4, "own")], { ids: ["given"] });
    t.equal(given?.join(), "given", "id returned where options.ids has another");
    place.same(await store.similaritySearch("baz", 1), [document("baz", 4, "given")], "found by its text");
    t.equal((await store.similaritySearch("foo", 9)).length, 3, "documents in all");
    const [a, b] = place.rows(2, 6);
    const byVector = await store.addVectors([a, b], [document("a", 5, "va"), document("b", 6)], {
      ids: ["own", "vb"],
    });
    t.equal(byVector?.join(), "own,vb", "ids returned by addVectors");
  },
};
