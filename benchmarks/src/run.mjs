/**
 * The benchmark: what the machine allows, every contender on every dataset, the backends beside each other, and opening a
 * large file, in one run and one file of results. README.md says what is measured and how.
 */
import { spawnSync } from "node:child_process";
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join, resolve } from "node:path";
import { fileURLToPath } from "node:url";
import { CONTENDERS } from "./contenders.mjs";
import { chooseDatasets } from "./datasets.mjs";
import { buildProbe, limitsOf, measureLimits, memoryBandwidth } from "./limits.mjs";
import { command, commit, machine } from "./machine.mjs";
import { readOptions, USAGE } from "./options.mjs";
import { installed } from "./peers.mjs";
import { load, measureDataset } from "./rounds.mjs";

const HERE = fileURLToPath(new URL("..", import.meta.url));
const begin = performance.now();
const log = (line) => {
  const seconds = Math.round((performance.now() - begin) / 1000);
  const clock = `${Math.floor(seconds / 60)}:${String(seconds % 60).padStart(2, "0")}`;
  process.stderr.write(`${clock.padStart(6)}  ${line}\n`);
};

const { options, contenders, datasets } = prepare(process.argv.slice(2));
const has = (part) => options.parts.includes(part);
const results = {
  schema: 2,
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
  readBandwidth: null,
  limits: null,
  datasets: [],
};
const probes = has("limits") && {
  native: buildProbe(log),
  python: !options.withoutPeers && installed().python,
};
const limits = [];
measureOneLimit();
if (has("backends")) {
  log("backends, kernel by kernel");
  results.backends = script("backends.mjs", "--json");
  save();
}
for (const { name, load: read } of has("search") ? datasets : []) {
  log(`${name}: reading, exact search`);
  const dataset = await read();
  // What a scan of tiled rows is held against is measured beside it.
  const beforeRound = dataset.speedOnly ? measureOneLimit : () => undefined;
  results.datasets.push(measureDataset(dataset, contenders, options, beforeRound, log));
  save();
}
if (has("open")) {
  log("opening a file of 500,000 rows");
  results.open = script("open.mjs", "--runs", "5");
}
results.loadAfter = load();
results.seconds = Math.round((performance.now() - begin) / 1000);
save();
if (options.out === undefined) process.stdout.write(`${JSON.stringify(results, null, 2)}\n`);
log("done");
const failed = results.datasets.flatMap((d) => d.rows).filter((row) => row.error !== undefined);
process.exit(failed.length > 0 ? 1 : 0);

function measureOneLimit() {
  if (!probes) return;
  const folder = mkdtempSync(join(tmpdir(), "pith-benchmark-"));
  try {
    limits.push(measureLimits({ ...probes, seconds: options.seconds, cpu: options.cpu, folder }));
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
  results.limits = limitsOf(limits);
  results.readBandwidth = memoryBandwidth(results.limits);
  const gigabytes = ((results.readBandwidth?.bytesPerSecond ?? 0) / 1e9).toFixed(1);
  log(`limits: one thread reads ${gigabytes} GB/s of memory`);
}

/** The JSON that another script of this folder prints. */
function script(name, ...args) {
  const cpu = options.cpu === undefined || name === "open.mjs" ? [] : ["taskset", "-c", options.cpu];
  const all = [...cpu, process.execPath, fileURLToPath(new URL(name, import.meta.url)), ...args];
  const { status, stdout, stderr } = spawnSync(all[0], all.slice(1), {
    encoding: "utf8",
    maxBuffer: 1 << 26,
  });
  if (status === 0) return JSON.parse(stdout);
  stop(`${name} failed: ${stderr}`);
}

/** What there is so far, so that a run that is cut short isn't lost. */
function save() {
  if (options.out === undefined) return;
  const file = resolve(HERE, options.out);
  mkdirSync(dirname(file), { recursive: true });
  writeFileSync(file, `${JSON.stringify(results, null, 2)}\n`);
}

function prepare(argv) {
  let options;
  try {
    options = readOptions(argv);
    if (!options.help)
      return { options, contenders: choose(options), datasets: chooseDatasets(options, log) };
  } catch (error) {
    if (!(error instanceof TypeError)) throw error;
    stop(`${error.message}\n${USAGE}`);
  }
  process.stdout.write(`${USAGE}\n`);
  process.exit(0);
}

function choose({ only, skip, withoutPeers }) {
  const chosen = CONTENDERS.filter(
    ({ name, ours }) => only.test(name) && !skip?.test(name) && (ours || !withoutPeers),
  );
  const there = installed();
  const missing = chosen.find(({ runtime, ours }) => !ours && !there[runtime]);
  if (missing)
    stop(
      `${missing.name} isn't installed: run pnpm --filter @pith/benchmarks bench:setup, or give --without-peers`,
    );
  if (chosen.length === 0) stop("no contender is left");
  return chosen;
}

function stop(message) {
  process.stderr.write(`benchmark: ${message}\n`);
  process.exit(2);
}
