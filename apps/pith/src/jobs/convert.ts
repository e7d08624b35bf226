/** Vectors from a file of one format to another, in blocks; nothing at the target until all of it is safe. */
import { PithError } from "@pith/codec-core";
import { createVectorsFile, type RowSource, type VectorFormat, withPath } from "@pith/codec-core/files";
import { abortIf } from "./abort.ts";
import { blockRows, checkBlock } from "./code-blocks.ts";
import { keptIds } from "./vector-target.ts";

export interface ConvertJob {
  readonly source: RowSource;
  readonly output: string;
  readonly format: VectorFormat;
  /** Default: float16 where both formats have it and the input does, else float32. */
  readonly dtype?: "f32" | "f16" | undefined;
  readonly note: (text: string) => void;
  readonly signal?: AbortSignal | undefined;
  readonly onProgress?: ((rows: number) => void) | undefined;
}

export interface ConvertResult {
  readonly dtype: "f32" | "f16";
  readonly ids: boolean;
}

/** Formats that have float16. */
const HALF: readonly VectorFormat[] = ["npy", "safetensors", "pith"];

/** @throws EMPTY_INPUT, NOT_FINITE, INVALID_ARGUMENT (beyond float16), IO, ABORTED; nothing is left behind */
export async function convert(job: ConvertJob): Promise<ConvertResult> {
  const { source, output, format, signal } = job;
  const { dim, count } = source;
  if (count === 0) throw withPath(new PithError("EMPTY_INPUT", "expected vectors, got no rows"), source.path);
  const dtype = job.dtype ?? (HALF.includes(format) ? source.dtype : "f32");
  const ids = await keptIds(source, output, format, job.note);
  await using file = await createVectorsFile(output, format, { dim, count, dtype, ids }, { signal });
  let done = 0;
  for await (const block of source.rows({ blockRows: blockRows(dim) })) {
    abortIf(signal);
    checkBlock(source.path, block, done);
    await file.write(block);
    job.onProgress?.((done += block.count));
  }
  abortIf(signal);
  await file.commit();
  return { dtype, ids: ids !== undefined };
}
