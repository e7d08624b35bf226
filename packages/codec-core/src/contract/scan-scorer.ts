/**
 * A Scorer over two scan kernels. Whatever is the same for every codec lives here once: checks, the query's unit
 * length under cosine, how many hits there can be, and cutting a batch's output into hits.
 */
import type { AsyncOptions } from "../async/work.ts";
import { PithError } from "../errors.ts";
import type { Bitset } from "../flat/bitset.ts";
import { checkK } from "../flat/top-k.ts";
import { kernels } from "../kernels/backend.ts";
import type { NearHits, TopKOutput } from "../kernels/kernels.ts";
import type { PreparedQuery, Resident, Scorer } from "./codec.ts";
import { type Codes, checkCodes, checkOutput } from "./codes.ts";
import type { Hits } from "./hits.ts";
import type { Metric } from "./metric.ts";
import { checkWithin, leaveNear, type NamedRows, type Near, NO_SLOT } from "./near.ts";
import { checkQuery, checkVectors, type Vectors } from "./vectors.ts";

/** What a codec brings: both see queries that were checked, and of unit length under cosine. */
export interface CodeScan {
  /**
   * What the scan makes of checked queries, once for each query: rotated, with terms of their own beside them... As
   * many floats for each query, at least one; new memory. Default: they stay as they are.
   */
  prepare?(queries: Float32Array): Float32Array;
  /** A prepared query for codes around a centre, which was checked; `query` is what it was prepared from. New memory. */
  around?(prepared: Float32Array, query: Float32Array, centre: Float32Array): Float32Array;
  /** Score of each code into `out`. */
  scores(query: Float32Array, codes: Codes, out: Float32Array): void;
  /** The k best codes of each query; k is at least 1 and at most the number of allowed codes. */
  topK(queries: Float32Array, codes: Codes, k: number, allow: Bitset | undefined, out: TopKOutput): void;
  /** Searches of codes laid out by `codec.resident`, where it has such. */
  readonly resident?: {
    /** Whether this codec laid them out. */
    owns(c: Resident): boolean;
    /** As `topK` above; with `near` slots from the first hit on that is too far off are 2^32 - 1. */
    near(
      queries: Float32Array,
      c: Resident,
      k: number,
      near: NearHits | undefined,
      allow: Bitset | undefined,
      out: TopKOutput,
    ): void;
    /** As `near`, off the event loop; undefined where the backend in use has no such kernel. */
    nearAsync?(
      queries: Float32Array,
      c: Resident,
      k: number,
      near: NearHits | undefined,
      allow: Bitset | undefined,
      options: AsyncOptions,
    ): Promise<TopKOutput> | undefined;
  };
  /** The standard error of each query: as it is (of unit length under cosine), and prepared. */
  errors?(queries: Float32Array, prepared: Float32Array): Float32Array;
  /** As `topK`, of the rows that are named for each query; false where the backend in use has no such kernel. */
  among?(queries: Float32Array, codes: Codes, named: Uint32Array, k: number, out: TopKOutput): boolean;
  /** As `topK`, off the event loop; undefined where the backend in use has no such kernel. */
  topKAsync?(
    queries: Float32Array,
    codes: Codes,
    k: number,
    allow: Bitset | undefined,
    options: AsyncOptions,
  ): Promise<TopKOutput> | undefined;
}

