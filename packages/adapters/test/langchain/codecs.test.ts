/** Every codec in a store: from two documents to thousands, trained, given, rescored. */

import { vectorsFromRows } from "@pith/codec-core";
import { spectral } from "@pith/spectral";
import { turboquant } from "@pith/turboquant";
import { describe, expect, test } from "vitest";
import { PithVectorStore } from "../../src/langchain/index.ts";
import { CODECS, documents, fails, folder, gaussians, places, TextEmbeddings } from "./places.ts";

/** Recall of rescored searches; a few Fourier coefficients say little of vectors whose neighbouring dims have nothing in common. */
const LEAST_RECALL: { readonly [codec: string]: number } = { "spectral-dft": 0.6 };

/** Vectors with some directions stronger than others, as real embeddings have. */
function skewed(count: number, dim: number, seed: number): number[][] {
  return gaussians(count, dim, seed).map((row) => row.map((x, i) => x / (1 + i / 4)));
}

function recall(
  found: readonly (readonly [{ id?: string | undefined }, number])[],
  exact: readonly string[],
): number {
  return found.filter(([{ id }]) => exact.includes(id as string)).length / exact.length;
}

/** Ids of the ten nearest by cosine. */
function nearest(query: number[], vectors: number[][]): string[] {
  const cosine = (v: number[]): number =>
    v.reduce((sum, x, i) => sum + x * query[i], 0) / Math.hypot(...v) / Math.hypot(...query);
  return vectors
    .map((v, i): [string, number] => [`d${i}`, cosine(v)])
    .sort((a, b) => b[1] - a[1])
    .slice(0, 10)
    .map(([id]) => id);
}

describe.each(CODECS)("%s", (codec) => {
  describe.each(places)("%s", (_, make) => {
    test("ranks two documents of 6 dims right, each first for its own text", async () => {
      const store = await make(new TextEmbeddings(6), { codec });
      const [foo, bar] = await store.addDocuments([
        { pageContent: "foo", metadata: { id: 1 } },
        { pageContent: "bar", metadata: { id: 2 } },
      ]);
      expect((await store.similaritySearch("bar", 2)).map(({ id }) => id)).toEqual([bar, foo]);
      expect((await store.similaritySearch("foo", 2)).map(({ id }) => id)).toEqual([foo, bar]);
      expect(await store.maxMarginalRelevanceSearch("foo", { k: 2 })).toHaveLength(2);
      await store.close();
    });

    test("holds floats first, then codes, and finds the same documents", async () => {
      const vectors = skewed(700, 24, 5);
      const store = await make(new TextEmbeddings(24), { codec, rescore: true, oversample: 10 });
      await store.addVectors(vectors.slice(0, 200), documents(200));
      expect(store.stats()).toMatchObject({ encoded: false, bytesPerVector: 96, count: 200 });
      const exact = await store.similaritySearchVectorWithScore(vectors[3], 10);
      expect(exact.map(([{ id }]) => id)).toEqual(nearest(vectors[3], vectors.slice(0, 200)));
      await store.delete({ ids: ["d0"] });
      await store.addVectors(vectors.slice(150), documents(550, 150));
      expect(store.stats()).toMatchObject({ encoded: true, codec, count: 699, tombstones: 0 });
      expect(store.stats()?.bytesPerVector).toBeLessThan(96);
      await store.addVectors(vectors.slice(0, 1), documents(1));
      let sum = 0;
      for (let q = 0; q < 20; q++)
        sum += recall(
          await store.similaritySearchVectorWithScore(vectors[q], 10),
          nearest(vectors[q], vectors),
        );
      expect(sum / 20).toBeGreaterThan(LEAST_RECALL[codec] ?? 0.9);
      expect(await store.maxMarginalRelevanceSearch("foo", { k: 5 })).toHaveLength(5);
      expect(store.size).toBe(700);
      await store.close();
    });
  });

  test("serves one dim, or says that it doesn't", async () => {
    const store = new PithVectorStore(new TextEmbeddings(1), { codec });
    const add = (): Promise<string[]> => store.addVectors([[1], [-2], [0]], documents(3));
    if (codec.startsWith("spectral")) return void (await fails("DIM_UNSUPPORTED", add));
    await add();
    const found = await store.similaritySearchVectorWithScore([-1], 3);
    expect(found.map(([{ id }, score]) => [id, score])).toEqual([
      ["d1", 1],
      ["d2", 0],
      ["d0", -1],
    ]);
    return undefined;
  });
});

