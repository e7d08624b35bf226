/** Filters on metadata: what matches, what doesn't, and what is refused. */
import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { type Metadata, type MetadataFilter, metadataTest } from "../../src/langchain/filter.ts";
import { fails } from "./places.ts";

const METADATA: Metadata = {
  year: 2020,
  lang: "en",
  draft: false,
  none: null,
  tags: ["news", "sport"],
  author: { name: "Ada", born: 1815, langs: ["fr"] },
  "a.b": 1,
  a: { b: 2 },
  id: "own",
  empty: [],
};

const matches = (filter: unknown, metadata: Metadata = METADATA): boolean =>
  metadataTest(filter as MetadataFilter)(metadata);

describe("a filter", () => {
  test.each<[unknown, boolean]>([
    [{}, true],
    [{ year: 2020 }, true],
    [{ year: 2021 }, false],
    [{ year: "2020" }, false],
    [{ year: 2020, lang: "en" }, true],
    [{ year: 2020, lang: "de" }, false],
    [{ draft: false }, true],
    [{ draft: 0 }, false],
    [{ id: "own" }, true],
    [{ none: null }, true],
    [{ year: { $eq: 2020 } }, true],
    [{ year: { $ne: 2020 } }, false],
    [{ year: { $gt: 2019 } }, true],
    [{ year: { $gt: 2020 } }, false],
    [{ year: { $gte: 2020 } }, true],
    [{ year: { $lt: 2020 } }, false],
    [{ year: { $lte: 2020 } }, true],
    [{ year: { $gt: 2019, $lt: 2020 } }, false],
    [{ lang: { $gt: "de" } }, true],
    [{ lang: { $lt: "de" } }, false],
    [{ lang: { $gt: 1 } }, false],
    [{ year: { $gt: "" } }, false],
    [{ draft: { $lt: 1 } }, false],
    [{ none: { $lte: 0 } }, false],
    [{ year: { $in: [1, 2020] } }, true],
    [{ year: { $in: [] } }, false],
    [{ year: { $nin: [1, 2020] } }, false],
    [{ year: { $nin: [] } }, true],
    [{ $and: [{ year: 2020 }, { lang: "en" }] }, true],
    [{ $and: [{ year: 2020 }, { lang: "de" }] }, false],
    [{ $or: [{ year: 1 }, { lang: "en" }] }, true],
    [{ $or: [{ year: 1 }, { lang: "de" }] }, false],
    [{ lang: "en", $or: [{ year: 1 }, { $and: [{ draft: false }] }] }, true],
  ])("%j matches: %j", (filter, expected) => {
    expect(matches(filter)).toBe(expected);
  });

  test.each<[unknown, boolean]>([
    [{ gone: { $exists: false } }, true],
    [{ gone: { $exists: true } }, false],
    [{ none: { $exists: true } }, true],
    [{ gone: { $ne: 1 } }, true],
    [{ gone: { $nin: [1] } }, true],
    [{ gone: 1 }, false],
    [{ gone: null }, false],
    [{ gone: { $in: [null] } }, false],
    [{ gone: { $gt: 0 } }, false],
    [{ gone: { $lte: 0 } }, false],
    [{ "author.gone": { $exists: false } }, true],
    [{ "year.gone": { $exists: false } }, true],
    [{ constructor: { $exists: true } }, false],
    [{ "author.toString": { $exists: true } }, false],
  ])("of a key that may be missing, %j matches: %j", (filter, expected) => {
    expect(matches(filter)).toBe(expected);
  });

  test.each<[unknown, boolean]>([
    [{ "author.name": "Ada" }, true],
    [{ "author.born": { $lt: 1900 } }, true],
    [{ "author.langs": "fr" }, true],
    [{ author: { name: "Ada", langs: ["fr"], born: 1815 } }, true],
    [{ author: { name: "Ada" } }, false],
    [{ "a.b": 1 }, true],
    [{ "a.b": 2 }, false],
    [{ a: { b: 2 } }, true],
    [{ tags: "news" }, true],
    [{ tags: "weather" }, false],
    [{ tags: ["news", "sport"] }, true],
    [{ tags: ["sport", "news"] }, false],
    [{ tags: { $in: ["weather", "sport"] } }, true],
    [{ tags: { $nin: ["weather", "sport"] } }, false],
    [{ tags: { $ne: "news" } }, false],
    [{ tags: { $gt: "p" } }, true],
    [{ empty: { $exists: true } }, true],
    [{ empty: [] }, true],
  ])("of nested metadata, %j matches: %j", (filter, expected) => {
    expect(matches(filter)).toBe(expected);
  });

  test("takes a Date for its ISO string, which metadata hold", () => {
    const metadata = JSON.parse(JSON.stringify({ at: new Date(5) }));
    expect(matches({ at: new Date(5) }, metadata)).toBe(true);
    expect(matches({ at: { $gt: new Date(4) } }, metadata)).toBe(true);
    expect(matches({ at: { $in: [new Date(4)] } }, metadata)).toBe(false);
  });

  test("takes a key named __proto__ for a key", () => {
    const metadata = JSON.parse('{"__proto__": 1}');
    expect(matches(JSON.parse('{"__proto__": 1}'), metadata)).toBe(true);
    expect(matches(JSON.parse('{"__proto__": 1}'), {})).toBe(false);
  });

  test("isn't changed, nor are the metadata", () => {
    const filter = Object.freeze({ year: Object.freeze({ $in: Object.freeze([2020]) }) });
    expect(matches(filter, Object.freeze({ year: 2020 }))).toBe(true);
  });

  test("$ne and $nin match exactly what $eq and $in don't", () => {
    const value = fc.jsonValue({ maxDepth: 2 });
    fc.assert(
      fc.property(fc.option(value, { nil: undefined }), value, value, (stored, x, y) => {
        const metadata = (
          stored === undefined ? {} : { key: JSON.parse(JSON.stringify(stored)) }
        ) as Metadata;
        expect(matches({ key: { $ne: x } }, metadata)).toBe(!matches({ key: { $eq: x } }, metadata));
        expect(matches({ key: { $nin: [x, y] } }, metadata)).toBe(
          !matches({ key: { $in: [x, y] } }, metadata),
        );
        expect(matches({ key: { $in: [x, y] } }, metadata)).toBe(
          matches({ $or: [{ key: { $eq: x } }, { key: { $eq: y } }] }, metadata),
        );
        if (stored !== undefined) expect(matches({ key: { $eq: stored } }, metadata)).toBe(true);
      }),
      { numRuns: 300, seed: 11 },
    );
  });
});

