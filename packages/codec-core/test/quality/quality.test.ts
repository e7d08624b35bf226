import { describe, expect, test } from "vitest";
import { vectorsFromRows } from "../../src/contract/vectors.ts";
import { ReconstructionMeter } from "../../src/quality/reconstruction.ts";
import { mrrAt, ndcgAt, recallAt } from "../../src/quality/retrieval.ts";

describe("retrieval", () => {
  test("recall counts the exact neighbours that were found, in any order", () => {
    expect(recallAt(2, [[5, 3, 9]], [[3, 5, 1]])).toBe(1);
    expect(
      recallAt(
        3,
        [[5, 3, 9], [1]],
        [
          [3, 5, 1],
          [2, 1, 0],
        ],
      ),
    ).toBeCloseTo((2 / 3 + 1 / 3) / 2);
    // Fewer rows than k: all of them is everything.
    expect(recallAt(10, [[1, 0]], [[0, 1]])).toBe(1);
  });

  test("nDCG and MRR of a small case worked out by hand", () => {
    // Relevant: a (2), b (1). Found x, b, a: DCG = 1/log2(3) + 3/log2(4); ideal = 3/log2(2) + 1/log2(3).
    const judgements = [
      new Map([
        ["a", 2],
        ["b", 1],
      ]),
      new Map([["z", 0]]),
    ];
    const found = [["x", "b", "a"], ["x"]];
    const expected = (1 / Math.log2(3) + 3 / 2) / (3 + 1 / Math.log2(3));
    expect(ndcgAt(10, found, judgements)).toBeCloseTo(expected, 12);
    expect(mrrAt(10, found, judgements)).toBe(1 / 2);
    expect(mrrAt(1, found, judgements)).toBe(0);
    expect(ndcgAt(10, [["a", "b"], []], judgements)).toBe(1);
  });
});

describe("reconstruction", () => {
  test("zero rows that come back zero count as 1, those that don't as 0", () => {
    const meter = new ReconstructionMeter(false);
    meter.add(
      vectorsFromRows([
        [0, 0],
        [0, 0],
        [3, 4],
      ]),
      vectorsFromRows([
        [0, 0],
        [1, 0],
        [6, 8],
      ]),
    );
    const { count, meanCosine, minCosine, meanAbsoluteError } = meter.result();
    expect(count).toBe(3);
    expect(meanCosine).toBeCloseTo(2 / 3, 12);
    expect(minCosine).toBe(0);
    expect(meanAbsoluteError).toBeCloseTo((1 + 3 + 4) / 6, 12);
  });

  test("under cosine, lengths are no error", () => {
    const meter = new ReconstructionMeter(true);
    meter.add(vectorsFromRows([[3, 4]]), vectorsFromRows([[0.6, 0.8]]));
    expect(meter.result().meanAbsoluteError).toBeCloseTo(0, 7);
    expect(meter.result().minCosine).toBeCloseTo(1, 7);
  });

  test("another number of vectors is refused", () => {
    const meter = new ReconstructionMeter(false);
    expect(() =>
      meter.add(
        vectorsFromRows([[1, 2]]),
        vectorsFromRows([
          [1, 2],
          [3, 4],
        ]),
      ),
    ).toThrow(expect.objectContaining({ code: "LENGTH_MISMATCH" }));
  });
});
