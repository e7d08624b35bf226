/** What a store does for LangChain, in memory and in a folder alike. */
import { Document } from "@langchain/core/documents";
import { VectorStoreRetriever } from "@langchain/core/vectorstores";
import { describe, expect, test, vi } from "vitest";
import { PithVectorStore } from "../../src/langchain/index.ts";
import { documents, fails, gaussians, places, TextEmbeddings } from "./places.ts";

const embeddings = new TextEmbeddings(6);

describe.each(places)("a store %s", (_, make) => {
  const text = (found: Document[]): string[] => found.map(({ pageContent }) => pageContent);

  test("is empty at first", async () => {
    const store = await make(embeddings);
    expect(store.size).toBe(0);
    expect(store.stats()).toBeUndefined();
    expect(await store.similaritySearch("foo", 1)).toEqual([]);
    expect(await store.maxMarginalRelevanceSearch("foo", { k: 2 })).toEqual([]);
    expect(await store.getByIds(["x"])).toEqual([]);
    await store.delete({ ids: ["x"] });
    await store.delete({ filter: {} });
    expect(await store.addDocuments([])).toEqual([]);
    expect(await store.addVectors([], [])).toEqual([]);
    await store.compact();
    await store.close();
  });

  test("finds what was added, as it was, best first", async () => {
    const store = await make(embeddings);
    const added = [
      { pageContent: "foo", metadata: { id: 1, nested: { a: [1, { b: null }] } } },
      { pageContent: "bar", metadata: { id: 2 } },
    ];
    const copy = structuredClone(added);
    const ids = await store.addDocuments(added);
    expect(ids).toHaveLength(2);
    expect(await store.similaritySearch("bar", 2)).toEqual([
      new Document<Record<string, unknown>>({ ...copy[1], id: ids[1] }),
      new Document<Record<string, unknown>>({ ...copy[0], id: ids[0] }),
    ]);
    expect(added).toEqual(copy);
    const [[found, score], [, lower]] = await store.similaritySearchWithScore("bar", 2);
    expect(found).toBeInstanceOf(Document);
    expect(score).toBeCloseTo(1, 4);
    expect(lower).toBeLessThan(score);
    await store.close();
  });

  test("takes ids from the call, else from the document, else makes them", async () => {
    const store = await make(embeddings);
    const [a, b, c] = ["a", "b", "c"].map((pageContent) => ({
      pageContent,
      metadata: {},
      id: `own-${pageContent}`,
    }));
    const { id: _id, ...nameless } = c;
    const ids = await store.addDocuments([a, b, nameless], { ids: ["given", undefined, undefined] });
    expect(ids.slice(0, 2)).toEqual(["given", "own-b"]);
    expect(ids[2]).toMatch(/^[0-9a-f]{8}-[0-9a-f]{4}-4[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$/);
    expect(text(await store.getByIds([ids[2], "given", "own-a", "own-b"]))).toEqual(["c", "a", "b"]);
    expect(await store.addVectors([[1, 0, 0, 0, 0, 0]], [a], { ids: ["v"] })).toEqual(["v"]);
    await store.close();
  });

  test("replaces what has the same id", async () => {
    const store = await make(embeddings);
    const add = (pageContent: string, id: string, metadata = {}): Promise<string[]> =>
      store.addDocuments([{ pageContent, metadata, id }]);
    await add("foo", "1");
    await add("bar", "2");
    await add("bar", "2");
    expect(store.size).toBe(2);
    await add("new foo", "1", { version: 2 });
    expect(await store.similaritySearch("new foo", 3)).toEqual([
      new Document({ pageContent: "new foo", metadata: { version: 2 }, id: "1" }),
      new Document({ pageContent: "bar", metadata: {}, id: "2" }),
    ]);
    expect(await store.similaritySearch("foo", 3, { version: { $exists: false } })).toHaveLength(1);
    await store.close();
  });

  test("removes by id and by filter; unknown ids are fine", async () => {
    const store = await make(embeddings);
    await store.addVectors(gaussians(10, 6, 1), documents(10));
    await store.delete({ ids: ["d0", "d1", "nobody", "d0"] });
    expect(store.size).toBe(8);
    await store.delete({ filter: { n: { $gte: 8 } } });
    await store.delete({ filter: (document) => document.id === "d2" });
    expect((await store.similaritySearch("x", 99)).map(({ id }) => id).sort()).toEqual([
      "d3",
      "d4",
      "d5",
      "d6",
      "d7",
    ]);
    expect(text(await store.getByIds(["d9", "d3", "d3"]))).toEqual(["text 3", "text 3"]);
    await store.delete({ filter: {} });
    expect(store.size).toBe(0);
    expect(await store.similaritySearch("x", 1)).toEqual([]);
    await store.addVectors(gaussians(1, 6, 2), documents(1));
    expect(store.size).toBe(1);
    await store.close();
  });

  test("gives k whenever k match, and all that match where fewer do", async () => {
    const store = await make(embeddings, { encodeFrom: 0 });
    const vectors = gaussians(500, 6, 3);
    await store.addVectors(vectors, documents(500));
    const all = await store.similaritySearchVectorWithScore(vectors[0], 500);
    expect(all.map(([, score]) => score)).toEqual(all.map(([, score]) => score).sort((a, b) => b - a));
    const rare = (d: Document): boolean => Number(d.metadata["n"]) % 50 === 7;
    const expected = all.filter(([d]) => rare(d));
    expect(expected).toHaveLength(10);
    expect(await store.similaritySearchVectorWithScore(vectors[0], 10, rare)).toEqual(expected);
    const listed = { n: { $in: expected.map(([d]) => d.metadata["n"] as number) } };
    expect(await store.similaritySearchVectorWithScore(vectors[0], 10, listed)).toEqual(expected);
    expect(await store.similaritySearchVectorWithScore(vectors[0], 99, listed)).toEqual(expected);
    expect(await store.similaritySearchVectorWithScore(vectors[0], 3, listed)).toEqual(expected.slice(0, 3));
    expect(await store.similaritySearchVectorWithScore(vectors[0], 3, { n: -1 })).toEqual([]);
    expect(await store.similaritySearchVectorWithScore(vectors[0], 0)).toEqual([]);
    expect(await store.similaritySearchVectorWithScore(vectors[0], 0, { n: 1 })).toEqual([]);
    await store.close();
  });

  test("shows filters and callers the same metadata: what JSON makes of them", async () => {
    const store = await make(embeddings);
    const metadata = {
      at: new Date(0),
      gone: undefined,
      odd: Number.NaN,
      deep: { list: [undefined, new Date(1)] },
    };
    await store.addDocuments([{ pageContent: "x", metadata, id: "x" }]);
    const stored = {
      at: "1970-01-01T00:00:00.000Z",
      odd: null,
      deep: { list: [null, "1970-01-01T00:00:00.001Z"] },
    };
    const seen: unknown[] = [];
    const [found] = await store.similaritySearch("x", 1, (document) => {
      seen.push(structuredClone(document.metadata));
      return typeof document.metadata["at"] === "string";
    });
    expect(seen).toEqual([stored]);
    expect(found.metadata).toEqual(stored);
    expect(await store.similaritySearch("x", 1, { at: new Date(0), gone: { $exists: false } })).toHaveLength(
      1,
    );
    expect(metadata.at).toBeInstanceOf(Date);
    await store.close();
  });

  test("keeps nested metadata, and metadata with an id", async () => {
    const store = await make(embeddings);
    const metadata = { id: "of its own", loc: { lines: { from: 1, to: 9 } } };
    await store.addDocuments([{ pageContent: "x", metadata, id: "x" }]);
    expect(await store.getByIds(["x"])).toEqual([new Document({ pageContent: "x", metadata, id: "x" })]);
    expect(
      await store.similaritySearch("x", 1, { id: "of its own", "loc.lines.to": { $gt: 8 } }),
    ).toHaveLength(1);
    await store.close();
  });

  test("isn't changed by what callers do with documents they gave or got", async () => {
    const store = await make(embeddings);
    const given = { pageContent: "x", metadata: { list: [1] }, id: "x" };
    await store.addDocuments([given]);
    given.metadata.list.push(2);
    const [got] = await store.getByIds(["x"]);
    (got.metadata["list"] as number[]).push(3);
    got.metadata["more"] = true;
    expect((await store.getByIds(["x"]))[0].metadata).toEqual({ list: [1] });
    await store.close();
  });

  test("keeps texts of every kind", async () => {
    const store = await make(embeddings);
    const texts = ["", "\0", "a\0b", "zeile\r\n\u2028", "🙂é\u0301", "x".repeat(200_000)];
    const ids = await store.addDocuments(
      texts.map((pageContent) => ({ pageContent, metadata: { pageContent } })),
    );
    const found = await store.getByIds(ids);
    expect(text(found)).toEqual(texts);
    expect(found.map(({ metadata }) => metadata["pageContent"])).toEqual(texts);
    // A splitter may cut an emoji in two.
    const [half] = await store.addDocuments([{ pageContent: "cut \ud83d", metadata: {} }]);
    expect(text(await store.getByIds([half]))).toEqual(["cut \ufffd"]);
    await store.close();
  });

  test("gives a zero vector and a zero query the cosine 0", async () => {
    const store = await make(embeddings);
    await store.addVectors(
      [
        [0, 0, 0],
        [1, 2, 3],
      ],
      documents(2),
    );
    const scores = async (query: number[]): Promise<unknown> =>
      (await store.similaritySearchVectorWithScore(query, 2)).map(([{ id }, score]) => [id, score]);
    expect(await scores([0, 0, 0])).toEqual([
      ["d0", 0],
      ["d1", 0],
    ]);
    expect(await scores([-1, -2, -3])).toEqual([
      ["d0", 0],
      ["d1", expect.closeTo(-1, 5)],
    ]);
    await store.close();
  });

  test.each(["cosine", "dot", "l2"] as const)(
    "scores %s higher for better, and as a distance lower",
    async (metric) => {
      const [query, ...vectors] = gaussians(40, 5, 4);
      const search = async (
        scoreKind: "similarity" | "distance",
      ): Promise<[string | undefined, number][]> => {
        const store = await make(embeddings, { metric, scoreKind, encodeFrom: 0 });
        await store.addVectors(vectors, documents(39));
        const found = await store.similaritySearchVectorWithScore(query, 39);
        await store.close();
        return found.map(([{ id }, score]) => [id, score]);
      };
      const exact = vectors.map((v) => {
        const dot = v.reduce((sum, x, i) => sum + x * query[i], 0);
        const length = (w: number[]): number => Math.hypot(...w);
        if (metric === "cosine") return dot / length(v) / length(query);
        return metric === "dot" ? dot : -(length(v.map((x, i) => x - query[i])) ** 2);
      });
      const similar = await search("similarity");
      for (const [id, score] of similar) expect(score).toBeCloseTo(exact[Number(id?.slice(1))], 0);
      expect(similar.map(([, score]) => score)).toEqual(
        similar.map(([, score]) => score).sort((a, b) => b - a),
      );
      if (metric === "cosine")
        for (const [, score] of similar) expect(Math.abs(score)).toBeLessThanOrEqual(1);
      const distant = await search("distance");
      expect(distant).toEqual(
        similar.map(([id, score]) => [id, metric === "cosine" ? 1 - score : 0 - score]),
      );
    },
  );

  test("chooses different documents by marginal relevance, from codes alone", async () => {
    const store = await make(
      { embedQuery: async () => [1, 0.2], embedDocuments: async () => [] },
      { encodeFrom: 0 },
    );
    await store.addVectors(
      [
        [1, 0.21],
        [1, 0.22],
        [1, 0.2],
        [0.2, 1],
        [-1, 0],
      ],
      documents(5),
    );
    const ids = async (options: Parameters<typeof store.maxMarginalRelevanceSearch>[1]): Promise<unknown> =>
      (await store.maxMarginalRelevanceSearch("x", options)).map(({ id }) => id);
    expect(await ids({ k: 2, lambda: 1 })).toEqual(["d2", expect.stringMatching(/d[01]/)]);
    expect(await ids({ k: 2, lambda: 0.3, fetchK: 4 })).toEqual(["d2", "d3"]);
    expect(await ids({ k: 2, lambda: 0, filter: { n: { $lt: 4 } } })).toEqual(["d2", "d3"]);
    expect(await ids({ k: 0 })).toEqual([]);
    expect(await ids({ k: 9, fetchK: 1 })).toHaveLength(5);
    await store.close();
  });

  test("makes retrievers of both kinds", async () => {
    const store = await make(embeddings);
    await store.addDocuments(documents(30));
    const plain = store.asRetriever(3, { n: { $lt: 20 } });
    expect(plain).toBeInstanceOf(VectorStoreRetriever);
    expect(plain._vectorstoreType()).toBe("pith");
    const found = await plain.invoke("text 5");
    expect(found.map(({ id }) => id)[0]).toBe("d5");
    expect(found).toHaveLength(3);
    expect(await store.asRetriever(2).invoke("text 29")).toHaveLength(2);
    const mmr = store.asRetriever({
      k: 3,
      searchType: "mmr",
      searchKwargs: { fetchK: 10, lambda: 0.5 },
      filter: (d) => d.id !== "d5",
    });
    const varied = await mmr.invoke("text 5");
    expect(varied).toHaveLength(3);
    expect(varied.map(({ id }) => id)).not.toContain("d5");
    await mmr.addDocuments([{ pageContent: "by the retriever", metadata: {}, id: "r" }]);
    expect(store.size).toBe(31);
    await store.close();
  });

  test("orders changes that are asked for at once, and searches between them see whole ones", async () => {
    const store = await make(embeddings, { encodeFrom: 8 });
    const changes = [];
    for (let i = 0; i < 6; i++) changes.push(store.addDocuments(documents(5, 3 * i)));
    changes.push(store.delete({ ids: ["d0", "d19"] }));
    const sizes = [];
    for (let i = 0; i < 6; i++) sizes.push((await store.similaritySearch("x", 99)).length);
    await Promise.all(changes);
    for (const size of sizes) expect([0, 5, 8, 11, 14, 17, 20, 18]).toContain(size);
    expect(store.size).toBe(18);
    expect(await store.similaritySearch("x", 99)).toHaveLength(18);
    await store.close();
  });

  test("is silent, and works frozen input", async () => {
    const spies = (["log", "warn", "error", "info", "debug"] as const).map((name) => vi.spyOn(console, name));
    const store = await make(embeddings);
    const frozen = Object.freeze({ pageContent: "x", metadata: Object.freeze({ a: 1 }), id: "x" });
    const vector = Object.freeze([1, 2, 3, 4, 5, 6]) as number[];
    await store.addVectors(Object.freeze([vector]) as number[][], Object.freeze([frozen]) as never);
    expect(await store.similaritySearchVectorWithScore(vector, 5, Object.freeze({ a: 1 }))).toHaveLength(1);
    await store.close();
    for (const spy of spies) expect(spy).not.toHaveBeenCalled();
    vi.restoreAllMocks();
  });

  test("is closed for good, once the changes under way are done", async () => {
    const store = await make(embeddings);
    await store.addDocuments(documents(2));
    const under = store.addDocuments(documents(2, 2));
    await store.close();
    expect(await under).toEqual(["d2", "d3"]);
    await store.close();
    store[Symbol.dispose]();
    await fails("DISPOSED", () => store.size);
    await fails("DISPOSED", () => store.addDocuments(documents(1)));
    await fails("DISPOSED", () => store.similaritySearch("x", 1));
    await fails("DISPOSED", () => store.delete({ ids: ["d0"] }));
    await fails("DISPOSED", () => store.getByIds(["d0"]));
    await fails("DISPOSED", () => store.compact());
  });

  test("can be left at once: what isn't safe yet is refused", async () => {
    const store = await make(embeddings, { encodeFrom: 0 });
    await store.addDocuments(documents(2));
    const under = store.addVectors(gaussians(300, 6, 9), documents(300));
    const search = store.similaritySearch("x", 1);
    store[Symbol.dispose]();
    await fails("DISPOSED", () => under);
    await fails("DISPOSED", () => search);
  });

  test("stops when it is told to, with nothing changed", async () => {
    const store = await make(embeddings, { encodeFrom: 0 });
    await store.addDocuments(documents(2));
    await fails("ABORTED", () =>
      store.addVectors(gaussians(300, 6, 9), documents(300), { signal: AbortSignal.abort() }),
    );
    expect(store.size).toBe(2);
    expect(await store.similaritySearch("x", 99)).toHaveLength(2);
    await store.close();
  });

  test("needs no floats that JSON can't hold: typed arrays are vectors too", async () => {
    const store = await make(embeddings);
    const rows = [Float32Array.of(1, 0), Float64Array.of(0, 1), [1, 1]] as unknown as number[][];
    await store.addVectors(rows, documents(3));
    const [[best]] = await store.similaritySearchVectorWithScore(
      Float32Array.of(1, 1) as unknown as number[],
      1,
    );
    expect(best.id).toBe("d2");
    await store.close();
  });
});

describe("a store", () => {
  test("is made of texts or documents in one call", async () => {
    const each = await PithVectorStore.fromTexts(["a", "b"], [{ n: 1 }, { n: 2 }], embeddings);
    expect((await each.similaritySearch("b", 1))[0].metadata).toEqual({ n: 2 });
    const same = await PithVectorStore.fromTexts(["a", "b"], { n: 3 }, embeddings, { metric: "l2" });
    expect(await same.similaritySearch("b", 9, { n: 3 })).toHaveLength(2);
    expect((await PithVectorStore.fromTexts([], [], embeddings)).size).toBe(0);
    const documents = await PithVectorStore.fromDocuments(
      [{ pageContent: "a", metadata: {}, id: "x" }],
      embeddings,
    );
    expect(await documents.getByIds(["x"])).toHaveLength(1);
    expect(documents._vectorstoreType()).toBe("pith");
    expect(documents.lc_namespace).toEqual(["langchain", "vectorstores", "pith"]);
  });

  test("keeps neither vectors nor clients in what LangChain serialises", async () => {
    const store = await PithVectorStore.fromTexts(["a"], {}, embeddings);
    expect(store.lc_kwargs).toEqual({});
    expect(JSON.stringify(store.toJSON()).length).toBeLessThan(500);
  });

  test("in memory makes room for what was removed", async () => {
    const store = new PithVectorStore(embeddings, { encodeFrom: 0 });
    await store.addVectors(gaussians(3000, 6, 1), documents(3000));
    await store.delete({ filter: { n: { $gte: 900 } } });
    expect(store.stats()).toMatchObject({ count: 900, tombstones: 0, codeBytes: 900 * 10 });
    const found = await store.similaritySearch("x", 900);
    expect(new Set(found.map(({ metadata }) => metadata["n"])).size).toBe(900);
    await store.delete({ ids: ["d3"] });
    expect(store.stats()?.tombstones).toBe(1);
    await store.compact();
    expect(store.stats()?.tombstones).toBe(0);
    expect(store.size).toBe(899);
  });
});
