/** Sizes and defaults of the spec's codec, what its two encoders do, and what the sketch is good for. */
import { describe, expect, test } from "vitest";
import {
  createSpecCodec,
  FlatIndex,
  type SpecOptions,
  turboquantSpec,
  vectorsFromRows,
} from "../../src/index.ts";
import { Rotation } from "../../src/spec/rotation.ts";
import { dot, gaussianRows, mean, squaredError } from "./sample.ts";

describe("sizes and defaults", () => {
  test("256 dims, 4 bits, blocks of 32, no QJL, seeds 42 and 7919", () => {
    const codec = createSpecCodec();
    expect(codec.config).toEqual({
      dim: 256,
      bits: 4,
      blockSize: 32,
      useQjl: false,
      polarSeed: 42n,
      qjlSeed: 7919n,
    });
    expect(codec.encoder).toBe("ls");
    expect(Object.isFrozen(codec.config)).toBe(true);
  });

  test("160 bytes, 172 with the header: 6.4 and 5.95 times smaller", () => {
    const codec = createSpecCodec();
    expect(codec.bytesPerVector()).toBe(160);
    expect(codec.serializedBytesPerVector()).toBe(172);
    expect(codec.compressionRatio()).toBe(6.4);
    expect(codec.compressionRatio({ serialized: true })).toBeCloseTo(5.95, 2);
    expect(codec.serialize(codec.compress(new Float32Array(256))).length).toBe(172);
  });

  test.each([
    [{ useQjl: true }, 192],
    [{ dim: 384 }, 320], // padded to 512
    [{ dim: 384, bits: 2 }, 192],
    [{ dim: 1, bits: 1 }, 5],
    [{ dim: 5, bits: 3, blockSize: 3, useQjl: true }, 3 + 12 + 1],
    [{ dim: 65_536, bits: 8, blockSize: 65_535 }, 65_536 + 8],
  ])("%o: %i bytes", (options: SpecOptions, bytes) => {
    const codec = createSpecCodec(options);
    expect(codec.bytesPerVector()).toBe(bytes);
    const { polar, qjl } = codec.compress(new Float32Array(codec.config.dim).fill(1));
    const signs = qjl?.signBits.length ?? 0;
    expect(polar.packedAngles.length + 4 * polar.magnitudes.length + signs).toBe(bytes);
  });
});

describe("the rotation", () => {
  test.each([1, 2, 64, 512, 4096])("keeps lengths and angles, and is undone, at %i coordinates", (n) => {
    const rotation = new Rotation(n, 42n);
    const [a, b] = gaussianRows(2, n, 1);
    const [ra, rb] = [a.slice(), b.slice()];
    rotation.apply(ra);
    rotation.apply(rb);
    expect(Math.abs(dot(ra, ra) - dot(a, a))).toBeLessThan(1e-5);
    expect(Math.abs(dot(ra, rb) - dot(a, b))).toBeLessThan(1e-5);
    rotation.undo(ra);
    expect(Math.sqrt(squaredError(ra, a))).toBeLessThan(1e-5);
  });

  test("spreads any single coordinate over all of them: none above 5 / sqrt(n)", () => {
    for (let j = 0; j < 512; j += 37) {
      const y = new Float32Array(512);
      y[j] = 1;
      new Rotation(512, 42n).apply(y);
      expect(Math.max(...y.map(Math.abs))).toBeLessThan(5 / Math.sqrt(512));
      expect(new Set(y).size).toBeGreaterThan(50);
    }
  });
});

describe("the encoder ls", () => {
  test.each([1, 2, 3, 4, 5, 6, 7, 8])(
    "%i bits: less error than absmax, from records that decode alike",
    (bits) => {
      const rows = gaussianRows(60, 128, 2);
      const [absmax, ls] = (["absmax", "ls"] as const).map((encoder) => {
        const codec = createSpecCodec({ dim: 128, bits, encoder });
        return mean(rows.map((row) => squaredError(row, codec.dequantize(codec.compress(row)))));
      });
      expect(ls).toBeLessThan(absmax);
    },
  );

  test("in no block of any vector is it worse than absmax (but for rounding)", () => {
    const error = (encoder: "absmax" | "ls", bits: number, row: Float32Array): number => {
      const codec = createSpecCodec({ dim: 32, bits, encoder }); // one block
      return squaredError(row, codec.dequantize(codec.compress(row)));
    };
    for (const [i, row] of gaussianRows(100, 32, 3).entries()) {
      const bits = 1 + (i % 8);
      expect(error("ls", bits, row)).toBeLessThanOrEqual(error("absmax", bits, row) + 1e-7);
    }
  });

  test("at 1 bit it stores signs and the mean of the coordinates' magnitudes", () => {
    const codec = createSpecCodec({ dim: 64, bits: 1, blockSize: 64 });
    const [row] = gaussianRows(1, 64, 4);
    const y = row.slice();
    new Rotation(64, 42n).apply(y);
    const { polar } = codec.compress(row);
    expect(polar.magnitudes[0]).toBeCloseTo(mean([...y.map(Math.abs)]), 6);
    expect([...y].map((x) => (x >= 0 ? 1 : 0))).toEqual(
      [...y].map((_, j) => (polar.packedAngles[j >> 3] >> (j & 7)) & 1),
    );
  });
});

