/**
 * Rows of a fixed number of bytes in one growing buffer, so that kernels see them as one array. Grows by half again
 * and more; views that were handed out before stay valid but see no later rows. The buffer is shared memory where the
 * platform has it, which other threads can read while rows are added (kernels/pinned.ts).
 */
import type { Codes } from "../contract/codes.ts";
import { kernels } from "../kernels/backend.ts";
import { isPinned, sharedBytes } from "../kernels/pinned.ts";
import type { KeptStore, LentStore } from "./kept-store.ts";

/** Rows as they were when they were lent, until they are given back. */
export interface LentRows extends Disposable {
  readonly bytes: Uint8Array;
}

export class RowStore implements KeptStore {
  readonly stride: number;
  #buffer: Uint8Array;
  #count: number;

  /** Takes `bytes` over as the first rows; they are copied at the first change. `mapped`: they are those of a mapped file. */
  constructor(stride: number, bytes: Uint8Array = new Uint8Array(0), mapped: boolean = false) {
    this.stride = stride;
    this.#mapped = mapped;
    this.#buffer = bytes;
    this.#count = bytes.length / stride;
    this.#owned = bytes.length === 0;
  }

  #owned: boolean;
  readonly #mapped: boolean;
  #version = 0;
  /** How many read this very buffer. */
  #readers = { count: 0 };

  /** Another number after each change. */
  get version(): number {
    return this.#version;
  }

  get count(): number {
    return this.#count;
  }

  get memoryBytes(): number {
    return this.#mapped && !this.#owned ? 0 : this.#count * this.stride;
  }

  /** All rows, without a copy. */
  get bytes(): Uint8Array {
    return this.#buffer.subarray(0, this.#count * this.stride);
  }

  get whole(): Uint8Array {
    return this.bytes;
  }

  /** The rows as codes. */
  get codes(): Codes {
    return { bytes: this.bytes, stride: this.stride, count: this.#count };
  }

  row(slot: number): Uint8Array {
    return this.#buffer.subarray(slot * this.stride, (slot + 1) * this.stride);
  }

  append(rows: Uint8Array): void {
    const end = this.#count * this.stride;
    this.#reserve(end + rows.length);
    this.#buffer.set(rows, end);
    this.#version++;
    this.#count += rows.length / this.stride;
  }

  replace(slot: number, row: Uint8Array): void {
    const length = this.#count * this.stride;
    // Those who read go on with the rows as they were.
    if (this.#readers.count > 0) this.#move(length);
    else this.#reserve(length);
    this.#buffer.set(row, slot * this.stride);
    this.#version++;
  }

  /** All rows, which stay as they are until they are given back. `pinned`: in memory that other threads may read. */
  lend(pinned: boolean): LentRows {
    if (pinned && !isPinned(this.#buffer)) this.#move(this.#count * this.stride);
    const readers = this.#readers;
    readers.count++;
    return {
      bytes: this.bytes,
      [Symbol.dispose]: () => {
        readers.count--;
      },
    };
  }

  lendStore(): LentStore & { readonly rows: RowStore } {
    const lent = this.lend(false);
    return { rows: new RowStore(this.stride, lent.bytes), [Symbol.dispose]: () => lent[Symbol.dispose]() };
  }

  close(): void {}

  /** The rows of `slots`, in that order, copied. */
  gather(slots: ArrayLike<number>): Uint8Array {
    const out = new Uint8Array(slots.length * this.stride);
    const { gatherRows } = kernels();
    if (gatherRows && slots instanceof Uint32Array) gatherRows(this.bytes, this.stride, slots, out);
    else for (let i = 0; i < slots.length; i++) out.set(this.row(slots[i]), i * this.stride);
    return out;
  }

  #reserve(length: number): void {
    if (this.#owned && length <= this.#buffer.length) return;
    const capacity =
      length <= this.#buffer.length ? length : Math.max(length, Math.ceil(this.#buffer.length * 1.6));
    this.#move(capacity);
  }

  #move(capacity: number): void {
    const moved = sharedBytes(capacity);
    kernels().largePages?.(moved);
    moved.set(this.bytes);
    this.#buffer = moved;
    this.#owned = true;
    this.#readers = { count: 0 };
  }
}
