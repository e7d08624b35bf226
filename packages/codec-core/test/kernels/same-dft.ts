/** Tests that kernels of Fourier coefficients have the bits of the TypeScript ones. */
import { expect, test } from "vitest";
import type { Metric } from "../../src/contract/metric.ts";
import { type DftLayout, dftBins, dftRecord, dftStride } from "../../src/kernels/dft-layout.ts";
import { dftQueryFloats } from "../../src/kernels/dft-scores.ts";
import type { Kernels } from "../../src/kernels/kernels.ts";
import { portable } from "../../src/kernels/portable.ts";
import { SplitMix64 } from "../../src/random.ts";
import { awkwardRows, bits, expectSame, normals } from "./backends.ts";

/** Powers, products of 2, 3 and 5, and lengths that Bluestein's convolution is for. */
const DIMS = [1, 2, 3, 4, 5, 7, 8, 15, 17, 31, 60, 64, 65, 97, 127, 200, 384];
const METRICS: readonly Metric[] = ["cosine", "dot", "l2"];

/** A layout with a mean where `kind` is odd, and a table where its second bit is set. */
function layoutOf(random: SplitMix64, dim: number, kind: number): DftLayout {
  const bins = dftBins(dim);
  const topK = [1, bins, 1 + random.below(bins), Math.ceil(bins / 8)][random.below(4)];
  const magBits = random.below(2) * random.below(9);
  return {
    metric: METRICS[kind % 3],
    dim,
    topK,
    magBits,
    phaseBits: 2 + random.below(7),
    mean: kind % 2 === 1 ? normals(random, dim).map((v) => v / 10) : new Float32Array(),
    levels:
      magBits === 0
        ? Float32Array.of(1)
        : Float32Array.from({ length: 2 ** magBits }, (_, i) => 0.1 + (0.9 * i) / 2 ** magBits),
    table:
      kind & 2 ? Float32Array.from({ length: 256 }, (_, i) => i && 1e-4 * 1.05 ** i) : new Float32Array(),
  };
}

/** Registers the tests. */
export function sameDft(other: Kernels): void {
  test("spectra have the bits of TypeScript", () => {
    const random = new SplitMix64(40);
    for (const dim of DIMS) {
      const data = awkwardRows(random, 11, dim);
      const [a, b] = [other, portable].map((k) => {
        const out = new Float64Array(11 * 2 * dftBins(dim));
        k.dftSpectra(data, dim, out);
        return new Uint32Array(out.map((x) => x + 0).buffer);
      });
      expectSame([a], [b]);
    }
  });

  test("coefficients of rows, and rows of coefficients, have the bits of TypeScript", () => {
    const random = new SplitMix64(41);
    const forms = new Set<string>();
    for (const dim of DIMS)
      for (let kind = 0; kind < 6; kind++) {
        const layout = layoutOf(random, dim, kind);
        forms.add(dftRecord(layout).form);
        const data = awkwardRows(random, 12, dim);
        data.set(layout.mean);
        const run = (k: Kernels): ArrayLike<number>[] => {
          // At an odd place of a larger buffer, whose other bytes stay.
          const buffer = new Uint8Array(12 * dftStride(layout) + 4).fill(0xaa);
          const codes = buffer.subarray(1, 1 + 12 * dftStride(layout));
          k.dftEncode(layout, data, codes);
          const out = new Float32Array(data.length);
          k.dftDecode(layout, codes, out);
          return [buffer, bits(out.map((x) => x + 0))];
        };
        expectSame(run(other), run(portable));
      }
    expect([...forms].sort()).toEqual(["all", "map", "plain", "split"]);
  });

  test("coefficients score and rank as in TypeScript", () => {
    const random = new SplitMix64(42);
    for (const dim of DIMS)
      for (let kind = 0; kind < 6; kind++) {
        const layout = layoutOf(random, dim, kind);
        const count = [1, 16, 33, 90][random.below(4)];
        const codes = new Uint8Array(count * dftStride(layout));
        portable.dftEncode(layout, awkwardRows(random, count, dim), codes);
        const queries = awkwardRows(random, [1, 2, 19][random.below(3)], dim);
        same(other, layout, prepared(other, layout, queries), codes);
      }
  });

  test("codes of coefficients that no encoder writes score, rank and decode as in TypeScript", () => {
    const random = new SplitMix64(43);
    const odd = [Number.NaN, Infinity, -Infinity, 0, -0, -1, 1e-45, 1e38, 3.4e38, 1, 0.01];
    for (const dim of [1, 16, 65, 384])
      for (let kind = 0; kind < 6; kind++) {
        const layout = { ...layoutOf(random, dim, kind), table: new Float32Array() };
        const [stride, at] = [dftStride(layout), dftRecord(layout).streamBytes];
        const codes = new Uint8Array(50 * stride);
        portable.dftEncode(layout, normals(random, 50 * dim), codes);
        const view = new DataView(codes.buffer);
        for (let row = 0; row < 50; row++) {
          if (row % 3 > 0) codes[row * stride + random.below(at)] ^= 1 << random.below(8);
          if (row % 3 === 2) scramble(random, codes.subarray(row * stride, row * stride + at));
          if (row % 2 === 0) view.setFloat32(row * stride + at, odd[random.below(odd.length)], true);
        }
        const decoded = (k: Kernels): Uint32Array[] => {
          const out = new Float32Array(50 * dim);
          k.dftDecode(layout, codes, out);
          return [bits(out.map((x) => x + 0))];
        };
        expectSame(decoded(other), decoded(portable));
        for (const factor of [1, 0, 1e36, Number.NaN])
          for (const n of [1, 7])
            same(
              other,
              layout,
              normals(random, n * dftQueryFloats(dim)).map((v) => v * factor),
              codes,
            );
      }
  });
}

/** Random bytes. */
function scramble(random: SplitMix64, bytes: Uint8Array): void {
  bytes.forEach((_, i) => {
    bytes[i] = random.below(256);
  });
}

/** Queries as both prepare them. */
function prepared(other: Kernels, layout: DftLayout, queries: Float32Array): Float32Array {
  const run = (k: Kernels): Float32Array => {
    const out = new Float32Array((queries.length / layout.dim) * dftQueryFloats(layout.dim));
    k.dftQueries(layout, queries, out);
    return out.map((x) => x + 0);
  };
  const wanted = run(portable);
  expectSame([bits(run(other))], [bits(wanted)]);
  return wanted;
}

/** Same scores, same hits, alone and with an allow-list. */
function same(other: Kernels, layout: DftLayout, queries: Float32Array, codes: Uint8Array): void {
  const count = codes.length / dftStride(layout);
  const floats = dftQueryFloats(layout.dim);
  const scores = (k: Kernels): Uint32Array[] => {
    const out = new Float32Array(count);
    k.dftScores(layout, queries.subarray(0, floats), codes, out);
    return [bits(out.map((x) => x + 0))];
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
        kernels.dftTopK(layout, queries, codes, k, allow, out);
        return [out.slots, bits(out.scores.map((x) => x + 0))];
      };
      expectSame(hits(other), hits(portable));
    }
}
