/**
 * What the machine allows, measured in the run that it judges: how fast threads read buffers of several sizes (OR by SIMD
 * loads, and NumPy's dot product by OpenBLAS; the faster counts), and how many int8 multiply-adds a second one thread makes.
 * Speeds are shares of these ceilings: of reading for one query, of arithmetic for a batch.
 */
import { spawnSync } from "node:child_process";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { runBandwidth } from "./contenders.mjs";
import { median } from "./timing.mjs";

const NATIVE = fileURLToPath(new URL("../../packages/codec-core/native", import.meta.url));
const TARGET = join(NATIVE, "target");
const MIB = 2 ** 20;
/** From a cache's share to far beyond all caches. */
const SIZES = [8, 16, 24, 48, 96, 192, 512];
/** The buffer of NumPy's dot product. */
const DOT_BYTES = 512 * MIB;
const DOT_METHOD = "OpenBLAS sdot, 512 MiB";
/** Seconds for each buffer: whatever is measured by this needs more than a glance. */
const PROBE_SECONDS = 0.3;
/** Codes may be this much larger than the buffer that stands for them. */
const SLACK = 1.25;

/** Builds the probe; false, with a line on why, where there is no cargo. */
export function buildProbe(log) {
  const crate = ["--manifest-path", join(NATIVE, "Cargo.toml"), "-p", "pith-kernels", "--target-dir", TARGET];
  const cargo = ["build", "--release", "--locked", "--quiet", ...crate, "--example", "limits"];
  const { status, stderr } = spawnSync("cargo", cargo, { encoding: "utf8" });
  if (status !== 0) log(`limits: no probe, ${stderr?.trim().split("\n").at(-1) || "cargo not found"}`);
  return status === 0;
}

/** One measurement by all the probes that are there: `{ read, multiplyAddsPerSecond }`. */
export function measureLimits({ seconds, cpu, native, python, folder }) {
  const read = [];
  let multiplyAddsPerSecond = null;
  if (native) {
    const one = probe("1", cpu);
    const both = probe("2", undefined, "192,512");
    read.push(...[...one.read, ...both.read].map((rate) => ({ ...rate, method: "SIMD loads" })));
    multiplyAddsPerSecond = one.multiplyAddsPerSecond;
  }
  if (python) {
    const { bytesPerSecond } = runBandwidth(seconds, folder, cpu);
    if (bytesPerSecond) read.push({ bytes: DOT_BYTES, threads: 1, bytesPerSecond, method: DOT_METHOD });
  }
  return { read, multiplyAddsPerSecond };
}

function probe(threads, cpu, sizes = SIZES.join()) {
  const command = [join(TARGET, "release", "examples", "limits")];
  command.push("--seconds", String(PROBE_SECONDS), "--threads", threads, "--mebibytes", sizes);
  if (cpu !== undefined) command.unshift("taskset", "-c", cpu);
  const { status, stdout, stderr } = spawnSync(command[0], command.slice(1), { encoding: "utf8" });
  if (status !== 0) throw new Error(`limits: ${stderr}`);
  return JSON.parse(stdout);
}

/** Medians of the measurements of a run: what tables divide by. */
export function limitsOf(measured) {
  const key = ({ bytes, threads, method }) => `${bytes} ${threads} ${method}`;
  const all = measured.flatMap(({ read }) => read);
  const read = [...new Map(all.map((one) => [key(one), one])).values()].map((one) => ({
    ...one,
    bytesPerSecond: median(all.filter((other) => key(other) === key(one)).map((o) => o.bytesPerSecond)),
  }));
  return { read, multiplyAddsPerSecond: median(measured.map((one) => one.multiplyAddsPerSecond)) };
}

/** The fastest read beyond the caches by one thread, and how it was made; null where nothing was measured. */
export function memoryBandwidth({ read }) {
  const beyond = read.filter(({ bytes, threads }) => bytes >= DOT_BYTES && threads === 1);
  const best = beyond.sort((a, b) => b.bytesPerSecond - a.bytesPerSecond)[0];
  if (best === undefined) return null;
  const { bytesPerSecond, method } = best;
  return { bytesPerSecond, method: method === DOT_METHOD ? method : `${method}, ${DOT_BYTES / MIB} MiB` };
}

/**
 * Bytes a second that `threads` threads could read of so many bytes: the fastest probe of a buffer of that size or larger
 * (a larger buffer can't be faster but by chance; what it reached, a smaller one could have). Null without a probe.
 */
export function readCeiling({ read }, bytes, threads = 1) {
  const fit = read.filter((one) => one.threads === threads);
  const largest = Math.max(...fit.map((one) => one.bytes));
  const large = fit.filter((one) => one.bytes >= Math.min(bytes / SLACK, largest));
  return large.length === 0 ? null : Math.max(...large.map((one) => one.bytesPerSecond));
}
