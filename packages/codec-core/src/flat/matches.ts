/** What a search of a flat index is asked for, and its hits as ids. */
import { aborted, BlockSize, pause } from "../async/work.ts";
import type { Codec } from "../contract/codec.ts";
import type { Hits } from "../contract/hits.ts";
import { sliceVectors, type Vectors } from "../contract/vectors.ts";
import { PithError } from "../errors.ts";
import type { Id } from "../ids.ts";
import { Bitset } from "./bitset.ts";
import type { IdMap } from "./id-map.ts";
import type { KeptRows } from "./persist.ts";
import { checkK } from "./top-k.ts";

export interface Match<I extends Id = Id> {
  readonly id: I;
  readonly score: number;
}

export interface SearchOptions<I extends Id = Id> {
  /** Only these ids (unknown ones are no error), or only ids for which the function says true. */
  readonly filter?: { readonly allow: Iterable<I> } | ((id: I) => boolean);
  /** Score the best `oversample * k` hits again with what is kept. Needs `keep`. Default false. */
  readonly rescore?: boolean;
  /** From 1; default 4. */
  readonly oversample?: number;
  /**
   * Of these, score again only hits that are up to so many standard errors below the k-th: fewer where scores fall off fast,
   * so that `oversample` may be large. 2.5 and an oversample of 40 suit codes of a bit for 2 dims. Needs a codec that
   * states errors (`queryError`). Default: all of them.
   */
  readonly within?: number;
}

/** How many hits of the codes a search for k needs. @throws INVALID_ARGUMENT, NOT_SUPPORTED */
export function hitsWanted(
  k: number,
  { rescore = false, oversample = 4 }: Pick<SearchOptions, "rescore" | "oversample">,
  originals: KeptRows | undefined,
): number {
  checkK(k);
  if (rescore && !originals)
    throw new PithError("NOT_SUPPORTED", "rescoring needs originals: make the index with keep");
  if (!(oversample >= 1))
    throw new PithError("INVALID_ARGUMENT", `expected an oversample from 1, got ${oversample}`, {
      actual: oversample,
    });
  return rescore ? Math.ceil(k * oversample) : k;
}

/**
 * How far below the k-th hit of each query hits are still scored again; undefined where that doesn't matter.
 * @throws INVALID_ARGUMENT, NOT_SUPPORTED
 */
export function marginsOf(
  codec: Codec,
  queries: Vectors,
  { rescore, within }: Pick<SearchOptions, "rescore" | "within">,
): Float32Array | undefined {
  if (within === undefined) return undefined;
  if (!(within >= 0))
    throw new PithError("INVALID_ARGUMENT", `expected within from 0, got ${within}`, { actual: within });
  if (!codec.queryError)
    throw new PithError(
      "NOT_SUPPORTED",
      `${codec.name} doesn't state standard errors, which \`within\` counts in`,
    );
  return rescore ? codec.queryError(queries).map((error) => within * error) : undefined;
}

/** The hits that are no more than `margin` below the k-th. */
function near({ slots, scores, length }: Hits, k: number, margin: number): Hits {
  if (length <= k) return { slots, scores, length };
  const least = scores[k - 1] - margin;
  let [end, beyond] = [k, length];
  while (end < beyond) {
    const middle = (end + beyond) >>> 1;
    if (scores[middle] >= least) end = middle + 1;
    else beyond = middle;
  }
  return { slots: slots.subarray(0, end), scores: scores.subarray(0, end), length: end };
}

/** Slots that may be hit; undefined where all may. */
export function allowedSlots<I extends Id>(ids: IdMap<I>, { filter }: SearchOptions<I>): Bitset | undefined {
  if (!filter) return ids.live;
  const allow = new Bitset(ids.length);
  if (typeof filter === "function") {
    for (const slot of ids.liveSlots()) if (filter(ids.at(slot))) allow.add(slot);
  } else
    for (const id of filter.allow) {
      const slot = ids.slotOf(id);
      if (slot !== undefined) allow.add(slot);
    }
  return allow;
}

/** Makes a query's matches from its hits. */
export class Matcher<I extends Id> {
  readonly #ids: IdMap<I>;
  readonly #k: number;
  readonly #originals: KeptRows | undefined;
  readonly #margins: Float32Array | undefined;

  /** With `originals` the hits are scored again; with `margins` those that are as near to the k-th. */
  constructor(ids: IdMap<I>, k: number, originals?: KeptRows, margins?: Float32Array) {
    this.#ids = ids;
    this.#k = k;
    this.#originals = originals;
    this.#margins = margins;
  }

  /** `at`: which query of them it is. */
  of(query: Float32Array, found: Hits, at: number = 0): Match<I>[] {
    const hits = this.#margins ? near(found, this.#k, this.#margins[at]) : found;
    const { slots, scores, length } = this.#originals?.rescore(query, hits, this.#k) ?? hits;
    return Array.from({ length }, (_, i) => ({ id: this.#ids.at(slots[i]), score: scores[i] }));
  }

  /** Those of many queries, the event loop running between blocks of them. @throws ABORTED */
  async ofAll(
    queries: Vectors,
    found: readonly Hits[],
    signal: AbortSignal | undefined,
  ): Promise<Match<I>[][]> {
    const out: Match<I>[][] = [];
    const size = new BlockSize(16);
    while (out.length < found.length) {
      if (out.length > 0) await pause();
      if (signal?.aborted) throw aborted(signal);
      size.begin();
      const end = Math.min(found.length, out.length + size.rows);
      for (let q = out.length; q < end; q++)
        out.push(this.of(sliceVectors(queries, q, q + 1).data, found[q], q));
      size.end();
    }
    return out;
  }
}
