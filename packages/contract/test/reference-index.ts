/** A small index that keeps the contract: a Map from id to code, searched in order, saved as JSON with a checksum. */
import {
  type Codec,
  checkK,
  checkQuery,
  checkVectors,
  kernels,
  PithError,
  type Vectors,
} from "@pith/codec-core";
import type { IndexFilter, IndexId, IndexMatch, VectorIndex } from "../src/index.ts";

export class MapIndex implements VectorIndex {
  readonly codec: Codec;
  protected rows: Map<IndexId, Uint8Array> | undefined = new Map<IndexId, Uint8Array>();

  constructor(codec: Codec) {
    this.codec = codec;
  }

  protected live(): Map<IndexId, Uint8Array> {
    if (this.rows) return this.rows;
    throw new PithError("DISPOSED", "the index was disposed of");
  }

  get size(): number {
    return this.live().size;
  }

  add(ids: readonly IndexId[], v: Vectors): void {
    this.live();
    this.check(ids, v);
    for (const id of ids)
      if (this.has(id)) throw new PithError("DUPLICATE_ID", `${String(id)} is in the index`, { id });
    this.upsert(ids, v);
  }

  upsert(ids: readonly IndexId[], v: Vectors): { added: number; replaced: number } {
    const rows = this.live();
    this.check(ids, v);
    const before = rows.size;
    const { bytes, stride } = this.codec.encode(v);
    ids.forEach((id, i) => {
      rows.set(id, bytes.slice(i * stride, (i + 1) * stride));
    });
    return { added: rows.size - before, replaced: ids.length - (rows.size - before) };
  }

  protected check(ids: readonly IndexId[], v: Vectors): void {
    checkVectors(v, this.codec.dim);
    if (ids.length !== v.count)
      throw new PithError("ID_COUNT_MISMATCH", `${ids.length} ids, ${v.count} rows`);
    for (const id of ids) if (!fits(id)) throw new PithError("INVALID_ARGUMENT", `not an id: ${typeof id}`);
    if (new Set(ids).size < ids.length) throw new PithError("DUPLICATE_ID", "an id repeats");
  }

  remove(ids: Iterable<IndexId>): number {
    const rows = this.live();
    let removed = 0;
    for (const id of ids) if (rows.delete(id)) removed++;
    return removed;
  }

  has(id: IndexId): boolean {
    return this.live().has(id);
  }

  get(id: IndexId): Float32Array | undefined {
    const bytes = this.live().get(id);
    return bytes && this.codec.decode({ bytes, stride: bytes.length, count: 1 }).data;
  }

  search(
    query: Float32Array,
    k: number,
    options: { filter?: IndexFilter<IndexId> } = {},
  ): IndexMatch<IndexId>[] {
    checkK(k);
    checkQuery(query, this.codec.dim);
    const { filter } = options;
    const allowed = filter && typeof filter !== "function" ? new Set(filter.allow) : undefined;
    const matches = typeof filter === "function" ? filter : (id: IndexId) => allowed?.has(id) ?? true;
    const prepared = this.codec.scorer(this.codec.metric).prepare(query);
    const found = [...this.live()]
      .filter(([id]) => matches(id))
      .map(([id, bytes]) => {
        const score = new Float32Array(1);
        prepared.scoreInto({ bytes, stride: bytes.length, count: 1 }, score);
        return { id, score: score[0] };
      });
    return found.sort((a, b) => this.rank(a, b)).slice(0, k);
  }

  protected rank(a: IndexMatch<IndexId>, b: IndexMatch<IndexId>): number {
    return b.score - a.score; // sort() is stable: equal scores stay in the order of adding
  }

  async searchBatch(
    queries: Vectors,
    k: number,
    options: { filter?: IndexFilter<IndexId>; signal?: AbortSignal } = {},
  ): Promise<IndexMatch<IndexId>[][]> {
    this.live();
    checkVectors(queries, queries.data.length === 0 ? queries.dim : this.codec.dim);
    checkK(k);
    if (options.signal?.aborted) throw new PithError("ABORTED", "the search was cancelled");
    const { dim, data } = queries;
    return Array.from({ length: queries.count }, (_, i) =>
      this.search(data.slice(i * dim, (i + 1) * dim), k, options),
    );
  }

  stats(): { count: number; bytesPerVector: number } {
    return { count: this.size, bytesPerVector: this.codec.stride };
  }

  toBytes(): Uint8Array {
    const entries = [...this.live()].map(([id, bytes]) => [typeof id, String(id), [...bytes]]);
    const body = new TextEncoder().encode(JSON.stringify(entries));
    const bytes = new Uint8Array(4 + body.length);
    new DataView(bytes.buffer).setUint32(0, kernels().crc32c(body, 0));
    bytes.set(body, 4);
    return bytes;
  }

  load(bytes: Uint8Array): this {
    const body = bytes.subarray(4);
    const intact =
      bytes.length > 4 &&
      new DataView(bytes.buffer, bytes.byteOffset).getUint32(0) === kernels().crc32c(body, 0);
    if (!intact) throw new PithError("CHECKSUM_MISMATCH", "the bytes were changed");
    for (const [kind, text, code] of JSON.parse(new TextDecoder().decode(body)) as [
      string,
      string,
      number[],
    ][])
      this.live().set(
        kind === "number" ? Number(text) : kind === "bigint" ? BigInt(text) : text,
        Uint8Array.from(code),
      );
    return this;
  }

  [Symbol.dispose](): void {
    this.rows = undefined;
  }
}

function fits(id: IndexId): boolean {
  if (typeof id === "string") return id.isWellFormed();
  if (typeof id === "number") return Number.isSafeInteger(id);
  return typeof id === "bigint" && BigInt.asIntN(64, id) === id;
}
