import { describe, expect, test } from "vitest";
import { type Id, IdColumn, isPithError } from "../../src/index.ts";
import { refusal } from "./refusal.ts";

function thrown(run: () => unknown): unknown {
  try {
    run();
  } catch (error) {
    return error;
  }
  return undefined;
}

describe("IdColumn", () => {
  test.each<[string, Id[]]>([
    ["string", ["", "a", "é", "日本", "🦀", "\ufeffbom", "\u0000", "\ufffd"]],
    ["number", [0, 1, -1, Number.MAX_SAFE_INTEGER, Number.MIN_SAFE_INTEGER, 2 ** 32, -(2 ** 32)]],
    ["bigint", [0n, -1n, 2n ** 63n - 1n, -(2n ** 63n), 2n ** 53n]],
  ])("holds ids of type %s, by row and in order", (type, ids) => {
    const column = IdColumn.from(ids);
    expect(column.type).toBe(type);
    expect(column.length).toBe(ids.length);
    expect(column.toArray()).toEqual(ids);
    ids.forEach((id, slot) => {
      expect(column.at(slot)).toBe(id);
    });
    const again = IdColumn.fromTensors(column.type, column.tensors(), ids.length);
    expect([...again]).toEqual(ids);
  });

  test("keeps nothing of the list that it was made from", () => {
    const ids = ["a", "b"];
    const column = IdColumn.from(ids);
    ids[0] = "changed";
    expect(column.toArray()).toEqual(["a", "b"]);
  });

  test("minus zero is zero", () => {
    expect(Object.is(IdColumn.from([-0]).at(0), 0)).toBe(true);
  });

  test("is a string column where it is empty, unless told", () => {
    expect(IdColumn.from([]).type).toBe("string");
    expect(IdColumn.from([], "bigint").type).toBe("bigint");
    expect(IdColumn.from([], "number").tensors()["ids"].shape).toEqual([0]);
  });

  test.each<[string, unknown[], number]>([
    ["a lone surrogate", ["a", "\ud800"], 1],
    ["a fraction", [1, 2, 0.5], 2],
    ["2^53", [2 ** 53], 0],
    ["NaN", [Number.NaN], 0],
    ["an infinity", [1, Number.POSITIVE_INFINITY], 1],
    ["2^63", [0n, 2n ** 63n], 1],
    ["-2^63 - 1", [-(2n ** 63n) - 1n], 0],
    ["a number among strings", ["a", 1], 1],
    ["a bigint among numbers", [1, 2n], 1],
    ["null", [null], 0],
    ["an object", [{}], 0],
    ["undefined behind a string", ["a", undefined], 1],
  ])("refuses %s and names the row", (_, ids, row) => {
    const error = thrown(() => IdColumn.from(ids as Id[]));
    expect(isPithError(error, "INVALID_ARGUMENT") && error.details["row"]).toBe(row);
  });

  test("rows are 0 to length - 1", () => {
    const column = IdColumn.from([5, 6]);
    for (const row of [-1, 2, 0.5, Number.NaN])
      expect(refusal(() => column.at(row))).toBe("INVALID_ARGUMENT");
  });

  test("an id that repeats is named with both rows", () => {
    for (const ids of [
      ["x", "y", "z", "y", "x"],
      [1, 2, 3, 2],
      [1n, 2n, 3n, 2n],
    ] as Id[][]) {
      const column = IdColumn.from(ids);
      expect(column.duplicate()).toEqual({ id: ids[1], rows: [1, 3] });
      const error = thrown(() => column.checkUnique());
      expect(isPithError(error, "DUPLICATE_ID") && error.details).toEqual({ id: ids[1], rows: [1, 3] });
      expect((error as Error).message).toMatch(/rows 1 and 3/);
    }
    expect(IdColumn.from(["a", "A", ""]).duplicate()).toBeUndefined();
    expect(refusal(() => IdColumn.from(["a", "b"]).checkUnique())).toBe("accepted");
  });

  test("the number of ids is checked against the rows", () => {
    const column = IdColumn.from(["a", "b"]);
    expect(refusal(() => column.checkCount(2))).toBe("accepted");
    const error = thrown(() => column.checkCount(3));
    expect(isPithError(error, "ID_COUNT_MISMATCH") && error.details).toEqual({ expected: 3, actual: 2 });
  });

  test("text longer than a decoder's piece, cut inside of characters", () => {
    const ids = Array.from({ length: 30_000 }, (_, i) => `日本${i}`);
    const column = IdColumn.from(ids);
    expect(IdColumn.fromTensors("string", column.tensors(), ids.length).at(29_999)).toBe("日本29999");
  });
});