describe("the sketch (QJL)", () => {
  const rows = gaussianRows(60, 128, 5);
  const queries = gaussianRows(40, 128, 6);
  const errors = (options: SpecOptions): number => {
    const codec = createSpecCodec({ dim: 128, ...options });
    const records = rows.map((row) => codec.compress(row));
    return mean(
      queries.flatMap((q) => rows.map((row, i) => (codec.dotProduct(q, records[i]) - dot(q, row)) ** 2)),
    );
  };

  test("takes the bias out of the product of a row with its own record", () => {
    for (const bits of [1, 2]) {
      const bias = [false, true].map((useQjl) => {
        const codec = createSpecCodec({ dim: 128, bits, useQjl });
        return mean(rows.map((row) => codec.dotProduct(row, codec.compress(row)) - 1));
      });
      expect(Math.abs(bias[1])).toBeLessThan(0.2 * Math.abs(bias[0]));
    }
  });

  test("leaves .57 of the squared error of products with others (pi / 2 - 1), for a bit a coordinate", () => {
    for (const bits of [1, 2, 3, 4]) {
      const ratio = errors({ bits, useQjl: true }) / errors({ bits });
      expect(Math.abs(ratio - (Math.PI / 2 - 1))).toBeLessThan(0.08);
    }
  });

  test("is worse than that bit spent on the levels, at the same bytes: why it's off", () => {
    for (const bits of [1, 2, 3, 4, 5]) {
      const [sketched, finer] = [{ bits, useQjl: true }, { bits: bits + 1 }];
      const bytes = [sketched, finer].map((o) => createSpecCodec({ dim: 128, ...o }).bytesPerVector());
      expect(bytes[0]).toBe(bytes[1]);
      expect(errors(sketched)).toBeGreaterThan(1.5 * errors(finer));
    }
  });

  test("leaves decoding alone", () => {
    const [plain, sketched] = [false, true].map((useQjl) => createSpecCodec({ dim: 128, useQjl }));
    for (const row of rows)
      expect(sketched.dequantize(sketched.compress(row))).toEqual(plain.dequantize(plain.compress(row)));
  });

  test("serves records on both sides, either way round", () => {
    const codec = createSpecCodec({ dim: 128, bits: 2, useQjl: true });
    const [a, b] = rows.map((row) => codec.compress(row));
    expect(codec.dotProduct(a, b)).toBeCloseTo(codec.dotProduct(b, a), 12);
    expect(codec.dotProduct(a, codec.serialize(a))).toBeGreaterThan(0.9);
  });
});

describe("codes of the family", () => {
  const rows = gaussianRows(5, 100, 7, false);

  test("are the records without their headers", () => {
    const spec = createSpecCodec({ dim: 100, bits: 3 });
    const family = turboquantSpec.create({ dim: 100, bits: 3, metric: "dot" });
    expect(family.stride).toBe(spec.bytesPerVector());
    const codes = family.encode(vectorsFromRows(rows));
    expect(codes).toEqual(spec.toCodes(rows.map((row) => spec.compress(row))));
    expect(codes.bytes.subarray(0, family.stride)).toEqual(
      spec.serialize(spec.compress(rows[0])).subarray(12),
    );
    expect(family.decode(codes).data.subarray(0, 100)).toEqual(spec.dequantize(spec.compress(rows[0])));
  });

  test("score as the spec's operations do", () => {
    const spec = createSpecCodec({ dim: 100, bits: 3 });
    const family = turboquantSpec.create({ dim: 100, bits: 3, metric: "dot" });
    const codes = family.encode(vectorsFromRows(rows));
    const scores = new Float32Array(rows.length);
    family.scorer("dot").prepare(rows[0]).scoreInto(codes, scores);
    rows.forEach((row, i) => {
      expect(scores[i]).toBeCloseTo(spec.dotProduct(rows[0], spec.compress(row)), 3);
    });
  });

  test("that no encoder writes are found, with the row", () => {
    const codec = turboquantSpec.create({ dim: 3, bits: 3 });
    const codes = codec.encode(vectorsFromRows([Float32Array.of(1, 2, 3), Float32Array.of(3, 2, 1)]));
    codec.verifyCodes?.(codes);
    for (const [at, byte] of [
      [1, 0x80], // behind 12 bits of levels
      [5, 0xff], // the magnitude's sign
    ]) {
      const bytes = codes.bytes.slice();
      bytes[codec.stride + at] |= byte;
      expect(() => codec.verifyCodes?.({ ...codes, bytes }, 10)).toThrow(
        expect.objectContaining({ code: "CORRUPT_CODES", details: expect.objectContaining({ row: 11 }) }),
      );
    }
  });

  test("live in an index and its file", () => {
    const index = new FlatIndex<string>(turboquantSpec.create({ dim: 100 }));
    index.add(["a", "b", "c", "d", "e"], vectorsFromRows(rows));
    const loaded = FlatIndex.fromBytes<string>(index.toBytes(), turboquantSpec);
    expect(rows.map((row) => loaded.search(row, 1)[0].id).join("")).toBe("abcde");
  });
});
