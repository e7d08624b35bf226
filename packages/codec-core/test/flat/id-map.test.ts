import { describe, expect, test } from "vitest";
import { Bitset } from "../../src/flat/bitset.ts";
import { IdMap } from "../../src/flat/id-map.ts";
import { SplitMix64 } from "../../src/random.ts";

describe("the slots that may be hit", () => {
  test("are all where none was removed", () => {
    const map = new IdMap<string>();
    map.push(["a", "b"]);
    expect(map.live).toBeUndefined();
    expect(map.remove("c")).toBeUndefined();
    expect(map.live).toBeUndefined();
  });

  test("are kept until the next change, and those given out stay as they were", () => {
    const map = new IdMap<string>();
    map.push(["a", "b", "c"]);
    map.remove("b");
    const before = map.live;
    expect(map.live).toBe(before);
    map.remove("nothing");
    map.remove("b");
    expect(map.live).toBe(before);
    map.remove("a");
    map.push(["b"]);
    expect(before).toEqual(Bitset.from(3, [0, 2]));
    expect(map.live).toEqual(Bitset.from(4, [2, 3]));
  });

  test("are those of a set, after any run of adding, removing and asking", () => {
    const random = new SplitMix64(11);
    const map = new IdMap<number>();
    let [next, removed] = [0, new Set<number>()];
    const slots = new Map<number, number>();
    for (let step = 0; step < 400; step++) {
      if (random.below(3) > 0) {
        const ids = Array.from({ length: random.below(5) }, () => next++);
        for (const id of ids) slots.set(id, slots.size);
        map.push(ids);
      } else if (next > 0) {
        const id = random.below(next);
        if (map.remove(id) !== undefined) removed = new Set([...removed, slots.get(id) as number]);
      }
      if (random.below(2) === 0) continue;
      const members = Array.from(slots.values()).filter((slot) => !removed.has(slot));
      expect(map.live).toEqual(removed.size > 0 ? Bitset.from(map.length, members) : undefined);
    }
    expect(removed.size).toBeGreaterThan(20);
  });
});
