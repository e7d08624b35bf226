/** Tests that codes of nibbles, as they stand and in blocks, have the scores and hits of the TypeScript kernels. */
import { expect, test } from "vitest";
import type { Metric } from "../../src/contract/metric.ts";
import { NO_SLOT, nearCount } from "../../src/contract/near.ts";
import type { Kernels, TopKOutput } from "../../src/kernels/kernels.ts";
import { type KltLayout, kltBlockBytes, kltStride } from "../../src/kernels/klt-layout.ts";
import { isNibbled } from "../../src/kernels/klt-nibbles.ts";
import { portable } from "../../src/kernels/portable.ts";
import { SplitMix64 } from "../../src/random.ts";
import { awkwardRows, bits, expectSame, normals } from "./backends.ts";
import { layoutOfBits, prepared, same } from "./same-klt.ts";

/** How many components of 1, 2 and 4 bits; the last is past 256 bytes. */
const WIDTHS = [
  [0, 0, 1],
  [4, 0, 0],
  [4, 2, 1],
  [60, 30, 9],
  [0, 6, 3],
  [520, 300, 240],
] as const;
const METRICS: readonly Metric[] = ["cosine", "dot", "l2"];

function layoutOf(random: SplitMix64, metric: Metric, counts: readonly number[]): KltLayout {
  const widths = Uint8Array.from(counts.flatMap((count, i) => Array.from({ length: count }, () => 2 ** i)));
  return layoutOfBits(random, metric, widths.length + 3, false, widths);
}

/** Registers the tests. */
export function sameNibbles(other: Kernels): void {
  test("codes of nibbles score and rank as in TypeScript", () => {
    const random = new SplitMix64(50);
    for (const [i, counts] of WIDTHS.entries())
      for (const metric of METRICS) {
        const layout = layoutOf(random, metric, counts);
        expect(isNibbled(layout.trellis !== false, layout.bits)).toBe(true);
        const count = [1, 63, 64, 200, 1100, 66][i];
        const codes = new Uint8Array(count * kltStride(layout));
        const rows = awkwardRows(random, count, layout.dim);
        portable.kltEncode(layout, rows, codes);
        // Rows themselves, so that some are near; one to four and more together.
        const queries = rows.slice(0, Math.min(count, [1, 4, 7, 2, 5, 3][i]) * layout.dim);
        const ready = prepared(other, layout, queries);
        same(other, layout, ready, codes);
        inBlocks(other, layout, ready, codes);
      }
  });

  test("the hundreds best of many rows in blocks, wherever they stand", () => {
    const random = new SplitMix64(52);
    const layout = layoutOf(random, "cosine", [4, 2, 1]);
    const count = 17_000;
    const rows = normals(random, count * layout.dim);
    const query = rows.slice(0, layout.dim);
    const place = (from: number, to: number): void => {
      for (let row = from; row < to; row++)
        for (let j = 0; j < layout.dim; j++) rows[row * layout.dim + j] = query[j] + random.gaussian() / 4;
    };
    // Every seventeenth block of 64 rows, a stretch, and the very blocks of the sample: more than it expects, and fewer.
    for (const near of [
      [],
      Array.from({ length: 16 }, (_, i) => 16 * i),
      [0, 17, 34, 51, 68, 85, 102, 119, 136, 153, 170, 187, 204, 221, 238],
      [20, 21, 22],
    ]) {
      for (const block of near) place(block * 64, block * 64 + 64);
      const codes = new Uint8Array(count * kltStride(layout));
      portable.kltEncode(layout, rows, codes);
      for (const k of [33, 300, 1000]) hitsInBlocks(other, layout, prepared(other, layout, query), codes, k);
    }
  });

  test("codes of nibbles that no encoder writes score and rank as in TypeScript", () => {
    const random = new SplitMix64(51);
    for (const counts of WIDTHS.slice(0, 5))
      for (const metric of METRICS) {
        const layout = layoutOf(random, metric, counts);
        const codes = Uint8Array.from({ length: 150 * kltStride(layout) }, () => random.below(256));
        for (let row = 0; row < 150; row += 1 + random.below(8))
          codes[row * kltStride(layout) + layout.codeBytes] = 0;
        for (const factor of [1, 0, 1e-45, 1e36, Number.NaN, Infinity]) {
          const queries = normals(random, 3 * (layout.bits.length + 3)).map((v) => v * factor);
          same(other, layout, queries, codes);
          inBlocks(other, layout, queries, codes);
        }
      }
  });
}

