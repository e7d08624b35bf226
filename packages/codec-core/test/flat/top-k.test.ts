import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { Bitset } from "../../src/flat/bitset.ts";
import { checkK, TopK } from "../../src/flat/top-k.ts";

describe("TopK", () => {
  test("equals sorting by score, then slot", () => {
    const score = fc.oneof(
      fc.integer({ min: -3, max: 3 }),
      fc.constantFrom(Infinity, -Infinity, Number.NaN, -0),
    );
    fc.assert(
      fc.property(fc.array(score, { maxLength: 60 }), fc.integer({ min: 1, max: 70 }), (scores, k) => {
        const best = new TopK(k);
        // In any order: merged blocks don't come by slot.
        const slots = scores.map((_, slot) => slot).sort((a, b) => ((a * 7) % 11) - ((b * 7) % 11));
        for (const slot of slots) best.push(slot, scores[slot]);
        const key = (slot: number): number => (Number.isNaN(scores[slot]) ? -Infinity : scores[slot]);
        const sorted = scores
          .map((_, slot) => slot)
          .sort((a, b) => (key(a) === key(b) ? a - b : key(b) > key(a) ? 1 : -1));
        const hits = best.hits();
        expect(Array.from(hits.slots)).toEqual(sorted.slice(0, k));
        expect(hits.length).toBe(Math.min(k, scores.length));
        expect(best.hits()).toEqual(hits);
      }),
      { seed: 2 },
    );
  });

  test.each([0, -1, 1.5, Number.NaN, Infinity, "3"])("k = %s is refused", (k) => {
    expect(() => checkK(k as number)).toThrow(expect.objectContaining({ code: "INVALID_ARGUMENT" }));
  });
});

describe("Bitset", () => {
  test("behaves as a set of numbers", () => {
    fc.assert(
      fc.property(
        fc.integer({ min: 0, max: 100 }).chain((length) =>
          fc.tuple(
            fc.constant(length),
            fc.array(fc.tuple(fc.boolean(), fc.integer({ min: 0, max: Math.max(0, length - 1) })), {
              maxLength: 80,
            }),
          ),
        ),
        ([length, steps]) => {
          const bits = new Bitset(length);
          const set = new Set<number>();
          for (const [add, i] of length === 0 ? [] : steps) {
            bits[add ? "add" : "delete"](i);
            set[add ? "add" : "delete"](i);
          }
          expect(bits.count()).toBe(set.size);
          for (let i = -1; i <= length; i++) expect(bits.has(i)).toBe(set.has(i));
        },
      ),
      { seed: 3 },
    );
  });

  test("full sets every bit and no more", () => {
    for (const length of [0, 1, 31, 32, 33, 64, 65]) {
      const full = Bitset.full(length);
      expect(full.count()).toBe(length);
      expect(full.has(length)).toBe(false);
    }
  });

  test("bits outside are refused, and words that don't fit", () => {
    const bits = new Bitset(5);
    for (const i of [-1, 5, 1.5])
      expect(() => bits.add(i)).toThrow(expect.objectContaining({ code: "INVALID_ARGUMENT" }));
    expect(() => new Bitset(33, new Uint32Array(1))).toThrow(
      expect.objectContaining({ code: "LENGTH_MISMATCH" }),
    );
  });
});
