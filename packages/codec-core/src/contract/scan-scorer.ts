/**
 * A Scorer over two scan kernels. Whatever is the same for every codec lives here once: checks, the query's unit
 * length under cosine, how many hits there can be, and cutting a batch's output into hits.
 */
import type { AsyncOptions } from "../async/work.ts";
import { PithError } from "../errors.ts";
import type { Bitset } from "../flat/bitset.ts";
import { checkK } from "../flat/top-k.ts";
import { kernels } from "../kernels/backend.ts";
import type { TopKOutput } from "../kernels/kernels.ts";
import type { PreparedQuery, Resident, Scorer } from "./codec.ts";
import { type Codes, checkCodes, checkOutput } from "./codes.ts";
import type { Hits } from "./hits.ts";
import type { Metric } from "./metric.ts";
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
    topK(queries: Float32Array, c: Resident, k: number, allow: Bitset | undefined, out: TopKOutput): void;
  };
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
  const hitsOf = (
    queries: Float32Array,
    count: number,
    c: Codes | Resident,
    k: number,
    allow?: Bitset,
  ): Hits[] => {
    check(c);
    const hits = hitCount(c.count, k, allow);
    if (count === 1) return [one(queries, c, hits, allow)];
    const out = { slots: new Uint32Array(count * hits), scores: new Float32Array(count * hits) };
    if (hits > 0 && count > 0) search(queries, c, hits, allow, out);
    return cutHits(out, count, hits);
  };
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
    allow: Bitset | undefined,
    out: TopKOutput,
  ): void => {
    if ("kind" in c) scan.resident?.topK(queries, c, k, allow, out);
    else scan.topK(queries, c, k, allow, out);
  };
  // Arrays of a few elements live inside V8's heap and are moved out when native code asks for them, which costs more
  // than a small search: one query's hits are written into room that stays, and copied.
  let room = { slots: new Uint32Array(0), scores: new Float32Array(0) };
  const one = (query: Float32Array, c: Codes | Resident, hits: number, allow?: Bitset): Hits => {
    if (room.slots.length !== hits) {
      const bytes = new ArrayBuffer(hits * 8);
      room = { slots: new Uint32Array(bytes, 0, hits), scores: new Float32Array(bytes, hits * 4, hits) };
    }
    if (hits > 0) search(query, c, hits, allow, room);
    return { slots: room.slots.slice(), scores: room.scores.slice(), length: hits };
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
  const { topKAsync } = scan;
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
  if (!topKAsync) return scorer;
  return {
    ...scorer,
    topKBatchAsync(queries, c, k, allow, options) {
      checkVectors(queries, codec.dim);
      check(c);
      const hits = hitCount(c.count, k, allow);
      if (hits === 0 || queries.count === 0 || "kind" in c) return undefined;
      return topKAsync
        .call(scan, ready(queries.data), c, hits, allow, options)
        ?.then((out) => cutHits(out, queries.count, hits));
    },
  };
}

/** The hits of each query, from where a kernel wrote them one after another. */
function cutHits({ slots, scores }: TopKOutput, count: number, hits: number): Hits[] {
  return Array.from({ length: count }, (_, i) => ({
    slots: slots.subarray(i * hits, (i + 1) * hits),
    scores: scores.subarray(i * hits, (i + 1) * hits),
    length: hits,
  }));
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
