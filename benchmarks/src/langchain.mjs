/**
 * `pnpm --filter @pith/benchmarks bench:langchain`: PithVectorStore beside LangChain's MemoryVectorStore, HNSWLib and LanceDB
 * stores, on the same documents and queries: memory, time to build, searches a second one at a time, and recall@10
 * against exact search; and how long it takes to open a folder of many documents. Every store has a process of its own in
 * every round, the stores in turn; figures are medians of the rounds. Prints a table, and writes JSON where `--out` says.
 *
 *   --data FOLDER (debian of PITH_DATA, else the bundled data)   --documents N (20000)   --queries N (500)
 *   --rounds N (3)   --seconds S (1, of searching a round)   --open N (100000, documents to open; 0: leave out)
 *   --only REGEXP   --cpu N (pins each process, with taskset)   --out FILE (JSON; `bench:table` shows those in results/langchain)
 */
import { spawnSync } from "node:child_process";
import { existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join, resolve } from "node:path";
import { fileURLToPath } from "node:url";
import { parseArgs } from "node:util";
import { BUNDLED, loadDataset } from "./datasets.mjs";
import { missing, STORES } from "./langchain-stores.mjs";
import { goalLines, langchainTable } from "./langchain-table.mjs";
import { command, commit, machine } from "./machine.mjs";
import { exactTopK, recall } from "./quality.mjs";
import { median } from "./timing.mjs";

const K = 10;
const ONE = fileURLToPath(new URL("langchain-one.mjs", import.meta.url));
const IN_FOLDER = "PithVectorStore int8, in a folder";

const args = process.argv.slice(2).filter((arg) => arg !== "--");
const { values } = parseArgs({
  args,
  options: {
    data: { type: "string" },
    documents: { type: "string", default: "20000" },
    queries: { type: "string", default: "500" },
    rounds: { type: "string", default: "3" },
    seconds: { type: "string", default: "1" },
    open: { type: "string", default: "100000" },
    only: { type: "string", default: "" },
    cpu: { type: "string" },
    out: { type: "string" },
  },
});
const [documents, queries, rounds, seconds, opened] = [
  "documents",
  "queries",
  "rounds",
  "seconds",
  "open",
].map((name) => positive(name, values[name]));

const absent = missing();
for (const name of absent) console.error(`${name}: left out, run bench:setup:langchain to install it`);
const only = new RegExp(values.only);
const names = Object.keys(STORES).filter((name) => only.test(name) && !absent.includes(name));
const data = dataFolder();
const scratch = mkdtempSync(join(tmpdir(), "pith-langchain-"));
try {
  const { corpus, queries: asked, dim, count, name: dataset } = await loadDataset(data, documents);
  const queryCount = Math.min(queries, asked.length / dim);
  const truth = exactTopK(corpus, asked.subarray(0, queryCount * dim), dim, K);
  const runs = new Map(names.map((name) => [name, []]));
  for (let round = 0; round < rounds; round++)
    for (const name of names) {
      console.error(`round ${round + 1} of ${rounds}: ${name}`);
      const folder = emptyFolder();
      runs
        .get(name)
        .push(one({ kind: "measure", name, data, documents, queries: queryCount, seconds, folder }));
      rmSync(folder, { recursive: true });
    }
  const stores = Object.fromEntries([...runs].map(([name, results]) => [name, summary(results, truth)]));
  const root = fileURLToPath(new URL("../..", import.meta.url));
  const report = {
    ...{ dataset, documents: count, queries: queryCount, dim, rounds },
    stores,
    open: opened > 0 && names.includes(IN_FOLDER) ? openTimes(dim) : null,
    machine: machine(),
    ...commit(root),
    date: new Date().toISOString(),
    command: command(args).replace(" bench", " bench:langchain"),
    load: existsSync("/proc/loadavg") ? readFileSync("/proc/loadavg", "utf8").trim() : null,
  };
  console.log([langchainTable(report), "", ...goalLines(report)].join("\n"));
  if (values.out !== undefined) writeOut(JSON.stringify(report, null, 2));
} finally {
  rmSync(scratch, { recursive: true, force: true });
}

function summary(results, truth) {
  const of = (pick) => median(results.map(pick));
  const found = Uint32Array.from(results[0].found.flat());
  return {
    memoryBytes: {
      larger: of((r) => r.memory.larger),
      heap: of((r) => r.memory.heap),
      process: of((r) => r.memory.process),
    },
    buildSeconds: of((r) => r.buildSeconds),
    searchesPerSecond: of((r) => r.searchesPerSecond),
    recall10: recall(found, truth, K, K),
    rounds: results.map(({ found: _, ...rest }) => rest),
  };
}

/** Milliseconds, each run in a new process; the files are in the page cache, as they are after a restart of a program. */
function openTimes(dim) {
  const folder = join(emptyFolder(), "store");
  console.error(`writing ${opened} documents`);
  const { documents: written, source } = one({
    kind: "write",
    name: IN_FOLDER,
    data,
    documents: opened,
    folder,
  });
  const times = Array.from({ length: 5 }, () => one({ kind: "open", name: IN_FOLDER, folder, dim }));
  const of = (pick) => median(times.map(pick));
  return {
    documents: written,
    source,
    load: of((t) => t.load),
    open: of((t) => t.open),
    firstHits: of((t) => t.firstHits),
    runs: times,
  };
}

function one(job) {
  const node = [process.execPath, ONE, JSON.stringify(job)];
  const [program, ...rest] = values.cpu === undefined ? node : ["taskset", "-c", values.cpu, ...node];
  const { status, stdout, error } = spawnSync(program, rest, {
    encoding: "utf8",
    env: { LANCE_LOG: "error", ...process.env },
    maxBuffer: 2 ** 26,
    stdio: ["ignore", "pipe", "inherit"],
  });
  if (status !== 0) throw error ?? new Error(`${job.kind} of ${job.name} failed`);
  return JSON.parse(stdout.trim().split("\n").at(-1));
}

function writeOut(json) {
  const file = resolve(values.out);
  mkdirSync(dirname(file), { recursive: true });
  writeFileSync(file, `${json}\n`);
}

function emptyFolder() {
  const folder = mkdtempSync(join(scratch, "store-"));
  for (const name of ["store", "small"]) mkdirSync(join(folder, name));
  return folder;
}

function dataFolder() {
  if (values.data !== undefined) return resolve(process.env.INIT_CWD ?? ".", values.data);
  const known = process.env.PITH_DATA === undefined ? undefined : join(process.env.PITH_DATA, "debian");
  return known !== undefined && existsSync(known) ? known : BUNDLED;
}

function positive(name, text) {
  const number = Number(text);
  if (number >= 0 && (number > 0 || name === "open")) return number;
  console.error(`bench:langchain: --${name}: expected a number, got ${text}`);
  process.exit(2);
}
