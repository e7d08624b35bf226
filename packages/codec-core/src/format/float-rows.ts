/** Rows of floats as they stand in files (F32 or F16, little-endian), to and from `Vectors`. */
import type { Vectors } from "../contract/vectors.ts";
import { PithError } from "../errors.ts";
import { kernels } from "../kernels/backend.ts";

export type FloatDtype = "F32" | "F16";

export const FLOAT_BYTES: Readonly<Record<FloatDtype, number>> = { F32: 4, F16: 2 };

/** Exponent bits of a float16; all set in infinities and NaN. */
const EXPONENT = 0x7c00;

/**
 * The rows as bytes: a view for F32, else narrowed half to even. `firstRow` is added to the row of an error.
 * @throws INVALID_ARGUMENT with row and column of a number that float16 can't hold (65,520 and more round to an infinity)
 */
export function rowsToBytes(v: Vectors, dtype: FloatDtype, firstRow: number = 0): Uint8Array {
  if (dtype === "F32") return new Uint8Array(v.data.buffer, v.data.byteOffset, v.data.byteLength);
  const bits = new Uint16Array(v.data.length);
  kernels().toFloat16(v.data, bits);
  const at = bits.findIndex((half) => (half & EXPONENT) === EXPONENT);
  if (at >= 0) {
    const row = firstRow + Math.floor(at / v.dim);
    const column = at % v.dim;
    throw new PithError(
      "INVALID_ARGUMENT",
      `float16 holds up to 65504, got ${v.data[at]} in row ${row}, column ${column}`,
      { row, column, actual: String(v.data[at]) },
    );
  }
  return new Uint8Array(bits.buffer);
}

/** Rows from their bytes: F16 is widened, F32 is a view where the bytes are aligned. */
export function rowsFromBytes(bytes: Uint8Array, dtype: FloatDtype, dim: number): Vectors {
  const size = FLOAT_BYTES[dtype];
  const aligned = bytes.byteOffset % size === 0 ? bytes : new Uint8Array(bytes);
  const length = bytes.length / size;
  const count = length / dim;
  if (dtype === "F32")
    return { data: new Float32Array(aligned.buffer, aligned.byteOffset, length), dim, count };
  const data = new Float32Array(length);
  kernels().fromFloat16(new Uint16Array(aligned.buffer, aligned.byteOffset, length), data);
  return { data, dim, count };
}
