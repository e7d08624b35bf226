import { FlatIndex, isPithError, type Metric, SplitMix64, type Vectors } from "@pith/codec-core";
import { describe, expect, test } from "vitest";
import { int8 } from "../src/index.ts";

function gaussian(count: number, dim: number, seed: number): Vectors {
  const random = new SplitMix64(seed);
  return { data: Float32Array.from({ length: count * dim }, () => random.gaussian()), dim, count };
}

const names = (count: number, prefix = "v"): string[] =>
  Array.from({ length: count }, (_, i) => `${prefix}${i}`);
const row = (v: Vectors, i: number): Float32Array => v.data.subarray(i * v.dim, (i + 1) * v.dim);

describe.each<Metric>(["cosine", "dot", "l2"])("a flat index over int8, %s", (metric) => {
  const v = gaussian(300, 33, 7);
  const make = (): FlatIndex<string> => {
    const index = new FlatIndex<string>(int8.create({ dim: 33, metric }));
    index.add(names(300), v);
    return index;
  };

  test("finds each vector by itself", () => {
    const index = make();
    // A longer vector can beat the vector itself under dot.
    const found = names(300).filter((id, i) => index.search(row(v, i), 1)[0].id === id);
    expect(found.length).toBeGreaterThan(metric === "dot" ? 150 : 299);
  });

  test("gives k hits where k match, whatever the filter", () => {
    const index = make();
    const even = (id: string): boolean => Number(id.slice(1)) % 2 === 0;
    expect(index.search(row(v, 1), 10, { filter: even }).every((hit) => even(hit.id))).toBe(true);
    expect(index.search(row(v, 1), 10, { filter: even })).toHaveLength(10);
    expect(
      index
        .search(row(v, 1), 10, { filter: { allow: ["v5", "v7", "unknown"] } })
        .map((m) => m.id)
        .sort(),
    ).toEqual(["v5", "v7"]);
    expect(index.search(row(v, 1), 1000)).toHaveLength(300);
    expect(index.search(row(v, 1), 5, { filter: () => false })).toEqual([]);
  });

  test("what was removed stays gone over many searches, and each change shows in the next one", async () => {
    const index = make();
    const same = async (): Promise<void> => {
      const fresh = FlatIndex.fromBytes<string>(index.toBytes(), int8);
      for (const i of [3, 9]) expect(index.search(row(v, i), 400)).toEqual(fresh.search(row(v, i), 400));
      const [found] = await index.searchBatch({ data: row(v, 3), dim: 33, count: 1 }, 400);
      expect(found).toEqual(fresh.search(row(v, 3), 400));
    };
    index.remove(["v3", "v64"]);
    await same();
    index.remove(["v299"]);
    await same();
    index.add(["v3"], { data: row(v, 3), dim: 33, count: 1 });
    await same();
    index.upsert(["v9", "new"], { data: v.data.slice(0, 66), dim: 33, count: 2 });
    await same();
    // A search that runs sees the vectors that were there when it was called.
    const running = index.searchBatch({ data: row(v, 3), dim: 33, count: 1 }, 400);
    index.remove(names(300));
    expect((await running)[0]).toHaveLength(299);
    expect(index.search(row(v, 3), 400).map(({ id }) => id)).toEqual(["new"]);
  });

  test("removed vectors are gone, replaced ones keep their place, saving compacts", () => {
    const index = make();
    expect(index.remove(["v3", "v4", "nothing"])).toBe(2);
    expect(index.size).toBe(298);
    expect(index.has("v3")).toBe(false);
    expect(index.get("v3")).toBeUndefined();
    expect(index.search(row(v, 3), 300).some((hit) => hit.id === "v3")).toBe(false);
    expect(index.upsert(["v5", "new"], { data: v.data.slice(0, 66), dim: 33, count: 2 })).toEqual({
      added: 1,
      replaced: 1,
    });
    const loaded = FlatIndex.fromBytes<string>(index.toBytes(), int8);
    expect(loaded.size).toBe(299);
    expect(loaded.search(row(v, 9), 20)).toEqual(index.search(row(v, 9), 20));
    expect(loaded.stats().tombstones).toBe(0);
    expect(loaded.toBytes()).toEqual(index.toBytes());
    loaded.add(["after"], { data: v.data.slice(0, 33), dim: 33, count: 1 });
    expect(loaded.has("after")).toBe(true);
  });

  test("rescoring with kept originals gives the exact neighbours", () => {
    const index = new FlatIndex<string>(int8.create({ dim: 33, metric }), { keep: "f32" });
    index.add(names(300), v);
    const query = row(gaussian(1, 33, 99), 0);
    const score = (x: Float32Array): number => {
      let [dot, xx, qq, dd] = [0, 0, 0, 0];
      x.forEach((value, j) => {
        dot += value * query[j];
        xx += value * value;
        qq += query[j] * query[j];
        dd += (value - query[j]) ** 2;
      });
      return metric === "cosine" ? dot / Math.sqrt(xx * qq) : metric === "dot" ? dot : -dd;
    };
    const exact = names(300)
      .map((id, i) => ({ id, score: score(row(v, i)) }))
      .sort((a, b) => b.score - a.score)
      .slice(0, 10);
    const found = index.search(query, 10, { rescore: true });
    expect(found.map((hit) => hit.id)).toEqual(exact.map((hit) => hit.id));
    found.forEach((hit, i) => {
      expect(hit.score).toBeCloseTo(exact[i].score, 3);
    });
    expect(index.get("v7")).toEqual(row(v, 7));
    const loaded = FlatIndex.fromBytes<string>(index.toBytes(), int8);
    expect(loaded.search(query, 10, { rescore: true })).toEqual(found);
  });

  test("a batch equals single searches and can be cancelled", async () => {
    const index = make();
    const queries = gaussian(150, 33, 11);
    const progress: number[] = [];
    const batch = await index.searchBatch(queries, 5, { onProgress: (done) => progress.push(done) });
    expect(batch).toHaveLength(150);
    batch.forEach((hits, q) => {
      expect(hits).toEqual(index.search(row(queries, q), 5));
    });
    expect(progress.at(-1)).toBe(150);
    const abort = new AbortController();
    const running = index.searchBatch(queries, 5, { signal: abort.signal, onProgress: () => abort.abort() });
    await expect(running).rejects.toSatisfy((e) => isPithError(e, "ABORTED"));
  });
});

