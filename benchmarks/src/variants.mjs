/**
 * What each variant of int8, binary and the spectral codecs costs in recall, and how much rescoring brings back:
 *
 *   PITH_DATA=... node benchmarks/src/variants.mjs [--folder DATA]...
 *
 * Prints Markdown. Recall is against exact float search over the same vectors. Speeds are the best of five runs of one
 * thread, relative to plain int8 in the same run; they include the binding.
 */
import { parseArgs } from "node:util";
import { backendReport, FlatIndex, kernels, recallAt, TopK } from "@pith/codec-core";
import { int8 } from "@pith/int8";
import { binary } from "@pith/int8/binary";
import { spectral, spectralDft } from "@pith/spectral";
import { chooseDatasets } from "./datasets.mjs";
import { machine } from "./machine.mjs";

const K = 10;
const OVERSAMPLES = [1, 2, 4, 8, 10, 16, 32];
const SAMPLE_ROWS = 65_536;

const hadamard = { rotate: "hadamard" };
const VARIANTS = [
  [int8, {}],
  [int8, hadamard],
  [int8, { scale: "ls" }],
  [int8, { ...hadamard, scale: "ls" }],
  ...[128, 64, 32, 16].map((group) => [int8, { group }]),
  [int8, { group: 32, scale: "ls" }],
  [int8, { group: 32, ...hadamard }],
  [binary, {}],
  [binary, hadamard],
  [binary, { centre: true }],
  [binary, { centre: true, ...hadamard }],
  ...[24, 32, 48, 96, 192].map((bytes) => [spectral, { bytes }]),
  ...[24, 48].map((bytes) => [spectral, { bytes, quantizer: "scalar" }]),
  // 25, 97 and 193 bytes at 384 dims.
  [spectralDft, { topK: 24, phaseBits: 3 }],
  [spectralDft, { topK: 115, phaseBits: 4, magBits: 1 }],
  [spectralDft, { topK: 167, phaseBits: 5, magBits: 3 }],
];

/** What is kept of each data set for rescoring. */
const stored = new Map();

const { values } = parseArgs({ options: { folder: { type: "string", multiple: true, default: [] } } });
const { backend, isa } = backendReport();
console.log(`${machine().cpu}, Node ${process.versions.node}, ${backend}/${isa}\n`);
const data = { data: values.folder, datasets: [], maxRows: Infinity, tiled: false };
for (const { load } of chooseDatasets(data, console.error)) await measure(load);

async function measure(load) {
  const { name, dim, corpus, queries } = await load();
  const rows = { data: corpus, dim, count: corpus.length / dim };
  const asked = { data: queries, dim, count: queries.length / dim };
  const exact = exactSlots(rows, asked);
  const recall = (hits) => recallAt(K, hits, exact);
  console.log(`## ${name}: ${rows.count} x ${dim}, ${asked.count} queries\n`);
  line("codec", "bytes/vector", "recall@10", "encode", "search");
  line("---", "---", "---", "---", "---");
  let base;
  const coarse = [];
  for (const [family, options] of VARIANTS) {
    const codec = make(family, options, rows);
    const codes = codec.encode(rows);
    const scorer = codec.scorer("cosine");
    const found = scorer.topKBatch(asked, codes, K * OVERSAMPLES.at(-1));
    const slots = found.map((hits) => hits.slots);
    const times = {
      encode: best(() => codec.encode(rows)),
      search: best(() => scorer.topKBatch(asked, codes, K)),
    };
    base ??= times;
    const label = `${family.name}${Object.entries(options).map(([key, value]) => ` ${key}=${value}`)}`;
    const relative = (what) => `${(base[what] / times[what]).toFixed(2)}x`;
    line(label, codec.stride, recall(slots).toFixed(4), relative("encode"), relative("search"));
    if (family !== int8) coarse.push([label, slots]);
    if (codec.symmetricScorer)
      coarse.push([`${label}, code to code`, codeToCode(codec, codes, codec.encode(asked))]);
  }
  console.log(
    `\nRecall@10 after the best 10 x oversample hits are scored again, and of queries that are codes too:\n`,
  );
  line("codec", ...OVERSAMPLES.map((o) => `x${o}`));
  line("---", ...OVERSAMPLES.map(() => "---"));
  const stores = [
    ["f16", (slots, query) => rescored("f16", rows, slots, query)],
    ["int8", (slots, query) => rescored("int8", rows, slots, query)],
  ];
  for (const [label, slots] of coarse) {
    if (label.startsWith("int8") && !/^int8,/.test(label)) continue;
    for (const [store, again] of label.startsWith("int8") ? [["none", undefined]] : stores) {
      const cells = OVERSAMPLES.map((o) => {
        if (!again) return o === 1 ? recall(slots).toFixed(4) : "";
        const cut = slots.map((s, q) =>
          again(s.subarray(0, K * o), queries.subarray(q * dim, (q + 1) * dim)),
        );
        return recall(cut).toFixed(4);
      });
      line(again ? `${label}, then ${store}` : label, ...cells);
    }
  }
  await throughIndex(rows, asked, recall);
}

