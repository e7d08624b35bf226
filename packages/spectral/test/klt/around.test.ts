/** Codes around centres: what partitions of an index need of a codec. */
import { METRICS, type Metric, SplitMix64, sliceVectors, unitRows, type Vectors } from "@pith/codec-core";
import { codecContract } from "@pith/contract";
import { describe, expect, test } from "vitest";
import { type SpectralCentres, type SpectralCodec, type SpectralOptions, spectral } from "../../src/index.ts";
import { codeOf, falling } from "./data.ts";

const dim = 24;
const PARTS = 6;

/** Rows around six centres, farther from each other than rows from their centre. */
function clustered(count: number, seed: number): { rows: Vectors; around: SpectralCentres } {
  const random = new SplitMix64(31);
  const centres = Float32Array.from({ length: PARTS * dim }, () => 2 * random.gaussian());
  const rows = falling(count, dim, seed);
  const assignment = Uint32Array.from({ length: count }, (_, i) => (7 * i) % PARTS);
  const data = rows.data.map((x, i) => x + centres[assignment[Math.floor(i / dim)] * dim + (i % dim)]);
  return {
    rows: { data, dim, count },
    around: { centres: { data: centres, dim, count: PARTS }, assignment },
  };
}

const sample = clustered(900, 41);
const fresh = clustered(60, 42);

/** Centres as they are taken off: under cosine the means of rows of length 1. */
function centresOf({ rows, around }: typeof sample, metric: Metric): SpectralCentres {
  if (metric !== "cosine") return around;
  const unit = unitRows(rows.data, dim);
  const data = new Float32Array(PARTS * dim);
  const counts = new Float32Array(PARTS);
  for (let i = 0; i < rows.count; i++) {
    counts[around.assignment[i]]++;
    for (let j = 0; j < dim; j++) data[around.assignment[i] * dim + j] += unit[i * dim + j];
  }
  const centres = { data: data.map((x, i) => x / counts[Math.floor(i / dim)]), dim, count: PARTS };
  return { centres, assignment: around.assignment };
}

function learned(metric: Metric, options: Partial<SpectralOptions> = {}): [SpectralCodec, Vectors] {
  const around = centresOf(sample, metric);
  return [spectral.train(sample.rows, { dim, bytes: 9, metric, ...options }, around), around.centres];
}

const centre = ({ data }: Vectors, i: number): Float32Array => data.subarray(i * dim, (i + 1) * dim);
const row = ({ rows }: typeof sample, i: number): Vectors => sliceVectors(rows, i, i + 1);

/** Squared error of fresh rows, each decoded around its centre. */
function lost(codecs: readonly SpectralCodec[]): number {
  let sum = 0;
  for (let i = 0; i < fresh.rows.count; i++) {
    const codec = codecs[fresh.around.assignment[i] % codecs.length];
    const { data } = codec.decode(codec.encode(row(fresh, i)));
    const given = codec.metric === "cosine" ? unitRows(row(fresh, i).data, dim) : row(fresh, i).data;
    data.forEach((x, j) => {
      sum += (x - given[j]) ** 2;
    });
  }
  return sum;
}

