import { PithError, shown } from "../errors.ts";
import { kernels } from "../kernels/backend.ts";
import { attachedLength } from "./attached.ts";

/** Row-major matrix, `count` x `dim` float32. Never kept and never changed by the library. */
export interface Vectors {
  readonly data: Float32Array;
  readonly dim: number;
  readonly count: number;
}

export const MIN_DIM = 1;
export const MAX_DIM = 65_536;

/**
 * A `Vectors` over `data`, without a copy; `count` follows from the length.
 * @throws DIM_UNSUPPORTED, LENGTH_MISMATCH
 */
export function vectors(data: Float32Array, dim: number): Vectors {
  checkDim(dim);
  const count = data.length / dim;
  if (!Number.isInteger(count))
    throw new PithError("LENGTH_MISMATCH", `expected a multiple of dim ${dim} floats, got ${data.length}`, {
      expected: dim,
      actual: data.length,
    });
  return { data, dim, count };
}

/** A `Vectors` from rows of numbers, copied. @throws DIM_MISMATCH where a row has another length than the first */
export function vectorsFromRows(
  rows: readonly ArrayLike<number>[],
  dim: number = rows[0]?.length ?? 0,
): Vectors {
  checkDim(dim);
  const data = new Float32Array(rows.length * dim);
  rows.forEach((row, i) => {
    if (row.length !== dim)
      throw new PithError("DIM_MISMATCH", `row ${i}: expected dim ${dim}, got ${row.length}`, {
        expected: dim,
        actual: row.length,
        row: i,
      });
    data.set(row, i * dim);
  });
  return { data, dim, count: rows.length };
}

/** Rows `start` to `end` (exclusive) as a view on the same memory. */
export function sliceVectors(v: Vectors, start: number, end: number = v.count): Vectors {
  return { data: v.data.subarray(start * v.dim, end * v.dim), dim: v.dim, count: end - start };
}

/** @throws DIM_UNSUPPORTED unless `dim` is an integer from 1 to 65,536 */
export function checkDim(dim: number): number {
  if (Number.isInteger(dim) && dim >= MIN_DIM && dim <= MAX_DIM) return dim;
  throw new PithError("DIM_UNSUPPORTED", `expected a dim from ${MIN_DIM} to ${MAX_DIM}, got ${shown(dim)}`, {
    expected: [MIN_DIM, MAX_DIM],
    actual: dim,
  });
}

/**
 * What every encoder asks of its input: this dim, this length, nothing but finite numbers.
 * @throws DIM_MISMATCH, LENGTH_MISMATCH, NOT_FINITE (with row and column)
 */
export function checkVectors(v: Vectors, dim: number): void {
  checkShape(v, dim);
  checkFinite(v.data, dim);
}

/** As `checkVectors`, but for the numbers. @throws DIM_MISMATCH, INVALID_ARGUMENT, LENGTH_MISMATCH */
export function checkShape(v: Vectors, dim: number): void {
  if (v.dim !== dim)
    throw new PithError("DIM_MISMATCH", `expected dim ${dim}, got ${v.dim}`, {
      expected: dim,
      actual: v.dim,
    });
  if (!(v.data instanceof Float32Array))
    throw new PithError("INVALID_ARGUMENT", `expected vectors as a Float32Array, got ${shown(v.data)}`);
  const length = attachedLength(v.data);
  if (!Number.isSafeInteger(v.count) || v.count < 0 || length !== v.count * dim)
    throw new PithError(
      "LENGTH_MISMATCH",
      `expected ${v.count} x ${dim} = ${v.count * dim} floats, got ${length}`,
      { expected: v.count * dim, actual: length },
    );
}

/** @throws NOT_FINITE with row and column of the first NaN or infinity; `firstRow` is added to the row */
export function checkFinite(data: Float32Array, dim: number, firstRow: number = 0): void {
  const at = kernels().firstNonFinite(data);
  if (at < 0) return;
  throw notFinite(data[at], firstRow + Math.floor(at / dim), at % dim);
}

export function notFinite(value: number, row: number, column: number): PithError {
  return new PithError(
    "NOT_FINITE",
    `expected finite numbers, got ${value} in row ${row}, column ${column}`,
    {
      row,
      column,
      actual: String(value),
    },
  );
}

/** @throws INVALID_ARGUMENT, DIM_MISMATCH, NOT_FINITE */
export function checkQuery(query: Float32Array, dim: number): void {
  if (!(query instanceof Float32Array))
    throw new PithError("INVALID_ARGUMENT", `expected a query as a Float32Array, got ${shown(query)}`);
  const length = attachedLength(query);
  if (length !== dim)
    throw new PithError("DIM_MISMATCH", `expected a query of dim ${dim}, got ${length}`, {
      expected: dim,
      actual: length,
    });
  checkFinite(query, dim);
}
