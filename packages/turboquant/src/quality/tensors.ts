/**
 * What is learned as tensors of a codec state: `mean` F32 [dim] and `scalar` F32 [256]; or neither. At 8 bits, where
 * scalars stay floats, `scalar` is its first element alone, 0: with one tensor of two missing, a state is corrupt.
 */
import {
  type CodecState,
  floatTensor,
  isScalarTable,
  PithError,
  readFloatTensor,
  SCALAR_PLACES,
} from "@pith/codec-core";

/** What a codec learns of its sample. */
export interface Learned {
  /** Mean of the rows, of unit length under cosine. */
  readonly mean: Float32Array;
  /** The scalars that a byte can stand for; none where scalars stay floats. */
  readonly table: Float32Array;
}

/**
 * Whether trained codes hold a place in a table instead of a float: up to 4 bits. At 8 bits the half percent that the
 * place is off would be most of the error, for 3 bytes of 388.
 */
export function hasTable(bits: number): boolean {
  return bits < 8;
}

export function tensorsOf({ mean, table }: Learned): CodecState["tensors"] {
  return { mean: floatTensor(mean), scalar: floatTensor(table.length > 0 ? table : Float32Array.of(0)) };
}

/** Undefined for a state without tensors. @throws CORRUPT_FILE */
export function readLearned({ dim, tensors }: CodecState, bits: number): Learned | undefined {
  const names = Object.keys(tensors).sort();
  if (names.length === 0) return undefined;
  if (names.join() !== "mean,scalar")
    throw new PithError("CORRUPT_FILE", `expected the tensors [mean,scalar] or none, got [${names}]`, {
      expected: ["mean", "scalar"],
      actual: names,
    });
  const mean = readFloatTensor(tensors, "mean", dim);
  if (!mean.every(Number.isFinite)) throw new PithError("CORRUPT_FILE", "expected a finite mean");
  const table = readFloatTensor(tensors, "scalar", hasTable(bits) ? SCALAR_PLACES : 1);
  if (!(hasTable(bits) ? isScalarTable(table) : Object.is(table[0], 0)))
    throw new PithError("CORRUPT_FILE", "expected scalars that are 0, then ascending, positive and finite");
  return { mean, table: hasTable(bits) ? table : new Float32Array(0) };
}
