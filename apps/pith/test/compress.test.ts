import { readFileSync } from "node:fs";
import { join } from "node:path";
import { parsePith, type Vectors, vectorsFromRows } from "@pith/codec-core";
import { openPith } from "@pith/codec-core/files";
import { int8 } from "@pith/int8";
import { describe, expect, test } from "vitest";
import { npy, pithVectors, put, randomVectors, safetensors, tiny } from "./inputs.ts";
import { folder, json, pith, text } from "./pith.ts";

/** Codes of int8 alone, as the library makes them. */
function codesOf(v: Vectors, metric: "cosine" | "dot" | "l2" = "cosine"): Buffer {
  return Buffer.from(int8.create({ dim: v.dim, metric }).encode(v).bytes);
}

function read(cwd: string, file: string): ReturnType<typeof parsePith> {
  return parsePith(readFileSync(join(cwd, file)));
}

async function idsIn(cwd: string, file: string): Promise<unknown> {
  await using opened = await openPith(join(cwd, file));
  return (await opened.ids())?.toArray();
}

describe("pith compress", () => {
  test("says in one line what it wrote", async () => {
    const cwd = folder();
    put(cwd, { "in.npy": npy(randomVectors(1200, 16, 1)) });
    const line = await text(["compress", "in.npy", "-o", "out.pith"], { cwd });
    expect(line).toBe("out.pith: 1,200 x 16, int8, 20 B/vector (3.20x smaller than float32), 24.3 kB\n");
  });

  test("--json prints one document with the figures", async () => {
    const cwd = folder();
    put(cwd, { "in.npy": npy(tiny) });
    const report = await json(["compress", "in.npy", "-o", "out.pith", "--metric", "l2", "--keep", "f32"], {
      cwd,
    });
    expect(report).toEqual({
      file: "out.pith",
      codec: "int8",
      dim: 3,
      count: 4,
      metric: "l2",
      keep: "f32",
      training: null,
      resumedFrom: 0,
      bytesPerVector: 7,
      sideBytes: 0,
      sideBytesPerVector: 0,
      fit: null,
      fileBytes: readFileSync(join(cwd, "out.pith")).length,
      ratio: 12 / 7,
    });
  });

  test("cosine, int8 and no originals are the defaults", async () => {
    const cwd = folder();
    put(cwd, { "in.npy": npy(tiny) });
    await text(["compress", "in.npy", "-o", "out.pith"], { cwd });
    const { kind, codec, metric, idType, tensors } = read(cwd, "out.pith");
    expect({ kind, codec, metric, idType }).toEqual({
      kind: "codes",
      codec: { name: "int8", version: 1, params: {} },
      metric: "cosine",
      idType: undefined,
    });
    expect(Object.keys(tensors)).toEqual(["codes"]);
    expect(Buffer.from(tensors["codes"].bytes)).toEqual(codesOf(tiny));
  });

  for (const metric of ["dot", "l2"] as const)
    test(`--metric ${metric} keeps lengths`, async () => {
      const cwd = folder();
      put(cwd, { "in.npy": npy(tiny) });
      await text(["compress", "in.npy", "-o", "out.pith", "--metric", metric], { cwd });
      const contents = read(cwd, "out.pith");
      expect(contents.metric).toBe(metric);
      expect(Buffer.from(contents.tensors["codes"].bytes)).toEqual(codesOf(tiny, metric));
    });

  test("--keep f32 keeps the originals bit for bit", async () => {
    const cwd = folder();
    const v = randomVectors(20, 5, 2);
    put(cwd, { "in.npy": npy(v) });
    await text(["compress", "in.npy", "-o", "out.pith", "--keep", "f32"], { cwd });
    const { dtype, bytes } = read(cwd, "out.pith").tensors["vectors"];
    expect(dtype).toBe("F32");
    expect(new Float32Array(Uint8Array.from(bytes).buffer)).toEqual(v.data);
  });

  test("--keep f16 keeps the originals as float16", async () => {
    const cwd = folder();
    // Numbers that float16 holds exactly: sign, exponent and ten bits.
    put(cwd, { "in.npy": npy(vectorsFromRows([[1, -0.5, 1024, 0.099975586]])) });
    await text(["compress", "in.npy", "-o", "out.pith", "--keep", "f16"], { cwd });
    const { dtype, bytes } = read(cwd, "out.pith").tensors["vectors"];
    expect(dtype).toBe("F16");
    expect([...new Uint16Array(Uint8Array.from(bytes).buffer)]).toEqual([0x3c00, 0xb800, 0x6400, 0x2e66]);
  });

  test("reads .npy of float16", async () => {
    const cwd = folder();
    put(cwd, { "in.npy": npy(tiny, "F16") });
    await text(["compress", "in.npy", "-o", "out.pith"], { cwd });
    expect(Buffer.from(read(cwd, "out.pith").tensors["codes"].bytes)).toEqual(codesOf(tiny));
  });

  for (const dtype of ["F32", "F16"] as const)
    test(`reads a plain safetensors file of ${dtype}`, async () => {
      const cwd = folder();
      put(cwd, { "in.safetensors": safetensors({ embeddings: tiny }, dtype) });
      await text(["compress", "in.safetensors", "-o", "out.pith"], { cwd });
      expect(Buffer.from(read(cwd, "out.pith").tensors["codes"].bytes)).toEqual(codesOf(tiny));
    });

  for (const [what, ids] of [
    ["strings", ["a", "é", "", "d d"]],
    ["numbers", [7, -1, 0, 2 ** 53 - 1]],
    ["64-bit integers", [1n, 2n ** 62n, -5n, 0n]],
  ] as const)
    test(`carries the ids of a Pith file of vectors over: ${what}`, async () => {
      const cwd = folder();
      put(cwd, { "in.pith": pithVectors(tiny, ids) });
      await text(["compress", "in.pith", "-o", "out.pith"], { cwd });
      expect(await idsIn(cwd, "out.pith")).toEqual(ids);
    });

  test("compresses the originals that a compressed file keeps, with its ids", async () => {
    const cwd = folder();
    put(cwd, { "in.pith": pithVectors(tiny, ["a", "b", "c", "d"]) });
    await text(["compress", "in.pith", "-o", "kept.pith", "--keep", "f32"], { cwd });
    await text(["compress", "kept.pith", "-o", "again.pith", "--metric", "dot"], { cwd });
    expect(Buffer.from(read(cwd, "again.pith").tensors["codes"].bytes)).toEqual(codesOf(tiny, "dot"));
    expect(await idsIn(cwd, "again.pith")).toEqual(["a", "b", "c", "d"]);
  });

  for (const [what, content, ids] of [
    ["lines", "alpha\nbeta two\n3\nδ\n", ["alpha", "beta two", "3", "δ"]],
    ["lines that end in CR LF, without a last end", "a\r\nb\r\nc\r\nd", ["a", "b", "c", "d"]],
    ["JSONL with _id", '{"_id":"a","x":1}\n{"_id":"b"}\n{"_id":"c"}\n{"_id":"d"}\n', ["a", "b", "c", "d"]],
    ["JSONL with id", '{"id":"a"}\n{"id":"b"}\n{"text":"","id":"c"}\n{"id":"d"}\n', ["a", "b", "c", "d"]],
    ["JSONL with integers", '{"id":3}\n{"id":1}\n{"id":-2}\n{"id":0}\n', [3, 1, -2, 0]],
    [
      "JSONL with both: _id counts",
      '{"_id":"a","id":9}\n{"_id":"b"}\n{"_id":"c"}\n{"_id":"d"}',
      ["a", "b", "c", "d"],
    ],
  ] as const)
    test(`--ids reads ${what}`, async () => {
      const cwd = folder();
      put(cwd, { "in.pith": pithVectors(tiny, [1, 2, 3, 4]), "ids.txt": content });
      await text(["compress", "in.pith", "-o", "out.pith", "--ids", "ids.txt"], { cwd });
      expect(await idsIn(cwd, "out.pith")).toEqual(ids);
    });

  test("the same input gives the same bytes, twice and without the native backend", async () => {
    const cwd = folder();
    const v = randomVectors(9000, 7, 3);
    put(cwd, {
      "in.npy": npy(v),
      "ids.txt": Array.from({ length: v.count }, (_, i) => `id ${i}`).join("\n"),
    });
    const args = ["compress", "in.npy", "--ids", "ids.txt", "--keep", "f16", "-o"];
    await text([...args, "a.pith"], { cwd });
    await text([...args, "b.pith"], { cwd });
    await text([...args, "c.pith"], { cwd, env: { PITH_BACKEND: "portable" } });
    const [a, b, c] = ["a", "b", "c"].map((name) => readFileSync(join(cwd, `${name}.pith`)));
    expect(b.equals(a)).toBe(true);
    expect(c.equals(a)).toBe(true);
  });

  test("rows that come in several blocks are the codes of all rows", async () => {
    const cwd = folder();
    const v = randomVectors(20_000, 3, 4);
    put(cwd, { "in.npy": npy(v) });
    await text(["compress", "in.npy", "-o", "out.pith", "--metric", "dot"], { cwd });
    expect(codesOf(v, "dot").equals(read(cwd, "out.pith").tensors["codes"].bytes)).toBe(true);
  });

  test("replaces an old file, and leaves no other file", async () => {
    const cwd = folder();
    put(cwd, { "in.npy": npy(tiny), "out.pith": "something old" });
    await text(["compress", "in.npy", "-o", "out.pith"], { cwd });
    expect(read(cwd, "out.pith").count).toBe(4);
    const { stdout } = await pith(["verify", "out.pith"], { cwd });
    expect(stdout).toBe("out.pith: good, int8, 4 x 3\n");
  });

  for (const dim of [1, 65_536])
    test(`dim ${dim} is served`, async () => {
      const cwd = folder();
      const v = randomVectors(3, dim, 5);
      put(cwd, { "in.npy": npy(v) });
      await text(["compress", "in.npy", "-o", "out.pith"], { cwd });
      expect(codesOf(v).equals(read(cwd, "out.pith").tensors["codes"].bytes)).toBe(true);
    });
});
