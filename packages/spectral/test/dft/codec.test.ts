/** The codec spectral-dft: its options, its sizes, what it learns, and what it refuses. */
import { backendReport } from "@pith/codec-core";
import { describe, expect, test } from "vitest";
import { spectralDft } from "../../src/index.ts";
import { gaussian, refusal } from "./data.ts";

const dim = 45;
const sample = gaussian(200, dim, 11);
const rows = gaussian(20, dim, 12);

describe("options", () => {
  test("an eighth of the coefficients, phases of 3 bits, one magnitude and cosine are the defaults", () => {
    const codec = spectralDft.create({ dim });
    expect(codec.params).toEqual({ topK: 0, magBits: 0, phaseBits: 3 });
    expect(codec.metric).toBe("cosine");
    expect(spectralDft.train(gaussian(100, 384, 1), { dim: 384 }).stride).toBe(25);
    expect(spectralDft.create({ dim: 4 }).stride).toBe(5);
  });

  test.each([
    { topK: -1 },
    { topK: 1.5 },
    { topK: 32_770 },
    { magBits: 9 },
    { magBits: -1 },
    { phaseBits: 1 },
    { phaseBits: 9 },
    { bits: 4 },
  ])("%j is INVALID_OPTION", (wrong) => {
    expect(refusal(() => spectralDft.create({ dim, ...wrong }))).toBe("INVALID_OPTION");
    expect(refusal(() => spectralDft.train(sample, { dim, ...wrong }))).toBe("INVALID_OPTION");
  });

  test("more coefficients than there are, and dims below 4, are DIM_UNSUPPORTED", () => {
    expect(refusal(() => spectralDft.create({ dim, topK: 24 }))).toBe("DIM_UNSUPPORTED");
    expect(spectralDft.create({ dim, topK: 23 }).supports.minDim).toBe(44);
    expect(refusal(() => spectralDft.create({ dim: 3 }))).toBe("DIM_UNSUPPORTED");
  });
});

test("all coefficients with 8 and 8 bits decode to nearly the vectors, in even and odd dims", () => {
  for (const d of [44, 45, 64]) {
    const many = gaussian(30, d, 3);
    const topK = Math.floor(d / 2) + 1;
    const codec = spectralDft.create({ dim: d, topK, magBits: 8, phaseBits: 8, metric: "dot" });
    const decoded = codec.decode(codec.encode(many)).data;
    const square = many.data.reduce((sum, x) => sum + x * x, 0);
    const lost = many.data.reduce((sum, x, i) => sum + (x - decoded[i]) ** 2, 0);
    expect(lost / square).toBeLessThan(0.005);
  }
});

test("the product of a row less the mean with its decoded self is its square", () => {
  const codec = spectralDft.create({ dim, metric: "dot" });
  const decoded = codec.decode(codec.encode(rows)).data;
  for (let row = 0; row < rows.count; row++) {
    const x = rows.data.subarray(row * dim, (row + 1) * dim);
    const product = x.reduce((sum, v, j) => sum + v * decoded[row * dim + j], 0);
    expect(product / x.reduce((sum, v) => sum + v * v, 0)).toBeCloseTo(1, 5);
  }
});

test("rows unlike the sample are clamped and counted", () => {
  const codec = spectralDft.train(sample, { dim, metric: "dot" });
  expect(codec.clamped(codec.encode(sample))).toBe(0);
  const long = { ...rows, data: rows.data.map((x) => x * 100) };
  expect(codec.clamped(codec.encode(long))).toBe(20);
  expect(spectralDft.create({ dim }).clamped(spectralDft.create({ dim }).encode(long))).toBe(0);
});

test("a sample whose dims are all constant trains, and zero vectors score 0", () => {
  const flat = { data: new Float32Array(100 * dim).fill(2), dim, count: 100 };
  const codec = spectralDft.train(flat, { dim, magBits: 2 });
  const codes = codec.encode({ ...rows, data: rows.data.map((x, i) => (i < dim ? 0 : x)) });
  const scores = new Float32Array(20);
  codec.scorer("cosine").prepare(rows.data.subarray(0, dim)).scoreInto(codes, scores);
  expect(scores[0]).toBe(0);
  expect(scores.every(Number.isFinite)).toBe(true);
});

test("codes and states of another basis are CODEC_MISMATCH", () => {
  const codec = spectralDft.create({ dim });
  const other = spectralDft.create({ dim, topK: 9 });
  expect(refusal(() => codec.decode(other.encode(rows)))).toBe("CODEC_MISMATCH");
  expect(refusal(() => spectralDft.restore({ ...codec.state(), codec: "spectral" }))).toBe("CODEC_MISMATCH");
});

describe("codes that no encoder writes are CORRUPT_CODES", () => {
  const codec = spectralDft.create({ dim, topK: 3, metric: "l2" });
  const codes = codec.encode(rows);
  test.each([
    ["a map of other length", (bytes: Uint8Array) => bytes.fill(0, 0, 1)],
    ["coefficients that there aren't", (bytes: Uint8Array) => bytes.fill(0xff, 0, 3)],
    [
      "a scalar below 0",
      (bytes: Uint8Array) => new DataView(bytes.buffer).setFloat32(codec.stride - 8, -1, true),
    ],
    ["a square that is no number", (bytes: Uint8Array) => bytes.fill(0xff, codec.stride - 4, codec.stride)],
    ["bits in a row of scalar 0", (bytes: Uint8Array) => bytes.fill(0, codec.stride - 8, codec.stride - 4)],
  ])("%s", (_, damage) => {
    const bytes = codes.bytes.slice();
    damage(bytes);
    expect(refusal(() => codec.verifyCodes({ ...codes, bytes }))).toBe("CORRUPT_CODES");
    expect(refusal(() => codec.verifyCodes(codes))).toBe("no error");
  });
});

test.skipIf(backendReport().backend !== "native")(
  "native kernels encode, decode and search off the event loop: the same, or ABORTED",
  async () => {
    const codec = spectralDft.train(sample, { dim });
    const codes = codec.encode(rows);
    const scorer = codec.scorer("cosine");
    expect(await codec.encodeAsync(rows, {})).toEqual(codes);
    expect(await codec.decodeAsync(codes, {})).toEqual(codec.decode(codes));
    const off = scorer.topKBatchAsync?.(rows, codes, 5, undefined, {});
    expect(off).toBeInstanceOf(Promise);
    expect(await off).toEqual(scorer.topKBatch(rows, codes, 5));
    const aborted = { signal: AbortSignal.abort() };
    for (const running of [
      codec.encodeAsync(rows, aborted),
      codec.decodeAsync(codes, aborted),
      scorer.topKBatchAsync?.(rows, codes, 5, undefined, aborted),
    ])
      await expect(running).rejects.toMatchObject({ code: "ABORTED" });
  },
);
