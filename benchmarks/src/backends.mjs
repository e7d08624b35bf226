/**
 * The backends of this machine beside each other, kernel by kernel: `node benchmarks/src/backends.mjs [rows] [dim]`
 * after a build. They take turns in each round and the fastest round counts. Prints a Markdown table of nanoseconds a row
 * (of a batch: a row and query), with the ratio to the first backend.
 */
import { cpus, loadavg } from "node:os";
import { kernels, SplitMix64, useBackend } from "@pith/codec-core";

const ROUNDS = 12;
const BATCH = 200;
const K = 10;
/** TypeScript is so much slower that a few rounds are enough. */
const SLOW_ROUNDS = 4;
/** A round takes at least about this many nanoseconds. */
const ROUND_NS = 5e6;

const rows = Number(process.argv[2] ?? 6000);
const dim = Number(process.argv[3] ?? 384);
const [data, queries] = clusters(rows, BATCH);
const one = queries.subarray(0, dim);
const codes = new Uint8Array(rows * (dim + 4));
const half = new Uint16Array(rows * dim);
const floats = new Float32Array(rows * dim);
const scores = new Float32Array(rows);
const hits = { slots: new Uint32Array(BATCH * K), scores: new Float32Array(BATCH * K) };
const oneHit = { slots: hits.slots.subarray(0, K), scores: hits.scores.subarray(0, K) };

/** Name, how many rows (or rows and queries) a call is counted for, the call. */
const WORK = [
  ["int8, encoding", rows, (k) => k.int8Encode(data, dim, true, codes)],
  ["int8, decoding", rows, (k) => k.int8Decode(codes, dim, floats)],
  ["int8, all scores", rows, (k) => k.int8Scores("cosine", one, codes, dim, scores)],
  ["int8, one query", rows, (k) => k.int8TopK("cosine", one, codes, dim, K, undefined, oneHit)],
  ["int8, batch", rows * BATCH, (k) => k.int8TopK("cosine", queries, codes, dim, K, undefined, hits)],
  ["int8 l2, one query", rows, (k) => k.int8TopK("l2", one, codes, dim, K, undefined, oneHit)],
  ["int8 l2, batch", rows * BATCH, (k) => k.int8TopK("l2", queries, codes, dim, K, undefined, hits)],
  ["float32, one query", rows, (k) => k.floatTopK("cosine", one, data, dim, K, undefined, oneHit)],
  ["float32, batch", rows * BATCH, (k) => k.floatTopK("cosine", queries, data, dim, K, undefined, hits)],
  ["to float16", rows, (k) => k.toFloat16(data, half)],
  ["from float16", rows, (k) => k.fromFloat16(half, floats)],
  ["float16, one query", rows, (k) => k.floatTopK("cosine", one, half, dim, K, undefined, oneHit)],
  ["float16, batch", rows * BATCH, (k) => k.floatTopK("cosine", queries, half, dim, K, undefined, hits)],
  ["norms", rows, (k) => k.norms(data, dim, scores)],
  ["finite or not", rows, (k) => k.firstNonFinite(data)],
];

const backends = [{ backend: "native" }, { backend: "portable" }, { backend: "portable", isa: "typescript" }]
  .map(start)
  .filter((found, i, all) => found && all.findIndex((other) => other?.isa === found.isa) === i);

const load = loadavg().map((value) => value.toFixed(1));
console.log(`${cpus()[0]?.model.trim()}, Node ${process.versions.node}, load ${load.join(" ")}`);
console.log(`${rows} x ${dim}, ${BATCH} queries in a batch, top ${K}\n`);
console.log(`| what | ${backends.map((k) => k.isa).join(" | ")} |\n|${" --- |".repeat(backends.length + 1)}`);
for (const [name, things, call] of WORK) {
  const best = backends.map(() => Infinity);
  for (let round = 0; round < ROUNDS; round++)
    backends.forEach((k, i) => {
      if (k.isa === "typescript" && round >= SLOW_ROUNDS) return;
      best[i] = Math.min(
        best[i],
        time(() => call(k), best[i]),
      );
    });
  const cells = best.map((ns, i) => {
    const each = ns / things;
    const shown = each < 100 ? each.toPrecision(2) : each.toFixed(0);
    return i === 0 ? shown : `${shown} (${(ns / best[0]).toFixed(1)}x)`;
  });
  console.log(`| ${name} | ${cells.join(" | ")} |`);
}

/** Nanoseconds of a call, over as many as make a round. */
function time(call, expected) {
  const calls = Math.max(1, Math.min(100, Math.ceil(ROUND_NS / Math.min(expected, ROUND_NS))));
  const start = process.hrtime.bigint();
  for (let i = 0; i < calls; i++) call();
  return Number(process.hrtime.bigint() - start) / calls;
}

function start(choice) {
  try {
    useBackend(choice);
    return kernels();
  } catch (error) {
    console.error(error.message);
    return undefined;
  }
}

/** Unit vectors around 200 centres, and queries alike. */
function clusters(...counts) {
  const random = new SplitMix64(1);
  const centres = Float32Array.from({ length: 200 * dim }, () => random.gaussian());
  return counts.map((count) => {
    const out = new Float32Array(count * dim);
    for (let at = 0; at < out.length; at += dim) {
      const centre = random.below(200) * dim;
      for (let j = 0; j < dim; j++) out[at + j] = centres[centre + j] + 0.8 * random.gaussian();
      const norm = Math.hypot(...out.subarray(at, at + dim));
      for (let j = 0; j < dim; j++) out[at + j] /= norm;
    }
    return out;
  });
}
