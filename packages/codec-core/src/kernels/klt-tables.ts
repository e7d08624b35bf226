/**
 * What the widths of learned codes (klt.ts) mean: levels of Lloyd and Max for a normal distribution as whole numbers, made
 * by tools/spectral/levels.py, and constants since: the codes in files depend on them. The values of trellis coding are in
 * trellis-tables.ts and separable-tables.ts.
 *
 * Source: Max, "Quantizing for minimum distortion", IRE Trans. Inf. Theory 1960; Lloyd, "Least squares quantization in
 * PCM", IEEE Trans. Inf. Theory 1982.
 */
import { SEPARABLE_LOSSES, SEPARABLE_SIGMA, separableTable } from "./separable-tables.ts";
import { TRELLIS_SIGMA, trellisTable } from "./trellis-tables.ts";

/** The widest component, in bits. */
export const KLT_WIDEST = 7;
/** Where the values of windows come from: one table of 256, or sums of two of 16; false: no windows, levels of Lloyd and Max. */
export type KltTrellis = "full" | "separable" | false;
/** The widest component that trellis coding takes. */
export const TRELLIS_WIDEST = 4;

/** The levels above 0 of each width; those below are their negatives. */
const MAGNITUDES: { readonly [bits: number]: readonly number[] } = {
  1: [32],
  2: [38, 127],
  3: [14, 45, 79, 127],
  4: [6, 18, 31, 44, 58, 75, 96, 127],
  5: [3, 8, 13, 18, 24, 29, 35, 41, 47, 54, 61, 70, 79, 90, 105, 127],
  6: [
    1, 3, 6, 8, 10, 13, 15, 17, 20, 22, 24, 27, 30, 32, 35, 38, 40, 43, 46, 49, 53, 56, 60, 64, 68, 73, 78,
    84, 91, 99, 110, 127,
  ],
  7: [
    1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15, 16, 17, 18, 19, 20, 21, 23, 24, 25, 26, 27, 28, 30, 31,
    32, 33, 34, 36, 37, 38, 40, 41, 42, 44, 45, 47, 48, 50, 52, 53, 55, 57, 59, 61, 63, 65, 67, 69, 72, 75,
    78, 81, 84, 88, 93, 98, 105, 113, 127,
  ],
};

/** Levels to a standard deviation. */
const UNITS: { readonly [bits: number]: number } = {
  1: Math.fround(40.106052),
  2: Math.fround(84.082706),
  3: Math.fround(59.016359),
  4: Math.fround(46.476061),
  5: Math.fround(38.948304),
  6: Math.fround(33.920023),
  7: Math.fround(30.312475),
};

/** What is lost of a normal distribution's variance, by bits from 0 on: of the levels above, and with a trellis. */
const LOSSES: readonly number[] = [1, 0.36338, 0.117482, 0.03459, 0.009514, 0.002534, 0.000689, 0.000195];
const TRELLIS_LOSSES: readonly number[] = [1, 0.282, 0.076, 0.0204, 0.0058];

/** Whether components of `bits` bits are coded by windows of the stream (trellis.ts), not each by an index of its own. */
export function isWindowed(trellis: KltTrellis, bits: number): boolean {
  return trellis !== false && bits <= TRELLIS_WIDEST;
}

/** The level of each index of `bits` bits, or of each window where components are coded by windows. */
export function kltLevels(trellis: KltTrellis, bits: number): Int8Array {
  if (isWindowed(trellis, bits)) return windowTable(trellis)(bits);
  const half = MAGNITUDES[bits];
  const h = half.length;
  return Int8Array.from({ length: 2 * h }, (_, i) => (i < h ? -half[h - 1 - i] : half[i - h]));
}

/** The values of windows, by bits. */
export function windowTable(trellis: KltTrellis): (bits: number) => Int8Array {
  return trellis === "separable" ? separableTable : trellisTable;
}

/** Levels to a standard deviation of a component, as float32. */
export function kltUnit(trellis: KltTrellis, bits: number): number {
  if (!isWindowed(trellis, bits)) return UNITS[bits];
  return (trellis === "separable" ? SEPARABLE_SIGMA : TRELLIS_SIGMA)[bits];
}

/** Mean squared error of a component of variance 1 and normal distribution. */
export function kltLoss(trellis: KltTrellis, bits: number): number {
  if (!isWindowed(trellis, bits)) return LOSSES[bits];
  return (trellis === "separable" ? SEPARABLE_LOSSES : TRELLIS_LOSSES)[bits];
}
