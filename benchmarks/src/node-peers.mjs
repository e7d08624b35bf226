/** The peers that run in Node, each as a method that contender.mjs measures. */
import { readdirSync, readFileSync, rmSync, statSync } from "node:fs";
import { createRequire } from "node:module";
import { join } from "node:path";
import { PEERS } from "./peers.mjs";

/** usearch scans bytes that the caller made; cosine takes any scale, so each vector gets its own, as in our int8. */
export async function usearchExact({ corpus, dim, count }) {
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

export async function usearchHnsw({ corpus, dim, count, folder }) {
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
    save: (to) => index.save(to),
    load: (from) => index.load(from),
    bytes: () => {
      index.save(file);
      return { code: dim, total: statSync(file).size / count };
    },
    one: (query, k) => keys(index.search(query, k, 1), k)[0],
    all: (queries, k) => keys(index.search(queries, k, 1), k),
  };
}

/** simsimd has no search: each row is one call from JavaScript, which keeps the best. */
export async function simsimd({ corpus, dim, count }) {
  const [lib, version] = load("simsimd");
  let rows;
  let factors;
  const one = (query, k) => {
    const code = toBytes(query, dim);
    const best = [];
    for (let row = 0; row < count; row++) {
      const score = lib.inner(code, rows[row]) * factors[row];
      if (best.length === k && score <= best[k - 1].score) continue;
      const at = best.findIndex((hit) => hit.score < score);
      best.splice(at < 0 ? best.length : at, 0, { row, score });
      if (best.length > k) best.pop();
    }
    return best.map((hit) => hit.row);
  };
  return {
    setting: "a call a row",
    version,
    encode: null,
    ready: () => {
      const bytes = toBytes(corpus, dim);
      rows = Array.from({ length: count }, (_, i) => bytes.subarray(i * dim, (i + 1) * dim));
      factors = largestOfRows(corpus, dim).map((largest) => largest / 127);
    },
    bytes: () => ({ code: dim + 4, total: dim + 4 }),
    oneByOne: true,
    one,
    all: (queries, k) => eachQuery(queries, dim, (query) => one(query, k)),
  };
}

export async function zvec({ corpus, dim, count, folder }) {
  const [lib, version] = load("@zvec/zvec");
  const path = join(folder, "zvec");
  rmSync(path, { recursive: true, force: true });
  const indexParams = {
    indexType: lib.ZVecIndexType.FLAT,
    metricType: lib.ZVecMetricType.IP,
    quantizeType: lib.ZVecQuantizeType.INT8,
  };
  const vectors = { name: "e", dataType: lib.ZVecDataType.VECTOR_FP32, dimension: dim, indexParams };
  const index = lib.ZVecCreateAndOpen(path, new lib.ZVecCollectionSchema({ name: "rows", vectors }));
  const one = (query, k) =>
    index.querySync({ fieldName: "e", vector: Array.from(query), topk: k }).map((hit) => Number(hit.id));
  return {
    setting: "FLAT, INT8",
    version,
    encodeOnce: () => {
      const STEP = 500;
      for (let start = 0; start < count; start += STEP) {
        const rows = Array.from({ length: Math.min(STEP, count - start) }, (_, i) => start + i);
        index.insertSync(
          rows.map((row) => ({
            id: String(row),
            vectors: { e: Array.from(corpus.subarray(row * dim, (row + 1) * dim)) },
          })),
        );
      }
      index.optimizeSync?.();
    },
    // It keeps the floats as well, for inserts to come.
    bytes: () => ({ code: dim, total: folderBytes(path) / count }),
    oneByOne: true,
    one,
    all: (queries, k) => eachQuery(queries, dim, (query) => one(query, k)),
  };
}

function eachQuery(queries, dim, search) {
  return Array.from({ length: queries.length / dim }, (_, q) =>
    search(queries.subarray(q * dim, (q + 1) * dim)),
  );
}

function folderBytes(folder) {
  const files = readdirSync(folder, { recursive: true, withFileTypes: true }).filter((entry) =>
    entry.isFile(),
  );
  return files.reduce((sum, file) => sum + statSync(join(file.parentPath ?? file.path, file.name)).size, 0);
}

function loadUsearch() {
  const [usearch, version] = load("usearch");
  return { usearch, version };
}

function load(name) {
  return [createRequire(join(PEERS, "package.json"))(name), versionIn(join(PEERS, "node_modules", name))];
}

function versionIn(folder) {
  return JSON.parse(readFileSync(join(folder, "package.json"), "utf8")).version;
}

function toBytes(vectors, dim) {
  const bytes = new Int8Array(vectors.length);
  largestOfRows(vectors, dim).forEach((largest, row) => {
    const factor = largest > 0 ? 127 / largest : 0;
    for (let j = row * dim; j < (row + 1) * dim; j++) bytes[j] = Math.round(vectors[j] * factor);
  });
  return bytes;
}

function largestOfRows(vectors, dim) {
  return Float32Array.from({ length: vectors.length / dim }, (_, row) => {
    let largest = 0;
    for (let j = row * dim; j < (row + 1) * dim; j++) largest = Math.max(largest, Math.abs(vectors[j]));
    return largest;
  });
}

/** Rows of k keys from usearch's 64-bit ones. */
function keys(matches, k) {
  const flat = Uint32Array.from(matches.keys, Number);
  return Array.from({ length: flat.length / k }, (_, i) => flat.subarray(i * k, (i + 1) * k));
}
