/**
 * A column of ids: one for each row, all strings, all safe integers or all 64-bit integers. It holds them as they stand
 * in a file (I64, or offsets into UTF-8) and reads an id when it is asked for.
 */
import type { StateTensor } from "./contract/state.ts";
import { PithError } from "./errors.ts";
import { corrupt, quote } from "./format/corrupt.ts";
import { int64View } from "./format/int64.ts";
import { idKeys, repeated } from "./id-duplicates.ts";

export type Id = string | number | bigint;
export type IdType = "string" | "number" | "bigint";

export interface DuplicateId {
  readonly id: Id;
  /** The earlier row first. */
  readonly rows: readonly [number, number];
}

type IdTensors = { readonly [name: string]: StateTensor };

export class IdColumn {
  readonly type: IdType;
  readonly length: number;
  readonly #at: (slot: number) => Id;
  readonly #tensors: { readonly [name: string]: StateTensor };
  /** Checks what hasn't been checked yet. */
  #check: (() => void) | undefined;

  private constructor(type: IdType, length: number, at: (slot: number) => Id, tensors: IdTensors) {
    this.type = type;
    this.length = length;
    this.#at = at;
    this.#tensors = tensors;
  }

  /**
   * Copies ids. Strings are well-formed Unicode (the empty one too), numbers safe integers, bigints of 64 bits. `type` is
   * that of the first id, and "string" for none. Ids that repeat are let through: ask `duplicate` or `checkUnique`.
   * @throws INVALID_ARGUMENT with the row of an id that is of another type or out of range
   */
  static from(ids: readonly Id[], type: IdType = typeOf(ids[0])): IdColumn {
    ids.forEach((id, row) => {
      const reason = typeof id === type ? unfit(id) : `expected a ${type} as the others, got a ${typeof id}`;
      if (reason)
        throw new PithError("INVALID_ARGUMENT", `id of row ${row}: ${reason}`, { row, expected: type });
    });
    if (type === "string") return IdColumn.#ofStrings(...encodeStrings(ids as readonly string[]));
    return IdColumn.#ofIntegers(type, BigInt64Array.from(ids as readonly (number | bigint)[], BigInt));
  }

  /**
   * The ids of a file, over its bytes without a copy where they are aligned; all are checked, none is decoded. `lazy` leaves
   * the check of an id to the time when it is asked for, and of all to `tensors`: for a mapped file that isn't read whole.
   * @throws CORRUPT_FILE for offsets that go back or out, text that isn't UTF-8, numbers beyond 2^53 - 1
   */
  static fromTensors(type: IdType, tensors: IdTensors, count: number, lazy: boolean = false): IdColumn {
    const [column, check] = IdColumn.#ofTensors(type, tensors, count);
    if (lazy) column.#check = check;
    else check();
    return column;
  }

  static #ofTensors(type: IdType, tensors: IdTensors, count: number): [IdColumn, check: () => void] {
    if (type === "string") {
      const offsets = int64View(part(tensors, "ids.offsets", (count + 1) * 8));
      const utf8 = part(tensors, "ids.utf8");
      return [IdColumn.#ofStrings(offsets, utf8), () => checkText(offsets, utf8)];
    }
    const values = int64View(part(tensors, "ids", count * 8));
    return [IdColumn.#ofIntegers(type, values), () => type === "number" && checkSafe(values)];
  }

  static #ofIntegers(type: "number" | "bigint", values: BigInt64Array): IdColumn {
    const at =
      type === "number" ? (slot: number) => safe(values[slot], slot) : (slot: number) => values[slot];
    return new IdColumn(type, values.length, at, {
      ids: { dtype: "I64", shape: [values.length], bytes: bytesOf(values) },
    });
  }

