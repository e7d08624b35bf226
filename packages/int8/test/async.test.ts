/** An index that works off the event loop: native, and in blocks on TypeScript; alone, and in worker threads. */
import { Worker } from "node:worker_threads";
import {
  type BackendChoice,
  backendReport,
  FlatIndex,
  type PithError,
  SplitMix64,
  useBackend,
  type Vectors,
} from "@pith/codec-core";
import { afterEach, describe, expect, test } from "vitest";
import { int8 } from "../src/index.ts";

const { available } = backendReport();
const backends: BackendChoice[] = [{ backend: "portable" }];
if (available.length > 0) backends.push({ backend: "native" });

const DIM = 40;

/** Seeded rows, repeated with a drift: to draw each number would take longer than the tests. */
function rows(count: number, seed: number): Vectors {
  const random = new SplitMix64(seed);
  const few = Float32Array.from({ length: 300 * DIM }, () => random.gaussian());
  const data = Float32Array.from({ length: count * DIM }, (_, i) => few[i % few.length] + i / (count * DIM));
  return { data, dim: DIM, count };
}

const names = (count: number, prefix = "v"): string[] =>
  Array.from({ length: count }, (_, i) => `${prefix}${i}`);
const ABORTED = { code: "ABORTED" };

describe.each(backends)("an index on $backend", (choice) => {
  useBackend(choice);
  const first = backendReport();
  afterEach(() => useBackend({ backend: first.backend, isa: first.isa }));
  const start = (count: number, keep: "none" | "f32" = "none"): FlatIndex<string> => {
    useBackend(choice);
    const index = new FlatIndex<string>(int8.create({ dim: DIM }), { keep });
    index.add(names(count), rows(count, 1));
    return index;
  };

  test("adds and replaces as the calls that wait do", async () => {
    const [waiting, going] = [start(20, "f32"), start(20, "f32")];
    const more = rows(30, 2);
    waiting.add(names(30, "w"), more);
    await going.addAsync(names(30, "w"), more);
    expect(await going.upsertAsync(["v3", "x", "w7"], rows(3, 3))).toEqual(
      waiting.upsert(["v3", "x", "w7"], rows(3, 3)),
    );
    expect(going.toBytes()).toEqual(waiting.toBytes());
  });

  test("takes all or none, whatever happens on the way", async () => {
    const index = start(20, "f32");
    const before = index.toBytes();
    const many = rows(30_000, 4);
    const abort = new AbortController();
    const adding = index.addAsync(names(30_000, "w"), many, { signal: abort.signal });
    abort.abort();
    await expect(adding).rejects.toMatchObject(ABORTED);
    const late = new AbortController();
    const upserting = index.upsertAsync(names(30_000), many, {
      signal: late.signal,
      onProgress: () => late.abort(),
    });
    await expect(upserting).rejects.toMatchObject(ABORTED);
    await expect(index.addAsync(["v1"], rows(1, 5))).rejects.toMatchObject({ code: "DUPLICATE_ID" });
    await expect(index.addAsync(["w1", "w2"], rows(1, 5))).rejects.toMatchObject({
      code: "ID_COUNT_MISMATCH",
    });
    const bad = rows(50, 5);
    bad.data[45 * DIM] = Number.NaN;
    await expect(index.addAsync(names(50, "w"), bad)).rejects.toMatchObject({
      code: "NOT_FINITE",
      details: { row: 45, column: 0 },
    });
    expect(index.toBytes()).toEqual(before);
    // Taken by somebody else while it was encoded.
    const raced = index.addAsync(["w1", "w2"], rows(2, 6));
    index.add(["w2"], rows(1, 7));
    await expect(raced).rejects.toMatchObject({ code: "DUPLICATE_ID" });
    expect(index.has("w1")).toBe(false);
    const transferred = rows(3000, 8);
    const losing = index.addAsync(names(3000, "t"), transferred);
    structuredClone(transferred.data.buffer, { transfer: [transferred.data.buffer] });
    await expect(losing).rejects.toMatchObject({ code: "LENGTH_MISMATCH" });
    expect(index.size).toBe(21);
    const gone = index.addAsync(["z"], rows(1, 9));
    index[Symbol.dispose]();
    await expect(gone).rejects.toMatchObject({ code: "DISPOSED" });
  });

  test("a search sees the vectors that were there when it began", async () => {
    const index = start(20_000, "f32");
    const queries = rows(40, 10);
    const expected = await index.searchBatch(queries, 5, { rescore: true });
    const running = index.searchBatch(queries, 5, { rescore: true });
    index.upsert(names(20_000), rows(20_000, 11));
    index.add(["new"], rows(1, 10));
    expect(await running).toEqual(expected);
    expect(await index.searchBatch(queries, 5, { rescore: true })).not.toEqual(expected);
  });

  test("neither a change nor an abort is lost on a search that scores its hits again", async () => {
    const index = start(500, "f32");
    const queries = rows(100, 10);
    const expected = await index.searchBatch(queries, 5, { rescore: true });
    // When all is scanned, and the first of the hits were scored again.
    const late = (act: () => void) => (done: number, total: number) => {
      if (done === total) setImmediate(act);
    };
    const change = late(() => index.upsert(names(500), rows(500, 11)));
    expect(await index.searchBatch(queries, 5, { rescore: true, onProgress: change })).toEqual(expected);
    expect(await index.searchBatch(queries, 5, { rescore: true })).not.toEqual(expected);
    const abort = new AbortController();
    const searching = index.searchBatch(queries, 5, {
      rescore: true,
      signal: abort.signal,
      onProgress: late(() => abort.abort()),
    });
    await expect(searching).rejects.toMatchObject(ABORTED);
  });

  test("the event loop runs during a heavy search, which can be stopped", async () => {
    const index = start(40_000);
    // Where the machine is too fast for the event loop to be seen, twice as many queries.
    let count = choice.backend === "native" ? 2000 : 20;
    while (!((await runsMeanwhile(index, count)) && (await stopsAtOnce(index, count)))) count *= 2;
  });
});

