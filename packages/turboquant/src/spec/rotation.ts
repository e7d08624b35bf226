/**
 * The seeded rotation: three rounds of {flip signs, Walsh-Hadamard transform, times 1/sqrt(n)}, n a power of two.
 * It is orthonormal, so inner products and lengths stay, and it spreads any vector over all coordinates, which makes
 * them alike enough for one quantizer.
 *
 *   y = (H D_3)(H D_2)(H D_1) x,   H = Hadamard / sqrt(n),   D_r = diag(+-1)
 *
 * Signs are the bits of SplitMix64(seed), least significant first, 64 a number, without gaps: coordinate j of round r
 * (from 0) takes bit r n + j, and 1 flips. Butterflies run in natural order, strides 1, 2, 4, ..., n / 2, in float32
 * (a + b, a - b), then every coordinate is multiplied by float32(1 / sqrt(n)). O(n log n) for the whole.
 *
 * Source: Ailon and Chazelle, "The fast Johnson-Lindenstrauss transform", 2009; three rounds as in Andoni et al.,
 * "Practical and optimal LSH for angular distance", 2015.
 */
import { SplitMix64 } from "@pith/codec-core";

const ROUNDS = 3;

export class Rotation {
  /** +1 or -1, round after round. */
  readonly #signs: Float32Array;
  readonly #n: number;
  readonly #scale: number;

  /** `n`: a power of two. */
  constructor(n: number, seed: bigint) {
    this.#n = n;
    this.#scale = Math.fround(1 / Math.sqrt(n));
    this.#signs = new Float32Array(ROUNDS * n);
    const random = new SplitMix64(seed);
    for (let start = 0; start < ROUNDS * n; start += 64) {
      const word = random.next();
      const halves = [Number(word & 0xffffffffn), Number(word >> 32n)];
      const end = Math.min(64, ROUNDS * n - start);
      for (let bit = 0; bit < end; bit++)
        this.#signs[start + bit] = (halves[bit >> 5] >>> (bit & 31)) & 1 ? -1 : 1;
    }
  }

  /** Rotates `y` (n floats) in place. */
  apply(y: Float32Array): void {
    for (let round = 0; round < ROUNDS; round++) {
      this.#flip(y, round);
      hadamard(y);
      this.#shrink(y);
    }
  }

  /** Takes a rotated `y` back, in place. */
  undo(y: Float32Array): void {
    for (let round = ROUNDS - 1; round >= 0; round--) {
      hadamard(y);
      this.#shrink(y);
      this.#flip(y, round);
    }
  }

  #flip(y: Float32Array, round: number): void {
    const signs = this.#signs;
    const from = round * this.#n;
    for (let j = 0; j < y.length; j++) y[j] *= signs[from + j];
  }

  #shrink(y: Float32Array): void {
    const scale = this.#scale;
    for (let j = 0; j < y.length; j++) y[j] *= scale;
  }
}

/** The unscaled Walsh-Hadamard transform in place; a store to a Float32Array rounds each sum once. */
function hadamard(y: Float32Array): void {
  const n = y.length;
  for (let stride = 1; stride < n; stride *= 2)
    for (let start = 0; start < n; start += 2 * stride)
      for (let j = start; j < start + stride; j++) {
        const a = y[j];
        const b = y[j + stride];
        y[j] = a + b;
        y[j + stride] = a - b;
      }
}