test("adding is all or nothing", () => {
  const index = new FlatIndex<string>(int8.create({ dim: 4 }));
  index.add(["a"], { data: Float32Array.of(1, 2, 3, 4), dim: 4, count: 1 });
  const two = { data: Float32Array.of(1, 0, 0, 0, 0, 1, 0, 0), dim: 4, count: 2 };
  expect(() => index.add(["b", "a"], two)).toThrow(expect.objectContaining({ code: "DUPLICATE_ID" }));
  expect(() => index.add(["b", "b"], two)).toThrow(expect.objectContaining({ code: "DUPLICATE_ID" }));
  expect(() => index.add(["b"], two)).toThrow(expect.objectContaining({ code: "ID_COUNT_MISMATCH" }));
  const bad = { data: Float32Array.of(1, 0, 0, 0, 0, Number.NaN, 0, 0), dim: 4, count: 2 };
  expect(() => index.add(["b", "c"], bad)).toThrow(
    expect.objectContaining({ code: "NOT_FINITE", details: expect.objectContaining({ row: 1, column: 1 }) }),
  );
  expect(() => index.upsert(["a", "c"], bad)).toThrow(expect.objectContaining({ code: "NOT_FINITE" }));
  expect(index.size).toBe(1);
});

test("numbers and bigints are ids too", () => {
  for (const ids of [
    [1, 2],
    [1n, 2n ** 62n],
  ]) {
    const index = new FlatIndex<number | bigint>(int8.create({ dim: 2 }));
    index.add(ids, { data: Float32Array.of(1, 0, 0, 1), dim: 2, count: 2 });
    const loaded = FlatIndex.fromBytes<number | bigint>(index.toBytes(), int8);
    expect(loaded.search(Float32Array.of(0, 1), 1)[0].id).toBe(ids[1]);
  }
});
