/**
 * Kernels of codes in a learned basis as the addon has them (native/node/src/klt.rs). A layout goes as its parts, the floats
 * in one array: mean, columns, forward, back, step, twice and table. It is made once for each layout and held here alone, so
 * that kernels off the event loop may read it too.
 */
import type { NearHits } from "./kernels.ts";
import type { KltLayout } from "./klt-layout.ts";
import type { KltTrellis } from "./klt-tables.ts";
import { type AsyncOutcome, type Job, METRIC, type Outcome } from "./native-addon.ts";

/** A layout as the addon takes it. */
export type KltParts = [
  metric: number,
  /** TRELLIS. */
  trellis: number,
  dim: number,
  codeBytes: number,
  bits: Uint8Array,
  floats: Float32Array,
];

type TopKParts = [
  queries: Float32Array,
  codes: Uint8Array,
  k: number,
  allow: Uint32Array | undefined,
  slots: Uint32Array,
  scores: Float32Array,
];
type NearParts = [
  queries: Float32Array,
  blocks: Uint8Array,
  rows: number,
  k: number,
  near: number,
  margins: Float32Array,
  allow: Uint32Array | undefined,
  slots: Uint32Array,
  scores: Float32Array,
];
type Kernel<Rest extends unknown[]> = (
  threads: number,
  at: number,
  ...rest: [...KltParts, ...Rest]
) => Outcome;
type AsyncKernel<Rest extends unknown[]> = (
  job: Job,
  threads: number,
  at: number,
  ...rest: [...KltParts, ...Rest]
) => AsyncOutcome;

export interface KltAddon {
  kltEncode: Kernel<[data: Float32Array, out: Uint8Array]>;
  kltDecode: Kernel<[codes: Uint8Array, out: Float32Array]>;
  kltQueries(at: number, ...rest: [...KltParts, queries: Float32Array, out: Float32Array]): Outcome;
  kltScores: Kernel<[query: Float32Array, codes: Uint8Array, out: Float32Array]>;
  kltTopK: Kernel<TopKParts>;
  kltBlocks(...args: [...KltParts, codes: Uint8Array, out: Uint8Array]): Outcome;
  kltBlocksNear: Kernel<NearParts>;
  kltEncodeAsync: AsyncKernel<[data: Float32Array, out: Uint8Array]>;
  kltDecodeAsync: AsyncKernel<[codes: Uint8Array, out: Float32Array]>;
  kltTopKAsync: AsyncKernel<TopKParts>;
  kltBlocksNearAsync: AsyncKernel<NearParts>;
}

/** Places are what the addon takes. */
const TRELLIS: readonly KltTrellis[] = [false, "full", "separable"];

const known = new WeakMap<KltLayout, KltParts>();

/** The parts of a layout, which must not change from here on. */
export function kltParts(layout: KltLayout): KltParts {
  let parts = known.get(layout);
  if (!parts) {
    const { metric, dim, trellis, codeBytes, bits, mean, columns, forward, back, step, twice, table } =
      layout;
    const all = [mean, columns, forward, back, step, twice, table];
    const floats = new Float32Array(all.reduce((sum, { length }) => sum + length, 0));
    let at = 0;
    for (const array of all) {
      floats.set(array, at);
      at += array.length;
    }
    parts = [METRIC[metric], TRELLIS.indexOf(trellis), dim, codeBytes, bits.slice(), floats];
    known.set(layout, parts);
  }
  return parts;
}

const NO_MARGINS = new Float32Array(0);

/** What the addon takes for hits near the k-th. */
export function nearParts(near: NearHits | undefined): [k: number, margins: Float32Array] {
  return near ? [near.k, near.margins] : [0, NO_MARGINS];
}
