/**
 * Kept rows that stay in their file: a search reads those of its hits. What is added or replaced later is held in memory,
 * since the file is somebody's and stays as it is.
 */
import { kernels } from "../kernels/backend.ts";
import type { KeptStore, LentStore } from "./kept-store.ts";
import { RowStore } from "./row-store.ts";

/** The rows of a file, however they are read. */
export interface RowReader {
  /** All of them, where the file is mapped. */
  readonly mapped: Uint8Array | undefined;
  /** Fills `out` from byte `position` of the first row on. @throws CORRUPT_FILE (the file became shorter), IO */
  read(position: number, out: Uint8Array): void;
  close(): void;
}

export class FileRows implements KeptStore {
  readonly stride: number;
  readonly #file: SharedReader;
  /** Rows in the file. */
  readonly #inFile: number;
  /** Rows of the file that were replaced. */
  readonly #changed: Map<number, Uint8Array>;
  readonly #added: RowStore;

  private constructor(
    stride: number,
    file: SharedReader,
    inFile: number,
    changed: Map<number, Uint8Array>,
    added: RowStore,
  ) {
    this.stride = stride;
    this.#file = file;
    this.#inFile = inFile;
    this.#changed = changed;
    this.#added = added;
  }

  /** `count` rows of `reader`, which is closed with them. */
  static of(stride: number, count: number, reader: RowReader): FileRows {
    return new FileRows(stride, new SharedReader(reader), count, new Map(), new RowStore(stride));
  }

  get count(): number {
    return this.#inFile + this.#added.count;
  }

  get memoryBytes(): number {
    return this.#changed.size * this.stride + this.#added.memoryBytes;
  }

  get bytes(): Uint8Array {
    const out = new Uint8Array(this.count * this.stride);
    const inFile = this.#inFile * this.stride;
    this.#file.read(0, out.subarray(0, inFile));
    for (const [slot, row] of this.#changed) out.set(row, slot * this.stride);
    out.set(this.#added.bytes, inFile);
    return out;
  }

  get whole(): Uint8Array | undefined {
    return this.#changed.size === 0 && this.#added.count === 0 ? this.#file.mapped : undefined;
  }

  row(slot: number): Uint8Array {
    const out = new Uint8Array(this.stride);
    this.#readRow(slot, out);
    return out;
  }

  gather(slots: ArrayLike<number>): Uint8Array {
    const { stride } = this;
    const out = new Uint8Array(slots.length * stride);
    const { whole } = this;
    const { gatherRows } = kernels();
    if (whole && gatherRows && slots instanceof Uint32Array) gatherRows(whole, stride, slots, out);
    else
      for (let i = 0; i < slots.length; i++)
        this.#readRow(slots[i], out.subarray(i * stride, (i + 1) * stride));
    return out;
  }

  append(rows: Uint8Array): void {
    this.#added.append(rows);
  }

  replace(slot: number, row: Uint8Array): void {
    if (slot < this.#inFile) this.#changed.set(slot, row.slice());
    else this.#added.replace(slot - this.#inFile, row);
  }

  lendStore(): LentStore {
    const file = this.#file.shared();
    const added = this.#added.lendStore();
    const changed = new Map(this.#changed);
    return {
      rows: new FileRows(this.stride, file, this.#inFile, changed, added.rows),
      [Symbol.dispose]() {
        added[Symbol.dispose]();
        file.release();
      },
    };
  }

  close(): void {
    this.#file.release();
  }

  #readRow(slot: number, out: Uint8Array): void {
    const changed = this.#changed.get(slot);
    if (changed) out.set(changed);
    else if (slot < this.#inFile) this.#file.read(slot * this.stride, out);
    else out.set(this.#added.row(slot - this.#inFile));
  }
}

/** A reader that is closed when the last of its users lets it go. */
class SharedReader {
  readonly #reader: RowReader;
  #users = 1;

  constructor(reader: RowReader) {
    this.#reader = reader;
  }

  get mapped(): Uint8Array | undefined {
    return this.#reader.mapped;
  }

  read(position: number, out: Uint8Array): void {
    if (out.length > 0) this.#reader.read(position, out);
  }

  shared(): this {
    this.#users++;
    return this;
  }

  release(): void {
    if (--this.#users === 0) this.#reader.close();
  }
}
