/**
 * What is learned, as tensors of a codec state, with R components in the order of the stream:
 *   mean F32 [dim], basis I8 [R, dim], sigma F32 [R], bits U8 [R], scalar F32 [256], error F32 [R + 1], fit F32 [2].
 */
import {
  type CodecState,
  floatTensor,
  isScalarTable,
  KLT_WIDEST,
  PithError,
  readFloatTensor,
  SCALAR_PLACES,
  type StateTensor,
} from "@pith/codec-core";

/** What a codec learns of its sample. */
export interface Learned {
  /** Mean of the rows, of unit length under cosine: dim floats. */
  readonly mean: Float32Array;
  /** R axes of dim whole numbers from -127 to 127, one after another. */
  readonly basis: Int8Array;
  /** Standard deviation of each component. */
  readonly sigma: Float32Array;
  /** Bits of each component, ascending. */
  readonly bits: Uint8Array;
  /** The scalars that a byte can stand for. */
  readonly table: Float32Array;
  /** Mean squared error of each component, and last of each dimension that has none, on rows that weren't learned from. */
  readonly error: Float32Array;
  /** Squared error of rows over their squared length: of rows learned from, of others. */
  readonly fit: Float32Array;
}

/** What means and deviations are kept within, so that no sum of their squares overflows. */
export const MOST: number = 2 ** 50;

const NAMES: readonly string[] = ["basis", "bits", "error", "fit", "mean", "scalar", "sigma"];

export function tensorsOf(learned: Learned): CodecState["tensors"] {
  const { mean, basis, sigma, bits, table, error, fit } = learned;
  const bytes = new Uint8Array(basis.buffer, basis.byteOffset, basis.length);
  return {
    basis: { dtype: "I8", shape: [bits.length, mean.length], bytes: bytes.slice() },
    bits: { dtype: "U8", shape: [bits.length], bytes: bits.slice() },
    error: floatTensor(error),
    fit: floatTensor(fit),
    mean: floatTensor(mean),
    scalar: floatTensor(table),
    sigma: floatTensor(sigma),
  };
}

/** `codeBits`: what the components' bits add up to. @throws CORRUPT_FILE */
export function readLearned({ dim, tensors }: CodecState, codeBits: number): Learned {
  const names = Object.keys(tensors).sort();
  if (names.join() !== NAMES.join()) refuse(`the tensors [${NAMES}], got [${names}]`);
  const count = countOf(tensors["bits"], dim);
  const bits = bytesOf(tensors, "bits", "U8", [count]);
  if (!bits.every((b, r) => b >= 1 && b <= KLT_WIDEST && (r === 0 || b >= bits[r - 1])))
    refuse(`ascending bits from 1 to ${KLT_WIDEST}`);
  const sum = bits.reduce((all, b) => all + b, 0);
  if (sum !== codeBits) refuse(`components of ${codeBits} bits, got ${sum}`);
  const basis = new Int8Array(bytesOf(tensors, "basis", "I8", [count, dim]).buffer);
  for (let r = 0; r < count; r++) {
    const axis = basis.subarray(r * dim, (r + 1) * dim);
    if (axis.every((v) => v === 0) || axis.includes(-128)) refuse("axes from -127 to 127, not all 0");
  }
  const learned = {
    mean: readFloatTensor(tensors, "mean", dim),
    basis,
    sigma: readFloatTensor(tensors, "sigma", count),
    bits,
    table: readFloatTensor(tensors, "scalar", SCALAR_PLACES),
    error: readFloatTensor(tensors, "error", count + 1),
    fit: readFloatTensor(tensors, "fit", 2),
  };
  if (!isInRange(learned)) refuse("means up to 2^50 and deviations from 2^-50 to 2^50");
  if (!isScalarTable(learned.table)) refuse("scalars that are 0, then ascending, positive and finite");
  for (const name of ["error", "fit"] as const)
    if (!learned[name].every((x) => x >= 0 && x < Infinity)) refuse(`finite numbers from 0 in "${name}"`);
  return learned;
}

/** Whether nothing that is computed with these overflows. */
export function isInRange({ mean, sigma }: Pick<Learned, "mean" | "sigma">): boolean {
  return mean.every((x) => Math.abs(x) <= MOST) && sigma.every((x) => x >= 1 / MOST && x <= MOST);
}

/** How many components there are. */
function countOf(bits: StateTensor, dim: number): number {
  const count = Array.isArray(bits?.shape) ? Number(bits.shape[0]) : 0;
  if (!(Number.isSafeInteger(count) && count >= 1 && count <= dim))
    refuse(`the tensor "bits" as U8 [1 to ${dim}]`);
  return count;
}

/** A copy. */
function bytesOf(
  tensors: CodecState["tensors"],
  name: string,
  dtype: string,
  shape: readonly number[],
): Uint8Array<ArrayBuffer> {
  const tensor = tensors[name];
  const fits =
    tensor?.dtype === dtype &&
    Array.isArray(tensor.shape) &&
    tensor.shape.join() === shape.join() &&
    tensor.bytes instanceof Uint8Array &&
    tensor.bytes.length === shape.reduce((product, n) => product * n, 1);
  if (!fits) refuse(`the tensor "${name}" as ${dtype} [${shape}]`, { name });
  return Uint8Array.from(tensor.bytes);
}

function refuse(expected: string, details: Record<string, unknown> = {}): never {
  throw new PithError("CORRUPT_FILE", `expected ${expected}`, details);
}
