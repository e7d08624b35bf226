/**
 * The backends of this machine beside each other, kernel by kernel: `node benchmarks/src/backends.mjs [--json] [rows] [dim]`
 * after a build. They take turns in each round and the fastest round counts. Prints a Markdown table of nanoseconds a row
 * (of a batch: a row and query), with the ratio to the first backend, and one of what a call costs however little it does:
 * microseconds of calls of next to no work. `--json` prints the nanoseconds of all of them.
 */
import { cpus, loadavg } from "node:os";
import { kernels, SplitMix64, useBackend } from "@pith/codec-core";
import { int8 } from "@pith/int8";

const ROUNDS = 12;
const BATCH = 200;
const K = 10;
/** TypeScript is so much slower that a few rounds are enough. */
const SLOW_ROUNDS = 4;
/** A round takes at least about this many nanoseconds. */
const ROUND_NS = 5e6;

const numbers = process.argv.slice(2).filter((arg) => arg !== "--json");
const rows = Number(numbers[0] ?? 6000);
const dim = Number(numbers[1] ?? 384);
const [data, queries] = clusters(rows, BATCH);
const one = queries.subarray(0, dim);
const codes = new Uint8Array(rows * (dim + 4));
const half = new Uint16Array(rows * dim);
const floats = new Float32Array(rows * dim);
const scores = new Float32Array(rows);
const hits = { slots: new Uint32Array(BATCH * K), scores: new Float32Array(BATCH * K) };
const oneBest = { slots: new Uint32Array(1), scores: new Float32Array(1) };
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

/** What a call costs by itself: through the kernels, and through a prepared query as programs search. */
const nothing = new Float32Array(0);
const fewCodes = codes.subarray(0, 100 * (dim + 4));
const scorer = int8.create({ dim }).scorer("cosine");
const CALLS = [
  ["a kernel, no rows", 1, (k) => k.firstNonFinite(nothing)],
  ...[1, 10, 100].map((count) => [
    `a kernel, one query over ${count === 1 ? "1 row" : `${count} rows`}`,
    1,
    (k) => k.int8TopK("cosine", one, few(count).bytes, dim, 1, undefined, oneBest),
  ]),
  ...[1, 10, 100].map((count) => [
    `prepare and topK over ${count === 1 ? "1 row" : `${count} rows`}`,
    1,
    () => scorer.prepare(one).topK(few(count), Math.min(K, count)),
  ]),
];

const choices = [{ backend: "native" }, { backend: "portable" }, { backend: "portable", isa: "typescript" }];
const backends = choices
  .map((choice) => ({ choice, k: start(choice) }))
  .filter(({ k }, i, all) => k && all.findIndex((other) => other.k?.isa === k.isa) === i);
const isas = backends.map(({ k }) => k.isa);
// The codes that calls of a few rows read are there before those are timed.
backends[0].k.int8Encode(data, dim, true, codes);
const [work, calls] = [WORK, CALLS].map((list) => list.map(measure));

if (process.argv.includes("--json"))
  console.log(JSON.stringify({ rows, dim, batch: BATCH, k: K, isas, work, calls }));
else {
  const load = loadavg().map((value) => value.toFixed(1));
  console.log(`${cpus()[0]?.model.trim()}, Node ${process.versions.node}, load ${load.join(" ")}`);
  console.log(`${rows} x ${dim}, ${BATCH} queries in a batch, top ${K}\n`);
  table("what, ns a row", work, (ns) => ns);
  table("a call, us", calls, (ns) => ns / 1000);
}

/** The least nanoseconds of each backend for one thing. */
function measure([name, things, call]) {
  const best = backends.map(() => Infinity);
  for (let round = 0; round < ROUNDS; round++)
    backends.forEach(({ choice, k }, i) => {
      if (k.isa === "typescript" && round >= SLOW_ROUNDS) return;
      useBackend(choice);
      best[i] = Math.min(
        best[i],
        time(() => call(k), best[i]),
      );
    });
  return { name, nanoseconds: best.map((ns) => ns / things) };
}

function table(title, list, unit) {
  console.log(`| ${title} | ${isas.join(" | ")} |\n|${" --- |".repeat(isas.length + 1)}`);
  for (const { name, nanoseconds } of list) {
    const cells = nanoseconds.map((ns, i) => {
      const each = unit(ns);
      const shown = each < 100 ? each.toPrecision(2) : each.toFixed(0);
      return i === 0 ? shown : `${shown} (${(ns / nanoseconds[0]).toFixed(1)}x)`;
    });
    console.log(`| ${name} | ${cells.join(" | ")} |`);
  }
  console.log();
}

function few(count) {
  return { bytes: fewCodes.subarray(0, count * (dim + 4)), stride: dim + 4, count };
}

/** Nanoseconds of a call, over as many as make a round. */
function time(call, expected) {
  // Little calls are repeated until the clock can tell them.
  const most = expected < 50_000 ? 2_000 : 100;
  const calls = Math.max(1, Math.min(most, Math.ceil(ROUND_NS / Math.min(expected, ROUND_NS))));
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
