/** Tests that kernels of rotated codes have the bits of the TypeScript ones. */
import { test } from "vitest";
import type { Metric } from "../../src/contract/metric.ts";
import { signWords } from "../../src/kernels/hadamard.ts";
import type { Kernels } from "../../src/kernels/kernels.ts";
import { portable } from "../../src/kernels/portable.ts";
import { type TurboLayout, turboIndexBytes, turboStride } from "../../src/kernels/turbo-layout.ts";
import { TURBO_QUERY_EXTRA } from "../../src/kernels/turbo-scores.ts";
import { SplitMix64 } from "../../src/random.ts";
import { awkwardRows, bits, expectSame, normals } from "./backends.ts";

const DIMS = [1, 2, 3, 7, 8, 15, 17, 31, 33, 63, 64, 65, 100, 127, 129, 257, 384];
/** Added to the bits of a trellis. */
const TRELLIS = 16;
const BITS = [1, 2, 3, 4, 8, TRELLIS + 1, TRELLIS + 2, TRELLIS + 3, TRELLIS + 4];
const METRICS: readonly Metric[] = ["cosine", "dot", "l2"];

/** A layout with a mean where `kind` is odd, and a table where its second bit is set. */
function layoutOf(
  random: SplitMix64,
  metric: Metric,
  dim: number,
  bitsEach: number,
  kind: number,
): TurboLayout {
  return {
    metric,
    dim,
    bits: bitsEach % TRELLIS,
    trellis: bitsEach > TRELLIS,
    signs: Uint32Array.from({ length: 4 * signWords(dim) }, () => random.below(2 ** 32)),
    mean: kind % 2 === 1 ? normals(random, dim).map((v) => v / 10) : new Float32Array(),
    table:
      kind & 2 ? Float32Array.from({ length: 256 }, (_, i) => i && 1e-4 * 1.05 ** i) : new Float32Array(),
  };
}

/** Registers the tests. */
export function sameTurbo(other: Kernels): void {
  test("rotated codes of rows, and rows of codes, have the bits of TypeScript", () => {
    const random = new SplitMix64(30);
    for (const dim of DIMS)
      for (const bitsEach of BITS)
        for (const [i, metric] of METRICS.entries()) {
          const layout = layoutOf(random, metric, dim, bitsEach, dim + bitsEach + i);
          const data = awkwardRows(random, 12, dim);
          data.set(layout.mean);
          const run = (k: Kernels): ArrayLike<number>[] => {
            // At an odd place of a larger buffer, whose other bytes stay.
            const buffer = new Uint8Array(12 * turboStride(layout) + 4).fill(0xaa);
            const codes = buffer.subarray(1, 1 + 12 * turboStride(layout));
            k.turboEncode(layout, data, codes);
            const out = new Float32Array(data.length);
            k.turboDecode(layout, codes, out);
            return [buffer, bits(out)];
          };
          expectSame(run(other), run(portable));
        }
  });

  test("rotated codes score and rank as in TypeScript", () => {
    const random = new SplitMix64(31);
    for (const dim of DIMS)
      for (const [i, bitsEach] of BITS.entries()) {
        const metric = METRICS[(dim + i) % 3];
        const layout = layoutOf(random, metric, dim, bitsEach, dim + bitsEach);
        const count = [1, 16, 33, 90][(dim + i) % 4];
        const codes = new Uint8Array(count * turboStride(layout));
        portable.turboEncode(layout, awkwardRows(random, count, dim), codes);
        const queries = awkwardRows(random, [1, 2, 19, 40][(dim + 2 * i) % 4], dim);
        same(other, layout, prepared(other, layout, queries), codes);
      }
  });

  test("rotated codes that no encoder writes score and rank as in TypeScript", () => {
    const random = new SplitMix64(32);
    const odd = [Number.NaN, Infinity, -Infinity, 0, -0, -1, 1e-45, 1e38, 3.4e38, 1, 0.01];
    for (const dim of [1, 16, 65])
      for (const bitsEach of BITS)
        for (const metric of METRICS) {
          const layout = layoutOf(random, metric, dim, bitsEach, 0);
          const stride = turboStride(layout);
          const codes = Uint8Array.from({ length: 50 * stride }, () => random.below(256));
          const view = new DataView(codes.buffer);
          for (let at = 0; at < codes.length; at += stride) {
            view.setFloat32(at + turboIndexBytes(layout), odd[random.below(odd.length)], true);
            if (metric === "l2") view.setFloat32(at + stride - 4, odd[random.below(odd.length)], true);
          }
          const decoded = (k: Kernels): Uint32Array[] => {
            const out = new Float32Array(50 * dim);
            k.turboDecode(layout, codes, out);
            return [bits(out)];
          };
          expectSame(decoded(other), decoded(portable));
          for (const factor of [1, 0, 1e-45, 1e36, Number.NaN])
            for (const n of [1, 20]) {
              const queries = normals(random, n * (dim + TURBO_QUERY_EXTRA)).map((v) => v * factor);
              same(other, layout, queries, codes);
            }
        }
  });
}

/** Queries as both prepare them. */
function prepared(other: Kernels, layout: TurboLayout, queries: Float32Array): Float32Array {
  const run = (k: Kernels): Float32Array => {
    const out = new Float32Array((queries.length / layout.dim) * (layout.dim + TURBO_QUERY_EXTRA));
    k.turboQueries(layout, queries, out);
    return out;
  };
  const wanted = run(portable);
  expectSame([bits(run(other))], [bits(wanted)]);
  return wanted;
}

/** Same scores, same hits, alone and with an allow-list. */
function same(other: Kernels, layout: TurboLayout, queries: Float32Array, codes: Uint8Array): void {
  const count = codes.length / turboStride(layout);
  const floats = layout.dim + TURBO_QUERY_EXTRA;
  const scores = (k: Kernels): Uint32Array[] => {
    const out = new Float32Array(count);
    k.turboScores(layout, queries.subarray(0, floats), codes, out);
    return [bits(out)];
  };
  expectSame(scores(other), scores(portable));
  const even = new Uint32Array((count + 31) >>> 5).fill(0x55555555);
  for (const [found, allow] of [
    [count, undefined],
    [(count + 1) >>> 1, even],
  ] as const)
    for (const k of new Set([1, 10, found].filter((k) => k <= found))) {
      const hits = (kernels: Kernels): ArrayLike<number>[] => {
        const n = (queries.length / floats) * k;
        const out = { slots: new Uint32Array(n), scores: new Float32Array(n) };
        kernels.turboTopK(layout, queries, codes, k, allow, out);
        return [out.slots, bits(out.scores)];
      };
      expectSame(hits(other), hits(portable));
    }
}
