import { execFileSync } from "node:child_process";
import { copyFileSync, mkdirSync, readFileSync, symlinkSync, truncateSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { describe, expect, test } from "vitest";
import { createPithFile, openPith, type PithFile, type PithPlan } from "../../src/files/index.ts";
import {
  codecState,
  idsOf,
  type PithContents,
  parsePith,
  rescoreState,
  serializePith,
} from "../../src/index.ts";
import { GOLDEN } from "../format/golden-contents.ts";
import { asyncRefusal } from "../format/refusal.ts";
import { leftovers, scratchFolder } from "./scratch.ts";

const folder = scratchFolder();
const golden = (name: string): string =>
  fileURLToPath(new URL(`../golden/${name}.pith.safetensors`, import.meta.url));

/** The content without its bytes: what a writer knows before the first row. */
function planOf({ tensors, ...info }: PithContents): PithPlan {
  const shapes = Object.entries(tensors).map(([name, { dtype, shape }]) => [name, { dtype, shape }]);
  return { ...info, tensors: Object.fromEntries(shapes) };
}

describe.each(Object.keys(GOLDEN))("%s", (name) => {
  const content = GOLDEN[name];
  const bytes = new Uint8Array(readFileSync(golden(name)));

  test("is written byte for byte, whatever the pieces and their order", async () => {
    for (const size of [1, 7, 64, 1000]) {
      const path = join(folder, `${name}.${size}`);
      const writer = await createPithFile(path, planOf(content));
      expect(writer.fileBytes).toBe(bytes.length);
      const longest = Math.max(...Object.values(content.tensors).map((t) => t.bytes.length));
      // A piece of each tensor in turn, not waiting for the one before.
      const writes: Promise<void>[] = [];
      for (let at = 0; at < longest; at += size)
        for (const [tensor, { bytes: own }] of Object.entries(content.tensors))
          writes.push(writer.write(tensor, own.subarray(at, at + size)));
      await Promise.all(writes);
      await writer.commit();
      expect(readFileSync(path).equals(bytes)).toBe(true);
    }
    const known = join(folder, `${name}.known`);
    await (await createPithFile(known, content)).commit();
    expect(readFileSync(known).equals(bytes)).toBe(true);
    expect(leftovers(folder)).toEqual([]);
  });

  test.each(["full", "header"] as const)("is read in parts (verify: %s)", async (verify) => {
    await using file = await openPith(golden(name), { verify });
    const whole = parsePith(bytes);
    expect({ ...file.info, tensors: 0 }).toEqual({ ...whole, tensors: 0 });
    expect(file.fileBytes).toBe(bytes.length);
    expect(file.tensors.map((t) => t.name)).toEqual(Object.keys(whole.tensors));
    for (const [tensor, { dtype, shape, bytes: own }] of Object.entries(whole.tensors)) {
      expect(file.has(tensor)).toBe(true);
      expect(file.tensor(tensor)).toMatchObject({ dtype, shape });
      expect(file.offset(tensor) % 64).toBe(0);
      expect(Buffer.compare(await file.read(tensor), own)).toBe(0);
      if (shape.length !== 2) {
        expect(await asyncRefusal(() => collect(file, tensor))).toBe("INVALID_ARGUMENT");
        continue;
      }
      const stride = shape[0] === 0 ? 0 : own.length / shape[0];
      for (const blockRows of [1, 2, undefined])
        expect(await collect(file, tensor, { blockRows })).toEqual(
          Array.from({ length: shape[0] }, (_, row) => [
            row,
            [...own.subarray(row * stride, (row + 1) * stride)],
          ]),
        );
      if (shape[0] >= 3)
        expect(await collect(file, tensor, { start: 1, end: 2 })).toEqual([
          [1, [...own.subarray(stride, 2 * stride)]],
        ]);
    }
    expect((await file.ids())?.toArray()).toEqual(idsOf(content)?.toArray());
    if (content.codec) expect(await file.state()).toEqual(codecState(whole));
    else expect(await asyncRefusal(() => file.state())).toBe("NOT_SUPPORTED");
    if (content.rescore) expect(await file.rescoreState()).toEqual(rescoreState(whole));
    else expect(await asyncRefusal(() => file.rescoreState())).toBe("NOT_SUPPORTED");
  });

  test("cut at any byte, it doesn't open", async () => {
    const path = join(folder, `${name}.cut`);
    writeFileSync(path, bytes);
    for (let length = bytes.length - 1; length >= 0; length--) {
      truncateSync(path, length);
      expect(await asyncRefusal(() => openPith(path, { verify: "header" })), `${length} bytes`).not.toBe(
        "accepted",
      );
    }
    expect(await asyncRefusal(() => openPith(path))).toBe("EMPTY_INPUT");
  });
});

async function collect(file: PithFile, tensor: string, range = {}): Promise<[number, number[]][]> {
  const rows: [number, number[]][] = [];
  for await (const { start, bytes, stride, count } of file.rows(tensor, range)) {
    expect(bytes.length).toBe(count * stride);
    for (let i = 0; i < count; i++) rows.push([start + i, [...bytes.subarray(i * stride, (i + 1) * stride)]]);
  }
  return rows;
}

describe("opening", () => {
  test("what isn't there, or isn't a file", async () => {
    const pipe = join(folder, "pipe");
    execFileSync("mkfifo", [pipe]);
    const loop = join(folder, "loop");
    symlinkSync(loop, loop);
    for (const [path, code] of [
      [join(folder, "absent"), "FILE_NOT_FOUND"],
      [join(golden("vectors-f32"), "below"), "FILE_NOT_FOUND"],
      [folder, "NOT_A_FILE"],
      [pipe, "NOT_A_FILE"],
      ["/dev/null", "NOT_A_FILE"],
      [loop, "IO"],
      [`${folder}/${"x".repeat(300)}`, "IO"],
      ["a\u0000b", "INVALID_ARGUMENT"],
      [fileURLToPath(import.meta.url), "UNSUPPORTED_FORMAT"],
    ])
      expect(await asyncRefusal(() => openPith(path)), path).toBe(code);
  });

  test("the error names the path, in one line", async () => {
    const path = join(folder, "a\nb");
    await expect(openPith(path)).rejects.toThrow(/a\\nb/);
    writeFileSync(path, "short");
    await expect(openPith(path)).rejects.toMatchObject({ code: "CORRUPT_FILE", details: { path } });
  });

  test("limits hold before anything is read", async () => {
    const path = golden("codes-int8");
    expect(await asyncRefusal(() => openPith(path, { limits: { maxBytes: 100 } }))).toBe("LIMIT_EXCEEDED");
    expect(await asyncRefusal(() => openPith(path, { limits: { maxTensors: 2 } }))).toBe("LIMIT_EXCEEDED");
    expect(await asyncRefusal(() => openPith(path, { limits: { maxHeaderBytes: 64 } }))).toBe(
      "LIMIT_EXCEEDED",
    );
  });
});

describe("a flipped bit in a tensor", () => {
  test("is found at once, or when the tensor is read whole", async () => {
    const path = join(folder, "flipped");
    const bytes = readFileSync(golden("codes-everything"));
    const names = Object.keys(GOLDEN["codes-everything"].tensors);
    for (const name of names) {
      let place = 0;
      {
        await using file = await openPith(golden("codes-everything"));
        place = file.offset(name);
      }
      const flipped = Buffer.from(bytes);
      flipped[place] ^= 4;
      writeFileSync(path, flipped);
      expect(await asyncRefusal(() => openPith(path)), name).toBe("CHECKSUM_MISMATCH");
      await using file = await openPith(path, { verify: "header" });
      for (const other of names)
        expect(await asyncRefusal(() => file.read(other)), other).toBe(
          other === name ? "CHECKSUM_MISMATCH" : "accepted",
        );
      if (file.tensor(name).shape.length === 2)
        expect(await asyncRefusal(() => collect(file, name, { blockRows: 1 }))).toBe("CHECKSUM_MISMATCH");
      expect(await asyncRefusal(() => file.verify())).toBe("CHECKSUM_MISMATCH");
    }
  });

  test("in a pad is found by the full check", async () => {
    const path = join(folder, "flipped-pad");
    const flipped = readFileSync(golden("codes-int8"));
    await using whole = await openPith(golden("codes-int8"));
    flipped[whole.offset("state.mean") + 20] = 1;
    writeFileSync(path, flipped);
    expect(await asyncRefusal(() => openPith(path))).toBe("CHECKSUM_MISMATCH");
    expect(await asyncRefusal(async () => (await openPith(path, { verify: "header" })).close())).toBe(
      "accepted",
    );
  });
});

describe("an open file", () => {
  test("refuses tensors and rows that it hasn't", async () => {
    await using file = await openPith(golden("codes-int8"));
    expect(file.has("vectors")).toBe(false);
    expect(file.has("_pad.0")).toBe(false);
    expect(await asyncRefusal(() => file.read("vectors"))).toBe("INVALID_ARGUMENT");
    await expect(file.read("vectors")).rejects.toThrow(/state.mean, state.scalar, codes/);
    for (const range of [
      { start: -1 },
      { end: 4 },
      { start: 2, end: 1 },
      { start: 0.5 },
      { blockRows: 0 },
      { blockRows: 1.5 },
    ])
      expect(await asyncRefusal(() => collect(file, "codes", range)), JSON.stringify(range)).toBe(
        "INVALID_ARGUMENT",
      );
    expect(await collect(file, "codes", { start: 3 })).toEqual([]);
  });

  test("stops at an abort", async () => {
    await using file = await openPith(golden("codes-int8"));
    const abort = new AbortController();
    const seen: number[] = [];
    const read = async (): Promise<void> => {
      for await (const { start } of file.rows("codes", { blockRows: 1, signal: abort.signal })) {
        seen.push(start);
        abort.abort();
      }
    };
    expect(await asyncRefusal(read)).toBe("ABORTED");
    expect(seen).toEqual([0]);
  });

  test("is of no use once closed; closing twice is fine", async () => {
    const file = await openPith(golden("codes-int8"));
    await file.close();
    await file.close();
    expect(await asyncRefusal(() => file.read("codes"))).toBe("DISPOSED");
    expect(await asyncRefusal(() => collect(file, "codes"))).toBe("DISPOSED");
  });

  test("cut while it is open gives a typed error", async () => {
    const path = join(folder, "cut-open");
    copyFileSync(golden("codes-int8"), path);
    await using file = await openPith(path);
    truncateSync(path, file.offset("codes") + 5);
    expect(await asyncRefusal(() => file.read("codes"))).toBe("CORRUPT_FILE");
  });
});

/** The plan with so many tensors of state more. */
function withStates(plan: PithPlan, count: number, shape: readonly number[]): PithPlan {
  const states = Array.from({ length: count }, (_, i) => [`state.a${i}`, { dtype: "U8", shape }] as const);
  return { ...plan, tensors: { ...plan.tensors, ...Object.fromEntries(states) } };
}

describe("a plan", () => {
  const plan = planOf(GOLDEN["codes-int8"]);
  const path = join(folder, "planned");

  test.each<[string, Partial<PithPlan> | ((p: PithPlan) => PithPlan), string]>([
    ["no codec", ({ codec: _, ...rest }) => rest, "INVALID_ARGUMENT"],
    ["no metric", ({ metric: _, ...rest }) => rest, "INVALID_ARGUMENT"],
    ["no codes", { tensors: {} }, "INVALID_ARGUMENT"],
    ["another count", { count: 4 }, "INVALID_ARGUMENT"],
    ["2^32 rows", { count: 2 ** 32 }, "INVALID_ARGUMENT"],
    ["dim 65,537", { dim: 65_537 }, "INVALID_ARGUMENT"],
    [
      "ids without their type",
      (p) => ({ ...p, tensors: { ...p.tensors, ids: { dtype: "I64", shape: [3] } } }),
      "INVALID_ARGUMENT",
    ],
    ["a type without ids", { idType: "string" }, "INVALID_ARGUMENT"],
    [
      "an unknown tensor",
      (p) => ({ ...p, tensors: { ...p.tensors, extra: { dtype: "U8", shape: [1] } } }),
      "INVALID_ARGUMENT",
    ],
    [
      "a pad",
      (p) => ({ ...p, tensors: { ...p.tensors, "_pad.0": { dtype: "U8", shape: [1] } } }),
      "INVALID_ARGUMENT",
    ],
    [
      "a shape with a fraction",
      (p) => ({ ...p, tensors: { ...p.tensors, "state.a": { dtype: "U8", shape: [1.5] } } }),
      "INVALID_ARGUMENT",
    ],
    [
      "a tensor too large for any file",
      (p) => ({ ...p, tensors: { ...p.tensors, "state.a": { dtype: "F64", shape: [2 ** 40, 2 ** 40] } } }),
      "INVALID_ARGUMENT",
    ],
    [
      "params with NaN",
      { codec: { name: "int8", version: 1, params: { a: Number.NaN } } },
      "INVALID_ARGUMENT",
    ],
    [
      "params nested too deeply",
      { codec: { name: "int8", version: 1, params: JSON.parse(`${'{"a":'.repeat(40)}1${"}".repeat(40)}`) } },
      "INVALID_ARGUMENT",
    ],
    [
      "params of more than 65,536 characters",
      { codec: { name: "int8", version: 1, params: { a: "x".repeat(65_536) } } },
      "INVALID_ARGUMENT",
    ],
    [
      "a header above 16 MiB",
      (p) => withStates(p, 40_000, [0, ...new Array<number>(63).fill(999_999)]),
      "LIMIT_EXCEEDED",
    ],
    ["more than 65,536 tensors", (p) => withStates(p, 65_536, [0]), "LIMIT_EXCEEDED"],
    ["a tensor of 65 dimensions", (p) => withStates(p, 1, new Array<number>(65).fill(1)), "INVALID_ARGUMENT"],
    [
      "bytes of another length",
      (p) => ({
        ...p,
        tensors: { ...p.tensors, codes: { dtype: "U8", shape: [3, 9], bytes: new Uint8Array(26) } },
      }),
      "LENGTH_MISMATCH",
    ],
  ])("with %s is refused, and no file is made", async (_, change, code) => {
    const wrong = typeof change === "function" ? change(plan) : { ...plan, ...change };
    expect(await asyncRefusal(() => createPithFile(path, wrong))).toBe(code);
    expect(leftovers(folder)).toEqual([]);
  });

  test("must be kept: less, more, or another tensor", async () => {
    const { tensors } = GOLDEN["codes-int8"];
    const start = (): ReturnType<typeof createPithFile> => createPithFile(path, plan);
    const less = await start();
    await less.write("codes", tensors["codes"].bytes.subarray(1));
    expect(await asyncRefusal(() => less.commit())).toBe("LENGTH_MISMATCH");
    const more = await start();
    await more.write("codes", tensors["codes"].bytes);
    expect(await asyncRefusal(() => more.write("codes", new Uint8Array(1)))).toBe("LENGTH_MISMATCH");
    expect(await asyncRefusal(() => more.commit())).not.toBe("accepted");
    const other = await start();
    expect(await asyncRefusal(() => other.write("vectors", new Uint8Array(1)))).toBe("INVALID_ARGUMENT");
    expect(leftovers(folder)).toEqual([]);
    expect(await asyncRefusal(() => openPith(path))).toBe("FILE_NOT_FOUND");
  });
});

test("serialising refuses bytes of another length", () => {
  const content = GOLDEN["vectors-f32"];
  const short = { ...content.tensors["vectors"], bytes: new Uint8Array(59) };
  expect(() => serializePith({ ...content, tensors: { vectors: short } })).toThrow(
    /expected 60 bytes, got 59/,
  );
});

test("a folder in the file's place is refused", async () => {
  const path = join(folder, "folder");
  mkdirSync(path);
  expect(await asyncRefusal(() => createPithFile(path, GOLDEN["vectors-f32"]))).toBe("NOT_A_FILE");
});
