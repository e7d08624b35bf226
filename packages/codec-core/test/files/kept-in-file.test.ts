/** Kept rows that stay in their file: the same answers from less memory, and typed errors where the file fails. */
import { readdirSync, readlinkSync } from "node:fs";
import { readFile, rename, truncate, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { afterEach, describe, expect, test } from "vitest";
import type { CodecFamily } from "../../src/contract/codec.ts";
import { rowCodecFamily } from "../../src/contract/row-family.ts";
import type { Vectors } from "../../src/contract/vectors.ts";
import { openPith } from "../../src/files/pith-reader.ts";
import { FlatIndex } from "../../src/flat/flat-index.ts";
import type { LoadOptions } from "../../src/flat/persist.ts";
import { backendReport, useBackend } from "../../src/kernels/backend.ts";
import type { BackendName } from "../../src/kernels/kernels.ts";
import { SplitMix64 } from "../../src/random.ts";
import { scratchFolder } from "./scratch.ts";

const folder = scratchFolder();
let files = 0;
const { backend, isa, available } = backendReport();
afterEach(() => useBackend({ backend, isa }));

const [DIM, ROWS] = [9, 50];
const coder = (bytes: (x: number) => number): Parameters<typeof rowCodecFamily>[0]["coder"] => {
  return ({ dim }) => ({
    stride: dim,
    encodeRow: (row, out) => out.set(row.map(bytes)),
    decodeRow: (code, out) => out.set(Float32Array.from(code, (byte) => byte - 128)),
  });
};
/** What is scanned is far coarser than what is kept. */
const coarse = rowCodecFamily({
  name: "coarse",
  version: 1,
  summary: "signs",
  coder: coder((x) => (x < 0 ? 127 : 129)),
});
const finer = rowCodecFamily({
  name: "finer",
  version: 1,
  summary: "whole numbers",
  coder: coder((x) => 128 + Math.max(-128, Math.min(127, Math.round(40 * x)))),
});
const families: CodecFamily[] = [coarse, finer];

function gaussian(count: number, seed: number): Vectors {
  const random = new SplitMix64(seed);
  return { data: Float32Array.from({ length: count * DIM }, () => random.gaussian()), dim: DIM, count };
}

type Kept = "f16" | "f32" | "codes";
const STRIDES = { f16: 2 * DIM, f32: 4 * DIM, codes: DIM };

async function written(kept: Kept): Promise<string> {
  const keep = kept === "codes" ? finer.create({ dim: DIM, metric: "dot" }) : kept;
  const index = new FlatIndex<string>(coarse.create({ dim: DIM, metric: "dot" }), { keep });
  index.add(
    Array.from({ length: ROWS }, (_, i) => `row ${i}`),
    gaussian(ROWS, 1),
  );
  const path = join(folder, `${files++}.pith.safetensors`);
  await index.toFile(path);
  return path;
}

const load = (path: string, options: LoadOptions = {}): Promise<FlatIndex<string>> =>
  FlatIndex.fromFile<string>(path, families, options);
const query = gaussian(1, 2).data;
const AGAIN = { rescore: true, oversample: 3 };
const WAYS: LoadOptions[] = [
  {},
  { map: false },
  { map: true },
  { verify: "header" },
  { map: true, verify: "header" },
];

/** Files of the scratch folder that this process has open. */
function open(): string[] {
  return readdirSync("/proc/self/fd").flatMap((fd) => {
    try {
      const name = readlinkSync(`/proc/self/fd/${fd}`);
      return name.startsWith(folder) ? [name] : [];
    } catch {
      return []; // the folder's own, closed since
    }
  });
}

const backends: BackendName[] = available.length > 0 ? ["native", "portable"] : ["portable"];

describe.each(backends)("on %s, kept rows left in the file", (name) => {
  test.each(["f16", "f32", "codes"] as const)("answer as those in memory: %s", async (kept) => {
    useBackend({ backend: name });
    const path = await written(kept);
    const read = await load(path);
    for (const way of WAYS) {
      using index = await load(path, { ...way, rescore: "file" });
      for (const search of [AGAIN, {}, { ...AGAIN, filter: (id: string) => id.endsWith("6") }]) {
        expect(index.search(query, 7, search)).toEqual(read.search(query, 7, search));
        expect(await index.searchBatch(gaussian(40, 3), 7, search)).toEqual(
          await read.searchBatch(gaussian(40, 3), 7, search),
        );
      }
      expect(index.get("row 7")).toEqual(read.get("row 7"));
      expect(index.toBytes()).toEqual(read.toBytes());
    }
  });

  test("take no memory, and count as stored", async () => {
    useBackend({ backend: name });
    for (const kept of ["f16", "f32", "codes"] as const) {
      const path = await written(kept);
      const stride = STRIDES[kept];
      const stored = { bytesPerVector: DIM + stride, originalBytes: ROWS * stride, codeBytes: ROWS * DIM };
      const read = await load(path);
      expect(read.stats()).toMatchObject({ ...stored, memoryBytes: ROWS * (DIM + stride) });
      using index = await load(path, { rescore: "file" });
      expect(index.stats()).toMatchObject({ ...stored, memoryBytes: ROWS * DIM });
      index.upsert(["row 3", "new"], gaussian(2, 4));
      expect(index.stats().memoryBytes).toBe((ROWS + 1) * DIM + 2 * stride);
      using mapped = await load(path, { map: true, rescore: "file" });
      expect(mapped.stats()).toMatchObject({
        ...stored,
        memoryBytes: name === "native" && process.platform !== "win32" ? 0 : ROWS * DIM,
      });
    }
  });

  test.each(["f32", "codes"] as const)("change in memory alone: %s", async (kept) => {
    useBackend({ backend: name });
    const path = await written(kept);
    const before = await readFile(path);
    const [left, read] = [await load(path, { rescore: "file" }), await load(path)];
    for (const index of [left, read]) {
      index.upsert(["row 3", "new"], gaussian(2, 4));
      index.upsert(["row 3", "new", "row 49"], gaussian(3, 5));
      index.remove(["row 7"]);
      index.add(["more"], gaussian(1, 6));
    }
    expect(left.search(query, 60, AGAIN)).toEqual(read.search(query, 60, AGAIN));
    for (const id of ["row 3", "row 4", "new", "more"]) expect(left.get(id)).toEqual(read.get(id));
    expect(left.toBytes()).toEqual(read.toBytes());
    expect(await readFile(path)).toEqual(before);
    // Saved over the file that it reads, it goes on with the old one.
    await left.toFile(path);
    expect(left.search(query, 60, AGAIN)).toEqual(read.search(query, 60, AGAIN));
    expect((await load(path)).toBytes()).toEqual(read.toBytes());
  });

  test("are those of the time when a search began", async () => {
    useBackend({ backend: name });
    const path = await written("f32");
    using index = await load(path, { rescore: "file" });
    const queries = gaussian(100, 7);
    const expected = await index.searchBatch(queries, 5, AGAIN);
    const late = (done: number, total: number): void => {
      if (done < total) return;
      setImmediate(() => index.upsert(["row 1", "row 2", "row 3", "new"], gaussian(4, 8)));
    };
    expect(await index.searchBatch(queries, 5, { ...AGAIN, onProgress: late })).toEqual(expected);
    expect(await index.searchBatch(queries, 5, AGAIN)).not.toEqual(expected);
  });

  test("are read when they are asked for, and checked before unless told otherwise", async () => {
    useBackend({ backend: name });
    const path = await written("f32");
    const loaded = await load(path, { rescore: "file" });
    const bytes = await readFile(path);
    await using file = await openPith(path);
    const at = file.offset("vectors") + 4 * DIM * 7;
    bytes.set(new Uint8Array(Float32Array.from(query, (x) => 1000 * x).buffer), at);
    await writeFile(path, bytes);
    const best = (index: FlatIndex<string>): string =>
      index.search(query, 1, { rescore: true, oversample: ROWS })[0].id;
    expect(best(loaded)).toBe("row 7");
    expect(best(await load(path, { rescore: "file", verify: "header" }))).toBe("row 7");
    await expect(load(path, { rescore: "file" })).rejects.toMatchObject({ code: "CHECKSUM_MISMATCH" });
  });

  test.skipIf(process.platform !== "linux")(
    "are let go when the index is, after its last search",
    async () => {
      useBackend({ backend: name });
      const before = open();
      const path = await written("f16");
      const index = await load(path, { rescore: "file" });
      const expected = await index.searchBatch(gaussian(60, 9), 3, AGAIN);
      const running = index.searchBatch(gaussian(60, 9), 3, AGAIN);
      index[Symbol.dispose]();
      expect(await running).toEqual(expected);
      // Nor does a load that fails hold on to it.
      const failing = FlatIndex.fromFile(path, finer, { rescore: "file" });
      await expect(failing).rejects.toMatchObject({ code: "UNKNOWN_CODEC" });
      while (open().length > before.length) await new Promise((resolve) => setImmediate(resolve));
    },
  );
});

test("a file that was cut since, and isn't mapped, is a typed error", async () => {
  const path = await written("f32");
  using index = await load(path, { rescore: "file", map: false });
  await using file = await openPith(path);
  await truncate(path, file.offset("vectors") + 4 * DIM * 30);
  expect(index.search(query, 3)).toHaveLength(3);
  const all = { rescore: true, oversample: ROWS };
  expect(() => index.search(query, 3, all)).toThrow(expect.objectContaining({ code: "CORRUPT_FILE" }));
  await expect(index.searchBatch(gaussian(3, 1), 3, all)).rejects.toMatchObject({ code: "CORRUPT_FILE" });
});

test("a file under another name by now, or none, is read on", async () => {
  const path = await written("f16");
  using index = await load(path, { rescore: "file" });
  const hits = index.search(query, 5, AGAIN);
  await rename(path, `${path}.moved`);
  expect(index.search(query, 5, AGAIN)).toEqual(hits);
});

test("a file that keeps nothing, and a place that isn't one", async () => {
  const index = new FlatIndex<string>(coarse.create({ dim: DIM, metric: "dot" }));
  index.add(["a"], gaussian(1, 1));
  const path = join(folder, "plain");
  await index.toFile(path);
  const loaded = await load(path, { rescore: "file" });
  expect(loaded.search(query, 1)).toEqual(index.search(query, 1));
  expect(() => loaded.search(query, 1, AGAIN)).toThrow(expect.objectContaining({ code: "NOT_SUPPORTED" }));
  await expect(load(path, { rescore: "disk" as never })).rejects.toMatchObject({ code: "INVALID_ARGUMENT" });
});
