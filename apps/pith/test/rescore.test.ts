import {
  codecStamp,
  kernels,
  type PithContents,
  rowsToBytes,
  serializePith,
  TopK,
  unitRows,
  type Vectors,
  vectors,
} from "@pith/codec-core";
import { int8 } from "@pith/int8";
import { describe, expect, test } from "vitest";
import { int8Contents, npy, put, randomVectors } from "./inputs.ts";
import { folder, json } from "./pith.ts";
import { refused } from "./refused.ts";

interface Found {
  results: { ids: number[]; scores: number[] }[];
}

/**
 * Codes of other vectors than those that are kept: what rescoring does shows. The codes are those of the vectors with noise.
 */
function noisy(v: Vectors, keep: "F32" | "F16" | "codes"): PithContents {
  const noise = randomVectors(v.count, v.dim, 99);
  const contents = int8Contents(
    vectors(
      v.data.map((x, i) => x + 0.7 * noise.data[i]),
      v.dim,
    ),
    { metric: "cosine" },
  );
  if (keep !== "codes")
    return {
      ...contents,
      tensors: {
        ...contents.tensors,
        vectors: { dtype: keep, shape: [v.count, v.dim], bytes: rowsToBytes(v, keep) },
      },
    };
  const finer = int8.create({ dim: v.dim, metric: "cosine" });
  return {
    ...contents,
    rescore: codecStamp(finer.state()),
    tensors: {
      ...contents.tensors,
      "rescore.codes": { dtype: "U8", shape: [v.count, finer.stride], bytes: finer.encode(v).bytes },
    },
  };
}

function exact(v: Vectors, query: Float32Array, k: number): { ids: number[]; scores: Float32Array } {
  const scores = new Float32Array(v.count);
  kernels().floatScores("cosine", unitRows(query, v.dim), v.data, v.dim, scores);
  const best = new TopK(k);
  scores.forEach((score, i) => {
    best.push(i, score);
  });
  const hits = best.hits();
  return { ids: [...hits.slots], scores: hits.scores };
}

describe("pith search --rescore", () => {
  const v = randomVectors(6000, 12, 31);
  const q = randomVectors(6, 12, 32);
  for (const keep of ["F32", "F16", "codes"] as const)
    test(`with ${keep}: as exact search where all are candidates, and nearer to it where some are`, async () => {
      const cwd = folder();
      put(cwd, { "q.npy": npy(q), "a.pith": serializePith(noisy(v, keep)), "o.npy": npy(v) });
      const args = ["search", "a.pith", "-q", "q.npy", "-k", "10"];
      const plain = await json<Found>(args, { cwd });
      const some = await json<Found>([...args, "--rescore"], { cwd });
      const many = await json<Found>([...args, "--rescore", "--oversample", "40"], { cwd });
      const all = await json<Found>([...args, "--rescore", "--oversample", "600"], { cwd });
      const shared = ({ results }: Found): number =>
        results.reduce((sum, { ids }, i) => {
          const best = exact(v, q.data.subarray(i * 12, (i + 1) * 12), 10).ids;
          return sum + ids.filter((id) => best.includes(id)).length;
        }, 0);
      expect(shared(some)).toBeGreaterThan(shared(plain));
      expect(shared(many)).toBeGreaterThan(shared(some));
      expect(shared(all)).toBeGreaterThanOrEqual(keep === "F32" ? 60 : 57);
      all.results.forEach(({ scores }, i) => {
        const best = exact(v, q.data.subarray(i * 12, (i + 1) * 12), 10);
        scores.forEach((score, j) => {
          expect(Math.abs(score - best.scores[j])).toBeLessThan(
            keep === "F32" ? 1e-7 : keep === "F16" ? 1e-3 : 0.02,
          );
        });
      });
      const evaluation = await json<{ recall: { 10: number }; rescored: { recall: { 10: number } } }>(
        ["eval", "o.npy", "a.pith", "-q", "q.npy"],
        { cwd },
      );
      expect(evaluation.rescored.recall[10]).toBeGreaterThan(evaluation.recall[10]);
    });

  test("compress --keep int8 keeps codes of int8, which verify, inspect and search know", async () => {
    const cwd = folder();
    const few = randomVectors(50, 8, 3);
    put(cwd, { "in.npy": npy(few), "q.npy": npy(randomVectors(2, 8, 4)) });
    const report = await json(["compress", "in.npy", "-o", "a.pith", "--keep", "int8"], { cwd });
    expect(report).toMatchObject({ keep: "int8" });
    expect(await json(["inspect", "a.pith"], { cwd })).toMatchObject({ rescore: "int8", originals: null });
    const { checks } = await json<{ checks: string[] }>(["verify", "a.pith"], { cwd });
    expect(checks).toContain("rescore.codes");
    const args = ["search", "a.pith", "-q", "q.npy"];
    // The same codes twice: the same hits.
    expect(await json([...args, "--rescore"], { cwd })).toEqual(await json(args, { cwd }));
    expect(await json(["eval", "in.npy", "a.pith"], { cwd })).toMatchObject({
      rescored: { recall: { 1: 1 } },
    });
  });

  refused(
    "nothing kept",
    ["search", "a.pith", "-q", "q.npy", "--rescore"],
    "NOT_SUPPORTED",
    /"a\.pith": nothing is kept/,
  );
  refused(
    "--oversample alone",
    ["search", "a.pith", "-q", "q.npy", "--oversample", "2"],
    "INVALID_ARGUMENT",
    /needs --rescore/,
  );
  refused(
    "an oversample below 1",
    ["search", "a.pith", "-q", "q.npy", "--rescore", "--oversample", "0.5"],
    "INVALID_ARGUMENT",
    /--oversample: expected a number from 1, got "0\.5"/,
  );
});
