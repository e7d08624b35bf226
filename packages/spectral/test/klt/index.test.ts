/** FlatIndex over learned codes: the laws of indexes with codes laid out in blocks, and few bytes first, then kept rows. */
import { backendReport, FlatIndex, kernels, recallAt, useBackend, type Vectors } from "@pith/codec-core";
import { indexContract } from "@pith/contract";
import { int8 } from "@pith/int8";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { spectral } from "../../src/index.ts";
import { codeOf, embeddings, falling, isThere } from "./data.ts";

const nibbles = spectral.train(falling(300, 40, 1), { dim: 40, bytes: 5, quantizer: "scalar" });
const { backend, isa, available, portable } = backendReport();
const choices = [
  ...available.map((isa) => ({ backend: "native" as const, isa })),
  ...portable.map((isa) => ({ backend: "portable" as const, isa })),
];

describe.each(choices)("$backend, $isa", (choice) => {
  beforeAll(() => useBackend(choice));
  afterAll(() => useBackend({ backend, isa }));
  indexContract({
    test,
    name: "FlatIndex over nibbles",
    codec: nibbles,
    create: () => new FlatIndex(nibbles),
    load: (bytes) => FlatIndex.fromBytes(bytes, spectral),
    idKinds: ["string"],
  });
});

test("codes that are laid out follow what is added, replaced and removed", () => {
  const rows = falling(500, 40, 2);
  const index = new FlatIndex<number>(nibbles);
  const find = (row: number): number => index.search(part(rows, row, row + 1).data, 1)[0].id;
  index.add(range(0, 300), part(rows, 0, 300));
  expect(nibbles.resident).toBeDefined();
  expect([find(7), find(299)]).toEqual([7, 299]);
  index.add(range(300, 400), part(rows, 300, 400));
  expect(find(399)).toBe(399);
  index.upsert([7], part(rows, 450, 451));
  expect(find(450)).toBe(7);
  index.remove([7]);
  expect(find(450)).not.toBe(7);
});

describe("few bytes first, then kept rows", () => {
  const rows = falling(3000, 40, 3);
  const queries = falling(50, 40, 4);

  function indexOf(): FlatIndex<number> {
    const index = new FlatIndex<number>(nibbles, { keep: "f32" });
    index.add(range(0, rows.count), rows);
    return index;
  }

  test("hits within enough standard errors are those of all that are scored again", async () => {
    const index = indexOf();
    const options = { rescore: true, oversample: 40 };
    const all = await index.searchBatch(queries, 10, options);
    expect(await index.searchBatch(queries, 10, { ...options, within: 1000 })).toEqual(all);
    const near = await index.searchBatch(queries, 10, { ...options, within: 2.5 });
    const same = near.flatMap((hits, q) => hits.filter(({ id }) => all[q].some((hit) => hit.id === id)));
    expect(same.length).toBeGreaterThanOrEqual(0.98 * 500);
    const query = part(queries, 0, 1).data;
    expect(index.search(query, 10, { ...options, within: 2.5 })).toEqual(near[0]);
  });

  test("a batch of it ends when it is told to, and leaves the index as it was", async () => {
    const index = indexOf();
    const options = { rescore: true, oversample: 40, within: 2.5 };
    const expected = await index.searchBatch(queries, 10, options);
    const controller = new AbortController();
    const progress: number[] = [];
    const running = index.searchBatch(queries, 10, {
      ...options,
      signal: controller.signal,
      onProgress: (done) => progress.push(done),
    });
    controller.abort();
    await expect(running).rejects.toMatchObject({ code: "ABORTED" });
    expect(
      await index.searchBatch(queries, 10, { ...options, onProgress: (done) => progress.push(done) }),
    ).toEqual(expected);
    expect(progress.at(-1)).toBe(queries.count);
  });

  test("what doesn't count standard errors is refused", () => {
    const index = indexOf();
    const query = part(queries, 0, 1).data;
    for (const within of [-1, Number.NaN])
      expect(codeOf(() => index.search(query, 3, { rescore: true, within }))).toBe("INVALID_ARGUMENT");
    const other = new FlatIndex<number>(int8.create({ dim: 40 }), { keep: "f32" });
    expect(codeOf(() => other.search(query, 3, { rescore: true, within: 2 }))).toBe("NOT_SUPPORTED");
  });
});

describe.each(["scifact", "debian"] as const)("%s", (name) => {
  const there = isThere(name);
  test.skipIf(!there)(
    "24 and 32 bytes, then int8 rows: recall@10 of .99",
    async () => {
      const { corpus, queries } = await embeddings(name);
      const { dim, count } = corpus;
      const hits = queries.count * 10;
      const found = { slots: new Uint32Array(hits), scores: new Float32Array(hits) };
      kernels().floatTopK("cosine", queries.data, corpus.data, dim, 10, undefined, found);
      const exact = range(0, queries.count).map((q) => found.slots.subarray(q * 10, q * 10 + 10));
      for (const [bytes, oversample, within] of [
        [24, 40, 3],
        [32, 20, 2.6],
      ]) {
        const codec = spectral.train(corpus, { dim, bytes, quantizer: "scalar" });
        const index = new FlatIndex<number>(codec, { keep: int8.create({ dim }) });
        index.add(range(0, count), corpus);
        const matches = await index.searchBatch(queries, 10, { rescore: true, oversample, within });
        const slots = matches.map((of) => Uint32Array.from(of, ({ id }) => id));
        expect(recallAt(10, slots, exact), `${bytes} bytes`).toBeGreaterThanOrEqual(0.99);
      }
    },
    60_000,
  );
});

function range(from: number, to: number): number[] {
  return Array.from({ length: to - from }, (_, i) => from + i);
}

function part({ data, dim }: Vectors, from: number, to: number): Vectors {
  return { data: data.slice(from * dim, to * dim), dim, count: to - from };
}
