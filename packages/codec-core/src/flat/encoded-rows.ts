/** Rows on their way into an index: as bytes, for those who keep them in a place of their own, and as stores. */
import { PithError } from "../errors.ts";
import { RowStore } from "./row-store.ts";

/** Rows as an index stores them: codes one after another, and what is kept beside them for rescoring. */
export interface EncodedRows {
  readonly codes: Uint8Array;
  /** Exactly where the index keeps rows. */
  readonly kept?: Uint8Array | undefined;
}

/** Vectors as they are stored. */
export interface Packed {
  readonly codes: RowStore;
  readonly originals: RowStore | undefined;
}

/** @throws LENGTH_MISMATCH unless there are `count` rows of these strides */
export function checkEncoded(
  { codes, kept }: EncodedRows,
  count: number,
  stride: number,
  keptStride: number | undefined,
): Packed {
  const check = (what: string, bytes: number, each: number): void => {
    if (bytes !== count * each)
      throw new PithError(
        "LENGTH_MISMATCH",
        `${what}: expected ${count} x ${each} = ${count * each} bytes, got ${bytes}`,
        { expected: count * each, actual: bytes },
      );
  };
  check("codes", codes.length, stride);
  check("kept", kept?.length ?? 0, keptStride ?? 0);
  return {
    codes: new RowStore(stride, codes),
    originals: kept && keptStride !== undefined ? new RowStore(keptStride, kept) : undefined,
  };
}
