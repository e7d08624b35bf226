/** SpectralEncoder and SpectralIndex: what is mended, what comes back, and what is refused. */
import { FlatIndex, type Vectors } from "@pith/codec-core";
import { describe, expect, test } from "vitest";
import { SpectralEncoder, SpectralIndex, spectralDft } from "../../src/index.ts";
import { gaussian, refusal } from "./data.ts";

const dim = 45;
const sample = gaussian(300, dim, 1);
const rows = gaussian(40, dim, 2);
const options = { dim, topK: 9, magBits: 5, phaseBits: 6 };

function calibrated(compat?: "spectraltm-0.1"): SpectralEncoder {
  const encoder = new SpectralEncoder(compat ? { ...options, compat } : options);
  encoder.calibrate(sample);
  return encoder;
}

function rowOf({ data }: Vectors, row: number): Float32Array {
  return data.subarray(row * dim, (row + 1) * dim);
}

describe.each([undefined, "spectraltm-0.1"] as const)("compat %s", (compat) => {
  const encoder = calibrated(compat);

  test("encode is encodeBatch of one row, and codes are in range", () => {
    const codes = encoder.encodeBatch(rows);
    expect([codes.count, codes.topK, codes.idx.length, codes.normQ.length]).toEqual([40, 9, 360, 40]);
    const one = encoder.encode(rowOf(rows, 7));
    expect(one.idx).toEqual(codes.idx.slice(63, 72));
    expect(one.magQ).toEqual(codes.magQ.slice(63, 72));
    expect(one.phaseQ).toEqual(codes.phaseQ.slice(63, 72));
    expect(one.normQ).toEqual(codes.normQ.slice(7, 8));
    expect(Math.max(...codes.idx)).toBeLessThan(23);
    expect(Math.max(...codes.magQ)).toBeLessThan(32);
    expect(Math.max(...codes.phaseQ)).toBeLessThan(64);
  });

  test("add of codes is addEmbeddings of their rows, and codes come back", () => {
    const [a, b] = [new SpectralIndex(encoder), new SpectralIndex(encoder)];
    expect(a.addEmbeddings(rows)).toBe(0);
    expect(b.add(encoder.encodeBatch(rows))).toBe(0);
    expect(b.codes()).toEqual(encoder.encodeBatch(rows));
    expect([a.size, a.totalBytes]).toEqual([40, 40 * encoder.bytesPerChunk]);
    expect(a.searchBatch(rows, 5)).toEqual(b.searchBatch(rows, 5));
    expect(a.addEmbeddings(rows)).toBe(40);
  });

  test("codes take the bits of their parts and a byte for the scalar", () => {
    expect(encoder.bytesPerChunk).toBeLessThanOrEqual(Math.ceil((9 * (5 + 5 + 6)) / 8) + 1);
    const big = new SpectralEncoder({
      dim: 384,
      topK: 8,
      magBits: 8,
      phaseBits: 8,
      ...(compat ? { compat } : {}),
    });
    expect(big.bytesPerChunk).toBe(compat ? 25 : 24);
  });

  test("search gives the best scores first, and no more than there are", () => {
    const index = new SpectralIndex(encoder);
    index.addEmbeddings(rows);
    const hits = index.search(rowOf(rows, 3), 100);
    expect(hits.length).toBe(40);
    expect(hits.slots[0]).toBe(3);
    hits.slots.forEach((slot, i) => {
      expect(index.scoreOne(rowOf(rows, 3), slot)).toBe(hits.scores[i]);
      if (i > 0) expect(hits.scores[i]).toBeLessThanOrEqual(hits.scores[i - 1]);
    });
    expect(new SpectralIndex(encoder).search(rowOf(rows, 0), 3).length).toBe(0);
  });

  test("a saved index loads as it was", () => {
    const index = new SpectralIndex(encoder);
    index.addEmbeddings(rows);
    const again = SpectralIndex.load(index.save());
    expect(again.size).toBe(40);
    expect(again.searchBatch(rows, 4)).toEqual(index.searchBatch(rows, 4));
    expect(again.save()).toEqual(index.save());
  });

  test("an index keeps the grids that it was made with", () => {
    const changing = calibrated(compat);
    const index = new SpectralIndex(changing);
    index.addEmbeddings(rows);
    const before = index.searchBatch(rows, 3);
    changing.calibrate({ ...sample, data: sample.data.map((x, i) => x * (1 + (i % dim))) });
    expect(index.searchBatch(rows, 3)).toEqual(before);
  });

  test("setGrids takes what grids gives", () => {
    const other = new SpectralEncoder(compat ? { ...options, compat } : options);
    other.setGrids(encoder.grids);
    expect(other.encodeBatch(rows)).toEqual(encoder.encodeBatch(rows));
    const { grids } = encoder;
    for (const wrong of [
      { ...grids, magnitude: grids.magnitude.slice(1) },
      { ...grids, magnitude: grids.magnitude.map(() => Number.NaN) },
      { ...grids, phase: grids.phase.slice(1) },
      { ...grids, norm: new Float32Array(3) },
    ])
      expect(refusal(() => other.setGrids(wrong))).toBe("INVALID_ARGUMENT");
  });

  test("bad input: NaN, another dim, codes of another encoder, slots that aren't there", () => {
    const index = new SpectralIndex(encoder);
    index.addEmbeddings(rows);
    const nan = rows.data.slice();
    nan[5] = Number.NaN;
    expect(refusal(() => encoder.encodeBatch({ ...rows, data: nan }))).toBe("NOT_FINITE");
    expect(refusal(() => index.addEmbeddings({ ...rows, data: nan }))).toBe("NOT_FINITE");
    expect(refusal(() => encoder.calibrate({ ...rows, data: nan }))).toBe("NOT_FINITE");
    expect(refusal(() => encoder.encode(new Float32Array(dim + 1)))).toBe("DIM_MISMATCH");
    expect(refusal(() => index.search(new Float32Array(3), 1))).toBe("DIM_MISMATCH");
    expect(refusal(() => index.search(rowOf(rows, 0), 0))).toBe("INVALID_ARGUMENT");
    expect(refusal(() => index.scoreOne(rowOf(rows, 0), 40))).toBe("INVALID_ARGUMENT");
    const codes = encoder.encodeBatch(rows);
    expect(refusal(() => index.add({ ...codes, topK: 8 }))).toBe("CODEC_MISMATCH");
    expect(refusal(() => index.add({ ...codes, idx: codes.idx.slice(1) }))).toBe("LENGTH_MISMATCH");
    for (const wrong of [
      { idx: codes.idx.map(() => 23) },
      { idx: codes.idx.map(() => 1) },
      { magQ: codes.magQ.map(() => 32) },
      { phaseQ: codes.phaseQ.map(() => 64) },
      { normQ: codes.normQ.map(() => 256) },
    ])
      expect(refusal(() => index.add({ ...codes, ...wrong }))).toBe("CORRUPT_CODES");
    expect(index.size).toBe(40);
  });
});