describe.each(METRICS)("%s", (metric) => {
  const [codec, centres] = learned(metric);
  const codecs = Array.from({ length: PARTS }, (_, i) => codec.around(centre(centres, i)));

  test("around their centres rows lose less than half as much in the same bytes", () => {
    expect(codecs[0].stride).toBe(9);
    expect(lost(codecs)).toBeLessThan(lost([spectral.train(sample.rows, { dim, bytes: 9, metric })]) / 2);
  });

  test("a row decodes to t times the centre, the mean and its components", () => {
    const near = codecs[2];
    const codes = near.encode(row(fresh, 2));
    // The codec of no centre reads the same mean, components and scalar.
    const t = scalarsOf(codec)[codes.bytes[near.stride - (metric === "l2" ? 5 : 1)]];
    const plain = codec.decode(codes).data;
    const expected = plain.map((x, j) => x + t * centre(centres, 2)[j]);
    near.decode(codes).data.forEach((x, j) => {
      expect(x).toBeCloseTo(expected[j], 4);
    });
    const length = metric === "cosine" ? 1 : Math.hypot(...row(fresh, 2).data);
    expect(Math.abs(Math.hypot(...near.decode(codes).data) / length - 1)).toBeLessThan(0.02);
  });

  test("scores are those of decoded rows, one query for all centres", () => {
    const queries = clustered(4, 43).rows;
    for (let q = 0; q < queries.count; q++) {
      const query = centre(queries, q);
      const unit = metric === "cosine" ? unitRows(query, dim) : query;
      const prepared = codec.scorer(metric).prepare(query);
      for (const [part, near] of codecs.entries()) {
        const codes = near.encode(fresh.rows);
        const [moved, anew] = [new Float32Array(codes.count), new Float32Array(codes.count)];
        const at = prepared.around?.(centre(centres, part));
        at?.scoreInto(codes, moved);
        near.scorer(metric).prepare(query).scoreInto(codes, anew);
        expect(moved).toEqual(anew);
        expect(at?.topK(codes, 7)).toEqual(
          near.scorer(metric).topKBatch(sliceVectors(queries, q, q + 1), codes, 7)[0],
        );
        const decoded = near.decode(codes);
        for (let i = 0; i < codes.count; i++) {
          const product = dot(unit, centre(decoded, i));
          const [own, all] = [dot(unit, unit), dot(centre(fresh.rows, i), centre(fresh.rows, i))];
          const exact = metric === "l2" ? -Math.max(0, own + all - 2 * product) : product;
          const size = Math.sqrt(own) * Math.sqrt(dot(centre(decoded, i), centre(decoded, i)));
          expect(Math.abs(moved[i] - exact)).toBeLessThan(0.002 * (size + all * 1e-3));
        }
      }
    }
  });

  test("a codec around a centre is one: it is saved and restored, and a centre of zeros changes nothing", () => {
    const again = spectral.restore(codecs[1].state());
    const codes = codecs[1].encode(fresh.rows);
    expect(again.encode(fresh.rows)).toEqual(codes);
    expect(again.decode(codes)).toEqual(codecs[1].decode(codes));
    expect(codec.around(new Float32Array(dim)).encode(fresh.rows)).toEqual(codec.encode(fresh.rows));
    const both = codec.around(centre(centres, 1)).around(centre(centres, 2));
    const sum = centre(centres, 1).map((x, j) => x + centre(centres, 2)[j]);
    expect(both.decode(codes).data[3]).toBeCloseTo(codec.around(sum).decode(codes).data[3], 4);
  });

  test("figures of rows that were held out say what new rows will lose around their centres", () => {
    const given = metric === "cosine" ? unitRows(fresh.rows.data, dim) : fresh.rows.data;
    const ratio = lost(codecs) / dot(given, given) / codec.fit.heldOut;
    expect(Math.abs(ratio - 1)).toBeLessThan(0.2);
    expect(codec.fit.trained).toBeLessThan(codec.fit.heldOut * 1.1);
  });
});

test("blocks that one codec lays out serve the queries around every centre", () => {
  const [codec, centres] = learned("cosine", { bytes: 3, quantizer: "scalar" });
  const near = codec.around(centre(centres, 3));
  const codes = near.encode(fresh.rows);
  const query = centre(fresh.rows, 5);
  for (const laid of [codec, near].map((c) => c.resident?.(codes)))
    expect(laid && codec.scorer("cosine").prepare(query).around?.(centre(centres, 3)).topK(laid, 5)).toEqual(
      near.scorer("cosine").prepare(query).topK(codes, 5),
    );
});

describe("what doesn't fit is refused", () => {
  const [codec, centres] = learned("dot");
  const withAssignment = (assignment: Uint32Array): string =>
    codeOf(() => spectral.train(sample.rows, { dim, bytes: 9, metric: "dot" }, { centres, assignment }));

  test.each([
    ["of another dim", new Float32Array(dim + 1), "DIM_MISMATCH"],
    ["that isn't finite", new Float32Array(dim).fill(Number.NaN, 3, 4), "NOT_FINITE"],
    ["beyond 2^50", new Float32Array(dim).fill(2 ** 51), "INVALID_ARGUMENT"],
  ])("a centre %s", (_, wrong, code) => {
    expect(codeOf(() => codec.around(wrong))).toBe(code);
    if (code !== "INVALID_ARGUMENT")
      expect(codeOf(() => codec.scorer("dot").prepare(wrong.slice(0, dim).fill(1)).around?.(wrong))).toBe(
        code,
      );
  });

  test("centres of other rows, and centres that there aren't", () => {
    expect(withAssignment(new Uint32Array(899))).toBe("LENGTH_MISMATCH");
    expect(withAssignment(new Uint32Array(900).fill(PARTS, 7, 8))).toBe("INVALID_ARGUMENT");
    expect(withAssignment(sample.around.assignment)).toBe("no error");
  });
});

codecContract({
  test,
  family: {
    ...spectral,
    train: (rows, options) =>
      spectral
        .train(rows, options)
        .around(Float32Array.from({ length: options.dim }, (_, j) => Math.sin(j) / 4)),
  },
  options: { bytes: 7 },
  dims: [15],
  backends: ["typescript", "avx512"],
});

function dot(a: Float32Array, b: Float32Array): number {
  return a.reduce((sum, x, i) => sum + x * b[i], 0);
}

/** The scalars that a byte stands for. */
function scalarsOf(codec: SpectralCodec): Float32Array {
  return new Float32Array(codec.state().tensors["scalar"].bytes.slice().buffer);
}
