import { describe, expect, test } from "vitest";
import { SplitMix64 } from "../src/random.ts";

describe("SplitMix64", () => {
  test("gives the published stream", () => {
    // The first outputs for these seeds of the authors' reference code in C.
    const zero = new SplitMix64(0);
    expect([zero.next(), zero.next(), zero.next()]).toEqual([
      0xe220a8397b1dcdafn,
      0x6e789e6aa1b965f4n,
      0x06c45d188009454fn,
    ]);
    const other = new SplitMix64(1234567n);
    expect(Array.from({ length: 5 }, () => other.next())).toEqual([
      6457827717110365317n,
      3203168211198807973n,
      9817491932198370423n,
      4593380528125082431n,
      16408922859458223821n,
    ]);
  });

  test("takes seeds modulo 2^64", () => {
    expect(new SplitMix64(-1).next()).toBe(new SplitMix64(2n ** 64n - 1n).next());
  });

  test("uniform, below and gaussian have the moments that they should", () => {
    const random = new SplitMix64(20);
    const n = 20_000;
    const uniform = Array.from({ length: n }, () => random.uniform());
    expect(Math.min(...uniform)).toBeGreaterThanOrEqual(0);
    expect(Math.max(...uniform)).toBeLessThan(1);
    expect(mean(uniform)).toBeCloseTo(0.5, 2);
    const dice = Array.from({ length: n }, () => random.below(6));
    for (let face = 0; face < 6; face++)
      expect(dice.filter((d) => d === face).length / n).toBeCloseTo(1 / 6, 1.8);
    const gaussian = Array.from({ length: n }, () => random.gaussian());
    expect(mean(gaussian)).toBeCloseTo(0, 1);
    expect(mean(gaussian.map((x) => x * x))).toBeCloseTo(1, 1);
  });
});

function mean(values: readonly number[]): number {
  return values.reduce((sum, v) => sum + v, 0) / values.length;
}
