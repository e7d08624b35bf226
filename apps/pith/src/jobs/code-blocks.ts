/** The codec of a file; its codes, and the originals that it keeps, in blocks; errors name the file. */
import {
  type Codec,
  type Codes,
  checkFinite,
  type FloatDtype,
  PithError,
  rowsFromBytes,
  type Vectors,
} from "@pith/codec-core";
import { type PithFile, type RowRange, withPath } from "@pith/codec-core/files";
import { codecs } from "../codecs.ts";

const BLOCK_BYTES = 64 * 2 ** 20;
const BLOCK_ROWS = 8192;

/** Rows that are held at once: 8,192, or fewer where rows are wide. */
export function blockRows(dim: number): number {
  return Math.max(1, Math.min(BLOCK_ROWS, Math.floor(BLOCK_BYTES / (4 * dim))));
}

/** Work on what a file holds: its errors name the file. */
export function inFile<T>(path: string, work: () => T): T {
  try {
    return work();
  } catch (error) {
    throw withPath(error, path);
  }
}

/** @throws NOT_FINITE naming the file, the row and the column */
export function checkBlock(path: string, block: Vectors, firstRow: number): void {
  inFile(path, () => checkFinite(block.data, block.dim, firstRow));
}

/** Codes to search, and those that a file may keep beside them to score its hits again. */
export type CodeTensor = "codes" | "rescore.codes";

/** @throws UNKNOWN_CODEC, CODEC_MISMATCH, VERSION_UNSUPPORTED, CORRUPT_FILE, UNSUPPORTED_FORMAT */
export async function restoreCodec(file: PithFile, tensor: CodeTensor = "codes"): Promise<Codec> {
  try {
    return await codecOf(file, tensor);
  } catch (error) {
    throw withPath(error, file.path);
  }
}

async function codecOf(file: PithFile, tensor: CodeTensor): Promise<Codec> {
  const { kind, codec: main, rescore } = file.info;
  const stamp = tensor === "codes" ? main : rescore;
  if (!stamp)
    throw new PithError("UNSUPPORTED_FORMAT", `expected compressed vectors, got a file of ${kind}`, {
      actual: kind,
    });
  const family = await codecs.get(stamp.name);
  const codec = family.restore(tensor === "codes" ? await file.state() : await file.rescoreState());
  const stride = file.tensor(tensor).shape[1];
  if (stride !== codec.stride)
    throw new PithError("CORRUPT_FILE", `expected codes of ${codec.stride} bytes, got ${stride}`, {
      expected: codec.stride,
      actual: stride,
    });
  return codec;
}

export async function* codeBlocks(
  file: PithFile,
  codec: Codec,
  range: RowRange,
  tensor: CodeTensor = "codes",
): AsyncGenerator<Codes> {
  for await (const { bytes, count } of file.rows(tensor, range)) yield { bytes, stride: codec.stride, count };
}

/** Rows of the tensor `vectors`, as float32. */
export async function* originalBlocks(file: PithFile, range: RowRange): AsyncGenerator<Vectors> {
  const { dtype } = file.tensor("vectors");
  for await (const { bytes } of file.rows("vectors", range))
    yield rowsFromBytes(bytes, dtype as FloatDtype, file.info.dim);
}
