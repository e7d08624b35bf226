/** A column of ids built one by one, held as a file holds them: no string or number of its own for each row. */
import { PithError } from "./errors.ts";
import { checkId, type Id, IdColumn, type IdType } from "./ids.ts";

/** UTF-8 takes at most three bytes for a UTF-16 code unit. */
const UNIT_BYTES = 3;
const FIRST = 1024;

export class IdColumnBuilder {
  readonly type: IdType;
  readonly #encoder = new TextEncoder();
  #count = 0;
  /** Ids; of strings the offsets, with a 0 before the first. */
  #values = new BigInt64Array(FIRST);
  #utf8 = new Uint8Array(0);
  #bytes = 0;

  constructor(type: IdType) {
    this.type = type;
  }

  get length(): number {
    return this.#count;
  }

  /** @throws INVALID_ARGUMENT for an id of another type or out of range, as `IdColumn.from` */
  push(id: Id): void {
    if (typeof id !== this.type)
      throw new PithError("INVALID_ARGUMENT", `expected an id that is a ${this.type}, got a ${typeof id}`);
    checkId(id);
    if (this.#count + 2 > this.#values.length) this.#values = grown(this.#values, this.#count + 2);
    if (typeof id !== "string") {
      this.#values[this.#count++] = BigInt(id);
      return;
    }
    const most = this.#bytes + id.length * UNIT_BYTES;
    if (most > this.#utf8.length) this.#utf8 = grown(this.#utf8, most);
    this.#bytes += this.#encoder.encodeInto(id, this.#utf8.subarray(this.#bytes)).written;
    this.#values[++this.#count] = BigInt(this.#bytes);
  }

  /** The column; the builder must not be used any more. */
  finish(): IdColumn {
    const count = this.#count;
    const bytes = (length: number): Uint8Array => new Uint8Array(this.#values.buffer, 0, length * 8);
    if (this.type !== "string") {
      const ids = { dtype: "I64", shape: [count], bytes: bytes(count) } as const;
      return IdColumn.fromTensors(this.type, { ids }, count);
    }
    return IdColumn.fromTensors(
      "string",
      {
        "ids.offsets": { dtype: "I64", shape: [count + 1], bytes: bytes(count + 1) },
        "ids.utf8": { dtype: "U8", shape: [this.#bytes], bytes: this.#utf8.subarray(0, this.#bytes) },
      },
      count,
    );
  }
}

function grown<T extends BigInt64Array | Uint8Array>(old: T, least: number): T {
  const make = old.constructor as new (length: number) => T;
  const next = new make(Math.max(least, Math.ceil(old.length * 1.5)));
  next.set(old as never);
  return next;
}
