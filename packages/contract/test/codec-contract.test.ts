import { expect, test } from "vitest";
import { CODEC_LAWS, codecContract } from "../src/index.ts";
import { collect } from "./collect.ts";
import { grid, plain, ranges } from "./reference-codecs.ts";

codecContract({ test, family: plain });
codecContract({ test, family: grid, options: [{}, { levels: 7 }] });
codecContract({ test, family: ranges, dims: [1, 2, 7, 16, 33, 65, 384] });

test("each test is named after codec, metric, backend, law and seed", async () => {
  const { names } = await collect((t) =>
    codecContract({ test: t, family: grid, options: { levels: 7 }, backends: ["portable"], dims: [2], seed: 5 }),
  );
  expect(names).toContain(
    `grid levels=7 dot on portable: topk.ties: ${CODEC_LAWS["topk.ties"]} (seed 5)`,
  );
  expect(new Set(names).size).toBe(names.length);
});

test("where the native backend can't run, a test says so", async () => {
  const { names } = await collect((t) => codecContract({ test: t, family: plain, dims: [3] }));
  const native = names.filter((name) => name.includes("native"));
  expect(native.length).toBeGreaterThan(0);
});

test("a family that can't make a codec fails every law with its reason, at any runner", async () => {
  const { failures, strays } = await collect((t) =>
    codecContract({ test: t, family: plain, options: { nonsense: 1 }, backends: ["portable"], dims: [4] }),
  );
  expect(strays).toEqual([]);
  expect(failures.get("encode.pure")?.message).toMatch(
    /^\[encode\.pure\] plain nonsense=1 cosine on portable, dim 4, seed 20260101: unexpected PithError/,
  );
});
