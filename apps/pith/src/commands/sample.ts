/** `pith sample -o OUT`: seeded vectors to try things on. */
import { stat } from "node:fs/promises";
import { MAX_DIM, PithError } from "@pith/codec-core";
import { createVectorsFile, VECTOR_FORMATS, type VectorFormat } from "@pith/codec-core/files";
import type { Command } from "commander";
import { abortIf } from "../jobs/abort.ts";
import { blockRows } from "../jobs/code-blocks.ts";
import { defaultClusters, type Shape, SyntheticRows } from "../jobs/synthetic.ts";
import { targetFormat } from "../jobs/vector-target.ts";
import { choiceOption, command, integerOption } from "../terminal/command.ts";
import { bytes, count, Progress } from "../terminal/progress.ts";

interface Options {
  n: number;
  dim: number;
  output: string;
  to?: VectorFormat;
  dtype: "f32" | "f16";
  clusters?: number;
  gaussian?: boolean;
  seed: number;
  queries?: number;
  queriesOutput?: string;
}

export const sampleCommand: Command = command<[], Options>(
  "sample",
  "write seeded vectors: clustered as embeddings are, or Gaussian; the same bytes on every machine",
  (c) =>
    c
      .addOption(integerOption("-n, --n <number>", "vectors", 1).makeOptionMandatory())
      .addOption(integerOption("-d, --dim <number>", "dimensions", 1, MAX_DIM).makeOptionMandatory())
      .requiredOption("-o, --output <file>", "the file to write")
      .addOption(choiceOption("--to <format>", "its format; default: as its name ends", VECTOR_FORMATS))
      .addOption(choiceOption("--dtype <width>", "float width", ["f32", "f16"]).default("f32"))
      .addOption(
        integerOption("--clusters <number>", "unit vectors around that many centroids; default: some", 1),
      )
      .option("--gaussian", "normal elements instead, without structure: the hardest case for a search")
      .addOption(integerOption("--seed <number>", "another seed, other vectors", 0).default(0))
      .addOption(integerOption("--queries <number>", "as many more, from the same clusters, as queries", 1))
      .option("--queries-output <file>", "the file that gets them"),
  async ({ json, signal, print }, _, options) => {
    const { n, dim, output, dtype, seed, queries, queriesOutput, gaussian } = options;
    if (gaussian && options.clusters !== undefined)
      throw new PithError("INVALID_ARGUMENT", "expected either --gaussian or --clusters");
    if ((queries === undefined) !== (queriesOutput === undefined))
      throw new PithError("INVALID_ARGUMENT", "--queries and --queries-output go together");
    const clusters = gaussian ? 0 : (options.clusters ?? defaultClusters(n, dim));
    const shape: Shape = { dim, seed, clusters };
    const targets = [{ path: output, rows: n, stream: "rows" }] as {
      path: string;
      rows: number;
      stream: "rows" | "queries";
    }[];
    if (queries !== undefined && queriesOutput !== undefined)
      targets.push({ path: queriesOutput, rows: queries, stream: "queries" });
    const formats = targets.map(({ path }) => targetFormat(path, options.to));
    const progress = json ? undefined : new Progress("sampling", n + (queries ?? 0));
    let done = 0;
    try {
      for (const [i, { path, rows, stream }] of targets.entries()) {
        const source = new SyntheticRows(shape, stream);
        await using file = await createVectorsFile(path, formats[i], { dim, count: rows, dtype }, { signal });
        for (let at = 0; at < rows; ) {
          abortIf(signal);
          const block = source.take(Math.min(rows - at, blockRows(dim)));
          await file.write(block);
          at += block.count;
          progress?.update((done += block.count));
          // Makes room for Ctrl-C: nothing above waits for the event loop for long.
          await new Promise((resolve) => setImmediate(resolve));
        }
        abortIf(signal);
        await file.commit();
      }
    } finally {
      progress?.done();
    }
    const sizes = await Promise.all(targets.map(async ({ path }) => (await stat(path)).size));
    const how = clusters === 0 ? "gaussian" : `${count(clusters)} clusters`;
    print(
      targets
        .map(
          ({ path, rows }, i) => `${path}: ${count(rows)} x ${dim}, ${how}, seed ${seed}, ${bytes(sizes[i])}`,
        )
        .join("\n"),
      {
        dim,
        seed,
        clusters,
        dtype,
        files: targets.map(({ path, rows, stream }, i) => ({
          file: path,
          holds: stream,
          format: formats[i],
          count: rows,
          fileBytes: sizes[i],
        })),
      },
    );
  },
);
