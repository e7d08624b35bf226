import { type Codes, type Metric, stateBytes, type Vectors } from "@pith/codec-core";
import { describe, expect, test } from "vitest";
import { type SpectralCodec, type SpectralQuantizer, spectral } from "../../src/index.ts";
import { codeOf, falling } from "./data.ts";

const dim = 24;
const sample = falling(400, dim, 7);
const rows = falling(40, dim, 8);

function trained(metric: Metric = "cosine", quantizer: SpectralQuantizer = "trellis"): SpectralCodec {
  return spectral.train(sample, { dim, bytes: 9, metric, quantizer });
}

function withData(data: Float32Array): Vectors {
  return { data, dim, count: data.length / dim };
}

describe("options", () => {
  test("24 bytes, trellis and cosine are the defaults", () => {
    const many = falling(256, 64, 1);
    const codec = spectral.train(many, { dim: 64 });
    expect(codec.params).toEqual({ bytes: 24, quantizer: "trellis", table: "full" });
    expect([codec.metric, codec.stride]).toEqual(["cosine", 24]);
  });

  test("without a sample there is no codec", () => {
    expect(codeOf(() => spectral.create({ dim, bytes: 9 }))).toBe("NOT_SUPPORTED");
    expect(spectral.training({ dim, bytes: 9 })).toEqual({ sample: "required", minSample: 256 });
  });

  test("a vector takes exactly the bytes that were asked for, scalars and all", () => {
    for (const metric of ["cosine", "dot", "l2"] as const)
      for (const quantizer of ["trellis", "scalar"] as const)
        for (const bytes of [2, 6, 7, 9, 16]) {
          if (metric === "l2" && bytes < 6) continue;
          const codec = spectral.train(sample, { dim, metric, quantizer, bytes });
          expect(codec.stride).toBe(bytes);
          expect(codec.encode(rows).bytes.length).toBe(bytes * rows.count);
          const used = codec.bits.reduce((sum, b) => sum + b, 0);
          expect(used).toBe(8 * (bytes - (metric === "l2" ? 5 : 1)));
        }
  });

  test.each([1, 0, -1, 2.5, 100_000])("%s bytes are INVALID_OPTION", (bytes) => {
    expect(codeOf(() => spectral.train(sample, { dim, bytes }))).toBe("INVALID_OPTION");
    expect(codeOf(() => spectral.training({ dim, bytes }))).toBe("INVALID_OPTION");
  });

  test("under l2 5 bytes are too few: the squared length and the scalar take them all", () => {
    expect(codeOf(() => spectral.training({ dim, bytes: 5, metric: "l2" }))).toBe("INVALID_OPTION");
    expect(codeOf(() => spectral.training({ dim, bytes: 6, metric: "l2" }))).toBe("no error");
  });

  test("more bytes than 7 bits a dim are DIM_UNSUPPORTED, and so are dims beyond 8192", () => {
    expect(codeOf(() => spectral.training({ dim, bytes: 22 }))).toBe("no error");
    expect(codeOf(() => spectral.training({ dim, bytes: 23 }))).toBe("DIM_UNSUPPORTED");
    expect(codeOf(() => spectral.training({ dim: 8192, bytes: 23 }))).toBe("no error");
    expect(codeOf(() => spectral.training({ dim: 8193, bytes: 23 }))).toBe("DIM_UNSUPPORTED");
    expect(codeOf(() => spectral.training({ dim: 1, bytes: 2 }))).toBe("DIM_UNSUPPORTED");
  });
});

