/**
 * Flat search over any codec: every code is scored, so the only loss is the codec's own. Ids in, ids out; inside,
 * each id has a slot, and equal scores rank by the lower slot, that is in the order of adding.
 */
import { checkAttached, encodeAsync } from "../async/encode.ts";
import { nearAsync, searchAsync } from "../async/search.ts";
import type { AsyncOptions } from "../async/work.ts";
import type { Codec, CodecFamily, Scorer } from "../contract/codec.ts";
import { checkMetric, type Metric } from "../contract/metric.ts";
import { namedRows } from "../contract/near.ts";
import { checkQuery, checkShape, checkVectors, type Vectors, vectors } from "../contract/vectors.ts";
import { PithError } from "../errors.ts";
import type { Id } from "../ids.ts";
import { kernels } from "../kernels/backend.ts";
import { checkEncoded, type EncodedRows, type Packed } from "./encoded-rows.ts";
import { IdMap } from "./id-map.ts";
import { LaidOut } from "./laid-out.ts";
import { allowedSlots, hitsWanted, type Match, Matcher, nearWanted, type SearchOptions } from "./matches.ts";
import { noneKept } from "./none-kept.ts";
import type { Keep } from "./originals.ts";
import {
  type IndexParts,
  indexFromBytes,
  indexFromContents,
  indexToBytes,
  type LoadedIndex,
  type LoadOptions,
} from "./persist.ts";
import { RowStore } from "./row-store.ts";
import { type IndexStats, indexStats } from "./stats.ts";

/** Progress counts queries, or as many parts of the work. */
export interface BatchOptions<I extends Id = Id> extends SearchOptions<I>, AsyncOptions {}

export class FlatIndex<I extends Id = Id> implements Disposable {
  readonly codec: Codec;
  readonly metric: Metric;
  #parts: IndexParts<I> | undefined;
  readonly #scorer: Scorer;
  readonly #laidOut: LaidOut;

  /**
   * An empty index. `metric` is the codec's own unless given; `keep` holds the originals, or codes of a finer codec, for
   * rescoring. @throws UNSUPPORTED_METRIC, INVALID_ARGUMENT, DIM_MISMATCH
   */
  constructor(codec: Codec, options: { metric?: Metric; keep?: Keep | Codec } = {}) {
    this.codec = codec;
    this.metric = checkMetric(options.metric ?? codec.metric, codec.supports.metrics);
    const originals = noneKept(codec.dim, this.metric, options.keep);
    this.#scorer = codec.scorer(this.metric);
    this.#laidOut = new LaidOut(codec);
    this.#parts = { ids: new IdMap<I>(), codes: new RowStore(codec.stride), originals };
  }

  get size(): number {
    return this.#live().ids.size;
  }

  /**
   * Adds all or none. @throws ID_COUNT_MISMATCH, DUPLICATE_ID, and what `codec.encode` throws
   */
  add(ids: readonly I[], v: Vectors): void {
    this.#checkRows(ids, v);
    this.#live().ids.checkNew(ids);
    this.#append(ids, this.#pack(v, this.codec.encode(v).bytes));
  }

  /**
   * As `add`, off the event loop. The vectors must not change until the promise settles; the index may be used meanwhile,
   * and sees all of them or none. @throws also ABORTED
   */
  async addAsync(ids: readonly I[], v: Vectors, options: AsyncOptions = {}): Promise<void> {
    const own = ids.slice();
    this.#checkRows(own, v);
    this.#live().ids.checkNew(own);
    const packed = await this.#packAsync(v, options);
    this.#live().ids.checkNew(own);
    this.#append(own, packed);
  }

  /** Rows as this index stores them, without adding them; they may share memory with `v`. @throws what `codec.encode` throws, ABORTED */
  async encode(v: Vectors, options: AsyncOptions = {}): Promise<EncodedRows> {
    const { codes, originals } = await this.#packAsync(v, options);
    return { codes: codes.bytes, kept: originals?.bytes };
  }

  /** As `add`, of rows that `encode` made. @throws LENGTH_MISMATCH, INVALID_ARGUMENT, DUPLICATE_ID */
  addEncoded(ids: readonly I[], rows: EncodedRows): void {
    const { codes, originals, ids: map } = this.#live();
    const packed = checkEncoded(rows, ids.length, codes.stride, originals?.rows.stride);
    map.checkNew(ids);
    this.#append(ids, packed);
  }

  /** Adds, or replaces in place (the slot stays). All or none. @throws as `add`; DUPLICATE_ID only within `ids` */
  upsert(ids: readonly I[], v: Vectors): { added: number; replaced: number } {
    this.#checkRows(ids, v);
    return this.#replace(ids, this.#pack(v, this.codec.encode(v).bytes));
  }

