/** Streams rows of floats, behind a header that is known from the start: all formats but Pith files. */
import { checkDim, type Vectors } from "../contract/vectors.ts";
import { PithError } from "../errors.ts";
import { FLOAT_BYTES, type FloatDtype, rowsToBytes } from "../format/float-rows.ts";
import type { IdColumn } from "../ids.ts";
import { SafeFile, type WriteOptions } from "./safe-file.ts";

/** The matrix that a file will hold. */
export interface MatrixPlan {
  readonly dim: number;
  readonly count: number;
  /** How the floats are stored. Default "f32". */
  readonly dtype?: "f32" | "f16";
}

/** A matrix and, in formats that hold them, the ids of its rows. */
export interface VectorsPlan extends MatrixPlan {
  readonly ids?: IdColumn | undefined;
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

/** How a format stores a matrix. */
export interface MatrixFormat {
  /** What stands before the rows. */
  readonly head: Uint8Array;
  /** Bytes of a row, where all have as many: room is taken at once then. */
  readonly rowBytes?: number;
  /** The bytes of rows, in pieces; `first` is the number of the first row. */
  pieces(rows: Vectors, first: number): Iterable<Uint8Array>;
}

/** @throws DIM_UNSUPPORTED, INVALID_ARGUMENT, NOT_A_FILE, IO, ABORTED */
export async function createMatrixFile(
  path: string,
  { dim, count, dtype = "f32" }: MatrixPlan,
  format: (dtype: FloatDtype) => MatrixFormat,
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
  const layout = format(dtype === "f32" ? "F32" : "F16");
  const { head, rowBytes } = layout;
  const size = rowBytes === undefined ? 0 : head.length + count * rowBytes;
  const file = await SafeFile.create(path, size, options);
  await file.write(head, 0);
  return new RowWriter(file, layout, dim, count);
}

/** Rows as plain floats behind a header. */
export function floatRows(head: Uint8Array, dtype: FloatDtype, dim: number): MatrixFormat {
  return {
    head,
    rowBytes: dim * FLOAT_BYTES[dtype],
    pieces: (rows, first) => [rowsToBytes(rows, dtype, first)],
  };
}

const TEXT_PIECE = 2 ** 20;

/** Rows as lines of text, encoded a mebibyte at a time: text takes several times the room of its floats. */
export function textRows(head: string, line: (row: Float32Array, at: number) => string): MatrixFormat {
  const encoder = new TextEncoder();
  return {
    head: encoder.encode(head),
    *pieces({ data, dim, count }, first) {
      let text = "";
      for (let i = 0; i < count; i++) {
        text += line(data.subarray(i * dim, (i + 1) * dim), first + i);
        if (text.length < TEXT_PIECE && i < count - 1) continue;
        yield encoder.encode(text);
        text = "";
      }
    },
  };
}

/** @throws INVALID_ARGUMENT for float16 in a format that has none */
export function requireF32(dtype: FloatDtype, format: string): void {
  if (dtype !== "F32")
    throw new PithError("INVALID_ARGUMENT", `${format} holds float32, not float16`, { actual: "f16" });
}

class RowWriter implements MatrixWriter {
  readonly path: string;
  readonly #file: SafeFile;
  readonly #format: MatrixFormat;
  readonly #dim: number;
  readonly #count: number;
  #rows = 0;
  #end: number;

  constructor(file: SafeFile, format: MatrixFormat, dim: number, count: number) {
    this.path = file.path;
    this.#file = file;
    this.#format = format;
    this.#dim = dim;
    this.#count = count;
    this.#end = format.head.length;
  }

  async write(rows: Vectors): Promise<void> {
    const first = await this.#accept(rows);
    try {
      for (const bytes of this.#format.pieces(rows, first)) {
        const position = this.#end;
        this.#end += bytes.length;
        await this.#file.write(bytes, position);
      }
    } catch (error) {
      await this.abort();
      throw error;
    }
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

  /** The number of the first of these rows. */
  async #accept(rows: Vectors): Promise<number> {
    const first = this.#rows;
    if (rows.dim === this.#dim && first + rows.count <= this.#count) {
      this.#rows += rows.count;
      return first;
    }
    await this.abort();
    if (rows.dim === this.#dim) throw wrongCount(this.#count, first + rows.count);
    throw new PithError("DIM_MISMATCH", `expected dim ${this.#dim}, got ${rows.dim}`, {
      expected: this.#dim,
      actual: rows.dim,
    });
  }
}

function wrongCount(expected: number, actual: number): PithError {
  return new PithError("LENGTH_MISMATCH", `expected ${expected} rows, got ${actual}`, { expected, actual });
}
