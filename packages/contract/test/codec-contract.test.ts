import { backendReport, type CodecFamily } from "@pith/codec-core";
import { expect, test } from "vitest";
import { CODEC_LAWS, codecContract } from "../src/index.ts";
import { collect } from "./collect.ts";
import { blind, grid, mutual, plain, ranges, spans, whole } from "./reference-codecs.ts";

codecContract({ test, family: plain, dims: [1, 2, 3, 7, 16, 17, 64, 200] });
codecContract({ test, family: grid, options: [{}, { levels: 7 }], dims: [1, 2, 7, 16, 33, 65] });
codecContract({ test, family: ranges, dims: [1, 2, 7, 16, 33, 65] });
codecContract({ test, family: spans, dims: [1, 17], backends: ["typescript", "avx2"] });
codecContract({ test, family: mutual, dims: [1, 7, 65] });
codecContract({ test, family: blind, dims: [1, 7, 65] });
codecContract({ test, family: whole, dims: [1, 7, 65], backends: ["typescript"] });

test("each test is named after codec, metric, backend, law and seed", async () => {
  const { names } = await collect((t) =>
    codecContract({
      test: t,
      family: grid,
      options: { levels: 7 },
      backends: ["typescript"],
      dims: [2],
      seed: 5,
    }),
  );
  expect(names).toContain(
    `grid levels=7 dot on portable/typescript: topk.ties: ${CODEC_LAWS["topk.ties"]} (seed 5)`,
  );
  expect(new Set(names).size).toBe(names.length);
});

test("the suite runs again over wrappers: restored codecs, resident codes and trained codecs where there are any", () => {
  const names = (family: CodecFamily): string[] => {
    const all: string[] = [];
    codecContract({ test: (name) => all.push(name), family, dims: [3], backends: ["typescript"] });
    return all;
  };
  const lawsOver = (family: CodecFamily, wrapper: string): number =>
    names(family).filter((name) => name.startsWith(`${family.name}${wrapper} dot on portable/typescript: `))
      .length;
  const laws = lawsOver(grid, "");
  expect(laws).toBeGreaterThan(40);
  expect(lawsOver(grid, ", saved and reloaded,")).toBe(laws);
  expect(lawsOver(grid, ", resident,")).toBe(laws);
  expect(lawsOver(ranges, ", resident,")).toBe(0);
  expect(lawsOver(spans, ", trained,")).toBe(lawsOver(spans, ""));
  expect(lawsOver(ranges, ", trained,") + lawsOver(grid, ", trained,")).toBe(0);
});

test("by default, what counts most is tested at dims to 3,072", async () => {
  const seen = new Set<number>();
  const family: CodecFamily = {
    ...plain,
    create(options) {
      seen.add(options.dim);
      return plain.create(options);
    },
  };
  await collect((t) => codecContract({ test: t, family, backends: ["portable"] }), "backend.codes");
  await collect((t) => codecContract({ test: t, family, backends: ["portable"] }), "stride.exact");
  for (const dim of [1, 2, 3, 6, 17, 63, 64, 65, 384, 768, 1536, 3072]) expect(seen).toContain(dim);
});

test("TypeScript and WebAssembly are tested, the latter beside the former", async () => {
  const { names } = await collect((t) =>
    codecContract({ test: t, family: plain, dims: [3], backends: ["portable"] }),
  );
  const lawsOf = (isa: string): Set<string> =>
    new Set(names.filter((name) => name.includes(`on portable/${isa}: `)).map((name) => name.split(": ")[1]));
  const [oracle, simd] = [lawsOf("typescript"), lawsOf("simd128")];
  expect(oracle.size).toBeGreaterThan(20);
  expect([...simd].filter((law) => !oracle.has(law))).toEqual(
    backendReport().portable.includes("simd128") ? ["backend.codes", "backend.decode", "backend.scores"] : [],
  );
});

test("the native backend is tested, or a test says that it's skipped", async () => {
  const { names } = await collect((t) => codecContract({ test: t, family: plain, dims: [3] }));
  const isas = backendReport().available;
  const native = names.filter((name) => name.includes("native"));
  for (const isa of isas)
    expect(native.filter((name) => name.includes(`on native/${isa}`)).length).toBeGreaterThan(99);
  if (isas.length === 0) expect(native).toEqual([expect.stringMatching(/^plain: native backend skipped: ./)]);
});

test("what a codec can't do, by its manifest, isn't tested", () => {
  const lawsOf = (family: CodecFamily): Set<string> => {
    const names: string[] = [];
    codecContract({ test: (name) => names.push(name), family, dims: [3], backends: ["typescript"] });
    return new Set(names.map((name) => name.split(": ")[1]));
  };
  const [all, blindly, plainly] = [lawsOf(grid), lawsOf(blind), lawsOf(plain)];
  expect([...all].filter((law) => !blindly.has(law))).toEqual([
    "decode.into",
    "error.bound",
    "score.decoded",
  ]);
  expect([...all].filter((law) => !plainly.has(law))).toEqual(["topk.resident", "codes.verify"]);
});

test("a family that can't make a codec fails every law with its reason, at any runner", async () => {
  const { failures, strays } = await collect((t) =>
    codecContract({ test: t, family: plain, options: { nonsense: 1 }, backends: ["typescript"], dims: [4] }),
  );
  expect(strays).toEqual([]);
  expect(failures.get("encode.pure")?.message).toMatch(
    /^\[encode\.pure\] plain nonsense=1 cosine on portable\/typescript, dim 4, seed 20260101: unexpected PithError/,
  );
});
