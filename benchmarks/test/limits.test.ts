import { describe, expect, test } from "vitest";
import { limitsOf, memoryBandwidth, readCeiling } from "../src/limits.mjs";
import { tile } from "../src/tiled.mjs";

const MIB = 2 ** 20;
const simd = (mebibytes: number, bytesPerSecond: number, threads = 1) => {
  return { bytes: mebibytes * MIB, threads, bytesPerSecond, method: "SIMD loads" };
};
const dot = (bytesPerSecond: number) => {
  return { bytes: 512 * MIB, threads: 1, bytesPerSecond, method: "OpenBLAS sdot, 512 MiB" };
};

describe("limits of a run", () => {
  const rounds = [
    { read: [simd(24, 80), simd(512, 30), simd(512, 50, 2), dot(29)], multiplyAddsPerSecond: 5 },
    { read: [simd(24, 90), simd(512, 20), simd(512, 60, 2), dot(33)], multiplyAddsPerSecond: 7 },
    { read: [simd(24, 70), simd(512, 28), simd(512, 10, 2), dot(31)], multiplyAddsPerSecond: 6 },
  ];
  const limits = limitsOf(rounds);

  test("are the medians of each probe", () => {
    expect(limits).toEqual({
      read: [simd(24, 80), simd(512, 28), simd(512, 50, 2), dot(31)],
      multiplyAddsPerSecond: 6,
    });
  });

  test("the faster of the probes beyond the caches is the bandwidth of memory", () => {
    expect(memoryBandwidth(limits)).toEqual({ bytesPerSecond: 31, method: "OpenBLAS sdot, 512 MiB" });
    expect(memoryBandwidth({ read: [simd(512, 40), dot(31)] })?.method).toBe("SIMD loads, 512 MiB");
    expect(memoryBandwidth({ read: [] })).toBeNull();
  });

  test("codes are held against buffers of their size or larger, read by as many threads", () => {
    expect(readCeiling(limits, 20 * MIB)).toBe(80);
    expect(readCeiling(limits, 28 * MIB)).toBe(80);
    expect(readCeiling(limits, 190 * MIB)).toBe(31);
    expect(readCeiling(limits, 4096 * MIB)).toBe(31);
    expect(readCeiling(limits, 190 * MIB, 2)).toBe(50);
    expect(readCeiling(limits, 190 * MIB, 4)).toBeNull();
  });
});

test("tiled rows are unit vectors near those they come from, no two alike, and the same each time", () => {
  const dim = 64;
  const base = Float32Array.from({ length: 2 * dim }, (_, i) => (i % dim === (i < dim ? 3 : 40) ? 1 : 0));
  const rows = tile(base, dim, 5);
  const row = (i: number) => rows.subarray(i * dim, (i + 1) * dim);
  const dotOf = (a: Float32Array, b: Float32Array) => a.reduce((sum, x, j) => sum + x * b[j]!, 0);
  for (let i = 0; i < 5; i++) {
    expect(dotOf(row(i), row(i))).toBeCloseTo(1, 5);
    expect(dotOf(row(i), base.subarray((i % 2) * dim, ((i % 2) + 1) * dim))).toBeGreaterThan(0.98);
  }
  expect(row(0)).not.toEqual(row(2));
  expect(tile(base, dim, 5)).toEqual(rows);
  expect(tile(base, dim, 5, 9)).not.toEqual(rows);
});
