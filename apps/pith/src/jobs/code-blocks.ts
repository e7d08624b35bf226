/** The codec of a file; its codes, and the originals that it keeps, in blocks. */
import {
  type Codec,
  type Codes,
  type FloatDtype,
  PithError,
  rowsFromBytes,
  type Vectors,
} from "@pith/codec-core";
import type { PithFile, RowRange } from "@pith/codec-core/files";
import { codecs } from "../codecs.ts";

/** @throws UNKNOWN_CODEC, CODEC_MISMATCH, VERSION_UNSUPPORTED, CORRUPT_FILE, UNSUPPORTED_FORMAT */
export async function restoreCodec(file: PithFile): Promise<Codec> {
  const { info } = file;
  if (!info.codec)
    throw new PithError(
      "UNSUPPORTED_FORMAT",
      `${file.path}: expected compressed vectors, got a file of kind ${info.kind}`,
      {
        actual: info.kind,
      },
    );
  const family = await codecs.get(info.codec.name);
  const codec = family.restore(await file.state());
  const stride = file.tensor("codes").shape[1];
  if (stride !== codec.stride)
    throw new PithError(
      "CORRUPT_FILE",
      `${file.path}: expected codes of ${codec.stride} bytes, got ${stride}`,
      {
        expected: codec.stride,
        actual: stride,
      },
    );
  return codec;
}

export async function* codeBlocks(file: PithFile, codec: Codec, range: RowRange): AsyncGenerator<Codes> {
  for await (const { bytes, count } of file.rows("codes", range))
    yield { bytes, stride: codec.stride, count };
}

/** Rows of the tensor `vectors`, as float32. */
export async function* originalBlocks(file: PithFile, range: RowRange): AsyncGenerator<Vectors> {
  const { dtype } = file.tensor("vectors");
  for await (const { bytes } of file.rows("vectors", range))
    yield rowsFromBytes(bytes, dtype as FloatDtype, file.info.dim);
}
