/** Searches of an index between changes to it: each sees the rows that are there then. */
import { expect, test } from "vitest";
import { FlatIndex, int8, vectors } from "../src/index.ts";

const DIM = 4;
const row = (angle: number): Float32Array => Float32Array.of(Math.cos(angle), Math.sin(angle), 0, 0);

test("a search sees every removal and addition before it, at once and off the event loop", async () => {
  const index = new FlatIndex<string>(int8.create({ dim: DIM }));
  const names = Array.from({ length: 70 }, (_, i) => `r${i}`);
  index.add(names, vectors(Float32Array.from(names.flatMap((_, i) => [...row(i / 100)])), DIM));
  const best = (): string[] => index.search(row(0), 3).map(({ id }) => id);

  expect(best()).toEqual(["r0", "r1", "r2"]);
  index.remove(["r1"]);
  expect(best()).toEqual(["r0", "r2", "r3"]);
  expect(best()).toEqual(["r0", "r2", "r3"]);
  const before = index.searchBatch(vectors(row(0), DIM), 3);
  index.remove(["r0", "r3"]);
  expect(best()).toEqual(["r2", "r4", "r5"]);
  index.add(["r1"], vectors(row(0.001), DIM));
  expect(best()).toEqual(["r1", "r2", "r4"]);
  index.upsert(["r69"], vectors(row(0), DIM));
  expect(best()).toEqual(["r69", "r1", "r2"]);
  expect((await before)[0].map(({ id }) => id)).toEqual(["r0", "r2", "r3"]);
});
