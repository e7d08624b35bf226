import { readFileSync } from "node:fs";
import { join } from "node:path";
import { serializePith } from "@pith/codec-core";
import { describe, expect, test } from "vitest";
import { int8Contents, npy, pithVectors, put, tiny } from "./inputs.ts";
import { expectOneLine, folder, json, pith, text } from "./pith.ts";

interface Inspection {
  fileBytes: number;
  tensors: { name: string; dtype: string; shape: number[]; offset: number; bytes: number }[];
  [key: string]: unknown;
}

describe("pith inspect", () => {
  test("--json: metadata, and where each tensor stands", async () => {
    const cwd = folder();
    put(cwd, { "in.npy": npy(tiny), "ids.txt": "one\ntwo\nthree\nfour" });
    await text(["compress", "in.npy", "-o", "a.pith", "--ids", "ids.txt", "--keep", "f16"], { cwd });
    const file = readFileSync(join(cwd, "a.pith"));
    const { tensors, ...report } = await json<Inspection>(["inspect", "a.pith"], { cwd });
    expect(report).toEqual({
      kind: "codes",
      codec: "int8",
      codecVersion: 1,
      params: {},
      dim: 3,
      count: 4,
      metric: "cosine",
      ids: "string",
      originals: "F16",
      rescore: null,
      bytesPerVector: 7,
      sideBytes: 0,
      sideBytesPerVector: 0,
      learned: [],
      fileBytes: file.length,
      producer: "@pith/codec-core",
    });
    expect(tensors.map(({ name, dtype, shape, bytes }) => [name, dtype, shape, bytes]).sort()).toEqual([
      ["codes", "U8", [4, 7], 28],
      ["ids.offsets", "I64", [5], 40],
      ["ids.utf8", "U8", [15], 15],
      ["vectors", "F16", [4, 3], 24],
    ]);
    const utf8 = tensors.find(({ name }) => name === "ids.utf8");
    expect(file.subarray(utf8?.offset, (utf8?.offset ?? 0) + 15).toString()).toBe("onetwothreefour");
    for (const { offset } of tensors) expect(offset % 64).toBe(0);
  });

  test("--json of a file of vectors: null where nothing is said", async () => {
    const cwd = folder();
    put(cwd, { "v.pith": pithVectors(tiny) });
    expect(await json(["inspect", "v.pith"], { cwd })).toMatchObject({
      kind: "vectors",
      codec: null,
      codecVersion: null,
      params: null,
      metric: null,
      ids: null,
      originals: null,
      bytesPerVector: null,
      sideBytes: 0,
      sideBytesPerVector: 0,
      learned: [],
    });
  });

  test("the text: facts, then a table of tensors", async () => {
    const cwd = folder();
    put(cwd, { "in.npy": npy(tiny) });
    await text(["compress", "in.npy", "-o", "a.pith"], { cwd });
    const out = await text(["inspect", "a.pith"], { cwd });
    const [facts, table] = out.split("\n\n");
    expect(facts.split("\n").slice(0, 6)).toEqual([
      "kind          codes",
      "codec         int8, version 1, params {}",
      "bytes/vector  7 (1.71x smaller than float32)",
      "side bytes    0 B",
      "vectors       4 x 3",
      "metric        cosine",
    ]);
    expect(table).toMatch(
      /^tensor {2}dtype {2}shape {2}offset {2}bytes\n-+ .*\ncodes {3}U8 {5}4 x 7 +\d+ +28\n$/,
    );
  });

  test("shows a file of a codec that it doesn't know", async () => {
    const cwd = folder();
    const codec = { name: "sign", version: 3, params: { planes: 2 } };
    put(cwd, { "a.pith": serializePith({ ...int8Contents(tiny), codec }) });
    const report = await json(["inspect", "a.pith"], { cwd });
    expect(report).toMatchObject({ codec: "sign", codecVersion: 3, params: { planes: 2 } });
  });
});

describe("pith doctor", () => {
  test("--json: backend, CPU, threads, versions", async () => {
    expect(await json(["doctor"])).toEqual({
      backend: expect.stringMatching(/^(native|portable)$/),
      isa: expect.any(String),
      availableIsas: expect.any(Array),
      portableIsas: expect.arrayContaining(["typescript"]),
      reason: expect.toSatisfy((reason: unknown) => reason === null || typeof reason === "string"),
      cpu: expect.any(String),
      cpuFeatures: expect.any(Array),
      threads: expect.any(Number),
      threadsUsed: { sync: expect.any(Number), async: expect.any(Number) },
      pith: expect.stringMatching(/^\d+\.\d+\.\d+/),
      node: process.versions.node,
      platform: `${process.platform}-${process.arch}`,
      codecs: expect.arrayContaining(["int8"]),
    });
  });

  test("says how many threads PITH_THREADS gives, and refuses what is no number of threads", async () => {
    const { backend } = await json(["doctor"]);
    const { threadsUsed } = await json(["doctor"], { env: { PITH_THREADS: "3" } });
    expect(threadsUsed).toEqual(backend === "native" ? { sync: 3, async: 3 } : { sync: 1, async: 1 });
    if (backend !== "native") return;
    const { status, stdout, stderr } = await pith(["doctor"], { env: { PITH_THREADS: "many" } });
    expect([status === 0, stdout]).toEqual([false, ""]);
    expectOneLine(stderr, "INVALID_ARGUMENT", /PITH_THREADS: expected an integer from 1 to 1024/);
  });

  test("says why the native backend isn't used", async () => {
    const env = { PITH_BACKEND: "portable" };
    const report = await json(["doctor"], { env });
    expect(report).toMatchObject({ backend: "portable", isa: "simd128", reason: "PITH_BACKEND=portable" });
    const slow = await json(["doctor"], { env: { PITH_ISA: "typescript" } });
    expect(slow).toMatchObject({ backend: "portable", isa: "typescript", reason: "PITH_ISA=typescript" });
    expect(await text(["doctor"], { env })).toMatch(/^backend +portable \(PITH_BACKEND=portable\)$/m);
  });

  test("the text has a line for each", async () => {
    const lines = (await text(["doctor"])).trimEnd().split("\n");
    expect(lines.map((line) => line.split(/ {2,}/)[0])).toEqual([
      "backend",
      "isa",
      "available",
      "cpu",
      "cpu features",
      "threads",
      "pith",
      "node",
      "codecs",
    ]);
  });
});
