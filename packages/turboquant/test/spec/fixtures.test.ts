/** The seven test fixtures that the TurboQuant vector spec asks for, by its names. */
import { describe, expect, test } from "vitest";
import { createSpecCodec, type SpecEncoder } from "../../src/index.ts";
import { cosine, dot, gaussianRows, mean, refusal, squaredError } from "./sample.ts";

const ENCODERS: readonly SpecEncoder[] = ["absmax", "ls"];
const DIM = 256;

describe("fixture: deterministic encoding for fixed seeds", () => {
  const [vector] = gaussianRows(1, 100, 1);
  const record = (options: object): string => {
    const codec = createSpecCodec({ dim: 100, useQjl: true, ...options });
    return Buffer.from(codec.serialize(codec.compress(vector))).toString("hex");
  };

  test("the same seeds give the same bytes, from another codec and as number or bigint", () => {
    expect(record({})).toBe(record({ polarSeed: 42n, qjlSeed: 7919n }));
    const codec = createSpecCodec({ dim: 100, useQjl: true });
    codec.compress(gaussianRows(1, 100, 2)[0]);
    expect(Buffer.from(codec.serialize(codec.compress(vector))).toString("hex")).toBe(record({}));
  });

  test("another polar seed changes the levels, another QJL seed the signs alone", () => {
    expect(record({ polarSeed: 43 })).not.toBe(record({}));
    const signs = 2 * Math.ceil(128 / 8);
    expect(record({ qjlSeed: 7920 })).not.toBe(record({}));
    expect(record({ qjlSeed: 7920 }).slice(0, -signs)).toBe(record({}).slice(0, -signs));
  });

  test("the length of a vector is in the magnitudes alone", () => {
    const codec = createSpecCodec({ dim: 100 });
    const [one, two] = [1, 2 ** -40].map((by) => codec.compress(vector.map((x) => x * by)).polar);
    expect(two.packedAngles).toEqual(one.packedAngles);
    expect(two.magnitudes).toEqual(one.magnitudes.map((m) => m * 2 ** -40));
  });
});

describe("fixture: round-trip serialization", () => {
  test.each([
    { dim: 256 },
    { dim: 1, bits: 1, blockSize: 1 },
    { dim: 3, bits: 3, blockSize: 2, useQjl: true },
    { dim: 384, bits: 5, blockSize: 48, useQjl: true },
    { dim: 100, bits: 8, blockSize: 65_535 },
  ])("$dim dims: reading a record gives what was compressed, and writing it the same bytes", (options) => {
    const codec = createSpecCodec(options);
    for (const vector of gaussianRows(5, options.dim, 3, false)) {
      const compressed = codec.compress(vector);
      const record = codec.serialize(compressed);
      expect(record.length).toBe(codec.serializedBytesPerVector());
      const read = codec.deserialize(record);
      expect(read).toEqual(compressed);
      expect(codec.serialize(read)).toEqual(record);
      expect(codec.dequantize(record)).toEqual(codec.dequantize(compressed));
    }
  });

  test("a record is a header of three lengths, then the three parts", () => {
    const codec = createSpecCodec({ useQjl: true });
    const { polar, qjl } = codec.compress(gaussianRows(1, DIM, 4)[0]);
    const record = codec.serialize(codec.compress(gaussianRows(1, DIM, 4)[0]));
    const view = new DataView(record.buffer);
    expect([0, 4, 8].map((at) => view.getUint32(at, true))).toEqual([128, 32, 32]);
    expect(record.subarray(12, 140)).toEqual(polar.packedAngles);
    expect(polar.magnitudes.every((m, i) => m === view.getFloat32(140 + 4 * i, true))).toBe(true);
    expect(record.subarray(172)).toEqual(qjl?.signBits);
  });

  test("a view into a larger buffer reads alike, and nothing of it is kept", () => {
    const codec = createSpecCodec();
    const record = codec.serialize(codec.compress(gaussianRows(1, DIM, 5)[0]));
    const room = new Uint8Array(record.length + 10).fill(0xa5);
    room.set(record, 3);
    const read = codec.deserialize(room.subarray(3, 3 + record.length));
    room.fill(0);
    expect(codec.serialize(read)).toEqual(record);
  });
});

