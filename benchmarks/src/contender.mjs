/**
 * Runs one Node contender in a process of its own: reads the task, measures, writes the rows found and prints the figures
 * as JSON. A method is made from the task and gives: encode (all rows), bytes, search (one query, all queries).
 */
import { existsSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { simsimd, usearchExact, usearchHnsw, zvec } from "./node-peers.mjs";
import { pith } from "./pith-codec.mjs";
import { pithRescored } from "./pith-rescored.mjs";
import { rate, rateOnce } from "./timing.mjs";

const K = 10;
const METHODS = {
  pith,
  "pith.rescored": pithRescored,
  "simsimd.int8": simsimd,
  "usearch.exact": usearchExact,
  "usearch.hnsw": usearchHnsw,
  "zvec.int8": zvec,
};

function floats(file) {
  const bytes = readFileSync(file);
  return new Float32Array(bytes.buffer.slice(bytes.byteOffset, bytes.byteOffset + bytes.byteLength));
}

async function main() {
  const task = JSON.parse(readFileSync(process.argv[2], "utf8"));
  const { folder, dim, count, depth, seconds, foundFile, builtFile, params, speedQueries } = task;
  const corpus = floats(join(folder, "corpus.f32"));
  const queries = floats(join(folder, "queries.f32"));
  const method = await METHODS[task.method]({ corpus, dim, count, folder, params });
  if (method.skipped !== undefined) {
    console.log(JSON.stringify(method));
    return;
  }

  let encode = null;
  if (method.load && existsSync(builtFile)) method.load(builtFile);
  else if (method.encodeOnce) encode = await rateOnce(method.encodeOnce, count);
  else if (method.encode) encode = await rate(method.encode, count, seconds);
  if (encode !== null) method.save?.(builtFile);
  await method.ready?.();

  const judged = queries.subarray(0, task.recallQueries * dim);
  const found = new Uint32Array(task.recallQueries * depth).fill(0xffffffff);
  if (task.recallQueries > 0) {
    (await method.all(judged, depth)).forEach((rows, q) => {
      found.set(rows, q * depth);
    });
    writeFileSync(foundFile, found);
  }

  const k = Math.min(K, depth);
  const each = async () => {
    for (let q = 0; q < speedQueries.single; q++) {
      const rows = method.one(queries.subarray(q * dim, (q + 1) * dim), k);
      // A promise is waited for; waiting for a value too would cost a turn of the event loop.
      if (rows instanceof Promise) await rows;
    }
  };
  const many = queries.subarray(0, speedQueries.batch * dim);
  const single = await rate(each, speedQueries.single, seconds);
  // Some peers take one query a call and no more: they have no batch.
  const batch =
    method.oneByOne || speedQueries.batch === 0
      ? null
      : await rate(() => method.all(many, k), speedQueries.batch, seconds);
  const { setting, version, trainSeconds } = method;
  const speed = { encode, single, batch };
  console.log(JSON.stringify({ setting, version, trainSeconds, bytesPerVector: method.bytes(), speed }));
}

await main();
