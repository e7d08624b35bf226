import { FlatIndex, isPithError, rowCodecFamily, SplitMix64, type Vectors, vectors } from "@pith/codec-core";
import { describe, expect, test } from "vitest";
import { int8 } from "../src/index.ts";

/** One bit an element: far coarser than int8. */
const signs = rowCodecFamily({
  name: "signs",
  version: 1,
  summary: "signs",
  coder: ({ dim }) => ({
    stride: dim,
    encodeRow: (row, out) => out.set(row.map((x) => (x < 0 ? 0 : 1))),
    decodeRow: (code, out) => out.set(Float32Array.from(code, (bit) => (bit === 0 ? -1 : 1))),
  }),
});

const DIM = 16;
function random(count: number, seed: number): Vectors {
  const rng = new SplitMix64(seed);
  return vectors(
    Float32Array.from({ length: count * DIM }, () => rng.gaussian()),
    DIM,
  );
}
const row = (v: Vectors, i: number): Float32Array => v.data.subarray(i * DIM, (i + 1) * DIM);

describe("an index that keeps the codes of a finer codec", () => {
  const v = random(500, 1);
  const queries = random(20, 2);
  const finer = int8.create({ dim: DIM });
  const index = new FlatIndex<number>(signs.create({ dim: DIM }), { keep: finer });
  const alone = new FlatIndex<number>(finer);
  const ids = Array.from({ length: v.count }, (_, i) => i);
  index.add(ids, v);
  alone.add(ids, v);

  test("with every row a candidate, hits and scores are those of the finer codec", () => {
    for (let q = 0; q < queries.count; q++)
      expect(index.search(row(queries, q), 5, { rescore: true, oversample: 100 })).toEqual(
        alone.search(row(queries, q), 5),
      );
  });

  test("saved, changed and loaded it keeps them", () => {
    const bytes = index.toBytes();
    const loaded = FlatIndex.fromBytes<number>(bytes, [signs, int8]);
    expect(loaded.stats()).toMatchObject({ bytesPerVector: DIM + DIM + 4, originalBytes: 500 * (DIM + 4) });
    loaded.remove([0, 499]);
    loaded.upsert([7], random(1, 9));
    const again = FlatIndex.fromBytes<number>(loaded.toBytes(), [signs, int8]);
    const all = { rescore: true, oversample: 100 };
    expect(again.search(row(random(1, 9), 0), 3, all)[0].id).toBe(7);
    expect(again.search(row(queries, 0), 9, all)).toEqual(loaded.search(row(queries, 0), 9, all));
    const decoded = alone.get(8);
    expect(again.get(8)).toEqual(decoded);
  });

  test("a codec of another dim or metric, and a file whose finer codec isn't known, are refused", () => {
    const code = (work: () => unknown): string => {
      try {
        work();
        return "accepted";
      } catch (error) {
        if (isPithError(error)) return error.code;
        throw error;
      }
    };
    const coarse = signs.create({ dim: DIM });
    expect(code(() => new FlatIndex(coarse, { keep: int8.create({ dim: 3 }) }))).toBe("DIM_MISMATCH");
    expect(code(() => new FlatIndex(coarse, { keep: int8.create({ dim: DIM, metric: "dot" }) }))).toBe(
      "UNSUPPORTED_METRIC",
    );
    expect(code(() => new FlatIndex(coarse, { keep: null as never }))).toBe("INVALID_ARGUMENT");
    expect(code(() => FlatIndex.fromBytes(index.toBytes(), signs))).toBe("UNKNOWN_CODEC");
  });
});
