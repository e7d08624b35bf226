/** What is measured of a collection: recall and speed of searches, that nothing is lost, memory, bytes on disk. */
import { readdirSync, readFileSync, statSync } from "node:fs";
import { join } from "node:path";
import { isPithError, kernels, recallAt, unitRows } from "@pith/codec-core";

export const K = 10;

/** Of each query the rows of its k nearest by cosine, compared one by one. */
export function exactNearest(queries, { data, dim, count }, k = K) {
  const out = { slots: new Uint32Array(k * queries.count), scores: new Float32Array(k * queries.count) };
  kernels().floatTopK(
    "cosine",
    unitRows(queries.data, dim),
    data.subarray(0, count * dim),
    dim,
    k,
    undefined,
    out,
  );
  return Array.from({ length: queries.count }, (_, q) => out.slots.subarray(q * k, (q + 1) * k));
}

/**
 * Searches with every query, `atOnce` at a time.
 * @returns recall@10 (a query that failed found nothing), queries a second, median and 99th percentile in ms, failures by code
 */
export async function searchAll(collection, queries, exact, rowOf, atOnce) {
  const found = [];
  const times = [];
  const failures = {};
  let next = 0;
  const worker = async () => {
    for (let q = next++; q < queries.count; q = next++) {
      const query = queries.data.subarray(q * queries.dim, (q + 1) * queries.dim);
      const start = performance.now();
      try {
        const hits = await collection.search(query, K, { payloads: false });
        found[q] = hits.map(({ id }) => rowOf.get(id));
      } catch (error) {
        if (!isPithError(error)) throw error;
        found[q] = [];
        failures[error.code] = (failures[error.code] ?? 0) + 1;
      }
      times.push(performance.now() - start);
    }
  };
  const start = performance.now();
  await Promise.all(Array.from({ length: atOnce }, worker));
  const seconds = (performance.now() - start) / 1000;
  times.sort((a, b) => a - b);
  return {
    recall: recallAt(K, found, exact),
    perSecond: queries.count / seconds,
    medianMs: times[times.length >> 1],
    p99Ms: times[Math.floor(times.length * 0.99)],
    failures,
  };
}

/**
 * Reads every point: which of the ids aren't there, how many are that nobody pushed. Each envelope's checksum is compared on the way.
 */
export async function lostAndStrange(collection, ids) {
  const missing = new Set(ids);
  let strange = 0;
  for await (const { ids: found } of collection.scroll({ batch: 2000 }))
    for (const id of found) if (!missing.delete(id)) strange++;
  return { lost: missing.size, strange };
}

/** Bytes that a process has in memory; null where the system doesn't tell. */
export function residentBytes(pid) {
  try {
    return Number(/^VmRSS:\s+(\d+) kB/m.exec(readFileSync(`/proc/${pid}/status`, "utf8"))?.[1]) * 1024;
  } catch {
    return null;
  }
}

/** Bytes on disk of a collection over all nodes, which must be stopped: until then some are in write-ahead logs. */
export function bytesOnDisk(nodes, collection) {
  return nodes.reduce((sum, { data }) => sum + sizeOf(join(data, collection.toLowerCase())), 0);
}

function sizeOf(path) {
  const stat = statSync(path);
  if (!stat.isDirectory()) return stat.blocks * 512;
  return readdirSync(path).reduce((sum, name) => sum + sizeOf(join(path, name)), 0);
}
