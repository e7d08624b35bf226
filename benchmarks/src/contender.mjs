/**
 * Runs one Node contender in a process of its own: reads the task, measures, writes the rows found and prints the figures
 * as JSON. A method is made from the task and gives: encode (all rows), bytes, search (one query, all queries).
 */
import { readFileSync, statSync, writeFileSync } from "node:fs";
import { createRequire } from "node:module";
import { join } from "node:path";
import { PEERS } from "./peers.mjs";
import { rate, rateOnce } from "./timing.mjs";

const K = 10;
const METHODS = { "pith.int8": pith, "usearch.exact": usearchExact, "usearch.hnsw": usearchHnsw };

async function pith({ corpus, dim, count }) {
  const { backendReport, stateBytes } = await import("@pith/codec-core");
  const { int8 } = await import("@pith/int8");
  const codec = int8.create({ dim, metric: "cosine" });
  const input = { data: corpus, dim, count };
  const bytes = new Uint8Array(count * codec.stride);
  const scorer = codec.scorer("cosine");
  const codes = { bytes, stride: codec.stride, count };
  const { backend, isa } = backendReport();
  let searched = codes;
  return {
    setting: `${backend} ${isa}`,
    version: versionIn(join(PEERS, "../../packages/int8")),
    encode: () => codec.encodeInto(input, bytes),
    ready: () => {
      searched = codec.resident?.(codes) ?? codes;
    },
    bytes: () => ({
      code: codec.stride,
      total: codec.stride + stateBytes(codec.state()) / count,
      ...(searched === codes ? {} : { resident: searched.byteLength / count }),
    }),
    one: (query, k) => scorer.prepare(query).topK(searched, k).slots,
    all: (queries, k) =>
      scorer
        .topKBatch({ data: queries, dim, count: queries.length / dim }, searched, k)
        .map((hits) => hits.slots),
  };
}

/** usearch scans bytes that the caller made; cosine takes any scale, so each vector gets its own, as in our int8. */
async function usearchExact({ corpus, dim, count }) {
  const { usearch, version } = loadUsearch();
  let bytes;
  const search = (queries, k) => keys(usearch.exactSearch(bytes, toBytes(queries, dim), dim, k, "cos", 1), k);
  return {
    setting: "bytes by the caller",
    version,
    encode: null,
    ready: () => {
      bytes = toBytes(corpus, dim);
    },
    bytes: () => ({ code: dim, total: bytes.length / count }),
    one: (query, k) => search(query, k)[0],
    all: search,
  };
}

async function usearchHnsw({ corpus, dim, count, folder }) {
  const { usearch, version } = loadUsearch();
  const file = join(folder, "index.usearch");
  const index = new usearch.Index({
    dimensions: dim,
    metric: "cos",
    quantization: "i8",
    connectivity: 16,
    expansion_add: 128,
    expansion_search: 64,
  });
  return {
    setting: "M=16, ef=64",
    version,
    encodeOnce: () =>
      index.add(
        new BigUint64Array(count).map((_, i) => BigInt(i)),
        corpus,
        1,
      ),
    bytes: () => {
      index.save(file);
      return { code: dim, total: statSync(file).size / count };
    },
    one: (query, k) => keys(index.search(query, k, 1), k)[0],
    all: (queries, k) => keys(index.search(queries, k, 1), k),
  };
}

function loadUsearch() {
  const usearch = createRequire(join(PEERS, "package.json"))("usearch");
  return { usearch, version: versionIn(join(PEERS, "node_modules", "usearch")) };
}

function versionIn(folder) {
  return JSON.parse(readFileSync(join(folder, "package.json"), "utf8")).version;
}

function toBytes(vectors, dim) {
  const bytes = new Int8Array(vectors.length);
  for (let row = 0; row < vectors.length; row += dim) {
    let largest = 0;
    for (let j = row; j < row + dim; j++) largest = Math.max(largest, Math.abs(vectors[j]));
    const factor = largest > 0 ? 127 / largest : 0;
    for (let j = row; j < row + dim; j++) bytes[j] = Math.round(vectors[j] * factor);
  }
  return bytes;
}

/** Rows of k keys from usearch's 64-bit ones. */
function keys(matches, k) {
  const flat = Uint32Array.from(matches.keys, Number);
  return Array.from({ length: flat.length / k }, (_, i) => flat.subarray(i * k, (i + 1) * k));
}

function floats(file) {
  const bytes = readFileSync(file);
  return new Float32Array(bytes.buffer.slice(bytes.byteOffset, bytes.byteOffset + bytes.byteLength));
}

async function main() {
  const task = JSON.parse(readFileSync(process.argv[2], "utf8"));
  const { folder, dim, count, depth, seconds, foundFile } = task;
  const corpus = floats(join(folder, "corpus.f32"));
  const queries = floats(join(folder, "queries.f32"));
  const queryCount = queries.length / dim;
  const method = await METHODS[task.method]({ corpus, dim, count, folder });

  let encode = null;
  if (method.encodeOnce) encode = rateOnce(method.encodeOnce, count);
  else if (method.encode) encode = rate(method.encode, count, seconds);
  method.ready?.();

  const found = new Uint32Array(queryCount * depth).fill(0xffffffff);
  method.all(queries, depth).forEach((rows, q) => {
    found.set(rows, q * depth);
  });
  writeFileSync(foundFile, found);

  const k = Math.min(K, depth);
  const each = () => {
    for (let q = 0; q < queryCount; q++) method.one(queries.subarray(q * dim, (q + 1) * dim), k);
  };
  const single = rate(each, queryCount, seconds);
  const batch = rate(() => method.all(queries, k), queryCount, seconds);
  const { setting, version } = method;
  console.log(
    JSON.stringify({ setting, version, bytesPerVector: method.bytes(), speed: { encode, single, batch } }),
  );
}

await main();