describe("a codec", () => {
  test("that learns waits for ten rows a dim, unless told otherwise", async () => {
    const store = new PithVectorStore(new TextEmbeddings(40), { codec: "spectral" });
    await store.addVectors(skewed(399, 40, 1), documents(399));
    expect(store.stats()?.encoded).toBe(false);
    await store.addVectors(skewed(1, 40, 2), documents(1, 399));
    expect(store.stats()).toMatchObject({ encoded: true, codec: "spectral", bytesPerVector: 24 });
    const early = new PithVectorStore(new TextEmbeddings(40), { codec: "spectral", encodeFrom: 0 });
    await early.addVectors(skewed(255, 40, 1), documents(255));
    // What it must have in order to learn at all.
    expect(early.stats()?.encoded).toBe(false);
    await early.addVectors(skewed(1, 40, 2), documents(1, 255));
    expect(early.stats()?.encoded).toBe(true);
    const late = new PithVectorStore(new TextEmbeddings(40), { encodeFrom: 1000 });
    await late.addVectors(skewed(999, 40, 1), documents(999));
    expect(late.stats()?.encoded).toBe(false);
  });

  test("that can do without a sample does, where it is to encode at once", async () => {
    const store = new PithVectorStore(new TextEmbeddings(8), { codec: "turboquant", encodeFrom: 0 });
    await store.addVectors(gaussians(1, 8, 1), documents(1));
    expect(store.stats()).toMatchObject({ encoded: true, codec: "turboquant", sideBytes: 0 });
  });

  test("that was made already encodes from the first row on", async () => {
    const codec = turboquant.create({ dim: 16, bits: 8, metric: "l2" });
    const store = new PithVectorStore(new TextEmbeddings(16), { codec });
    await store.addVectors(gaussians(5, 16, 1), documents(5));
    expect(store.stats()).toMatchObject({
      encoded: true,
      codec: "turboquant",
      metric: "l2",
      bytesPerVector: codec.stride,
    });
    await fails("DIM_MISMATCH", () => store.addVectors(gaussians(1, 8, 1), documents(1)));
  });

  test.each([true, "f16", "f32", "int8"] as const)("rescores with rows kept as %s", async (rescore) => {
    const vectors = skewed(600, 32, 3);
    const mean = async (options: object): Promise<number> => {
      const store = new PithVectorStore(new TextEmbeddings(32), {
        codec: "binary",
        encodeFrom: 0,
        ...options,
      });
      await store.addVectors(vectors, documents(600));
      let sum = 0;
      for (let q = 0; q < 25; q++)
        sum += recall(
          await store.similaritySearchVectorWithScore(vectors[q], 10),
          nearest(vectors[q], vectors),
        );
      return sum / 25;
    };
    const [plain, again] = [await mean({}), await mean({ rescore, oversample: 8 })];
    expect(again).toBeGreaterThan(plain + 0.2);
    expect(again).toBeGreaterThan(0.85);
  });

  test("that was given is the one of the folder when it is opened again, or is refused", async () => {
    const sample = vectorsFromRows(skewed(300, 12, 1));
    const codec = spectral.train(sample, { dim: 12, bytes: 4 });
    const other = spectral.train(vectorsFromRows(skewed(300, 12, 2)), { dim: 12, bytes: 4 });
    const directory = folder();
    const embeddings = new TextEmbeddings(12);
    const store = await PithVectorStore.open(directory, embeddings, { codec });
    await store.addVectors(skewed(20, 12, 3), documents(20));
    const expected = await store.similaritySearchVectorWithScore(skewed(1, 12, 4)[0], 20);
    await store.close();
    for (const options of [{}, { codec }, { codec: "spectral" }]) {
      const again = await PithVectorStore.open(directory, embeddings, options);
      expect(await again.similaritySearchVectorWithScore(skewed(1, 12, 4)[0], 20)).toEqual(expected);
      await again.addVectors(skewed(1, 12, 9), documents(1));
      await again.addVectors(skewed(20, 12, 3).slice(0, 1), documents(1));
      await again.close();
    }
    await fails("CODEC_MISMATCH", () => PithVectorStore.open(directory, embeddings, { codec: other }));
    await (await PithVectorStore.open(directory, embeddings)).close();
  });

  test("that was given has to be given again while there are floats", async () => {
    const codec = turboquant.create({ dim: 8, bits: 2 });
    const directory = folder();
    const embeddings = new TextEmbeddings(8);
    const open = (options: object): Promise<PithVectorStore> =>
      PithVectorStore.open(directory, embeddings, options);
    let store = await open({ codec, encodeFrom: 10 });
    await store.close();
    store = await open({});
    await fails("INVALID_OPTION", () => store.addVectors(gaussians(1, 8, 1), documents(1)));
    await store.close();
    store = await open({ codec });
    await store.addVectors(gaussians(9, 8, 1), documents(9));
    await store.close();
    await fails("INVALID_OPTION", () => open({}));
    store = await open({ codec });
    await store.addVectors(gaussians(1, 8, 2), documents(1, 9));
    expect(store.stats()).toMatchObject({ encoded: true, bytesPerVector: codec.stride });
    await store.close();
    store = await open({});
    expect(store.stats()).toMatchObject({ encoded: true, bytesPerVector: codec.stride });
    await store.close();
  });

  test.each(places)("of int8 may be rescored by another int8: %s", async (_, make) => {
    const vectors = skewed(300, 32, 6);
    const options = { codec: "int8", codecOptions: { group: 8 }, rescore: "int8", encodeFrom: 0 } as const;
    const store = await make(new TextEmbeddings(32), { ...options, oversample: 1e300 });
    await store.addVectors(vectors, documents(300));
    const search = (): Promise<unknown> => store.similaritySearchVectorWithScore(vectors[5], 20);
    const before = await search();
    await store.delete({ ids: ["d299"] });
    await store.compact();
    expect(await search()).toEqual(before);
    expect(store.stats()).toMatchObject({ count: 299, tombstones: 0, originalBytes: 299 * 36 });
    await store.close();
  });
});
