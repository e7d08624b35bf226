import { describe, expect, test } from "vitest";
import { floatText } from "../../src/files/float-text.ts";
import { SplitMix64 } from "../../src/index.ts";

describe("float32 as text", () => {
  test("is short where the number is", () => {
    const row = Float32Array.of(0, -0, 1, -2.5, 0.1, -0.001, 1e8, 123456.5, 1e-6, 2 ** -70, 2 ** 100);
    expect(floatText(row)).toBe(
      "0,-0,1,-2.5,0.100000001,-0.00100000005,100000000,123456.5,9.99999997e-7,8.47032947e-22,1.26765060e+30",
    );
  });

  test("reads back as the same float32: every exponent, the ends of each, and random bits", () => {
    const random = new SplitMix64(77);
    const bits = new Uint32Array(255 * 64);
    for (let exponent = 0; exponent < 255; exponent++)
      for (let i = 0; i < 64; i++) {
        const mantissa = i === 0 ? 0 : i === 1 ? 0x7fffff : i === 2 ? 1 : random.below(2 ** 23);
        bits[exponent * 64 + i] = (i % 2 === 0 ? 0 : 0x80000000) | (exponent << 23) | mantissa;
      }
    const values = new Float32Array(bits.buffer);
    const back = Float32Array.from(floatText(values).split(","), Number);
    expect(new Uint32Array(back.buffer)).toEqual(bits);
    const parsed = Float32Array.from(JSON.parse(`[${floatText(values)}]`) as number[]);
    expect(new Uint32Array(parsed.buffer)).toEqual(bits);
  });
});
