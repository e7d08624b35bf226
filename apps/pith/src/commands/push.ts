/** `pith push FILE URL`: codes into a database. */
import type { Mode, PushReport } from "@pith/adapters/qdrant";
import { checkMetric, isPithError, METRICS, PithError, readOptions } from "@pith/codec-core";
import type { Command } from "commander";
import { codecs } from "../codecs.ts";
import { readIds } from "../jobs/id-file.ts";
import { type Rows, rowsOfCodes, rowsOfVectors } from "../jobs/push.ts";
import { connect, parseAddress, shownAddress } from "../jobs/remote.ts";
import { choiceOption, collect, command, integerOption } from "../terminal/command.ts";
import { openInput } from "../terminal/input.ts";
import { leaveSoon } from "../terminal/leave.ts";
import { namedPairs } from "../terminal/named-pairs.ts";
import { count, Progress } from "../terminal/progress.ts";

/** Of a file; codes as vectors need a scale that all rows share, which the codecs of the command don't have. */
const MODES: readonly Mode[] = ["sidecar", "server", "payload"];

interface Options {
  mode: Mode;
  batch?: number;
  concurrency?: number;
  resume?: boolean;
  codec?: string;
  option?: string[];
  metric?: string;
  ids?: string;
}

export const pushCommand: Command = command<[string, string], Options>(
  "push",
  "store a Pith file's codes in a database",
  (c) =>
    c
      .argument("<file>", "a Pith file of codes; with --codec vectors of any format, compressed on the way")
      .argument(
        "<url>",
        "qdrant:// or weaviate://host:port/collection, qdrants:// or weaviates:// with TLS; the collection is made where there is none",
      )
      .addOption(
        choiceOption("--mode <mode>", "how vectors and codes lie there; see docs/qdrant.md", MODES).default(
          "sidecar",
        ),
      )
      .addOption(integerOption("--batch <rows>", "rows in a request; default 256", 1, 10_000))
      .addOption(integerOption("--concurrency <number>", "requests at a time; default 2", 1, 64))
      .option("--resume", "ask first which rows are there already, and leave those out")
      .option("-c, --codec <name>", "compress vectors on the way with this codec")
      .option("--option <name=value>", "an option of the codec; may be repeated", collect)
      .addOption(
        choiceOption("--metric <metric>", "how vectors are compared, with --codec; default cosine", METRICS),
      )
      .option(
        "--ids <file>",
        "with --codec: ids, one a line, or JSONL with _id or id; default: the input's own",
      ),
  async ({ json, signal, print, note }, [path, url], options) => {
    const { mode, batch, concurrency, resume } = options;
    const address = parseAddress(url);
    const shown = shownAddress(address);
    await using rows = await rowsOf(path, options, { json, signal });
    const { codec, source } = rows;
    const connection = await connect(address);
    const progress = json ? undefined : new Progress(`pushing to ${address.scheme}`, source.count);
    try {
      const ids = source.ids?.type ?? "row";
      const collection = await connection.openOrCreate({ codec, mode, ids, codecs, signal });
      if (rows.vectors === "decoded")
        note(
          `${path} keeps no originals: ${mode === "server" ? "the server gets" : "the server searches"} what its codes decode to`,
        );
      const result = (report: PushReport): object => ({
        url: shown,
        mode,
        codec: codec.name,
        dim: codec.dim,
        metric: codec.metric,
        bytesPerVector: codec.stride,
        settings: collection.settings,
        ...report,
      });
      const onProgress = (done: number): void => progress?.update(done);
      try {
        const report = await collection.push(source, { batch, concurrency, resume, signal, onProgress });
        progress?.done();
        const already = report.skipped > 0 ? `, ${count(report.skipped)} there already` : "";
        const retried = report.retries > 0 ? `, ${count(report.retries)} requests tried again` : "";
        print(
          `${shown}: ${count(report.stored)} of ${count(report.rows)} rows stored${already}${retried}, ${mode}, ${codec.name}; ` +
            `${count(report.check?.points ?? 0)} points counted, ${count(report.check?.sampled ?? 0)} checksums read back`,
          result(report),
        );
      } catch (error) {
        // What failed is said row by row to whoever asked for JSON.
        if (json && isPithError(error, "PARTIAL_FAILURE"))
          print("", result(error.details["report"] as PushReport));
        throw error;
      }
    } finally {
      progress?.done();
      await connection.close();
      leaveSoon();
    }
  },
);

async function rowsOf(
  path: string,
  { mode, codec, option, metric, ids }: Options,
  context: { readonly json: boolean; readonly signal: AbortSignal },
): Promise<Rows> {
  if (codec === undefined) {
    if (option !== undefined || metric !== undefined || ids !== undefined)
      throw new PithError("INVALID_ARGUMENT", "--option, --metric and --ids go with --codec");
    return await rowsOfCodes(path, mode);
  }
  const family = await codecs.get(codec);
  const wanted = checkMetric(metric ?? "cosine", family.metrics);
  const codecOptions = readOptions(family.options, namedPairs(option));
  const input = await openInput(path, context);
  const column = ids === undefined ? await input.ids?.() : await readIds(ids);
  return await rowsOfVectors({
    input,
    family,
    metric: wanted,
    options: codecOptions,
    ids: column,
    signal: context.signal,
  });
}
