import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { type NpyHeader, npyHeaderSpan, parseNpyHeader, serializeNpyHeader } from "../../src/format/npy.ts";
import { refusal } from "./refusal.ts";

function npy(dict: string, data = 0, version: [number, number] = [1, 0]): Uint8Array {
  const text = Buffer.from(dict, "latin1");
  const length = Buffer.alloc(version[0] === 1 ? 2 : 4);
  length.writeUIntLE(text.length, 0, length.length);
  return new Uint8Array(
    Buffer.concat([
      Buffer.from([0x93, ...Buffer.from("NUMPY"), ...version]),
      length,
      text,
      Buffer.alloc(data),
    ]),
  );
}

function read(bytes: Uint8Array, fileBytes: number = bytes.length): NpyHeader {
  const [start, end] = npyHeaderSpan(bytes.subarray(0, 12), fileBytes);
  return parseNpyHeader(bytes.subarray(start, end), end, fileBytes);
}

const dict = (descr: string, order: string, shape: string): string =>
  `{'descr': ${descr}, 'fortran_order': ${order}, 'shape': ${shape}, }          \n`;

describe("npy headers", () => {
  test.each([
    [[1, 0] as [number, number], 10],
    [[2, 0] as [number, number], 12],
    [[3, 0] as [number, number], 12],
  ])("version %j", (version, prefix) => {
    const text = dict("'<f4'", "False", "(3, 5)");
    expect(read(npy(text, 60, version))).toEqual({
      dtype: "F32",
      count: 3,
      dim: 5,
      dataStart: prefix + text.length,
    });
  });

  test.each([
    ["NumPy's own", "{'descr': '<f2', 'fortran_order': False, 'shape': (3, 5), }  \n"],
    ["other order and quotes", '{"shape": (3, 5), "fortran_order": False, "descr": "<f2"}'],
    ["no spaces", "{'descr':'<f2','fortran_order':False,'shape':(3,5)}"],
    ["long integers of Python 2", "{'descr': '<f2', 'fortran_order': False, 'shape': (3L, 5L), }"],
    ["a comma behind", "{'descr': '<f2', 'fortran_order': False, 'shape': (3, 5,), }"],
  ])("%s", (_, text) => {
    expect(read(npy(text, 30))).toMatchObject({ dtype: "F16", count: 3, dim: 5 });
  });

  test("no rows are legal", () => {
    expect(read(npy(dict("'<f4'", "False", "(0, 5)")))).toMatchObject({ count: 0, dim: 5 });
  });

  test.each([
    "'>f4'",
    "'<f8'",
    "'<i4'",
    "'|u1'",
    "'<c8'",
    "'|O'",
    "'|S4'",
    "[('x', '<f4')]",
    "'constructor'",
  ])("dtype %s is unsupported, by name", (descr) => {
    expect(refusal(() => read(npy(dict(descr, "False", "(3, 5)"), 60)))).toBe("UNSUPPORTED_FORMAT");
  });

  test.each([
    ["Fortran order", npy(dict("'<f4'", "True", "(3, 5)"), 60), "UNSUPPORTED_FORMAT"],
    ["no dimension", npy(dict("'<f4'", "False", "()"), 4), "UNSUPPORTED_FORMAT"],
    ["one dimension", npy(dict("'<f4'", "False", "(15,)"), 60), "UNSUPPORTED_FORMAT"],
    ["three dimensions", npy(dict("'<f4'", "False", "(3, 5, 1)"), 60), "UNSUPPORTED_FORMAT"],
    ["dim 0", npy(dict("'<f4'", "False", "(3, 0)")), "DIM_UNSUPPORTED"],
    ["dim 65,537", npy(dict("'<f4'", "False", "(0, 65537)")), "DIM_UNSUPPORTED"],
    ["cut", npy(dict("'<f4'", "False", "(3, 5)"), 59), "CORRUPT_FILE"],
    ["trailing bytes", npy(dict("'<f4'", "False", "(3, 5)"), 61), "CORRUPT_FILE"],
    ["a product that wraps", npy(dict("'<f4'", "False", "(4611686018427387904, 4)"), 0), "CORRUPT_FILE"],
    ["2^53 rows", npy(dict("'<f4'", "False", "(9007199254740992, 1)"), 0), "CORRUPT_FILE"],
    ["a negative shape", npy(dict("'<f4'", "False", "(-3, 5)"), 60), "CORRUPT_FILE"],
    ["a shape of text", npy(dict("'<f4'", "False", "('3', 5)"), 60), "CORRUPT_FILE"],
    ["a number for a tuple", npy(dict("'<f4'", "False", "(15)"), 60), "CORRUPT_FILE"],
    ["an expression", npy(dict("'<f4'", "False", "(3, 2+3)"), 60), "CORRUPT_FILE"],
    ["a call", npy("__import__('os').system('true')", 60), "CORRUPT_FILE"],
    ["a missing key", npy("{'descr': '<f4', 'shape': (3, 5)}", 60), "CORRUPT_FILE"],
    ["a key twice", npy("{'descr': '<f4', 'descr': '<f4', 'shape': (3, 5)}", 60), "CORRUPT_FILE"],
    [
      "an unknown key",
      npy("{'descr': '<f4', 'fortran_order': False, 'shape': (3, 5), 'x': True}", 60),
      "CORRUPT_FILE",
    ],
    ["something behind", npy(`${dict("'<f4'", "False", "(3, 5)")}x`, 60), "CORRUPT_FILE"],
    ["nothing", npy("", 60), "CORRUPT_FILE"],
    ["version 4", npy(dict("'<f4'", "False", "(3, 5)"), 60, [4, 0]), "UNSUPPORTED_FORMAT"],
    ["version 1.1", npy(dict("'<f4'", "False", "(3, 5)"), 60, [1, 1]), "UNSUPPORTED_FORMAT"],
    ["other magic", new Uint8Array(64), "UNSUPPORTED_FORMAT"],
  ])("%s", (_, bytes, code) => {
    expect(refusal(() => read(bytes))).toBe(code);
  });

  test("header limits", () => {
    const bytes = npy(`${dict("'<f4'", "False", "(3, 5)")}${" ".repeat(1000)}`, 60, [2, 0]);
    expect(refusal(() => npyHeaderSpan(bytes, bytes.length, { maxHeaderBytes: 1000 }))).toBe(
      "LIMIT_EXCEEDED",
    );
    expect(refusal(() => npyHeaderSpan(bytes, bytes.length, { maxBytes: 1000 }))).toBe("LIMIT_EXCEEDED");
    expect(refusal(() => npyHeaderSpan(bytes.subarray(0, 12), 100))).toBe("CORRUPT_FILE");
  });

  test("cut anywhere, or with any byte changed, a header is a header or a PithError", () => {
    const whole = npy(dict("'<f4'", "False", "(3, 5)"), 60);
    for (let length = 0; length < whole.length; length++)
      expect(
        refusal(() => read(whole.subarray(0, length))),
        `${length}`,
      ).not.toBe("accepted");
    fc.assert(
      fc.property(fc.nat(whole.length - 1), fc.nat(255), (at, byte) => {
        const changed = whole.slice();
        changed[at] = byte;
        if (refusal(() => read(changed)) === "accepted")
          expect(read(changed).count * read(changed).dim * (read(changed).dtype === "F32" ? 4 : 2)).toBe(60);
      }),
      { seed: 7, numRuns: 2000 },
    );
  });

  test("what is written is read, at multiples of 64", () => {
    for (const dtype of ["F32", "F16"] as const)
      for (const [count, dim] of [
        [0, 1],
        [1, 1],
        [12_345, 384],
        [10 ** 9, 65_536],
      ]) {
        const header = serializeNpyHeader(dtype, count, dim);
        expect(header.length % 64).toBe(0);
        const size = header.length + count * dim * (dtype === "F32" ? 4 : 2);
        expect(read(header, size)).toEqual({ dtype, count, dim, dataStart: header.length });
      }
  });
});