function make(family, options, rows) {
  const all = { ...options, dim: rows.dim };
  if ((family.training?.(all).sample ?? "none") === "none") return family.create(all);
  // Evenly spaced, as files are trained on.
  const count = Math.min(SAMPLE_ROWS, rows.count);
  const data = new Float32Array(count * rows.dim);
  for (let i = 0; i < count; i++) {
    const row = Math.floor((i * rows.count) / count);
    data.set(rows.data.subarray(row * rows.dim, (row + 1) * rows.dim), i * rows.dim);
  }
  return family.train({ data, dim: rows.dim, count }, all);
}

function exactSlots({ data, dim }, { data: queries, count }) {
  const out = { slots: new Uint32Array(count * K), scores: new Float32Array(count * K) };
  kernels().floatTopK("cosine", queries, data, dim, K, undefined, out);
  return Array.from({ length: count }, (_, q) => out.slots.subarray(q * K, (q + 1) * K));
}

/** The best slots for each query by its code. */
function codeToCode(codec, codes, asked) {
  const scorer = codec.symmetricScorer("cosine");
  const scores = new Float32Array(codes.count);
  return Array.from({ length: asked.count }, (_, q) => {
    const bytes = asked.bytes.subarray(q * codec.stride, (q + 1) * codec.stride);
    scorer.scoreInto({ bytes, stride: codec.stride, count: 1 }, codes, scores);
    const best = new TopK(K * OVERSAMPLES.at(-1));
    for (let row = 0; row < codes.count; row++) best.push(row, scores[row]);
    return best.hits().slots;
  });
}

/** Slots by the scores of what is kept of them: float16 rows, or int8 codes. */
function rescored(store, rows, slots, query) {
  const { dim } = rows;
  if (!stored.has(rows)) {
    const half = new Uint16Array(rows.data.length);
    kernels().toFloat16(rows.data, half);
    const codec = int8.create({ dim });
    stored.set(rows, { half, codec, codes: codec.encode(rows).bytes });
  }
  const { half, codec, codes } = stored.get(rows);
  const scores = new Float32Array(slots.length);
  if (store === "f16") {
    const part = new Uint16Array(slots.length * dim);
    for (const [i, slot] of slots.entries()) part.set(half.subarray(slot * dim, (slot + 1) * dim), i * dim);
    kernels().floatScores("cosine", query, part, dim, scores);
  } else {
    const part = new Uint8Array(slots.length * codec.stride);
    const { stride } = codec;
    for (const [i, slot] of slots.entries())
      part.set(codes.subarray(slot * stride, (slot + 1) * stride), i * stride);
    codec.scorer("cosine").prepare(query).scoreInto({ bytes: part, stride, count: slots.length }, scores);
  }
  const order = Array.from(scores.keys()).sort((a, b) => scores[b] - scores[a] || slots[a] - slots[b]);
  return Uint32Array.from(order.slice(0, K), (i) => slots[i]);
}

/** The same by FlatIndex, which is what programs use. */
async function throughIndex(rows, asked, recall) {
  const index = new FlatIndex(binary.create({ dim: rows.dim }), { keep: "f16" });
  index.add([...Array(rows.count).keys()], rows);
  const { bytesPerVector } = index.stats();
  for (const oversample of [8, 10, 16]) {
    const found = await index.searchBatch(asked, K, { rescore: true, oversample });
    const slots = found.map((matches) => Uint32Array.from(matches, (match) => match.id));
    console.log(
      `\nFlatIndex over binary, keep f16 (${bytesPerVector} bytes/vector, ${index.codec.stride} of them scanned), ` +
        `rescore, oversample ${oversample}: ${recall(slots).toFixed(4)}`,
    );
  }
  console.log();
}

function best(work) {
  let least = Infinity;
  for (let i = 0; i < 5; i++) {
    const start = performance.now();
    work();
    least = Math.min(least, performance.now() - start);
  }
  return least;
}

function line(...cells) {
  console.log(`| ${cells.join(" | ")} |`);
}