/** The hits of rows in blocks are those of rows as they stand. */
function inBlocks(other: Kernels, layout: KltLayout, queries: Float32Array, codes: Uint8Array): void {
  const count = codes.length / kltStride(layout);
  const thirds = Array.from({ length: Math.ceil(count / 3) }, (_, i) => 3 * i);
  for (const [found, allow] of [
    [count, undefined],
    [thirds.length, mask(thirds, (count + 31) >>> 5)],
  ] as const)
    for (const k of new Set([1, 10, 40, found].filter((k) => k <= found)))
      hitsInBlocks(other, layout, queries, codes, k, allow);
}

function hitsInBlocks(
  other: Kernels,
  layout: KltLayout,
  queries: Float32Array,
  codes: Uint8Array,
  k: number,
  allow?: Uint32Array,
): void {
  if (!other.kltBlocks || !other.kltBlocksNear) return;
  const count = codes.length / kltStride(layout);
  const blocks = new Uint8Array(kltBlockBytes(layout, count));
  other.kltBlocks(layout, codes, blocks);
  const hits = (queries.length / (layout.bits.length + 3)) * k;
  const room = (): TopKOutput => ({ slots: new Uint32Array(hits), scores: new Float32Array(hits) });
  const [got, wanted] = [room(), room()];
  other.kltBlocksNear(layout, queries, blocks, count, k, undefined, allow, got);
  portable.kltTopK(layout, queries, codes, k, allow, wanted);
  expectSame([got.slots, bits(got.scores)], [wanted.slots, bits(wanted.scores)]);
  nearInBlocks(other, layout, queries, blocks, count, k, allow, wanted);
}

/** With margins the rows are those of the k best hits that score as much. */
function nearInBlocks(
  other: Kernels,
  layout: KltLayout,
  queries: Float32Array,
  blocks: Uint8Array,
  rows: number,
  k: number,
  allow: Uint32Array | undefined,
  hits: TopKOutput,
): void {
  const count = hits.slots.length / k;
  for (const first of new Set([1, Math.ceil(k / 3), k])) {
    // None, that of a middle hit, and all.
    const margins = Float32Array.from({ length: count }, (_, q) => {
      const scores = hits.scores.subarray(q * k, (q + 1) * k);
      const middle = scores[first - 1] - scores[(first + k) >> 1];
      return [0, Math.max(middle || 0, 0), 3e38][(q + first) % 3];
    });
    const out = { slots: new Uint32Array(count * k), scores: new Float32Array(count * k) };
    other.kltBlocksNear!(layout, queries, blocks, rows, k, { k: first, margins }, allow, out);
    for (let q = 0; q < count; q++) {
      const own = { slots: hits.slots.subarray(q * k), scores: hits.scores.subarray(q * k), length: k };
      const wanted = own.slots.slice(0, nearCount(own, first, margins[q]));
      const found = out.slots.subarray(q * k, (q + 1) * k);
      expectSame(
        [found.slice(0, wanted.length).sort(), found.slice(wanted.length)],
        [wanted.sort(), new Uint32Array(k - wanted.length).fill(NO_SLOT)],
      );
    }
  }
}

function mask(rows: readonly number[], words: number): Uint32Array {
  const out = new Uint32Array(words);
  for (const row of rows) out[row >>> 5] |= 1 << (row & 31);
  return out;
}
