/**
 * Who is measured, and how one is run: a process of its own for each, one thread, the same vectors from the same files.
 * The contender answers with its figures; what it found is judged here, by the same code for all.
 */
import { spawnSync } from "node:child_process";
import { readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { PYTHON } from "./peers.mjs";

const node = (name, method, env = {}) => {
  return { name, runtime: "node", method, env, ours: method.startsWith("pith") };
};
const python = (name, method) => ({ name, runtime: "python", method, env: {}, ours: false });

export const CONTENDERS = [
  node("Pith int8, native", "pith.int8", { PITH_BACKEND: "native" }),
  node("Pith int8, portable", "pith.int8", { PITH_BACKEND: "portable" }),
  python("FAISS Flat, float32", "faiss.flat"),
  python("FAISS SQ8", "faiss.sq8"),
  python("NumKong int8", "numkong.int8"),
  python("turbovec, 4 bits", "turbovec.4bit"),
  python("usearch exact, int8", "usearch.exact"),
  python("usearch HNSW, int8", "usearch.hnsw"),
  node("usearch exact, int8, from Node", "usearch.exact"),
  node("usearch HNSW, int8, from Node", "usearch.hnsw"),
  node("simsimd int8, from Node", "simsimd.int8"),
  node("zvec flat int8, from Node", "zvec.int8"),
];

const SCRIPTS = {
  node: [process.execPath, fileURLToPath(new URL("contender.mjs", import.meta.url))],
  python: [PYTHON, fileURLToPath(new URL("contender.py", import.meta.url))],
};
const ONE_THREAD = ["OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS", "RAYON_NUM_THREADS"];

/**
 * Runs one contender on a dataset whose vectors lie in `folder`.
 * @returns {{ error: string } | { found: Uint32Array, [figure: string]: unknown }}
 */
export function runContender({ runtime, method, env }, task, folder, cpu) {
  const foundFile = join(folder, "found.u32");
  const figures = runProcess(runtime, { ...task, method, folder, foundFile }, { env, folder, cpu });
  if (figures.error !== undefined) return figures;
  const bytes = readFileSync(foundFile);
  const found = new Uint32Array(bytes.buffer.slice(bytes.byteOffset, bytes.byteOffset + bytes.byteLength));
  return { ...figures, found };
}

/** What one thread can read from memory: the ceiling of a scan that doesn't fit the caches. */
export function runBandwidth(seconds, folder, cpu) {
  return runProcess("python", { method: "bandwidth", seconds }, { env: {}, folder, cpu });
}

function runProcess(runtime, task, { env, folder, cpu }) {
  const taskFile = join(folder, "task.json");
  writeFileSync(taskFile, JSON.stringify(task));
  const command = [...SCRIPTS[runtime], taskFile];
  if (cpu !== undefined) command.unshift("taskset", "-c", cpu);
  const oneThread = Object.fromEntries(ONE_THREAD.map((name) => [name, "1"]));
  const result = spawnSync(command[0], command.slice(1), {
    env: { ...process.env, ...env, ...oneThread },
    encoding: "utf8",
    maxBuffer: 1 << 26,
  });
  if (result.status === 0) return JSON.parse(result.stdout);
  const lines = `${result.error?.message ?? ""}\n${result.stderr ?? ""}`.trim().split("\n");
  const line = lines.findLast((one) => /error/i.test(one)) ?? lines.at(-1);
  // Results are published: a path in a message shrinks to its last part.
  return { error: line.replaceAll(/(?:\/[^\s/:]+)+\//g, "") };
}
