/** What scans and searches must be on every backend, by themselves. */
import { describe, expect, test } from "vitest";
import type { Metric } from "../../src/contract/metric.ts";
import { Bitset } from "../../src/flat/bitset.ts";
import type { FloatRows, Kernels } from "../../src/kernels/kernels.ts";
import { SplitMix64 } from "../../src/random.ts";
import { awkwardRows, backends, expectSame, normals } from "./backends.ts";

const METRICS: readonly Metric[] = ["cosine", "dot", "l2"];

/** Rows of one kind with their two kernels. */
interface Stored {
  scores(metric: Metric, query: Float32Array): Float32Array;
  topK(metric: Metric, queries: Float32Array, k: number, allow?: Bitset): [number, number][][];
}

function floats(kernels: Kernels, rows: FloatRows, dim: number): Stored {
  return stored(
    rows.length / dim,
    dim,
    (metric, query, out) => kernels.floatScores(metric, query, rows, dim, out),
    (metric, queries, k, allow, out) => kernels.floatTopK(metric, queries, rows, dim, k, allow?.words, out),
  );
}

function codes(kernels: Kernels, bytes: Uint8Array, dim: number): Stored {
  return stored(
    bytes.length / (dim + 4),
    dim,
    (metric, query, out) => kernels.int8Scores(metric, query, bytes, dim, out),
    (metric, queries, k, allow, out) => kernels.int8TopK(metric, queries, bytes, dim, k, allow?.words, out),
  );
}

type Output = { slots: Uint32Array; scores: Float32Array };

function stored(
  count: number,
  dim: number,
  score: (metric: Metric, query: Float32Array, out: Float32Array) => void,
  search: (metric: Metric, queries: Float32Array, k: number, allow: Bitset | undefined, out: Output) => void,
): Stored {
  return {
    scores(metric, query) {
      const out = new Float32Array(count).fill(Number.NaN);
      score(metric, query, out);
      return out;
    },
    topK(metric, queries, k, allow) {
      const n = queries.length / dim;
      const out = { slots: new Uint32Array(n * k), scores: new Float32Array(n * k) };
      search(metric, queries, k, allow, out);
      const hits = Array.from(out.slots, (slot, i): [number, number] => [slot, out.scores[i]]);
      return Array.from({ length: n }, (_, i) => hits.slice(i * k, (i + 1) * k));
    },
  };
}

function sorted(scores: Float32Array, k: number, allow?: Bitset): [number, number][] {
  return Array.from(scores, (score, slot): [number, number] => [slot, score])
    .filter(([slot]) => allow?.has(slot) ?? true)
    .sort(([i, a], [j, b]) => b - a || i - j)
    .slice(0, k);
}

