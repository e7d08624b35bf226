/** Seeded numbers: a Weyl sequence with the finalizer of MurmurHash3 (Appleby, public domain). */
export class Random {
  #state;

  constructor(seed) {
    this.#state = seed | 0;
  }

  /** An integer from 0 to 2^32 - 1. */
  bits() {
    this.#state = (this.#state + 0x9e3779b9) | 0;
    let z = this.#state;
    z = Math.imul(z ^ (z >>> 16), 0x85ebca6b);
    z = Math.imul(z ^ (z >>> 13), 0xc2b2ae35);
    return (z ^ (z >>> 16)) >>> 0;
  }

  /** Uniform in [0, 1). */
  uniform() {
    return this.bits() / 2 ** 32;
  }

  /** An integer from 0 to n - 1. */
  below(n) {
    return Math.floor(this.uniform() * n);
  }

  onceIn(n) {
    return this.below(n) === 0;
  }

  pick(list) {
    return list[this.below(list.length)];
  }

  /** Roughly normal. */
  normal() {
    return this.uniform() + this.uniform() + this.uniform() + this.uniform() - 2;
  }

  floats(n) {
    return Float32Array.from({ length: n }, () => this.normal());
  }
}
