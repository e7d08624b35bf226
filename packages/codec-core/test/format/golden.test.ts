import { createHash } from "node:crypto";
import { readdirSync, readFileSync } from "node:fs";
import { describe, expect, test } from "vitest";
import { codecState, idsOf, parsePith, rescoreState, serializePith } from "../../src/index.ts";
import { BIGINTS, GOLDEN, NUMBERS, STRINGS } from "./golden-contents.ts";
import { refusal } from "./refusal.ts";

const golden = (name: string): Uint8Array =>
  new Uint8Array(readFileSync(new URL(`../golden/${name}.pith.safetensors`, import.meta.url)));

test("the golden files are the ones of SHA256SUMS", () => {
  const sums = readFileSync(new URL("../golden/SHA256SUMS", import.meta.url), "utf8");
  const lines = Object.keys(GOLDEN)
    .sort()
    .map((name) => `${createHash("sha256").update(golden(name)).digest("hex")}  ${name}.pith.safetensors\n`);
  expect(sums).toBe(lines.join(""));
  const files = readdirSync(new URL("../golden/", import.meta.url)).filter((f) => f.endsWith(".safetensors"));
  expect(files.length).toBe(lines.length);
});

describe.each(Object.keys(GOLDEN))("%s", (name) => {
  const bytes = golden(name);

  test("is read as what it holds", () => {
    const { tensors, ...info } = parsePith(bytes);
    const { tensors: expected, ...expectedInfo } = GOLDEN[name];
    expect(info).toEqual(expectedInfo);
    expect(Object.keys(tensors).sort()).toEqual(Object.keys(expected).sort());
    for (const [tensor, { dtype, shape, bytes: own }] of Object.entries(expected))
      expect({ ...tensors[tensor], bytes: [...tensors[tensor].bytes] }, tensor).toEqual({
        dtype,
        shape,
        bytes: [...own],
      });
  });

  test("is written byte for byte", () => {
    expect(Buffer.compare(serializePith(GOLDEN[name]), bytes)).toBe(0);
  });

  test("reads from memory at any offset, and from shared memory", () => {
    const shared = new Uint8Array(new SharedArrayBuffer(bytes.length + 3), 3);
    shared.set(bytes);
    const odd = Buffer.from([9, ...bytes]).subarray(1);
    for (const copy of [shared, odd, new Uint8Array([9, ...bytes]).subarray(1)]) {
      const contents = parsePith(copy);
      expect(serializePith(contents)).toEqual(bytes);
      expect(idsOf(contents)?.toArray()).toEqual(idsOf(GOLDEN[name])?.toArray());
    }
  });

  test("cut at any byte, it is refused", () => {
    for (let length = 0; length < bytes.length; length++)
      expect(
        refusal(() => parsePith(bytes.subarray(0, length))),
        `${length} bytes`,
      ).not.toBe("accepted");
  });

  test("with any bit flipped, it is refused", () => {
    const accepted: string[] = [];
    const flipped = bytes.slice();
    for (let at = 0; at < bytes.length; at++)
      for (let bit = 0; bit < 8; bit++) {
        flipped[at] ^= 1 << bit;
        if (refusal(() => parsePith(flipped)) === "accepted") accepted.push(`byte ${at}, bit ${bit}`);
        flipped[at] ^= 1 << bit;
      }
    expect(accepted).toEqual([]);
  });

  test("with bytes added in front or behind, it is refused", () => {
    for (const extra of [[0], [0x20], [0x7b], new Array(64).fill(0)]) {
      expect(refusal(() => parsePith(new Uint8Array([...bytes, ...extra])))).toBe("CORRUPT_FILE");
      expect(refusal(() => parsePith(new Uint8Array([...extra, ...bytes])))).not.toBe("accepted");
    }
  });
});

test("views of the file's memory, not copies", () => {
  const bytes = golden("codes-int8");
  const { tensors } = parsePith(bytes);
  for (const tensor of Object.values(tensors)) {
    expect(tensor.bytes.buffer).toBe(bytes.buffer);
    expect((tensor.bytes.byteOffset - bytes.byteOffset) % 64).toBe(0);
  }
});

test("ids and states come back", () => {
  const read = (name: string) => parsePith(golden(name));
  expect(idsOf(read("vectors-f16-strings"))?.toArray()).toEqual(STRINGS);
  expect(idsOf(read("vectors-f32-numbers"))?.toArray()).toEqual(NUMBERS);
  expect(idsOf(read("vectors-f32-bigints"))?.toArray()).toEqual(BIGINTS);
  expect(idsOf(read("vectors-f32"))).toBeUndefined();
  expect(idsOf(read("index-empty"))?.length).toBe(0);

  const everything = read("codes-everything");
  expect(codecState(everything)).toMatchObject({
    codec: "int8",
    version: 1,
    dim: 5,
    metric: "cosine",
    params: { group: 5, mode: "vector", signed: true },
    tensors: { mean: { dtype: "F32", shape: [5] }, scalar: { dtype: "F64", shape: [3] } },
  });
  expect(rescoreState(everything)).toMatchObject({ codec: "other.codec", version: 12, params: {} });
  expect(Object.keys(rescoreState(everything).tensors)).toEqual(["basis"]);
  expect(refusal(() => codecState(read("vectors-f32")))).toBe("NOT_SUPPORTED");
  expect(refusal(() => rescoreState(read("codes-int8")))).toBe("NOT_SUPPORTED");
});

test("docs/format.md shows the bytes of a golden file", () => {
  const page = readFileSync(new URL("../../../../docs/format.md", import.meta.url), "utf8");
  const lines = [...page.matchAll(/^([0-9a-f]{8}): ((?:[0-9a-f]{4}(?: |$))+)/gm)];
  lines.forEach(([, at], i) => {
    expect(Number.parseInt(at, 16)).toBe(16 * i);
  });
  const shown = lines.map(([, , hex]) => hex.replaceAll(" ", "")).join("");
  expect(shown).toBe(Buffer.from(golden("vectors-f32")).toString("hex"));
});

test("the format needs no Node", () => {
  const folder = new URL("../../src/format/", import.meta.url);
  const sources = readdirSync(folder).map((name) => new URL(name, folder));
  for (const source of [...sources, new URL("../ids.ts", folder)])
    expect(readFileSync(source, "utf8"), source.pathname).not.toMatch(/from "node:|from "\.\.\/files/);
});
