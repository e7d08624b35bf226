/**
 * The caller's fields as Weaviate's properties. A property has one type, made of the first value that comes ("auto-schema"): strings,
 * booleans, finite numbers and lists of strings come back from it as they were. What wouldn't (names that Weaviate changes or
 * keeps for itself, null, empty and nested lists, objects, lists of numbers, strings that are taken for a date or a UUID) is
 * kept as JSON in one more property, in full, but the server's filters don't see it.
 */
import { PithError } from "@pith/codec-core";
import type { Payload } from "../remote/database.ts";

/** The fields that Weaviate would not give back as they were. */
export const JSON_FIELD = "_pith_json";

const NAME = /^[a-z_][_0-9A-Za-z]{0,230}$/;
const TAKEN: ReadonlySet<string> = new Set(["id", "_id", "_additional", "vector", "vectors", "__proto__"]);
const DATE = /^\d{4}-\d\d-\d\d/;
const HEX_OF_UUID = /^[0-9a-f]{32}$/i;

/** The properties of a point's fields. @throws INVALID_ARGUMENT for what JSON can't hold */
export function propertiesOf(payload: Payload): Record<string, unknown> {
  const properties: Record<string, unknown> = {};
  const others: [string, unknown][] = [];
  for (const [name, value] of Object.entries(payload)) {
    if (NAME.test(name) && !TAKEN.has(name) && isPlain(value)) properties[name] = value;
    else others.push([name, value]);
  }
  if (others.length === 0) return properties;
  const json = JSON.stringify(others, (_, value: unknown) => {
    if (value === undefined || typeof value === "function" || typeof value === "bigint" || isInfinite(value))
      throw new PithError("INVALID_ARGUMENT", `fields: expected what JSON holds, got ${String(value)}`);
    return value;
  });
  properties[JSON_FIELD] = json;
  return properties;
}

/** The fields of a stored point's properties. Total: what isn't ours stays as it is. */
export function payloadOf({ [JSON_FIELD]: json, ...properties }: Record<string, unknown>): Payload {
  const plain = Object.entries(properties)
    .filter(([, value]) => value !== undefined && value !== null)
    // Of a property that somebody has declared to be a date.
    .map(([name, value]) => [name, value instanceof Date ? value.toISOString() : value] as const);
  return Object.fromEntries([...plain, ...othersOf(json)]);
}

function othersOf(json: unknown): [string, unknown][] {
  if (typeof json !== "string") return [];
  try {
    const pairs: unknown = JSON.parse(json);
    if (Array.isArray(pairs) && pairs.every((p) => Array.isArray(p) && typeof p[0] === "string"))
      return pairs as [string, unknown][];
  } catch {
    // Below.
  }
  return [[JSON_FIELD, json]];
}

function isPlain(value: unknown): boolean {
  if (typeof value === "boolean") return true;
  if (typeof value === "number") return Number.isFinite(value) && !Object.is(value, -0);
  if (typeof value === "string") return isPlainText(value);
  return (
    Array.isArray(value) && value.length > 0 && value.every((v) => typeof v === "string" && isPlainText(v))
  );
}

/** Taken for text by the server, and for nothing else; and fit for UTF-8. */
function isPlainText(text: string): boolean {
  return !DATE.test(text) && !HEX_OF_UUID.test(text.replace(/^urn:uuid:|[-{}]/gi, "")) && text.isWellFormed();
}

function isInfinite(value: unknown): boolean {
  return typeof value === "number" && !Number.isFinite(value);
}