describe("a filter that can't be right is refused:", () => {
  const cycle: Record<string, unknown> = {};
  cycle["self"] = cycle;
  let deep: unknown = { year: 1 };
  for (let i = 0; i < 70; i++) deep = { $and: [deep] };

  test.each<[string, unknown]>([
    ["an unknown operator", { year: { $regex: "x" } }],
    ["an unknown junction", { $nor: [{ year: 1 }] }],
    ["an operator beside a name", { year: { $gt: 1, other: 2 } }],
    ["$in without a list", { year: { $in: 2020 } }],
    ["$exists without true or false", { year: { $exists: 1 } }],
    ["$gt of null", { year: { $gt: null } }],
    ["$gt of a list", { year: { $gt: [1] } }],
    ["$and of nothing", { $and: [] }],
    ["$or of an object", { $or: { year: 1 } }],
    ["$and of a number", { $and: [1] }],
    ["undefined", { year: undefined }],
    ["$eq of undefined", { year: { $eq: undefined } }],
    ["NaN", { year: Number.NaN }],
    ["a bigint", { year: 1n }],
    ["a function as a value", { year: () => 1 }],
    ["a cycle", { year: cycle }],
    ["one nested too deep", deep],
    ["a list", [{ year: 1 }]],
    ["a text", "year = 1"],
    ["a number", 3],
  ])("%s", async (_, filter) => {
    await fails("INVALID_ARGUMENT", () => metadataTest(filter as MetadataFilter));
  });

  test("and the nearest operator is named", async () => {
    expect(await fails("INVALID_ARGUMENT", () => metadataTest({ year: { $gtt: 1 } } as never))).toMatch(
      /"\$gtt"; did you mean \$gte?\?/,
    );
  });
});
