/**
 * Filters on metadata, as MongoDB writes them: `{ year: { $gte: 2020 }, $or: [{ lang: "en" }, { lang: { $exists: false } }] }`.
 *
 * - A key names a property of the metadata, else a path into it ("author.name"). A plain value means $eq; all keys of an object
 *   must match.
 * - Values are compared as JSON: a filter's Date is its ISO string, as one in the metadata is. Numbers, strings and booleans are equal
 *   to their own type alone; lists and objects where all they hold is. $gt, $gte, $lt and $lte compare two numbers, or two strings by
 *   code units, and match nothing else.
 * - A list in the metadata matches where the list itself or one of its elements does.
 * - A missing key matches $ne, $nin and `$exists: false`, and nothing else: `null` matches a null that is there.
 */
import { nearestName, PithError, quote, shown } from "@pith/codec-core";

export type Json = null | boolean | number | string | readonly Json[] | { readonly [key: string]: Json };

/** Metadata as they are stored: what JSON makes of them. */
export type Metadata = { readonly [key: string]: Json };

/** What a property is compared with; a Date stands for its ISO string. */
export type FilterValue = Json | Date;

export interface FilterOperators {
  $eq?: FilterValue;
  $ne?: FilterValue;
  $gt?: FilterValue;
  $gte?: FilterValue;
  $lt?: FilterValue;
  $lte?: FilterValue;
  $in?: readonly FilterValue[];
  $nin?: readonly FilterValue[];
  $exists?: boolean;
}

export interface MetadataFilter {
  $and?: readonly MetadataFilter[];
  $or?: readonly MetadataFilter[];
  /** `undefined` is refused: a filter of what isn't known must not match everything. */
  [key: string]: FilterValue | FilterOperators | readonly MetadataFilter[] | undefined;
}

export type MetadataTest = (metadata: Metadata) => boolean;

type Found = Json | undefined;
type Test = (value: Found) => boolean;

const COMPARISONS = {
  $gt: (a, b) => a > b,
  $gte: (a, b) => a >= b,
  $lt: (a, b) => a < b,
  $lte: (a, b) => a <= b,
} satisfies { [name: string]: (a: number | string, b: number | string) => boolean };

const OPERATORS: { readonly [name: string]: (operand: unknown, where: string) => Test } = {
  $eq: (operand, where) => equals(json(operand, where)),
  $ne: (operand, where) => not(equals(json(operand, where))),
  $in: (operand, where) => oneOf(operand, where),
  $nin: (operand, where) => not(oneOf(operand, where)),
  $exists(operand, where) {
    if (typeof operand !== "boolean") throw refuse(where, "true or false", operand);
    return (value) => (value !== undefined) === operand;
  },
  ...Object.fromEntries(
    Object.entries(COMPARISONS).map(([name, compare]) => [
      name,
      (operand: unknown, where: string) => comparing(json(operand, where), compare, where),
    ]),
  ),
};

const JUNCTIONS = ["$and", "$or"];
const DEEPEST = 64;

/** A filter as a test of stored metadata. @throws INVALID_ARGUMENT (an unknown operator, an operand that doesn't fit it) */
export function metadataTest(filter: MetadataFilter, depth: number = 0): MetadataTest {
  if (!isRecord(filter)) throw refuse("filter", "an object or a function", filter);
  if (depth > DEEPEST)
    throw new PithError("INVALID_ARGUMENT", `filter: nested deeper than ${DEEPEST}`, { expected: DEEPEST });
  return every(
    Object.entries(filter).map(([key, operand]) => {
      if (!key.startsWith("$")) return propertyTest(key, operand);
      if (!JUNCTIONS.includes(key)) throw unknownOperator(key, JUNCTIONS, "filter");
      if (!Array.isArray(operand) || operand.length === 0) throw refuse(key, "a list of filters", operand);
      const parts = operand.map((part) => metadataTest(part, depth + 1));
      return key === "$and" ? every(parts) : some(parts);
    }),
  );
}

