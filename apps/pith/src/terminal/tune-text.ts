/** The result of `pith tune` for people: a table by size, what is worth a look, and the advice. */
import type { Metric } from "@pith/codec-core";
import { SPEED_NOISE } from "../jobs/frontier.ts";
import type { TuneResult, TuneTrial } from "../jobs/tune.ts";
import { settingName } from "../settings.ts";
import { fitText } from "./fit-text.ts";
import { count } from "./progress.ts";
import { shareText } from "./side-bytes.ts";
import { table } from "./table.ts";

export interface Advised extends TuneTrial {
  /** Whether no other trial is at once as small, as exact and as fast. */
  readonly nonDominated: boolean;
  /** What makes such a file, for a POSIX shell. */
  readonly command: string;
}

export interface TuneReport extends Omit<TuneResult, "trials"> {
  readonly file: string;
  readonly dim: number;
  readonly count: number;
  readonly searched: number;
  readonly queries: number;
  readonly heldOut: boolean;
  readonly metric: Metric;
  readonly k: number;
  readonly wish: number;
  readonly seed: number;
  readonly backend: string;
  readonly isa: string;
  readonly threads: number;
  readonly cpu: string;
  readonly trials: readonly Advised[];
  readonly advice: Advised | null;
}

export function tuneText(r: TuneReport, rescore: boolean): string {
  const rate = (perSecond: number): string => count(Math.round(perSecond));
  const header = [
    "",
    "setting",
    "bytes/vector",
    "of them side",
    `recall@${r.k}`,
    "95% interval",
    "encode/s",
    "1 query/s",
    "batch/s",
  ];
  const shown = r.trials.filter((t) => t.oversample === null || t.nonDominated || t === r.advice);
  const hidden = r.trials.length - shown.length;
  const lines = shown.map((t) => [
    t === r.advice ? ">" : t.nonDominated ? "*" : "",
    nameOf(t),
    bytesOf(t.bytesPerVector),
    shareText(t.sideBytesPerVector),
    t.recall.toFixed(4),
    `${t.recallLow.toFixed(4)} to ${t.recallHigh.toFixed(4)}`,
    rate(t.encodeVectorsPerSecond),
    rate(t.singleQueriesPerSecond),
    rate(t.batchQueriesPerSecond),
  ]);
  const { exact } = r;
  lines.push([
    "",
    "float32, exact",
    bytesOf(exact.bytesPerVector),
    "-",
    "1.0000",
    "-",
    "-",
    rate(exact.singleQueriesPerSecond),
    rate(exact.batchQueriesPerSecond),
  ]);
  const asked = `${count(r.queries)} ${r.queries === 1 ? "query" : "queries"}${r.heldOut ? ", held out" : ""}`;
  const percent = Math.round((SPEED_NOISE - 1) * 100);
  return [
    `${r.file}: ${count(r.searched)} of ${count(r.count)} vectors of ${r.dim} dims, ${r.metric}, ${asked}, top ${r.k}`,
    `${r.cpu}; ${r.backend}, ${r.isa}, ${count(r.threads)} ${r.threads === 1 ? "thread" : "threads"}`,
    "",
    table(header, lines),
    "",
    `* no other setting is as small, finds as much and is as fast (single queries, within ${percent}%); bytes count all that is stored`,
    ...(hidden > 0 ? [`  not shown: ${hidden} with rescoring that others beat; --json has them`] : []),
    ...r.trials.flatMap(({ codec, options, oversample, fit }) =>
      fit && oversample === null ? [`  ${settingName(codec, options)}: squared error ${fitText(fit)}`] : [],
    ),
    ...r.skipped.map(({ codec, options, reason }) => `  left out: ${settingName(codec, options)}: ${reason}`),
    ...(r.searched < r.count - (r.heldOut ? r.queries : 0)
      ? [
          `  among all ${count(r.count)} vectors neighbours lie closer and recall is lower: \`pith eval\` measures the file`,
        ]
      : []),
    "",
    ...adviceOf(r, rescore),
  ].join("\n");
}

function adviceOf({ advice, trials, wish, k }: TuneReport, rescore: boolean): string[] {
  if (advice) {
    const { recallLow, bytesPerVector, oversample } = advice;
    const search = oversample === null ? [] : [`  and search it with --rescore --oversample ${oversample}`];
    return [
      `> the smallest for recall@${k} of ${wish}: ${nameOf(advice)}, ${bytesOf(bytesPerVector)} bytes a vector, recall ${recallLow.toFixed(4)} or more, ${count(Math.round(advice.singleQueriesPerSecond))} queries/s`,
      `  ${advice.command}`,
      ...search,
    ];
  }
  const nearest = trials.reduce((a, b) => (b.recallLow > a.recallLow ? b : a));
  return [
    `none of these settings reaches recall@${k} of ${wish} for sure; the nearest: ${nameOf(nearest)}, ${nearest.recallLow.toFixed(4)} to ${nearest.recallHigh.toFixed(4)}`,
    ...(rescore ? [] : ["  --rescore tries them with kept float16 rows too"]),
  ];
}

function nameOf({ codec, options, oversample }: TuneTrial): string {
  return `${settingName(codec, options)}${oversample === null ? "" : `, f16 x${oversample}`}`;
}

function bytesOf(bytes: number): string {
  return Number.isInteger(bytes) ? String(bytes) : bytes.toFixed(1);
}
