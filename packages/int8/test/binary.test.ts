/** What binary promises beyond the contract. */
import { Bitset, type Codes, FlatIndex, SplitMix64, type Vectors, vectorsFromRows } from "@pith/codec-core";
import { describe, expect, test } from "vitest";
import { type BinaryCodec, type BinaryOptions, binary } from "../src/binary/index.ts";

function gaussian(count: number, dim: number, seed: number, shift = 0): Vectors {
  const random = new SplitMix64(seed);
  return { data: Float32Array.from({ length: count * dim }, () => random.gaussian() + shift), dim, count };
}

const codeOf = (call: () => unknown): string => {
  try {
    call();
  } catch (error) {
    return (error as { code: string }).code;
  }
  return "none";
};

describe("binary codes", () => {
  test("are signs, lowest bit first, and a scale", () => {
    const rows = vectorsFromRows([
      [1, -1, 0, -0, 2, -3, 1, 1, -1, 4],
      [0, 0, 0, 0, 0, 0, 0, 0, 0, 0],
    ]);
    const codes = binary.create({ dim: 10, metric: "dot" }).encode(rows);
    expect(codes.stride).toBe(6);
    expect(Array.from(codes.bytes.subarray(0, 2))).toEqual([0b11011101, 0b10]);
    const scale = (metric: "cosine" | "dot" | "l2"): number => {
      const { bytes } = binary.create({ dim: 10, metric }).encode(rows);
      expect(bytes.subarray(6)).toEqual(new Uint8Array(6));
      return new DataView(bytes.buffer).getFloat32(2, true);
    };
    // |r|^2 = 34, the sum of magnitudes 14.
    expect(scale("dot")).toBeCloseTo(34 / 14, 6);
    expect(scale("cosine")).toBeCloseTo(Math.sqrt(34) / 14, 6);
    expect(scale("l2")).toBeCloseTo(14 / 10, 6);
  });

  test("52 bytes a vector at 384 dims", () => {
    expect(binary.create({ dim: 384 }).stride).toBe(52);
  });

  test("the error bound under cosine is the error, and there is none elsewhere", () => {
    const v = gaussian(20, 100, 1);
    const codec = binary.create({ dim: 100 });
    const codes = codec.encode(v);
    const decoded = codec.decode(codes).data;
    const bounds = codec.errorBound?.(codes) ?? [];
    for (let row = 0; row < 20; row++) {
      const part = v.data.subarray(row * 100, (row + 1) * 100);
      const length = Math.hypot(...part);
      const error = Math.hypot(...part.map((x, j) => x / length - decoded[row * 100 + j]));
      expect(bounds[row]).toBeGreaterThanOrEqual(error - 1e-6);
      expect(bounds[row]).toBeLessThan(error * 1.001);
    }
    expect(binary.create({ dim: 4, metric: "dot" }).errorBound).toBeUndefined();
  });

  test("that no encoder writes are found, with the row", () => {
    const codec = binary.create({ dim: 10 });
    const codes = codec.encode(gaussian(2, 10, 2));
    const spoilers: ((view: DataView) => void)[] = [
      (view) => view.setUint8(7, 0x80),
      (view) => view.setFloat32(8, -1, true),
      (view) => view.setFloat32(8, Number.NaN, true),
      (view) => view.setFloat32(8, 0, true),
    ];
    for (const spoil of spoilers) {
      const bytes = codes.bytes.slice();
      new Uint8Array(bytes.buffer)[6] = 1;
      spoil(new DataView(bytes.buffer));
      expect(() => codec.verifyCodes?.({ ...codes, bytes }, 10)).toThrow(
        expect.objectContaining({ code: "CORRUPT_CODES", details: expect.objectContaining({ row: 11 }) }),
      );
    }
  });
});

