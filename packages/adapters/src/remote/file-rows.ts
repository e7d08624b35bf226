/** A Pith file as rows to push. */
import {
  type Codec,
  type CodecRegistry,
  type FloatDtype,
  PithError,
  rowsFromBytes,
  type Vectors,
} from "@pith/codec-core";
import { type PithFile, withPath } from "@pith/codec-core/files";
import { defaultCodecs } from "./codecs.ts";
import type { Mode } from "./database.ts";
import type { PushSource, RowBlock } from "./rows.ts";

/** Bytes of floats that are held at once. */
const BLOCK_BYTES: number = 16 * 2 ** 20;
const BLOCK_ROWS = 4096;

export interface FileRows {
  readonly codec: Codec;
  readonly source: PushSource;
  /** Where vectors come from: kept in the file, decoded from its codes, or not sent. */
  readonly vectors: "kept" | "decoded" | "none";
}

export interface FileRowsOptions {
  /** Codecs that the file may have been made with. Default: those of Pith. */
  readonly codecs?: CodecRegistry | undefined;
}

/**
 * The rows of an open file of codes, for a mode: with vectors where the mode keeps them, the originals that the file keeps, else what its
 * codes decode to.
 * @throws UNSUPPORTED_FORMAT (a file of vectors), UNKNOWN_CODEC, CORRUPT_FILE, NOT_SUPPORTED (no originals, and codes that don't decode)
 */
export async function fileRows(
  file: PithFile,
  mode: Mode,
  { codecs = defaultCodecs }: FileRowsOptions = {},
): Promise<FileRows> {
  try {
    return await rowsOf(file, mode, codecs);
  } catch (error) {
    throw withPath(error, file.path);
  }
}

async function rowsOf(file: PithFile, mode: Mode, codecs: CodecRegistry): Promise<FileRows> {
  const { info } = file;
  if (!info.codec)
    throw new PithError("UNSUPPORTED_FORMAT", `expected compressed vectors, got a file of ${info.kind}`, {
      actual: info.kind,
    });
  const codec = (await codecs.get(info.codec.name)).restore(await file.state());
  const stride = file.tensor("codes").shape[1];
  if (stride !== codec.stride)
    throw new PithError("CORRUPT_FILE", `expected codes of ${codec.stride} bytes, got ${stride}`, {
      expected: codec.stride,
      actual: stride,
    });
  const dense = mode === "server" || mode === "sidecar";
  const vectors = !dense ? "none" : file.has("vectors") ? "kept" : "decoded";
  if (vectors === "decoded" && codec.supports.decode === "none")
    throw new PithError(
      "NOT_SUPPORTED",
      `the file keeps no originals, and codes of ${codec.name} don't decode: use the mode "payload"`,
      {
        codec: codec.name,
      },
    );
  const { count, dim } = info;
  const ids = await file.ids();
  const block = Math.max(1, Math.min(BLOCK_ROWS, Math.floor(BLOCK_BYTES / (4 * dim))));
  async function* blocks(start: number): AsyncGenerator<RowBlock, void, undefined> {
    for await (const { bytes, count: rows, start: at } of file.rows("codes", { start, blockRows: block })) {
      const codes = { bytes, stride, count: rows };
      if (vectors === "none") yield { codes };
      else yield { codes, vectors: vectors === "kept" ? await kept(file, at, rows) : codec.decode(codes) };
    }
  }
  return { codec, vectors, source: { count, ids, blocks } };
}

async function kept(file: PithFile, start: number, count: number): Promise<Vectors> {
  const { dtype } = file.tensor("vectors");
  for await (const { bytes } of file.rows("vectors", { start, end: start + count, blockRows: count }))
    return rowsFromBytes(bytes, dtype as FloatDtype, file.info.dim);
  throw new PithError("INTERNAL", `no originals of row ${start}`);
}
