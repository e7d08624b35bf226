import { readFileSync } from "node:fs";
import { join } from "node:path";
import { type Vectors, vectorsFromRows } from "@pith/codec-core";
import { describe, expect, test } from "vitest";
import { npy, pithVectors, put, randomVectors, readNpy, row, tiny } from "./inputs.ts";
import { folder, json, text } from "./pith.ts";

interface Evaluation {
  [key: string]: unknown;
  recall: { [k: string]: number | null };
  meanCosine: number;
  minCosine: number;
  ndcg10: number | null;
  mrr10: number | null;
  exact: { ndcg10: number | null; mrr10: number | null };
  rescored: { recall: { [k: string]: number | null }; ndcg10: number | null; mrr10: number | null } | null;
}

/**
 * Twelve rows under dot, made so that int8 loses something countable: its step is a 127th of a row's largest element,
 * so rows a and b come back as (1, 0) and rows j and k as (.5, 0), and ties go to the earlier row.
 */
const names = [..."abcdefghijkl"];
const worked: Vectors = vectorsFromRows([
  [1, 0.001],
  [1, 0.002],
  ...[0.95, 0.9, 0.85, 0.8, 0.75, 0.7, 0.65].map((x) => [x, 0]),
  [0.5, 0.0001],
  [0.5, 0.0002],
  [0.1, 0],
]);
/** Exact for (1, 1): b a c d e f g h i k | j l. For (0, 1): b a k j c d e f g h | i l. The codes: a to l for both. */
const queries: Vectors = vectorsFromRows([
  [1, 1],
  [0, 1],
]);
const qrels =
  "query-id\tcorpus-id\tscore\nfirst\tb\t2\nfirst\tk\t1\nfirst\tgone\t1\nfirst\ta\t0\nother\ta\t1\n";
const DCG_3 = 1 / Math.log2(3);
/** The best that could be: b (gain 3), then k and the one that isn't among the vectors. */
const IDEAL = 3 + DCG_3 + 1 / 2;

async function workedCase(...compress: string[]): Promise<string> {
  const cwd = folder();
  put(cwd, {
    "in.npy": npy(worked),
    "q.npy": npy(queries),
    "ids.txt": names.join("\n"),
    "qids.txt": "first\nsecond\n",
    "qrels.tsv": qrels,
  });
  await text(["compress", "in.npy", "-o", "a.pith", "--metric", "dot", ...compress], { cwd });
  return cwd;
}

const JUDGED = ["--queries", "q.npy", "--qrels", "qrels.tsv", "--query-ids", "qids.txt", "--ids", "ids.txt"];

