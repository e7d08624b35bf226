/** What a caller hands in, as the store takes it. */
import { checkFinite, PithError, shown, type Vectors, vectorsFromRows } from "@pith/codec-core";

/** No rows have the dim 0. @throws INVALID_ARGUMENT (no list, or a value that is no number), DIM_UNSUPPORTED, DIM_MISMATCH, NOT_FINITE */
export function readVectors(rows: readonly ArrayLike<number>[]): Vectors {
  if (!Array.isArray(rows)) throw refuse("vectors as a list", rows);
  rows.forEach((row, at) => {
    if (Array.isArray(row)) checkNumbers(row, at);
    else if (!(row instanceof Float32Array || row instanceof Float64Array))
      throw refuse(`vector ${at} as a list of numbers`, row);
  });
  if (rows.length === 0) return { data: new Float32Array(0), dim: 0, count: 0 };
  const v = vectorsFromRows(rows);
  checkFinite(v.data, v.dim);
  return v;
}

/** What JSON makes of NaN is null, which would become 0. */
function checkNumbers(row: readonly unknown[], at: number): void {
  for (let column = 0; column < row.length; column++)
    if (typeof row[column] !== "number")
      throw refuse(`numbers in vector ${at}, column ${column}`, row[column], { row: at, column });
}

/** One vector. @throws as `readVectors` */
export function readQuery(query: ArrayLike<number>): Float32Array {
  return readVectors([query]).data;
}

/** @throws INVALID_ARGUMENT unless `k` is an integer from 0 */
export function checkCount(k: number, name: string = "k"): number {
  if (Number.isSafeInteger(k) && k >= 0) return k;
  throw refuse(`${name} as an integer from 0`, k);
}

/** @throws LENGTH_MISMATCH */
export function checkLength(what: string, actual: number, expected: number): void {
  if (actual !== expected)
    throw new PithError("LENGTH_MISMATCH", `expected ${expected} ${what}, got ${actual}`, {
      expected,
      actual,
    });
}

/** @throws INVALID_ARGUMENT */
export function checkIds(ids: unknown): readonly string[] {
  if (!Array.isArray(ids)) throw refuse("ids as a list of strings", ids);
  ids.forEach((id, row) => {
    checkId(id, row);
  });
  return ids;
}

function checkId(id: unknown, row: number): void {
  if (typeof id !== "string") throw refuse(`id ${row} as a string`, id, { row });
  if (!id.isWellFormed()) throw refuse(`id ${row} as well-formed Unicode`, id, { row });
}

/**
 * An id for each document: of `given`, else the document's own, else a UUID.
 * @throws LENGTH_MISMATCH, INVALID_ARGUMENT, DUPLICATE_ID (with both rows)
 */
export function idsFor(
  documents: readonly { readonly id?: string | undefined }[],
  given: readonly (string | undefined)[] | undefined,
): string[] {
  if (given !== undefined) {
    if (!Array.isArray(given)) throw refuse("ids as a list of strings", given);
    checkLength("ids, one for each document", given.length, documents.length);
  }
  const rows = new Map<string, number>();
  return documents.map((document, row) => {
    const id = given?.[row] ?? document.id ?? newId();
    checkId(id, row);
    const first = rows.get(id);
    if (first !== undefined)
      throw new PithError("DUPLICATE_ID", `the id ${shown(id)} stands in documents ${first} and ${row}`, {
        id,
        rows: [first, row],
      });
    rows.set(id, row);
    return id;
  });
}

/** A UUID in one piece: as it comes, it is a tree of parts, which takes 500 bytes. */
function newId(): string {
  return crypto.randomUUID().split("-").join("-");
}

function refuse(expected: string, actual: unknown, details: Record<string, unknown> = {}): PithError {
  return new PithError("INVALID_ARGUMENT", `expected ${expected}, got ${shown(actual)}`, details);
}