  static #ofStrings(offsets: BigInt64Array, utf8: Uint8Array): IdColumn {
    const decoder = new TextDecoder("utf-8", { fatal: true, ignoreBOM: true });
    const at = (slot: number) => {
      const [start, end] = [Number(offsets[slot]), Number(offsets[slot + 1])];
      if (!(start >= 0 && start <= end && end <= utf8.length))
        throw corrupt(`ids.offsets: row ${slot} goes from ${start} to ${end} of ${utf8.length}`, {
          row: slot,
        });
      try {
        return decoder.decode(utf8.subarray(start, end));
      } catch {
        throw corrupt(`ids.utf8: row ${slot} isn't UTF-8`, { row: slot });
      }
    };
    return new IdColumn("string", offsets.length - 1, at, {
      "ids.offsets": { dtype: "I64", shape: [offsets.length], bytes: bytesOf(offsets) },
      "ids.utf8": { dtype: "U8", shape: [utf8.length], bytes: utf8 },
    });
  }

  /** The id of a row. @throws INVALID_ARGUMENT outside of 0..length-1, CORRUPT_FILE for a lazy one */
  at(slot: number): Id {
    if (!Number.isInteger(slot) || slot < 0 || slot >= this.length)
      throw new PithError("INVALID_ARGUMENT", `expected a row from 0 to ${this.length - 1}, got ${slot}`);
    return this.#at(slot);
  }

  *[Symbol.iterator](): Generator<Id, void, undefined> {
    for (let slot = 0; slot < this.length; slot++) yield this.#at(slot);
  }

  toArray(): Id[] {
    return [...this];
  }

  /** The first id that stands in an earlier row too. */
  duplicate(): DuplicateId | undefined {
    const keys = idKeys(this.#stored());
    const suspects = repeated(keys);
    if (suspects.size === 0) return undefined;
    const rows = new Map<Id, number>();
    for (let row = 0; row < this.length; row++) {
      if (!suspects.has(keys[row])) continue;
      const id = this.#at(row);
      const first = rows.get(id);
      if (first !== undefined) return { id, rows: [first, row] };
      rows.set(id, row);
    }
    return undefined;
  }

  /** @throws DUPLICATE_ID naming the id and both rows */
  checkUnique(): void {
    const found = this.duplicate();
    if (!found) return;
    const { id, rows } = found;
    const name = typeof id === "string" ? quote(id) : String(id);
    throw new PithError("DUPLICATE_ID", `the id ${name} stands in rows ${rows[0]} and ${rows[1]}`, {
      id,
      rows,
    });
  }

  /** @throws ID_COUNT_MISMATCH unless there is one id for each of `rows` rows */
  checkCount(rows: number): void {
    if (this.length !== rows)
      throw new PithError("ID_COUNT_MISMATCH", `expected ${rows} ids, one for each row, got ${this.length}`, {
        expected: rows,
        actual: this.length,
      });
  }

  #stored(): BigInt64Array | { offsets: BigInt64Array; utf8: Uint8Array } {
    const tensors = this.tensors();
    if (this.type !== "string") return int64View(tensors["ids"].bytes);
    return { offsets: int64View(tensors["ids.offsets"].bytes), utf8: tensors["ids.utf8"].bytes };
  }

  /** As they stand in a file: `ids`, or `ids.offsets` and `ids.utf8`. Views, not copies. @throws CORRUPT_FILE, of lazy ones */
  tensors(): { [name: string]: StateTensor } {
    this.#check?.();
    this.#check = undefined;
    return { ...this.#tensors };
  }
}

/** @throws INVALID_ARGUMENT unless `id` is a well-formed string, a safe integer or a bigint of 64 bits */
export function checkId(id: Id): void {
  const reason = unfit(id);
  if (reason) throw new PithError("INVALID_ARGUMENT", `id: ${reason}`, { actual: String(id) });
}

function typeOf(id: Id | undefined): IdType {
  return typeof id === "number" ? "number" : typeof id === "bigint" ? "bigint" : "string";
}

