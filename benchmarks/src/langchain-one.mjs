/**
 * A process of its own for langchain.mjs: builds one store and measures it ("measure"), writes a folder of documents
 * ("write"), or opens one ("open"). Takes a job as JSON, prints the result as JSON.
 *
 * Memory is what the process holds beyond what it held before the store was made, with the vectors that go into it loaded
 * before: of JavaScript's heap and the buffers beside it, and of the whole process (RSS), where native memory shows too, but
 * not what takes the place of memory that was free before. The larger of the two counts.
 */
import { Session } from "node:inspector/promises";
import { setTimeout as sleep } from "node:timers/promises";
import { loadDataset } from "./datasets.mjs";
import { addRows, STORES } from "./langchain-stores.mjs";
import { NOISE, tile } from "./tiled.mjs";
import { rate } from "./timing.mjs";

const K = 10;
const BATCH = 1000;
/** Rows at a time of what is larger than the dataset. */
const BLOCK = 20_000;

const session = new Session();
session.connect();

const JOBS = { measure, write, open };
const job = JSON.parse(process.argv[2]);
console.log(JSON.stringify(await JOBS[job.kind](job)));
// A store may hold threads or handles that nobody closes.
process.exit(0);

async function measure({ name, data, documents, queries: queryCount, seconds, folder }) {
  const { corpus, queries, dim, count } = await loadDataset(data, documents);
  const asked = rowsOf(queries, dim).slice(0, queryCount);
  // What is loaded and compiled once, and the room that batches pass through, aren't the store's: a small one goes before.
  const { open } = STORES[name];
  let small = await open({ folder: `${folder}/small`, dim });
  const few = Math.min(3 * BATCH, count);
  await addRows(small, { corpus, dim, start: 0, end: few, batch: BATCH });
  for (const query of asked.slice(0, 20)) await small.similaritySearchVectorWithScore(query, K);
  await small.close?.();
  small = undefined;

  const before = await memory();
  const store = await open({ folder: `${folder}/store`, dim });
  const start = performance.now();
  await addRows(store, { corpus, dim, start: 0, end: count, batch: BATCH });
  const build = performance.now() - start;
  const found = [];
  for (const query of asked) found.push(await rowsFound(store, query));
  const after = await memory();
  const pass = async () => {
    for (const query of asked.slice(0, 20)) await store.similaritySearchVectorWithScore(query, K);
  };
  const searches = await rate(pass, Math.min(20, asked.length), seconds);
  return {
    found,
    documents: count,
    memory: difference(after, before),
    buildSeconds: build / 1000,
    searchesPerSecond: searches,
  };
}

/** What buffers hold isn't all in `external`. */
function difference(after, before) {
  const more = (part) => after[part] - before[part];
  const heap = more("heapUsed") + Math.max(more("external"), more("arrayBuffers"));
  return { heap, process: more("rss"), larger: Math.max(heap, more("rss")) };
}

async function rowsFound(store, query) {
  const hits = await store.similaritySearchVectorWithScore(query, K);
  return hits.map(([document]) => Number(document.metadata.row));
}

function rowsOf(data, dim) {
  return Array.from({ length: data.length / dim }, (_, i) =>
    Array.from(data.subarray(i * dim, (i + 1) * dim)),
  );
}

/**
 * Bytes, after garbage is gone. The inspector's collection also gives pages back, of which the heap otherwise keeps as many
 * again as it needs.
 */
async function memory() {
  for (let i = 0; i < 4; i++) {
    await session.post("HeapProfiler.collectGarbage");
    await sleep(50);
  }
  return process.memoryUsage();
}

async function write({ data, documents, folder, name }) {
  const { corpus, dim } = await loadDataset(data, BLOCK);
  const store = await STORES[name].open({ folder, dim });
  for (let start = 0; start < documents; start += BLOCK) {
    const count = Math.min(BLOCK, documents - start);
    const rows = tile(corpus, dim, count, start);
    await addRows(store, { corpus: rows, dim, start, end: start + count, batch: BATCH });
  }
  await store.compact();
  const { size } = store;
  await store.close();
  return { documents: size, dim, source: `the rows repeated with noise of ${NOISE}` };
}

/** From before the package is loaded, and from before `open`, to an open store and to its first hits. */
async function open({ folder, name, dim }) {
  const query = Array.from({ length: dim }, (_, i) => Math.sin(i));
  const begin = performance.now();
  await import("@pith/adapters/langchain");
  const loaded = performance.now();
  const store = await STORES[name].open({ folder, dim });
  const opened = performance.now();
  const hits = await store.similaritySearchVectorWithScore(query, K);
  const first = performance.now();
  const { size } = store;
  await store.close();
  if (hits.length !== Math.min(K, size)) throw new Error(`expected ${K} hits, got ${hits.length}`);
  return { documents: size, load: loaded - begin, open: opened - loaded, firstHits: first - opened };
}
