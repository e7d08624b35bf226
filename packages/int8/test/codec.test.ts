import { ReconstructionMeter, vectorsFromRows } from "@pith/codec-core";
import { describe, expect, test } from "vitest";
import { int8 } from "../src/index.ts";

/** The rule in plain numbers: round half to even of v * f32(127 / max), scale max / 127. */
function expectedRow(row: readonly number[]): { codes: number[]; scale: number } {
  const max = Math.max(...row.map(Math.abs));
  const inv = Math.fround(127 / max);
  const even = (x: number): number => {
    const floor = Math.floor(x);
    const rest = x - floor;
    if (rest !== 0.5) return Math.round(x);
    return floor % 2 === 0 ? floor : floor + 1;
  };
  return { codes: row.map((v) => even(Math.fround(v * inv))), scale: Math.fround(max / 127) };
}

describe("int8 codes", () => {
  test("are the rounded codes, then the scale", () => {
    const rows = [
      [1, -0.5, 0.25, 127 / 128],
      [-3, 3, 0, 1e-9],
      [127, 0.5, 1.5, -2.5],
    ];
    const codec = int8.create({ dim: 4, metric: "dot" });
    expect(codec.stride).toBe(8);
    const { bytes, stride } = codec.encode(vectorsFromRows(rows));
    rows.forEach((row, i) => {
      const view = new DataView(bytes.buffer, i * stride, stride);
      const { codes, scale } = expectedRow(row.map(Math.fround));
      expect(row.map((_, j) => view.getInt8(j))).toEqual(codes);
      expect(view.getFloat32(4, true)).toBe(scale);
    });
    // Half to even: 0.5 -> 0, 1.5 -> 2, -2.5 -> -2.
    expect(Array.from(new Int8Array(bytes.buffer, 2 * stride, 4))).toEqual([127, 0, 2, -2]);
  });

  test("a vector below 2^-120 is stored as zero with scale 1", () => {
    const codec = int8.create({ dim: 2, metric: "l2" });
    for (const row of [
      [0, 0],
      [-0, 0],
      [2 ** -121, -(2 ** -130)],
      [1e-45, 0],
    ]) {
      const { bytes } = codec.encode(vectorsFromRows([row]));
      expect(Array.from(bytes)).toEqual([0, 0, 0, 0, 0x80, 0x3f]);
    }
    const { bytes } = codec.encode(vectorsFromRows([[2 ** -120, 0]]));
    expect(bytes[0]).toBe(127);
  });

  test("under cosine they decode to unit vectors, whatever the length was", () => {
    const codec = int8.create({ dim: 3 });
    const row = [0.2, -1, 0.7];
    const lengths = [1e-30, 1, 1e30];
    const codes = codec.encode(vectorsFromRows(lengths.map((s) => row.map((x) => x * s))));
    const decoded = codec.decode(codes).data;
    for (let i = 0; i < lengths.length; i++) {
      const part = decoded.subarray(i * 3, i * 3 + 3);
      expect(Math.hypot(...part)).toBeCloseTo(1, 2);
      part.forEach((x, j) => {
        expect(x).toBeCloseTo(row[j] / Math.hypot(...row), 2);
      });
    }
  });

  test("388 bytes a vector at 384 dims", () => {
    expect(int8.create({ dim: 384 }).stride).toBe(388);
  });

  test("cosine of a zero vector that comes back zero counts as 1", () => {
    const codec = int8.create({ dim: 2 });
    const v = vectorsFromRows([
      [0, 0],
      [1, 1],
    ]);
    const meter = new ReconstructionMeter(true);
    meter.add(v, codec.decode(codec.encode(v)));
    expect(meter.result().minCosine).toBeCloseTo(1, 6);
  });

  test("codes that no encoder writes are found, with the row", () => {
    const codec = int8.create({ dim: 3 });
    const codes = codec.encode(
      vectorsFromRows([
        [1, 2, 3],
        [4, 5, 6],
      ]),
    );
    codec.verifyCodes?.(codes);
    const breakers: ((view: DataView) => void)[] = [
      (view) => view.setInt8(codec.stride + 1, -128),
      (view) => view.setFloat32(codec.stride + 3, Number.NaN, true),
      (view) => view.setFloat32(codec.stride + 3, -1, true),
      (view) => view.setFloat32(codec.stride + 3, Infinity, true),
    ];
    for (const spoil of breakers) {
      const bytes = codes.bytes.slice();
      spoil(new DataView(bytes.buffer));
      expect(() => codec.verifyCodes?.({ ...codes, bytes }, 10)).toThrow(
        expect.objectContaining({ code: "CORRUPT_CODES", details: expect.objectContaining({ row: 11 }) }),
      );
    }
  });
});

describe("int8 options", () => {
  test("wrong ones are refused by name", () => {
    const make = (options: object) => () => int8.create(options as { dim: number });
    expect(make({ dim: 0 })).toThrow(expect.objectContaining({ code: "DIM_UNSUPPORTED" }));
    expect(make({ dim: 65_537 })).toThrow(expect.objectContaining({ code: "DIM_UNSUPPORTED" }));
    expect(make({ dim: 3, bits: 4 })).toThrow(expect.objectContaining({ code: "INVALID_OPTION" }));
    expect(make({ dim: 3, metric: "hamming" })).toThrow(
      expect.objectContaining({ code: "UNSUPPORTED_METRIC" }),
    );
    expect(() => int8.create({ dim: 3 }).scorer("dot")).toThrow(
      expect.objectContaining({ code: "UNSUPPORTED_METRIC" }),
    );
  });
});
