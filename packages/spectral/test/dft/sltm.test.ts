/** SLTM files of strangers: cut at every byte, and with headers that lie. */
import { describe, expect, test } from "vitest";
import { SpectralEncoder, SpectralIndex } from "../../src/index.ts";
import { gaussian, refusal } from "./data.ts";

const dim = 9;
const encoder = new SpectralEncoder({
  dim,
  topK: 3,
  magBits: 3,
  phaseBits: 2,
  normBits: 1,
  compat: "spectraltm-0.1",
});
const index = new SpectralIndex(encoder);
index.addEmbeddings(gaussian(4, dim, 3));
const file = index.save();

/** The file with some bytes changed. */
function changed(change: (view: DataView) => void): Uint8Array {
  const copy = file.slice();
  change(new DataView(copy.buffer));
  return copy;
}

test("a file is as long as its format says", () => {
  expect(file.length).toBe(32 + 4 * (8 + 4 + 2) + 4 * (8 * 5 + 4));
  const again = SpectralIndex.load(file);
  expect(again.save()).toEqual(file);
  // The order of coefficients of one magnitude isn't in the file; the coefficients are.
  expect(again.codes().idx.slice().sort()).toEqual(index.codes().idx.slice().sort());
  expect(again.codes().normQ).toEqual(index.codes().normQ);
});

test("a file cut anywhere, or with bytes behind it, is a typed error", () => {
  for (let length = 0; length < file.length; length++)
    expect(
      refusal(() => SpectralIndex.load(file.subarray(0, length))),
      `cut to ${length}`,
    ).toMatch(/^(EMPTY_INPUT|CORRUPT_FILE|UNSUPPORTED_FORMAT)$/);
  expect(refusal(() => SpectralIndex.load(Uint8Array.of(...file, 0)))).toBe("CORRUPT_FILE");
});

describe("headers that lie", () => {
  test.each([
    ["another magic", (v: DataView) => v.setUint8(0, 0x54), /FORMAT|CORRUPT/],
    ["version 2", (v: DataView) => v.setUint32(4, 2, true), /VERSION_UNSUPPORTED/],
    ["dim 0", (v: DataView) => v.setUint32(8, 0, true), /CORRUPT_FILE/],
    ["dim 2^32 - 1", (v: DataView) => v.setUint32(8, 2 ** 32 - 1, true), /CORRUPT_FILE/],
    ["no coefficients", (v: DataView) => v.setUint32(12, 0, true), /CORRUPT_FILE/],
    ["more coefficients than bins", (v: DataView) => v.setUint32(12, 6, true), /CORRUPT_FILE/],
    ["30 bits of magnitudes", (v: DataView) => v.setUint8(16, 30), /CORRUPT_FILE/],
    ["255 bits of norms", (v: DataView) => v.setUint8(18, 255), /CORRUPT_FILE/],
    ["no zeros in byte 20", (v: DataView) => v.setUint8(20, 1), /CORRUPT_FILE/],
    ["2^64 - 1 rows", (v: DataView) => v.setBigUint64(24, 2n ** 64n - 1n, true), /CORRUPT_FILE/],
    [
      "2^61 rows, whose bytes are 0 modulo 2^64",
      (v: DataView) => v.setBigUint64(24, 2n ** 61n, true),
      /CORRUPT_FILE/,
    ],
    ["no rows", (v: DataView) => v.setBigUint64(24, 0n, true), /CORRUPT_FILE/],
    ["a NaN in a grid", (v: DataView) => v.setFloat32(36, Number.NaN, true), /CORRUPT_FILE/],
    ["a magnitude that is in no grid", (v: DataView) => v.setFloat32(88, 123, true), /CORRUPT_FILE/],
    ["a norm that is in no grid", (v: DataView) => v.setFloat32(file.length - 4, 123, true), /CORRUPT_FILE/],
  ])("%s", (_, change, code) => {
    expect(refusal(() => SpectralIndex.load(changed(change)))).toMatch(code);
  });
});

test("every flipped bit is a typed error or an index of as many rows", () => {
  for (let bit = 0; bit < 8 * file.length; bit++) {
    const copy = file.slice();
    copy[bit >>> 3] ^= 1 << (bit & 7);
    const code = refusal(() => expect(SpectralIndex.load(copy).size).toBe(4));
    expect(code).toMatch(/no error|CORRUPT|UNSUPPORTED/);
  }
});
