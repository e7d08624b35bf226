/** The six failure modes that the TurboQuant vector spec lists, by its names, and what else is refused. */
import { describe, expect, test } from "vitest";
import { createSpecCodec, FlatIndex, turboquantSpec, vectorsFromRows } from "../../src/index.ts";
import { gaussianRows, refusal } from "./sample.ts";

const [vector] = gaussianRows(1, 256, 1);

test("failure mode: vector length does not match `dim`", () => {
  const codec = createSpecCodec();
  for (const length of [0, 255, 257]) {
    const wrong = new Float32Array(length);
    expect(refusal(() => codec.compress(wrong))).toBe("DIM_MISMATCH");
    expect(refusal(() => codec.dotProduct(wrong, codec.compress(vector)))).toBe("DIM_MISMATCH");
    expect(refusal(() => codec.cosineSimilarity(codec.compress(vector), wrong))).toBe("DIM_MISMATCH");
  }
});

test.each([0, 9, -1, 1.5, Number.NaN, null, "four"])("failure mode: unsupported `bits` (%s)", (bits) => {
  expect(refusal(() => createSpecCodec({ bits: bits as number }))).toBe("INVALID_OPTION");
  expect(refusal(() => turboquantSpec.create({ dim: 8, bits: bits as number }))).toBe("INVALID_OPTION");
});

test.each([0, 65_536, -32, 2.5, Infinity])("failure mode: zero or invalid `block_size` (%s)", (blockSize) => {
  expect(refusal(() => createSpecCodec({ blockSize }))).toBe("INVALID_OPTION");
});

describe("failure mode: corrupt serialized records", () => {
  const codec = createSpecCodec();
  const record = codec.serialize(codec.compress(vector));

  test("no bytes, a header alone, half a record, trailing bytes", () => {
    for (const bad of [[], record.subarray(0, 12), record.subarray(0, 90), [...record, 7]])
      expect(refusal(() => codec.deserialize(Uint8Array.from(bad)))).toBe("LENGTH_MISMATCH");
  });

  test("what isn't bytes", () => {
    for (const bad of [undefined, null, "record", [...record], record.buffer])
      expect(refusal(() => codec.deserialize(bad as Uint8Array))).toBe("INVALID_ARGUMENT");
    for (const bad of [undefined, null, "record", {}, { config: codec.config, polar: {} }])
      expect(refusal(() => codec.dequantize(bad as Uint8Array))).toBe("INVALID_ARGUMENT");
  });

  test("a magnitude that no encoder writes", () => {
    const bad = record.slice();
    new DataView(bad.buffer).setFloat32(12 + 128 + 8, -0.5, true);
    for (const read of [codec.deserialize, codec.dequantize])
      expect(() => read.call(codec, bad)).toThrow(
        expect.objectContaining({ code: "CORRUPT_CODES", details: expect.objectContaining({ block: 2 }) }),
      );
  });
});

describe("failure mode: payload lengths do not match config", () => {
  test("lengths of another config, also where they add up to the same", () => {
    const codec = createSpecCodec();
    const record = codec.serialize(codec.compress(vector));
    const others = [{ bits: 3 }, { blockSize: 16 }, { useQjl: true }, { dim: 128 }];
    for (const options of others)
      expect(refusal(() => createSpecCodec(options).deserialize(record))).toBe("LENGTH_MISMATCH");
    const moved = record.slice();
    moved[0] += 4; // 132 bytes of angles and
    moved[4] -= 4; // 28 of magnitudes
    expect(refusal(() => codec.deserialize(moved))).toBe("LENGTH_MISMATCH");
  });

  test("lengths near 2^32, whose sum wraps around to the right one", () => {
    const codec = createSpecCodec();
    const record = codec.serialize(codec.compress(vector));
    const view = new DataView(record.buffer);
    view.setUint32(0, 0xffffffff, true);
    view.setUint32(4, 161, true);
    expect(refusal(() => codec.deserialize(record))).toBe("LENGTH_MISMATCH");
  });

  test("a compressed vector with parts of another length", () => {
    const codec = createSpecCodec();
    const good = codec.compress(vector);
    const polar = { ...good.polar, packedAngles: good.polar.packedAngles.slice(1) };
    expect(refusal(() => codec.serialize({ ...good, polar }))).toBe("LENGTH_MISMATCH");
    expect(refusal(() => codec.serialize({ ...good, qjl: { signBits: new Uint8Array(32) } }))).toBe(
      "LENGTH_MISMATCH",
    );
  });
});