export function scanScorer(
  codec: { readonly name: string; readonly dim: number; readonly stride: number },
  metric: Metric,
  scan: CodeScan,
): Scorer {
  const check = (c: Codes | Resident): void => {
    if (!("kind" in c)) checkCodes(c, codec.stride);
    else if (!scan.resident?.owns(c))
      throw new PithError(
        "CODEC_MISMATCH",
        `expected codes of this ${codec.name}, got some laid out by another codec`,
        {
          expected: codec.name,
          actual: c.codec,
        },
      );
  };
  const search = (
    queries: Float32Array,
    c: Codes | Resident,
    k: number,
    near: NearHits | undefined,
    allow: Bitset | undefined,
    out: TopKOutput,
  ): void => {
    if ("kind" in c) scan.resident?.near(queries, c, k, near, allow, out);
    else scan.topK(queries, c, k, allow, out);
  };
  // Arrays of a few elements live inside V8's heap and are moved out when native code asks for them, which costs more
  // than a small search: one query's hits are written into room that stays, and copied.
  let room: TopKOutput = { slots: new Uint32Array(0), scores: new Float32Array(0) };
  const roomFor = (hits: number): TopKOutput => {
    if (room.slots.length !== hits) {
      const bytes = new ArrayBuffer(hits * 8);
      room = { slots: new Uint32Array(bytes, 0, hits), scores: new Float32Array(bytes, hits * 4, hits) };
    }
    return room;
  };
  const hitsOf = (
    queries: Float32Array,
    count: number,
    c: Codes | Resident,
    k: number,
    allow: Bitset | undefined,
  ): Hits[] => {
    check(c);
    const hits = hitCount(c.count, k, allow);
    const out = count === 1 ? roomFor(hits) : outputOf(count * hits);
    if (hits > 0 && count > 0) search(queries, c, hits, undefined, allow, out);
    return cutHits(out, count, hits).map((cut) => (count === 1 ? copied(cut) : cut));
  };
  const unit = (queries: Float32Array): Float32Array =>
    metric === "cosine" ? unitRows(queries, codec.dim) : queries;
  const ready = (queries: Float32Array): Float32Array => {
    const q = unit(queries);
    return scan.prepare ? scan.prepare(q) : q;
  };
  const prepared = (q: Float32Array): PreparedQuery => ({
    scoreInto(c, out) {
      checkCodes(c, codec.stride);
      checkOutput(out.length, c.count, "scores");
      if (c.count > 0) scan.scores(q, c, out);
    },
    topK: (c, k, allow) => hitsOf(q, 1, c, k, allow)[0],
  });
  const scorer: Scorer = {
    metric,
    prepare(query: Float32Array): PreparedQuery {
      checkQuery(query, codec.dim);
      const { prepare, around } = scan;
      const own = unit(metric === "cosine" || (prepare && !around) ? query : query.slice());
      const q = prepare ? prepare.call(scan, own) : own;
      if (!around) return prepared(q);
      return {
        ...prepared(q),
        around(centre) {
          checkQuery(centre, codec.dim);
          return prepared(around.call(scan, q, own, centre));
        },
      };
    },
    topKBatch(queries: Vectors, c, k, allow) {
      checkVectors(queries, codec.dim);
      return hitsOf(ready(queries.data), queries.count, c, k, allow);
    },
  };
  const { errors } = scan;
  const nearOf = (
    queries: Vectors,
    k: number,
    { within }: Near,
    width: number,
  ): [ready: Float32Array, near: NearHits] => {
    checkVectors(queries, codec.dim);
    checkK(k);
    checkWithin(within);
    const q = unit(queries.data);
    const prepared = scan.prepare?.(q) ?? q;
    const margins = errors?.call(scan, q, prepared).map((error) => within * error);
    return [prepared, { k: Math.min(k, width), margins: margins ?? new Float32Array(queries.count) }];
  };
  if (errors)
    scorer.nearBatch = (queries, c, k, near, allow) => {
      check(c);
      const width = hitCount(c.count, Math.max(k, near.most), allow);
      const [q, wanted] = nearOf(queries, k, near, width);
      const out = outputOf(queries.count * width);
      if (out.slots.length > 0) search(q, c, width, wanted, allow, out);
      return "kind" in c ? { slots: out.slots, width } : namedNear(out, width, wanted);
    };
  const { among } = scan;
  if (among)
    scorer.topKAmong = (queries, c, rows, k) => {
      checkVectors(queries, codec.dim);
      checkCodes(c, codec.stride);
      checkK(k);
      checkOutput(rows.slots.length, queries.count * rows.width, "slots");
      const hits = Math.min(k, rows.width);
      const out = outputOf(queries.count * hits);
      if (hits > 0 && queries.count > 0 && !among.call(scan, ready(queries.data), c, rows.slots, hits, out))
        return undefined;
      return cutHits(out, queries.count, hits);
    };
  if (!scan.topKAsync) return scorer;
  const outputAsync = (
    queries: Float32Array,
    c: Codes | Resident,
    k: number,
    near: NearHits | undefined,
    allow: Bitset | undefined,
    options: AsyncOptions,
  ): Promise<TopKOutput> | undefined => {
    if (k === 0 || queries.length === 0) return undefined;
    if ("kind" in c) return scan.resident?.nearAsync?.(queries, c, k, near, allow, options);
    return scan.topKAsync?.(queries, c, k, allow, options);
  };
  scorer.topKBatchAsync = (queries, c, k, allow, options) => {
    checkVectors(queries, codec.dim);
    check(c);
    const hits = hitCount(c.count, k, allow);
    const running = outputAsync(ready(queries.data), c, hits, undefined, allow, options);
    return running?.then((out) => cutHits(out, queries.count, hits));
  };
  if (errors)
    scorer.nearBatchAsync = (queries, c, k, near, allow, options) => {
      check(c);
      const width = hitCount(c.count, Math.max(k, near.most), allow);
      const [q, wanted] = nearOf(queries, k, near, width);
      const running = outputAsync(q, c, width, wanted, allow, options);
      return running?.then((out) =>
        "kind" in c ? { slots: out.slots, width } : namedNear(out, width, wanted),
      );
    };
  return scorer;
}

