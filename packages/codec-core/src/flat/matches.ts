/** What a search of a flat index is asked for, and its hits as ids. */
import { aborted, BlockSize, pause } from "../async/work.ts";
import type { Codec, Scorer } from "../contract/codec.ts";
import type { Hits } from "../contract/hits.ts";
import { checkWithin, type NamedRows, type Near, sliceNamed } from "../contract/near.ts";
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
 * What to score again, where that isn't just as many hits. @throws INVALID_ARGUMENT, NOT_SUPPORTED
 */
export function nearWanted(
  codec: Codec,
  scorer: Scorer,
  most: number,
  { rescore, within }: Pick<SearchOptions, "rescore" | "within">,
): Near | undefined {
  if (within === undefined) return undefined;
  checkWithin(within);
  if (!scorer.nearBatch)
    throw new PithError(
      "NOT_SUPPORTED",
      `${codec.name} doesn't state standard errors, which \`within\` counts in`,
    );
  return rescore ? { most, within } : undefined;
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

/** Makes matches of hits. */
export class Matcher<I extends Id> {
  readonly #ids: IdMap<I>;

  constructor(ids: IdMap<I>) {
    this.#ids = ids;
  }

  of({ slots, scores, length }: Hits): Match<I>[] {
    const out: Match<I>[] = new Array(length);
    for (let i = 0; i < length; i++) out[i] = { id: this.#ids.at(slots[i]), score: scores[i] };
    return out;
  }

  /** Those of many queries, whose rows are scored again, the event loop running between blocks of them. @throws ABORTED */
  async ofRescored(
    queries: Vectors,
    found: NamedRows,
    k: number,
    kept: KeptRows,
    signal: AbortSignal | undefined,
  ): Promise<Match<I>[][]> {
    const out: Match<I>[][] = [];
    const size = new BlockSize(16);
    while (out.length < queries.count) {
      if (out.length > 0) await pause();
      if (signal?.aborted) throw aborted(signal);
      size.begin();
      const end = Math.min(queries.count, out.length + size.rows);
      const some = sliceVectors(queries, out.length, end);
      const hits = kept.rescore(some, sliceNamed(found, out.length, end), k);
      for (const own of hits) out.push(this.of(own));
      size.end();
    }
    return out;
  }
}