describe("failure mode: mixed configs in one index", () => {
  const codec = createSpecCodec();
  const own = codec.compress(vector);

  test.each([
    { bits: 8 },
    { blockSize: 64 },
    { useQjl: true },
    { polarSeed: 43 },
    { qjlSeed: 7 },
    { dim: 200 },
  ])("a record of %s is CODEC_MISMATCH in every operation", (options) => {
    const theirs = createSpecCodec(options);
    const other = theirs.compress(vector.slice(0, theirs.config.dim));
    for (const action of [
      () => codec.dequantize(other),
      () => codec.dotProduct(own, other),
      () => codec.dotProduct(other, own),
      () => codec.cosineSimilarity(vector, other),
      () => codec.serialize(other),
    ])
      expect(refusal(action)).toBe("CODEC_MISMATCH");
    expect(() => codec.toCodes([own, own, other])).toThrow(
      expect.objectContaining({ code: "CODEC_MISMATCH", details: expect.objectContaining({ row: 2 }) }),
    );
  });

  test("the encoder is no part of it: records of either mix", () => {
    const absmax = createSpecCodec({ encoder: "absmax" });
    expect(codec.dequantize(absmax.compress(vector))).toEqual(absmax.dequantize(absmax.compress(vector)));
    expect(codec.toCodes([own, absmax.compress(vector)]).count).toBe(2);
  });

  test("an index refuses the file of another config", () => {
    const index = new FlatIndex<number>(turboquantSpec.create({ dim: 4, bits: 3 }));
    index.add([1], vectorsFromRows([[1, 2, 3, 4]]));
    const codes = turboquantSpec.create({ dim: 4, bits: 8 }).encode(vectorsFromRows([[1, 2, 3, 4]]));
    expect(refusal(() => turboquantSpec.create({ dim: 4, bits: 3 }).decode(codes))).toBe("CODEC_MISMATCH");
    const loaded = FlatIndex.fromBytes<number>(index.toBytes(), turboquantSpec);
    expect(loaded.search(Float32Array.of(1, 2, 3, 4), 1)[0].id).toBe(1);
  });
});

describe("also refused", () => {
  test("NaN and infinities, with the column", () => {
    const codec = createSpecCodec({ dim: 3 });
    for (const bad of [Number.NaN, Infinity, -Infinity])
      expect(() => codec.compress(Float32Array.of(1, bad, 2))).toThrow(
        expect.objectContaining({ code: "NOT_FINITE", details: expect.objectContaining({ column: 1 }) }),
      );
  });

  test("vectors that aren't a Float32Array", () => {
    const codec = createSpecCodec({ dim: 2 });
    for (const bad of [[1, 2], Float64Array.of(1, 2), undefined, "12"])
      expect(refusal(() => codec.compress(bad as Float32Array))).toBe("INVALID_ARGUMENT");
  });

  test("a vector whose magnitude is beyond float32", () => {
    const codec = createSpecCodec();
    expect(refusal(() => codec.compress(new Float32Array(256).fill(3e38)))).toBe("INVALID_ARGUMENT");
    const near = new Float32Array(256).fill(3e38, 0, 1);
    expect(codec.dequantize(codec.compress(near)).every(Number.isFinite)).toBe(true);
  });

  test.each([0, 65_537, 1.5, Number.NaN])("dim %s", (dim) => {
    expect(refusal(() => createSpecCodec({ dim }))).toBe("DIM_UNSUPPORTED");
  });

  test.each([-1, 1.5, 2 ** 53, 2n ** 64n, -1n, Number.NaN, "42", null])("seed %s", (seed) => {
    expect(refusal(() => createSpecCodec({ polarSeed: seed as number }))).toBe("INVALID_OPTION");
    expect(refusal(() => createSpecCodec({ qjlSeed: seed as number }))).toBe("INVALID_OPTION");
  });

  test("unknown options, an unknown encoder, QJL that isn't a boolean", () => {
    for (const options of [{ block_size: 32 }, { encoder: "l2" }, { useQjl: 1 }])
      expect(refusal(() => createSpecCodec(options as object))).toBe("INVALID_OPTION");
  });
});
