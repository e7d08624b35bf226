/** `pith compress IN -o OUT --codec NAME`. */

import { resolve } from "node:path";
import { checkMetric, KEEPS, type Keep, METRICS, PithError, readOptions } from "@pith/codec-core";
import { findUnfinished } from "@pith/codec-core/files";
import type { Command } from "commander";
import { codecs } from "../codecs.ts";
import { compress } from "../jobs/compress.ts";
import { readIds } from "../jobs/id-file.ts";
import { checkTarget } from "../jobs/target.ts";
import { SAMPLE_ROWS, type TrainingReport } from "../jobs/training.ts";
import { choiceOption, collect, command, integerOption } from "../terminal/command.ts";
import { fitText } from "../terminal/fit-text.ts";
import { openInput } from "../terminal/input.ts";
import { namedPairs } from "../terminal/named-pairs.ts";
import { bytes, count, Progress } from "../terminal/progress.ts";
import { sideBytesPerVector, sideBytesText } from "../terminal/side-bytes.ts";

/** The codec whose codes can be kept beside those of a coarser one. */
const FINER = "int8";

interface Options {
  output: string;
  codec: string;
  option?: string[];
  metric: string;
  ids?: string;
  keep: Keep | typeof FINER;
  resume?: boolean;
  train: boolean;
  trainOn?: string;
  sampleRows?: number;
  force?: boolean;
}

export const compressCommand: Command = command<[string], Options>(
  "compress",
  "compress a file of vectors into a Pith file",
  (c) =>
    c
      .argument("<in>", "vectors: .npy (float32, float16), .safetensors, Pith file, .fvecs, .jsonl or .csv")
      .requiredOption(
        "-o, --output <file>",
        "the Pith file to write; an old one stays until the new one is safe",
      )
      .option("-c, --codec <name>", "the codec", "int8")
      .option("--option <name=value>", "an option of the codec; may be repeated", collect)
      .addOption(choiceOption("--metric <metric>", "how vectors are compared", METRICS).default("cosine"))
      .option(
        "--ids <file>",
        "ids, one a line, or JSONL with _id or id; default: the input's own, if it has any",
      )
      .addOption(
        choiceOption("--keep <width>", "keep the originals, or finer codes, to score hits again with", [
          ...KEEPS,
          FINER,
        ]).default("none"),
      )
      .option("--train-on <file>", "another file to learn from, where the codec learns; default: the input")
      .addOption(
        integerOption(
          "--sample-rows <number>",
          `rows to learn from, spread over the file; default: ${SAMPLE_ROWS}, fewer where rows are wide`,
          1,
        ),
      )
      .option("--no-train", "learn nothing, where that is a choice")
      .option("--force", "learn even what takes more room than the codes")
      .option("--resume", "go on where a killed run was; the result is the same"),
  async ({ json, signal, print, note }, [input], options) => {
    if (!options.train && (options.trainOn !== undefined || options.sampleRows !== undefined))
      throw new PithError("INVALID_ARGUMENT", "expected either --no-train or how to train");
    const family = await codecs.get(options.codec);
    const metric = checkMetric(options.metric, family.metrics);
    const codecOptions = readOptions(family.options, namedPairs(options.option));
    await using source = await openInput(input, { json, signal });
    await checkTarget(input, options.output);
    const ids = options.ids === undefined ? await source.ids?.() : await readIds(options.ids);
    await using trainOn =
      options.trainOn === undefined ? undefined : await openInput(options.trainOn, { json, signal });
    let sampling: Progress | undefined;
    const onSample = (rows: number, total: number): void => {
      sampling ??= json ? undefined : new Progress("sampling", total);
      sampling?.update(rows);
      if (rows === total) sampling?.done();
    };
    const progress = json ? undefined : new Progress(`compressing with ${family.name}`, source.count);
    const { output, keep, resume = false } = options;
    const onProgress = (rows: number): void => progress?.update(rows);
    if (!resume && (await isUnfinished(output)))
      note(
        `${output}: an earlier run left unfinished work, which --resume goes on with; this run begins anew`,
      );
    const result = await compress({
      source,
      output,
      family,
      metric,
      options: codecOptions,
      training: { train: options.train, rows: options.sampleRows, from: trainOn, force: options.force },
      ids,
      keep: keep === FINER ? "none" : keep,
      rescore: keep === FINER ? await codecs.get(FINER) : undefined,
      resume,
      signal,
      onSample,
      onProgress,
    }).finally(() => {
      sampling?.done();
      progress?.done();
    });
    if (result.resumed > 0) note(`${output}: went on from row ${count(result.resumed)}`);
    const { sideBytes } = result;
    const { fit } = result.codec;
    const side = sideBytes === 0 ? "" : `, side ${sideBytesText(sideBytes, result.count)}`;
    const ratio = result.inputBytes / (result.count * result.codec.stride);
    print(
      `${output}: ${count(result.count)} x ${source.dim}, ${family.name}, ${result.codec.stride} B/vector ` +
        `(${ratio.toFixed(2)}x smaller than float32)${side}, ${bytes(result.fileBytes)}${trainingNote(result.training, input)}${fit ? `, squared error ${fitText(fit)}` : ""}`,
      {
        file: output,
        codec: family.name,
        dim: source.dim,
        count: result.count,
        metric,
        keep,
        training: result.training,
        resumedFrom: result.resumed,
        bytesPerVector: result.codec.stride,
        sideBytes,
        sideBytesPerVector: sideBytesPerVector(sideBytes, result.count),
        fit: fit ?? null,
        fileBytes: result.fileBytes,
        ratio,
      },
    );
  },
);

/** How the codec came about, where it could have learned. */
function trainingNote(training: TrainingReport, input: string): string {
  if (training === null) return "";
  if (training.trained) {
    const file = training.from === input ? "" : ` of ${training.from}`;
    return `, trained on ${count(training.rows)} ${training.rows === 1 ? "row" : "rows"}${file}`;
  }
  const few = training.reason === "too few rows";
  return few ? `, untrained (it learns from ${count(training.minRows)} rows or more)` : ", untrained";
}

/** Whether a run that was killed left rows of this file. */
async function isUnfinished(output: string): Promise<boolean> {
  const all = await findUnfinished(resolve(output));
  return all.some(({ writer, written }) => writer === undefined && (written["codes"]?.[0] ?? 0) > 0);
}
