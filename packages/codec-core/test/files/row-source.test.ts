import { readFileSync, truncateSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { describe, expect, test } from "vitest";
import {
  createNpyFile,
  createPithFile,
  createSafetensorsFile,
  type MatrixWriter,
  openVectors,
  type RowSource,
  type VectorsOptions,
} from "../../src/files/index.ts";
import { serializeHeader } from "../../src/format/header.ts";
import {
  DTYPE_BYTES,
  type Dtype,
  IdColumn,
  rowsToBytes,
  SplitMix64,
  sliceVectors,
  type Vectors,
  vectors,
} from "../../src/index.ts";
import { STRINGS } from "../format/golden-contents.ts";
import { asyncRefusal } from "../format/refusal.ts";
import { leftovers, scratchFolder } from "./scratch.ts";

const folder = scratchFolder();
const golden = (name: string): string =>
  fileURLToPath(new URL(`../golden/${name}.pith.safetensors`, import.meta.url));

/** Multiples of 1/8 below 128: float16 holds them exactly. */
function rows(count: number, dim: number): Vectors {
  const rng = new SplitMix64(count * 1000 + dim);
  return vectors(
    Float32Array.from({ length: count * dim }, () => rng.below(2048) / 8 - 128),
    dim,
  );
}

async function gather(source: RowSource, range = {}): Promise<{ data: number[]; sizes: number[] }> {
  const data: number[] = [];
  const sizes: number[] = [];
  for await (const block of source.rows(range)) {
    expect(block.data.length).toBe(block.count * block.dim);
    expect(block.dim).toBe(source.dim);
    for (const x of block.data) data.push(x);
    sizes.push(block.count);
  }
  return { data, sizes };
}

const formats = {
  npy: createNpyFile,
  safetensors: createSafetensorsFile,
  pith: async (
    path: string,
    { count, dim, dtype }: { count: number; dim: number; dtype: "f32" | "f16" },
  ): Promise<MatrixWriter> => {
    const stored = dtype === "f32" ? "F32" : "F16";
    const tensors = { vectors: { dtype: stored, shape: [count, dim] } } as const;
    const writer = await createPithFile(path, { kind: "vectors", dim, count, tensors });
    return Object.assign(writer, { write: writer.write.bind(writer, "vectors") }) as never;
  },
};

describe.each(["npy", "safetensors", "pith"] as const)("%s", (format) => {
  describe.each(["f32", "f16"] as const)("%s", (dtype) => {
    test.each([
      [0, 3],
      [1, 1],
      [7, 5],
      [100, 33],
      [3, 65_536],
    ])("%d rows of dim %d come back in blocks of any size", async (count, dim) => {
      const path = join(folder, `${format}-${dtype}-${count}-${dim}`);
      const all = rows(count, dim);
      const writer = await formats[format](path, { count, dim, dtype });
      for (let at = 0; at < count; at += 3) {
        const part = sliceVectors(all, at, Math.min(count, at + 3));
        await writer.write(
          format === "pith" ? (rowsToBytes(part, dtype === "f32" ? "F32" : "F16") as never) : part,
        );
      }
      await writer.commit();
      await using source = await openVectors(path);
      expect(source).toMatchObject({ format, dtype, count, dim, path });
      expect(await source.ids()).toBeUndefined();
      expect((await gather(source)).data).toEqual([...all.data]);
      for (const blockRows of [1, 2, 1000]) {
        const { data, sizes } = await gather(source, { blockRows });
        expect(data).toEqual([...all.data]);
        expect(sizes.length).toBe(Math.ceil(count / blockRows));
      }
      const [start, end] = [Math.floor(count / 3), count - Math.floor(count / 4)];
      expect((await gather(source, { start, end })).data).toEqual([
        ...all.data.subarray(start * dim, end * dim),
      ]);
    });
  });

  test("stops at an abort, and refuses rows that it hasn't", async () => {
    const path = join(folder, `${format}-f32-7-5`);
    await using source = await openVectors(path);
    const abort = new AbortController();
    const read = async (): Promise<void> => {
      for await (const _ of source.rows({ blockRows: 2, signal: abort.signal })) abort.abort();
    };
    expect(await asyncRefusal(read)).toBe("ABORTED");
    expect(await asyncRefusal(() => gather(source, { end: 8 }))).toBe("INVALID_ARGUMENT");
    await source.close();
    expect(await asyncRefusal(() => gather(source))).toBe("DISPOSED");
  });

  test("cut at any byte or with bytes behind, it doesn't open", async () => {
    const bytes = readFileSync(join(folder, `${format}-f16-7-5`));
    const path = join(folder, `${format}-cut`);
    for (const extra of [1, 64]) {
      writeFileSync(path, Buffer.concat([bytes, Buffer.alloc(extra)]));
      expect(await asyncRefusal(() => openVectors(path))).toBe("CORRUPT_FILE");
    }
    for (let length = bytes.length - 1; length >= 0; length--) {
      truncateSync(path, length);
      const code = length === 0 ? "EMPTY_INPUT" : "CORRUPT_FILE";
      expect(await asyncRefusal(() => openVectors(path)), `${length} bytes`).toBe(code);
    }
  });
});

describe("Pith files", () => {
  test("bring their ids", async () => {
    await using source = await openVectors(golden("vectors-f16-strings"));
    expect(source).toMatchObject({ format: "pith", dtype: "f16", count: 5, dim: 5 });
    expect((await source.ids())?.toArray()).toEqual(STRINGS);
  });

  test("give the originals that are kept beside codes", async () => {
    await using source = await openVectors(golden("codes-everything"), { tensor: "vectors" });
    expect((await gather(source)).data.slice(0, 3)).toEqual([-2.75, -1, 0.75]);
  });

  test("of codes alone are refused, and so are other names", async () => {
    expect(await asyncRefusal(() => openVectors(golden("codes-int8")))).toBe("UNSUPPORTED_FORMAT");
    await expect(openVectors(golden("codes-int8"))).rejects.toThrow(/codes of "int8", and no vectors/);
    expect(await asyncRefusal(() => openVectors(golden("codes-everything"), { tensor: "codes" }))).toBe(
      "INVALID_ARGUMENT",
    );
  });

  test("are verified", async () => {
    const bytes = readFileSync(golden("vectors-f32"));
    bytes[bytes.length - 1] ^= 1;
    const path = join(folder, "flipped");
    writeFileSync(path, bytes);
    expect(await asyncRefusal(() => openVectors(path))).toBe("CHECKSUM_MISMATCH");
    await using source = await openVectors(path, { verify: "header" });
    expect(await asyncRefusal(() => gather(source))).toBe("CHECKSUM_MISMATCH");
  });
});

describe("plain safetensors", () => {
  const file = (name: string, specs: [string, Dtype, number[]][]): string => {
    let at = 0;
    const tensors = specs.map(([tensor, dtype, shape]) => {
      const begin = at;
      at += shape.reduce((a, b) => a * b, DTYPE_BYTES[dtype]);
      return { name: tensor, dtype, shape, begin, end: at };
    });
    const path = join(folder, name);
    writeFileSync(
      path,
      Buffer.concat([serializeHeader(new Map([["framework", "pt"]]), tensors, 8), Buffer.alloc(at, 1)]),
    );
    return path;
  };
  const open = async (path: string, options?: VectorsOptions): Promise<string> => {
    await using source = await openVectors(path, options);
    return `${source.dtype} ${source.count} x ${source.dim}`;
  };

  test("with one matrix among others", async () => {
    const path = file("one", [
      ["bias", "F32", [4]],
      ["rows", "F16", [2, 4]],
      ["cube", "F32", [2, 2, 2]],
      ["whole", "I64", [2, 2]],
    ]);
    expect(await open(path)).toBe("f16 2 x 4");
    expect(await open(path, { tensor: "rows" })).toBe("f16 2 x 4");
    for (const tensor of ["bias", "cube", "whole", "absent"])
      expect(await asyncRefusal(() => openVectors(path, { tensor })), tensor).toBe("UNSUPPORTED_FORMAT");
  });

  test("with several matrices, one has to be named", async () => {
    const path = file("several", [
      ["a", "F32", [2, 4]],
      ["b", "F16", [3, 5]],
    ]);
    await expect(openVectors(path)).rejects.toMatchObject({
      code: "INVALID_ARGUMENT",
      details: { known: ["a", "b"] },
    });
    expect(await open(path, { tensor: "b" })).toBe("f16 3 x 5");
  });

  test.each<[string, [string, Dtype, number[]][], string]>([
    ["nothing", [], "UNSUPPORTED_FORMAT"],
    ["no matrix", [["a", "F32", [4]]], "UNSUPPORTED_FORMAT"],
    ["doubles", [["a", "F64", [2, 2]]], "UNSUPPORTED_FORMAT"],
    ["bfloat16", [["a", "BF16", [2, 2]]], "UNSUPPORTED_FORMAT"],
    ["dim 0", [["a", "F32", [2, 0]]], "DIM_UNSUPPORTED"],
    ["dim 65,537", [["a", "F16", [1, 65_537]]], "DIM_UNSUPPORTED"],
  ])("with %s is refused", async (name, specs, code) => {
    expect(await asyncRefusal(() => openVectors(file(name, specs)))).toBe(code);
  });
});

describe("anything else", () => {
  test.each([
    ["text", "one\ntwo\nthree\n", "UNSUPPORTED_FORMAT"],
    ["zeros", Buffer.alloc(100), "UNSUPPORTED_FORMAT"],
    ["three bytes", "abc", "CORRUPT_FILE"],
    ["nothing", "", "EMPTY_INPUT"],
  ])("%s", async (name, content, code) => {
    const path = join(folder, name);
    writeFileSync(path, content);
    expect(await asyncRefusal(() => openVectors(path))).toBe(code);
  });

  test("folders and missing files", async () => {
    expect(await asyncRefusal(() => openVectors(folder))).toBe("NOT_A_FILE");
    expect(await asyncRefusal(() => openVectors(join(folder, "absent.npy")))).toBe("FILE_NOT_FOUND");
  });
});

describe("plans of matrices", () => {
  const path = join(folder, "plan");
  test.each<[string, object, string]>([
    ["dim 0", { dim: 0, count: 1 }, "DIM_UNSUPPORTED"],
    ["a fraction of a row", { dim: 1, count: 0.5 }, "INVALID_ARGUMENT"],
    ["minus one row", { dim: 1, count: -1 }, "INVALID_ARGUMENT"],
    ["2^52 rows", { dim: 384, count: 2 ** 52 }, "INVALID_ARGUMENT"],
    ["doubles", { dim: 1, count: 1, dtype: "f64" }, "INVALID_ARGUMENT"],
  ])("with %s are refused", async (_, plan, code) => {
    expect(await asyncRefusal(() => createNpyFile(path, plan as never))).toBe(code);
    expect(await asyncRefusal(() => createSafetensorsFile(path, plan as never))).toBe(code);
    expect(leftovers(folder)).toEqual([]);
  });

  test("name a tensor", async () => {
    for (const tensor of ["__metadata__", "\ud800"])
      expect(await asyncRefusal(() => createSafetensorsFile(path, { dim: 1, count: 1, tensor }))).toBe(
        "INVALID_ARGUMENT",
      );
    const writer = await createSafetensorsFile(path, { dim: 1, count: 1, tensor: "a\nb" });
    await writer.write(rows(1, 1));
    await writer.commit();
    await using source = await openVectors(path, { tensor: "a\nb" });
    expect(source.count).toBe(1);
  });
});

test("ids and vectors of a file written here", async () => {
  const path = join(folder, "with-ids");
  const ids = IdColumn.from([3n, 1n]);
  const v = rows(2, 4);
  const tensors = {
    ...ids.tensors(),
    vectors: { dtype: "F32", shape: [2, 4], bytes: rowsToBytes(v, "F32") },
  } as const;
  await (
    await createPithFile(path, { kind: "vectors", dim: 4, count: 2, idType: ids.type, tensors })
  ).commit();
  await using source = await openVectors(path);
  expect((await source.ids())?.toArray()).toEqual([3n, 1n]);
  expect((await gather(source)).data).toEqual([...v.data]);
});