// Squared errors of unit vectors: .00822 (absmax) and .00725 (ls) at 4 bits, .207 and .107 at 2, in theory.
describe("fixture: dot-product error against raw vectors", () => {
  test.each([
    { bits: 4, encoder: "absmax", most: 0.009 },
    { bits: 4, encoder: "ls", most: 0.008 },
    { bits: 2, encoder: "ls", most: 0.115 },
  ] as const)(
    "$bits bits, $encoder: squared error at most $most, of products that over dim",
    ({ bits, encoder, most }) => {
      const codec = createSpecCodec({ bits, encoder });
      const rows = gaussianRows(200, DIM, 6);
      const records = rows.map((row) => codec.compress(row));
      const errors = rows.map((row, i) => squaredError(row, codec.dequantize(records[i])));
      expect(mean(errors)).toBeLessThan(most);
      const queries = gaussianRows(20, DIM, 7);
      const products = queries.flatMap((q) =>
        rows.map((row, i) => codec.dotProduct(q, records[i]) - dot(q, row)),
      );
      expect(mean(products.map((e) => e * e))).toBeLessThan((1.2 * most) / DIM);
      const both = rows
        .slice(1)
        .map((row, i) => codec.dotProduct(records[i], records[i + 1]) - dot(rows[i], row));
      expect(mean(both.map((e) => e * e))).toBeLessThan((2.4 * most) / DIM);
    },
  );

  test("with a vector as it is, the product is that with the decoded vector", () => {
    for (const dim of [1, 5, 100, 256]) {
      const codec = createSpecCodec({ dim, bits: 3 });
      const [query, row] = gaussianRows(2, dim, 8, false);
      const record = codec.compress(row);
      const expected = dot(query, codec.dequantize(record));
      const tolerance = 1e-6 * Math.sqrt(dot(query, query) * dot(row, row));
      expect(Math.abs(codec.dotProduct(query, record) - expected)).toBeLessThan(tolerance);
      expect(codec.dotProduct(record, query)).toBe(codec.dotProduct(query, record));
      expect(codec.dotProduct(query, codec.serialize(record))).toBe(codec.dotProduct(query, record));
    }
  });
});

describe("fixture: cosine-similarity error against raw vectors", () => {
  test.each(ENCODERS)(
    "4 bits, %s: the decoded vector has a cosine of at least .9955 with its own",
    (encoder) => {
      const codec = createSpecCodec({ encoder });
      const rows = gaussianRows(200, DIM, 9);
      const own = rows.map((row) => codec.cosineSimilarity(row, codec.compress(row)));
      expect(mean(own)).toBeGreaterThanOrEqual(0.9955);
      expect(
        mean(rows.map((row) => cosine(row, codec.dequantize(codec.compress(row))))),
      ).toBeGreaterThanOrEqual(0.9955);
    },
  );

  test.each(ENCODERS)(
    "4 bits, %s: cosines of pairs are off by the decoding error over sqrt(dim)",
    (encoder) => {
      const codec = createSpecCodec({ encoder });
      const rows = gaussianRows(200, DIM, 10, false);
      const records = rows.map((row) => codec.compress(row));
      const errors = rows
        .slice(1)
        .map((row, i) => codec.cosineSimilarity(records[i], records[i + 1]) - cosine(rows[i], row));
      expect(Math.sqrt(mean(errors.map((e) => e * e)))).toBeLessThan(1.2 * Math.sqrt((2 * 0.009) / DIM));
      expect(codec.cosineSimilarity(records[0], records[0])).toBeCloseTo(1, 12);
    },
  );
});

describe("fixture: ranking stability on a small recall corpus", () => {
  // Ten topics: the neighbours of a row are those of its topic, closer or farther.
  const topics = gaussianRows(10, 96, 11);
  const noise = gaussianRows(300, 96, 12);
  const corpus = noise.map((e, i) => topics[i % 10].map((x, j) => x + (0.3 + i / 300) * e[j]));
  const queries = topics.map((t, i) => t.map((x, j) => x + 0.2 * noise[i][j]));
  const best = (scores: readonly number[]): number[] =>
    [...scores.keys()].sort((a, b) => scores[b] - scores[a]).slice(0, 10);
  const recall = (options: object): number => {
    const codec = createSpecCodec({ dim: 96, ...options });
    const records = corpus.map((row) => codec.compress(row));
    const found = queries.map((q) => {
      const wanted = best(corpus.map((row) => cosine(q, row)));
      return best(records.map((r) => codec.cosineSimilarity(q, r))).filter((i) => wanted.includes(i)).length;
    });
    return mean(found) / 10;
  };

  test("recall@10 by bits: at least .75 at 2, .88 at 3, .93 at 4, .99 at 8", () => {
    expect(recall({ bits: 2 })).toBeGreaterThanOrEqual(0.75);
    expect(recall({ bits: 3 })).toBeGreaterThanOrEqual(0.88);
    expect(recall({ bits: 4 })).toBeGreaterThanOrEqual(0.93);
    expect(recall({ bits: 8 })).toBeGreaterThanOrEqual(0.99);
  });
});

