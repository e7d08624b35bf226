/** Where a law of points is tried: a maker of stores, a dim, seeded rows; it disposes of every store at the end. */
import type { Vectors } from "@pith/codec-core";
import type { Assert } from "../assert.ts";
import { seededRows } from "../sample.ts";
import { checkHits } from "./exact.ts";
import type { PointPayload, PointStore, PointStoreMaker } from "./point-store.ts";

export type PointRows = Map<string, Float32Array>;

export class PointPlace {
  readonly t: Assert;
  readonly maker: PointStoreMaker;
  readonly dim: number;
  readonly seed: number;
  readonly #stores: PointStore[] = [];

  constructor(t: Assert, maker: PointStoreMaker, dim: number, seed: number) {
    this.t = t;
    this.maker = maker;
    this.dim = dim;
    this.seed = seed;
  }

  async create(): Promise<PointStore> {
    const store = await this.maker.create(this.dim);
    this.#stores.push(store);
    return store;
  }

  async dispose(): Promise<void> {
    for (const store of this.#stores.splice(0)) await this.maker.dispose?.(store);
  }

  /** `count` seeded rows, none of zeros. */
  rows(count: number, variant: number = 0): Float32Array[] {
    const { data } = seededRows(count, this.dim, this.seed + variant);
    return Array.from({ length: count }, (_, i) => data.slice(i * this.dim, (i + 1) * this.dim));
  }

  /** Rows one after another in memory of their own. */
  vectors(rows: readonly ArrayLike<number>[], dim: number = this.dim): Vectors {
    const data = new Float32Array(rows.length * dim);
    rows.forEach((row, i) => {
      data.set(row, i * dim);
    });
    return { data, dim, count: rows.length };
  }

  payload(i: number): PointPayload {
    return { text: `text of ${i}`, number: i, even: i % 2 === 0 };
  }

  /** A store with points "p0" to "p{count - 1}" of seeded rows, and what it holds. */
  async filled(count: number): Promise<{ store: PointStore; rows: PointRows }> {
    const store = await this.create();
    const rows: PointRows = new Map(this.rows(count).map((row, i) => [`p${i}`, row]));
    await this.add(store, rows);
    return { store, rows };
  }

  /** Adds rows in one call, with the payloads 0, 1, 2, and so on. */
  async add(store: PointStore, rows: ReadonlyMap<string, Float32Array>): Promise<void> {
    const payloads = Array.from({ length: rows.size }, (_, i) => this.payload(i));
    await store.add([...rows.keys()], this.vectors([...rows.values()]), payloads);
  }

  /** The store counts and gets exactly `rows`, and finds what exact search finds, as far as it promises. */
  async holds(store: PointStore, rows: ReadonlyMap<string, Float32Array>, what: string): Promise<void> {
    this.t.equal(await store.count(), rows.size, `${what}, count`);
    const ids = (await store.getByIds([...rows.keys()])).map(({ id }) => id);
    this.t.equal(ids.sort().join("\n"), [...rows.keys()].sort().join("\n"), `${what}, ids that can be got`);
    const queries = [...this.rows(2, 1), ...[...rows.values()].slice(0, 1)];
    for (const query of queries) await this.finds(store, rows, query, rows.size + 3, what);
  }

  async finds(
    store: PointStore,
    rows: ReadonlyMap<string, Float32Array>,
    query: Float32Array,
    k: number,
    what: string,
  ): Promise<void> {
    const found = await store.search(query, k);
    checkHits(this.t, this.maker.supports, rows, query, k, found, what);
  }

  /** Each point has this payload, whatever the order of its fields. */
  async payloads(
    store: PointStore,
    expected: ReadonlyMap<string, PointPayload>,
    what: string,
  ): Promise<void> {
    const got = await store.getByIds([...expected.keys()]);
    this.t.equal(got.length, expected.size, `${what}, number of points got`);
    for (const { id, payload } of got)
      this.t.equal(sorted(payload), sorted(expected.get(id)), `${what}, payload of ${JSON.stringify(id)}`);
  }
}

/** JSON with the members of every object in order of their names. */
export function sorted(value: unknown): string {
  return (
    JSON.stringify(value, (_, v: unknown) =>
      typeof v === "object" && v !== null && !Array.isArray(v)
        ? Object.fromEntries(Object.entries(v).sort(([a], [b]) => (a < b ? -1 : 1)))
        : v,
    ) ?? "undefined"
  );
}

/** A law as code. */
export type PointChecks<Law extends string> = { readonly [L in Law]: (place: PointPlace) => Promise<void> };
