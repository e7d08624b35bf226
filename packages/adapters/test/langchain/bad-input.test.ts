/** Input that can't be right: a typed error each, and nothing changed. */
import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { int8 } from "@pith/int8";
import { describe, expect, test } from "vitest";
import { PithVectorStore } from "../../src/langchain/index.ts";
import { documents, fails, folder, gaussians, places, TextEmbeddings } from "./places.ts";

const embeddings = new TextEmbeddings(4);
const document = { pageContent: "x", metadata: {} };

describe.each(places)("a store %s", (_, make) => {
  /** That a call fails, and that the store is as it was. */
  async function refuses(
    code: Parameters<typeof fails>[0],
    work: (store: PithVectorStore) => unknown,
  ): Promise<string> {
    const store = await make(embeddings, { encodeFrom: 0 });
    await store.addVectors(gaussians(3, 4, 1), documents(3));
    const state = async (): Promise<unknown> => [
      store.size,
      await store.similaritySearchVectorWithScore([1, 2, 3, 4], 9),
      store.stats(),
    ];
    const before = await state();
    const said = await fails(code, () => work(store));
    expect(await state()).toEqual(before);
    await store.addVectors(gaussians(1, 4, 2), documents(1, 7));
    expect(store.size).toBe(4);
    await store.close();
    return said;
  }

  test("refuses vectors of a wrong dim", async () => {
    await refuses("DIM_MISMATCH", (s) => s.addVectors([[1, 2, 3]], [document]));
    await refuses("DIM_MISMATCH", (s) =>
      s.addVectors(
        [
          [1, 2, 3, 4],
          [1, 2, 3],
        ],
        [document, document],
      ),
    );
    await refuses("DIM_UNSUPPORTED", (s) => s.addVectors([[]], [document]));
    await refuses("DIM_MISMATCH", (s) => s.similaritySearchVectorWithScore([1, 2, 3], 1));
    const empty = await make(embeddings);
    await fails("DIM_UNSUPPORTED", () => empty.addVectors([new Array(65_537).fill(0)], [document]));
    expect(empty.size).toBe(0);
    await empty.close();
  });

  test("refuses NaN, infinities, and what is no number, with row and column", async () => {
    expect(
      await refuses("NOT_FINITE", (s) =>
        s.addVectors(
          [
            [1, 2, 3, 4],
            [1, Number.NaN, 3, 4],
          ],
          documents(2, 5),
        ),
      ),
    ).toMatch(/row 1, column 1/);
    await refuses("NOT_FINITE", (s) => s.addVectors([[1, 2, 3, 1e39]], [document]));
    await refuses("NOT_FINITE", (s) => s.similaritySearchVectorWithScore([1, 2, 3, Infinity], 1));
    // What JSON makes of NaN.
    expect(
      await refuses("INVALID_ARGUMENT", (s) => s.addVectors([[1, null, 3, 4] as never], [document])),
    ).toMatch(/column 1/);
    await refuses("INVALID_ARGUMENT", (s) => s.addVectors(["1234"] as never, [document]));
    await refuses("INVALID_ARGUMENT", (s) => s.similaritySearchVectorWithScore(undefined as never, 1));
  });

  test("refuses ids that repeat in one call, and names both documents", async () => {
    const said = await refuses("DUPLICATE_ID", (s) =>
      s.addDocuments(documents(3, 5), { ids: ["a", "b", "a"] }),
    );
    expect(said).toMatch(/"a" stands in documents 0 and 2/);
    await refuses("DUPLICATE_ID", (s) => s.addDocuments([...documents(1, 5), ...documents(1, 5)]));
  });

  test("refuses ids that aren't one well-formed text for each document", async () => {
    await refuses("LENGTH_MISMATCH", (s) => s.addDocuments(documents(2, 5), { ids: ["a"] }));
    await refuses("INVALID_ARGUMENT", (s) => s.addDocuments([document], { ids: [1] as never }));
    await refuses("INVALID_ARGUMENT", (s) => s.addDocuments([document], { ids: "a" as never }));
    await refuses("INVALID_ARGUMENT", (s) => s.addDocuments([document], { ids: ["\ud800"] }));
    await refuses("INVALID_ARGUMENT", (s) => s.addDocuments([document], ["a"] as never));
    await refuses("INVALID_ARGUMENT", (s) => s.getByIds("d1" as never));
    await refuses("INVALID_ARGUMENT", (s) => s.delete({ ids: [null] as never }));
  });

  test("refuses documents that aren't documents, and metadata that aren't JSON", async () => {
    const cycle: Record<string, unknown> = {};
    cycle["self"] = cycle;
    await refuses("INVALID_ARGUMENT", (s) => s.addDocuments("x" as never));
    await refuses("INVALID_ARGUMENT", (s) => s.addDocuments([null as never]));
    await refuses("INVALID_ARGUMENT", (s) => s.addDocuments([{ metadata: {} } as never]));
    await refuses("INVALID_ARGUMENT", (s) => s.addDocuments([{ ...document, metadata: cycle }]));
    await refuses("INVALID_ARGUMENT", (s) => s.addDocuments([{ ...document, metadata: { big: 1n } }]));
    await refuses("INVALID_ARGUMENT", (s) => s.addDocuments([{ ...document, metadata: ["a"] as never }]));
    await refuses("INVALID_ARGUMENT", (s) => s.addDocuments([{ ...document, metadata: "a" as never }]));
  });

  test("takes empty texts, and no texts at all", async () => {
    const store = await make(embeddings);
    expect(await store.addDocuments([])).toEqual([]);
    const [id] = await store.addDocuments([{ pageContent: "", metadata: {} }]);
    expect((await store.similaritySearch("", 1))[0]).toMatchObject({ pageContent: "", id });
    await store.close();
  });

  test("refuses an unknown filter operator, in searches and deletes", async () => {
    await refuses("INVALID_ARGUMENT", (s) =>
      s.similaritySearchVectorWithScore([1, 2, 3, 4], 1, { n: { $like: 1 } } as never),
    );
    await refuses("INVALID_ARGUMENT", (s) => s.delete({ filter: { n: { $like: 1 } } as never }));
    await refuses("INVALID_ARGUMENT", (s) =>
      s.similaritySearchVectorWithScore([1, 2, 3, 4], 1, "n = 1" as never),
    );
  });

  test("refuses a filter that answers later", async () => {
    await refuses("INVALID_ARGUMENT", (s) =>
      s.similaritySearchVectorWithScore([1, 2, 3, 4], 1, (async () => true) as never),
    );
    await refuses("INVALID_ARGUMENT", (s) => s.delete({ filter: (async () => true) as never }));
  });

  test("hands on what a filter throws", async () => {
    const store = await make(embeddings);
    await store.addDocuments(documents(2));
    const thrown = new Error("no");
    const filter = (): never => {
      throw thrown;
    };
    await expect(store.similaritySearch("x", 1, filter)).rejects.toBe(thrown);
    await expect(store.delete({ filter })).rejects.toBe(thrown);
    // One that changes what it is shown would change the store.
    await expect(
      store.similaritySearch("x", 1, (d) => {
        Object.assign(d, { pageContent: "y" });
        return true;
      }),
    ).resolves.toHaveLength(1);
    expect((await store.getByIds(["d0"]))[0]).toMatchObject({ pageContent: "text 0", metadata: { n: 0 } });
    await store.close();
  });

  test("takes a filter on a missing key: it matches nothing", async () => {
    const store = await make(embeddings);
    await store.addDocuments(documents(3));
    expect(await store.similaritySearch("x", 3, { missing: 1 })).toEqual([]);
    expect(await store.similaritySearch("x", 3, { missing: { $ne: 1 } })).toHaveLength(3);
    await store.close();
  });

  test("refuses k, fetchK and lambda out of range", async () => {
    for (const k of [-1, 1.5, Number.NaN, "3" as never, null as never])
      await refuses("INVALID_ARGUMENT", (s) => s.similaritySearchVectorWithScore([1, 2, 3, 4], k));
    await refuses("INVALID_ARGUMENT", (s) => s.maxMarginalRelevanceSearch("x", { k: 1, fetchK: -1 }));
    await refuses("INVALID_ARGUMENT", (s) => s.maxMarginalRelevanceSearch("x", { k: 1, lambda: 2 }));
    await refuses("INVALID_ARGUMENT", (s) => s.maxMarginalRelevanceSearch("x", { k: -1 }));
  });

  test("refuses to delete without saying what, or saying it twice", async () => {
    await refuses("INVALID_ARGUMENT", (s) => s.delete({}));
    await refuses("INVALID_ARGUMENT", (s) => s.delete(undefined as never));
    await refuses("INVALID_ARGUMENT", (s) => s.delete({ ids: ["d1"], filter: {} }));
    await refuses("INVALID_ARGUMENT", (s) => s.delete({ filter: { n: undefined } }));
  });

  test("refuses vectors and documents that aren't as many", async () => {
    await refuses("LENGTH_MISMATCH", (s) => s.addVectors(gaussians(2, 4, 1), documents(3, 5)));
    await refuses("LENGTH_MISMATCH", (s) => s.addVectors(gaussians(1, 4, 1), []));
  });

  test("hands on what embeddings throw, and refuses too few of them", async () => {
    const broken = new Error("no quota");
    const answers = [() => Promise.reject(broken), async () => [[1, 2]]];
    const store = await make({
      embedQuery: async () => [1, 2],
      embedDocuments: () =>
        (
          answers.shift() ??
          (async () => [
            [1, 2],
            [3, 4],
          ])
        )(),
    });
    await expect(store.addDocuments(documents(2))).rejects.toBe(broken);
    await fails("LENGTH_MISMATCH", () => store.addDocuments(documents(2)));
    expect(store.size).toBe(0);
    await store.addDocuments(documents(2));
    expect(store.size).toBe(2);
    await store.close();
  });

  test("asks for no embeddings where the documents are refused", async () => {
    const counting = new TextEmbeddings(4);
    const store = await make(counting);
    await fails("DUPLICATE_ID", () => store.addDocuments([...documents(1), ...documents(1)]));
    await fails("INVALID_ARGUMENT", () => store.addDocuments([{ ...document, metadata: 1 as never }]));
    expect(counting.asked).toBe(0);
    await store.close();
  });

  test("refuses numbers that the rows kept for rescoring can't hold", async () => {
    const store = await make(embeddings, { encodeFrom: 0, metric: "dot", rescore: "f16" });
    await fails("INVALID_ARGUMENT", () => store.addVectors([[1e6, 0]], documents(1)));
    expect(store.size).toBe(0);
    await store.close();
  });

  test("refuses a codec that doesn't serve the dim, with nothing set", async () => {
    const store = await make(embeddings, { codec: "int8", codecOptions: { group: 32 }, encodeFrom: 0 });
    await fails("DIM_UNSUPPORTED", () => store.addVectors([[1, 2]], documents(1)));
    await store.addVectors(gaussians(1, 64, 1), documents(1));
    expect(store.size).toBe(1);
    await store.close();
    const one = await make(embeddings, { codec: int8.create({ dim: 3 }) });
    await fails("DIM_MISMATCH", () => one.addVectors([[1, 2]], documents(1)));
    await one.close();
  });

  test.each<[string, Parameters<typeof fails>[0], object]>([
    ["an unknown codec", "UNKNOWN_CODEC", { codec: "int9" }],
    ["no codec at all", "INVALID_OPTION", { codec: 3 }],
    ["an unknown metric", "INVALID_OPTION", { metric: "manhattan" }],
    ["an unknown option", "INVALID_OPTION", { scorekind: "distance" }],
    ["an unknown kind of scores", "INVALID_OPTION", { scoreKind: "loss" }],
    ["an unknown way to rescore", "INVALID_OPTION", { rescore: "f64" }],
    ["an oversample below 1", "INVALID_OPTION", { oversample: 0.5 }],
    ["a negative number of rows", "INVALID_OPTION", { encodeFrom: -1 }],
    [
      "options of a codec that is given",
      "INVALID_OPTION",
      { codec: int8.create({ dim: 4 }), codecOptions: { group: 4 } },
    ],
    [
      "a metric that the codec doesn't serve",
      "UNSUPPORTED_METRIC",
      { codec: int8.create({ dim: 4 }), metric: "l2" },
    ],
  ])("refuses %s", async (_what, code, options) => {
    await fails(code, () => make(embeddings, options));
  });

  test("refuses an option that the codec doesn't know, before anything is stored", async () => {
    const add = async (): Promise<unknown> => {
      const store = await make(embeddings, { codec: "turboquant", codecOptions: { bits: 99 } });
      return await store.addDocuments(documents(1)).finally(() => store.close());
    };
    await fails("INVALID_OPTION", add);
  });
});

test("texts and metadatas that aren't as many are refused", async () => {
  await fails("LENGTH_MISMATCH", () => PithVectorStore.fromTexts(["a", "b"], [{}], embeddings));
});

test("a folder that can't be made is refused", async () => {
  const file = join(folder(), "file");
  writeFileSync(file, "");
  const store = await PithVectorStore.fromTexts(["a"], {}, embeddings);
  await fails("IO", () => store.save(join(file, "below")));
  await fails("IO", () => PithVectorStore.open(join(file, "below"), embeddings));
});