describe("fixture: corrupt payload rejection", () => {
  const codec = createSpecCodec({ dim: 5, bits: 3, blockSize: 3, useQjl: true });
  const record = codec.serialize(codec.compress(gaussianRows(1, 5, 13)[0]));

  test("a record cut anywhere, and one with a byte more", () => {
    for (let length = 0; length < record.length; length++)
      expect(refusal(() => codec.deserialize(record.subarray(0, length)))).toBe("LENGTH_MISMATCH");
    expect(refusal(() => codec.deserialize(Uint8Array.of(...record, 0)))).toBe("LENGTH_MISMATCH");
  });

  test("every flipped bit is refused, or is a record of its own with a finite vector", () => {
    const sizes = { header: 12, angles: 3 };
    for (let bit = 0; bit < 8 * record.length; bit++) {
      const flipped = record.slice();
      flipped[bit >> 3] ^= 1 << (bit & 7);
      const code = refusal(() => codec.deserialize(flipped));
      const at = bit >> 3;
      if (at < sizes.header) expect(code).toBe("LENGTH_MISMATCH");
      else if (code !== undefined) expect(code).toBe("CORRUPT_CODES");
      else {
        expect(codec.serialize(codec.deserialize(flipped))).toEqual(flipped);
        expect(codec.dequantize(flipped).every(Number.isFinite)).toBe(true);
      }
    }
  });

  test("magnitudes that are negative, NaN or infinite, and bits behind the last coordinate", () => {
    const magnitude = (m: number): Uint8Array => {
      const bad = record.slice();
      new DataView(bad.buffer).setFloat32(12 + 3 + 4, m, true);
      return bad;
    };
    for (const m of [-1, -0, Number.NaN, Infinity, -Infinity]) {
      expect(refusal(() => codec.deserialize(magnitude(m)))).toBe("CORRUPT_CODES");
      expect(refusal(() => codec.dequantize(magnitude(m)))).toBe("CORRUPT_CODES");
    }
    const odd = createSpecCodec({ dim: 3, bits: 3, useQjl: true }); // 4 coordinates: 12 bits and 4 signs
    const good = odd.serialize(odd.compress(Float32Array.of(1, 2, 3)));
    for (const at of [13, good.length - 1]) {
      const bad = good.slice();
      bad[at] |= 0x10;
      expect(refusal(() => odd.deserialize(bad))).toBe("CORRUPT_CODES");
    }
  });
});

describe("fixture: zero-vector behavior", () => {
  test.each(ENCODERS)("%s: zero magnitudes and levels, decodes to zeros, product and cosine 0", (encoder) => {
    for (const dim of [1, 3, 256]) {
      const codec = createSpecCodec({ dim, encoder, useQjl: true });
      const zero = codec.compress(new Float32Array(dim));
      expect(zero.polar.packedAngles.every((b) => b === 0)).toBe(true);
      expect(zero.polar.magnitudes.every((m) => Object.is(m, 0))).toBe(true);
      expect(codec.serialize(codec.compress(new Float32Array(dim).fill(-0)))).toEqual(codec.serialize(zero));
      expect(codec.dequantize(zero)).toEqual(new Float32Array(dim));
      const other = codec.compress(new Float32Array(dim).fill(1));
      for (const side of [other, zero, new Float32Array(dim)]) {
        expect(codec.dotProduct(zero, side)).toBe(0);
        expect(codec.cosineSimilarity(zero, side)).toBe(0);
      }
    }
  });

  test("a block of zeros beside others is stored as zeros", () => {
    const codec = createSpecCodec({ dim: 2, blockSize: 1 });
    // The rotation of (1, 1) or (1, -1) leaves one of two coordinates.
    const records = [Float32Array.of(1, 1), Float32Array.of(1, -1)].map((v) => codec.compress(v));
    const half = records.find(({ polar }) => polar.magnitudes.some((m) => m === 0));
    expect(half).toBeDefined();
    const block = half?.polar.magnitudes.indexOf(0) as number;
    expect(((half?.polar.packedAngles[0] as number) >> (4 * block)) & 15).toBe(0);
  });
});
