/** One law for one kind of id: gives the law indexes, seeded vectors, ids and assertions that say where they failed. */
import type { Codec, Vectors } from "@pith/codec-core";
import type { Assert } from "../assert.ts";
import { idOf, Oracle, pool, rowOf, takeRows } from "./oracle.ts";
import type { IdKind, IndexId, IndexMatch, VectorIndex } from "./vector-index.ts";

/** What the caller brings. */
export interface IndexMaker {
  /** The codec of the index: its scores are what the index has to give. */
  readonly codec: Codec;
  /** An empty index for ids of one kind. */
  create(idKind: IdKind): VectorIndex;
  /** An index from what `toBytes` gave, in whatever way: from memory, or by a file that is read or mapped. */
  load(bytes: Uint8Array, idKind: IdKind): VectorIndex | Promise<VectorIndex>;
}

export const POOL_ROWS = 40;

export class Place {
  readonly t: Assert;
  readonly maker: IndexMaker;
  readonly kind: IdKind;
  readonly seed: number;
  readonly vectors: Vectors;
  /** Whether indexes are saved and loaded before the law sees them. */
  readonly reloaded: boolean;

  constructor(t: Assert, maker: IndexMaker, kind: IdKind, seed: number, reloaded: boolean) {
    this.t = t;
    this.maker = maker;
    this.kind = kind;
    this.seed = seed;
    this.reloaded = reloaded;
    this.vectors = pool(maker.codec.dim, POOL_ROWS, seed);
  }

  get dim(): number {
    return this.maker.codec.dim;
  }

  async create(): Promise<VectorIndex> {
    const index = this.maker.create(this.kind);
    return this.reloaded ? this.reload(index) : index;
  }

  async reload(index: VectorIndex): Promise<VectorIndex> {
    return this.maker.load(index.toBytes(), this.kind);
  }

  id(i: number): IndexId {
    return idOf(this.kind, i);
  }

  ids(numbers: Iterable<number>): IndexId[] {
    return Array.from(numbers, (i) => this.id(i));
  }

  /** Rows of the pool, in memory of their own. */
  rows(numbers: Iterable<number>): Vectors {
    return takeRows(this.vectors, [...numbers]);
  }

  /** A seeded query: a row of the pool or one between two of them. */
  query(i: number): Float32Array {
    const [a, b] = [rowOf(this.vectors, i % POOL_ROWS), rowOf(this.vectors, (7 * i + 1) % POOL_ROWS)];
    return i % 2 === 0 ? a : a.map((x, j) => (x + b[j]) / 2);
  }

  /** An index with ids 0 to `count` - 1, each with its row of the pool, and its oracle. */
  async filled(count: number): Promise<{ index: VectorIndex; oracle: Oracle<IndexId> }> {
    const numbers = [...Array(count).keys()];
    const index = this.maker.create(this.kind);
    const oracle = this.oracle();
    index.add(this.ids(numbers), this.rows(numbers.map((i) => i % POOL_ROWS)));
    oracle.set(
      this.ids(numbers),
      numbers.map((i) => i % POOL_ROWS),
    );
    return { index: this.reloaded ? await this.reload(index) : index, oracle };
  }

  oracle(): Oracle<IndexId> {
    return new Oracle(this.maker.codec, this.vectors);
  }

  sameMatches(
    actual: readonly IndexMatch<IndexId>[],
    expected: readonly IndexMatch<IndexId>[],
    what: string,
  ): void {
    this.t.equal(actual.length, expected.length, `${what}, number of matches`);
    expected.forEach(({ id, score }, i) => {
      this.t.equal(actual[i].id, id, `${what}, id of match ${i}`);
      this.t.equal(actual[i].score, score, `${what}, score of match ${i}`);
    });
  }

  /** The index holds exactly what the oracle holds, and finds what it finds. */
  sameIndex(index: VectorIndex, oracle: Oracle<IndexId>, what: string): void {
    this.t.equal(index.size, oracle.rows.size, `${what}, size`);
    for (const id of oracle.rows.keys()) this.t.ok(index.has(id), `${what}, has ${String(id)}`);
    for (const q of [0, 1]) {
      const found = index.search(this.query(q), POOL_ROWS);
      this.sameMatches(found, oracle.search(this.query(q), POOL_ROWS), `${what}, query ${q}`);
    }
  }
}

/** A law as code; `run` may be asynchronous. */
export type IndexChecks<Law extends string> = { readonly [L in Law]: (place: Place) => void | Promise<void> };
