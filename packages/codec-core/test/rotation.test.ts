import { describe, expect, test } from "vitest";
import { HadamardRotation } from "../src/index.ts";
import { portable } from "../src/kernels/portable.ts";
import { SplitMix64 } from "../src/random.ts";
import { awkwardRows, bits, natives, normals } from "./kernels/backends.ts";

const norm = (row: Float32Array): number => Math.hypot(...row);

describe("a seeded Hadamard rotation", () => {
  const random = new SplitMix64(50);

  test.each([1, 2, 3, 7, 16, 63, 65, 255, 256, 257, 384, 511, 768])(
    "of dim %i keeps lengths and comes back",
    (dim) => {
      const rows = normals(random, 4 * dim);
      const rotation = new HadamardRotation(dim, 9);
      const rotated = rotation.rotate(rows);
      const back = new Float32Array(rows.length);
      rotation.unrotateInto(rotated, back);
      for (let at = 0; at < rows.length; at += dim) {
        const row = rows.subarray(at, at + dim);
        const length = norm(row);
        expect(Math.abs(norm(rotated.subarray(at, at + dim)) - length)).toBeLessThan(1e-6 * length);
        const lost = row.map((v, j) => v - back[at + j]);
        expect(norm(lost)).toBeLessThan(2e-6 * length);
      }
    },
  );

  /** Of n normal elements the largest is about sqrt(2 ln n) deviations: 3.4 at 384. */
  test.each([64, 100, 127, 384, 511, 512])(
    "of dim %i spreads every one-hot row over all coordinates",
    (dim) => {
      const rotation = new HadamardRotation(dim, 1);
      for (let hot = 0; hot < dim; hot += 7) {
        const row = new Float32Array(dim);
        row[hot] = 1;
        const spread = rotation.rotate(row).map((v) => Math.abs(v) * Math.sqrt(dim));
        expect(Math.max(...spread)).toBeLessThan(6);
        expect(spread.filter((v) => v > 0.05).length).toBeGreaterThan(dim / 2);
      }
    },
  );

  test("depends on its seed, and on nothing else", () => {
    const row = normals(random, 100);
    const rotate = (seed: number): Float32Array => new HadamardRotation(100, seed).rotate(row);
    expect(rotate(3)).toEqual(rotate(3));
    expect(rotate(3)).not.toEqual(rotate(4));
  });

  test("rotates in blocks what it rotates at once", () => {
    const rows = normals(random, 700 * 100);
    const rotation = new HadamardRotation(100, 3);
    const whole = rotation.rotate(rows);
    let at = 0;
    for (const block of rotation.blocks(rows)) {
      expect(block.start * 100).toBe(at);
      expect(block.rows).toEqual(whole.subarray(at, at + block.rows.length));
      at += block.rows.length;
    }
    expect(at).toBe(rows.length);
  });

  test("refuses a row that could overflow, by its number", () => {
    const rows = new Float32Array(30).fill(1);
    rows[17] = 2 ** 101;
    expect(() => new HadamardRotation(10, 0).rotate(rows)).toThrow(
      expect.objectContaining({ code: "INVALID_ARGUMENT", details: expect.objectContaining({ row: 1 }) }),
    );
  });
});

describe.skipIf(natives.length === 0).each(natives.map((k) => [k.isa, k] as const))("%s", (_, native) => {
  test("has the bits of TypeScript: rotations, grouped and binary codes, code-to-code scores", () => {
    const random = new SplitMix64(51);
    for (const dim of [1, 8, 17, 48, 100, 129])
      for (const group of [1, 8, 16, dim].filter((g) => g <= dim)) {
        const rows = awkwardRows(random, 9, dim);
        const signs = Uint32Array.from({ length: 6 * Math.ceil(dim / 64) }, () => random.below(2 ** 32));
        const stride = dim + 4 * Math.ceil(dim / group);
        const binaryStride = Math.ceil(dim / 8) + 4;
        const query = normals(random, 3 * (dim + 2));
        const run = (k: typeof native): unknown[] => {
          const out: unknown[] = [];
          for (const inverse of [false, true]) {
            const turned = new Float32Array(rows.length);
            k.hadamard(rows, dim, signs, inverse, turned);
            out.push(bits(turned));
          }
          for (const metric of ["cosine", "dot", "l2"] as const) {
            const codes = new Uint8Array(9 * stride + 1).subarray(1);
            k.int8GroupedEncode(rows, dim, group, metric === "cosine", metric === "l2", codes);
            const floats = new Float32Array(rows.length);
            k.int8GroupedDecode(codes, dim, group, floats);
            const scores = new Float32Array(9);
            k.int8GroupedScores(metric, query.subarray(0, dim), codes, dim, group, scores);
            const hits = { slots: new Uint32Array(12), scores: new Float32Array(12) };
            k.int8GroupedTopK(metric, query.subarray(0, 3 * dim), codes, dim, group, 4, undefined, hits);
            out.push(codes.slice(), bits(floats), bits(scores), hits.slots, bits(hits.scores));
            k.int8Symmetric(metric, codes.subarray(stride, 2 * stride), codes, dim, group, scores);
            out.push(bits(scores));

            const small = new Uint8Array(9 * binaryStride + 1).subarray(1);
            k.binaryEncode(metric, rows, dim, small);
            k.binaryDecode(small, dim, floats);
            k.binaryScores(metric, query.subarray(0, dim + 2), small, dim, scores);
            const best = { slots: new Uint32Array(12), scores: new Float32Array(12) };
            k.binaryTopK(metric, query, small, dim, 4, Uint32Array.of(0b101101011), best);
            out.push(small.slice(), bits(floats), bits(scores), best.slots, bits(best.scores));
            k.binarySymmetric(metric, small.subarray(0, binaryStride), small, dim, scores);
            out.push(bits(scores));
          }
          return out;
        };
        expect(run(native)).toEqual(run(portable));
      }
  });
});