test.each([
  { topK: 0 },
  { topK: 24 },
  { topK: 1.5 },
  { magBits: 9 },
  { magBits: -1 },
  { phaseBits: 1 },
  { phaseBits: 9 },
  { normBits: 7 },
  { compat: "spectraltm-0.2" as "spectraltm-0.1" },
  { compat: "spectraltm-0.1" as const, normBits: 17 },
  { compat: "spectraltm-0.1" as const, phaseBits: 9 },
])("%j is INVALID_OPTION", (wrong) => {
  expect(refusal(() => new SpectralEncoder({ ...options, ...wrong }))).toBe("INVALID_OPTION");
});

test("dims below 4 are DIM_UNSUPPORTED, too few rows SAMPLE_TOO_SMALL, no calibration NOT_SUPPORTED", () => {
  expect(refusal(() => new SpectralEncoder({ ...options, dim: 3, topK: 1 }))).toBe("DIM_UNSUPPORTED");
  expect(refusal(() => spectralDft.create({ dim: 3 }))).toBe("DIM_UNSUPPORTED");
  expect(refusal(() => new SpectralEncoder(options).calibrate(gaussian(99, dim, 1)))).toBe(
    "SAMPLE_TOO_SMALL",
  );
  expect(refusal(() => new SpectralEncoder(options).encodeBatch(rows))).toBe("NOT_SUPPORTED");
});

test("zero vectors encode, and score 0", () => {
  const encoder = calibrated();
  const index = new SpectralIndex(encoder);
  index.addEmbeddings({ data: new Float32Array(2 * dim), dim, count: 2 });
  expect(index.scoreOne(rowOf(rows, 0), 1)).toBe(0);
  expect(encoder.encode(new Float32Array(dim)).normQ[0]).toBe(0);
});

test("rows that are all alike, as of constant dims, are refused by nothing and find each other", () => {
  const encoder = new SpectralEncoder(options);
  const flat = { data: new Float32Array(200 * dim).fill(0.25), dim, count: 200 };
  encoder.calibrate(flat);
  const index = new SpectralIndex(encoder);
  index.addEmbeddings(flat);
  const { scores } = index.search(rowOf(flat, 0), 3);
  for (const score of scores) expect(score).toBeCloseTo(1, 2);
});

test("mended: a phase just under a turn is next to 0, and scores are near those of the vectors", () => {
  const encoder = calibrated();
  const { phase } = encoder.grids;
  const wave = Float32Array.from({ length: dim }, (_, j) => Math.cos((2 * Math.PI * 3 * j) / dim - 0.001));
  const { idx, phaseQ } = encoder.encode(wave);
  const at = idx.indexOf(3);
  expect(at).toBeGreaterThanOrEqual(0);
  const error = Math.abs(((phase[phaseQ[at]] + 0.001 + Math.PI) % (2 * Math.PI)) - Math.PI);
  expect(error).toBeLessThan(0.3);
});

test("a saved index is a Pith file that FlatIndex reads", () => {
  const index = new SpectralIndex(calibrated());
  index.addEmbeddings(rows);
  const flat = FlatIndex.fromBytes(index.save(), [spectralDft]);
  const { slots, scores } = index.search(rowOf(rows, 9), 4);
  expect(flat.search(rowOf(rows, 9), 4).map(({ id, score }) => [id, score])).toEqual(
    Array.from(slots, (slot, i) => [slot, scores[i]]),
  );
});
