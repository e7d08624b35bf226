/** The native kernels against the TypeScript ones, bit for bit, and what the binding does with what doesn't fit. */
import { describe, expect, test } from "vitest";
import type { Metric } from "../../src/contract/metric.ts";
import { isPithError } from "../../src/errors.ts";
import type { FloatRows, Isa, Kernels } from "../../src/kernels/kernels.ts";
import { loadNative } from "../../src/kernels/native.ts";
import { portable } from "../../src/kernels/portable.ts";
import { SplitMix64 } from "../../src/random.ts";
import { awkwardRows, bits, natives, normals, skipped } from "./backends.ts";

const DIMS = [1, 2, 3, 7, 8, 15, 16, 17, 31, 32, 33, 63, 64, 65, 127, 129, 257, 384];
const COUNTS = [0, 1, 2, 5, 9, 40];
const METRICS: readonly Metric[] = ["cosine", "dot", "l2"];

if (skipped !== undefined) {
  console.warn(`native kernels are NOT tested: ${skipped}`);
  test.skip(`native kernels: ${skipped}`, () => undefined);
}

function unit(queries: Float32Array, dim: number): Float32Array {
  const norm = new Float32Array(queries.length / dim);
  portable.norms(queries, dim, norm);
  return queries.map((v, i) => v / norm[Math.floor(i / dim)]);
}

describe.skipIf(skipped !== undefined).each(natives.map((k) => [k.isa, k] as const))("%s", (_, native) => {
  test("encodes, decodes, norms and conversions have the bits of TypeScript", () => {
    const random = new SplitMix64(20);
    for (const dim of DIMS)
      for (const count of COUNTS) {
        const data = awkwardRows(random, count, dim);
        const both = <T>(run: (k: Kernels) => T): void => expect(run(native)).toEqual(run(portable));
        both((k) => {
          const out = new Float32Array(count);
          k.norms(data, dim, out);
          return bits(out);
        });
        both((k) => {
          const out = new Float32Array(data.length);
          k.unitRows(data, dim, out);
          return bits(out);
        });
        both((k) => {
          const out = new Uint16Array(data.length);
          k.toFloat16(data, out);
          return out;
        });
        for (const direction of [true, false])
          both((k) => {
            // At an odd place of a larger buffer, whose other bytes stay.
            const buffer = new Uint8Array(count * (dim + 4) + 4).fill(0xaa);
            const codes = buffer.subarray(1, 1 + count * (dim + 4));
            k.int8Encode(data, dim, direction, codes);
            const out = new Float32Array(data.length + 1).subarray(1);
            k.int8Decode(codes, dim, out);
            return [buffer, bits(out)];
          });
      }
  });

  test("scores and searches have the bits of TypeScript", () => {
    const random = new SplitMix64(21);
    for (const dim of DIMS)
      for (const count of COUNTS)
        for (const metric of METRICS) {
          const data = awkwardRows(random, count, dim);
          const half = new Uint16Array(data.length);
          portable.toFloat16(data, half);
          const codes = new Uint8Array(count * (dim + 4));
          portable.int8Encode(data, dim, metric === "cosine", codes);
          const raw = normals(random, dim * [1, 4, 19][(dim + count) % 3]);
          const queries = metric === "cosine" ? unit(raw, dim) : raw;
          for (const rows of [data, half, codes]) same(native, metric, queries, rows, dim, count);
        }
  });

  test("codes that no encoder writes score and rank as in TypeScript", () => {
    const random = new SplitMix64(22);
    const scales = [Number.NaN, Infinity, -Infinity, 0, -0, -1, 1e-45, 1e38, 3.4e38, 1, 0.01];
    for (const dim of [1, 16, 65])
      for (const count of [3, 300]) {
        const codes = Uint8Array.from({ length: count * (dim + 4) }, () => random.below(256));
        const view = new DataView(codes.buffer);
        for (let row = 0; row < count; row++) {
          if (random.below(4) === 0) codes.fill(0x80, row * (dim + 4), row * (dim + 4) + dim);
          view.setFloat32(row * (dim + 4) + dim, scales[random.below(scales.length)], true);
        }
        for (const factor of [1, 0, 1e-45, 1e36])
          for (const metric of METRICS)
            for (const n of [1, 20])
              same(
                native,
                metric,
                normals(random, n * dim).map((v) => v * factor),
                codes,
                dim,
                count,
              );
      }
  });

  test("reads and writes shared memory", () => {
    const shared = new Float32Array(new SharedArrayBuffer(4 * 600));
    shared[2] = 3;
    shared[3] = 4;
    const out = new Float32Array(new SharedArrayBuffer(4 * 300));
    native.norms(shared, 2, out);
    expect([out[0], out[1]]).toEqual([0, 5]);
    shared[599] = Number.NaN;
    expect(native.firstNonFinite(shared)).toBe(599);
  });

  test("lengths that don't fit are typed errors, and nothing is written", () => {
    const out = new Float32Array(5).fill(7);
    const hits = { slots: new Uint32Array(2), scores: new Float32Array(2) };
    const wrong: [string, () => void][] = [
      ["LENGTH_MISMATCH", () => native.norms(new Float32Array(9), 2, out)],
      ["DIM_UNSUPPORTED", () => native.norms(new Float32Array(9), 0, out)],
      ["DIM_UNSUPPORTED", () => native.norms(new Float32Array(9), -1, out)],
      ["DIM_UNSUPPORTED", () => native.norms(new Float32Array(9), Number.NaN, out)],
      ["DIM_UNSUPPORTED", () => native.norms(new Float32Array(9), 65_537, out)],
      ["LENGTH_MISMATCH", () => native.unitRows(new Float32Array(4), 2, out)],
      ["LENGTH_MISMATCH", () => native.unitRows(new Float32Array(5), 2, out)],
      ["LENGTH_MISMATCH", () => native.fromFloat16(new Uint16Array(4), out)],
      ["LENGTH_MISMATCH", () => native.int8Decode(new Uint8Array(13), 3, out)],
      ["LENGTH_MISMATCH", () => native.floatScores("dot", new Float32Array(2), new Float32Array(15), 3, out)],
      ["LENGTH_MISMATCH", () => native.int8Scores("dot", new Float32Array(3), new Uint8Array(28), 3, out)],
      [
        "INVALID_ARGUMENT",
        () => native.int8TopK("l2", new Float32Array(3), new Uint8Array(7), 3, 2, undefined, hits),
      ],
      [
        "LENGTH_MISMATCH",
        () => native.int8TopK("l2", new Float32Array(3), new Uint8Array(21), 3, 3, undefined, hits),
      ],
      ["INVALID_ARGUMENT", () => native.norms(out, 1, out)],
    ];
    for (const [code, call] of wrong) expect(codeOf(call)).toBe(code);
    expect(out).toEqual(new Float32Array(5).fill(7));
  });

  test("an argument that the addon doesn't take is INTERNAL", () => {
    expect(codeOf(() => native.norms([1, 2] as unknown as Float32Array, 1, new Float32Array(2)))).toBe(
      "INTERNAL",
    );
  });
});

