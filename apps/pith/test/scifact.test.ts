/**
 * The main job on real embeddings: BEIR's SciFact by all-MiniLM-L6-v2, 5,183 documents and 300 queries of 384 dims, with
 * judgements. Exact search has nDCG@10 .6451, as published for that model.
 */
import { existsSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { openVectors } from "@pith/codec-core/files";
import { describe, expect, test } from "vitest";
import { readAll } from "../src/commands/search.ts";
import { BlockSearch } from "../src/jobs/block-search.ts";
import { row } from "./inputs.ts";
import { folder, json, text } from "./pith.ts";

const data = process.env["PITH_DATA"] && join(process.env["PITH_DATA"], "scifact");
const there = data !== undefined && data !== "" && existsSync(join(data, "corpus.f32.npy"));
if (!there)
  console.warn(
    "SKIPPED: the tests on SciFact. Set PITH_DATA to a folder with scifact/, made as benchmarks/README.md says.",
  );

interface Evaluation {
  [key: string]: unknown;
  recall: { [k: string]: number };
  ndcg10: number;
  mrr10: number;
  exact: { ndcg10: number; mrr10: number };
  rescored: { recall: { [k: string]: number }; ndcg10: number };
  meanCosine: number;
  minCosine: number;
}

const file = (name: string): string => join(data ?? "", name);
const JUDGED = [
  "--queries",
  file("queries.f32.npy"),
  "--qrels",
  file("qrels.tsv"),
  "--query-ids",
  file("queries.jsonl"),
];

describe.skipIf(!there)("SciFact", () => {
  test("int8: recall@10 of .99 and more, nDCG@10 within .002 of exact search", async () => {
    const cwd = folder();
    const ids = ["--ids", file("corpus.jsonl")];
    await text(["compress", file("corpus.f32.npy"), "-o", "a.pith", ...ids, "--keep", "f16"], { cwd });
    const e = await json<Evaluation>(["eval", file("corpus.f32.npy"), "a.pith", ...JUDGED], { cwd });
    expect(e).toMatchObject({ codec: "int8", dim: 384, count: 5183, metric: "cosine", bytesPerVector: 388 });
    expect(e.exact.ndcg10.toFixed(4)).toBe("0.6451");
    expect(Math.abs(e.ndcg10 - 0.6451)).toBeLessThanOrEqual(0.002);
    expect(e.recall["10"]).toBeGreaterThanOrEqual(0.99);
    expect(e.rescored.recall["10"]).toBeGreaterThanOrEqual(e.recall["10"]);
    expect(e.meanCosine).toBeGreaterThan(0.9999);
    expect(e.minCosine).toBeGreaterThan(0.999);
    // The ids in the compressed file are the corpus's, so that --ids changes nothing.
    const named = await json<Evaluation>(["eval", file("corpus.f32.npy"), "a.pith", ...JUDGED, ...ids], {
      cwd,
    });
    expect(named.ndcg10).toBe(e.ndcg10);
  });

  test("search finds what the ground truth lists, but for what int8 loses", async () => {
    const cwd = folder();
    await text(["compress", file("corpus.f32.npy"), "-o", "a.pith"], { cwd });
    const args = ["search", "a.pith", "--queries", file("queries.f32.npy"), "-k", "10"];
    const { results } = await json<{ results: { ids: number[]; scores: number[] }[] }>(args, { cwd });
    const truth = groundTruth(file("gt100.i32.npy"));
    const shares = results.map(
      ({ ids }, q) => ids.filter((id) => truth[q].slice(0, 10).includes(id)).length / 10,
    );
    expect(shares).toHaveLength(300);
    expect(shares.reduce((sum, s) => sum + s, 0) / 300).toBeGreaterThanOrEqual(0.99);
    for (const { scores } of results) expect(scores).toEqual([...scores].sort((a, b) => b - a));
  });

  test("with float32 originals nothing is lost against exact search", async () => {
    const cwd = folder();
    await text(["compress", file("corpus.f32.npy"), "-o", "a.pith", "--keep", "f32"], { cwd });
    const args = ["eval", file("corpus.f32.npy"), "a.pith", ...JUDGED, "--ids", file("corpus.jsonl")];
    const e = await json<Evaluation>(args, { cwd });
    // 400 candidates of the codes hold the ten nearest of every query.
    expect(e.rescored.recall).toMatchObject({ "1": 1, "10": 1 });
    expect(e.rescored.ndcg10).toBe(e.exact.ndcg10);
  });

  test("eval's exact search is the ground truth, but for order among scores that float32 can't tell apart", async () => {
    const queries = await readAll(file("queries.f32.npy"), 384);
    const search = new BlockSearch(queries, "dot", 100);
    await using corpus = await openVectors(file("corpus.f32.npy"));
    for await (const block of corpus.rows({ blockRows: 1000 })) search.addVectors(block);
    const truth = groundTruth(file("gt100.i32.npy"));
    const all = await readAll(file("corpus.f32.npy"), 384);
    const dot = (q: number, i: number): number =>
      row(queries, q).reduce((sum, x, j) => sum + x * row(all, i)[j], 0);
    search.hits().forEach(({ slots }, q) => {
      for (let rank = 0; rank < 10; rank++) {
        if (slots[rank] === truth[q][rank]) continue;
        expect(Math.abs(dot(q, slots[rank]) - dot(q, truth[q][rank]))).toBeLessThan(1e-6);
      }
    });
  });
});

/** Row numbers of the 100 exact neighbours of each query, from a .npy of int32. */
function groundTruth(path: string): number[][] {
  const bytes = readFileSync(path);
  const rows = new Int32Array(Uint8Array.from(bytes.subarray(10 + bytes.readUInt16LE(8))).buffer);
  return Array.from({ length: rows.length / 100 }, (_, q) => [...rows.subarray(q * 100, (q + 1) * 100)]);
}
