/**
 * Rows worth scoring again: codes that err leave the true best ones among those that score little less. How many these are
 * differs from query to query, and a query's standard error tells.
 */
import { PithError } from "../errors.ts";
import type { NearHits, TopKOutput } from "../kernels/kernels.ts";
import type { Hits } from "./hits.ts";

export interface Near {
  /** Rows at most. */
  readonly most: number;
  /** Of those beyond the k-th only such as score up to so many standard errors of the query less. */
  readonly within: number;
}

/** Rows for each query, in no order: `width` slots for one after another, from its end on `NO_SLOT`. */
export interface NamedRows {
  readonly slots: Uint32Array;
  readonly width: number;
}

/** Ends a query's rows that are fewer than others'. */
export const NO_SLOT: number = 2 ** 32 - 1;

/** The rows of query i, a view. */
export function rowsOf({ slots, width }: NamedRows, i: number): Uint32Array {
  const own = slots.subarray(i * width, (i + 1) * width);
  const end = own.indexOf(NO_SLOT);
  return end < 0 ? own : own.subarray(0, end);
}

/** The rows of some of the queries, a view. */
export function sliceNamed({ slots, width }: NamedRows, start: number, end: number): NamedRows {
  return { slots: slots.subarray(start * width, end * width), width };
}

/** The rows of hits, as many for each query. */
export function namedRows(hits: readonly Hits[]): NamedRows {
  const width = hits.reduce((most, { length }) => Math.max(most, length), 0);
  const slots = new Uint32Array(hits.length * width);
  hits.forEach((own, i) => {
    slots.set(own.slots, i * width);
    slots.fill(NO_SLOT, i * width + own.length, (i + 1) * width);
  });
  return { slots, width };
}

/** How many of the hits score no more than `margin` less than the k-th. */
export function nearCount({ scores, length }: Hits, k: number, margin: number): number {
  if (length <= k || margin === Infinity) return length;
  const least = scores[k - 1] - margin;
  let [end, beyond] = [k, length];
  while (end < beyond) {
    const middle = (end + beyond) >>> 1;
    if (scores[middle] >= least) end = middle + 1;
    else beyond = middle;
  }
  return end;
}

/** Ends each query's `width` hits, best first, where they are no longer near. */
export function leaveNear({ slots, scores }: TopKOutput, width: number, { k, margins }: NearHits): void {
  margins.forEach((margin, i) => {
    const [start, end] = [i * width, (i + 1) * width];
    const own = { slots: slots.subarray(start, end), scores: scores.subarray(start, end), length: width };
    own.slots.fill(NO_SLOT, nearCount(own, k, margin));
  });
}

/** @throws INVALID_ARGUMENT */
export function checkWithin(within: number): void {
  if (!(within >= 0))
    throw new PithError("INVALID_ARGUMENT", `expected within from 0, got ${within}`, { actual: within });
}
