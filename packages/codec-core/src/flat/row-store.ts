/**
 * Rows of a fixed number of bytes in one growing buffer, so that kernels see them as one array. Grows by half again
 * and more; views that were handed out before stay valid but see no later rows.
 */
export class RowStore {
  readonly stride: number;
  #buffer: Uint8Array;
  #count: number;

  /** Takes `bytes` over as the first rows; they are copied at the first change. */
  constructor(stride: number, bytes: Uint8Array = new Uint8Array(0)) {
    this.stride = stride;
    this.#buffer = bytes;
    this.#count = bytes.length / stride;
    this.#owned = bytes.length === 0;
  }

  #owned: boolean;

  get count(): number {
    return this.#count;
  }

  /** All rows, without a copy. */
  get bytes(): Uint8Array {
    return this.#buffer.subarray(0, this.#count * this.stride);
  }

  row(slot: number): Uint8Array {
    return this.#buffer.subarray(slot * this.stride, (slot + 1) * this.stride);
  }

  append(rows: Uint8Array): void {
    const end = this.#count * this.stride;
    this.#reserve(end + rows.length);
    this.#buffer.set(rows, end);
    this.#count += rows.length / this.stride;
  }

  replace(slot: number, row: Uint8Array): void {
    this.#reserve(this.#count * this.stride);
    this.#buffer.set(row, slot * this.stride);
  }

  /** The rows of `slots`, in that order, copied. */
  gather(slots: ArrayLike<number>): Uint8Array {
    const out = new Uint8Array(slots.length * this.stride);
    for (let i = 0; i < slots.length; i++) out.set(this.row(slots[i]), i * this.stride);
    return out;
  }

  #reserve(length: number): void {
    if (this.#owned && length <= this.#buffer.length) return;
    const capacity =
      length <= this.#buffer.length ? length : Math.max(length, Math.ceil(this.#buffer.length * 1.6));
    const grown = new Uint8Array(capacity);
    grown.set(this.bytes);
    this.#buffer = grown;
    this.#owned = true;
  }
}
