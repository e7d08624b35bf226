/** The native kernels against the TypeScript ones, bit for bit, and what the binding does with what doesn't fit. */
import { describe, expect, test } from "vitest";
import { isPithError } from "../../src/errors.ts";
import type { Isa } from "../../src/kernels/kernels.ts";
import { loadNative } from "../../src/kernels/native.ts";
import type { TurboLayout } from "../../src/kernels/turbo-layout.ts";
import { natives, skipped } from "./backends.ts";
import { sameAlgebra } from "./same-algebra.ts";
import { sameAmong } from "./same-among.ts";
import { sameBits } from "./same-bits.ts";
import { sameDft } from "./same-dft.ts";
import { sameKlt } from "./same-klt.ts";
import { sameNibbles } from "./same-nibbles.ts";
import { sameTurbo } from "./same-turbo.ts";

if (skipped !== undefined) {
  console.warn(`native kernels are NOT tested: ${skipped}`);
  test.skip(`native kernels: ${skipped}`, () => undefined);
}

function layoutOf(bits: number, dim: number): TurboLayout {
  const none = new Float32Array();
  return { metric: "dot", bits, dim, signs: new Uint32Array(8), mean: none, table: none };
}

describe.skipIf(skipped !== undefined).each(natives.map((k) => [k.isa, k] as const))("%s", (_, native) => {
  sameBits(native);
  sameAmong(native);
  sameTurbo(native);
  sameKlt(native);
  sameNibbles(native);
  sameAlgebra(native);
  sameDft(native);

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
      [
        "INVALID_ARGUMENT",
        () => native.turboScores(layoutOf(5, 3), new Float32Array(6), new Uint8Array(0), out),
      ],
      ["DIM_UNSUPPORTED", () => native.turboDecode(layoutOf(4, 0), new Uint8Array(0), out)],
      ["LENGTH_MISMATCH", () => native.turboDecode(layoutOf(4, 5), new Uint8Array(8), out)],
      ["LENGTH_MISMATCH", () => native.turboQueries(layoutOf(4, 5), new Float32Array(5), out)],
      ["INVALID_ARGUMENT", () => native.turboQueries(layoutOf(4, 1), out.subarray(0, 1), out.subarray(0, 4))],
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

function codeOf(call: () => void): string {
  try {
    call();
  } catch (error) {
    if (isPithError(error)) return error.code;
    throw error;
  }
  return "none";
}
