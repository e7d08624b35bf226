import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { type CanonicalValue, canonicalJson } from "../../src/contract/canonical-json.ts";

describe("canonical JSON", () => {
  test("sorts members by UTF-16 code units, prints numbers as ECMAScript does", () => {
    // The examples of RFC 8785, sections 3.2.2 and 3.2.3.
    // biome-ignore lint/correctness/noPrecisionLoss: the RFC's own example of it
    const numbers = [333333333.33333329, 1e30, 4.5, 2e-3, 0.000000000000000000000000001];
    expect(canonicalJson(numbers)).toBe("[333333333.3333333,1e+30,4.5,0.002,1e-27]");
    const names = { "\u20ac": 1, "\r": 2, "\ufb33": 3, "1": 4, "\u{1f600}": 5, "\u0080": 6, "\u00f6": 7 };
    expect(Object.values(JSON.parse(canonicalJson(names)))).toHaveLength(7);
    expect([...canonicalJson(names).matchAll(/:(\d)/g)].map((m) => m[1]).join("")).toBe("2467153");
    expect(canonicalJson({ b: [], a: { d: null, c: -0 } })).toBe('{"a":{"c":0,"d":null},"b":[]}');
  });

  test("refuses what JSON can't hold", () => {
    for (const value of [Number.NaN, Infinity, "\ud800", undefined, () => 1, 1n])
      expect(() => canonicalJson(value as CanonicalValue)).toThrow(
        expect.objectContaining({ code: "INVALID_ARGUMENT" }),
      );
  });

  test("equal values give equal text, whatever the order of members", () => {
    fc.assert(
      fc.property(fc.dictionary(fc.string({ unit: "grapheme" }), fc.jsonValue()), (value) => {
        const reversed = Object.fromEntries(Object.entries(value).reverse());
        const text = canonicalJson(value as CanonicalValue);
        expect(canonicalJson(reversed as CanonicalValue)).toBe(text);
        expect(canonicalJson(JSON.parse(text))).toBe(text);
      }),
      { seed: 1 },
    );
  });
});