describe("allocation", () => {
  test("what varies most gets the most bits, and every bit is used", () => {
    const { bits } = trained();
    expect(bits).toEqual([...bits].sort((a, b) => b - a));
    expect(bits[0]).toBeGreaterThan(2);
    expect(bits.length).toBeLessThan(dim);
  });

  test("up to a bit a dim scalar codes stand in nibbles: 1, 2 and 4 bits, none across two", () => {
    for (const bytes of [2, 4, 7, 12]) {
      const codec = spectral.train(falling(256, 96, 3), { dim: 96, bytes, quantizer: "scalar" });
      let at = 0;
      for (const b of [...codec.bits].reverse()) {
        expect([1, 2, 4]).toContain(b);
        expect(Math.floor(at / 4)).toBe(Math.floor((at + b - 1) / 4));
        at += b;
      }
      expect(at).toBe(8 * (bytes - 1));
    }
  });

  test("codes by sums of two tables take the same bytes, and lose a little more than by one of 256", () => {
    const codec = spectral.train(sample, { dim, bytes: 9, table: "separable" });
    expect(codec.encode(rows).bytes.length).toBe(9 * rows.count);
    const lost = codec.fit.heldOut;
    expect(lost).toBeGreaterThan(trained().fit.heldOut);
    expect(lost).toBeLessThan(trained("cosine", "scalar").fit.heldOut);
  });

  test("files say which tables codes are by", () => {
    const codec = spectral.train(sample, { dim, bytes: 9, table: "separable" });
    expect(codec.state().params).toEqual({ bytes: 9, quantizer: "trellis", table: "separable" });
    expect(trained().state().params).toEqual({ bytes: 9, quantizer: "trellis", table: "full" });
    const codes = codec.encode(rows);
    expect(spectral.restore(codec.state()).decode(codes)).toEqual(codec.decode(codes));
    expect(trained().decode(codes)).not.toEqual(codec.decode(codes));
  });

  test("levels of their own have no tables to choose", () => {
    const options = { dim, bytes: 9, quantizer: "scalar", table: "separable" } as const;
    expect(codeOf(() => spectral.training(options))).toBe("INVALID_OPTION");
    expect(codeOf(() => spectral.training({ ...options, table: "full" }))).toBe("no error");
  });

  test("a trellis takes the same bytes and loses less", () => {
    const many = falling(800, 96, 3, 0.98);
    const [trellis, scalar] = (["trellis", "scalar"] as const).map(
      (quantizer) => spectral.train(many, { dim: 96, bytes: 12, quantizer }).fit.heldOut,
    );
    expect(trellis).toBeLessThan(0.9 * scalar);
  });
});

describe("training", () => {
  test("255 rows are too few", () => {
    const few = { ...sample, data: sample.data.slice(0, 255 * dim), count: 255 };
    expect(codeOf(() => spectral.train(few, { dim, bytes: 9 }))).toBe("SAMPLE_TOO_SMALL");
  });

  test("rows that differ in too few directions for the bits are SAMPLE_TOO_SMALL, and it says how many", () => {
    const rank = (r: number): Vectors =>
      withData(sample.data.map((_, i) => (i % dim < r ? sample.data[i] : 0.5)));
    expect(codeOf(() => spectral.train(rank(10), { dim, bytes: 9, metric: "dot" }))).toBe("no error");
    for (const r of [0, 1, 9])
      try {
        spectral.train(rank(r), { dim, bytes: 9, metric: "dot" });
        expect.unreachable();
      } catch (error) {
        expect(error).toMatchObject({ code: "SAMPLE_TOO_SMALL", details: { expected: 10, actual: r } });
      }
  });

  test("a sample of zeros is SAMPLE_TOO_SMALL", () => {
    const zeros = withData(new Float32Array(sample.data.length));
    expect(codeOf(() => spectral.train(zeros, { dim, bytes: 9 }))).toBe("SAMPLE_TOO_SMALL");
  });

  test("dims that never vary are learned by the mean, and decode to it", () => {
    const constant = (v: Vectors): Vectors => ({ ...v, data: v.data.map((x, i) => (i % dim === 3 ? 2 : x)) });
    const codec = spectral.train(constant(sample), { dim, bytes: 12, metric: "dot" });
    const decoded = codec.decode(codec.encode(constant(rows))).data;
    for (let i = 3; i < decoded.length; i += dim) expect(Math.abs(decoded[i] - 2)).toBeLessThan(0.2);
  });

  test("fewer rows than dims are enough: the basis comes from the rows' products", () => {
    const wide = 320;
    const codec = spectral.train(falling(256, wide, 5), { dim: wide, bytes: 9 });
    const fresh = falling(64, wide, 6);
    const { error, ratio } = codec.drift(fresh);
    expect(error).toBeLessThan(0.15);
    expect(ratio).toBeGreaterThan(0.8);
    expect(ratio).toBeLessThan(1.25);
  });

  test("rows whose spread float32 can't square are INVALID_ARGUMENT", () => {
    for (const by of [1e-30, 1e25]) {
      const scaled = withData(sample.data.map((x) => x * by));
      expect(codeOf(() => spectral.train(scaled, { dim, bytes: 9, metric: "dot" }))).toBe("INVALID_ARGUMENT");
      expect(codeOf(() => spectral.train(scaled, { dim, bytes: 9 }))).toBe("no error");
    }
  });

  test("figures on rows that were held out say what new rows will lose", () => {
    const codec = trained();
    expect(codec.fit.trained).toBeGreaterThan(0);
    const { error, expected, clamped } = codec.drift(falling(400, dim, 99));
    expect(expected).toBe(codec.fit.heldOut);
    expect(Math.abs(error / expected - 1)).toBeLessThan(0.15);
    expect(clamped).toBe(0);
  });

  test("rows of another kind show as drift", () => {
    const turned = withData(rows.data.map((_, i) => rows.data[i - (i % dim) + ((i + 11) % dim)]));
    expect(trained().drift(turned).ratio).toBeGreaterThan(2);
  });

  test("what was learned is counted", () => {
    const codec = trained();
    const components = codec.bits.length;
    expect(codec.sideBytes).toBe(stateBytes(codec.state()));
    expect(codec.sideBytes).toBe(dim * components + 9 * components + 4 * (dim + 256 + 1 + 2));
  });
});