describe.each(backends.map((k) => [k.isa, k] as const))("%s", (_, k) => {
  test("a search is the sorted scores, with and without an allow-list", () => {
    const random = new SplitMix64(7);
    for (const dim of [1, 5, 16, 33, 130])
      for (const count of [1, 8, 77, 300])
        for (const metric of METRICS) {
          const data = awkwardRows(random, count, dim);
          const bytes = new Uint8Array(count * (dim + 4));
          k.int8Encode(data, dim, metric === "cosine", bytes);
          const half = new Uint16Array(data.length);
          k.toFloat16(data, half);
          for (const rows of [floats(k, data, dim), floats(k, half, dim), codes(k, bytes, dim)])
            for (const queries of [normals(random, dim), normals(random, dim * 21)]) {
              const allow = Bitset.from(
                count,
                Array.from({ length: count }, (_, i) => i).filter((i) => i === 0 || random.below(3) === 0),
              );
              for (const [limit, list] of [
                [1, undefined],
                [Math.min(10, count), undefined],
                [count, undefined],
                [1, allow],
                [allow.count(), allow],
              ] as const) {
                const hits = rows.topK(metric, queries, limit, list);
                hits.forEach((found, i) => {
                  const scores = rows.scores(metric, queries.subarray(i * dim, (i + 1) * dim));
                  expectSame(found, sorted(scores, limit, list));
                });
              }
            }
        }
  });

  test("scores are those of float64 arithmetic, within rounding", () => {
    const random = new SplitMix64(8);
    for (const dim of [1, 3, 20, 384]) {
      const [data, query] = [normals(random, 50 * dim), normals(random, dim)];
      const bytes = new Uint8Array(50 * (dim + 4));
      k.int8Encode(data, dim, false, bytes);
      const decoded = new Float32Array(50 * dim);
      k.int8Decode(bytes, dim, decoded);
      for (const [rows, values] of [
        [floats(k, data, dim), data],
        [codes(k, bytes, dim), decoded],
      ] as const) {
        const dots = rows.scores("dot", query);
        const distances = rows.scores("l2", query);
        for (let i = 0; i < 50; i++) {
          const row = Array.from(values.subarray(i * dim, (i + 1) * dim));
          const dot = row.reduce((sum, v, j) => sum + v * query[j], 0);
          const l2 = -row.reduce((sum, v, j) => sum + (v - query[j]) ** 2, 0);
          expect(Math.abs(dots[i] - dot)).toBeLessThan(1e-6 * Math.hypot(...row) * Math.hypot(...query));
          expect(Math.abs(distances[i] - l2)).toBeLessThan(
            1e-6 * (Math.hypot(...row) + Math.hypot(...query)) ** 2,
          );
        }
      }
    }
  });

  test("under cosine only the direction counts, of tiny and of huge rows too", () => {
    const dim = 24;
    const direction = normals(new SplitMix64(9), dim);
    const norm = Math.hypot(...direction);
    const query = direction.map((v) => v / norm);
    const data = new Float32Array(7 * dim);
    for (const [i, factor] of [1, 2 ** 60, 2 ** 100, 2 ** -60, 2 ** -100, 0, 2 ** -140].entries())
      data.set(
        direction.map((v) => v * factor),
        i * dim,
      );
    const scores = floats(k, data, dim).scores("cosine", query);
    expect(Array.from(scores.subarray(1, 5))).toEqual(Array(4).fill(scores[0]));
    expect(scores[0]).toBeCloseTo(1, 6);
    expect(Object.is(scores[5], 0)).toBe(true);
    expect(scores[6]).toBeCloseTo(1, 1); // few bits are left of these elements
    const bytes = new Uint8Array(7 * (dim + 4));
    k.int8Encode(data, dim, true, bytes);
    const coded = codes(k, bytes, dim).scores("cosine", query);
    expect(Array.from(coded.subarray(1, 5))).toEqual(Array(4).fill(coded[0]));
    const scale = new DataView(bytes.buffer).getFloat32(dim, true);
    expect(Math.abs(coded[0] - 1)).toBeLessThan((scale / 2) * Math.sqrt(dim));
    expect([coded[5], coded[6]]).toEqual([0, 0]);
  });

  test("no distance is zero, not minus zero", () => {
    const row = normals(new SplitMix64(10), 9);
    expect(Object.is(floats(k, row, 9).scores("l2", row)[0], 0)).toBe(true);
  });

  test("what isn't a number ranks last", () => {
    const data = Float32Array.of(1, Number.NaN, 0, 0, Infinity, -Infinity, 2, 2);
    for (const metric of METRICS) {
      const scores = floats(k, data, 2).scores(metric, Float32Array.of(0.6, 0.8));
      expect([scores[0], scores[2]]).toEqual([-Infinity, -Infinity]);
      const [hits] = floats(k, data, 2).topK(metric, Float32Array.of(0.6, 0.8), 4);
      expect(hits.slice(2)).toEqual([
        [0, -Infinity],
        [2, -Infinity],
      ]);
    }
  });

  test("no rows, no queries", () => {
    const none = { slots: new Uint32Array(0), scores: new Float32Array(0) };
    k.floatScores("dot", new Float32Array(3), new Float32Array(0), 3, new Float32Array(0));
    k.int8Scores("l2", new Float32Array(3), new Uint8Array(0), 3, new Float32Array(0));
    k.floatTopK("dot", new Float32Array(0), new Float32Array(6), 3, 1, undefined, none);
    k.int8TopK("dot", new Float32Array(0), new Uint8Array(14), 3, 1, undefined, none);
    k.norms(new Float32Array(0), 3, new Float32Array(0));
    k.int8Encode(new Float32Array(0), 3, true, new Uint8Array(0));
    k.int8Decode(new Uint8Array(0), 3, new Float32Array(0));
    k.toFloat16(new Float32Array(0), new Uint16Array(0));
    expect(k.firstNonFinite(new Float32Array(0))).toBe(-1);
  });
});
