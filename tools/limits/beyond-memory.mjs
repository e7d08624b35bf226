/**
 * Files larger than memory: makes 4 GB of vectors, runs every command that reads or writes them under a limit of 512 MB, and
 * prints the peak memory and the time of each. Fails where a command fails or takes more than the limit.
 *
 *   npm run build && node tools/limits/beyond-memory.mjs [--gb 4] [--dim 384] [--folder DIR]
 *
 * Takes about four times the vectors on the disk, and removes it at the end. Peak memory is the resident set that the
 * system counted (`ru_maxrss`). Where cgroups are writable (as root), the limit is the kernel's too: it kills what goes
 * above, page cache that can't be dropped included.
 */
import { spawn } from "node:child_process";
import { existsSync, mkdirSync, mkdtempSync, rmdirSync, rmSync, statSync, writeFileSync } from "node:fs";
import { cpus, tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { parseArgs } from "node:util";

const LIMIT_MB = 512;
const MAIN = fileURLToPath(new URL("../../apps/pith/dist/main.js", import.meta.url));
const { values } = parseArgs({
  options: {
    gb: { type: "string", default: "4" },
    dim: { type: "string", default: "384" },
    folder: { type: "string", default: tmpdir() },
  },
});
const dim = Number(values.dim);
const rows = Math.ceil((Number(values.gb) * 1e9) / (4 * dim));
// Text is three times as large and many times as slow: a tenth of the rows is more than the limit all the same.
const textRows = Math.ceil(rows / 10);

const folder = mkdtempSync(join(values.folder, "pith-limits-"));
const group = makeGroup();
const results = [];
let failed = false;
try {
  await run("sample", ["-n", rows, "-d", dim, "-o", "v.npy", "--queries", 100, "--queries-output", "q.npy"]);
  await run("compress --keep f16", ["v.npy", "-o", "v.pith", "--keep", "f16"]);
  await run("verify", ["v.pith"]);
  await run("search", ["v.pith", "-q", "q.npy", "-k", 10]);
  await run("search --rescore", ["v.pith", "-q", "q.npy", "-k", 10]);
  await run("eval", ["v.npy", "v.pith", "-q", "q.npy"]);
  await run("decompress", ["v.pith", "-o", "d.npy"]);
  remove("d.npy");
  remove("v.pith");
  await run("convert to .fvecs", ["v.npy", "-o", "v.fvecs"]);
  remove("v.npy");
  await run("convert to Pith", ["v.fvecs", "-o", "v.pith"]);
  remove("v.fvecs");
  await run("verify", ["v.pith"]);
  remove("v.pith");
  await run("sample to .csv, a tenth", ["-n", textRows, "-d", dim, "-o", "t.csv"]);
  await run("convert to .jsonl", ["t.csv", "-o", "t.jsonl"]);
  remove("t.csv");
  await run("compress .jsonl", ["t.jsonl", "-o", "t.pith"]);
  await run("verify", ["t.pith"]);
} catch (error) {
  failed = true;
  console.error(error.message);
} finally {
  rmSync(folder, { recursive: true, force: true });
  if (group) rmdirSync(group);
}

console.log(`${rows.toLocaleString("en-US")} x ${dim} float32, ${((rows * dim * 4) / 1e9).toFixed(2)} GB`);
console.log(
  `${cpus()[0].model.trim()}, Node ${process.versions.node}; limit by ${group ? "cgroup" : "measuring"}\n`,
);
console.log("| command | peak memory, MB | seconds |\n|---|--:|--:|");
for (const { name, mb, seconds } of results)
  console.log(`| ${name} | ${mb.toFixed(0)} | ${seconds.toFixed(1)} |`);
if (failed) process.exitCode = 1;

/** `pith NAME ARGS` to its end; what stands behind the command's name in `name` is given to it if it is an option. */
async function run(name, args) {
  const [command, ...words] = name.split(" ");
  const options = words[0]?.startsWith("--") && !args.includes(words[0]) ? words : [];
  const report =
    "process.on('exit',()=>require('node:fs').writeSync(3,String(process.resourceUsage().maxRSS)))";
  const hook = `data:text/javascript,import{createRequire}from'node:module';const require=createRequire('file:///');${report}`;
  const node = [process.execPath, "--import", hook, MAIN, command, ...args.map(String), ...options, "--json"];
  const [program, ...rest] = group
    ? ["sh", "-c", 'echo $$ > "$0" || exit 1; exec "$@"', join(group, "cgroup.procs"), ...node]
    : node;
  const start = performance.now();
  const child = spawn(program, rest, { cwd: folder, stdio: ["ignore", "ignore", "inherit", "pipe"] });
  let peak = "";
  child.stdio[3].on("data", (text) => (peak += text));
  const [status, signal] = await new Promise((resolve, reject) => {
    child.on("error", reject);
    child.on("close", (...how) => resolve(how));
  });
  const mb = (Number(peak) * 1024) / 1e6;
  results.push({ name, mb, seconds: (performance.now() - start) / 1000 });
  console.error(`${name}: ${signal ?? status}, ${mb.toFixed(0)} MB`);
  if (status !== 0) throw new Error(`${name}: ended with ${signal ?? status}`);
  if (mb > LIMIT_MB) {
    failed = true;
    console.error(`${name}: more than ${LIMIT_MB} MB`);
  }
}

function remove(name) {
  statSync(join(folder, name));
  rmSync(join(folder, name));
}

/** A control group with the limit; undefined where none can be made. */
function makeGroup() {
  const limit = String(LIMIT_MB * 1e6);
  for (const [root, file] of [
    ["/sys/fs/cgroup/memory", "memory.limit_in_bytes"],
    ["/sys/fs/cgroup", "memory.max"],
  ]) {
    const path = join(root, `pith-limits-${process.pid}`);
    try {
      mkdirSync(path);
      if (existsSync(join(path, file))) {
        writeFileSync(join(path, file), limit);
        return path;
      }
      rmdirSync(path);
    } catch {
      // Not ours to change: measured only.
    }
  }
  return undefined;
}
