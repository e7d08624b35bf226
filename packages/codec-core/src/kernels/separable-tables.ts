/**
 * Separable tables of the trellis coder (trellis.ts), for 1 to 4 bits: the value of a window is a sum,
 *
 *   T[w] = A[w >> 4] + B[w & 15],  A[i] = -A[15 - i],  B[i] = -B[15 - i],
 *
 * of a number for its newer four bits and one for its older four, in place of one of 256 for all eight. They lose some tenths
 * of a decibel more than trellis-tables.ts, and take 16 numbers a width. Trained on Gaussian samples by
 * tools/spectral/separable_tables.py, and constants since: the codes in files depend on them.
 */

/** Units of one standard deviation. */
export const SEPARABLE_SIGMA: { readonly [bits: number]: number } = {
  1: 36,
  2: 32,
  3: 36,
  4: 36,
};

/** What is lost of a normal distribution's variance, by bits from 0 on. */
export const SEPARABLE_LOSSES: readonly number[] = [1, 0.2953, 0.0834, 0.0228, 0.00607];

/** A[8] to A[15]. */
const NEWER: { readonly [bits: number]: readonly number[] } = {
  1: [29, -26, -23, 27, 26, -27, -20, 22],
  2: [-8, 40, 25, -45, 12, -6, -13, 27],
  3: [-15, 49, 26, 1, -31, 77, 12, -44],
  4: [-45, 35, -13, 71, -7, -20, 3, 27],
};

/** B[8] to B[15]. */
const OLDER: { readonly [bits: number]: readonly number[] } = {
  1: [-22, 17, -23, 13, 15, -18, 31, -7],
  2: [-40, -8, 25, -3, 1, 34, 9, -20],
  3: [6, -27, -14, 17, 18, -3, 29, -7],
  4: [-20, -13, -3, -3, -31, 23, -46, 10],
};

/** The value of each window, from -127 to 127. */
export function separableTable(bits: number): Int8Array {
  const [newer, older] = [NEWER[bits], OLDER[bits]];
  return Int8Array.from({ length: 256 }, (_, w) => odd(newer, w >>> 4) + odd(older, w & 15));
}

/** Element `index` of 16, of which `half` are the last 8. */
function odd(half: readonly number[], index: number): number {
  return index >= 8 ? half[index - 8] : -half[7 - index];
}
