/** `pith bench [FILE]`: how fast the codecs are on this machine, and what they find. */
import { cpus } from "node:os";
import {
  backendReport,
  checkMetric,
  MAX_DIM,
  METRICS,
  type Metric,
  PithError,
  type Vectors,
} from "@pith/codec-core";
import { withPath } from "@pith/codec-core/files";
import type { Command } from "commander";
import { codecs } from "../codecs.ts";
import { bench } from "../jobs/bench.ts";
import { checkBlock } from "../jobs/code-blocks.ts";
import { defaultClusters, SyntheticRows } from "../jobs/synthetic.ts";
import { choiceOption, collect, command, integerOption } from "../terminal/command.ts";
import { openInput } from "../terminal/input.ts";
import { count, Progress } from "../terminal/progress.ts";
import { shareText } from "../terminal/side-bytes.ts";
import { table } from "../terminal/table.ts";

interface Options {
  n: number;
  dim?: number;
  queries: number;
  k: number;
  codec?: string[];
  metric: Metric;
  seed: number;
}

/** Least time for each figure: long enough for compilers and caches to settle, short enough to wait for. */
const SECONDS = 0.25;
const DIM = 384;

export const benchCommand: Command = command<[string | undefined], Options>(
  "bench",
  "time encoding, decoding and search of the codecs, in memory; PITH_THREADS sets the threads",
  (c) =>
    c
      .argument("[file]", "vectors to take, the last ones as queries; default: seeded clustered vectors")
      .addOption(
        integerOption("-n, --n <number>", "vectors, and the most taken from a file", 1).default(20_000),
      )
      .addOption(
        integerOption("-d, --dim <number>", `dimensions of seeded vectors; default ${DIM}`, 1, MAX_DIM),
      )
      .addOption(integerOption("--queries <number>", "queries", 1).default(100))
      .addOption(integerOption("-k <number>", "hits for each query", 1).default(10))
      .option("-c, --codec <name>", "a codec; may be repeated; default: all", collect)
      .addOption(choiceOption("--metric <metric>", "how vectors are compared", METRICS).default("cosine"))
      .addOption(integerOption("--seed <number>", "of seeded vectors", 0).default(0)),
  async ({ json, signal, print, note }, [path], options) => {
    const { metric, queries, k, seed } = options;
    if (path !== undefined && options.dim !== undefined)
      throw new PithError("INVALID_ARGUMENT", "--dim is for seeded vectors; a file has its own");
    const families = await Promise.all((options.codec ?? codecs.names).map((name) => codecs.get(name)));
    for (const family of families) checkMetric(metric, family.metrics);
    const { rows, asked } =
      path === undefined
        ? seeded(options.n, options.dim ?? DIM, queries, seed)
        : await fromFile(path, options.n, queries, { json, signal });
    const progress = json ? undefined : new Progress("timing", 2 + 4 * families.length);
    const onProgress = (done: number): void => progress?.update(done);
    // Who names a codec wants it or a reason.
    const onSkip = options.codec
      ? undefined
      : (codec: string, reason: string): void => note(`${codec} is left out: ${reason}`);
    const job = { rows, queries: asked, metric, k, families, seconds: SECONDS, onSkip, signal, onProgress };
    const results = await bench(job).finally(() => progress?.done());
    const { backend, isa, threads } = backendReport();
    const cpu = cpus()[0]?.model.trim() ?? "unknown";
    const rate = (perSecond: number | null): string =>
      perSecond === null ? "-" : count(Math.round(perSecond));
    const header = [
      "codec",
      "bytes/vector",
      "and side",
      `recall@${k}`,
      "encode/s",
      "decode/s",
      "1 query/s",
      "batch/s",
    ];
    const lines = results.map((r) => [
      r.codec,
      String(r.bytesPerVector),
      shareText(r.sideBytesPerVector),
      r.recall.toFixed(4),
      rate(r.encodeVectorsPerSecond),
      rate(r.decodeVectorsPerSecond),
      rate(r.singleQueriesPerSecond),
      rate(r.batchQueriesPerSecond),
    ]);
    print(
      `${count(rows.count)} x ${rows.dim} ${path ?? "seeded vectors"}, ${metric}, ${count(asked.count)} queries, top ${k}\n` +
        `${cpu}; ${backend}, ${isa}, ${count(threads.sync)} ${threads.sync === 1 ? "thread" : "threads"}\n\n${table(header, lines)}`,
      {
        file: path ?? null,
        n: rows.count,
        dim: rows.dim,
        queries: asked.count,
        k,
        metric,
        seed: path === undefined ? seed : null,
        backend,
        isa,
        threads: threads.sync,
        cpu,
        codecs: results,
      },
    );
  },
);

interface Data {
  readonly rows: Vectors;
  readonly asked: Vectors;
}

function seeded(n: number, dim: number, queries: number, seed: number): Data {
  const shape = { dim, seed, clusters: defaultClusters(n, dim) };
  return {
    rows: new SyntheticRows(shape).take(n),
    asked: new SyntheticRows(shape, "queries").take(queries),
  };
}

/** The first rows of a file, and its last ones as queries. @throws EMPTY_INPUT where there are too few */
async function fromFile(
  path: string,
  n: number,
  queries: number,
  terminal: { readonly json: boolean; readonly signal: AbortSignal },
): Promise<Data> {
  await using source = await openInput(path, terminal);
  if (source.count <= queries)
    throw withPath(
      new PithError(
        "EMPTY_INPUT",
        `expected more than the ${queries} vectors that are queries, got ${source.count}`,
      ),
      path,
    );
  const end = source.count - queries;
  const read = async (start: number, after: number): Promise<Vectors> => {
    for await (const block of source.rows({ start, end: after, blockRows: after - start })) {
      checkBlock(path, block, start);
      return block;
    }
    throw new PithError("INTERNAL", "no rows were read");
  };
  return { rows: await read(0, Math.min(n, end)), asked: await read(end, source.count) };
}
