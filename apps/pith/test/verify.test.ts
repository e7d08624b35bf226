import { type PithContents, serializePith } from "@pith/codec-core";
import { describe, expect, test } from "vitest";
import { changed, int8Contents, npy, pithVectors, put, randomVectors, tiny } from "./inputs.ts";
import { expectFailure, folder, json, text } from "./pith.ts";

const ids = ["a", "b", "c", "d"];
const full: PithContents = int8Contents(tiny, { ids, originals: true });
/** Bytes of a code of `tiny`: three elements and a scale. */
const STRIDE = 7;

interface Inspection {
  tensors: { name: string; offset: number; bytes: number }[];
}

async function expectFault(contents: Uint8Array, code: string, line: RegExp): Promise<void> {
  const cwd = folder();
  put(cwd, { "a.pith": contents });
  await expectFailure(cwd, ["verify", "a.pith"], 2, code, line);
}

describe("pith verify", () => {
  test("a good file: one line", async () => {
    const cwd = folder();
    put(cwd, { "a.pith": serializePith(full), "v.pith": pithVectors(tiny, [1, 2, 3, 4]) });
    expect(await text(["verify", "a.pith"], { cwd })).toBe("a.pith: good, int8, 4 x 3\n");
    expect(await text(["verify", "v.pith"], { cwd })).toBe("v.pith: good, vectors, 4 x 3\n");
  });

  test("--json says what was checked", async () => {
    const cwd = folder();
    put(cwd, { "a.pith": serializePith(full) });
    expect(await json(["verify", "a.pith"], { cwd })).toEqual({
      file: "a.pith",
      ok: true,
      kind: "codes",
      codec: "int8",
      dim: 3,
      count: 4,
      checks: ["structure", "metadata", "checksums", "codec state", "codes", "vectors", "ids"],
    });
  });

  test("what the command itself writes is good, in several blocks too", async () => {
    const cwd = folder();
    put(cwd, { "in.npy": npy(randomVectors(20_000, 5, 1)) });
    for (const metric of ["cosine", "dot", "l2"]) {
      await text(["compress", "in.npy", "-o", "a.pith", "--metric", metric, "--keep", "f16"], { cwd });
      expect(await text(["verify", "a.pith"], { cwd })).toContain(": good, int8, 20,000 x 5");
    }
  });

  for (const [tensor, contents] of [
    ["codes", full],
    ["vectors", full],
    ["ids.offsets", full],
    ["ids.utf8", full],
    ["ids", int8Contents(tiny, { ids: [4, 3, 2, 1] })],
  ] as const)
    test(`finds a flipped bit in any byte of ${tensor}`, async () => {
      const cwd = folder();
      const good = serializePith(contents);
      put(cwd, { "good.pith": good });
      const { tensors } = await json<Inspection>(["inspect", "good.pith"], { cwd });
      const place = tensors.find(({ name }) => name === tensor);
      if (!place) throw new Error(`no tensor ${tensor}`);
      for (const at of [place.offset, place.offset + place.bytes - 1]) {
        const flipped = Uint8Array.from(good);
        flipped[at] ^= 0x10;
        await expectFault(flipped, "CHECKSUM_MISMATCH", new RegExp(`"a\\.pith": tensor "${tensor}"`));
      }
    });

  test("finds a flipped bit between tensors", async () => {
    const bytes = serializePith(full);
    const contents = readPads(bytes);
    expect(contents.length).toBeGreaterThan(0);
    bytes[contents[0]] ^= 1;
    await expectFault(bytes, "CHECKSUM_MISMATCH", /_pad/);
  });

  test("finds a flipped letter in the header", async () => {
    const bytes = serializePith(full);
    bytes[Buffer.from(bytes).indexOf('"metric":"dot"') + 12] ^= 1;
    await expectFault(bytes, "CHECKSUM_MISMATCH", /the header/);
  });

  test("finds ids that repeat, with right checksums", async () => {
    const twice = int8Contents(tiny, { ids: ["a", "b", "c", "b"] });
    await expectFault(serializePith(twice), "DUPLICATE_ID", /"a\.pith": the id "b" stands in rows 1 and 3/);
  });

  test("finds ids that aren't UTF-8, with right checksums", async () => {
    const contents = changed(full, "ids.utf8", (bytes) => bytes.set([0xff], 2));
    await expectFault(serializePith(contents), "CORRUPT_FILE", /ids\.utf8: not UTF-8/);
  });

  test("finds ids whose offsets go back, with right checksums", async () => {
    const contents = changed(full, "ids.offsets", (_, view) => view.setBigInt64(16, 0n, true));
    await expectFault(serializePith(contents), "CORRUPT_FILE", /ids\.offsets: goes back after row 1/);
  });

  test("finds the code -128, which no encoder writes, with right checksums", async () => {
    const contents = changed(full, "codes", (bytes) => bytes.set([0x80], 2 * STRIDE + 1));
    await expectFault(
      serializePith(contents),
      "CORRUPT_CODES",
      /row 2: expected codes from -127 to 127, got -128/,
    );
  });

  for (const scale of [0, -1, Number.NaN, Infinity])
    test(`finds the scale ${scale}, with right checksums`, async () => {
      const contents = changed(full, "codes", (_, view) => view.setFloat32(3 * STRIDE + 3, scale, true));
      await expectFault(
        serializePith(contents),
        "CORRUPT_CODES",
        new RegExp(`row 3: expected a positive scale, got ${scale}`),
      );
    });

  test("counts rows over the whole file", async () => {
    const v = randomVectors(10_000, 2, 1);
    const contents = changed(int8Contents(v), "codes", (bytes) => bytes.set([0x80], 9_876 * 6 + 1));
    await expectFault(serializePith(contents), "CORRUPT_CODES", /row 9876:/);
  });

  for (const value of [Number.NaN, -Infinity])
    test(`finds ${value} in kept originals, with right checksums`, async () => {
      const contents = changed(full, "vectors", (_, view) => view.setFloat32(4 * (2 * 3 + 1), value, true));
      await expectFault(serializePith(contents), "NOT_FINITE", new RegExp(`got ${value} in row 2, column 1`));
    });

  test("finds NaN in a file of vectors", async () => {
    const v = { ...tiny, data: Float32Array.from(tiny.data) };
    v.data[11] = Number.NaN;
    await expectFault(pithVectors(v), "NOT_FINITE", /row 3, column 2/);
  });

  test("finds learned state where the codec learns nothing", async () => {
    const mean = { dtype: "F32", shape: [1], bytes: new Uint8Array(4) } as const;
    const contents = { ...full, tensors: { ...full.tensors, "state.mean": mean } };
    await expectFault(serializePith(contents), "CORRUPT_FILE", /int8 learns nothing, got the tensor "mean"/);
  });

  test("finds codes that aren't as wide as the codec's", async () => {
    const codes = { dtype: "U8", shape: [4, 8], bytes: new Uint8Array(32) } as const;
    const contents = { ...full, tensors: { ...full.tensors, codes } };
    await expectFault(serializePith(contents), "CORRUPT_FILE", /expected codes of 7 bytes, got 8/);
  });

  test("finds options that the codec doesn't have", async () => {
    const contents = { ...full, codec: { name: "int8", version: 1, params: { bits: 4 } } };
    await expectFault(serializePith(contents), "INVALID_OPTION", /unknown option "bits"/);
  });

  test("checks the codes that a file keeps for rescoring", async () => {
    const { codec, tensors } = full;
    if (!codec) throw new Error("no codec");
    const rescore = { ...full, rescore: codec, tensors: { ...tensors, "rescore.codes": tensors["codes"] } };
    const cwd = folder();
    put(cwd, { "a.pith": serializePith(rescore) });
    const { checks } = await json<{ checks: string[] }>(["verify", "a.pith"], { cwd });
    expect(checks).toContain("rescore.codes");
    const bad = changed(rescore, "rescore.codes", (bytes) => bytes.set([0x80], 0));
    await expectFault(serializePith(bad), "CORRUPT_CODES", /row 0/);
  });
});

/** Places of the first byte of each pad: bytes of the data that no tensor of the content has. */
function readPads(bytes: Uint8Array): number[] {
  const length = Number(Buffer.from(bytes).readBigUInt64LE(0));
  const header = JSON.parse(Buffer.from(bytes.subarray(8, 8 + length)).toString()) as {
    [name: string]: { data_offsets: [number, number] };
  };
  return Object.entries(header).flatMap(([name, { data_offsets }]) =>
    name.startsWith("_pad.") ? [8 + length + data_offsets[0]] : [],
  );
}
