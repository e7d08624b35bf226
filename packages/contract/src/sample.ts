/**
 * Seeded rows that look like embeddings enough to find faults: half Gaussian, half in clusters (near neighbours and
 * near ties), with a few loud dimensions.
 */
import type { Vectors } from "@pith/codec-core";

/**
 * 32-bit generator for bulk data, some 20 times as fast as SplitMix64 on bigints. Weyl sequence and the finalizer of
 * MurmurHash3 (Appleby, public domain). Nothing that is stored depends on it.
 */
export class FastRandom {
  #state: number;

  constructor(seed: number) {
    this.#state = seed | 0;
  }

  /** An integer from 0 to 2^32 - 1. */
  bits(): number {
    this.#state = (this.#state + 0x9e3779b9) | 0;
    let z = this.#state;
    z = Math.imul(z ^ (z >>> 16), 0x85ebca6b);
    z = Math.imul(z ^ (z >>> 13), 0xc2b2ae35);
    return (z ^ (z >>> 16)) >>> 0;
  }

  /** Uniform in [0, 1). */
  uniform(): number {
    return this.bits() / 2 ** 32;
  }

  /** An integer from 0 to n - 1. */
  below(n: number): number {
    return Math.floor(this.uniform() * n);
  }

  /** Normal with mean 0 and deviation 1 (Box-Muller, one of the pair). */
  gaussian(): number {
    const radius = Math.sqrt(-2 * Math.log(1 - this.uniform()));
    return radius * Math.cos(2 * Math.PI * this.uniform());
  }
}

const CLUSTERS = 8;

/** `count` rows of `dim` floats; the same for the same seed, and the first rows of a longer sample of that seed. */
export function seededRows(count: number, dim: number, seed: number): Vectors {
  const random = new FastRandom(seed ^ Math.imul(dim, 0x27d4eb2f));
  const loud = Float64Array.from({ length: dim }, (_, j) => (j % 13 === 5 ? 4 : 1));
  const centres = Float64Array.from({ length: CLUSTERS * dim }, () => random.gaussian());
  const data = new Float32Array(count * dim);
  for (let i = 0; i < count; i++) {
    const centre = i % 2 === 0 ? -1 : random.below(CLUSTERS) * dim;
    for (let j = 0; j < dim; j++) {
      const g = random.gaussian();
      data[i * dim + j] = loud[j] * (centre < 0 ? g : centres[centre + j] + 0.05 * g);
    }
  }
  return { data, dim, count };
}
