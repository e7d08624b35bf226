/**
 * Kills a process that writes with SIGKILL at random moments and looks at what is left: the old file or the new one,
 * every byte of it, and at most temporary files that are named as such.
 *
 *     node tools/faults/kill.mjs [--points 200] [--seed 1] [--rows 120000] [compress | resume | save]
 *
 * `compress` is `pith compress` over an old file, `resume` the same with --resume, where another run goes on after each
 * kill and has to make the file of one go; `save` is FlatIndex.toFile over an old file. Moments are spread evenly from the
 * first byte that is written to a little after the end, as a run without a kill takes it.
 */
import { spawn } from "node:child_process";
import { copyFileSync, mkdtempSync, readdirSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { fileURLToPath, pathToFileURL } from "node:url";
import { parseArgs } from "node:util";
import { createNpyFile, openPith } from "../../packages/codec-core/dist/files/index.js";
import { FlatIndex, int8 } from "../../packages/int8/dist/index.js";
import { Random } from "./random.mjs";

const ROOT = join(dirname(fileURLToPath(import.meta.url)), "..", "..");
const DIM = 64;

const { values, positionals } = parseArgs({
  allowPositionals: true,
  options: {
    points: { type: "string", default: "200" },
    seed: { type: "string", default: "1" },
    rows: { type: "string", default: "120000" },
  },
});
const [points, seed, rows] = [Number(values.points), Number(values.seed), Number(values.rows)];
const random = new Random(seed);
const folder = mkdtempSync(join(tmpdir(), "pith-kill-"));
const at = (name) => join(folder, name);

/** Loads an index, says so, saves it when it is told to, and waits for its end. */
const SAVER = `
import { FlatIndex, int8 } from ${JSON.stringify(pathToFileURL(join(ROOT, "packages/int8/dist/index.js")).href)};
const index = await FlatIndex.fromFile(${JSON.stringify(at("new"))}, int8);
process.stdin.once("data", async () => {
  await index.toFile(${JSON.stringify(at("target"))});
  console.log("done");
});
process.stdin.once("end", () => process.exit(0));
console.log("ready");`;

const compress = (...options) => ({
  command: [join(ROOT, "apps/pith/dist/main.js"), "compress", at("in.npy"), "-o", at("target"), ...options],
  begin: async (child) => {
    // Start-up writes nothing: the clock runs from the first file on.
    const before = String(unfinished());
    while (child.exitCode === null && String(unfinished()) === before)
      await new Promise((r) => setTimeout(r, 1));
  },
});

const KINDS = {
  compress: () => compress(),
  resume: () => ({ ...compress("--resume"), goesOn: true }),
  save: () => ({
    command: ["--input-type=module", "-e", SAVER],
    begin: async (child) => {
      await new Promise((resolve) => child.stdout.once("data", resolve));
      child.stdin.write("go\n");
    },
  }),
};

/** Temporary files and journals of how far they are. */
const unfinished = () =>
  readdirSync(folder).filter((name) => /^\.target\.[0-9a-f]{16}\.(tmp|resume)$/.test(name));

/** Runs to the end, or to a kill after `delay` ms. @returns milliseconds that writing took, and whether the kill came in time */
async function run({ command, begin }, delay) {
  const child = spawn(process.execPath, command, { stdio: ["pipe", "pipe", "pipe"] });
  let said = "";
  child.stderr.on("data", (text) => (said += text));
  const ended = new Promise((resolve) => child.once("exit", (_, signal) => resolve(signal)));
  await begin(child);
  const start = performance.now();
  const timer = delay === undefined ? undefined : setTimeout(() => child.kill("SIGKILL"), delay);
  const done = new Promise((resolve) => child.stdout.once("data", resolve));
  if (delay === undefined) await Promise.race([done, ended]);
  const milliseconds = performance.now() - start;
  if (delay === undefined) child.stdin.end();
  const signal = await ended;
  clearTimeout(timer);
  return { milliseconds, killed: signal === "SIGKILL", said };
}

async function prepare() {
  const v = { data: random.floats(rows * DIM), dim: DIM, count: rows };
  const writer = await createNpyFile(at("in.npy"), { dim: DIM, count: rows });
  await writer.write(v);
  await writer.commit();
  const index = new FlatIndex(int8.create({ dim: DIM }));
  index.add(Array.from(v.data.keys()).slice(0, rows), v);
  await index.toFile(at("new"));
  const few = new FlatIndex(int8.create({ dim: DIM }));
  few.add([1, 2, 3], { data: v.data.slice(0, 3 * DIM), dim: DIM, count: 3 });
  await few.toFile(at("old"));
}

async function kill(kind) {
  const program = KINDS[kind]();
  copyFileSync(at("old"), at("target"));
  const times = [await run(program), await run(program)].map(({ milliseconds }) => milliseconds);
  const old = readFileSync(at("old"));
  const fresh = readFileSync(at("target"));
  const span = 1.15 * Math.max(...times);
  const found = { killed: 0, old: 0, new: 0, torn: 0 };
  for (let i = 0; i < points; i++) {
    copyFileSync(at("old"), at("target"));
    const { killed } = await run(program, random.uniform() * span);
    found.killed += Number(killed);
    const now = readFileSync(at("target"));
    const what = now.equals(old) ? "old" : now.equals(fresh) ? "new" : "torn";
    found[what]++;
    if (what !== "torn") await (await openPith(at("target"))).close();
    if (!program.goesOn) continue;
    const { said } = await run(program);
    if (!readFileSync(at("target")).equals(fresh)) throw new Error(`a resumed run made other bytes: ${said}`);
  }
  const left = unfinished();
  const strange = readdirSync(folder).filter(
    (name) => !left.includes(name) && !/^(in\.npy|old|new|target)$/.test(name),
  );
  await run(program);
  const well = readFileSync(at("target")).equals(fresh);
  console.log(
    `${kind}: ${points} points over ${span.toFixed(0)} ms, seed ${seed}: ${found.killed} killed before the end; ` +
      `${found.old} times the old file, ${found.new} times the new one, ${found.torn} torn; ` +
      `${left.length} unfinished files left, ${strange.length} others; the next run ${well ? "goes well" : "FAILS"}`,
  );
  for (const name of unfinished()) rmSync(at(name));
  return found.torn === 0 && strange.length === 0 && well && found.killed > 0;
}

try {
  await prepare();
  for (const kind of positionals.length > 0 ? positionals : Object.keys(KINDS))
    if (!(await kill(kind))) process.exitCode = 1;
} finally {
  rmSync(folder, { recursive: true, force: true });
}
