import { type CodecState, type Codes, isPithError, type Metric } from "@pith/codec-core";
import { describe, expect, test } from "vitest";
import { type TurboquantBits, type TurboquantCodec, turboquant } from "../../src/index.ts";
import { gaussian } from "./data.ts";

const dim = 24;
const sample = gaussian(200, dim, 7);
const rows = gaussian(12, dim, 8);

function trained(bits: TurboquantBits = 4, metric: Metric = "cosine"): TurboquantCodec {
  return turboquant.train(sample, { dim, bits, metric });
}

function code(action: () => unknown): string {
  try {
    action();
  } catch (error) {
    if (isPithError(error)) return error.code;
    throw error;
  }
  return "no error";
}

describe("options", () => {
  test("4 bits, seed 0 and cosine are the defaults", () => {
    const codec = turboquant.create({ dim });
    expect(codec.params).toEqual({ bits: 4, seed: 0, trellis: false });
    expect(codec.metric).toBe("cosine");
  });

  test.each([0, 5, 6, 7, 9, 2.5, "many"])("bits %s are INVALID_OPTION", (bits) => {
    expect(code(() => turboquant.create({ dim, bits: bits as 4 }))).toBe("INVALID_OPTION");
    expect(code(() => turboquant.train(sample, { dim, bits: bits as 4 }))).toBe("INVALID_OPTION");
  });

  test("a trellis of 8 bits is INVALID_OPTION", () => {
    expect(code(() => turboquant.create({ dim, bits: 8, trellis: true }))).toBe("INVALID_OPTION");
  });

  test.each([1, 2, 3, 4] as const)("a trellis takes the bytes of %s bits and loses less", (bits) => {
    const many = gaussian(50, 384, 3);
    const [plain, trellis] = [false, true].map((trellis) => {
      const codec = turboquant.create({ dim: 384, bits, metric: "dot", trellis });
      const decoded = codec.decode(codec.encode(many)).data;
      const square = many.data.reduce((sum, x) => sum + x * x, 0);
      const lost = many.data.reduce((sum, x, i) => sum + (x - decoded[i]) ** 2, 0) / square;
      return { stride: codec.stride, lost };
    });
    expect(trellis.stride).toBe(plain.stride);
    expect(trellis.lost).toBeLessThan(0.8 * plain.lost);
  });

  test("another seed is another rotation, and other codes", () => {
    const [a, b] = [0, 1].map((seed) => turboquant.create({ dim, seed }).encode(rows).bytes);
    expect(a).not.toEqual(b);
  });
});

test("a code of 384 dims takes 52, 100, 148, 196 and 388 bytes, trained 49, 97, 145, 193 and 388; l2 4 more", () => {
  const many = gaussian(100, 384, 9);
  const strides = (metric: Metric): number[][] =>
    ([1, 2, 3, 4, 8] as const).map((bits) => [
      turboquant.create({ dim: 384, bits, metric }).stride,
      turboquant.train(many, { dim: 384, bits, metric }).stride,
    ]);
  const expected = [
    [52, 49],
    [100, 97],
    [148, 145],
    [196, 193],
    [388, 388],
  ];
  expect(strides("cosine")).toEqual(expected);
  expect(strides("dot")).toEqual(expected);
  expect(strides("l2")).toEqual(expected.map((pair) => pair.map((n) => n + 4)));
});

test("products with the row that was encoded are exact, whatever the bits: scores are unbiased", () => {
  for (const options of [1, 2, 3, 4, 8].flatMap((bits) => [{ bits }, { bits, trellis: bits < 8 }]) as {
    bits: TurboquantBits;
  }[]) {
    const codec = turboquant.create({ dim, metric: "dot", ...options });
    const decoded = codec.decode(codec.encode(rows)).data;
    for (let i = 0; i < rows.count; i++) {
      const row = rows.data.subarray(i * dim, (i + 1) * dim);
      const square = row.reduce((sum, x) => sum + x * x, 0);
      const product = row.reduce((sum, x, j) => sum + x * decoded[i * dim + j], 0);
      expect(Math.abs(product / square - 1)).toBeLessThan(1e-5);
    }
  }
});