function unfit(id: Id): string | undefined {
  switch (typeof id) {
    case "string":
      return id.isWellFormed() ? undefined : "a string with a lone surrogate";
    case "number":
      return Number.isSafeInteger(id) ? undefined : `expected a safe integer, got ${id}`;
    case "bigint":
      return BigInt.asIntN(64, id) === id ? undefined : `expected an integer of 64 bits, got ${id}`;
    default:
      return `expected a string, a number or a bigint, got a ${typeof id}`;
  }
}

function encodeStrings(ids: readonly string[]): [offsets: BigInt64Array, utf8: Uint8Array] {
  const offsets = new BigInt64Array(ids.length + 1);
  let bytes = 0;
  ids.forEach((id, row) => {
    bytes += utf8Length(id);
    offsets[row + 1] = BigInt(bytes);
  });
  const utf8 = new Uint8Array(bytes);
  const encoder = new TextEncoder();
  ids.forEach((id, row) => {
    encoder.encodeInto(id, utf8.subarray(Number(offsets[row])));
  });
  return [offsets, utf8];
}

function utf8Length(text: string): number {
  let bytes = 0;
  for (let i = 0; i < text.length; i++) {
    const unit = text.charCodeAt(i);
    // Each half of a surrogate pair counts for two of the four bytes.
    bytes += unit < 0x80 ? 1 : unit < 0x800 || (unit & 0xf800) === 0xd800 ? 2 : 3;
  }
  return bytes;
}

function part(tensors: IdTensors, name: string, length?: number): Uint8Array {
  const bytes = Object.hasOwn(tensors, name) ? tensors[name].bytes : undefined;
  if (bytes === undefined) throw corrupt(`the tensor "${name}" is missing`, { tensor: name });
  if (length !== undefined && bytes.length !== length)
    throw corrupt(`${name}: expected ${length} bytes, got ${bytes.length}`, {
      expected: length,
      actual: bytes.length,
    });
  return bytes;
}

function safe(value: bigint, row: number): number {
  const id = Number(value);
  if (Number.isSafeInteger(id)) return id;
  throw corrupt(`ids: row ${row} holds ${value}, beyond 2^53 - 1`, { row });
}

function checkSafe(values: BigInt64Array): void {
  // By halves: a number of 2^53 or more never rounds to a safe one, and no bigint is made for each row.
  const low = new Uint32Array(values.buffer, values.byteOffset, values.length * 2);
  const high = new Int32Array(values.buffer, values.byteOffset, values.length * 2);
  for (let row = 0; row < values.length; row++)
    if (!Number.isSafeInteger(high[2 * row + 1] * 2 ** 32 + low[2 * row]))
      throw corrupt(`ids: row ${row} holds ${values[row]}, beyond 2^53 - 1`, { row });
}

function checkText(offsets: BigInt64Array, utf8: Uint8Array): void {
  const rows = offsets.length - 1;
  if (offsets[0] !== 0n || offsets[rows] !== BigInt(utf8.length))
    throw corrupt(`ids.offsets: expected 0 to ${utf8.length}, got ${offsets[0]} to ${offsets[rows]}`);
  for (let row = 0; row < rows; row++) {
    if (offsets[row + 1] < offsets[row]) throw corrupt(`ids.offsets: goes back after row ${row}`, { row });
    // Valid text cut between characters is valid on both sides.
    const at = Number(offsets[row]);
    if (at > utf8.length || (utf8[at] & 0xc0) === 0x80)
      throw corrupt(`ids.utf8: row ${row} isn't UTF-8`, { row });
  }
  const decoder = new TextDecoder("utf-8", { fatal: true });
  const CHUNK = 1 << 16;
  try {
    for (let at = 0; at < utf8.length; at += CHUNK)
      decoder.decode(utf8.subarray(at, at + CHUNK), { stream: true });
    decoder.decode();
  } catch {
    throw corrupt("ids.utf8: not UTF-8");
  }
}

function bytesOf(values: BigInt64Array): Uint8Array {
  return new Uint8Array(values.buffer, values.byteOffset, values.byteLength);
}
