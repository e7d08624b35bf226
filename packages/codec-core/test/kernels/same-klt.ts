/** Tests that kernels of codes in a learned basis have the bits of the TypeScript ones. */
import { test } from "vitest";
import type { Metric } from "../../src/contract/metric.ts";
import type { Kernels } from "../../src/kernels/kernels.ts";
import { type KltLayout, kltStride } from "../../src/kernels/klt-layout.ts";
import { KLT_QUERY_EXTRA } from "../../src/kernels/klt-scores.ts";
import { KLT_WIDEST, type KltTrellis, kltUnit } from "../../src/kernels/klt-tables.ts";
import { portable } from "../../src/kernels/portable.ts";
import { SplitMix64 } from "../../src/random.ts";
import { awkwardRows, bits, expectSame, normals } from "./backends.ts";

const DIMS = [2, 3, 7, 8, 15, 17, 31, 33, 64, 65, 100, 129, 257, 384];
const METRICS: readonly Metric[] = ["cosine", "dot", "l2"];
const TRELLISES: readonly KltTrellis[] = ["full", "separable", false];

/** A layout of up to `dim` components, of up to `widest` bits. */
function layoutOf(
  random: SplitMix64,
  metric: Metric,
  dim: number,
  trellis: KltTrellis,
  widest: number = KLT_WIDEST,
): KltLayout {
  const widths = Uint8Array.from({ length: 1 + random.below(dim) }, () => 1 + random.below(widest)).sort();
  return layoutOfBits(random, metric, dim, trellis, widths);
}

/** A layout of components of these bits, which ascend. */
export function layoutOfBits(
  random: SplitMix64,
  metric: Metric,
  dim: number,
  trellis: KltTrellis,
  widths: Uint8Array,
): KltLayout {
  const count = widths.length;
  const mean = normals(random, dim).map((v) => v / 10);
  const columns = Float32Array.from({ length: dim * count }, () => random.below(255) - 127);
  const layout = {
    metric,
    dim,
    trellis,
    codeBytes: Math.ceil(widths.reduce((sum, width) => sum + width, 0) / 8),
    bits: widths,
    mean,
    columns,
    forward: new Float32Array(count),
    back: new Float32Array(count),
    step: new Float32Array(count),
    twice: new Float32Array(count),
    table: Float32Array.from({ length: 256 }, (_, i) => i && 0.3 * 1.01 ** i),
  };
  widths.forEach((width, r) => {
    let [square, product] = [0, 0];
    for (let j = 0; j < dim; j++) {
      square += columns[j * count + r] ** 2;
      product += columns[j * count + r] * mean[j];
    }
    const [length, unit, sigma] = [Math.sqrt(square || 1), kltUnit(trellis, width), 0.1 * (r + 1)];
    layout.forward[r] = unit / (sigma * length);
    layout.back[r] = sigma / (unit * length);
    layout.step[r] = sigma / unit;
    layout.twice[r] = (2 * product) / length;
  });
  return layout;
}

/** Registers the tests. */
export function sameKlt(other: Kernels): void {
  test("codes in a learned basis of rows, and rows of codes, have the bits of TypeScript", () => {
    const random = new SplitMix64(40);
    for (const dim of DIMS)
      for (const trellis of TRELLISES)
        for (const metric of METRICS) {
          const layout = layoutOf(random, metric, dim, trellis, 1 + random.below(KLT_WIDEST));
          const data = awkwardRows(random, 12, dim);
          data.set(layout.mean);
          const size = 12 * kltStride(layout);
          const run = (k: Kernels): ArrayLike<number>[] => {
            // At an odd place of a larger buffer, whose other bytes stay.
            const buffer = new Uint8Array(size + 4).fill(0xaa);
            const codes = buffer.subarray(1, 1 + size);
            k.kltEncode(layout, data, codes);
            const out = new Float32Array(data.length);
            k.kltDecode(layout, codes, out);
            return [buffer, bits(out)];
          };
          expectSame(run(other), run(portable));
        }
  });

  test("codes in a learned basis score and rank as in TypeScript", () => {
    const random = new SplitMix64(41);
    for (const [i, dim] of DIMS.entries())
      for (const trellis of TRELLISES)
        for (const metric of METRICS) {
          const layout = layoutOf(random, metric, dim, trellis);
          const count = [1, 16, 33, 90][(dim + i) % 4];
          const codes = new Uint8Array(count * kltStride(layout));
          portable.kltEncode(layout, awkwardRows(random, count, dim), codes);
          const queries = awkwardRows(random, [1, 2, 19, 40][(dim + 2 * i) % 4], dim);
          same(other, layout, prepared(other, layout, queries), codes);
        }
  });

  test("codes in a learned basis that no encoder writes score and rank as in TypeScript", () => {
    const random = new SplitMix64(42);
    const odd = [Number.NaN, Infinity, -Infinity, 0, -0, -1, 1e-45, 1e38, 3.4e38, 1, 0.01];
    for (const dim of [2, 16, 65])
      for (const trellis of TRELLISES)
        for (const metric of METRICS) {
          const layout = layoutOf(random, metric, dim, trellis);
          const stride = kltStride(layout);
          const codes = Uint8Array.from({ length: 50 * stride }, () => random.below(256));
          const view = new DataView(codes.buffer);
          for (let at = 0; at < codes.length; at += stride) {
            if (random.below(4) === 0) codes[at + layout.codeBytes] = 0;
            if (metric === "l2") view.setFloat32(at + stride - 4, odd[random.below(odd.length)], true);
          }
          const decoded = (k: Kernels): Uint32Array[] => {
            const out = new Float32Array(50 * dim);
            k.kltDecode(layout, codes, out);
            return [bits(out)];
          };
          expectSame(decoded(other), decoded(portable));
          for (const factor of [1, 0, 1e-45, 1e36, Number.NaN])
            for (const n of [1, 20]) {
              const floats = layout.bits.length + KLT_QUERY_EXTRA;
              const queries = normals(random, n * floats).map((v) => v * factor);
              same(other, layout, queries, codes);
            }
        }
  });
}

/** Queries as both prepare them. */
export function prepared(other: Kernels, layout: KltLayout, queries: Float32Array): Float32Array {
  const run = (k: Kernels): Float32Array => {
    const out = new Float32Array((queries.length / layout.dim) * (layout.bits.length + KLT_QUERY_EXTRA));
    k.kltQueries(layout, queries, out);
    return out;
  };
  const wanted = run(portable);
  expectSame([bits(run(other))], [bits(wanted)]);
  return wanted;
}

/** Same scores, same hits, alone and with an allow-list. */
export function same(other: Kernels, layout: KltLayout, queries: Float32Array, codes: Uint8Array): void {
  const count = codes.length / kltStride(layout);
  const floats = layout.bits.length + KLT_QUERY_EXTRA;
  const scores = (k: Kernels): Uint32Array[] => {
    const out = new Float32Array(count);
    k.kltScores(layout, queries.subarray(0, floats), codes, out);
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
        kernels.kltTopK(layout, queries, codes, k, allow, out);
        return [out.slots, bits(out.scores)];
      };
      expectSame(hits(other), hits(portable));
    }
}