describe("codes", () => {
  test("decoded rows have the length of the rows, by a percent", () => {
    for (const metric of ["cosine", "dot", "l2"] as const) {
      const codec = trained(metric);
      const decoded = codec.decode(codec.encode(rows));
      for (let i = 0; i < rows.count; i++) {
        const length = (data: Float32Array): number => Math.hypot(...data.subarray(i * dim, (i + 1) * dim));
        const expected = metric === "cosine" ? 1 : length(rows.data);
        expect(Math.abs(length(decoded.data) / expected - 1)).toBeLessThan(0.02);
      }
    }
  });

  test("a row of zeros is zeros, decodes to zeros and scores 0; the mean isn't a row of zeros", () => {
    const codec = trained("dot");
    const zero = codec.encode(withData(new Float32Array(dim)));
    expect(zero.bytes.every((b) => b === 0)).toBe(true);
    expect(codec.decode(zero).data.every((x) => x === 0)).toBe(true);
    const scores = new Float32Array(1);
    codec.scorer("dot").prepare(rows.data.subarray(0, dim)).scoreInto(zero, scores);
    expect(scores[0]).toBe(0);
    const mean = new Float32Array(codec.state().tensors["mean"].bytes.slice().buffer);
    expect(codec.encode(withData(mean)).bytes.at(-1)).toBeGreaterThan(0);
  });

  test("rows outside of the scalars' range are clamped and counted", () => {
    const codec = trained("dot");
    const scaled = (by: number): Codes => codec.encode(withData(rows.data.map((x) => x * by)));
    expect(codec.clamped(codec.encode(sample))).toBe(0);
    expect(codec.clamped(scaled(1))).toBe(0);
    expect(codec.clamped(scaled(1000))).toBe(rows.count);
    expect(codec.drift(withData(rows.data.map((x) => x * 1000))).clamped).toBe(rows.count);
  });

  test("NaN is refused with its row and column", () => {
    const bad = rows.data.slice();
    bad[5 * dim + 2] = Number.NaN;
    for (const action of [
      (v: Vectors) => trained().encode(v),
      (v: Vectors) => trained().drift(v),
      (v: Vectors) => trained().queryError(v),
    ])
      expect(() => action(withData(bad))).toThrow(
        expect.objectContaining({
          code: "NOT_FINITE",
          details: expect.objectContaining({ row: 5, column: 2 }),
        }),
      );
  });

  test("the standard error holds: of scores with new rows 68% within one, 95% within two", () => {
    for (const metric of ["cosine", "dot", "l2"] as const) {
      const codec = spectral.train(falling(2000, dim, 21), { dim, bytes: 9, metric });
      const [fresh, queries] = [falling(300, dim, 22), falling(60, dim, 23)];
      const c = codec.encode(fresh);
      const errors = codec.queryError(queries);
      let [one, two, all] = [0, 0, 0];
      for (let q = 0; q < queries.count; q++) {
        const query = queries.data.subarray(q * dim, (q + 1) * dim);
        const scores = new Float32Array(fresh.count);
        codec.scorer(metric).prepare(query).scoreInto(c, scores);
        scores.forEach((score, i) => {
          const off = Math.abs(score - exact(metric, query, fresh.data.subarray(i * dim, (i + 1) * dim)));
          one += Number(off <= errors[q]);
          two += Number(off <= 2 * errors[q]);
          all++;
        });
      }
      expect(Math.abs(one / all - 0.68), `${metric} ${one / all}`).toBeLessThan(0.08);
      expect(two / all, metric).toBeGreaterThan(0.92);
    }
  });
});

function exact(metric: Metric, q: Float32Array, x: Float32Array): number {
  let [product, qq, xx] = [0, 0, 0];
  for (let j = 0; j < q.length; j++) {
    product += q[j] * x[j];
    qq += q[j] * q[j];
    xx += x[j] * x[j];
  }
  if (metric === "cosine") return product / Math.sqrt(qq * xx);
  return metric === "dot" ? product : 2 * product - qq - xx;
}