describe("training", () => {
  test("99 rows are too few", () => {
    const few = { ...sample, data: sample.data.slice(0, 99 * dim), count: 99 };
    expect(code(() => turboquant.train(few, { dim }))).toBe("SAMPLE_TOO_SMALL");
  });

  test("the scalars span the sample's, widened by 2 on each side, evenly by their logarithm", () => {
    const { scalar } = trained().state().tensors;
    const table = new Float32Array(scalar.bytes.slice().buffer);
    expect(table.length).toBe(256);
    expect(table[0]).toBe(0);
    const ratios = Array.from({ length: 254 }, (_, i) => table[i + 2] / table[i + 1]);
    expect(Math.max(...ratios) / Math.min(...ratios)).toBeLessThan(1 + 1e-6);
    const untabled = turboquant.train(sample, { dim, bits: 8 });
    expect(untabled.state().tensors["scalar"]).toEqual({
      dtype: "F32",
      shape: [1],
      bytes: new Uint8Array(4),
    });
  });

  test("samples of zeros, of one row and of tiny or huge rows make codecs that encode all the others", () => {
    const fill = (x: (i: number) => number): typeof sample => ({
      ...sample,
      data: sample.data.map((_, i) => x(i)),
    });
    for (const metric of ["cosine", "dot", "l2"] as const)
      for (const given of [
        fill(() => 0),
        fill((i) => (i % dim) + 1),
        fill((i) => sample.data[i] * 1e-42),
        fill((i) => sample.data[i] * 3e37),
        fill((i) => (i < dim ? sample.data[i] : 0)),
      ]) {
        const codec = turboquant.train(given, { dim, metric });
        expect(turboquant.restore(codec.state()).state()).toEqual(codec.state());
        for (const v of [rows, given]) {
          const c = codec.encode(v);
          codec.verifyCodes(c);
          expect(codec.decode(c).data.every(Number.isFinite)).toBe(true);
        }
      }
  });

  test("rows outside of the range are clamped and counted", () => {
    const codec = trained(4, "dot");
    const scaled = (by: number): Codes => codec.encode({ ...rows, data: rows.data.map((x) => x * by) });
    expect(codec.clamped(codec.encode(sample))).toBe(0);
    expect(codec.clamped(scaled(1))).toBe(0);
    expect(codec.clamped(scaled(100))).toBe(rows.count);
    expect(turboquant.create({ dim, metric: "dot" }).clamped(scaled4(100))).toBe(0);
    expect(codec.clamped(codec.encode({ ...rows, data: new Float32Array(rows.data.length) }))).toBe(0);
  });

  test("a row that is the mean has no code of a zero row", () => {
    for (const bits of [1, 4, 8] as const) {
      const codec = trained(bits, "l2");
      const mean = new Float32Array(codec.state().tensors["mean"].bytes.slice().buffer);
      const c = codec.encode({ data: mean, dim, count: 1 });
      codec.verifyCodes(c);
      expect(c.bytes.some((b) => b !== 0)).toBe(true);
    }
  });
});

function scaled4(by: number): Codes {
  return turboquant.create({ dim, metric: "dot" }).encode({ ...rows, data: rows.data.map((x) => x * by) });
}

