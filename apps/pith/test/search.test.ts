import { readFileSync } from "node:fs";
import { join } from "node:path";
import type { Vectors } from "@pith/codec-core";
import { describe, expect, test } from "vitest";
import { npy, pithVectors, put, randomVectors, readNpy, row, tiny } from "./inputs.ts";
import { folder, json, text } from "./pith.ts";

interface Found {
  results: { query: number | string; ids: (number | string)[]; scores: number[] }[];
}

/** Scores in float64, best first, ties to the lower row. */
function ranked(metric: string, query: Float32Array, rows: Vectors): { row: number; score: number }[] {
  const norm = (v: Float32Array): number => Math.hypot(...v);
  return Array.from({ length: rows.count }, (_, i) => {
    const v = row(rows, i);
    const dot = v.reduce((sum, x, j) => sum + x * query[j], 0);
    const l2 = v.reduce((sum, x, j) => sum - (x - query[j]) ** 2, 0);
    return { row: i, score: metric === "l2" ? l2 : metric === "dot" ? dot : dot / norm(query) };
  }).sort((a, b) => b.score - a.score || a.row - b.row);
}

describe("pith search", () => {
  for (const metric of ["cosine", "dot", "l2"] as const)
    test(`${metric}: hits and scores are those of the decoded vectors`, async () => {
      const cwd = folder();
      const queries = randomVectors(6, 20, 2);
      put(cwd, { "in.npy": npy(randomVectors(9000, 20, 1)), "q.npy": npy(queries) });
      await text(["compress", "in.npy", "-o", "a.pith", "--metric", metric], { cwd });
      await text(["decompress", "a.pith", "-o", "decoded.npy"], { cwd });
      const decoded = readNpy(readFileSync(join(cwd, "decoded.npy")));
      const { results } = await json<Found>(["search", "a.pith", "--queries", "q.npy", "-k", "5"], { cwd });
      expect(results.map((r) => r.query)).toEqual([0, 1, 2, 3, 4, 5]);
      results.forEach(({ ids, scores }, q) => {
        const expected = ranked(metric, row(queries, q), decoded);
        expect(ids.length).toBe(5);
        expect(new Set(ids).size).toBe(5);
        scores.forEach((score, i) => {
          // Float32 sums of 20 products; two rows that near may change places.
          expect(Math.abs(score - expected[i].score)).toBeLessThan(1e-4);
          const own = expected.find((e) => e.row === ids[i]);
          expect(Math.abs(score - (own?.score ?? Number.NaN))).toBeLessThan(1e-4);
        });
      });
    });

  test("prints each query with its hits", async () => {
    const cwd = folder();
    put(cwd, { "in.npy": npy(tiny), "q.npy": npy(tiny), "ids.txt": "one\ntwo\nthree\nfour\n" });
    await text(["compress", "in.npy", "-o", "a.pith", "--ids", "ids.txt"], { cwd });
    const out = await text(["search", "a.pith", "--queries", "q.npy", "-k", "2"], { cwd });
    const blocks = out.trimEnd().split("\n\n");
    expect(blocks.map((b) => b.split("\n")[0])).toEqual(["query 0", "query 1", "query 2", "query 3"]);
    expect(blocks[1]).toBe("query 1\n    0.9991  two\n    0.6400  four");
  });

  test("--json: ids are row numbers where the file has none", async () => {
    const cwd = folder();
    put(cwd, { "in.npy": npy(tiny), "q.npy": npy(tiny) });
    await text(["compress", "in.npy", "-o", "a.pith"], { cwd });
    const found = await json<Found>(["search", "a.pith", "--queries", "q.npy", "-k", "1"], { cwd });
    expect(Object.keys(found)).toEqual(["results"]);
    expect(found.results.map((r) => Object.keys(r))).toEqual(Array(4).fill(["query", "ids", "scores"]));
    expect(found.results.map((r) => r.ids)).toEqual([[0], [1], [2], [3]]);
  });

  for (const [what, ids, shown] of [
    ["strings", ["a", "b", "c", "d"], ["a", "b", "c", "d"]],
    ["numbers", [40, 30, 20, 10], [40, 30, 20, 10]],
    ["64-bit integers, as text", [2n ** 60n, 2n, 3n, 4n], ["1152921504606846976", "2", "3", "4"]],
  ] as const)
    test(`--json: ids that are ${what}`, async () => {
      const cwd = folder();
      put(cwd, { "in.pith": pithVectors(tiny, ids), "q.npy": npy(tiny) });
      await text(["compress", "in.pith", "-o", "a.pith"], { cwd });
      const { results } = await json<Found>(["search", "a.pith", "-q", "q.npy", "-k", "1"], { cwd });
      expect(results.map((r) => r.ids[0])).toEqual(shown);
    });

  test("k is 10 by default; more than there are rows gives all rows", async () => {
    const cwd = folder();
    put(cwd, { "in.npy": npy(randomVectors(12, 4, 1)), "q.npy": npy(randomVectors(1, 4, 2)) });
    await text(["compress", "in.npy", "-o", "a.pith"], { cwd });
    const hits = async (...k: string[]): Promise<number> =>
      (await json<Found>(["search", "a.pith", "-q", "q.npy", ...k], { cwd })).results[0].ids.length;
    expect(await hits()).toBe(10);
    expect(await hits("-k", "13")).toBe(12);
    expect(await hits("-k", String(Number.MAX_SAFE_INTEGER))).toBe(12);
  });

  test("--like finds what is like a vector of the file, without that vector", async () => {
    const cwd = folder();
    put(cwd, { "in.npy": npy(tiny), "ids.txt": "one\ntwo\nthree\nfour\n" });
    await text(["compress", "in.npy", "-o", "a.pith", "--ids", "ids.txt"], { cwd });
    const { results } = await json<Found>(["search", "a.pith", "--like", "two"], { cwd });
    // (0, -3, 4) against (6, 0, 8), (1, 2, 2), (2, 1, -2): cosines 32/50, 2/15, -11/15.
    expect(results).toHaveLength(1);
    expect(results[0]).toMatchObject({ query: "two", ids: ["four", "one", "three"] });
    [0.64, 2 / 15, -11 / 15].forEach((cosine, i) => {
      expect(results[0].scores[i]).toBeCloseTo(cosine, 1);
    });
    expect(await text(["search", "a.pith", "--like", "two", "-k", "1"], { cwd })).toMatch(/^two\n.* four\n$/);
  });

  test("--like takes a row number where the file has no ids", async () => {
    const cwd = folder();
    put(cwd, { "in.npy": npy(tiny) });
    await text(["compress", "in.npy", "-o", "a.pith"], { cwd });
    const { results } = await json<Found>(["search", "a.pith", "--like", "1", "-k", "1"], { cwd });
    expect(results[0].ids).toEqual([3]);
  });

  test("equal scores rank by the lower row", async () => {
    const cwd = folder();
    const one = Array.from({ length: 20 }, () => [1, 1]).flat();
    const v = { data: Float32Array.from(one), dim: 2, count: 20 };
    put(cwd, { "in.npy": npy(v), "q.npy": npy({ data: Float32Array.of(2, 2), dim: 2, count: 1 }) });
    await text(["compress", "in.npy", "-o", "a.pith"], { cwd });
    const { results } = await json<Found>(["search", "a.pith", "-q", "q.npy", "-k", "7"], { cwd });
    expect(results[0].ids).toEqual([0, 1, 2, 3, 4, 5, 6]);
  });

  test("queries may be float16, safetensors or a Pith file", async () => {
    const cwd = folder();
    put(cwd, {
      "in.npy": npy(tiny),
      "q16.npy": npy(tiny, "F16"),
      "q.pith": pithVectors(tiny, ["w", "x", "y", "z"]),
    });
    await text(["compress", "in.npy", "-o", "a.pith"], { cwd });
    for (const file of ["q16.npy", "q.pith"]) {
      const { results } = await json<Found>(["search", "a.pith", "-q", file, "-k", "1"], { cwd });
      expect(results.map((r) => r.ids)).toEqual([[0], [1], [2], [3]]);
    }
  });

  test("--trust finds the same without reading the whole file, --no-map by reading it", async () => {
    const cwd = folder();
    put(cwd, { "in.npy": npy(randomVectors(3000, 20, 1)), "q.npy": npy(randomVectors(4, 20, 2)) });
    await text(["compress", "in.npy", "-o", "a.pith"], { cwd });
    for (const asked of [
      ["--queries", "q.npy"],
      ["--like", "17"],
    ]) {
      const found = await json(["search", "a.pith", ...asked], { cwd });
      expect(await json(["search", "a.pith", "--trust", ...asked], { cwd })).toEqual(found);
      expect(await json(["search", "a.pith", "--trust", "--no-map", ...asked], { cwd })).toEqual(found);
      const env = { PITH_BACKEND: "portable" };
      expect(await json(["search", "a.pith", "--trust", ...asked], { cwd, env })).toEqual(found);
    }
  });
});
