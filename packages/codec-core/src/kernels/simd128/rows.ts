/**
 * Rows on their way into WebAssembly memory, a block at a time: all of them, or those of an allow-list, packed one
 * after another. A block stays in the second cache while it is scanned.
 */
/** Bytes of a block; at least four rows. */
export const BLOCK_BYTES: number = 256 << 10;

/** Rows in a block of `count` rows of `stride` bytes. */
export function blockRows(stride: number, count: number): number {
  return Math.min(count, Math.max(4, Math.floor(BLOCK_BYTES / stride)));
}

export class RowReader {
  readonly #rows: Uint8Array;
  readonly #stride: number;
  readonly #count: number;
  readonly #allow: Uint32Array | undefined;
  #next = 0;

  /** `rows`: an array over the rows' bytes. `allow`: a Bitset's words, one bit a row. */
  constructor(rows: ArrayBufferView, stride: number, allow?: Uint32Array) {
    this.#rows = new Uint8Array(rows.buffer, rows.byteOffset, rows.byteLength);
    this.#stride = stride;
    this.#count = Math.floor(rows.byteLength / stride);
    this.#allow = allow;
  }

  /** Copies the next rows until `block` is full, their numbers into `slots`. @returns how many; 0 at the end */
  read(block: Uint8Array, slots: Uint32Array): number {
    const stride = this.#stride;
    let n = 0;
    while (n < slots.length) {
      const first = this.#skip();
      const last = Math.min(this.#count, first + slots.length - n);
      let row = first;
      while (row < last && this.#allows(row)) slots[n++] = row++;
      if (row === first) return n;
      block.set(this.#rows.subarray(first * stride, row * stride), (n - (row - first)) * stride);
      this.#next = row;
    }
    return n;
  }

  /** The next allowed row, the number of rows where there is none. */
  #skip(): number {
    const allow = this.#allow;
    if (!allow) return this.#next;
    let row = this.#next;
    while (row < this.#count) {
      const left = allow[row >>> 5] >>> (row & 31);
      if (left !== 0) return Math.min(this.#count, row + 31 - Math.clz32(left & -left));
      row = (row | 31) + 1;
    }
    return this.#count;
  }

  #allows(row: number): boolean {
    return !this.#allow || ((this.#allow[row >>> 5] >>> (row & 31)) & 1) === 1;
  }
}
