/** What the options of int8 promise beyond the contract. */
import { codecState, FlatIndex, parsePith, SplitMix64, type Vectors } from "@pith/codec-core";
import { describe, expect, test } from "vitest";
import { type Int8Options, int8 } from "../src/index.ts";

function gaussian(count: number, dim: number, seed: number): Vectors {
  const random = new SplitMix64(seed);
  return { data: Float32Array.from({ length: count * dim }, () => random.gaussian()), dim, count };
}

/** Mean squared error of what comes back. */
function loss(v: Vectors, options: Partial<Int8Options>): number {
  const codec = int8.create({ ...options, dim: v.dim, metric: "dot" });
  const decoded = codec.decode(codec.encode(v)).data;
  return v.data.reduce((sum, x, i) => sum + (x - decoded[i]) ** 2, 0) / v.data.length;
}

describe("options of int8", () => {
  test("groups have a scale each, and the stride says so", () => {
    const stride = (group: number): number => int8.create({ dim: 384, group }).stride;
    expect([0, 384, 128, 100, 64, 32, 8].map(stride)).toEqual([388, 388, 396, 400, 408, 432, 576]);
  });

  test("a loud element costs the other groups nothing, and a rotated row little", () => {
    const v = gaussian(50, 96, 1);
    for (let row = 0; row < v.count; row++) v.data[row * 96 + 17] = 200;
    const plain = loss(v, {});
    expect(loss(v, { group: 16 })).toBeLessThan(plain / 4);
    expect(loss(v, { rotate: "hadamard" })).toBeLessThan(plain / 4);
  });

  test("least squares loses no more, and no codes change", () => {
    const v = gaussian(50, 40, 2);
    for (const options of [{}, { group: 8 }, { rotate: "hadamard" as const }])
      expect(loss(v, { ...options, scale: "ls" })).toBeLessThan(loss(v, options));
    const codes = (scale: "absmax" | "ls"): Uint8Array => int8.create({ dim: 40, scale }).encode(v).bytes;
    const [a, b] = [codes("absmax"), codes("ls")];
    for (let row = 0; row < 50; row++)
      expect(a.subarray(row * 44, row * 44 + 40)).toEqual(b.subarray(row * 44, row * 44 + 40));
  });

  test("the rotation belongs to its seed", () => {
    const v = gaussian(3, 40, 3);
    const one = int8.create({ dim: 40, rotate: "hadamard", seed: 1 });
    const two = int8.create({ dim: 40, rotate: "hadamard", seed: 2 });
    expect(one.encode(v).bytes).not.toEqual(two.encode(v).bytes);
    const [a, b] = [one, two].map((codec) => codec.decode(codec.encode(v)).data);
    a.forEach((x, i) => {
      expect(x).toBeCloseTo(b[i], 1);
    });
  });

  test("plain int8 says {} in a file, as it always has; any other says all", () => {
    const params = (options: Partial<Int8Options>): unknown => {
      const index = new FlatIndex<number>(int8.create({ dim: 40, ...options }));
      index.add([1], gaussian(1, 40, 4));
      const state = codecState(parsePith(index.toBytes()));
      expect(int8.restore(state).state().params).toEqual(state.params);
      return state.params;
    };
    expect(params({})).toEqual({});
    expect(params({ rotate: "none", scale: "absmax", group: 0, seed: 0 })).toEqual({});
    expect(params({ group: 16 })).toEqual({ group: 16, rotate: "none", scale: "absmax", seed: 0 });
  });

  test("wrong ones are refused", () => {
    const code = (options: object): string => {
      try {
        int8.create({ dim: 40, ...options });
      } catch (error) {
        return (error as { code: string }).code;
      }
      return "none";
    };
    expect(code({ group: 7 })).toBe("INVALID_OPTION");
    expect(code({ group: -8 })).toBe("INVALID_OPTION");
    expect(code({ group: 41 })).toBe("DIM_UNSUPPORTED");
    expect(code({ rotate: "haar" })).toBe("INVALID_OPTION");
    expect(code({ scale: "l1" })).toBe("INVALID_OPTION");
    expect(code({ seed: 3 })).toBe("INVALID_OPTION");
    expect(code({ rotate: "hadamard", seed: 2 ** 53 })).toBe("INVALID_OPTION");
    expect(code({ group: 40, rotate: "hadamard", seed: 3 })).toBe("none");
  });

  test("a state with defaults spelled out, or some left out, was written by nobody", () => {
    const state = int8.create({ dim: 40, group: 16 }).state();
    for (const params of [
      { group: 0, rotate: "none", scale: "absmax", seed: 0 },
      { group: 16 },
      { ...state.params, seed: "0" },
    ])
      expect(() => int8.restore({ ...state, params })).toThrow(
        expect.objectContaining({ code: "CORRUPT_FILE" }),
      );
  });

  test("a vector too long to rotate is refused with its row, and nothing is written", () => {
    const codec = int8.create({ dim: 40, metric: "dot", rotate: "hadamard" });
    const v = gaussian(3, 40, 5);
    v.data[85] = 2 ** 100;
    const out = new Uint8Array(3 * codec.stride).fill(7);
    const refusal = (row: number): unknown =>
      expect.objectContaining({ code: "INVALID_ARGUMENT", details: expect.objectContaining({ row }) });
    expect(() => codec.encodeInto(v, out)).toThrow(refusal(2));
    expect(out.every((b) => b === 7)).toBe(true);
    expect(() => codec.scorer("dot").prepare(v.data.slice(80))).toThrow(refusal(0));
  });
});

describe.each(["cosine", "dot", "l2"] as const)("code to code under %s", (metric) => {
  test.each([{}, { group: 16 }, { rotate: "hadamard" as const }])(
    "is the score of decoded vectors: %o",
    (options) => {
      const codec = int8.create({ ...options, dim: 40, metric });
      const codes = codec.encode(gaussian(20, 40, 6));
      const decoded = codec.decode(codes).data;
      const scores = new Float32Array(20);
      const at = (row: number): typeof codes => ({
        bytes: codes.bytes.subarray(row * codec.stride, (row + 1) * codec.stride),
        stride: codec.stride,
        count: 1,
      });
      for (let a = 0; a < 20; a++) {
        codec.symmetricScorer?.(metric).scoreInto(at(a), codes, scores);
        for (let b = 0; b < 20; b++) {
          let expected = 0;
          for (let j = 0; j < 40; j++) {
            const [x, y] = [decoded[a * 40 + j], decoded[b * 40 + j]];
            expected += metric === "l2" ? -((x - y) ** 2) : x * y;
          }
          expect(Math.abs(scores[b] - expected)).toBeLessThan(metric === "cosine" ? 2e-6 : 2e-4);
        }
        if (metric === "l2") expect(scores[a]).toBe(0);
      }
    },
  );

  test("asks for one code of its own stride", () => {
    const codec = int8.create({ dim: 40, metric });
    const codes = codec.encode(gaussian(2, 40, 7));
    const scorer = codec.symmetricScorer?.(metric);
    const one = codec.encode(gaussian(1, 40, 8));
    expect(() => scorer?.scoreInto(codes, codes, new Float32Array(2))).toThrow(
      expect.objectContaining({ code: "LENGTH_MISMATCH" }),
    );
    expect(() => scorer?.scoreInto({ ...one, stride: 43 }, codes, new Float32Array(2))).toThrow(
      expect.objectContaining({ code: "CODEC_MISMATCH" }),
    );
    expect(() => scorer?.scoreInto(one, codes, new Float32Array(3))).toThrow(
      expect.objectContaining({ code: "LENGTH_MISMATCH" }),
    );
  });
});
