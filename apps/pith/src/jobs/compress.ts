/** Vectors in, a Pith file of codes out: streamed in blocks, nothing at the target until all of it is safe. */
import {
  type Codec,
  type CodecFamily,
  type CommonOptions,
  codecStamp,
  type IdColumn,
  type Keep,
  keepDtype,
  type Metric,
  PithError,
  rowsToBytes,
  stateBytes,
  stateTensors,
} from "@pith/codec-core";
import { createPithFile, type PithPlan, type RowSource, withPath } from "@pith/codec-core/files";
import { abortIf } from "./abort.ts";
import { blockRows, checkBlock, inFile } from "./code-blocks.ts";

export interface CompressJob {
  readonly source: RowSource;
  readonly output: string;
  readonly family: CodecFamily;
  readonly metric: Metric;
  /** Options of the family. */
  readonly options: { readonly [name: string]: unknown };
  readonly ids?: IdColumn | undefined;
  readonly keep: Keep;
  readonly signal?: AbortSignal | undefined;
  readonly onProgress?: ((rows: number) => void) | undefined;
}

export interface CompressResult {
  readonly codec: Codec;
  readonly count: number;
  /** Bytes that the vectors take as float32. */
  readonly inputBytes: number;
  readonly fileBytes: number;
  readonly sideBytes: number;
}

/** @throws EMPTY_INPUT, ID_COUNT_MISMATCH, DUPLICATE_ID, NOT_FINITE, INVALID_OPTION, IO, ABORTED; nothing is left behind */
export async function compress(job: CompressJob): Promise<CompressResult> {
  const { source, family, metric, ids, signal } = job;
  const { dim, count } = source;
  if (count === 0) throw withPath(new PithError("EMPTY_INPUT", "expected vectors, got no rows"), source.path);
  ids?.checkCount(count);
  ids?.checkUnique();
  const codec = family.create({ ...job.options, dim, metric } as CommonOptions);
  const state = codec.state();
  const kept = keepDtype(job.keep);
  const plan: PithPlan = {
    kind: "codes",
    dim,
    count,
    metric,
    codec: codecStamp(state),
    ...(ids ? { idType: ids.type } : {}),
    tensors: {
      ...stateTensors(state),
      ...ids?.tensors(),
      codes: { dtype: "U8", shape: [count, codec.stride] },
      ...(kept ? { vectors: { dtype: kept, shape: [count, dim] } } : {}),
    },
  };
  await using file = await createPithFile(job.output, plan, { signal });
  let done = 0;
  for await (const block of source.rows({ blockRows: blockRows(dim) })) {
    abortIf(signal);
    checkBlock(source.path, block, done);
    await file.write("codes", codec.encode(block).bytes);
    if (kept) {
      const start = done;
      await file.write(
        "vectors",
        inFile(source.path, () => rowsToBytes(block, kept, start)),
      );
    }
    done += block.count;
    job.onProgress?.(done);
  }
  abortIf(signal);
  await file.commit();
  return {
    codec,
    count,
    inputBytes: 4 * dim * count,
    fileBytes: file.fileBytes,
    sideBytes: stateBytes(state),
  };
}