describe("pith eval", () => {
  test("--json: the keys, and null where nothing can be said", async () => {
    const cwd = await workedCase();
    const e = await json<Evaluation>(["eval", "in.npy", "a.pith", "--queries", "q.npy"], { cwd });
    expect(e).toMatchObject({
      codec: "int8",
      dim: 2,
      count: 12,
      metric: "dot",
      bytesPerVector: 6,
      sideBytes: 0,
      sideBytesPerVector: 0,
      fit: null,
      fileBytes: readFileSync(join(cwd, "a.pith")).length,
      ratio: 8 / 6,
      recall: { "1": expect.any(Number), "10": expect.any(Number), "100": null },
      ndcg10: null,
      mrr10: null,
      exact: { ndcg10: null, mrr10: null },
      rescored: null,
      queries: 2,
      heldOut: false,
      encodeVectorsPerSecond: expect.any(Number),
      queriesPerSecond: expect.any(Number),
      backend: expect.stringMatching(/^(portable|native)\/\w+$/),
    });
    expect(Object.keys(e.recall)).toEqual(["1", "10", "100"]);
    expect(e["encodeVectorsPerSecond"]).toBeGreaterThan(0);
    expect(e["queriesPerSecond"]).toBeGreaterThan(0);
  });

  test("recall, nDCG and MRR of a case worked out by hand", async () => {
    const cwd = await workedCase();
    const e = await json<Evaluation>(["eval", "in.npy", "a.pith", ...JUDGED], { cwd });
    // Both queries: a for b at the top; of the ten nearest, j for k and i for k.
    expect(e.recall).toEqual({ "1": 0, "10": 0.9, "100": null });
    // The codes find b second and k eleventh; the second query isn't judged and doesn't count.
    expect(e.ndcg10).toBeCloseTo((3 * DCG_3) / IDEAL, 12);
    expect(e.mrr10).toBe(1 / 2);
    expect(e.exact.ndcg10).toBeCloseTo((3 + 1 / Math.log2(11)) / IDEAL, 12);
    expect(e.exact.mrr10).toBe(1);
    expect(e.rescored).toBeNull();
  });

  test("cosines of the same case", async () => {
    const cwd = await workedCase();
    const { meanCosine, minCosine } = await json<Evaluation>(["eval", "in.npy", "a.pith"], { cwd });
    const cosine = ([x, y]: Float32Array | number[]): number => x / Math.hypot(x, y);
    const cosines = names.map((_, i) => cosine(row(worked, i)));
    expect(minCosine).toBeCloseTo(cosine([1, 0.002]), 12);
    expect(meanCosine).toBeCloseTo(cosines.reduce((sum, c) => sum + c, 0) / 12, 12);
  });

  test("rescored: originals that are kept bring back what the codes lost", async () => {
    const cwd = await workedCase("--keep", "f32");
    const e = await json<Evaluation>(["eval", "in.npy", "a.pith", ...JUDGED], { cwd });
    expect(e.recall).toEqual({ "1": 0, "10": 0.9, "100": null });
    expect(e.rescored).toEqual({ recall: { "1": 1, "10": 1, "100": null }, ...e.exact });
  });

  test("the compressed file's own ids serve the judgements", async () => {
    const cwd = await workedCase("--ids", "ids.txt");
    const args = [
      "eval",
      "in.npy",
      "a.pith",
      "--queries",
      "q.npy",
      "--qrels",
      "qrels.tsv",
      "--query-ids",
      "qids.txt",
    ];
    expect((await json<Evaluation>(args, { cwd })).mrr10).toBe(1 / 2);
  });

  for (const [what, content] of [
    ["TREC's four columns", "first 0 b 2\nfirst 0 k 1\nfirst 0 gone 1\n"],
    ["a relevance below 0, as 0", "first\tb\t2\nfirst\tk\t1\nfirst\tgone\t1\nfirst\ta\t-2\n"],
    ["no header, CR LF and blank lines", "first\tb\t2\r\nfirst\tk\t1\r\n\r\nfirst\tgone\t1\r\n\r\n"],
  ] as const)
    test(`judgements with ${what}`, async () => {
      const cwd = await workedCase();
      put(cwd, { "qrels.tsv": content });
      const e = await json<Evaluation>(["eval", "in.npy", "a.pith", ...JUDGED], { cwd });
      expect(e.ndcg10).toBeCloseTo((3 * DCG_3) / IDEAL, 12);
      expect(e.mrr10).toBe(1 / 2);
    });

  test("ids with spaces are told apart by tabs", async () => {
    const cwd = await workedCase();
    put(cwd, { "ids.txt": names.map((n) => `doc ${n}`).join("\n"), "qids.txt": "the first\nsecond\n" });
    put(cwd, { "qrels.tsv": "the first\tdoc b\t1\n" });
    const { mrr10 } = await json<Evaluation>(["eval", "in.npy", "a.pith", ...JUDGED], { cwd });
    expect(mrr10).toBe(1 / 2);
  });

  for (const metric of ["cosine", "dot", "l2"] as const)
    test(`${metric}: without queries, rows of the original are held out`, async () => {
      const cwd = folder();
      const v = randomVectors(300, 24, 7);
      put(cwd, { "in.npy": npy(v) });
      await text(["compress", "in.npy", "-o", "a.pith", "--metric", metric], { cwd });
      await text(["decompress", "a.pith", "-o", "decoded.npy"], { cwd });
      const e = await json<Evaluation>(["eval", "in.npy", "a.pith"], { cwd });
      expect(e).toMatchObject({ queries: 30, heldOut: true, count: 300 });
      const decoded = readNpy(readFileSync(join(cwd, "decoded.npy")));
      for (const k of [1, 10, 100]) expect(e.recall[k]).toBeCloseTo(heldOutRecall(k, metric, v, decoded), 12);
    });

  test("a single row is held out, and there is nothing left to find", async () => {
    const cwd = folder();
    put(cwd, { "in.npy": npy(randomVectors(1, 4, 1)) });
    await text(["compress", "in.npy", "-o", "a.pith"], { cwd });
    const e = await json<Evaluation>(["eval", "in.npy", "a.pith"], { cwd });
    expect(e).toMatchObject({ queries: 1, heldOut: true, recall: { "1": null, "10": null, "100": null } });
  });

  test("several blocks, a float16 original and a Pith file as the original", async () => {
    const cwd = folder();
    const v = randomVectors(9000, 8, 8);
    put(cwd, { "in.pith": pithVectors(v, undefined, "F16"), "q.npy": npy(randomVectors(5, 8, 9)) });
    await text(["compress", "in.pith", "-o", "a.pith", "--keep", "f16"], { cwd });
    const args = ["eval", "in.pith", "a.pith", "--queries", "q.npy"];
    const e = await json<Evaluation>(args, { cwd });
    expect(e).toMatchObject({ count: 9000, queries: 5, rescored: { recall: { "1": 1, "10": 1 } } });
    // The kept originals are the very rows of the input.
    const kept = await json<Evaluation>(["eval", "a.pith", "a.pith", "--queries", "q.npy"], { cwd });
    expect(kept.recall).toEqual(e.recall);
    expect(kept.meanCosine).toBe(e.meanCosine);
  });

  test("zero rows that come back as zero count as kept", async () => {
    const cwd = folder();
    put(cwd, {
      "in.npy": npy(
        vectorsFromRows([
          [0, 0],
          [1, 0],
          [0, 1],
        ]),
      ),
      "q.npy": npy(queries),
    });
    await text(["compress", "in.npy", "-o", "a.pith"], { cwd });
    const e = await json<Evaluation>(["eval", "in.npy", "a.pith", "-q", "q.npy"], { cwd });
    expect(e).toMatchObject({ meanCosine: 1, minCosine: 1 });
  });

  test("the text says the same", async () => {
    const cwd = await workedCase("--keep", "f32");
    const out = await text(["eval", "in.npy", "a.pith", ...JUDGED], { cwd });
    const lines = out.trimEnd().split("\n");
    expect(lines.map((line) => line.split(/ {2,}/)[0])).toEqual([
      "codec",
      "bytes/vector",
      "side bytes",
      "file",
      "cosine",
      "recall",
      "rescored",
      "nDCG@10",
      "MRR@10",
      "encode",
      "search",
    ]);
    expect(lines[0]).toBe("codec         int8, dot, 12 x 2");
    expect(lines[1]).toBe("bytes/vector  6 (1.33x smaller than float32)");
    expect(lines[2]).toBe("side bytes    0 B");
    expect(lines[5]).toBe("recall        @1 0.0000   @10 0.9000   @100 -   (2 queries)");
    expect(lines[6]).toBe("rescored      @1 1.0000   @10 1.0000   @100 -");
    expect(lines[8]).toBe("MRR@10        0.5000 (exact 1.0000)");
  });

  test("the text of held-out queries says so", async () => {
    const cwd = folder();
    put(cwd, { "in.npy": npy(tiny) });
    await text(["compress", "in.npy", "-o", "a.pith"], { cwd });
    expect(await text(["eval", "in.npy", "a.pith"], { cwd })).toMatch(/\(1 query, held out\)/);
  });
});