describe("verifyCodes refuses", () => {
  const refused = (codec: TurboquantCodec, change: (bytes: Uint8Array, view: DataView) => void): void => {
    const c = codec.encode(rows);
    codec.verifyCodes(c);
    const at = 5 * codec.stride;
    change(c.bytes.subarray(at, at + codec.stride), new DataView(c.bytes.buffer, at, codec.stride));
    try {
      codec.verifyCodes(c, 100);
    } catch (error) {
      expect(isPithError(error, "CORRUPT_CODES")).toBe(true);
      expect((error as { details: object }).details).toMatchObject({ row: 105 });
      return;
    }
    expect.unreachable("it accepts them");
  };
  const plain = (bits: TurboquantBits, metric: Metric = "cosine"): TurboquantCodec =>
    turboquant.create({ dim: 21, bits, metric });
  const narrow = gaussian(12, 21, 8);

  test.each([Number.NaN, -1, -0, Infinity])("the scalar %s", (s) => {
    refused(turboquant.create({ dim }), (_, view) => view.setFloat32(12, s, true));
  });

  test.each([Number.NaN, -1, -0, Infinity])("the squared length %s", (x) => {
    refused(turboquant.create({ dim, metric: "l2" }), (_, view) => view.setFloat32(16, x, true));
    refused(trained(2, "l2"), (_, view) => view.setFloat32(7, x, true));
  });

  test("the byte 0 at 8 bits", () => {
    refused(trained(8), (bytes) => bytes.fill(0, 3, 4));
  });

  test("other bytes in a row of scalar 0", () => {
    refused(trained(), (bytes) => bytes.fill(0, 12, 13));
    refused(turboquant.create({ dim }), (bytes) => bytes.fill(0, 12, 16));
    refused(trained(1, "l2"), (bytes) => bytes.fill(0, 0, 4));
  });

  test.each([1, 2, 3, 4] as const)("unused bits at %i bits", (bits) => {
    const codec = plain(bits);
    const c = codec.encode(narrow);
    const last = Math.ceil((21 * bits) / 8) - 1;
    codec.verifyCodes(c);
    c.bytes[last] |= 0x80;
    expect(code(() => codec.verifyCodes(c))).toBe("CORRUPT_CODES");
  });
});

describe("restore refuses", () => {
  const altered = (
    change: (state: Record<string, unknown>, tensors: Record<string, unknown>) => void,
  ): string => {
    const state = trained().state();
    const copy: Record<string, unknown> = { ...state, params: { ...state.params } };
    const tensors: Record<string, unknown> = { ...state.tensors };
    copy["tensors"] = tensors;
    change(copy, tensors);
    return code(() => turboquant.restore(copy as unknown as CodecState));
  };
  const table = (change: (table: Float32Array) => void): string =>
    altered((_, tensors) => {
      const floats = new Float32Array(trained().state().tensors["scalar"].bytes.slice().buffer);
      change(floats);
      tensors["scalar"] = { dtype: "F32", shape: [256], bytes: new Uint8Array(floats.buffer) };
    });

  test("tensors that are missing, or that its bits don't have", () => {
    expect(altered((_, tensors) => delete tensors["mean"])).toBe("CORRUPT_FILE");
    expect(altered((_, tensors) => delete tensors["scalar"])).toBe("CORRUPT_FILE");
    expect(altered((state) => (state["params"] = { bits: 8, seed: 0 }))).toBe("CORRUPT_FILE");
  });

  test("scalars that aren't 0 and then ascending, positive and finite", () => {
    expect(table(() => {})).toBe("no error");
    expect(table((t) => t.fill(1e-9, 0, 1))).toBe("CORRUPT_FILE");
    expect(table((t) => t.fill(-0, 0, 1))).toBe("CORRUPT_FILE");
    expect(table((t) => t.fill(t[9], 10, 11))).toBe("CORRUPT_FILE");
    expect(table((t) => t.fill(-1, 1, 2))).toBe("CORRUPT_FILE");
    expect(table((t) => t.fill(0, 1, 2))).toBe("CORRUPT_FILE");
    expect(table((t) => t.fill(Infinity, 255))).toBe("CORRUPT_FILE");
    expect(table((t) => t.fill(Number.NaN, 100, 101))).toBe("CORRUPT_FILE");
  });

  test("parameters without their defaults, and a mean that isn't finite", () => {
    expect(altered((state) => (state["params"] = { bits: 4 }))).toBe("CORRUPT_FILE");
    const mean = new Uint8Array(4 * dim).fill(0xff);
    expect(altered((_, tensors) => (tensors["mean"] = { dtype: "F32", shape: [dim], bytes: mean }))).toBe(
      "CORRUPT_FILE",
    );
  });
});
