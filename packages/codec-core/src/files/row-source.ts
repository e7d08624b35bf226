/**
 * Vectors from files, in blocks: .npy, plain safetensors, Pith files, .fvecs and JSONL, told apart by their first bytes, and
 * CSV, by its name. Rows are widened to float32; whether they are finite is the encoder's to check.
 */
import { checkDim, type Vectors } from "../contract/vectors.ts";
import { PithError } from "../errors.ts";
import { quote } from "../format/corrupt.ts";
import { FLOAT_BYTES, type FloatDtype, rowsFromBytes } from "../format/float-rows.ts";
import {
  checkTensors,
  headerLength,
  isSafetensors,
  PREFIX_BYTES,
  scanHeader,
  type TensorInfo,
} from "../format/header.ts";
import type { Limits } from "../format/limits.ts";
import { isNpy, NPY_PREFIX_BYTES, npyHeaderSpan, parseNpyHeader } from "../format/npy.ts";
import type { IdColumn } from "../ids.ts";
import { csv } from "./csv.ts";
import { isFvecs, openFvecs } from "./fvecs.ts";
import { InputFile } from "./input-file.ts";
import { withPath } from "./io-error.ts";
import { isJsonl, jsonl } from "./jsonl.ts";
import { type OpenOptions, openPith, type PithFile } from "./pith-reader.ts";
import { type RowRange, rowBlocks } from "./row-blocks.ts";
import { openText } from "./text-rows.ts";
import { formatOfName, type VectorFormat } from "./vectors-writer.ts";

/** A matrix of vectors in a file. */
export interface RowSource extends AsyncDisposable {
  readonly path: string;
  readonly format: VectorFormat;
  readonly dim: number;
  readonly count: number;
  /** As stored; rows come as float32. */
  readonly dtype: "f32" | "f16";
  /**
   * Rows in order, block by block, each in memory of its own.
   * @throws INVALID_ARGUMENT (no such rows), CORRUPT_FILE (cut while open), CHECKSUM_MISMATCH, IO, ABORTED, DISPOSED; of text,
   * with the line, also CORRUPT_FILE (no number), DIM_MISMATCH (a longer or shorter row), NOT_FINITE
   */
  rows(range?: RowRange): AsyncGenerator<Vectors, void, undefined>;
  readonly hasIds: boolean;
  /** The ids of the rows; undefined where the file has none. @throws of text as `rows` */
  ids(): Promise<IdColumn | undefined>;
  close(): Promise<void>;
}

export interface VectorsOptions extends OpenOptions {
  /** Which tensor of a safetensors file; needed where it has several matrices of floats. */
  readonly tensor?: string | undefined;
  /** Ends a pass over text with ABORTED. */
  readonly signal?: AbortSignal | undefined;
  /** How far a pass over text that counts rows or reads ids has come, in bytes. */
  readonly onScan?: ((bytes: number, total: number) => void) | undefined;
}

/**
 * Opens the vectors in a file.
 * @throws FILE_NOT_FOUND, NOT_A_FILE, EMPTY_INPUT, CORRUPT_FILE, CHECKSUM_MISMATCH, UNSUPPORTED_FORMAT (no vectors, another dtype,
 * order or rank, several tensors), DIM_UNSUPPORTED, VERSION_UNSUPPORTED, LIMIT_EXCEEDED, IO, ABORTED
 */
export async function openVectors(path: string, options: VectorsOptions = {}): Promise<RowSource> {
  const file = await InputFile.open(path);
  try {
    const prefix = await file.read(0, Math.min(NPY_PREFIX_BYTES, file.size));
    if (isNpy(prefix)) return await openNpy(file, prefix, options.limits);
    const named = file.size > 0 ? formatOfName(path) : undefined;
    // Before safetensors: a first element of 0 leaves a row's dim looking like the length of a header.
    if (named === "fvecs") return openFvecs(file, prefix);
    if (named === "csv") return await openText(file, csv, options);
    if (named === "jsonl" || isJsonl(prefix)) return await openText(file, jsonl, options);
    if (!isSafetensors(prefix)) {
      if (isFvecs(prefix, file.size)) return openFvecs(file, prefix);
      throw new PithError(
        "UNSUPPORTED_FORMAT",
        "neither .npy, safetensors, .fvecs nor JSONL; CSV is known by its name, .csv",
      );
    }
    const header = await file.read(PREFIX_BYTES, headerLength(prefix, file.size, options.limits));
    const { metadata, tensors } = scanHeader(header, options.limits);
    if (metadata.has("pith")) {
      await file.close();
      return await openPithVectors(path, options);
    }
    const dataStart = PREFIX_BYTES + header.length;
    const matrix = pickMatrix(checkTensors(tensors, file.size - dataStart), options.tensor);
    return new FileRows(file, "safetensors", matrix, dataStart + matrix.begin);
  } catch (error) {
    await file.close();
    throw withPath(error, path);
  }
}

