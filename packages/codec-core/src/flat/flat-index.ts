/**
 * Flat search over any codec: every code is scored, so the only loss is the codec's own. Ids in, ids out; inside,
 * each id has a slot, and equal scores rank by the lower slot, that is in the order of adding.
 */
import type { Codec, CodecFamily, Scorer } from "../contract/codec.ts";
import type { Codes } from "../contract/codes.ts";
import { checkMetric, type Metric } from "../contract/metric.ts";
import { stateBytes } from "../contract/state.ts";
import { checkQuery, checkVectors, sliceVectors, type Vectors, vectors } from "../contract/vectors.ts";
import { PithError } from "../errors.ts";
import type { Id } from "../ids.ts";
import { Bitset } from "./bitset.ts";
import { CodedRows } from "./coded-rows.ts";
import { IdMap } from "./id-map.ts";
import { checkKeep, type Keep, keepDtype, Originals } from "./originals.ts";
import { type IndexParts, indexFromBytes, indexToBytes } from "./persist.ts";
import { RowStore } from "./row-store.ts";
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
}

export interface BatchOptions<I extends Id = Id> extends SearchOptions<I> {
  readonly signal?: AbortSignal;
  readonly onProgress?: (done: number, total: number) => void;
}

export interface IndexStats {
  readonly codec: string;
  readonly dim: number;
  readonly metric: Metric;
  readonly count: number;
  /** Slots whose id was removed; saving drops them. */
  readonly tombstones: number;
  /** Bytes of the codes, and of what is kept for rescoring, for each live vector. */
  readonly bytesPerVector: number;
  readonly codeBytes: number;
  readonly originalBytes: number;
  /** Learned state of the codec. */
  readonly sideBytes: number;
}

/** Queries between two looks at the signal and the event loop. */
const BATCH = 64;

export class FlatIndex<I extends Id = Id> implements Disposable {
  readonly codec: Codec;
  readonly metric: Metric;
  #parts: IndexParts<I> | undefined;
  readonly #scorer: Scorer;

