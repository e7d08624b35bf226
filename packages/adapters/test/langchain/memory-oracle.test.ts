/**
 * LangChain's MemoryVectorStore under the suite that PithVectorStore is under, as an oracle for what both can do; where it
 * breaks a law, it has to be that one and no other. Then both stores side by side, on the same random documents.
 */
import { MemoryVectorStore } from "@langchain/classic/vectorstores/memory";
import { Document } from "@langchain/core/documents";
import { fixtureEmbeddings, isLawFailure, vectorStoreContract } from "@pith/contract";
import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { type PithStoreOptions, PithVectorStore } from "../../src/langchain/index.ts";
import { normalRows } from "./normal-rows.ts";

/** What MemoryVectorStore does otherwise: it holds, and gives out, the very metadata that it was given. */
const BROKEN = ["store.unretained"];

describe("MemoryVectorStore", () => {
  vectorStoreContract({
    test: (name, fn) =>
      BROKEN.some((law) => name.includes(`: ${law}: `))
        ? test(`${name}: isn't so`, async () => {
            await expect((async () => fn())()).rejects.toSatisfy(isLawFailure);
          })
        : test(name, fn),
    name: "MemoryVectorStore",
    supports: {
      metric: "cosine",
      scoreError: 0,
      exact: true,
      zeroVectors: false,
      ids: false,
      getByIds: false,
      delete: false,
      filters: ["function"],
      mmr: true,
      scores: "similarity",
      checks: false,
      saves: "none",
      reopens: false,
    },
    create: (embeddings) => new MemoryVectorStore(embeddings),
  });
});

const DIM = 6;
const number = fc.integer({ min: -20, max: 20 });
// At least one coordinate isn't 0: MemoryVectorStore divides by the length.
const vector = fc
  .array(number, { minLength: DIM, maxLength: DIM })
  .map((row) => [...row.slice(1), row[0] || 1]);
const documents = fc.array(fc.record({ vector, group: fc.nat(3), text: fc.string({ maxLength: 5 }) }), {
  minLength: 1,
  maxLength: 30,
});

/** Where scores are equal to float32's rounding, either order is right: documents are compared by score. */
type Found = [Document, number][];
function agree(actual: Found, expected: Found, scores: ReadonlyMap<unknown, number>): void {
  expect(actual.length).toBe(expected.length);
  expected.forEach(([, score], i) => {
    expect(actual[i][1]).toBeCloseTo(score, 5);
    expect(scores.get(actual[i][0].metadata["n"])).toBeCloseTo(score, 5);
  });
  expect(new Set(actual.map(([d]) => d.metadata["n"])).size).toBe(actual.length);
}

describe("PithVectorStore and MemoryVectorStore", () => {
  test("find the same documents in the same order, with and without filters", async () => {
    await fc.assert(
      fc.asyncProperty(documents, vector, fc.nat(35), async (rows, query, k) => {
        const memory = new MemoryVectorStore(fixtureEmbeddings);
        using pith = new PithVectorStore(fixtureEmbeddings);
        const stored = rows.map(
          ({ group, text }, n) => new Document({ pageContent: text, metadata: { n, group } }),
        );
        for (const store of [memory, pith])
          await store.addVectors(
            rows.map((row) => row.vector),
            stored,
          );
        const all = await memory.similaritySearchVectorWithScore(query, rows.length);
        const scores = new Map(all.map(([d, score]) => [d.metadata["n"], score]));
        const even = (d: { metadata: Record<string, unknown> }): boolean =>
          Number(d.metadata["group"]) % 2 === 0;
        for (const filter of [undefined, even]) {
          const expected = await memory.similaritySearchVectorWithScore(query, k, filter);
          const found = await pith.similaritySearchVectorWithScore(query, k, filter);
          agree(found, expected, scores);
          if (filter) expect(found.every(([d]) => even(d))).toBe(true);
          for (const [d] of found) {
            const { pageContent, metadata } = stored[d.metadata["n"] as number];
            expect(d).toMatchObject({ pageContent: pageContent.toWellFormed(), metadata });
          }
        }
      }),
      { numRuns: 100 },
    );
  });

  test("give the same documents by texts, by relevance and through retrievers", async () => {
    const texts = ["foo", "bar", "baz", "new foo", "qux", "quux"];
    const metadatas = texts.map((text, n) => ({ n, text }));
    const memory = await MemoryVectorStore.fromTexts(texts, metadatas, fixtureEmbeddings);
    const pith = await PithVectorStore.fromTexts(texts, metadatas, fixtureEmbeddings);
    const plain = (found: readonly Document[]): unknown[] =>
      found.map(({ pageContent, metadata }) => ({ pageContent, metadata }));
    for (const query of [...texts, "corge"])
      for (const k of [1, 4, 9]) {
        const expected = plain(await memory.similaritySearch(query, k));
        expect(plain(await pith.similaritySearch(query, k))).toEqual(expected);
        expect(plain(await pith.asRetriever({ k }).invoke(query))).toEqual(expected);
        // With lambda 0.5 and a document that is the query itself all others are worth the same, 0.
        for (const lambda of query === "corge" ? [0, 0.5, 1] : [0, 0.3, 0.6, 1]) {
          const options = { k, fetchK: 9, lambda };
          const relevant = plain(await memory.maxMarginalRelevanceSearch(query, options));
          expect(plain(await pith.maxMarginalRelevanceSearch(query, options))).toEqual(relevant);
        }
        if (query !== "corge") continue;
        const mmr = { k, searchType: "mmr" } as const;
        const retrieved = plain(await memory.asRetriever(mmr).invoke(query));
        expect(plain(await pith.asRetriever(mmr).invoke(query))).toEqual(retrieved);
      }
  });

  const scored: [string, PithStoreOptions][] = [
    ["int8", { codec: "int8" }],
    ["turboquant", { codec: "turboquant" }],
    ["spectral", { codec: "spectral" }],
  ];
  test.each(scored)(
    "find the same in the same order where hits of %s are scored again by float32",
    async (_, options) => {
      const [dim, count] = [32, 600];
      const rows = normalRows(count + 20, dim);
      const stored = rows
        .slice(0, count)
        .map((row, n) => ({ row, document: { pageContent: `${n}`, metadata: { n } } }));
      const memory = new MemoryVectorStore(fixtureEmbeddings);
      // A third of all rows is scored again: no codec here loses one of the ten best.
      const rescored: PithStoreOptions = { ...options, encodeFrom: 300, rescore: "f32", oversample: 20 };
      using pith = new PithVectorStore(fixtureEmbeddings, rescored);
      for (const store of [memory, pith])
        for (const part of [stored.slice(0, 450), stored.slice(450)])
          await store.addVectors(
            part.map(({ row }) => row),
            part.map(({ document }) => document),
          );
      expect(pith.stats()?.encoded).toBe(true);
      const odd = (d: { metadata: Record<string, unknown> }): boolean => Number(d.metadata["n"]) % 2 === 1;
      for (const query of rows.slice(count))
        for (const filter of [undefined, odd]) {
          const expected = await memory.similaritySearchVectorWithScore(query, 10, filter);
          const found = await pith.similaritySearchVectorWithScore(query, 10, filter);
          expect(found.map(([d]) => d.pageContent)).toEqual(expected.map(([d]) => d.pageContent));
          found.forEach(([, score], i) => {
            expect(score).toBeCloseTo(expected[i][1], 5);
          });
        }
    },
  );
});