/** By float64 and sorting alone; a tenth of the rows, each in the middle of its stretch. */
function heldOutRecall(k: number, metric: string, original: Vectors, decoded: Vectors): number {
  const n = original.count / 10;
  const held = Array.from({ length: n }, (_, i) => Math.floor(((i + 0.5) * original.count) / n));
  const searched = Array.from({ length: original.count }, (_, i) => i).filter((i) => !held.includes(i));
  const unit = metric === "cosine";
  const score = (a: Float32Array, b: Float32Array): number => {
    if (metric === "l2") return -a.reduce((sum, x, j) => sum + (x - b[j]) ** 2, 0);
    const dot = a.reduce((sum, x, j) => sum + x * b[j], 0);
    return unit ? dot / Math.hypot(...b) : dot;
  };
  const nearest = (query: Float32Array, rows: Vectors, cosine: boolean): number[] =>
    searched
      .map((i) => {
        const v = row(rows, i);
        // Codes of unit vectors are compared by dot: their decoded length is 1 but for rounding.
        const s = unit && !cosine ? v.reduce((sum, x, j) => sum + x * query[j], 0) : score(query, v);
        return { i, s };
      })
      .sort((a, b) => b.s - a.s || a.i - b.i)
      .slice(0, k)
      .map(({ i }) => i);
  const shares = held.map((h) => {
    const query = row(original, h);
    const exact = new Set(nearest(query, original, true));
    return nearest(query, decoded, false).filter((i) => exact.has(i)).length / k;
  });
  return shares.reduce((sum, s) => sum + s, 0) / n;
}
