/** Mapped files: used in place, changed in memory alone, and safe with ids that nobody has checked. */
import { readFile, rm, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { afterEach, describe, expect, test } from "vitest";
import { rowCodecFamily } from "../../src/contract/row-family.ts";
import type { Vectors } from "../../src/contract/vectors.ts";
import { isPithError } from "../../src/errors.ts";
import { openPith } from "../../src/files/pith-reader.ts";
import { FlatIndex } from "../../src/flat/flat-index.ts";
import { useBackend } from "../../src/kernels/backend.ts";
import { loadNative } from "../../src/kernels/native.ts";
import { SplitMix64 } from "../../src/random.ts";
import { scratchFolder } from "./scratch.ts";

const addon = loadNative();
const canMap = "isas" in addon && process.platform !== "win32";
const fastest = (): void => useBackend("isas" in addon ? { backend: "native" } : { backend: "portable" });
afterEach(fastest);

const folder = scratchFolder();
let files = 0;

const DIM = 9;
const plain = rowCodecFamily({
  name: "plain",
  version: 1,
  summary: "float32 as it is",
  coder: ({ dim }) => ({
    stride: 4 * dim,
    encodeRow: (row, out) => out.set(new Uint8Array(row.buffer)),
    decodeRow: (code, out) => out.set(new Float32Array(code.buffer)),
  }),
});

function gaussian(count: number, seed: number): Vectors {
  const random = new SplitMix64(seed);
  return { data: Float32Array.from({ length: count * DIM }, () => random.gaussian()), dim: DIM, count };
}

type Name = string | number;

async function written(idOf: (i: number) => Name, keep: "none" | "f16" = "none"): Promise<string> {
  const index = new FlatIndex<Name>(plain.create({ dim: DIM, metric: "dot" }), { keep });
  index.add(
    Array.from({ length: 50 }, (_, i) => idOf(i)),
    gaussian(50, 1),
  );
  const path = join(folder, `${files++}.pith.safetensors`);
  await index.toFile(path);
  return path;
}

const names = (i: number): string => `ünïcode ${i}`;
const query = (): Float32Array => gaussian(1, 2).data;
const MAPPED = { map: true, verify: "header" } as const;

/** Overwrites bytes of a tensor, without its checksum. */
async function damage(path: string, tensor: string, at: number, bytes: Uint8Array): Promise<void> {
  await using file = await openPith(path);
  const offset = file.offset(tensor) + at;
  const content = await readFile(path);
  content.set(bytes, offset);
  await writeFile(path, content);
}

describe("an index of a mapped file", () => {
  test.each(["string", "number"])("answers as one that was read, with %s ids", async (kind) => {
    const path = await written(kind === "string" ? names : (i) => 3 * i, "f16");
    const read = await FlatIndex.fromFile<Name>(path, plain);
    for (const options of [{ map: true }, MAPPED]) {
      const mapped = await FlatIndex.fromFile<Name>(path, plain, options);
      for (const search of [{}, { rescore: true }, { filter: (id: Name) => String(id).endsWith("6") }]) {
        expect(mapped.search(query(), 7, search)).toEqual(read.search(query(), 7, search));
        expect(await mapped.searchBatch(gaussian(20, 3), 7, search)).toEqual(
          await read.searchBatch(gaussian(20, 3), 7, search),
        );
      }
      expect(mapped.toBytes()).toEqual(read.toBytes());
      expect(mapped.get(kind === "string" ? names(4) : 12)).toEqual(
        read.get(kind === "string" ? names(4) : 12),
      );
    }
  });

  test("can be changed; the file stays as it is", async () => {
    const path = await written(names);
    const before = await readFile(path);
    const mapped = await FlatIndex.fromFile<string>(path, plain, MAPPED);
    const read = await FlatIndex.fromFile<string>(path, plain);
    for (const index of [mapped, read]) {
      index.upsert([names(3), "new"], gaussian(2, 4));
      index.remove([names(7)]);
      index.add(["more"], gaussian(1, 5));
    }
    expect(mapped.search(query(), 60)).toEqual(read.search(query(), 60));
    expect(mapped.toBytes()).toEqual(read.toBytes());
    expect(await readFile(path)).toEqual(before);
  });

  test("outlives its file's name", async () => {
    const path = await written(names);
    const mapped = await FlatIndex.fromFile<string>(path, plain, MAPPED);
    const hits = mapped.search(query(), 5);
    await rm(path);
    expect(mapped.search(query(), 5)).toEqual(hits);
  });

  test("is checked in full unless told otherwise", async () => {
    const path = await written(names);
    await damage(path, "codes", 0, Uint8Array.of(0x55));
    const load = (options: object): Promise<unknown> => FlatIndex.fromFile(path, plain, options);
    await expect(load({ map: true })).rejects.toMatchObject({ code: "CHECKSUM_MISMATCH" });
    await expect(load({})).rejects.toMatchObject({ code: "CHECKSUM_MISMATCH" });
    if (canMap) expect(((await load(MAPPED)) as FlatIndex).size).toBe(50);
  });

  test.skipIf(!canMap)("meets each bad id as a typed error, and none by reading elsewhere", async () => {
    const offsets = (...values: bigint[]): Uint8Array => new Uint8Array(BigInt64Array.from(values).buffer);
    const faults: [string, number, Uint8Array][] = [
      ["ids.utf8", 1, Uint8Array.of(0xff)],
      ["ids.offsets", 0, offsets(-1n)],
      ["ids.offsets", 0, offsets(2n ** 62n)],
      ["ids.offsets", 8, offsets(-(2n ** 63n))],
      ["ids.offsets", 8, offsets(1n << 40n)],
      ["ids.offsets", 0, offsets(1n)],
      ["ids.offsets", 0, offsets(20n, 10n)],
    ];
    for (const [tensor, at, bytes] of faults) {
      const path = await written(names);
      await damage(path, tensor, at, bytes);
      const index = await FlatIndex.fromFile<string>(path, plain, MAPPED);
      const hits = (): unknown => index.search(query(), 50);
      const corrupt = (call: () => unknown): boolean => {
        try {
          call();
          return false;
        } catch (error) {
          return isPithError(error, "CORRUPT_FILE");
        }
      };
      expect([tensor, bytes, corrupt(hits), corrupt(() => index.toBytes())]).toEqual([
        tensor,
        bytes,
        true,
        true,
      ]);
    }
    const path = await written((i) => i);
    await damage(path, "ids", 0, offsets(2n ** 60n));
    const index = await FlatIndex.fromFile<number>(path, plain, MAPPED);
    expect(() => index.search(query(), 50)).toThrow(expect.objectContaining({ code: "CORRUPT_FILE" }));
  });
});

describe("a mapped Pith file", () => {
  test.skipIf(!canMap)("gives views, in memory that can be written without reaching the file", async () => {
    const path = await written(names);
    const before = await readFile(path);
    const file = await openPith(path, { map: true });
    expect(file.mapped).toBe(true);
    const codes = await file.read("codes");
    expect(codes.buffer).toBe(file.view("codes").buffer);
    expect(codes.byteOffset % 64).toBe(0);
    const at = file.offset("codes");
    expect(codes).toEqual(new Uint8Array(before.subarray(at, at + codes.length)));
    const blocks: number[] = [];
    for await (const { bytes } of file.rows("codes", { blockRows: 20 })) blocks.push(bytes.length);
    expect(blocks).toEqual([20, 20, 10].map((rows) => rows * 4 * DIM));
    expect((await file.ids())?.toArray()).toEqual(Array.from({ length: 50 }, (_, i) => names(i)));
    await file.close();
    codes.fill(7);
    expect(await readFile(path)).toEqual(before);
    expect(() => file.view("codes")).toThrow(expect.objectContaining({ code: "DISPOSED" }));
    await expect(file.read("codes")).rejects.toMatchObject({ code: "DISPOSED" });
  });

  test("is read where it can't be mapped", async () => {
    const path = await written(names);
    useBackend({ backend: "portable" });
    await using file = await openPith(path, { map: true });
    expect(file.mapped).toBe(false);
    expect((await file.read("codes")).length).toBe(50 * 4 * DIM);
    expect(() => file.view("codes")).toThrow(expect.objectContaining({ code: "NOT_SUPPORTED" }));
    expect((await FlatIndex.fromFile<string>(path, plain, MAPPED)).search(query(), 3)).toHaveLength(3);
  });

  test.skipIf(!canMap)(
    "goes when the garbage collector takes it, and not before a search has ended",
    async () => {
      const { setFlagsFromString } = await import("node:v8");
      const { runInNewContext } = await import("node:vm");
      setFlagsFromString("--expose-gc");
      const collect = runInNewContext("gc") as () => void;
      const path = await written(names);
      const mappings = async (): Promise<number> =>
        (await readFile("/proc/self/maps", "utf8")).split("\n").filter((line) => line.endsWith(path)).length;
      let index: FlatIndex<string> | undefined = await FlatIndex.fromFile<string>(path, plain, MAPPED);
      if (process.platform === "linux") expect(await mappings()).toBeGreaterThan(0);
      const running = index.searchBatch(gaussian(5, 6), 3);
      index[Symbol.dispose]();
      index = undefined;
      collect();
      expect(await running).toHaveLength(5);
      if (process.platform !== "linux") return;
      // Finalizers come when the event loop has time for them: a mapping that never went would end this by its time limit.
      while ((await mappings()) > 0) {
        collect();
        await new Promise((resolve) => setTimeout(resolve, 1));
      }
    },
  );
});