  /** As `upsert`, off the event loop; see `addAsync`. @throws also ABORTED */
  async upsertAsync(
    ids: readonly I[],
    v: Vectors,
    options: AsyncOptions = {},
  ): Promise<{ added: number; replaced: number }> {
    const own = ids.slice();
    this.#checkRows(own, v);
    const packed = await this.#packAsync(v, options);
    // What was added meanwhile may be of another type.
    this.#live().ids.check(own);
    return this.#replace(own, packed);
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
    const { ids, codes, originals } = this.#live();
    checkQuery(query, this.codec.dim);
    const wanted = hitsWanted(k, options, originals);
    const asked = vectors(query, this.codec.dim);
    const near = nearWanted(this.codec, this.#scorer, wanted, options);
    const allow = allowedSlots(ids, options);
    const searched = this.#laidOut.of(codes);
    const matches = new Matcher(ids);
    if (!options.rescore || !originals)
      return matches.of(this.#scorer.topKBatch(asked, searched, wanted, allow)[0]);
    const found = near
      ? this.#scorer.nearBatch!(asked, searched, k, near, allow)
      : namedRows(this.#scorer.topKBatch(asked, searched, wanted, allow));
    return matches.of(originals.rescore(asked, found, k)[0]);
  }

  /**
   * As `search` for each query, off the event loop, on the vectors that are there when it is called. The queries must not
   * change until the promise settles. @throws also ABORTED
   */
  async searchBatch(queries: Vectors, k: number, options: BatchOptions<I> = {}): Promise<Match<I>[][]> {
    const { ids, codes, originals } = this.#live();
    checkVectors(queries, this.codec.dim);
    const { signal, threads, onProgress } = options;
    const wanted = hitsWanted(k, options, originals);
    const near = nearWanted(this.codec, this.#scorer, wanted, options);
    const allow = allowedSlots(ids, options);
    const pinned = kernels().async !== undefined;
    using rows = codes.lend(pinned);
    using kept = originals?.rows.lendStore();
    const { stride, count } = codes;
    const laidOut = this.#laidOut.of(codes);
    const searched = "kind" in laidOut ? laidOut : { bytes: rows.bytes, stride, count };
    const how = { allow, signal, threads, onProgress: onProgress && progress };
    const matches = new Matcher(ids);
    if (!options.rescore || !originals || !kept)
      return (await searchAsync(this.#scorer, queries, searched, wanted, how)).map((hits) =>
        matches.of(hits),
      );
    const found = near
      ? await nearAsync(this.#scorer, queries, searched, k, near, how)
      : namedRows(await searchAsync(this.#scorer, queries, searched, wanted, how));
    return await matches.ofRescored(queries, found, k, originals.over(kept.rows), signal);

    function progress(done: number): void {
      onProgress?.(perQuery(done), queries.count);
    }

    function perQuery(done: number): number {
      return count === 0 ? queries.count : Math.floor(done / count);
    }
  }

  stats(): IndexStats {
    return indexStats(this.codec, this.metric, this.#live(), this.#laidOut.byteLength);
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
    return FlatIndex.#of(indexFromBytes<I>(bytes, [families].flat()));
  }

  /** @throws as `fromBytes`, and FILE_NOT_FOUND, NOT_A_FILE, LIMIT_EXCEEDED, IO */
  static async fromFile<I extends Id = Id>(
    path: string,
    families: CodecFamily | readonly CodecFamily[],
    options: LoadOptions = {},
  ): Promise<FlatIndex<I>> {
    const { loadContents } = await import("../files/load-contents.ts");
    const { contents, ...origin } = await loadContents(path, options);
    try {
      return FlatIndex.#of(indexFromContents<I>(contents, [families].flat(), origin));
    } catch (error) {
      origin.left?.reader.close();
      throw error;
    }
  }

  static #of<I extends Id>({ codec, metric, parts }: LoadedIndex<I>): FlatIndex<I> {
    const index = new FlatIndex<I>(codec, { metric });
    index.#parts = parts;
    return index;
  }

  /** Lets the memory go; every later call but this one is DISPOSED. */
  [Symbol.dispose](): void {
    this.#parts?.originals?.rows.close();
    this.#laidOut.forget();
    this.#parts = undefined;
  }

  #live(): IndexParts<I> {
    if (this.#parts) return this.#parts;
    throw new PithError("DISPOSED", "the index was disposed of");
  }

  #checkRows(ids: readonly I[], v: Vectors): void {
    checkShape(v, this.codec.dim);
    if (ids.length !== v.count)
      throw new PithError("ID_COUNT_MISMATCH", `expected ${v.count} ids, got ${ids.length}`, {
        expected: v.count,
        actual: ids.length,
      });
    this.#live().ids.check(ids);
  }

  #pack(v: Vectors, codes: Uint8Array): Packed {
    const { originals } = this.#live();
    const kept = originals && new RowStore(originals.rows.stride, originals.pack(v));
    return { codes: new RowStore(this.codec.stride, codes), originals: kept };
  }

  async #packAsync(v: Vectors, options: AsyncOptions): Promise<Packed> {
    const { bytes } = await encodeAsync(this.codec, v, options);
    checkAttached(v.data.length, v.count * v.dim);
    return this.#pack(v, bytes);
  }

  #append(ids: readonly I[], packed: Packed): void {
    const parts = this.#live();
    parts.codes.append(packed.codes.bytes);
    if (packed.originals) parts.originals?.rows.append(packed.originals.bytes);
    parts.ids.push(ids);
  }

  #replace(ids: readonly I[], packed: Packed): { added: number; replaced: number } {
    const { ids: map, codes, originals } = this.#live();
    const fresh: number[] = [];
    ids.forEach((id, row) => {
      const slot = map.slotOf(id);
      if (slot === undefined) fresh.push(row);
      else {
        codes.replace(slot, packed.codes.row(row));
        if (packed.originals) originals?.rows.replace(slot, packed.originals.row(row));
      }
    });
    const rest = (rows: RowStore): RowStore => new RowStore(rows.stride, rows.gather(fresh));
    const added = { codes: rest(packed.codes), originals: packed.originals && rest(packed.originals) };
    this.#append(
      fresh.map((row) => ids[row]),
      added,
    );
    return { added: fresh.length, replaced: ids.length - fresh.length };
  }
}
