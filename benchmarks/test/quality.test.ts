import { existsSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, test } from "vitest";
import { loadDataset } from "../src/datasets.mjs";
import { exactTopK, ndcg, quality, recall } from "../src/quality.mjs";
import { median } from "../src/timing.mjs";

describe("exactTopK", () => {
  test("ranks by inner product, equal scores by the lower row", () => {
    const corpus = Float32Array.of(1, 0, 0, 1, 1, 0, -1, 0);
    const queries = Float32Array.of(1, 0, 0, 2);
    expect([...exactTopK(corpus, queries, 2, 3)]).toEqual([0, 2, 1, 1, 0, 2]);
  });

  test("gives all rows where there are fewer than k", () => {
    expect([...exactTopK(Float32Array.of(1, 2), Float32Array.of(1), 1, 10)]).toEqual([1, 0]);
  });
});

describe("recall", () => {
  const truth = Uint32Array.of(0, 1, 2, 3, 4, 5);

  test("counts the found among the first k, in any order", () => {
    expect(recall(truth, truth, 3, 3)).toBe(1);
    expect(recall(Uint32Array.of(1, 0, 9, 3, 9, 9), truth, 3, 2)).toBe(3 / 4);
    expect(recall(Uint32Array.of(2, 2, 2, 9, 9, 9), truth, 3, 3)).toBe(1 / 6);
  });

  test("is null where there are fewer than k rows", () => {
    expect(recall(truth, truth, 3, 10)).toBeNull();
  });
});

describe("nDCG", () => {
  test("is 1 for the ideal order, discounted by log2 of the rank", () => {
    const judgements = new Map([[0, new Map([[7, 1]])]]);
    expect(ndcg(Uint32Array.of(7, 1, 2), 3, 3, judgements)).toBe(1);
    expect(ndcg(Uint32Array.of(1, 7, 2), 3, 3, judgements)).toBeCloseTo(1 / Math.log2(3), 12);
    expect(ndcg(Uint32Array.of(1, 2, 7), 3, 2, judgements)).toBe(0);
  });

  test("is null without judgements", () => {
    expect(ndcg(Uint32Array.of(1), 1, 1, null)).toBeNull();
  });
});

test("a median is null where a measurement is missing", () => {
  expect(median([3, 1, 2])).toBe(2);
  expect(median([4, 1, 2, 3])).toBe(2.5);
  expect(median([1, null])).toBeNull();
  expect(median([])).toBeNull();
});

const scifact = join(process.env["PITH_DATA"] ?? "", "scifact");

test.skipIf(!process.env["PITH_DATA"] || !existsSync(scifact))(
  "exact search on SciFact has the published nDCG@10 of .6451",
  async () => {
    const { corpus, queries, dim, judgements } = await loadDataset(scifact, Infinity);
    const truth = exactTopK(corpus, queries, dim, 100);
    const { ndcg10, recall: same } = quality(truth, truth, 100, judgements);
    expect(ndcg10?.toFixed(4)).toBe("0.6451");
    expect(same).toEqual({ 1: 1, 10: 1, 100: 1 });
  },
  60_000,
);
