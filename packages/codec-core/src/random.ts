/**
 * SplitMix64: a deterministic stream of 64-bit numbers from a 64-bit seed. Golden values pin it: signs and
 * permutations of codecs come from it, so another stream would read other files.
 * Source: Steele, Lea, Flood: "Fast splittable pseudorandom number generators", OOPSLA 2014.
 */
const MASK = 0xffffffffffffffffn;

export class SplitMix64 {
  #state: bigint;

  /** Any integer; taken modulo 2^64. */
  constructor(seed: number | bigint) {
    this.#state = BigInt(seed) & MASK;
  }

  /** The next 64 bits, as a bigint from 0 to 2^64 - 1. */
  next(): bigint {
    this.#state = (this.#state + 0x9e3779b97f4a7c15n) & MASK;
    let z = this.#state;
    z = ((z ^ (z >> 30n)) * 0xbf58476d1ce4e5b9n) & MASK;
    z = ((z ^ (z >> 27n)) * 0x94d049bb133111ebn) & MASK;
    return z ^ (z >> 31n);
  }

  /** Uniform in [0, 1), the top 53 bits. */
  uniform(): number {
    return Number(this.next() >> 11n) / 2 ** 53;
  }

  /** An integer from 0 to n - 1, by the high part of a product (bias below n / 2^64). */
  below(n: number): number {
    return Number((this.next() * BigInt(n)) >> 64n);
  }

  /** Normal with mean 0 and deviation 1 (Box-Muller, one of the pair). */
  gaussian(): number {
    const radius = Math.sqrt(-2 * Math.log(1 - this.uniform()));
    return radius * Math.cos(2 * Math.PI * this.uniform());
  }
}
