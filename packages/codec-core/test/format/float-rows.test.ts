import { describe, expect, test } from "vitest";
import { isPithError, rowsFromBytes, rowsToBytes, vectors } from "../../src/index.ts";

describe("rows of floats", () => {
  const v = vectors(new Float32Array([1, -2, 0.5, 65_504, 6e-8, 0]), 3);

  test("F32 is a view both ways", () => {
    const bytes = rowsToBytes(v, "F32");
    expect(bytes.buffer).toBe(v.data.buffer);
    expect(rowsFromBytes(bytes, "F32", 3)).toEqual(v);
    expect(rowsFromBytes(bytes, "F32", 3).data.buffer).toBe(v.data.buffer);
  });

  test("F16 rounds half to even and widens exactly", () => {
    const back = rowsFromBytes(rowsToBytes(v, "F16"), "F16", 3);
    expect(back.count).toBe(2);
    expect([...back.data]).toEqual([1, -2, 0.5, 65_504, 2 ** -24, 0]);
    expect(rowsToBytes(v, "F16").length).toBe(12);
  });

  test("bytes at any offset are read", () => {
    for (const dtype of ["F32", "F16"] as const) {
      const bytes = rowsToBytes(v, dtype);
      const odd = new Uint8Array(bytes.length + 1);
      odd.set(bytes, 1);
      expect(rowsFromBytes(odd.subarray(1), dtype, 3)).toEqual(rowsFromBytes(bytes, dtype, 3));
    }
  });

  test("what float16 can't hold is refused with row and column", () => {
    for (const [value, fits] of [
      [65_519, true],
      [65_520, false],
      [-1e30, false],
      [Number.NaN, false],
    ] as const) {
      const rows = vectors(new Float32Array([1, 2, 3, 4, value, 6]), 3);
      let error: unknown;
      try {
        rowsToBytes(rows, "F16");
      } catch (e) {
        error = e;
      }
      if (fits) expect(error).toBeUndefined();
      else
        expect(isPithError(error, "INVALID_ARGUMENT") && error.details).toMatchObject({ row: 1, column: 1 });
    }
  });
});