test.skipIf(skipped !== undefined)("a panic in Rust is INTERNAL, and the process lives", () => {
  const addon = loadNative();
  if (!("isas" in addon)) throw new Error(addon.reason);
  // An instruction set that isn't there has the place -1: an index out of bounds.
  const broken = addon.kernels("none" as Isa);
  expect(() => broken.norms(new Float32Array(4), 2, new Float32Array(2))).toThrow(/index out of bounds/);
  expect(codeOf(() => broken.norms(new Float32Array(4), 2, new Float32Array(2)))).toBe("INTERNAL");
});

/** Same scores, same hits, alone and with an allow-list. */
function same(
  native: Kernels,
  metric: Metric,
  queries: Float32Array,
  rows: FloatRows | Uint8Array,
  dim: number,
  count: number,
): void {
  const scores = (k: Kernels): Uint32Array => {
    const out = new Float32Array(count);
    const query = queries.subarray(0, dim);
    if (rows instanceof Uint8Array) k.int8Scores(metric, query, rows, dim, out);
    else k.floatScores(metric, query, rows, dim, out);
    return bits(out);
  };
  expect(scores(native)).toEqual(scores(portable));
  const even = new Uint32Array((count + 31) >>> 5).fill(0x55555555);
  for (const [found, allow] of [
    [count, undefined],
    [(count + 1) >>> 1, even],
  ] as const)
    for (const k of new Set([1, 10, found].filter((k) => k > 0 && k <= found))) {
      const hits = (kernels: Kernels): [Uint32Array, Uint32Array] => {
        const n = (queries.length / dim) * k;
        const out = { slots: new Uint32Array(n), scores: new Float32Array(n) };
        if (rows instanceof Uint8Array) kernels.int8TopK(metric, queries, rows, dim, k, allow, out);
        else kernels.floatTopK(metric, queries, rows, dim, k, allow, out);
        return [out.slots, bits(out.scores)];
      };
      expect(hits(native)).toEqual(hits(portable));
    }
}

function codeOf(call: () => void): string {
  try {
    call();
  } catch (error) {
    if (isPithError(error)) return error.code;
    throw error;
  }
  return "none";
}
