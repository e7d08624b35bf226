/**
 * The main job on the bundled embeddings, as `npm start` runs it: compress with every codec, search the compressed
 * file, say what it cost. Files go to .pith/demo in the current folder.
 */
import { mkdir, readFile } from "node:fs/promises";
import { join } from "node:path";
import { backendReport, isPithError } from "@pith/codec-core";
import { openPith, openVectors } from "@pith/codec-core/files";
import { codecs } from "./codecs.ts";
import { readAll } from "./commands/search.ts";
import { restoreCodec } from "./jobs/code-blocks.ts";
import { compress } from "./jobs/compress.ts";
import { type Evaluation, evaluate } from "./jobs/evaluate.ts";
import { searchFile } from "./jobs/search.ts";
import { reportError } from "./terminal/exit.ts";
import { bytes, count, Progress } from "./terminal/progress.ts";
import { table } from "./terminal/table.ts";

const OUTPUT = ".pith/demo";
/** Rows of the query file that are shown with their neighbours. */
const SHOWN = [54, 146, 155];
const NEIGHBOURS = 4;

async function demo(folder: string): Promise<void> {
  const vectors = join(folder, "packages.pith.safetensors");
  const queryFile = join(folder, "queries.f32.npy");
  const texts = (await readFile(join(folder, "queries.jsonl"), "utf8"))
    .trim()
    .split("\n")
    .map((line) => (JSON.parse(line) as { text: string }).text);
  await mkdir(OUTPUT, { recursive: true });

  await using source = await openVectors(vectors);
  const { backend, isa, reason, threads } = backendReport();
  console.log(
    `${count(source.count)} Debian packages as ${source.dim}-dimensional embeddings, ${bytes(4 * source.count * source.dim)} as float32`,
  );
  console.log(`backend: ${backend} (${reason ? `${isa}; ${reason}` : isa})\n`);

  const results: Evaluation[] = [];
  for (const name of codecs.names) {
    const output = join(OUTPUT, `packages.${name}.pith.safetensors`);
    const family = await codecs.get(name);
    const progress = new Progress(`compressing with ${name}`, source.count);
    const done = await compress({
      source,
      output,
      family,
      metric: "cosine",
      options: {},
      ids: await source.ids?.(),
      keep: "none",
      onProgress: (rows) => progress.update(rows),
    });
    progress.done();
    console.log(`${name}: wrote ${output}, ${bytes(done.fileBytes)}`);

    await using compressed = await openPith(output);
    const codec = await restoreCodec(compressed);
    const queries = await readAll(queryFile, codec.dim);
    results.push(await evaluate({ original: source, compressed, codec, queries }));

    const ids = await compressed.ids();
    const hits = await searchFile(compressed, codec, queries, NEIGHBOURS);
    for (const q of SHOWN) {
      console.log(`\n  "${texts[q]}"`);
      hits[q].slots.forEach((slot, i) => {
        console.log(`    ${hits[q].scores[i].toFixed(3)}  ${ids?.at(slot)}`);
      });
    }
    console.log();
  }
  const rows = results.map((r) => [
    r.codec,
    String(r.bytesPerVector),
    `${r.ratio.toFixed(2)}x`,
    r.recall["10"]?.toFixed(4) ?? "-",
    r.meanCosine.toFixed(5),
    count(r.encodeVectorsPerSecond),
    count(r.queriesPerSecond),
  ]);
  const header = [
    "codec",
    "bytes/vector",
    "ratio",
    "recall@10",
    "mean cosine",
    "encode vectors/s",
    "queries/s",
  ];
  console.log(table(header, rows));
  console.log(
    `\n${results[0].queries} queries that aren't among the packages, against exact search. Speed: ${threads.sync === 1 ? "one thread" : `${threads.sync} threads`}, the queries in one batch, top 10.`,
  );
}

try {
  await demo(process.argv[2] ?? "examples/data");
} catch (error) {
  process.exitCode = reportError(error, process.argv.includes("--debug") || !isPithError(error));
}