interface Matrix {
  readonly dtype: FloatDtype;
  readonly count: number;
  readonly dim: number;
}

async function openNpy(file: InputFile, prefix: Uint8Array, limits?: Limits): Promise<RowSource> {
  const [start, end] = npyHeaderSpan(prefix, file.size, limits);
  const header = parseNpyHeader(await file.read(start, end - start), end, file.size);
  return new FileRows(file, "npy", header, end);
}

async function openPithVectors(
  path: string,
  { tensor = "vectors", limits, verify }: VectorsOptions,
): Promise<RowSource> {
  const file = await openPith(path, { limits, verify });
  const { kind, codec } = file.info;
  if (tensor === "vectors" && file.has(tensor)) return new PithRows(file);
  await file.close();
  if (tensor !== "vectors")
    throw new PithError(
      "INVALID_ARGUMENT",
      `a Pith file keeps its vectors in "vectors", not in ${quote(tensor)}`,
    );
  throw new PithError(
    "UNSUPPORTED_FORMAT",
    `a Pith file of kind ${kind} with codes of "${codec?.name}", and no vectors`,
  );
}

function pickMatrix(tensors: readonly TensorInfo[], wanted?: string): Matrix & { readonly begin: number } {
  const matrices = tensors.filter(
    ({ dtype, shape }) => shape.length === 2 && Object.hasOwn(FLOAT_BYTES, dtype),
  );
  const names = (list: readonly TensorInfo[]): string => list.map(({ name }) => quote(name)).join(", ");
  const found = wanted === undefined ? matrices[0] : matrices.find(({ name }) => name === wanted);
  if (wanted === undefined && matrices.length > 1)
    throw new PithError(
      "INVALID_ARGUMENT",
      `several matrices of floats; name one of ${names(matrices.slice(0, 20))}`,
      {
        known: matrices.map(({ name }) => name),
      },
    );
  if (!found) {
    const other = tensors.find(({ name }) => name === wanted);
    const what = other
      ? `tensor ${quote(other.name)} is ${other.dtype} [${other.shape}]`
      : wanted === undefined
        ? "no matrix of floats in the file"
        : `no tensor ${quote(wanted)} in the file`;
    throw new PithError("UNSUPPORTED_FORMAT", `expected a matrix of F32 or F16: ${what}`, { tensor: wanted });
  }
  const [count, dim] = found.shape;
  return { dtype: found.dtype as FloatDtype, count, dim: checkDim(dim), begin: found.begin };
}

/** Rows that stand one after another in a file without checksums. */
class FileRows implements RowSource {
  readonly path: string;
  readonly format: "npy" | "safetensors";
  readonly dim: number;
  readonly count: number;
  readonly dtype: "f32" | "f16";
  readonly hasIds = false;
  readonly #file: InputFile;
  readonly #stored: FloatDtype;
  readonly #begin: number;

  constructor(file: InputFile, format: "npy" | "safetensors", { dtype, count, dim }: Matrix, begin: number) {
    this.path = file.path;
    this.format = format;
    this.dim = dim;
    this.count = count;
    this.dtype = dtype === "F32" ? "f32" : "f16";
    this.#file = file;
    this.#stored = dtype;
    this.#begin = begin;
  }

  async *rows(range: RowRange = {}): AsyncGenerator<Vectors, void, undefined> {
    const stride = this.dim * FLOAT_BYTES[this.#stored];
    for (const { start, count } of rowBlocks(this.count, stride, range)) {
      const bytes = await this.#file.read(this.#begin + start * stride, count * stride);
      yield rowsFromBytes(bytes, this.#stored, this.dim);
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

/** The tensor `vectors` of a Pith file. */
class PithRows implements RowSource {
  readonly path: string;
  readonly format = "pith";
  readonly dim: number;
  readonly count: number;
  readonly dtype: "f32" | "f16";
  readonly hasIds: boolean;
  readonly #file: PithFile;

  constructor(file: PithFile) {
    this.path = file.path;
    this.dim = file.info.dim;
    this.count = file.info.count;
    this.hasIds = file.info.idType !== undefined;
    this.dtype = file.tensor("vectors").dtype === "F32" ? "f32" : "f16";
    this.#file = file;
  }

  async *rows(range: RowRange = {}): AsyncGenerator<Vectors, void, undefined> {
    for await (const { bytes } of this.#file.rows("vectors", range))
      yield rowsFromBytes(bytes, this.dtype === "f32" ? "F32" : "F16", this.dim);
  }

  ids(): Promise<IdColumn | undefined> {
    return this.#file.ids();
  }

  close(): Promise<void> {
    return this.#file.close();
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.close();
  }
}
