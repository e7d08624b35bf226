/**
 * Runs one Node contender in a process of its own: reads the task, measures, writes the rows found and prints the figures
 * as JSON. A method is made from the task and gives: encode (all rows), bytes, search (one query, all queries).
 */
import { readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { simsimd, usearchExact, usearchHnsw, versionIn, zvec } from "./node-peers.mjs";
import { PEERS } from "./peers.mjs";
import { rate, rateOnce } from "./timing.mjs";

const K = 10;
const METHODS = {
  "pith.int8": pith,
  "simsimd.int8": simsimd,
  "usearch.exact": usearchExact,
  "usearch.hnsw": usearchHnsw,
  "zvec.int8": zvec,
};

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
  // Some peers take one query a call and no more: they have no batch.
  const batch = method.oneByOne ? null : rate(() => method.all(queries, k), queryCount, seconds);
  const { setting, version } = method;
  console.log(
    JSON.stringify({ setting, version, bytesPerVector: method.bytes(), speed: { encode, single, batch } }),
  );
}

await main();
