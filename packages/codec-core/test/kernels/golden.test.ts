/**
 * Values that were computed elsewhere: published check values, and Python with every step rounded to float32 by
 * `struct`. They pin what is stored in files.
 */
import { describe, expect, test } from "vitest";
import { SplitMix64 } from "../../src/random.ts";
import { backends, hex } from "./backends.ts";

const ODD = Float32Array.from({ length: 17 }, (_, j) => (((j * 37) % 19) - 9) / 7);
const QUERY = Float32Array.from({ length: 17 }, (_, j) => (((j * 11) % 23) - 11) / 9);

/** Rows, their codes, and their codes as unit vectors. */
const INT8: Record<string, [ArrayLike<number>, string, string]> = {
  ramp: [[-1, -0.5, 0, 0.25, 0.75], "81c000205f0402013c", "81c000205f956dbc3b"],
  "ties of rounding": [
    [127, 0.5, 1.5, 2.5, -0.5, -1.5, -2.5, 126.5],
    "7f00020200fefe7e0000803f",
    "7f00020200fefe7e22c1b63b",
  ],
  "the smallest that isn't zero": [[2 ** -120, -(2 ** -121), 2 ** -149], "7fc00002814000", "7fc000bcc6e63b"],
  "below it": [[2 ** -121, -(2 ** -130)], "00000000803f", "00000000803f"],
  huge: [[3e38, -1e38, 1], "7fd600d878e37b", "7fd60076c6f43b"],
  "17 dims": [
    ODD,
    "817f71635547382a1c0e00f2e4d6c8b9ab05de253c",
    "817f71635547382a1c0e00f2e4d6c8b9ab1b40593b",
  ],
};

const HALVES: [number, number][] = [
  [1e-5, 0x00a8],
  [65519.996, 0x7bff],
  [65520, 0x7c00],
  [3.4e38, 0x7c00],
  [-Infinity, 0xfc00],
  [5.9604645e-8, 0x0001],
  [2.9802322e-8, 0x0000],
  [2.9802326e-8, 0x0001],
  [6.1e-5, 0x03ff],
  [0.1, 0x2e66],
  [-2049, 0xe800],
  [2051, 0x6802],
  [1 / 3, 0x3555],
  [-0, 0x8000],
];

