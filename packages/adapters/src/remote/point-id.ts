/**
 * Ids of points. A database takes UUIDs, some integers too; Pith's ids are strings, safe integers or 64-bit integers.
 *
 *   integer from 0 to 2^53 - 1      itself, where the database takes integers
 *   string that is a UUID           itself: lower case, versions 1 to 8 of RFC 9562 but 5
 *   anything else                   UUIDv5(namespace, text of the id), the text kept beside it
 *
 * The text of an integer is its decimal digits. As a UUID of version 5 is never taken as it is, no id can be chosen so that it
 * takes another one's place. Source of UUIDv5 (SHA-1 of namespace and name): RFC 9562, 5.5.
 */
import { createHash } from "node:crypto";
import { type Id, PithError, quote } from "@pith/codec-core";
import type { PointId, RemoteIds } from "./database.ts";

/** Namespace of Pith's ids: UUIDv5 of the text `urn:pith:id` in the namespace for URLs of RFC 9562. */
export const ID_NAMESPACE = "b5a1794c-0aed-572d-bdf5-b8204f6656bf";

const UUID = /^[0-9a-f]{8}-[0-9a-f]{4}-[1-46-8][0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$/;

/** UUIDv5 of a name (as UTF-8) in a namespace, lower case. */
export function uuidV5(namespace: string, name: string): string {
  const hash = createHash("sha1")
    .update(Buffer.from(namespace.replaceAll("-", ""), "hex"))
    .update(name, "utf8");
  const bytes = hash.digest().subarray(0, 16);
  bytes[6] = (bytes[6] & 0x0f) | 0x50;
  bytes[8] = (bytes[8] & 0x3f) | 0x80;
  return bytes.toString("hex").replace(/^(.{8})(.{4})(.{4})(.{4})/, "$1-$2-$3-$4-");
}

/** The point's id, and the text to keep where the id can't be had back from it. */
export function pointOf(id: Id, integers: boolean): { readonly id: PointId; readonly original?: string } {
  if (typeof id === "string" ? UUID.test(id) : integers && id >= 0 && id <= Number.MAX_SAFE_INTEGER)
    return { id: typeof id === "bigint" ? Number(id) : id };
  const original = String(id);
  return { id: uuidV5(ID_NAMESPACE, original), original };
}

/** The caller's id of a stored point. @throws CORRUPT_CODES where the point doesn't have the id of its text, or no id of `type` */
export function idOf(point: { readonly id: PointId; readonly original: unknown }, type: RemoteIds): Id {
  const { id, original } = point;
  const wrong = (reason: string): PithError =>
    new PithError("CORRUPT_CODES", `point ${quote(String(id))}: ${reason}`, { id });
  if (original === undefined || original === null) {
    if (type === "string" && typeof id === "string" && UUID.test(id)) return id;
    if (type === "bigint" && typeof id === "number") return BigInt(id);
    if ((type === "number" || type === "row") && typeof id === "number") return id;
    throw wrong(`expected an id that is a ${type}, and no text of one is kept`);
  }
  if (typeof original !== "string" || pointOf(original, false).id !== id)
    throw wrong("it isn't the id of the text that it keeps");
  if (type === "string") return original;
  const digits = /^(0|-?[1-9][0-9]*)$/.test(original) ? BigInt(original) : undefined;
  const fits =
    digits !== undefined &&
    (type === "bigint" ? BigInt.asIntN(64, digits) === digits : Number.isSafeInteger(Number(digits)));
  if (!fits) throw wrong(`the text that it keeps is no id that is a ${type}`);
  return type === "bigint" ? digits : Number(digits);
}
