/** The options of spectral-dft, from a caller or a file. */
import { dftBins, type OptionSchema, readOptions } from "@pith/codec-core";

export interface SpectralDftParams {
  /** Fourier coefficients that a code keeps, 1 to floor(dim / 2) + 1; 0 for an eighth of them (1 at least). */
  readonly topK: number;
  /** Bits of a coefficient's magnitude, 0 to 8. */
  readonly magBits: number;
  /** Bits of a coefficient's phase, 2 to 8. */
  readonly phaseBits: number;
}

const MOST_BINS = 32_769;

export const OPTIONS: OptionSchema = {
  topK: {
    type: "integer",
    default: 0,
    min: 0,
    max: MOST_BINS,
    about: "Fourier coefficients a vector, up to half the dim and one more; 0: an eighth of these",
  },
  magBits: { type: "integer", default: 0, min: 0, max: 8, about: "bits of a coefficient's magnitude" },
  phaseBits: { type: "integer", default: 3, min: 2, max: 8, about: "bits of a coefficient's phase" },
};

/** @throws INVALID_OPTION */
export function readParams(given: { readonly [name: string]: unknown }): SpectralDftParams {
  return readOptions(OPTIONS, given) as unknown as SpectralDftParams;
}

/** The least dim that has this many coefficients, and an order among them. */
export function leastDim({ topK }: SpectralDftParams): number {
  return Math.max(4, 2 * (topK - 1));
}

/** Coefficients that a code keeps. */
export function keptBins(dim: number, { topK }: SpectralDftParams): number {
  return topK > 0 ? topK : Math.max(1, Math.floor(dftBins(dim) / 8));
}
