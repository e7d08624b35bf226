/**
 * SplitMix64: a deterministic stream of 64-bit numbers from a 64-bit seed. Golden values pin it: signs and
 * permutations of codecs come from it, so another stream would read other files.
 * Source: Steele, Lea, Flood: "Fast splittable pseudorandom number generators", OOPSLA 2014.
 */
const MASK = 0xffffffffffffffffn;

/** 64-bit numbers are kept as two halves of 32 bits: bigints for each step would take many times as long. */
export class SplitMix64 {
  #stateHigh: number;
  #stateLow: number;
  #high = 0;
  #low = 0;

  /** Any integer; taken modulo 2^64. */
  constructor(seed: number | bigint) {
    const state = BigInt(seed) & MASK;
    this.#stateHigh = Number(state >> 32n) | 0;
    this.#stateLow = Number(state & 0xffffffffn) | 0;
  }

  /** The next 64 bits, as a bigint from 0 to 2^64 - 1. */
  next(): bigint {
    this.#step();
    return (BigInt(this.#high >>> 0) << 32n) | BigInt(this.#low >>> 0);
  }

  /** Uniform in [0, 1), the top 53 bits. */
  uniform(): number {
    this.#step();
    return ((this.#high >>> 0) * 2 ** 21 + (this.#low >>> 11)) / 2 ** 53;
  }

  /** Advances the state by the golden ratio and mixes it into the two halves of the next number. */
  #step(): void {
    const sum = (this.#stateLow >>> 0) + 0x7f4a7c15;
    this.#stateLow = sum | 0;
    this.#stateHigh = (this.#stateHigh + 0x9e3779b9 + (sum > 0xffffffff ? 1 : 0)) | 0;
    this.#low = this.#stateLow;
    this.#high = this.#stateHigh;
    this.#xorShift(30);
    this.#multiply(0xbf58476d, 0x1ce4e5b9);
    this.#xorShift(27);
    this.#multiply(0x94d049bb, 0x133111eb);
    this.#xorShift(31);
  }

  /** z ^= z >> by, for 0 < by < 32 */
  #xorShift(by: number): void {
    this.#low ^= (this.#low >>> by) | (this.#high << (32 - by));
    this.#high ^= this.#high >>> by;
  }

  /** z *= high * 2^32 + low, modulo 2^64 */
  #multiply(high: number, low: number): void {
    const z = this.#low;
    // The upper half of z * low, from products of 16 bits.
    const [z0, z1, m0, m1] = [z & 0xffff, z >>> 16, low & 0xffff, low >>> 16];
    const middle = z1 * m0 + ((z0 * m0) >>> 16);
    const carry = z0 * m1 + (middle & 0xffff);
    const upper = z1 * m1 + Math.floor(middle / 65536) + Math.floor(carry / 65536);
    this.#high = (upper + Math.imul(z, high) + Math.imul(this.#high, low)) | 0;
    this.#low = Math.imul(z, low);
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
