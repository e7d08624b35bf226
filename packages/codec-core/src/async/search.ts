/**
 * Searching off the event loop: by asynchronous kernels where the scorer has them, else on the event loop in blocks of a
 * few milliseconds, whose hits are merged. The k best of all rows are among the k best of each block, and a score doesn't
 * depend on where its row stands, so that hits, scores and ties are those of one call.
 */
import type { Resident, Scorer } from "../contract/codec.ts";
import { type Codes, checkCodes, sliceCodes } from "../contract/codes.ts";
import type { Hits } from "../contract/hits.ts";
import type { NamedRows, Near } from "../contract/near.ts";
import { hitCount } from "../contract/scan-scorer.ts";
import { checkVectors, sliceVectors, type Vectors } from "../contract/vectors.ts";
import { Bitset } from "../flat/bitset.ts";
import { checkK, TopK } from "../flat/top-k.ts";
import { checkAttached } from "./encode.ts";
import { type AsyncOptions, BlockSize, pause, Work } from "./work.ts";

export interface AsyncSearchOptions extends AsyncOptions {
  /** Rows that may be hit. */
  readonly allow?: Bitset | undefined;
}

/** Floats of queries that share a pass over the rows. */
const QUERY_FLOATS = 65_536;
/** Products of the first block. */
const FIRST_PRODUCTS = 2 ** 20;
/** Rows of a word of the allow-list. */
const WORD = 32;

/**
 * What `scorer.topKBatch(queries, c, k, allow)` gives. Progress counts rows times queries. The arguments must not change
 * until the promise settles; codes in shared memory or a mapped file are read where they are, others are copied.
 * @throws what `topKBatch` throws, ABORTED
 */
export async function searchAsync(
  scorer: Scorer,
  queries: Vectors,
  c: Codes | Resident,
  k: number,
  { allow, ...options }: AsyncSearchOptions = {},
): Promise<Hits[]> {
  checkVectors(queries, queries.dim);
  checkK(k);
  const work = new Work(options, queries.count * c.count);
  const native = scorer.topKBatchAsync?.(queries, c, k, allow, options);
  if (native) return native;
  const search = (some: Vectors): Hits[] => scorer.topKBatch(some, c, k, allow);
  const hits =
    work.total === 0
      ? search(queries)
      : "kind" in c
        ? (await byQueries(work, queries, c.count, search)).flat()
        : await byRows(work, scorer, queries, c, k, allow);
  work.finish();
  return hits;
}

/**
 * What `scorer.nearBatch(queries, c, k, near, allow)` gives; as `searchAsync`. The scorer must have it.
 * @throws what `nearBatch` throws, ABORTED
 */
export async function nearAsync(
  scorer: Scorer,
  queries: Vectors,
  c: Codes | Resident,
  k: number,
  near: Near,
  { allow, ...options }: AsyncSearchOptions = {},
): Promise<NamedRows> {
  checkVectors(queries, queries.dim);
  checkK(k);
  const work = new Work(options, queries.count * c.count);
  const native = scorer.nearBatchAsync?.(queries, c, k, near, allow, options);
  if (native) return native;
  const search = (some: Vectors): NamedRows => scorer.nearBatch!(some, c, k, near, allow);
  if (work.total === 0) return search(queries);
  const parts = await byQueries(work, queries, c.count, search);
  const [{ width }] = parts;
  const slots = new Uint32Array(queries.count * width);
  let at = 0;
  for (const part of parts) {
    slots.set(part.slots, at);
    at += part.slots.length;
  }
  work.finish();
  return { slots, width };
}

/** Where rows can't be cut into blocks: some queries at a time. */
async function byQueries<T>(
  work: Work,
  queries: Vectors,
  rows: number,
  search: (some: Vectors) => T,
): Promise<T[]> {
  const out: T[] = [];
  const size = new BlockSize(1);
  for (let start = 0; start < queries.count; ) {
    await pause();
    work.check();
    const end = Math.min(queries.count, start + size.rows);
    size.begin();
    out.push(search(sliceVectors(queries, start, end)));
    size.end();
    work.progress(end * rows);
    start = end;
  }
  return out;
}

async function byRows(
  work: Work,
  scorer: Scorer,
  queries: Vectors,
  c: Codes,
  k: number,
  allow: Bitset | undefined,
): Promise<Hits[]> {
  checkCodes(c, c.stride);
  const hits = hitCount(c.count, k, allow);
  // Whatever is wrong with the arguments is found before the work begins.
  scorer.topKBatch(sliceVectors(queries, 0, 1), sliceCodes(c, 0, 0), k);
  const width = Math.max(1, Math.floor(QUERY_FLOATS / queries.dim));
  const out: Hits[] = [];
  for (let first = 0; first < queries.count; first += width) {
    const group = sliceVectors(queries, first, Math.min(queries.count, first + width));
    const best = Array.from({ length: group.count }, () => new TopK(hits));
    const size = new BlockSize(FIRST_PRODUCTS / group.data.length, WORD);
    for (let start = 0; start < c.count; ) {
      await pause();
      work.check();
      checkAttached(c.bytes.length, c.count * c.stride);
      const end = Math.min(c.count, start + size.rows);
      const list = allow && sliceBits(allow, start, end);
      size.begin();
      mergeHits(best, scorer.topKBatch(group, sliceCodes(c, start, end), k, list), start);
      size.end();
      work.progress(first * c.count + group.count * end);
      start = end;
    }
    out.push(...best.map((heap) => heap.hits()));
  }
  return out;
}

/** Bits `start` (a multiple of 32) to `end`, on the same memory. */
export function sliceBits(bits: Bitset, start: number, end: number): Bitset {
  return new Bitset(end - start, bits.words.subarray(start >>> 5, (end + 31) >>> 5));
}

/** Takes in the hits of a block of rows that begins at row `start`. */
export function mergeHits(best: readonly TopK[], found: readonly Hits[], start: number): void {
  found.forEach(({ slots, scores, length }, q) => {
    for (let i = 0; i < length; i++) best[q].push(start + slots[i], scores[i]);
  });
}
