/** What a push sends: the codes of a Pith file, or vectors of any file, encoded as they go. */

import { fileRows, type Mode, type PushSource } from "@pith/adapters/qdrant";
import {
  type Codec,
  type CodecFamily,
  type CommonOptions,
  type IdColumn,
  isPithError,
  type Metric,
  PithError,
  type Vectors,
} from "@pith/codec-core";
import { openPith, type RowSource } from "@pith/codec-core/files";
import { codecs } from "../codecs.ts";
import { blockRows, checkBlock } from "./code-blocks.ts";
import { makeCodec } from "./training.ts";

export interface Rows extends AsyncDisposable {
  readonly codec: Codec;
  readonly source: PushSource;
  /** Where vectors come from, if any are sent. */
  readonly vectors: "kept" | "decoded" | "none" | "input";
}

/** @throws FILE_NOT_FOUND, UNSUPPORTED_FORMAT (no Pith file of codes), CORRUPT_FILE and others of the file */
export async function rowsOfCodes(path: string, mode: Mode): Promise<Rows> {
  const file = await openPith(path).catch((error: unknown) => {
    if (!isPithError(error, "UNSUPPORTED_FORMAT")) throw error;
    throw new PithError(error.code, `${error.message}; vectors need --codec`, error.details);
  });
  try {
    const rows = await fileRows(file, mode, { codecs });
    return { ...rows, [Symbol.asyncDispose]: () => file.close() };
  } catch (error) {
    await file.close();
    throw error;
  }
}

export interface VectorRowsJob {
  readonly input: RowSource;
  readonly family: CodecFamily;
  readonly metric: Metric;
  readonly options: { readonly [name: string]: unknown };
  readonly ids: IdColumn | undefined;
  readonly signal?: AbortSignal | undefined;
}

/** Learns from a sample of the input where the codec does. @throws as `makeCodec`; NOT_FINITE as rows come */
export async function rowsOfVectors(job: VectorRowsJob): Promise<Rows> {
  const { input, family, metric, ids, signal } = job;
  const options = { ...job.options, dim: input.dim, metric } as CommonOptions;
  const { codec } = await makeCodec({ family, options, source: input, signal });
  async function* blocks(start: number): AsyncGenerator<{ vectors: Vectors }, void, undefined> {
    let row = start;
    for await (const block of input.rows({ start, blockRows: blockRows(input.dim) })) {
      checkBlock(input.path, block, row);
      row += block.count;
      yield { vectors: block };
    }
  }
  return {
    codec,
    vectors: "input",
    source: { count: input.count, ids, blocks },
    [Symbol.asyncDispose]: () => input[Symbol.asyncDispose](),
  };
}
