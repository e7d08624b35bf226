/**
 * Fuzzes the readers of Pith files, safetensors and .npy by structure: right files are taken apart, broken in one to
 * four places and put together again with right checksums, so that what is wrong reaches the code behind them.
 *
 *     node tools/faults/fuzz-readers.mjs [--seconds 60 | --inputs 1000] [--seed 1] [--corpus FILE]
 *     node tools/faults/fuzz-readers.mjs --replay FILE
 *
 * Every input has to give PithErrors or right answers, in bounded time and memory; the first that doesn't is shrunk,
 * printed with its seed and mutations, and ends the run with exit code 1. `--corpus` adds to a file the smallest input
 * for each reader and outcome that it doesn't have yet; `--replay` reads them all again and asks for the same outcomes.
 */
import { existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { parseArgs } from "node:util";
import { getHeapStatistics } from "node:v8";
import { build } from "./file-model.mjs";
import { BYTES, DEEP, NPY, STRUCTURE } from "./mutations.mjs";
import { Random } from "./random.mjs";
import { readBytes, readFile, Violation } from "./readers.mjs";
import { buildNpy, seedModels, seedNpy } from "./seed-files.mjs";

/** What an input may take beside what it is for: searching and saving an index makes garbage. */
const MEMORY = (bytes) => 4 * 2 ** 20 + 64 * bytes;
const MILLISECONDS = 2000;
/** One in so many inputs goes through files too, which takes longer; .npy is read from files alone. */
const FILES_EVERY = 8;

const { values } = parseArgs({
  options: {
    seconds: { type: "string" },
    inputs: { type: "string" },
    seed: { type: "string", default: "1" },
    corpus: { type: "string" },
    replay: { type: "string" },
  },
});
const seed = Number(values.seed);
const seconds = Number(values.seconds ?? (values.inputs ? 86_400 : 60));
const limit = Number(values.inputs ?? Number.MAX_SAFE_INTEGER);
const folder = mkdtempSync(join(tmpdir(), "pith-fuzz-"));
const path = join(folder, "input");
const models = seedModels(seed);

/** Input number n: which mutations, each with a seed of its own, so that any part of them can be left out. */
function plan(n) {
  const random = new Random(Math.imul(seed, 0x9e3779b1) ^ n);
  const npy = random.onceIn(10);
  const names = npy ? Object.keys(NPY) : random.onceIn(2) ? DEEP : Object.keys(STRUCTURE);
  const steps = Array.from({ length: npy ? random.below(3) : random.below(5) }, () => ({
    name: random.pick(names),
    seed: random.bits(),
  }));
  const after = random.onceIn(8) ? [{ name: random.pick(Object.keys(BYTES)), seed: random.bits() }] : [];
  return { npy, model: random.below(models.length), seed: random.bits(), steps, after };
}

function make({ npy, model, seed: own, steps, after }) {
  const parts = npy ? seedNpy(new Random(own)) : structuredClone(models[model]);
  for (const step of steps) (npy ? NPY : STRUCTURE)[step.name](parts, new Random(step.seed));
  let bytes = npy ? buildNpy(parts) : build(parts);
  for (const step of after) if (bytes.length > 0) bytes = BYTES[step.name](bytes, new Random(step.seed));
  return bytes;
}

const used = () => {
  const { used_heap_size, external_memory } = getHeapStatistics();
  return used_heap_size + external_memory;
};

const worst = { memory: 0, memoryBytes: 0, milliseconds: 0 };

async function run(bytes, throughFile) {
  const before = used();
  // Of the processor: what else runs on the machine doesn't count.
  const begin = process.cpuUsage();
  const whole = readBytes(bytes);
  const trials = throughFile ? [whole, await readFile(path, bytes, whole)] : [whole];
  const { user, system } = process.cpuUsage(begin);
  const milliseconds = (user + system) / 1000;
  const memory = used() - before;
  if (memory > worst.memory) [worst.memory, worst.memoryBytes] = [memory, bytes.length];
  worst.milliseconds = Math.max(worst.milliseconds, milliseconds);
  if (memory > MEMORY(bytes.length))
    throw new Violation(`${memory} bytes of memory for ${bytes.length} of file`);
  if (milliseconds > MILLISECONDS) throw new Violation(`${milliseconds} ms for ${bytes.length} bytes`);
  return trials.flatMap(({ outcomes }) => [...outcomes]);
}

/** Leaves out mutations as long as the input still breaks something. */
async function shrink(failing) {
  let smallest = failing;
  for (let again = true; again; ) {
    again = false;
    for (const list of ["steps", "after"])
      for (let i = smallest[list].length - 1; i >= 0; i--) {
        const less = { ...smallest, [list]: smallest[list].filter((_, j) => j !== i) };
        try {
          await run(make(less), true);
        } catch {
          smallest = less;
          again = true;
        }
      }
  }
  return smallest;
}

/** Inputs that are kept: bytes in base64, and what each reader said. */
function corpus(file) {
  return existsSync(file) ? JSON.parse(readFileSync(file, "utf8")) : [];
}

if (values.replay) {
  const kept = corpus(values.replay);
  for (const { why, base64, outcomes } of kept) {
    const found = (await run(new Uint8Array(Buffer.from(base64, "base64")), true)).map((pair) =>
      pair.join(": "),
    );
    if (String(found) !== String(outcomes)) {
      console.log(`${why}: expected ${outcomes.join(", ")}; got ${found.join(", ")}`);
      process.exitCode = 1;
    }
  }
  console.log(`${kept.length} inputs read again`);
  rmSync(folder, { recursive: true, force: true });
  process.exit();
}

const counts = new Map();
const smallest = new Map();
const begin = performance.now();
let inputs = 0;
let bytesRead = 0;
let failed;
for (; inputs < limit && performance.now() - begin < 1000 * seconds; inputs++) {
  const planned = plan(inputs);
  const bytes = make(planned);
  bytesRead += bytes.length;
  try {
    for (const [reader, outcome] of await run(bytes, planned.npy || inputs % FILES_EVERY === 0)) {
      const key = `${reader}: ${outcome}`;
      counts.set(key, (counts.get(key) ?? 0) + 1);
      if (!smallest.has(key) || smallest.get(key).length > bytes.length) smallest.set(key, bytes);
    }
  } catch (error) {
    failed = { error, plan: await shrink(planned) };
    break;
  }
}

if (failed) {
  const { steps, after } = failed.plan;
  const file = join(tmpdir(), `pith-fuzz-${seed}-${inputs}.bin`);
  writeFileSync(file, make(failed.plan));
  console.log(
    `input ${inputs} of seed ${seed}: ${failed.error instanceof Violation ? failed.error.message : failed.error.stack}`,
  );
  console.log(
    `mutations: ${[...steps, ...after].map(({ name }) => name).join(", ") || "none"}; kept as ${file}`,
  );
}
const elapsed = (performance.now() - begin) / 1000;
console.log(
  `${inputs} inputs (${bytesRead} bytes) in ${elapsed.toFixed(0)} s, seed ${seed}: ${failed ? "FAILED" : "nothing but PithErrors and right answers"}`,
);
console.log(
  `at most ${worst.memory} bytes of memory (for a file of ${worst.memoryBytes}), ${worst.milliseconds.toFixed(0)} ms an input; ` +
    `peak resident ${Math.round(process.resourceUsage().maxRSS / 1024)} MiB`,
);
const readers = new Map();
for (const [key, n] of counts) {
  const [reader, outcome] = key.split(": ");
  readers.set(reader, [...(readers.get(reader) ?? []), [outcome, n]]);
}
for (const [reader, outcomes] of readers)
  console.log(
    `  ${reader.padEnd(20)} ${outcomes
      .sort((a, b) => b[1] - a[1])
      .map(([o, n]) => `${o} ${n}`)
      .join(", ")}`,
  );
const codes = new Set([...counts.keys()].map((key) => key.split(": ")[1]).filter((code) => code !== "ok"));
console.log(`${codes.size} error codes: ${[...codes].sort().join(", ")}`);
if (values.corpus && !failed) {
  const kept = corpus(values.corpus);
  for (const [why, bytes] of smallest) {
    if (kept.some(({ outcomes }) => outcomes.includes(why))) continue;
    const outcomes = (await run(bytes, true)).map((pair) => pair.join(": "));
    kept.push({ why, base64: Buffer.from(bytes).toString("base64"), outcomes });
  }
  writeFileSync(values.corpus, `${JSON.stringify(kept, null, 1)}\n`);
}
rmSync(folder, { recursive: true, force: true });
process.exitCode = failed ? 1 : 0;
