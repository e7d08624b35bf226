/** Tests that the best of rows that are named are those that all scores of these say. */
import { expect, test } from "vitest";
import type { Metric } from "../../src/contract/metric.ts";
import { NO_SLOT } from "../../src/contract/near.ts";
import { TopK } from "../../src/flat/top-k.ts";
import type { Kernels, TopKOutput } from "../../src/kernels/kernels.ts";
import { portable } from "../../src/kernels/portable.ts";
import { SplitMix64 } from "../../src/random.ts";
import { awkwardRows, bits, expectSame } from "./backends.ts";

const METRICS: readonly Metric[] = ["cosine", "dot", "l2"];

/** Registers the tests. */
export function sameAmong(other: Kernels): void {
  test("the best of the rows that queries name", () => {
    const random = new SplitMix64(60);
    for (const dim of [1, 7, 16, 33, 384])
      for (const metric of METRICS) {
        const [count, queries, width] = [70, 5, 40];
        const rows = awkwardRows(random, count, dim);
        const asked = awkwardRows(random, queries, dim);
        const named = namedRows(random, count, queries, width);
        const halves = new Uint16Array(rows.length);
        portable.toFloat16(rows, halves);
        const codes = new Uint8Array(count * (dim + 4));
        portable.int8Encode(rows, dim, false, codes);
        const query = (q: number): Float32Array => asked.slice(q * dim, (q + 1) * dim);
        const scores = (run: (q: number, out: Float32Array) => void) => (q: number) => {
          const out = new Float32Array(count);
          run(q, out);
          return out;
        };
        for (const k of [1, 10, width]) {
          const check = (search: (out: TopKOutput) => void, score: (q: number) => Float32Array): void => {
            const out = { slots: new Uint32Array(queries * k), scores: new Float32Array(queries * k) };
            search(out);
            for (let q = 0; q < queries; q++) {
              const own = named.subarray(q * width, (q + 1) * width).filter((slot) => slot !== NO_SLOT);
              const best = new TopK(k);
              const all = score(q);
              for (const slot of own) best.push(slot, all[slot]);
              const hits = best.hits();
              const found = out.slots.subarray(q * k, (q + 1) * k);
              expectSame(
                [found, bits(out.scores.slice(q * k, q * k + hits.length))],
                [[...hits.slots, ...new Array<number>(k - hits.length).fill(NO_SLOT)], bits(hits.scores)],
              );
            }
          };
          for (const floats of [rows, halves])
            check(
              (out) => other.floatTopKAmong!(metric, asked, floats, dim, named, k, out),
              scores((q, out) => other.floatScores(metric, query(q), floats, dim, out)),
            );
          check(
            (out) => other.int8TopKAmong!(metric, asked, codes, dim, named, k, out),
            scores((q, out) => other.int8Scores(metric, query(q), codes, dim, out)),
          );
        }
      }
  });

  test("slots beyond the rows are refused", () => {
    const out = { slots: new Uint32Array(1), scores: new Float32Array(1) };
    const named = Uint32Array.of(2);
    const rows = new Float32Array(6);
    expect(() => other.floatTopKAmong!("dot", new Float32Array(3), rows, 3, named, 1, out)).toThrow(/slot/);
    const codes = new Uint8Array(14);
    expect(() => other.int8TopKAmong!("dot", new Float32Array(3), codes, 3, named, 1, out)).toThrow(/slot/);
  });
}

/** For each query none to `width` rows, in no order. */
function namedRows(random: SplitMix64, count: number, queries: number, width: number): Uint32Array {
  const named = new Uint32Array(queries * width).fill(NO_SLOT);
  for (let q = 0; q < queries; q++) {
    const length = [0, width, 1][q] ?? random.below(width);
    const taken = new Set<number>();
    while (taken.size < length) taken.add(random.below(count));
    named.set([...taken], q * width);
  }
  return named;
}
