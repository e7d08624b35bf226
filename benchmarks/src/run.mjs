/**
 * The benchmark: every contender on every dataset, in rounds, so that a busy minute of the machine falls on all alike.
 * Speeds are medians over the rounds; the results keep each round. README.md says what is measured and how.
 */
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { loadavg, tmpdir } from "node:os";
import { dirname, join, resolve } from "node:path";
import { fileURLToPath } from "node:url";
import { CONTENDERS, runBandwidth, runContender } from "./contenders.mjs";
import { datasetFolders, loadDataset } from "./datasets.mjs";
import { command, commit, machine } from "./machine.mjs";
import { readOptions, USAGE } from "./options.mjs";
import { installed } from "./peers.mjs";
import { DEPTH, exactTopK, quality } from "./quality.mjs";
import { median } from "./timing.mjs";

const HERE = fileURLToPath(new URL("..", import.meta.url));
const SPEEDS = ["encode", "single", "batch"];
const log = (line) => process.stderr.write(`${line}\n`);

const options = parse(process.argv.slice(2));
const contenders = choose(options);
const results = {
  schema: 1,
  date: new Date().toISOString(),
  command: command(process.argv.slice(2)),
  ...commit(HERE),
  machine: machine(),
  loadBefore: load(),
  options: {
    rounds: options.rounds,
    seconds: options.seconds,
    threads: 1,
    pinned: options.cpu !== undefined,
  },
  readBandwidth: readBandwidth(options),
  datasets: [],
};
for (const folder of datasetFolders(options.data, log))
  results.datasets.push(await measure(await loadDataset(folder, options.maxRows)));
results.loadAfter = load();

const json = `${JSON.stringify(results, null, 2)}\n`;
if (options.out === undefined) process.stdout.write(json);
else {
  const file = resolve(HERE, options.out);
  mkdirSync(dirname(file), { recursive: true });
  writeFileSync(file, json);
}
const failed = results.datasets.flatMap((d) => d.rows).filter((row) => row.error !== undefined);
process.exit(failed.length > 0 ? 1 : 0);

async function measure({ name, dim, count, corpus, queries, judgements }) {
  const depth = Math.min(DEPTH, count);
  log(`${name}: ${count} vectors of ${dim} dims, ${queries.length / dim} queries`);
  const truth = exactTopK(corpus, queries, dim, depth);
  const folder = mkdtempSync(join(tmpdir(), "pith-benchmark-"));
  const rows = contenders.map((contender) => ({ contender, rounds: [] }));
  try {
    writeFileSync(join(folder, "corpus.f32"), corpus);
    writeFileSync(join(folder, "queries.f32"), queries);
    const task = { dim, count, depth, seconds: options.seconds };
    for (let round = 0; round < options.rounds; round++)
      for (const row of rows) {
        const { found, speed, ...figures } = runContender(row.contender, task, folder, options.cpu);
        if (figures.error !== undefined) row.error = figures.error;
        else {
          row.rounds.push({ ...speed, load: load() });
          row.figures = { ...figures, ...quality(found, truth, depth, judgements) };
        }
        log(
          `  round ${round + 1}  ${row.contender.name.padEnd(30)} ${row.error ?? line(row.figures, speed)}`,
        );
      }
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
  const exact = quality(truth, truth, depth, judgements).ndcg10;
  return { name, dim, count, queries: queries.length / dim, exactNdcg10: exact, rows: rows.map(summary) };
}

function summary({ contender, error, figures, rounds }) {
  const { name, runtime, ours } = contender;
  if (error !== undefined) return { name, runtime, ours, error };
  const speed = Object.fromEntries(SPEEDS.map((kind) => [kind, median(rounds.map((r) => r[kind]))]));
  return { name, runtime, ours, ...figures, speed, rounds };
}

function line({ bytesPerVector, recall, ndcg10 }, speed) {
  const perSecond = SPEEDS.map((kind) => `${kind} ${speed[kind] === null ? "-" : Math.round(speed[kind])}/s`);
  const shown = [
    `${bytesPerVector.total.toFixed(1)} B`,
    `recall@10 ${recall[10]?.toFixed(4) ?? "-"}`,
    ...perSecond,
  ];
  return (ndcg10 === null ? shown : [...shown, `nDCG@10 ${ndcg10.toFixed(4)}`]).join("  ");
}

function choose({ only, withoutPeers }) {
  const chosen = CONTENDERS.filter(({ name, ours }) => only.test(name) && (ours || !withoutPeers));
  const there = installed();
  const missing = chosen.find(({ runtime, ours }) => !ours && !there[runtime]);
  if (missing)
    stop(
      `${missing.name} isn't installed: run pnpm --filter @pith/benchmarks bench:setup, or give --without-peers`,
    );
  if (chosen.length === 0) stop("no contender is left");
  return chosen;
}

function readBandwidth({ seconds, cpu, withoutPeers }) {
  if (withoutPeers || !installed().python) return null;
  const folder = mkdtempSync(join(tmpdir(), "pith-benchmark-"));
  try {
    return runBandwidth(seconds, folder, cpu);
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

function load() {
  return Number(loadavg()[0].toFixed(2));
}

function parse(argv) {
  try {
    const read = readOptions(argv);
    if (!read.help) return read;
  } catch (error) {
    stop(`${error.message}\n${USAGE}`);
  }
  process.stdout.write(`${USAGE}\n`);
  process.exit(0);
}

function stop(message) {
  log(`benchmark: ${message}`);
  process.exit(2);
}
