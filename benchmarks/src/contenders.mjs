/**
 * Who is measured, and how one is run: a process of its own for each, one thread, the same vectors from the same files.
 * The contender answers with its figures; what it found is judged here, by the same code for all.
 */
import { spawnSync } from "node:child_process";
import { existsSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { PYTHON } from "./peers.mjs";

/** More take too long to score a call a row, as one matrix of products, or to encode by some; variants say nothing new. */
const MANY_ROWS = 100_000;
/** More take too long to insert one by one, to build a graph of, to scan in plain TypeScript. */
const FEW_ROWS = 30_000;

const ours = (name, params, more = {}) => {
  const env = { PITH_BACKEND: "native", ...more.env };
  return { name, runtime: "node", method: "pith", params, flat: true, ours: true, ...more, env };
};
const node = (name, method, more = {}) => {
  return { name, runtime: "node", method, env: {}, flat: true, ours: false, ...more };
};
const python = (name, method, params = {}, more = {}) => {
  return { name, runtime: "python", method, params, env: {}, flat: true, ours: false, ...more };
};
const bits = (n) => (n === 1 ? "1 bit" : `${n} bits`);

const int8 = (options = {}) => ({ from: "@pith/int8", codec: "int8", options });
const spectral = (bytes, more = {}) => ({
  from: "@pith/spectral",
  codec: "spectral",
  options: { bytes, ...more },
});
/** In nibbles up to a bit a dim, which are scanned by tables of sixteen entries. */
const scalar = { quantizer: "scalar" };
/** Scored again: hits up to so many standard errors below the tenth. */
const near = { within: 2.5 };
/** Bytes of a code of 384 dims, and the coefficients and bits that find most in them. */
const DFT = [
  [25, { topK: 24, phaseBits: 3 }],
  [97, { topK: 115, phaseBits: 4, magBits: 1 }],
  [193, { topK: 167, phaseBits: 5, magBits: 3 }],
];
/** Sizes of a code at which codecs of any kind are held against each other. */
const BYTES = [24, 32, 48, 96, 192];
/** Bytes, bits and dims that rabitqlib has to be given to come to those sizes, or just below, with the 16 or 24 bytes of its own. */
const PCA = [
  [24, 1, 64],
  [32, 1, 128],
  [48, 1, 256],
  [88, 2, 256],
  [184, 4, 320],
];
const graph = { flat: false, maxRows: FEW_ROWS };
const notHuge = { maxRows: MANY_ROWS };
/** Of a codec that encodes slowly, past the caches the narrowest and the widest must do. */
const ends = (n) => (n === 1 || n === 4 ? {} : notHuge);
const quality = { datasets: ["bundled", "scifact", "debian"] };
/** Off the event loop, on the cores that the process may use. */
const threads = (n) =>
  ours(
    `Pith int8, asynchronous, ${n === 1 ? "1 thread" : `${n} threads`}`,
    { ...int8(), threads: n },
    { threads: n, datasets: ["tiled-500k"] },
  );

/** Codes of few bytes first, then the best `oversample` x k again. */
const twoSteps = (name, codec, keep, oversample, more = {}) =>
  ours(name, { ...codec, keep, oversample, ...more }, { method: "pith.rescored" });
const turbo = (n, more = {}) => ({
  from: "@pith/turboquant",
  codec: "turboquant",
  options: { bits: n, ...more },
});

export const CONTENDERS = [
  ours("Pith int8, native", int8()),
  ours("Pith int8, portable", int8(), { env: { PITH_BACKEND: "portable" } }),
  ours("Pith int8, TypeScript", int8(), {
    env: { PITH_BACKEND: "portable", PITH_ISA: "typescript" },
    maxRows: FEW_ROWS,
    queries: 20,
  }),
  ours("Pith int8 rotated", int8({ rotate: "hadamard" }), notHuge),
  ours("Pith int8 grouped by 64", int8({ group: 64 }), notHuge),
  ...[4, 3, 2, 1].map((n) => ours(`Pith turboquant, ${bits(n)}`, turbo(n))),
  ...[4, 3, 2, 1].map((n) =>
    ours(`Pith turboquant, trellis, ${bits(n)}`, turbo(n, { trellis: true }), ends(n)),
  ),
  ...BYTES.map((n) => ours(`Pith spectral, ${n} bytes`, spectral(n), notHuge)),
  ...[24, 32, 48].map((n) => ours(`Pith spectral scalar, ${n} bytes`, spectral(n, scalar), notHuge)),
  ...DFT.map(([n, options]) =>
    ours(`Pith spectral-dft, ${n} bytes`, { from: "@pith/spectral", codec: "spectralDft", options }, notHuge),
  ),
  twoSteps("Pith turboquant, 1 bit, then float16", turbo(1), "f16", 12),
  ...[24, 32].map((n) => twoSteps(`Pith spectral, ${n} bytes, then int8`, spectral(n), "int8", 40, near)),
  ...[24, 32].flatMap((n) => [
    twoSteps(`Pith spectral scalar, ${n} bytes, then int8`, spectral(n, scalar), "int8", 40, near),
    twoSteps(`Pith spectral scalar, ${n} bytes, then int8 of the file`, spectral(n, scalar), "int8", 40, {
      ...near,
      inFile: true,
    }),
  ]),
  threads(1),
  threads(2),
  python("FAISS Flat, float32", "faiss.flat"),
  python("FAISS SQ8", "faiss.sq8"),
  ...[4, 3, 2, 1].map((n) =>
    // It encodes slowly: past the caches the ends must do.
    python(
      `FAISS RaBitQ, ${bits(n)}`,
      "faiss.rabitq",
      { bits: n },
      n % 3 === 1 ? {} : { maxRows: MANY_ROWS },
    ),
  ),
  ...[4, 3, 2, 1].map((n) =>
    python(`FAISS RaBitQ rotated, ${bits(n)}`, "faiss.rabitq", { bits: n, rotated: true }, quality),
  ),
  ...BYTES.map((n) => python(`FAISS PQ, ${n} bytes`, "faiss.codebooks", { setting: `PQ${n}np` }, quality)),
  ...BYTES.map((n) =>
    python(`FAISS OPQ, ${n} bytes`, "faiss.codebooks", { setting: `OPQ${n},PQ${n}np` }, quality),
  ),
  // Past 48 bytes a chain of codebooks would take minutes to learn: several shorter ones, each for a part of the dims.
  ...BYTES.map((n) =>
    python(
      `FAISS ${n > 48 ? "PRQ" : "RQ"}, ${n} bytes`,
      "faiss.codebooks",
      { setting: `${n > 48 ? `PRQ${n / 24}x24` : `RQ${n}`}x8_Nnone` },
      quality,
    ),
  ),
  ...BYTES.map((n) =>
    python(`FAISS PQ fast-scan, ${n} bytes`, "faiss.codebooks", { setting: `PQ${2 * n}x4fs` }, quality),
  ),
  ...[24, 48].map((n) =>
    python(
      `FAISS PQ fast-scan, ${n} bytes, then SQ8`,
      "faiss.codebooks",
      { setting: `PQ${2 * n}x4fs,Refine(SQ8)`, refine: n === 24 ? 40 : 10 },
      notHuge,
    ),
  ),
  ...[4, 3, 2, 1].map((n) => python(`rabitqlib, ${bits(n)}`, "rabitqlib", { bits: n }, ends(n))),
  ...PCA.map(([bytes, n, dims]) =>
    python(`rabitqlib after PCA, ${bytes} bytes`, "rabitqlib.pca", { bits: n, dims }, quality),
  ),
  ...[4, 3, 2].map((n) => python(`turbovec, ${bits(n)}`, "turbovec", { bits: n })),
  ...[4, 3, 2].map((n) =>
    python(`turbovec calibrated, ${bits(n)}`, "turbovec", { bits: n, calibrated: true }, notHuge),
  ),
  python("NumKong int8", "numkong.int8", {}, notHuge),
  python("usearch exact, int8", "usearch.exact"),
  python("usearch HNSW, int8", "usearch.hnsw", {}, graph),
  node("usearch exact, int8, from Node", "usearch.exact"),
  node("usearch HNSW, int8, from Node", "usearch.hnsw", graph),
  node("simsimd int8, from Node", "simsimd.int8", { ...notHuge, queries: 50 }),
  node("zvec flat int8, from Node", "zvec.int8", { maxRows: FEW_ROWS }),
];

/** Whether a contender takes part on a dataset. */
export function takesPart({ datasets, maxRows = Infinity }, { name, count }) {
  return count <= maxRows && (datasets?.includes(name) ?? true);
}

const SCRIPTS = {
  node: [process.execPath, fileURLToPath(new URL("contender.mjs", import.meta.url))],
  python: [PYTHON, fileURLToPath(new URL("contender.py", import.meta.url))],
};
const ONE_THREAD = ["OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS", "RAYON_NUM_THREADS"];

/**
 * Runs one contender on a dataset whose vectors lie in `folder`; what it builds there serves the rounds to come.
 * @returns {{ error: string } | { skipped: string } | { found: Uint32Array, [figure: string]: unknown }}
 */
export function runContender(contender, task, folder, cpu) {
  const { runtime, name, method, params, env, threads, queries = Infinity } = contender;
  const foundFile = join(folder, "found.u32");
  rmSync(foundFile, { force: true });
  const builtFile = join(folder, `built-${name.replaceAll(/\W+/g, "-")}`);
  const speedQueries = {
    single: Math.min(task.speedQueries.single, queries),
    batch: Math.min(task.speedQueries.batch, queries),
  };
  const given = { ...task, method, params, folder, foundFile, builtFile, speedQueries };
  const figures = runProcess(runtime, given, { env, folder, cpu: threads > 1 ? undefined : cpu });
  if (!existsSync(foundFile)) return figures;
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