function propertyTest(key: string, operand: unknown): MetadataTest {
  const test = valueTest(key, operand);
  const path = key.split(".");
  return (metadata) => test(property(metadata, key, path));
}

function valueTest(key: string, operand: unknown): Test {
  const names = isRecord(operand) ? Object.keys(operand) : [];
  if (!names.some((name) => name.startsWith("$"))) return equals(json(operand, key));
  return every(
    names.map((name) => {
      if (!Object.hasOwn(OPERATORS, name)) throw unknownOperator(name, Object.keys(OPERATORS), key);
      return OPERATORS[name]((operand as Record<string, unknown>)[name], `${key}.${name}`);
    }),
  );
}

/** A property of that very name before a path. */
function property(metadata: Metadata, key: string, path: readonly string[]): Found {
  if (Object.hasOwn(metadata, key)) return metadata[key];
  let value: Found = metadata;
  for (const step of path) {
    if (!isRecord(value) || !Object.hasOwn(value, step)) return undefined;
    value = value[step] as Json;
  }
  return value;
}

function equals(operand: Json): Test {
  return (value) =>
    value !== undefined && (same(value, operand) || elements(value).some((v) => same(v, operand)));
}

function oneOf(operand: unknown, where: string): Test {
  if (!Array.isArray(operand)) throw refuse(where, "a list", operand);
  return some(operand.map((value) => equals(json(value, where))));
}

function comparing(
  operand: Json,
  compare: (a: number | string, b: number | string) => boolean,
  where: string,
): Test {
  if (typeof operand !== "number" && typeof operand !== "string")
    throw refuse(where, "a number or a string", operand);
  const matches = (value: Json): boolean =>
    typeof value === typeof operand && compare(value as number | string, operand);
  return (value) => value !== undefined && (matches(value) || elements(value).some(matches));
}

function elements(value: Json): readonly Json[] {
  return Array.isArray(value) ? value : [];
}

function same(a: Json, b: Json): boolean {
  if (a === b) return true;
  if (Array.isArray(a) || Array.isArray(b))
    return Array.isArray(a) && Array.isArray(b) && a.length === b.length && a.every((v, i) => same(v, b[i]));
  if (!isRecord(a) || !isRecord(b)) return false;
  const keys = Object.keys(a);
  return (
    keys.length === Object.keys(b).length &&
    keys.every((key) => Object.hasOwn(b, key) && same(a[key] as Json, b[key] as Json))
  );
}

/** A value as metadata would hold it. */
function json(value: unknown, where: string): Json {
  let text: string | undefined;
  try {
    text = JSON.stringify(value);
  } catch {
    // A cycle or a bigint: JSON has neither.
  }
  if (text === undefined || (typeof value === "number" && !Number.isFinite(value)))
    throw refuse(where, "a value of JSON", value);
  return JSON.parse(text) as Json;
}

function every<T>(tests: readonly ((value: T) => boolean)[]): (value: T) => boolean {
  return (value) => tests.every((test) => test(value));
}

function some<T>(tests: readonly ((value: T) => boolean)[]): (value: T) => boolean {
  return (value) => tests.some((test) => test(value));
}

function not(test: Test): Test {
  return (value) => !test(value);
}

function isRecord(value: unknown): value is { readonly [key: string]: unknown } {
  return typeof value === "object" && value !== null && !Array.isArray(value) && !(value instanceof Date);
}

function refuse(where: string, expected: string, actual: unknown): PithError {
  return new PithError(
    "INVALID_ARGUMENT",
    `filter ${quote(where)}: expected ${expected}, got ${shown(actual)}`,
    {
      where,
      expected,
    },
  );
}

function unknownOperator(name: string, known: readonly string[], where: string): PithError {
  const near = nearestName(name, known);
  const hint = near ? `did you mean ${near}?` : `known: ${known.join(", ")}`;
  return new PithError(
    "INVALID_ARGUMENT",
    `filter ${quote(where)}: unknown operator ${quote(name)}; ${hint}`,
    {
      where,
      operator: name,
      known,
    },
  );
}
