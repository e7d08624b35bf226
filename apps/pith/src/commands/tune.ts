/** `pith tune FILE`: which codec and options are enough for these vectors: bytes, recall and speed of each, and advice. */

import { cpus } from "node:os";
import { basename } from "node:path";
import { backendReport, type CodecFamily, METRICS, type Metric } from "@pith/codec-core";
import { openVectors } from "@pith/codec-core/files";
import type { Command } from "commander";
import { codecs } from "../codecs.ts";
import { frontier, smallestReaching } from "../jobs/frontier.ts";
import { type TuneTrial, tune } from "../jobs/tune.ts";
import { drawTuneSample, TUNE_QUERIES, TUNE_ROWS } from "../jobs/tune-sample.ts";
import { SETTINGS, type Setting } from "../settings.ts";
import { choiceOption, command, integerOption, shareOption } from "../terminal/command.ts";
import { openInput } from "../terminal/input.ts";
import { count, Progress } from "../terminal/progress.ts";
import { shellCommand } from "../terminal/shell.ts";
import { type Advised, tuneText } from "../terminal/tune-text.ts";

interface Options {
  recall: number;
  k: number;
  queries?: string;
  sample?: number;
  codecs?: string;
  rescore?: boolean;
  metric: Metric;
  seed: number;
}

export const tuneCommand: Command = command<[string], Options>(
  "tune",
  "try the codecs on a sample of your vectors: the smallest setting that keeps a wished recall",
  (c) =>
    c
      .argument("<file>", "vectors, in any format")
      .addOption(shareOption("--recall <share>", "the recall that is wished for, 0 to 1").default(0.95))
      .addOption(integerOption("-k, --k <number>", "hits for each query", 1).default(10))
      .option(
        "-q, --queries <file>",
        `query vectors, up to ${TUNE_QUERIES} of them; default: rows are held out`,
      )
      .addOption(
        integerOption("--sample <number>", `most vectors to search; default: ${count(TUNE_ROWS)}`, 1),
      )
      .option("-c, --codecs <names>", "codecs to try, as a,b; default: all")
      .option(
        "--rescore",
        "try them too with the best hits scored again by float16 rows, as --keep f16 keeps",
      )
      .addOption(choiceOption("--metric <metric>", "how vectors are compared", METRICS).default("cosine"))
      .addOption(integerOption("--seed <number>", "another seed, another sample", 0).default(0)),
  async ({ json, signal, print }, [path], options) => {
    const { recall: wish, k, metric, seed, rescore = false } = options;
    const settings = await settingsOf(options.codecs);
    await using source = await openInput(path, { json, signal });
    await using queries =
      options.queries === undefined ? undefined : await openVectors(options.queries, { signal });
    const step = (what: string): { onProgress(done: number, total: number): void; done(): void } => {
      let progress: Progress | undefined;
      return {
        onProgress(done, total) {
          progress ??= json ? undefined : new Progress(what, total);
          progress?.update(Math.floor(done));
        },
        done: () => progress?.done(),
      };
    };
    const sampling = step("sampling");
    const sample = await drawTuneSample({
      source,
      queries,
      rows: options.sample,
      k,
      seed,
      signal,
      onProgress: sampling.onProgress,
    }).finally(() => sampling.done());
    const trying = step("tuning");
    const result = await tune({
      sample,
      path,
      count: source.count,
      metric,
      k,
      settings,
      rescore,
      signal,
      onProgress: trying.onProgress,
    }).finally(() => trying.done());

    const best = frontier(result.trials);
    const trials: Advised[] = result.trials
      .map((trial, i) => ({ ...trial, nonDominated: best[i], command: compressCommand(path, trial, metric) }))
      .sort((a, b) => a.bytesPerVector - b.bytesPerVector);
    const advice = smallestReaching(trials, wish);
    const { backend, isa, threads } = backendReport();
    const report = {
      file: path,
      dim: source.dim,
      count: source.count,
      searched: sample.rows.count,
      queries: sample.queries.count,
      heldOut: queries === undefined,
      metric,
      k,
      wish,
      seed,
      backend,
      isa,
      threads: threads.sync,
      cpu: cpus()[0]?.model.trim() ?? "unknown",
      exact: result.exact,
      trials,
      skipped: result.skipped,
      advice: advice ?? null,
    };
    print(tuneText(report, rescore), report);
  },
);

/** The settings of these codecs. @throws UNKNOWN_CODEC */
async function settingsOf(
  names: string | undefined,
): Promise<{ readonly family: CodecFamily; readonly options: Setting }[]> {
  const wanted = names === undefined ? codecs.names : [...new Set(names.split(",").map((n) => n.trim()))];
  const families = await Promise.all(wanted.map((name) => codecs.get(name)));
  return families.flatMap((family) =>
    (SETTINGS[family.name] ?? [{}]).map((options) => ({ family, options })),
  );
}

/** The `pith compress` that makes such a file. */
function compressCommand(path: string, { codec, options, oversample }: TuneTrial, metric: Metric): string {
  const stem = basename(path)
    .replace(/(\.pith)?\.[a-z0-9]+$/i, "")
    .replace(/^-+/, "");
  // A name that begins with a dash would be read as an option.
  const input = path.startsWith("-") ? `./${path}` : path;
  const words = [
    ...["pith", "compress", input, "-o", `${stem}.${codec}.pith.safetensors`, "--codec", codec],
    ...Object.entries(options).flatMap(([name, value]) => ["--option", `${name}=${value}`]),
    ...(metric === "cosine" ? [] : ["--metric", metric]),
    ...(oversample === null ? [] : ["--keep", "f16"]),
  ];
  return shellCommand(words);
}