describe.each(backends.map((k) => [k.isa, k] as const))("%s", (_, k) => {
  test("CRC-32C of RFC 3720 and of the usual nine digits", () => {
    expect(k.crc32c(new TextEncoder().encode("123456789"), 0)).toBe(0xe3069283);
    expect(k.crc32c(new Uint8Array(32), 0)).toBe(0x8a9136aa);
    expect(k.crc32c(new Uint8Array(32).fill(0xff), 0)).toBe(0x62a8ab43);
    expect(
      k.crc32c(
        Uint8Array.from({ length: 32 }, (_, i) => i),
        0,
      ),
    ).toBe(0x46dd794e);
    expect(k.crc32c(new Uint8Array(0), 0xe3069283)).toBe(0xe3069283);
  });

  test("CRC-32C continues from any place, any length", () => {
    const random = new SplitMix64(1);
    const bytes = Uint8Array.from({ length: 3000 }, () => random.below(256));
    const whole = k.crc32c(bytes, 0);
    for (const cut of [0, 1, 7, 8, 255, 256, 257, 1001, 2999, 3000])
      expect(k.crc32c(bytes.subarray(cut), k.crc32c(bytes.subarray(0, cut), 0))).toBe(whole);
  });

  test.each(Object.entries(INT8))("int8 codes: %s", (_, [row, plain, unit]) => {
    const data = Float32Array.from(row);
    for (const [direction, expected] of [
      [false, plain],
      [true, unit],
    ] as const) {
      const out = new Uint8Array(data.length + 4);
      k.int8Encode(data, data.length, direction, out);
      expect(hex(out)).toBe(expected);
    }
  });

  test("scores in the pinned order", () => {
    const codes = Uint8Array.from({ length: 21 }, (_, i) =>
      Number.parseInt(INT8["17 dims"][1].slice(2 * i, 2 * i + 2), 16),
    );
    const bits = (score: (out: Float32Array) => void): string => {
      const out = new Float32Array(1);
      score(out);
      return new Uint32Array(out.buffer)[0].toString(16);
    };
    expect(bits((out) => k.int8Scores("dot", QUERY, codes, 17, out))).toBe("4089b802");
    expect(bits((out) => k.int8Scores("cosine", QUERY, codes, 17, out))).toBe("4089b802");
    expect(bits((out) => k.int8Scores("l2", QUERY, codes, 17, out))).toBe("c12071b6");
    expect(bits((out) => k.floatScores("dot", QUERY, ODD, 17, out))).toBe("4089a69b");
    expect(bits((out) => k.floatScores("l2", QUERY, ODD, 17, out))).toBe("c120507f");
    expect(bits((out) => k.floatScores("cosine", QUERY, ODD, 17, out))).toBe("3fb44afd");
    expect(bits((out) => k.norms(ODD, 17, out))).toBe("404373b4");
  });

  test("float16: known numbers", () => {
    const out = new Uint16Array(HALVES.length);
    k.toFloat16(
      Float32Array.from(HALVES, ([v]) => v),
      out,
    );
    expect(Array.from(out)).toEqual(HALVES.map(([, half]) => half));
  });

  test("float16: all 65,536 patterns widen to their value and come back", () => {
    const patterns = Uint16Array.from({ length: 65536 }, (_, i) => i);
    const wide = new Float32Array(65536);
    const back = new Uint16Array(65536);
    k.fromFloat16(patterns, wide);
    k.toFloat16(wide, back);
    const wrong = patterns.filter((pattern) => {
      const [exponent, mantissa] = [(pattern >>> 10) & 31, pattern & 0x3ff];
      const sign = pattern & 0x8000 ? -1 : 1;
      if (exponent === 31 && mantissa > 0)
        // A NaN comes back quiet, with what it carries.
        return !Number.isNaN(wide[pattern]) || back[pattern] !== (pattern | 0x200);
      const value =
        exponent === 31
          ? Infinity
          : exponent === 0
            ? mantissa * 2 ** -24
            : (1024 + mantissa) * 2 ** (exponent - 25);
      return !Object.is(wide[pattern], sign * value) || back[pattern] !== pattern;
    });
    expect(Array.from(wrong)).toEqual([]);
  });

  test("float16: half way goes to even", () => {
    const low = Uint16Array.from({ length: 0x7bff }, (_, i) => i);
    const wide = new Float32Array(0x7c00);
    k.fromFloat16(
      Uint16Array.from({ length: 0x7c00 }, (_, i) => i),
      wide,
    );
    const out = new Uint16Array(0x7bff);
    k.toFloat16(
      Float32Array.from(low, (i) => (wide[i] + wide[i + 1]) / 2),
      out,
    );
    expect(out).toEqual(low.map((i) => i + (i & 1)));
  });

  test("norms neither overflow nor underflow", () => {
    const out = new Float32Array(7);
    const rows = [3, 4, 3e30, 4e30, 3e-30, 4e-30, 0, 0, 2 ** -149, 0, 3.4e38, 3.4e38, 2 ** 127, 0];
    k.norms(Float32Array.from(rows), 2, out);
    const expected = [5, 5e30, 5e-30, 0, 2 ** -149, Infinity, 2 ** 127];
    expect(out).toEqual(Float32Array.from(expected));
  });

  test("rows of length 1, of tiny and huge ones too", () => {
    const rows = Float32Array.from([3, 4, 3e38, -4e37, 3e-30, 4e-30, 0, -0, 2 ** -149, 0]);
    const out = new Float32Array(rows.length);
    k.unitRows(rows, 2, out);
    for (let i = 0; i < rows.length; i += 2) {
      const norm = Math.hypot(rows[i], rows[i + 1]) || 1;
      expect(out[i]).toBeCloseTo(rows[i] / norm, 6);
      expect(out[i + 1]).toBeCloseTo(rows[i + 1] / norm, 6);
    }
  });

  test("the first number that isn't finite", () => {
    for (const length of [0, 1, 63, 64, 65, 255, 256, 257, 1000]) {
      const data = new Float32Array(length).fill(-3.4e38);
      expect(k.firstNonFinite(data)).toBe(-1);
      for (const at of [0, 1, 62, 63, 64, 254, 255, 256, 998, 999].filter((i) => i < length).reverse())
        for (const bad of [Number.NaN, Infinity, -Infinity]) {
          data[at] = bad;
          expect(k.firstNonFinite(data)).toBe(at);
        }
    }
  });
});
