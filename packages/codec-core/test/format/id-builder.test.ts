import { describe, expect, test } from "vitest";
import { type Id, IdColumn, IdColumnBuilder, type IdType, SplitMix64 } from "../../src/index.ts";
import { refusal } from "./refusal.ts";

function build(type: IdType, ids: readonly Id[]): IdColumn {
  const builder = new IdColumnBuilder(type);
  for (const id of ids) builder.push(id);
  expect(builder.length).toBe(ids.length);
  return builder.finish();
}

describe("ids one by one", () => {
  const random = new SplitMix64(12);
  const cases: [IdType, Id[]][] = [
    ["string", []],
    ["string", ["", "a", "naïve 名 🙂", "", "x".repeat(5000)]],
    ["string", Array.from({ length: 5000 }, () => `id ${random.next()}`)],
    ["number", Array.from({ length: 5000 }, () => random.below(2 ** 53) * (random.below(2) ? 1 : -1))],
    ["bigint", Array.from({ length: 3000 }, () => BigInt.asIntN(64, random.next()))],
  ];
  test.each(cases)("%s: the same column as from all at once", (type, ids) => {
    const column = build(type, ids);
    expect(column.toArray()).toEqual(ids);
    const whole = IdColumn.from(ids, type).tensors();
    for (const [name, tensor] of Object.entries(column.tensors()))
      expect(Buffer.from(tensor.bytes).equals(Buffer.from(whole[name].bytes))).toBe(true);
  });

  test("another type, a lone surrogate and a fraction are refused", () => {
    expect(refusal(() => new IdColumnBuilder("string").push(1))).toMatch("INVALID_ARGUMENT");
    expect(refusal(() => new IdColumnBuilder("string").push("\ud800"))).toMatch("INVALID_ARGUMENT");
    expect(refusal(() => new IdColumnBuilder("number").push(0.5))).toMatch("INVALID_ARGUMENT");
  });
});

describe("ids that repeat", () => {
  test("the first second one is found, among many, of every type", () => {
    const random = new SplitMix64(13);
    for (const make of [(i: number) => `row ${i}`, (i: number) => i - 500, (i: number) => BigInt(i) - 500n])
      for (let round = 0; round < 5; round++) {
        const ids: Id[] = Array.from({ length: 1000 }, (_, i) => make(i));
        expect(IdColumn.from(ids).duplicate()).toBeUndefined();
        const first = random.below(400);
        const second = 400 + random.below(300);
        ids[second] = ids[first];
        ids[900] = ids[899];
        expect(IdColumn.from(ids).duplicate()).toEqual({ id: ids[first], rows: [first, second] });
      }
  });
});
