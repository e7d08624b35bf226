/** Kernels of codes of Fourier coefficients as the addon has them (native/node/src/dft.rs). A layout goes as its parts. */
import type { DftLayout } from "./dft-layout.ts";
import { type AsyncOutcome, type Job, METRIC, type Outcome } from "./native-addon.ts";

/** A layout as the addon takes it. */
export type DftParts = [
  metric: number,
  /** dim, coefficients of a row, bits of a magnitude and of a phase. */
  sizes: Uint32Array,
  mean: Float32Array,
  levels: Float32Array,
  table: Float32Array,
];

export function dftParts({
  metric,
  dim,
  topK,
  magBits,
  phaseBits,
  mean,
  levels,
  table,
}: DftLayout): DftParts {
  return [METRIC[metric], Uint32Array.of(dim, topK, magBits, phaseBits), mean, levels, table];
}

/** As dftParts, of arrays that nobody else holds. */
export function ownDftParts(layout: DftLayout): DftParts {
  const { mean, levels, table } = layout;
  return dftParts({ ...layout, mean: mean.slice(), levels: levels.slice(), table: table.slice() });
}

type TopKParts = [
  queries: Float32Array,
  codes: Uint8Array,
  k: number,
  allow: Uint32Array | undefined,
  slots: Uint32Array,
  scores: Float32Array,
];
type AsyncKernel<Rest extends unknown[]> = (
  job: Job,
  threads: number,
  at: number,
  ...rest: [...DftParts, ...Rest]
) => AsyncOutcome;

export interface DftAddon {
  dftSpectra(at: number, data: Float32Array, dim: number, out: Float64Array): Outcome;
  dftEncode(
    threads: number,
    at: number,
    ...rest: [...DftParts, data: Float32Array, out: Uint8Array]
  ): Outcome;
  dftDecode(
    threads: number,
    at: number,
    ...rest: [...DftParts, codes: Uint8Array, out: Float32Array]
  ): Outcome;
  dftQueries(at: number, ...rest: [...DftParts, queries: Float32Array, out: Float32Array]): Outcome;
  dftScores(
    at: number,
    ...rest: [...DftParts, query: Float32Array, codes: Uint8Array, out: Float32Array]
  ): Outcome;
  dftTopK(threads: number, at: number, ...rest: [...DftParts, ...TopKParts]): Outcome;
  dftEncodeAsync: AsyncKernel<[data: Float32Array, out: Uint8Array]>;
  dftDecodeAsync: AsyncKernel<[codes: Uint8Array, out: Float32Array]>;
  dftTopKAsync: AsyncKernel<TopKParts>;
}
