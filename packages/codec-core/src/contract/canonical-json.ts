/**
 * Canonical JSON after RFC 8785: members sorted by UTF-16 code units, no white space, numbers as ECMAScript prints
 * them. The same value gives the same bytes, so files of the same content are the same.
 */
import { PithError } from "../errors.ts";

export type CanonicalValue =
  | null
  | boolean
  | number
  | string
  | readonly CanonicalValue[]
  | { readonly [name: string]: CanonicalValue };

/** @throws INVALID_ARGUMENT for what JSON can't hold: NaN, infinities, lone surrogates, functions */
export function canonicalJson(value: CanonicalValue): string {
  if (value === null || typeof value === "boolean") return String(value);
  if (typeof value === "number") {
    if (!Number.isFinite(value)) throw new PithError("INVALID_ARGUMENT", `JSON can't hold ${value}`);
    return JSON.stringify(value);
  }
  if (typeof value === "string") {
    if (!value.isWellFormed()) throw new PithError("INVALID_ARGUMENT", "JSON can't hold a lone surrogate");
    return JSON.stringify(value);
  }
  if (Array.isArray(value)) return `[${value.map(canonicalJson).join(",")}]`;
  if (typeof value === "object") {
    const entries = value as { readonly [name: string]: CanonicalValue };
    const names = Object.keys(entries).sort(); // sort() compares UTF-16 code units, as the RFC asks
    return `{${names.map((n) => `${canonicalJson(n)}:${canonicalJson(entries[n])}`).join(",")}}`;
  }
  throw new PithError("INVALID_ARGUMENT", `JSON can't hold a ${typeof value}`);
}
