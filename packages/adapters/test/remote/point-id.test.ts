import type { Id } from "@pith/codec-core";
import fc from "fast-check";
import { describe, expect, test } from "vitest";
import type { RemoteIds } from "../../src/remote/database.ts";
import { ID_NAMESPACE, idOf, pointOf, uuidV5 } from "../../src/remote/point-id.ts";

const DNS = "6ba7b810-9dad-11d1-80b4-00c04fd430c8";
const URLS = "6ba7b811-9dad-11d1-80b4-00c04fd430c8";

describe("ids of points", () => {
  test("UUIDv5 gives the example of RFC 9562", () => {
    expect(uuidV5(DNS, "www.example.com")).toBe("2ed6657d-e927-568b-95e1-2665a8aea6a2");
  });

  test("the namespace is itself one", () => {
    expect(uuidV5(URLS, "urn:pith:id")).toBe(ID_NAMESPACE);
  });

  test("strings become UUIDs and keep their text; UUIDs stay", () => {
    const uuid = "6f1c2a34-9d3b-4c0e-8a51-2f4b7c9d0e11";
    expect(pointOf(uuid, true)).toEqual({ id: uuid });
    expect(pointOf("a", true)).toEqual({ id: uuidV5(ID_NAMESPACE, "a"), original: "a" });
    expect(pointOf(uuid.toUpperCase(), true)).toHaveProperty("original", uuid.toUpperCase());
  });

  test("a UUID of version 5 doesn't stay: nobody can choose an id that takes another one's place", () => {
    const taken = pointOf("someone's", true).id as string;
    expect(pointOf(taken, true).id).not.toBe(taken);
  });

  test("integers stay where the database takes them, from 0 to 2^53 - 1", () => {
    expect(pointOf(7, true)).toEqual({ id: 7 });
    expect(pointOf(7n, true)).toEqual({ id: 7 });
    expect(pointOf(2 ** 53 - 1, true)).toEqual({ id: 2 ** 53 - 1 });
    expect(pointOf(7, false)).toEqual({ id: uuidV5(ID_NAMESPACE, "7"), original: "7" });
    expect(pointOf(-1, true)).toHaveProperty("original", "-1");
    expect(pointOf(2n ** 53n, true)).toHaveProperty("original", "9007199254740992");
  });

  const back = (id: Id, type: RemoteIds, integers: boolean): Id => {
    const { id: point, original } = pointOf(id, integers);
    return idOf({ id: point, original }, type);
  };

  test("every id comes back", () => {
    const integers = fc.boolean();
    const text = fc.string({ unit: "binary" }).filter((s) => s.isWellFormed());
    fc.assert(
      fc.property(fc.oneof(text, fc.uuid()), integers, (id, native) => back(id, "string", native) === id),
    );
    fc.assert(
      fc.property(fc.maxSafeInteger(), integers, (id, native) =>
        Object.is(back(id, "number", native), id + 0),
      ),
    );
    fc.assert(
      fc.property(
        fc.bigInt(-(2n ** 63n), 2n ** 63n - 1n),
        integers,
        (id, native) => back(id, "bigint", native) === id,
      ),
    );
  });

  test("different ids are different points", () => {
    fc.assert(
      fc.property(fc.uniqueArray(fc.oneof(fc.string(), fc.uuid()), { minLength: 2 }), (ids) => {
        expect(new Set(ids.map((id) => pointOf(id, true).id)).size).toBe(ids.length);
      }),
    );
  });

  for (const [name, point, type] of [
    ["a text of another point", { id: pointOf("a", true).id, original: "b" }, "string"],
    ["no text where one is needed", { id: pointOf("a", true).id, original: undefined }, "string"],
    ["a text that is no string", { id: pointOf("7", true).id, original: 7 }, "number"],
    ["a text that is no integer", { id: pointOf("07", true).id, original: "07" }, "number"],
    ["an integer beyond 2^53", { id: pointOf(2n ** 60n, true).id, original: String(2n ** 60n) }, "number"],
    [
      "an integer beyond 64 bits",
      { id: pointOf(String(2n ** 64n), true).id, original: String(2n ** 64n) },
      "bigint",
    ],
    ["an integer among strings", { id: 7, original: undefined }, "string"],
  ] as const)
    test(`refused: ${name}`, () => {
      expect(() => idOf(point, type)).toThrow(expect.objectContaining({ code: "CORRUPT_CODES" }));
    });
});
