/**
 * Codes laid out for the kernels, where the codec knows a better layout than rows one after another: made at the first search,
 * and again at the first one after a change.
 */
import type { Codec, Resident } from "../contract/codec.ts";
import type { Codes } from "../contract/codes.ts";
import type { RowStore } from "./row-store.ts";

export class LaidOut {
  readonly #codec: Codec;
  #made: { readonly version: number; readonly resident: Resident } | undefined;

  constructor(codec: Codec) {
    this.#codec = codec;
  }

  /** What searches of these rows run over. */
  of(rows: RowStore): Codes | Resident {
    const { version } = rows;
    if (this.#made?.version === version) return this.#made.resident;
    const resident = this.#codec.resident?.(rows.codes);
    if (!resident) return rows.codes;
    this.#made = { version, resident };
    return resident;
  }

  forget(): void {
    this.#made = undefined;
  }

  /** Bytes of memory that it holds. */
  get byteLength(): number {
    return this.#made?.resident.byteLength ?? 0;
  }
}
