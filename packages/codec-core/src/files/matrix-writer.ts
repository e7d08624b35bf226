/** Streams rows of floats behind a header that is known from the start: .npy and plain safetensors. */
import { checkDim, type Vectors } from "../contract/vectors.ts";
import { PithError } from "../errors.ts";
import { FLOAT_BYTES, type FloatDtype, rowsToBytes } from "../format/float-rows.ts";
import { SafeFile, type WriteOptions } from "./safe-file.ts";

/** The matrix that a file will hold. */
export interface MatrixPlan {
  readonly dim: number;
  readonly count: number;
  /** How the floats are stored. Default "f32". */
  readonly dtype?: "f32" | "f16";
}

/** Whatever fails removes the temporary file; the file at the path changes with `commit` alone. */
export interface MatrixWriter extends AsyncDisposable {
  readonly path: string;
  /**
   * Appends rows. @throws DIM_MISMATCH, LENGTH_MISMATCH (more rows than planned), INVALID_ARGUMENT (beyond float16), IO,
   * ABORTED, DISPOSED
   */
  write(rows: Vectors): Promise<void>;
  /** @throws LENGTH_MISMATCH (fewer rows than planned), IO, ABORTED, DISPOSED */
  commit(): Promise<void>;
  /** Removes what was written. Does nothing after `commit`. */
  abort(): Promise<void>;
}

/** @throws DIM_UNSUPPORTED, INVALID_ARGUMENT, NOT_A_FILE, IO, ABORTED */
export async function createMatrixFile(
  path: string,
  { dim, count, dtype = "f32" }: MatrixPlan,
  header: (dtype: FloatDtype) => Uint8Array,
  options: WriteOptions,
): Promise<MatrixWriter> {
  checkDim(dim);
  if (!Number.isSafeInteger(count) || count < 0 || !Number.isSafeInteger(count * dim * 4))
    throw new PithError("INVALID_ARGUMENT", `count: expected a number of rows, got ${count}`, {
      actual: count,
    });
  if (dtype !== "f32" && dtype !== "f16")
    throw new PithError("INVALID_ARGUMENT", `dtype: expected f32 or f16, got ${String(dtype)}`, {
      actual: dtype,
    });
  const stored: FloatDtype = dtype === "f32" ? "F32" : "F16";
  const head = header(stored);
  const file = await SafeFile.create(path, head.length + count * dim * FLOAT_BYTES[stored], options);
  await file.write(head, 0);
  return new FloatWriter(file, stored, dim, count, head.length);
}

class FloatWriter implements MatrixWriter {
  readonly path: string;
  readonly #file: SafeFile;
  readonly #dtype: FloatDtype;
  readonly #dim: number;
  readonly #count: number;
  readonly #begin: number;
  #rows = 0;

  constructor(file: SafeFile, dtype: FloatDtype, dim: number, count: number, begin: number) {
    this.path = file.path;
    this.#file = file;
    this.#dtype = dtype;
    this.#dim = dim;
    this.#count = count;
    this.#begin = begin;
  }

  async write(rows: Vectors): Promise<void> {
    const { bytes, position } = await this.#accept(rows);
    await this.#file.write(bytes, position);
  }

  async commit(): Promise<void> {
    if (this.#rows < this.#count) {
      await this.abort();
      throw wrongCount(this.#count, this.#rows);
    }
    await this.#file.commit();
  }

  abort(): Promise<void> {
    return this.#file.abort();
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.abort();
  }

  async #accept(rows: Vectors): Promise<{ bytes: Uint8Array; position: number }> {
    try {
      if (rows.dim !== this.#dim)
        throw new PithError("DIM_MISMATCH", `expected dim ${this.#dim}, got ${rows.dim}`, {
          expected: this.#dim,
          actual: rows.dim,
        });
      if (this.#rows + rows.count > this.#count) throw wrongCount(this.#count, this.#rows + rows.count);
      const position = this.#begin + this.#rows * this.#dim * FLOAT_BYTES[this.#dtype];
      const bytes = rowsToBytes(rows, this.#dtype, this.#rows);
      this.#rows += rows.count;
      return { bytes, position };
    } catch (error) {
      await this.abort();
      throw error;
    }
  }
}

function wrongCount(expected: number, actual: number): PithError {
  return new PithError("LENGTH_MISMATCH", `expected ${expected} rows, got ${actual}`, { expected, actual });
}
