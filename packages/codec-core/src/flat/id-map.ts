/**
 * Ids by slot and slots by id. A loaded index brings a column of ids that is read when asked for; the map from id to
 * slot is built at the first look-up by id, so opening and searching a large file never pays for it.
 */
import { PithError, shown } from "../errors.ts";
import { type Id, IdColumn, type IdType } from "../ids.ts";
import { Bitset } from "./bitset.ts";

export class IdMap<I extends Id> {
  readonly #base: IdColumn;
  readonly #added: I[] = [];
  readonly #removed = new Set<number>();
  #slots: Map<I, number> | undefined;
  #live: Bitset | undefined;

  constructor(base: IdColumn = IdColumn.from([])) {
    this.#base = base;
  }

  /** Slots in all, those of removed ids included. */
  get length(): number {
    return this.#base.length + this.#added.length;
  }

  /** Ids that are there. */
  get size(): number {
    return this.length - this.#removed.size;
  }

  at(slot: number): I {
    return slot < this.#base.length ? (this.#base.at(slot) as I) : this.#added[slot - this.#base.length];
  }

  isLive(slot: number): boolean {
    return !this.#removed.has(slot);
  }

  get hasRemoved(): boolean {
    return this.#removed.size > 0;
  }

  slotOf(id: I): number | undefined {
    return this.#map().get(id);
  }

  push(ids: readonly I[]): void {
    const map = this.#map();
    this.#live = undefined;
    for (const id of ids) {
      map.set(id, this.length);
      this.#added.push(id);
    }
  }

  remove(id: I): number | undefined {
    const slot = this.#map().get(id);
    if (slot === undefined) return undefined;
    this.#map().delete(id);
    this.#removed.add(slot);
    this.#live = undefined;
    return slot;
  }

  *liveSlots(): Iterable<number> {
    for (let slot = 0; slot < this.length; slot++) if (this.isLive(slot)) yield slot;
  }

  /**
   * The slots that may be hit; undefined where none was removed. Made once and kept until the next change, which makes a
   * new one: a search that still runs keeps what it was given.
   */
  get live(): Bitset | undefined {
    if (!this.hasRemoved || this.#live) return this.#live;
    const live = Bitset.full(this.length);
    for (const slot of this.#removed) live.delete(slot);
    this.#live = live;
    return live;
  }

  /**
   * That `ids` are valid, of the kind already here, and named once.
   * @throws INVALID_ARGUMENT, DUPLICATE_ID (with both rows)
   */
  check(ids: readonly I[]): void {
    const column = this.length > 0 ? IdColumn.from(ids, typeof this.at(0) as IdType) : IdColumn.from(ids);
    column.checkUnique();
  }

  /** As `check`, and that none of them is here. @throws also DUPLICATE_ID */
  checkNew(ids: readonly I[]): void {
    this.check(ids);
    for (const id of ids)
      if (this.slotOf(id) !== undefined)
        throw new PithError("DUPLICATE_ID", `the id ${String(id)} is already in the index; upsert replaces`, {
          id,
        });
  }

  /** The ids that are there, in slot order. */
  toColumn(): IdColumn {
    if (this.#added.length === 0 && !this.hasRemoved) return this.#base;
    return IdColumn.from(Array.from(this.liveSlots(), (slot) => this.at(slot)));
  }

  #map(): Map<I, number> {
    if (this.#slots) return this.#slots;
    const map = new Map<I, number>();
    for (const slot of this.liveSlots()) {
      const id = this.at(slot);
      const first = map.get(id);
      if (first !== undefined)
        throw new PithError("DUPLICATE_ID", `the id ${shown(id)} stands in rows ${first} and ${slot}`, {
          id,
          first,
          second: slot,
        });
      map.set(id, slot);
    }
    this.#slots = map;
    return map;
  }
}
