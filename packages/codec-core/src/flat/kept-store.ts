/**
 * Rows that are kept beside the codes to score hits again: in memory (RowStore), or in the file that the index was loaded
 * from (FileRows), of which a search reads those of its hits.
 */
export interface KeptStore {
  /** Bytes of a row. */
  readonly stride: number;
  readonly count: number;
  /** Bytes of these rows that are held in memory. */
  readonly memoryBytes: number;
  /** All rows, as many bytes in memory as they are. @throws what reading the file throws */
  readonly bytes: Uint8Array;
  /** All rows without a copy, where they stand side by side in memory or in a mapped file. */
  readonly whole: Uint8Array | undefined;
  row(slot: number): Uint8Array;
  /** The rows of `slots`, in that order, copied. */
  gather(slots: ArrayLike<number>): Uint8Array;
  append(rows: Uint8Array): void;
  replace(slot: number, row: Uint8Array): void;
  /** The rows as they are now, until they are given back. */
  lendStore(): LentStore;
  /** Lets the file go, if there is one, once all that was lent is given back. */
  close(): void;
}

export interface LentStore extends Disposable {
  readonly rows: KeptStore;
}
