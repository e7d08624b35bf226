/**
 * Inner products of rotated coordinates, with the residual's sketch where there is one.
 *
 * A compressed vector stands for y + s P^T z: y the decoded coordinates, z = +-1 the signs, P the sketch's rotation
 * and s = |r| sqrt(pi / (2 n)), for which <q, s P^T z> is <q, r> on average. The inner product of two such sums is
 *
 *   <y, y'> + s <z, P y'> + s' <P y, z'> + s s' <z, z'>
 *
 * The record doesn't hold |r|. It is taken from the magnitudes: a coordinate that is uniform within its step of
 * 2 m / L has a squared error of (2 m / L)^2 / 12, times a factor that depends on bits and encoder.
 * Source: Zandieh et al., "QJL: 1-bit quantized JL transform for KV cache quantization", 2024.
 */
import type { SpecEncoder } from "./config.ts";

/**
 * |r|^2 over the sum of (2 m / L)^2 / 12, for 1 to 8 bits: measured on Gaussian coordinates in blocks of 32, where
 * few bits leave errors that are far from uniform and `ls` clips.
 */
const RESIDUAL_FACTORS: { readonly [E in SpecEncoder]: readonly number[] } = {
  absmax: [1.536, 0.98, 0.97, 0.969, 0.969, 0.969, 0.969, 0.97],
  ls: [1.633, 1.25, 1.024, 0.936, 0.92, 0.928, 0.944, 0.944],
};

/** One side of an inner product: coordinates and residual are those of the vector times 2^-exponent. */
export interface Operand {
  readonly y: Float32Array;
  readonly exponent: number;
  readonly sketch?: {
    /** P y */
    readonly projected: Float32Array;
    /** s z */
    readonly signs: Float32Array;
  };
}

/** The estimated |r|^2 of blocks whose length times squared magnitude sum to `energy`. */
export function residualEnergy(energy: number, bits: number, encoder: SpecEncoder): number {
  const top = 2 ** bits - 1;
  return (RESIDUAL_FACTORS[encoder][bits - 1] * energy) / (3 * top * top);
}

/** s z for packed signs z of a residual with this squared norm. */
export function scaledSigns(signBits: Uint8Array, n: number, energy: number): Float32Array {
  const s = Math.sqrt((energy * Math.PI) / (2 * n));
  return Float32Array.from({ length: n }, (_, j) => ((signBits[j >> 3] >> (j & 7)) & 1 ? s : -s));
}

/** The inner product times 2^-(a.exponent + b.exponent); sums in float64. */
export function innerProduct(a: Operand, b: Operand): number {
  let sum = dot(a.y, b.y);
  if (a.sketch && b.sketch)
    sum +=
      dot(a.sketch.signs, b.sketch.projected) +
      dot(a.sketch.projected, b.sketch.signs) +
      dot(a.sketch.signs, b.sketch.signs);
  return sum;
}

export function dot(a: Float32Array, b: Float32Array): number {
  let sum = 0;
  for (let j = 0; j < a.length; j++) sum += a[j] * b[j];
  return sum;
}