describe("a learned mean", () => {
  const sample = gaussian(200, 30, 3, 0.7);

  test("is learned by train alone, from enough rows", () => {
    const options: BinaryOptions = { dim: 30, centre: true };
    expect(codeOf(() => binary.create(options))).toBe("NOT_SUPPORTED");
    expect(codeOf(() => binary.train(gaussian(99, 30, 4), options))).toBe("SAMPLE_TOO_SMALL");
    expect(codeOf(() => binary.train(gaussian(200, 29, 4), options))).toBe("DIM_MISMATCH");
    expect(binary.train(sample, { dim: 30 }).supports.trained).toBe(false);
  });

  test("brings back what vectors have in common", () => {
    const loss = (options: Partial<BinaryOptions>): number => {
      const codec = binary.train(sample, { dim: 30, metric: "l2", ...options });
      const decoded = codec.decode(codec.encode(sample)).data;
      return sample.data.reduce((sum, x, i) => sum + (x - decoded[i]) ** 2, 0);
    };
    expect(loss({ centre: true })).toBeLessThan(0.8 * loss({}));
  });

  test("a zero row stays zero, the mean itself comes back", () => {
    for (const metric of ["cosine", "l2"] as const) {
      const codec = binary.train(sample, { dim: 30, metric, centre: true });
      const mean = new Float32Array(codec.state().tensors["mean"].bytes.slice().buffer);
      const rows = new Float32Array(60);
      rows.set(mean, 30);
      const decoded = codec.decode(codec.encode({ data: rows, dim: 30, count: 2 })).data;
      expect(decoded.subarray(0, 30)).toEqual(new Float32Array(30));
      if (metric === "l2") expect(decoded.subarray(30)).toEqual(mean);
    }
  });

  test("has no code-to-code scores", () => {
    expect(binary.train(sample, { dim: 30, centre: true }).symmetricScorer).toBeUndefined();
  });
});

describe("searching", () => {
  const dim = 128;
  const centres = gaussian(20, dim, 5);
  const noise = gaussian(2000, dim, 6);
  const rows: Vectors = {
    ...noise,
    data: noise.data.map((x, i) => x + centres.data[(Math.floor(i / dim) % 20) * dim + (i % dim)]),
  };
  const query = rows.data.slice(7 * dim, 8 * dim).map((x, j) => x + 0.5 * noise.data[j]);

  test("bits and then originals find the exact neighbours", () => {
    const index = new FlatIndex<number>(binary.create({ dim }), { keep: "f32" });
    index.add([...Array(2000).keys()], rows);
    const score = (row: number): number => {
      const part = rows.data.subarray(row * dim, (row + 1) * dim);
      return part.reduce((sum, x, j) => sum + x * query[j], 0) / Math.hypot(...part);
    };
    const exact = [...Array(2000).keys()].sort((a, b) => score(b) - score(a)).slice(0, 10);
    const found = index.search(query, 10, { rescore: true, oversample: 20 }).map((hit) => hit.id);
    expect(found).toEqual(exact);
  });

  test("code to code: the best by bits that differ, ties by slot, within an allow-list", () => {
    const codec = binary.create({ dim, metric: "dot", rotate: "hadamard" }) as BinaryCodec;
    const codes = codec.encode(rows);
    const one: Codes = { bytes: codes.bytes.subarray(0, codec.stride), stride: codec.stride, count: 1 };
    const scorer = codec.symmetricScorer?.("dot");
    const scores = new Float32Array(2000);
    scorer?.scoreInto(one, codes, scores);
    const allow = Bitset.from(
      2000,
      [...Array(700).keys()].map((i) => 2 * i),
    );
    for (const [list, slots] of [
      [undefined, [...Array(2000).keys()]],
      [allow, [...Array(700).keys()].map((i) => 2 * i)],
    ] as const) {
      const best = [...slots].sort((a, b) => scores[b] - scores[a] || a - b).slice(0, 25);
      expect(Array.from(scorer?.topK(one, codes, 25, list).slots ?? [])).toEqual(best);
    }
    expect(scorer?.topK(one, codes, 5, new Bitset(2000)).length).toBe(0);
    expect(codeOf(() => scorer?.topK(one, codes, 0))).toBe("INVALID_ARGUMENT");
  });
});