/** False where the search was over before a few timers came. */
async function runsMeanwhile(index: FlatIndex<string>, count: number): Promise<boolean> {
  const said: number[] = [];
  let ticks = 0;
  const timer = setInterval(() => ticks++, 1);
  await index.searchBatch(rows(count, 12), 3, { onProgress: (done) => said.push(done) });
  clearInterval(timer);
  expect(said).toEqual([...said].sort((a, b) => a - b));
  expect(said.at(-1)).toBe(count);
  return ticks > 2;
}

/** False where the search was over before it could be stopped. */
async function stopsAtOnce(index: FlatIndex<string>, count: number): Promise<boolean> {
  const abort = new AbortController();
  let over = false;
  const running = index.searchBatch(rows(count, 12), 3, { signal: abort.signal });
  const end = running.then(
    () => "found",
    (error: PithError) => error.code,
  );
  void end.then(() => (over = true));
  for (let ticks = 0; ticks < 3 && !over; ticks++) await new Promise((resolve) => setTimeout(resolve, 1));
  if (over) return false;
  abort.abort();
  // On TypeScript a block of a few milliseconds may lie between, no more.
  for (let turns = 0; turns < 2 && !over; turns++) await new Promise((resolve) => setImmediate(resolve));
  expect(over).toBe(true);
  expect(await end).toBe("ABORTED");
  return true;
}

const WORKER = `
  import { parentPort, workerData } from "node:worker_threads";
  import { FlatIndex, int8 } from ${JSON.stringify(import.meta.resolve("../dist/index.js"))};
  const { data, dim } = workerData;
  const count = data.length / dim;
  const index = new FlatIndex(int8.create({ dim }));
  await index.addAsync(Array.from({ length: count }, (_, i) => "v" + i), { data, dim, count });
  const queries = { data: data.slice(0, 500 * dim), dim, count: 500 };
  const found = await index.searchBatch(queries, 1);
  parentPort.postMessage(found);
  for (;;) await index.searchBatch(queries, 10);`;

test("several worker threads encode and search at once, and can be ended in the middle", async () => {
  const { data } = rows(20_000, 13);
  const shared = new Float32Array(new SharedArrayBuffer(data.byteLength));
  shared.set(data);
  const source = new URL(`data:text/javascript,${encodeURIComponent(WORKER)}`);
  const workers = Array.from(
    { length: 3 },
    () => new Worker(source, { workerData: { data: shared, dim: DIM } }),
  );
  const own = await Promise.all(
    workers.map(
      (worker) =>
        new Promise((resolve, reject) => {
          worker.once("message", resolve);
          worker.once("error", reject);
        }),
    ),
  );
  const index = new FlatIndex<string>(int8.create({ dim: DIM }));
  index.add(names(20_000), { data, dim: DIM, count: 20_000 });
  const expected = names(500).map((_, i) => index.search(data.subarray(i * DIM, (i + 1) * DIM), 1));
  expect(own).toEqual([expected, expected, expected]);
  expect(await Promise.all(workers.map((worker) => worker.terminate()))).toEqual([1, 1, 1]);
});
