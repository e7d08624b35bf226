/**
 * Data larger than the caches, for speed alone: the rows of a real dataset again and again, each with noise of its own and
 * scaled to length 1. What lies near what says nothing (the copies of a row are nearest to each other), how fast it is read does.
 */
import { SplitMix64 } from "@pith/codec-core";

/** Deviation of the noise on each element, small against those of unit vectors of 384 dims (about .05). */
export const NOISE = 0.01;
/** Draws, a prime number of them; each row begins at another. */
const DRAWS = 1_048_573;

/**
 * Rows of `base` ([n x dim], length 1) in turn, `count` of them, with noise that `seed` fixes.
 * @returns {Float32Array} [count x dim], rows of length 1
 */
export function tile(base, dim, count, seed = 4) {
  const random = new SplitMix64(seed);
  const noise = Float32Array.from({ length: DRAWS + dim }, () => NOISE * random.gaussian());
  const out = new Float32Array(count * dim);
  for (let row = 0; row < count; row++) {
    const [from, to, shift] = [(row * dim) % base.length, row * dim, random.below(DRAWS)];
    let sum = 0;
    for (let j = 0; j < dim; j++) {
      const x = base[from + j] + noise[shift + j];
      out[to + j] = x;
      sum += x * x;
    }
    const factor = 1 / Math.sqrt(sum);
    for (let j = to; j < to + dim; j++) out[j] *= factor;
  }
  return out;
}
