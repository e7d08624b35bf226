/** Tests that kernels have the bits of the TypeScript ones. */
import { test } from "vitest";
import type { Metric } from "../../src/contract/metric.ts";
import type { FloatRows, Kernels } from "../../src/kernels/kernels.ts";
import { portable } from "../../src/kernels/portable.ts";
import { SplitMix64 } from "../../src/random.ts";
import { awkwardRows, bits, expectSame, normals } from "./backends.ts";

const DIMS = [1, 2, 3, 7, 8, 15, 16, 17, 31, 32, 33, 63, 64, 65, 127, 129, 257, 384];
const COUNTS = [0, 1, 2, 5, 9, 40];
const METRICS: readonly Metric[] = ["cosine", "dot", "l2"];

/** Registers the tests. */
export function sameBits(other: Kernels): void {
  test("encodes, decodes, norms and conversions have the bits of TypeScript", () => {
    const random = new SplitMix64(20);
    for (const dim of DIMS)
      for (const count of COUNTS) {
        const data = awkwardRows(random, count, dim);
        const both = (run: (k: Kernels) => ArrayLike<number>[]): void =>
          expectSame(run(other), run(portable));
        both((k) => {
          const out = new Float32Array(count);
          k.norms(data, dim, out);
          return [bits(out)];
        });
        both((k) => {
          const out = new Float32Array(data.length);
          k.unitRows(data, dim, out);
          return [bits(out)];
        });
        both((k) => {
          const out = new Uint16Array(data.length);
          k.toFloat16(data, out);
          return [out];
        });
        for (const direction of [true, false])
          both((k) => {
            // At an odd place of a larger buffer, whose other bytes stay.
            const buffer = new Uint8Array(count * (dim + 4) + 4).fill(0xaa);
            const codes = buffer.subarray(1, 1 + count * (dim + 4));
            k.int8Encode(data, dim, direction, codes);
            const out = new Float32Array(data.length + 1).subarray(1);
            k.int8Decode(codes, dim, out);
            return [buffer, bits(out)];
          });
      }
  });

  test("scores and searches have the bits of TypeScript", () => {
    const random = new SplitMix64(21);
    for (const dim of DIMS)
      for (const count of COUNTS)
        for (const metric of METRICS) {
          const data = awkwardRows(random, count, dim);
          const half = new Uint16Array(data.length);
          portable.toFloat16(data, half);
          const codes = new Uint8Array(count * (dim + 4));
          portable.int8Encode(data, dim, metric === "cosine", codes);
          const raw = normals(random, dim * [1, 4, 19][(dim + count) % 3]);
          const queries = metric === "cosine" ? unit(raw, dim) : raw;
          for (const rows of [data, half, codes]) same(other, metric, queries, rows, dim, count);
        }
  });

  test("codes that no encoder writes score and rank as in TypeScript", () => {
    const random = new SplitMix64(22);
    const scales = [Number.NaN, Infinity, -Infinity, 0, -0, -1, 1e-45, 1e38, 3.4e38, 1, 0.01];
    for (const dim of [1, 16, 65])
      for (const count of [3, 300]) {
        const codes = Uint8Array.from({ length: count * (dim + 4) }, () => random.below(256));
        const view = new DataView(codes.buffer);
        for (let row = 0; row < count; row++) {
          if (random.below(4) === 0) codes.fill(0x80, row * (dim + 4), row * (dim + 4) + dim);
          view.setFloat32(row * (dim + 4) + dim, scales[random.below(scales.length)], true);
        }
        for (const factor of [1, 0, 1e-45, 1e36])
          for (const metric of METRICS)
            for (const n of [1, 20])
              same(
                other,
                metric,
                normals(random, n * dim).map((v) => v * factor),
                codes,
                dim,
                count,
              );
      }
  });
}

/** Same scores, same hits, alone and with an allow-list. */
export function same(
  other: Kernels,
  metric: Metric,
  queries: Float32Array,
  rows: FloatRows | Uint8Array,
  dim: number,
  count: number,
): void {
  const scores = (k: Kernels): Uint32Array => {
    const out = new Float32Array(count);
    const query = queries.subarray(0, dim);
    if (rows instanceof Uint8Array) k.int8Scores(metric, query, rows, dim, out);
    else k.floatScores(metric, query, rows, dim, out);
    return bits(out);
  };
  expectSame([scores(other)], [scores(portable)]);
  const even = new Uint32Array((count + 31) >>> 5).fill(0x55555555);
  for (const [found, allow] of [
    [count, undefined],
    [(count + 1) >>> 1, even],
  ] as const)
    for (const k of new Set([1, 10, found].filter((k) => k > 0 && k <= found))) {
      const hits = (kernels: Kernels): [Uint32Array, Uint32Array] => {
        const n = (queries.length / dim) * k;
        const out = { slots: new Uint32Array(n), scores: new Float32Array(n) };
        if (rows instanceof Uint8Array) kernels.int8TopK(metric, queries, rows, dim, k, allow, out);
        else kernels.floatTopK(metric, queries, rows, dim, k, allow, out);
        return [out.slots, bits(out.scores)];
      };
      expectSame(hits(other), hits(portable));
    }
}

export function unit(queries: Float32Array, dim: number): Float32Array {
  const norm = new Float32Array(queries.length / dim);
  portable.norms(queries, dim, norm);
  return queries.map((v, i) => v / norm[Math.floor(i / dim)]);
}
