import { readFileSync } from "node:fs";
import { join } from "node:path";
import type { Vectors } from "@pith/codec-core";
import { describe, expect, test } from "vitest";
import { npy, put, randomVectors, readNpy, row, tiny } from "./inputs.ts";
import { folder, json, text } from "./pith.ts";

/**
 * Codes are multiples of scale = max|v| / 127, so each element comes back within half a scale; what float32 rounds on
 * the way is below 2^-10 of that.
 */
function expectWithinBound(original: Vectors, decoded: Vectors, unit: boolean): void {
  expect([decoded.count, decoded.dim]).toEqual([original.count, original.dim]);
  for (let i = 0; i < original.count; i++) {
    const norm = unit ? Math.hypot(...row(original, i)) : 1;
    const x = Array.from(row(original, i), (value) => value / norm);
    const bound = (Math.max(...x.map(Math.abs)) / 127 / 2) * (1 + 2 ** -10);
    row(decoded, i).forEach((value, j) => {
      expect(Math.abs(value - x[j])).toBeLessThanOrEqual(bound);
    });
  }
}

describe("pith decompress", () => {
  for (const metric of ["cosine", "dot", "l2"] as const)
    test(`${metric}: comes back within int8's error bound`, async () => {
      const cwd = folder();
      const v = randomVectors(300, 24, 1);
      put(cwd, { "in.npy": npy(v) });
      await text(["compress", "in.npy", "-o", "a.pith", "--metric", metric], { cwd });
      await text(["decompress", "a.pith", "-o", "out.npy"], { cwd });
      expectWithinBound(v, readNpy(readFileSync(join(cwd, "out.npy"))), metric === "cosine");
    });

  test("many blocks come back in order", async () => {
    const cwd = folder();
    const v = randomVectors(17_000, 3, 2);
    put(cwd, { "in.npy": npy(v) });
    await text(["compress", "in.npy", "-o", "a.pith", "--metric", "dot"], { cwd });
    await text(["decompress", "a.pith", "-o", "out.npy"], { cwd });
    expectWithinBound(v, readNpy(readFileSync(join(cwd, "out.npy"))), false);
  });

  test("compressing what came back gives the same codes", async () => {
    const cwd = folder();
    put(cwd, { "in.npy": npy(randomVectors(50, 8, 3)) });
    await text(["compress", "in.npy", "-o", "a.pith", "--metric", "dot"], { cwd });
    await text(["decompress", "a.pith", "-o", "out.npy"], { cwd });
    await text(["compress", "out.npy", "-o", "b.pith", "--metric", "dot"], { cwd });
    await text(["decompress", "b.pith", "-o", "again.npy"], { cwd });
    const [first, second] = ["out.npy", "again.npy"].map((name) => readNpy(readFileSync(join(cwd, name))));
    // The scale is made of max / 127 again: one rounding of float32 apart.
    second.data.forEach((value, i) => {
      expect(Math.abs(value - first.data[i])).toBeLessThanOrEqual(2 ** -23 * Math.abs(first.data[i]));
    });
  });

  test("--dtype f16 writes half the bytes", async () => {
    const cwd = folder();
    put(cwd, { "in.npy": npy(tiny) });
    await text(["compress", "in.npy", "-o", "a.pith"], { cwd });
    await text(["decompress", "a.pith", "-o", "out.npy", "--dtype", "f16"], { cwd });
    const bytes = readFileSync(join(cwd, "out.npy"));
    expect(bytes.subarray(0, 128).toString("latin1")).toContain("'descr': '<f2'");
    expect(bytes.length).toBe(128 + 4 * 3 * 2);
  });

  test("says in one line what it wrote", async () => {
    const cwd = folder();
    put(cwd, { "in.npy": npy(tiny) });
    await text(["compress", "in.npy", "-o", "a.pith"], { cwd });
    expect(await text(["decompress", "a.pith", "-o", "out.npy"], { cwd })).toBe(
      "out.npy: 4 x 3, f32, 176 B\n",
    );
  });

  test("--json prints one document", async () => {
    const cwd = folder();
    put(cwd, { "in.npy": npy(tiny) });
    await text(["compress", "in.npy", "-o", "a.pith"], { cwd });
    expect(await json(["decompress", "a.pith", "-o", "out.npy"], { cwd })).toEqual({
      file: "out.npy",
      format: "npy",
      codec: "int8",
      dim: 3,
      count: 4,
      dtype: "f32",
    });
  });
});
