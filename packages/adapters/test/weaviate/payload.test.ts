/** Fields as Weaviate's properties, and back. */
import { describe, expect, test } from "vitest";
import { JSON_FIELD, payloadOf, propertiesOf } from "../../src/weaviate/payload.ts";

describe("fields that a property gives back as they were are properties", () => {
  test.each([["text"], [true], [0], [-1.5], [2 ** 53 - 1], [["a", "b"]], [""]])("%j", (value) => {
    expect(propertiesOf({ field: value })).toEqual({ field: value });
  });
});

describe("fields that wouldn't come back as they were are kept as JSON", () => {
  test.each([
    ["null", null],
    ["an object", { a: { b: 1 } }],
    ["an empty list", []],
    ["a list of numbers", [1, 2.5]],
    ["a mixed list", ["a", 1]],
    ["a date", "2026-01-01T00:00:00Z"],
    ["a UUID", "6BA7B810-9DAD-11D1-80B4-00C04FD430C8"],
    ["a UUID in braces", "{6ba7b810-9dad-11d1-80b4-00c04fd430c8}"],
    ["32 hex digits", "6ba7b8109dad11d180b400c04fd430c8"],
    ["half of a surrogate pair", "a\ud800"],
  ])("%s", (_, value) => {
    const properties = propertiesOf({ field: value, plain: "x" });
    expect(Object.keys(properties).sort()).toEqual([JSON_FIELD, "plain"].sort());
    expect(payloadOf(properties)).toEqual({ field: value, plain: "x" });
  });

  test.each(["Upper", "id", "vector", "a b", "é", "", "_additional", "__proto__"])("the name %j", (name) => {
    const payload = Object.fromEntries([[name, "x"]]);
    const properties = propertiesOf(payload);
    expect(Object.keys(properties)).toEqual([JSON_FIELD]);
    expect(payloadOf(properties)).toEqual(payload);
  });
});

test("what JSON can't hold is refused", () => {
  for (const value of [Number.NaN, Number.POSITIVE_INFINITY, 1n, () => 1, { a: [Number.NaN] }])
    expect(() => propertiesOf({ field: value })).toThrow(
      expect.objectContaining({ code: "INVALID_ARGUMENT" }),
    );
});

test("properties that aren't ours stay as they are", () => {
  expect(payloadOf({ when: new Date(0), gone: null, [JSON_FIELD]: "{broken" })).toEqual({
    when: "1970-01-01T00:00:00.000Z",
    [JSON_FIELD]: "{broken",
  });
});
