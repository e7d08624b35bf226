/** What `@pith/contract` doesn't ask of a row codec; that it keeps the contract is tested there and in examples. */
import { describe, expect, test } from "vitest";
import { decodingScorer } from "../../src/contract/decoding-scorer.ts";
import { type RowCodecOptions, rowCodec } from "../../src/contract/row-codec.ts";
import { rowCodecFamily } from "../../src/contract/row-family.ts";
import { vectors } from "../../src/contract/vectors.ts";
import { isPithError, PithError } from "../../src/errors.ts";
import { Bitset } from "../../src/flat/bitset.ts";
import { SplitMix64 } from "../../src/random.ts";

/** Floats as they are, with a stride that leaves every other code unaligned in the batch. */
const float32: RowCodecOptions = {
  name: "floats",
  version: 2,
  dim: 3,
  metric: "dot",
  stride: 13,
  encodeRow(row, out) {
    new Float32Array(out.buffer, 0, 3).set(row);
  },
  decodeRow(code, out) {
    out.set(new Float32Array(code.buffer, 0, 3));
  },
};

function code(action: () => unknown): string {
  try {
    action();
  } catch (error) {
    if (isPithError(error)) return error.code;
    throw error;
  }
  return "nothing";
}

describe("rowCodec", () => {
  test("hands row functions aligned memory, whatever the stride", () => {
    const v = vectors(Float32Array.of(1, 2, 3, 4, 5, 6, 7, 8, 9), 3);
    const codec = rowCodec(float32);
    expect([...codec.decode(codec.encode(v)).data]).toEqual([1, 2, 3, 4, 5, 6, 7, 8, 9]);
  });

  test("gives encodeRow unit rows under cosine, and zeros for a zero row", () => {
    const seen: number[][] = [];
    const codec = rowCodec({ ...float32, metric: "cosine", encodeRow: (row) => seen.push([...row]) });
    codec.encode(vectors(Float32Array.of(0, 3 * 2 ** 100, 4 * 2 ** 100, 0, 0, 0), 3));
    expect(seen).toEqual([
      [0, Math.fround(0.6), Math.fround(0.8)],
      [0, 0, 0],
    ]);
  });

  test("writes nothing where encodeRow refuses a row", () => {
    const codec = rowCodec({
      ...float32,
      encodeRow(row, out) {
        if (row[0] > 1) throw new PithError("LIMIT_EXCEEDED", "too large");
        out.fill(1);
      },
    });
    const out = new Uint8Array(26).fill(7);
    const refused = code(() => codec.encodeInto(vectors(Float32Array.of(1, 1, 1, 2, 2, 2), 3), out));
    expect([refused, ...new Set(out)]).toEqual(["LIMIT_EXCEEDED", 7]);
  });

  test("clears the bytes of a code before each row", () => {
    const codec = rowCodec({ ...float32, encodeRow: (row, out) => (out[row[0]] = 1) });
    const { bytes } = codec.encode(vectors(Float32Array.of(2, 0, 0, 5, 0, 0), 3));
    expect([...bytes.keys()].filter((i) => bytes[i] === 1)).toEqual([2, 13 + 5]);
  });

  test.each([0, -1, 1.5, Number.NaN])("refuses stride %d", (stride) => {
    expect(code(() => rowCodec({ ...float32, stride }))).toBe("INVALID_ARGUMENT");
  });

  test("refuses dims below its minDim and metrics that it doesn't serve", () => {
    expect(code(() => rowCodec({ ...float32, supports: { minDim: 4 } }))).toBe("DIM_UNSUPPORTED");
    expect(code(() => rowCodec({ ...float32, supports: { metrics: ["l2"] } }))).toBe("UNSUPPORTED_METRIC");
  });

  test("has an error bound where there is one for a row", () => {
    expect(rowCodec(float32).errorBound).toBeUndefined();
    const codec = rowCodec({ ...float32, errorBoundRow: (c) => c[0] });
    const codes = { bytes: Uint8Array.from({ length: 26 }, (_, i) => i), stride: 13, count: 2 };
    expect([...codec.errorBound!(codes)]).toEqual([0, 13]);
  });
});

describe("decodingScorer", () => {
  test("gives the same hits over many blocks of decoded rows as by scoring all", () => {
    const dim = 40_000; // one row a block
    const random = new SplitMix64(1);
    const codec = rowCodec({
      ...float32,
      dim,
      stride: 1,
      encodeRow: (row, out) => (out[0] = row[0]),
      decodeRow: (c, out) => out.fill(c[0] / 1000),
    });
    const bytes = Uint8Array.from({ length: 20 }, () => random.below(6));
    const codes = { bytes, stride: 1, count: 20 };
    const query = new Float32Array(dim).fill(0.01);
    const prepared = decodingScorer(codec, "dot").prepare(query);
    const scores = new Float32Array(20);
    prepared.scoreInto(codes, scores);
    expect(scores[bytes.indexOf(3)]).toBeCloseTo(1.2, 3);
    const order = [...scores.keys()].sort((a, b) => scores[b] - scores[a] || a - b);
    expect([...prepared.topK(codes, 20).slots]).toEqual(order);
    const odd = Bitset.from(20, [1, 3, 5, 7, 9, 11, 13]);
    expect([...prepared.topK(codes, 4, odd).slots]).toEqual(order.filter((i) => odd.has(i)).slice(0, 4));
  });

  test("serves only the metrics of the codec", () => {
    const codec = rowCodec({ ...float32, metric: "cosine" });
    expect(code(() => decodingScorer(codec, "dot"))).toBe("UNSUPPORTED_METRIC");
  });
});

describe("rowCodecFamily", () => {
  const family = rowCodecFamily({
    name: "floats",
    version: 2,
    summary: "floats as they are",
    options: { pad: { type: "integer", default: 1, min: 0, max: 8, about: "unused bytes" } },
    metrics: ["dot", "l2"],
    coder: ({ dim, options }) => ({ ...float32, stride: 4 * dim + Number(options["pad"]) }),
  });

  test("fills in defaults and hands checked options to the coder", () => {
    const codec = family.create({ dim: 3, metric: "dot" });
    expect([codec.stride, codec.state().params]).toEqual([13, { pad: 1 }]);
    expect(family.create({ dim: 3, metric: "dot", pad: "4" } as { dim: number }).stride).toBe(16);
  });

  test("has cosine as its default metric, and refuses what it isn't made for", () => {
    expect(code(() => family.create({ dim: 3 }))).toBe("UNSUPPORTED_METRIC");
  });

  test("restores its own state alone", () => {
    const state = family.create({ dim: 3, metric: "l2" }).state();
    expect(family.restore(state).state()).toEqual(state);
    expect(code(() => family.restore({ ...state, version: 1 }))).toBe("VERSION_UNSUPPORTED");
    expect(code(() => family.restore({ ...state, params: {} }))).toBe("CORRUPT_FILE");
    expect(code(() => family.restore({ ...state, params: { pad: "1" } }))).toBe("CORRUPT_FILE");
    const tensors = { extra: { dtype: "U8", shape: [1], bytes: new Uint8Array(1) } } as const;
    expect(code(() => family.restore({ ...state, tensors }))).toBe("CORRUPT_FILE");
  });
});