  /**
   * An empty index. `metric` is the codec's own unless given; `keep` holds the originals, or codes of a finer codec, for
   * rescoring. @throws UNSUPPORTED_METRIC, INVALID_ARGUMENT, DIM_MISMATCH
   */
  constructor(codec: Codec, options: { metric?: Metric; keep?: Keep | Codec } = {}) {
    this.codec = codec;
    this.metric = checkMetric(options.metric ?? codec.metric, codec.supports.metrics);
    const { keep = "none" } = options;
    const finer =
      typeof keep === "object" && keep !== null ? new CodedRows(keep, codec.dim, this.metric) : undefined;
    const dtype = finer ? undefined : keepDtype(checkKeep(keep));
    this.#scorer = codec.scorer(this.metric);
    this.#parts = {
      ids: new IdMap<I>(),
      codes: new RowStore(codec.stride),
      originals: dtype ? new Originals(dtype, codec.dim, this.metric) : finer,
    };
  }

  get size(): number {
    return this.#live().ids.size;
  }

  /**
   * Adds all or none. @throws ID_COUNT_MISMATCH, DUPLICATE_ID, and what `codec.encode` throws
   */
  add(ids: readonly I[], v: Vectors): void {
    const { ids: map } = this.#live();
    this.#checkRows(ids, v);
    for (const id of ids)
      if (map.slotOf(id) !== undefined)
        throw new PithError("DUPLICATE_ID", `the id ${String(id)} is already in the index; upsert replaces`, {
          id,
        });
    const packed = this.#pack(v);
    this.#append(ids, packed.codes.bytes, packed.originals?.bytes);
  }

  /** Adds, or replaces in place (the slot stays). All or none. @throws as `add`; DUPLICATE_ID only within `ids` */
  upsert(ids: readonly I[], v: Vectors): { added: number; replaced: number } {
    const { ids: map, codes, originals } = this.#live();
    this.#checkRows(ids, v);
    const packed = this.#pack(v);
    const fresh: number[] = [];
    ids.forEach((id, row) => {
      const slot = map.slotOf(id);
      if (slot === undefined) fresh.push(row);
      else {
        codes.replace(slot, packed.codes.row(row));
        if (packed.originals) originals?.rows.replace(slot, packed.originals.row(row));
      }
    });
    this.#append(
      fresh.map((row) => ids[row]),
      packed.codes.gather(fresh),
      packed.originals?.gather(fresh),
    );
    return { added: fresh.length, replaced: ids.length - fresh.length };
  }

  /** How many were there and are gone; unknown ids are fine. */
  remove(ids: Iterable<I>): number {
    const { ids: map } = this.#live();
    let removed = 0;
    for (const id of ids) if (map.remove(id) !== undefined) removed++;
    return removed;
  }

  has(id: I): boolean {
    return this.#live().ids.slotOf(id) !== undefined;
  }

  /** The vector as kept, else as decoded (a unit vector under cosine). @throws NOT_SUPPORTED where the codec doesn't decode */
  get(id: I): Float32Array | undefined {
    const { ids: map, codes, originals } = this.#live();
    const slot = map.slotOf(id);
    if (slot === undefined) return undefined;
    if (originals) return originals.get(slot);
    return this.codec.decode({ bytes: codes.row(slot), stride: codes.stride, count: 1 }).data;
  }

  /**
   * The min(k, matching ids) best, best first.
   * @throws DIM_MISMATCH, NOT_FINITE, INVALID_ARGUMENT
   */
  search(query: Float32Array, k: number, options: SearchOptions<I> = {}): Match<I>[] {
    this.#live();
    checkQuery(query, this.codec.dim);
    return this.#searchBlock(vectors(query, this.codec.dim), k, options, this.#allowed(options))[0];
  }

  /** As `search` for each query, in blocks between which the event loop runs. @throws also ABORTED */
  async searchBatch(queries: Vectors, k: number, options: BatchOptions<I> = {}): Promise<Match<I>[][]> {
    this.#live();
    checkVectors(queries, this.codec.dim);
    checkK(k);
    const allow = this.#allowed(options);
    const out: Match<I>[][] = [];
    for (let start = 0; start < queries.count; start += BATCH) {
      if (start > 0) await new Promise((resolve) => setTimeout(resolve));
      if (options.signal?.aborted)
        throw new PithError("ABORTED", "the search was cancelled", {}, { cause: options.signal.reason });
      const block = sliceVectors(queries, start, Math.min(start + BATCH, queries.count));
      out.push(...this.#searchBlock(block, k, options, allow));
      options.onProgress?.(out.length, queries.count);
    }
    return out;
  }

  stats(): IndexStats {
    const { ids, codes, originals } = this.#live();
    const originalBytes = originals?.rows.bytes.length ?? 0;
    return {
      codec: this.codec.name,
      dim: this.codec.dim,
      metric: this.metric,
      count: ids.size,
      tombstones: ids.length - ids.size,
      bytesPerVector: codes.stride + (originals?.rows.stride ?? 0),
      codeBytes: codes.bytes.length,
      originalBytes,
      sideBytes: stateBytes(this.codec.state()),
    };
  }

  /** The bytes of a Pith file of kind "codes", removed slots left out. */
  toBytes(): Uint8Array {
    return indexToBytes(this.codec, this.metric, this.#live());
  }

  /** Writes `toBytes` to a file: the old file stays until the new one is safe. Needs Node. @throws IO */
  async toFile(path: string): Promise<void> {
    const { atomicWriteFile } = await import("../files/atomic-write.ts");
    await atomicWriteFile(path, this.toBytes());
  }

  /** @throws CORRUPT_FILE, CHECKSUM_MISMATCH, VERSION_UNSUPPORTED, UNKNOWN_CODEC */
  static fromBytes<I extends Id = Id>(
    bytes: Uint8Array,
    families: CodecFamily | readonly CodecFamily[],
  ): FlatIndex<I> {
    const { codec, metric, parts } = indexFromBytes<I>(bytes, [families].flat());
    const index = new FlatIndex<I>(codec, { metric });
    index.#parts = parts;
    return index;
  }

  /** @throws as `fromBytes`, and FILE_NOT_FOUND, NOT_A_FILE, IO */
  static async fromFile<I extends Id = Id>(
    path: string,
    families: CodecFamily | readonly CodecFamily[],
  ): Promise<FlatIndex<I>> {
    const { readWholeFile } = await import("../files/input-file.ts");
    return FlatIndex.fromBytes<I>(await readWholeFile(path), families);
  }

  /** Lets the memory go; every later call but this one is DISPOSED. */
  [Symbol.dispose](): void {
    this.#parts = undefined;
  }

  #live(): IndexParts<I> {
    if (this.#parts) return this.#parts;
    throw new PithError("DISPOSED", "the index was disposed of");
  }

  #checkRows(ids: readonly I[], v: Vectors): void {
    checkVectors(v, this.codec.dim);
    if (ids.length !== v.count)
      throw new PithError("ID_COUNT_MISMATCH", `expected ${v.count} ids, got ${ids.length}`, {
        expected: v.count,
        actual: ids.length,
      });
    this.#live().ids.check(ids);
  }

  #pack(v: Vectors): { codes: RowStore; originals: RowStore | undefined } {
    const { codes, originals } = this.#live();
    const kept = originals && new RowStore(originals.rows.stride, originals.pack(v));
    return { codes: new RowStore(codes.stride, this.codec.encode(v).bytes), originals: kept };
  }

  #append(ids: readonly I[], codes: Uint8Array, originals: Uint8Array | undefined): void {
    const parts = this.#live();
    parts.codes.append(codes);
    if (originals) parts.originals?.rows.append(originals);
    parts.ids.push(ids);
  }

  /** Slots that may be hit; undefined where all may. */
  #allowed({ filter }: SearchOptions<I>): Bitset | undefined {
    const { ids } = this.#live();
    if (!filter) return ids.hasRemoved ? Bitset.from(ids.length, ids.liveSlots()) : undefined;
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

  #searchBlock(
    queries: Vectors,
    k: number,
    options: SearchOptions<I>,
    allow: Bitset | undefined,
  ): Match<I>[][] {
    const { ids, codes: store, originals } = this.#live();
    checkK(k);
    const { rescore = false, oversample = 4 } = options;
    if (rescore && !originals)
      throw new PithError("NOT_SUPPORTED", "rescoring needs originals: make the index with keep");
    if (!(oversample >= 1))
      throw new PithError("INVALID_ARGUMENT", `expected an oversample from 1, got ${oversample}`, {
        actual: oversample,
      });
    const codes: Codes = { bytes: store.bytes, stride: store.stride, count: store.count };
    const wanted = rescore ? Math.ceil(k * oversample) : k;
    const hits = this.#scorer.topKBatch(queries, codes, wanted, allow);
    return hits.map((found, q) => {
      const query = sliceVectors(queries, q, q + 1).data;
      const { slots, scores, length } = rescore && originals ? originals.rescore(query, found, k) : found;
      return Array.from({ length }, (_, i) => ({ id: ids.at(slots[i]), score: scores[i] }));
    });
  }
}
