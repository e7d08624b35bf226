import { PithError } from "../errors.ts";

/** A fixed number of bits in 32-bit words, bit i of the set in bit i % 32 of word i >> 5: what the kernels read. */
export class Bitset {
  readonly length: number;
  readonly words: Uint32Array;

  constructor(length: number, words: Uint32Array = new Uint32Array((length + 31) >>> 5)) {
    if (words.length !== (length + 31) >>> 5)
      throw new PithError("LENGTH_MISMATCH", `expected ${(length + 31) >>> 5} words, got ${words.length}`, {
        expected: (length + 31) >>> 5,
        actual: words.length,
      });
    this.length = length;
    this.words = words;
  }

  /** All of the first `length` bits set. */
  static full(length: number): Bitset {
    const set = new Bitset(length);
    set.words.fill(0xffffffff);
    if (length % 32 !== 0) set.words[set.words.length - 1] = (2 ** (length % 32) - 1) >>> 0;
    return set;
  }

  static from(length: number, members: Iterable<number>): Bitset {
    const set = new Bitset(length);
    for (const i of members) set.add(i);
    return set;
  }

  has(i: number): boolean {
    return i >= 0 && i < this.length && ((this.words[i >>> 5] >>> (i & 31)) & 1) === 1;
  }

  /** @throws INVALID_ARGUMENT outside of 0..length-1 */
  add(i: number): void {
    this.#check(i);
    this.words[i >>> 5] |= 1 << (i & 31);
  }

  delete(i: number): void {
    this.#check(i);
    this.words[i >>> 5] &= ~(1 << (i & 31));
  }

  /** Number of bits set. */
  count(): number {
    let n = 0;
    for (let word of this.words) {
      word -= (word >>> 1) & 0x55555555;
      word = (word & 0x33333333) + ((word >>> 2) & 0x33333333);
      n += (((word + (word >>> 4)) & 0x0f0f0f0f) * 0x01010101) >>> 24;
    }
    return n;
  }

  #check(i: number): void {
    if (!Number.isInteger(i) || i < 0 || i >= this.length)
      throw new PithError("INVALID_ARGUMENT", `expected a bit from 0 to ${this.length - 1}, got ${i}`, {
        expected: [0, this.length - 1],
        actual: i,
      });
  }
}
