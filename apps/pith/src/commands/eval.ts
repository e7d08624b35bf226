/** `pith eval ORIG COMP`: what compression cost, measured. */
import { PithError } from "@pith/codec-core";
import { openPith, type PithFile, withPath } from "@pith/codec-core/files";
import type { Command } from "commander";
import { restoreCodec } from "../jobs/code-blocks.ts";
import { type Evaluation, evaluate, RECALL_AT, type SearchQuality } from "../jobs/evaluate.ts";
import { readIds, readQrels } from "../jobs/id-file.ts";
import { command } from "../terminal/command.ts";
import { fitText } from "../terminal/fit-text.ts";
import { openInput } from "../terminal/input.ts";
import { bytes, count, Progress } from "../terminal/progress.ts";
import { sideBytesText } from "../terminal/side-bytes.ts";
import { facts } from "../terminal/table.ts";
import { readAll } from "./search.ts";

interface Options {
  queries?: string;
  qrels?: string;
  queryIds?: string;
  ids?: string;
}

export const evalCommand: Command = command<[string, string], Options>(
  "eval",
  "measure what compression cost: recall, nDCG, cosine, speed",
  (c) =>
    c
      .argument("<original>", "the vectors that were compressed")
      .argument("<compressed>", "the Pith file made from them")
      .option("-q, --queries <file>", "query vectors; without them up to 200 rows are held out as queries")
      .option("--qrels <tsv>", "judgements: query id, document id, relevance")
      .option("--query-ids <file>", "ids of the queries, for --qrels")
      .option("--ids <file>", "ids of the vectors, for --qrels; default: those in the compressed file"),
  async ({ json, print, signal }, [originalPath, compressedPath], options) => {
    await using original = await openInput(originalPath, { json, signal });
    await using compressed = await openPith(compressedPath);
    const codec = await restoreCodec(compressed);
    const queries = options.queries === undefined ? undefined : await readAll(options.queries, codec.dim);
    const judgements = await readJudgements(options, compressed, queries?.count);
    const progress = json ? undefined : new Progress("evaluating", original.count);
    const onProgress = (rows: number): void => progress?.update(rows);
    const result = await evaluate({
      original,
      compressed,
      codec,
      queries,
      judgements,
      signal,
      onProgress,
    }).finally(() => progress?.done());
    print(report(result), result);
  },
);

async function readJudgements(
  { qrels, queries, queryIds, ids }: Options,
  compressed: PithFile,
  queryCount: number | undefined,
): Promise<ReadonlyMap<number, number>[] | undefined> {
  if (qrels === undefined) {
    if (queryIds !== undefined) throw new PithError("INVALID_ARGUMENT", "--query-ids needs --qrels");
    return undefined;
  }
  if (queries === undefined || queryIds === undefined)
    throw new PithError("INVALID_ARGUMENT", "--qrels needs --queries and --query-ids");
  const documents = ids === undefined ? await compressed.ids() : await readIds(ids);
  if (!documents)
    throw new PithError("INVALID_ARGUMENT", "--qrels needs --ids: the compressed file has no ids of its own");
  checkIdCount("--ids", documents.length, compressed.info.count);
  documents.checkUnique();
  const names = (await readIds(queryIds)).toArray().map(String);
  checkIdCount("--query-ids", names.length, queryCount ?? 0);
  const rows = new Map(documents.toArray().map((id, row) => [String(id), row]));
  const judged = await readQrels(qrels);
  const judgements = names.map((name) => {
    const entries = [...(judged.get(name) ?? [])].map(
      ([doc, relevance]) => [rows.get(doc), relevance] as const,
    );
    // A relevant document that isn't among the vectors can't be found, and counts as missed.
    return new Map(entries.map(([row, relevance], i) => [row ?? -1 - i, relevance]));
  });
  if (!judgements.some((relevances) => [...relevances.values()].some((r) => r > 0)))
    throw withPath(
      new PithError("INVALID_ARGUMENT", "no query of --query-ids has a relevant document there"),
      qrels,
    );
  return judgements;
}

function checkIdCount(option: string, actual: number, expected: number): void {
  if (actual !== expected)
    throw new PithError("ID_COUNT_MISMATCH", `${option}: expected ${expected} ids, got ${actual}`, {
      expected,
      actual,
    });
}

function report(e: Evaluation): string {
  const share = (value: number | null): string => (value === null ? "-" : value.toFixed(4));
  const recalls = (q: SearchQuality): string =>
    RECALL_AT.map((k) => `@${k} ${share(q.recall[k])}`).join("   ");
  const lines: [string, string][] = [
    ["codec", `${e.codec}, ${e.metric}, ${count(e.count)} x ${e.dim}`],
    ["bytes/vector", `${e.bytesPerVector} (${e.ratio.toFixed(2)}x smaller than float32)`],
    ["side bytes", sideBytesText(e.sideBytes, e.count)],
    ...(e.fit ? [["sq. error", fitText(e.fit)] as [string, string]] : []),
    ["file", bytes(e.fileBytes)],
    ["cosine", `mean ${e.meanCosine.toFixed(6)}   worst ${e.minCosine.toFixed(6)}`],
    [
      "recall",
      `${recalls(e)}   (${count(e.queries)} ${e.queries === 1 ? "query" : "queries"}${e.heldOut ? ", held out" : ""})`,
    ],
  ];
  if (e.rescored) lines.push(["rescored", recalls(e.rescored)]);
  if (e.ndcg10 !== null) {
    lines.push(["nDCG@10", `${share(e.ndcg10)} (exact ${share(e.exact.ndcg10)})`]);
    lines.push(["MRR@10", `${share(e.mrr10)} (exact ${share(e.exact.mrr10)})`]);
  }
  lines.push(["encode", `${count(e.encodeVectorsPerSecond)} vectors/s`]);
  lines.push(["search", `${count(e.queriesPerSecond)} queries/s in a batch, ${e.backend}`]);
  return facts(lines);
}
