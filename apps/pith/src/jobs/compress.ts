/** Vectors in, a Pith file of codes out: streamed in blocks, nothing at the target until all of it is safe. */
import { stat } from "node:fs/promises";
import {
  type CanonicalValue,
  type Codec,
  type CodecFamily,
  type CommonOptions,
  canonicalJson,
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
import { createPithFile, type Making, type PithPlan, type RowSource, withPath } from "@pith/codec-core/files";
import { abortIf } from "./abort.ts";
import { blockRows, checkBlock, inFile } from "./code-blocks.ts";
import { makeCodec, type TrainingReport, type TrainingWish } from "./training.ts";

export interface CompressJob {
  readonly source: RowSource;
  readonly output: string;
  readonly family: CodecFamily;
  readonly metric: Metric;
  /** Options of the family. */
  readonly options: { readonly [name: string]: unknown };
  /** Default: a sample of the source, where the codec has use for one. */
  readonly training?: TrainingWish | undefined;
  readonly ids?: IdColumn | undefined;
  readonly keep: Keep;
  /** Keep the codes of this codec too, to score hits again with. */
  readonly rescore?: CodecFamily | undefined;
  /** Go on where a killed run of the same input and options was; on failure leave behind what a later run goes on with. */
  readonly resume?: boolean | undefined;
  readonly signal?: AbortSignal | undefined;
  /** Rows of the sample that are there, before the first row is encoded. */
  readonly onSample?: ((rows: number, total: number) => void) | undefined;
  readonly onProgress?: ((rows: number) => void) | undefined;
}

export interface CompressResult {
  readonly codec: Codec;
  readonly training: TrainingReport;
  readonly count: number;
  /** Rows that were there already. */
  readonly resumed: number;
  /** Bytes that the vectors take as float32. */
  readonly inputBytes: number;
  readonly fileBytes: number;
  readonly sideBytes: number;
}

/**
 * @throws EMPTY_INPUT, ID_COUNT_MISMATCH, DUPLICATE_ID, NOT_FINITE, INVALID_OPTION, IO, ABORTED, and what training throws;
 * nothing is left behind without `resume`
 */
export async function compress(job: CompressJob): Promise<CompressResult> {
  const { source, family, metric, ids, signal } = job;
  const { dim, count } = source;
  if (count === 0) throw withPath(new PithError("EMPTY_INPUT", "expected vectors, got no rows"), source.path);
  ids?.checkCount(count);
  ids?.checkUnique();
  const { codec, training } = await makeCodec({
    family,
    options: { ...job.options, dim, metric } as CommonOptions,
    source,
    wish: job.training,
    signal,
    onSample: job.onSample,
  });
  const state = codec.state();
  const finer = job.rescore?.create({ dim, metric });
  const finerState = finer?.state();
  const kept = keepDtype(job.keep);
  const plan: PithPlan = {
    kind: "codes",
    dim,
    count,
    metric,
    codec: codecStamp(state),
    ...(finerState ? { rescore: codecStamp(finerState) } : {}),
    ...(ids ? { idType: ids.type } : {}),
    tensors: {
      ...stateTensors(state),
      ...ids?.tensors(),
      codes: { dtype: "U8", shape: [count, codec.stride] },
      ...(kept ? { vectors: { dtype: kept, shape: [count, dim] } } : {}),
      ...(finerState ? stateTensors(finerState, "rescore.state.") : {}),
      ...(finer ? { "rescore.codes": { dtype: "U8", shape: [count, finer.stride] } } : {}),
    },
  };
  const making = await makingOf(job, codec, training, ids);
  await using file = await createPithFile(job.output, plan, { signal, making, resume: job.resume });
  const resumed = file.written("codes") / codec.stride;
  let done = resumed;
  for await (const block of source.rows({ start: resumed, blockRows: blockRows(dim) })) {
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
    if (finer) await file.write("rescore.codes", finer.encode(block).bytes);
    await file.checkpoint();
    done += block.count;
    job.onProgress?.(done);
  }
  abortIf(signal);
  await file.commit();
  return {
    codec,
    training,
    count,
    resumed,
    inputBytes: 4 * dim * count,
    fileBytes: file.fileBytes,
    sideBytes: stateBytes(state),
  };
}

/** All that the bytes of the file depend on, by names for people. */
async function makingOf(
  { source, metric, options, keep, rescore }: CompressJob,
  codec: Codec,
  training: TrainingReport,
  ids: IdColumn | undefined,
): Promise<Making> {
  const known = async (path: string): Promise<string> => {
    const { size, mtime } = await stat(path);
    return `${size} bytes, changed ${mtime.toISOString()}`;
  };
  const sample = training?.trained ? `${training.rows} rows of ${await known(training.from)}` : "none";
  return {
    input: await known(source.path),
    codec: `${codec.name} ${codec.version}`,
    options: canonicalJson(options as { [name: string]: CanonicalValue }),
    ...(training ? { sample } : {}),
    metric,
    keep: rescore?.name ?? keep,
    ids: ids ? `${ids.length} ${ids.type} ids` : "none",
  };
}
