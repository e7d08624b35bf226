/** The WebAssembly kernels against the TypeScript ones, bit for bit, beyond one block of rows and one pass of queries. */
import { describe, expect, test } from "vitest";
import { toFloat16 } from "../../src/kernels/float16.ts";
import type { Kernels } from "../../src/kernels/kernels.ts";
import { portable } from "../../src/kernels/portable.ts";
import { int8Bound } from "../../src/kernels/simd128/int8-bound.ts";
import { SplitMix64 } from "../../src/random.ts";
import { awkwardRows, bits, expectSame, normals, simdSkipped, simds } from "./backends.ts";
import { same, sameBits, unit } from "./same-bits.ts";

if (simdSkipped !== undefined) {
  console.warn(`the WebAssembly kernels are NOT tested: ${simdSkipped}`);
  test.skip(`WebAssembly kernels: ${simdSkipped}`, () => undefined);
}

describe.skipIf(simdSkipped !== undefined).each(simds.map((k) => [k.isa, k] as const))("%s", (_, simd) => {
  sameBits(simd);

  test("several blocks of rows, with sparse and dense allow-lists", () => {
    const random = new SplitMix64(30);
    const [dim, count, k] = [384, 1500, 10];
    const data = awkwardRows(random, count, dim);
    const half = new Uint16Array(data.length);
    toFloat16(data, half);
    const codes = new Uint8Array(count * (dim + 4));
    portable.int8Encode(data, dim, true, codes);
    const words = (count + 31) >>> 5;
    const sparse = new Uint32Array(words);
    for (let i = 0; i < 40; i++) {
      const row = random.below(count);
      sparse[row >>> 5] |= 1 << (row & 31);
    }
    sparse[2] = 0xffffffff;
    const dense = Uint32Array.from({ length: words }, () => random.below(2 ** 32) | random.below(2 ** 32));
    for (const n of [1, 7])
      for (const metric of ["cosine", "l2"] as const) {
        const queries = unit(normals(random, n * dim), dim);
        for (const rows of [data, half, codes])
          for (const allow of [undefined, sparse, dense]) {
            const hits = (kernels: Kernels): [Uint32Array, Uint32Array] => {
              const out = { slots: new Uint32Array(n * k), scores: new Float32Array(n * k) };
              if (rows instanceof Uint8Array) kernels.int8TopK(metric, queries, rows, dim, k, allow, out);
              else kernels.floatTopK(metric, queries, rows, dim, k, allow, out);
              return [out.slots, bits(out.scores)];
            };
            expectSame(hits(simd), hits(portable));
          }
      }
  });

  test("several passes of queries; more hits than a heap in memory holds", () => {
    const random = new SplitMix64(31);
    for (const [dim, count, n, k] of [
      [4096, 5, 130, 3],
      [2, 8300, 1, 8299],
    ]) {
      const data = normals(random, count * dim);
      const codes = new Uint8Array(count * (dim + 4));
      portable.int8Encode(data, dim, false, codes);
      const queries = normals(random, n * dim);
      const hits = (kernels: Kernels, rows: Float32Array | Uint8Array): Uint8Array => {
        const words = new Uint32Array(2 * n * k);
        const out = { slots: words.subarray(n * k), scores: new Float32Array(words.buffer, 0, n * k) };
        if (rows instanceof Uint8Array) kernels.int8TopK("dot", queries, rows, dim, k, undefined, out);
        else kernels.floatTopK("dot", queries, rows, dim, k, undefined, out);
        return new Uint8Array(words.buffer);
      };
      for (const rows of [data, codes])
        expect(Buffer.compare(hits(simd, rows), hits(portable, rows))).toBe(0);
    }
  });

  test("no row is skipped whose 8-bit product is as far off as it can be", () => {
    const random = new SplitMix64(34);
    for (const dim of [16, 65, 384])
      for (const metric of ["dot", "l2"] as const)
        for (const n of [1, 4]) {
          const query = normals(random, dim);
          const code8 = new Int16Array(dim + 16);
          const { divisor } = int8Bound(metric, query, code8, 8);
          const step = metric === "l2" ? divisor / 2 : divisor;
          // The best row has the signs of what rounding took from the query; a first row scores just below it.
          const codes = new Uint8Array(2 * (dim + 4));
          const view = new DataView(codes.buffer);
          const best = dim + 4;
          for (let j = 0; j < dim; j++) {
            view.setInt8(best + j, query[j] > step * code8[j] ? 127 : -127);
            view.setInt8(j, query[j] > 0 ? 100 : -100);
          }
          view.setFloat32(dim, 1, true);
          view.setFloat32(best + dim, 1e-3, true);
          const scores = new Float32Array(2);
          portable.int8Scores("dot", query, codes, dim, scores);
          // A row's score can be given by its scale; under l2 both are short, so that their length counts little.
          view.setFloat32(dim, (scores[1] - 1e-5 * dim) / scores[0], true);
          const queries = new Float32Array(n * dim);
          for (let i = 0; i < n; i++) queries.set(query, i * dim);
          const hits = (k: Kernels): Uint32Array[] => {
            const out = { slots: new Uint32Array(n), scores: new Float32Array(n) };
            k.int8TopK(metric, queries, codes, dim, 1, undefined, out);
            return [out.slots, bits(out.scores)];
          };
          expectSame(hits(simd), hits(portable));
          if (metric === "dot") expect([...hits(simd)[0]]).toEqual(Array(n).fill(1));
        }
  });

  test("the most dims there are", () => {
    const random = new SplitMix64(32);
    const [dim, count] = [65_536, 6];
    const data = normals(random, count * dim);
    const codes = new Uint8Array(count * (dim + 4));
    simd.int8Encode(data, dim, true, codes);
    const expected = new Uint8Array(codes.length);
    portable.int8Encode(data, dim, true, expected);
    expect(Buffer.compare(codes, expected)).toBe(0);
    const half = new Uint16Array(data.length);
    simd.toFloat16(data, half);
    const queries = unit(normals(random, 5 * dim), dim);
    for (const rows of [data, half, codes]) same(simd, "l2", queries, rows, dim, count);
  });

  test("every float32 exponent narrows to float16 as in TypeScript", () => {
    const random = new SplitMix64(33);
    const words = Uint32Array.from({ length: 1 << 16 }, (_, i) => (i << 16) | random.below(1 << 16));
    const data = new Float32Array(words.buffer);
    const [found, expected] = [new Uint16Array(data.length), new Uint16Array(data.length)];
    simd.toFloat16(data, found);
    portable.toFloat16(data, expected);
    expect(Buffer.compare(new Uint8Array(found.buffer), new Uint8Array(expected.buffer))).toBe(0);
  });

  test("reads and writes shared memory", () => {
    const shared = new Float32Array(new SharedArrayBuffer(4 * 600));
    shared[2] = 3;
    shared[3] = 4;
    const out = new Float32Array(new SharedArrayBuffer(4 * 300));
    simd.norms(shared, 2, out);
    expect([out[0], out[1]]).toEqual([0, 5]);
    shared[599] = Number.NaN;
    expect(simd.firstNonFinite(shared)).toBe(599);
  });
});
