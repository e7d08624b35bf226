/**
 * .fvecs, as the collections of texmex publish vectors: each row is its dim as a 32-bit integer, then its float32s, all
 * little-endian. There is no header; every row must be of the first one's dim.
 * Source: http://corpus-texmex.irisa.fr.
 */
import { checkDim, MAX_DIM, type Vectors } from "../contract/vectors.ts";
import { corrupt } from "../format/corrupt.ts";
import type { InputFile } from "./input-file.ts";
import { withPath } from "./io-error.ts";
import { createMatrixFile, type MatrixPlan, type MatrixWriter, requireF32 } from "./matrix-writer.ts";
import { type RowRange, rowBlocks } from "./row-blocks.ts";
import type { RowSource } from "./row-source.ts";
import type { WriteOptions } from "./safe-file.ts";

const DIM_BYTES = 4;

/** Whether a file of this size can hold rows of the dim that its first bytes say. */
export function isFvecs(prefix: Uint8Array, fileBytes: number): boolean {
  if (prefix.length < DIM_BYTES) return false;
  const dim = dimAt(prefix, 0);
  return dim >= 1 && dim <= MAX_DIM && fileBytes % rowBytes(dim) === 0;
}

/** @throws CORRUPT_FILE, DIM_UNSUPPORTED */
export function openFvecs(file: InputFile, prefix: Uint8Array): RowSource {
  if (prefix.length < DIM_BYTES) throw corrupt(`${file.size} bytes are too few for a .fvecs file`);
  const dim = checkDim(dimAt(prefix, 0));
  if (file.size % rowBytes(dim) !== 0)
    throw corrupt(
      `rows of dim ${dim} take ${rowBytes(dim)} bytes; ${file.size} bytes are no multiple of that`,
      {
        dim,
        fileBytes: file.size,
      },
    );
  return new FvecsRows(file, dim);
}

/** Begins a .fvecs file. @throws as `createNpyFile`; INVALID_ARGUMENT for float16, which it can't hold */
export function createFvecsFile(
  path: string,
  plan: MatrixPlan,
  options: WriteOptions = {},
): Promise<MatrixWriter> {
  return createMatrixFile(
    path,
    plan,
    (dtype) => {
      requireF32(dtype, ".fvecs");
      return { head: new Uint8Array(0), rowBytes: rowBytes(plan.dim), pieces: (rows) => [interleave(rows)] };
    },
    options,
  );
}

function interleave({ data, dim, count }: Vectors): Uint8Array {
  const words = new Int32Array(data.buffer, data.byteOffset, data.length);
  const out = new Int32Array(count * (dim + 1));
  for (let row = 0; row < count; row++) {
    out[row * (dim + 1)] = dim;
    out.set(words.subarray(row * dim, (row + 1) * dim), row * (dim + 1) + 1);
  }
  return new Uint8Array(out.buffer);
}

class FvecsRows implements RowSource {
  readonly path: string;
  readonly format = "fvecs";
  readonly dim: number;
  readonly count: number;
  readonly dtype = "f32";
  readonly hasIds = false;
  readonly #file: InputFile;

  constructor(file: InputFile, dim: number) {
    this.path = file.path;
    this.dim = dim;
    this.count = file.size / rowBytes(dim);
    this.#file = file;
  }

  async *rows(range: RowRange = {}): AsyncGenerator<Vectors, void, undefined> {
    const { dim } = this;
    const stride = rowBytes(dim);
    for (const { start, count } of rowBlocks(this.count, stride, range)) {
      const bytes = await this.#file.read(start * stride, count * stride);
      const words = new Int32Array(bytes.buffer);
      const data = new Float32Array(count * dim);
      const out = new Int32Array(data.buffer);
      for (let row = 0; row < count; row++) {
        const at = row * (dim + 1);
        if (words[at] !== dim)
          throw withPath(
            corrupt(`row ${start + row}: expected dim ${dim} as in the first row, got ${words[at]}`, {
              row: start + row,
              expected: dim,
              actual: words[at],
            }),
            this.path,
          );
        out.set(words.subarray(at + 1, at + 1 + dim), row * dim);
      }
      yield { data, dim, count };
    }
  }

  async ids(): Promise<undefined> {}

  close(): Promise<void> {
    return this.#file.close();
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.close();
  }
}

function dimAt(bytes: Uint8Array, at: number): number {
  return new DataView(bytes.buffer, bytes.byteOffset).getInt32(at, true);
}

function rowBytes(dim: number): number {
  return DIM_BYTES + 4 * dim;
}