/** The hits that a kernel writes, `hits` for each query. */
export function topKOf(count: number, hits: number, search: (hits: number, out: TopKOutput) => void): Hits[] {
  const out = outputOf(count * hits);
  if (out.slots.length > 0) search(hits, out);
  return cutHits(out, count, hits);
}

function outputOf(length: number): TopKOutput {
  return { slots: new Uint32Array(length), scores: new Float32Array(length) };
}

function copied({ slots, scores, length }: Hits): Hits {
  return { slots: slots.slice(), scores: scores.slice(), length };
}

/** The hits of each query, from where a kernel wrote them one after another; from its last on their slots are NO_SLOT. */
function cutHits({ slots, scores }: TopKOutput, count: number, hits: number): Hits[] {
  return Array.from({ length: count }, (_, i) => {
    const [start, end] = [i * hits, (i + 1) * hits];
    // Most often there are all.
    const length =
      hits === 0 || slots[end - 1] !== NO_SLOT ? hits : slots.subarray(start, end).indexOf(NO_SLOT);
    return {
      slots: slots.subarray(start, start + length),
      scores: scores.subarray(start, start + length),
      length,
    };
  });
}

/** Rows that are near, of `width` hits for each query. */
function namedNear(out: TopKOutput, width: number, near: NearHits): NamedRows {
  leaveNear(out, width, near);
  return { slots: out.slots, width };
}

/**
 * How many hits a search gives: min(k, allowed rows).
 * @throws INVALID_ARGUMENT (k), LENGTH_MISMATCH (allow)
 */
export function hitCount(count: number, k: number, allow?: Bitset): number {
  checkK(k);
  if (!allow) return Math.min(k, count);
  checkOutput(allow.length, count, "bits of the allow-list");
  return Math.min(k, allow.count());
}

/** Rows divided by their norms, in a new array; zero rows stay zero. In float64, so no square can overflow. */
export function unitRows(data: Float32Array, dim: number): Float32Array {
  const out = new Float32Array(data.length);
  kernels().unitRows(data, dim, out);
  return out;
}
