import { type Codec, CodecRegistry, canonicalJson, kernels } from "@pith/codec-core";
import { int8 } from "@pith/int8";
import { turboquant } from "@pith/turboquant";
import { describe, expect, test } from "vitest";
import { defaultCodecs } from "../../src/remote/codecs.ts";
import {
  fingerprint,
  type Manifest,
  PART_CHARS,
  readManifest,
  sameCodec,
  writeManifest,
} from "../../src/remote/manifest.ts";
import { seeded } from "./inputs.ts";

const dim = 16;
const learned = turboquant.train?.(seeded(2000, dim), { dim, metric: "dot" }) as Codec;
const manifest = (codec: Codec): Manifest => ({
  plan: { mode: "sidecar", dim, metric: codec.metric, codec, native: { width: 32, on: true, none: null } },
  ids: "string",
});
const [text] = writeManifest(manifest(learned));

/** With a right checksum. */
function sealed(members: object): string {
  const json = canonicalJson(members as never);
  return `1.${(kernels().crc32c(Buffer.from(json), 0) >>> 0).toString(16).padStart(8, "0")}.${json}`;
}

describe("manifests", () => {
  test("codec, mode, ids and settings come back, learned state to the last bit", async () => {
    const { plan, ids } = await readManifest(writeManifest(manifest(learned)), defaultCodecs);
    expect(plan).toMatchObject({
      mode: "sidecar",
      dim,
      metric: "dot",
      native: { width: 32, on: true, none: null },
    });
    expect(ids).toBe("string");
    expect(sameCodec(plan.codec, learned)).toBe(true);
    expect(plan.codec.state()).toEqual(learned.state());
  });

  test("a large one is cut into parts, and they are put together", async () => {
    const wide = turboquant.train?.(seeded(2000, 400), { dim: 400 }) as Codec;
    const state = { ...wide, state: () => wide.state() };
    const parts = writeManifest({ ...manifest(state as Codec), plan: { ...manifest(wide).plan, dim: 400 } });
    expect(parts.every((part) => part.length <= PART_CHARS)).toBe(true);
    const halves = parts.flatMap((part) => [part.slice(0, 100), part.slice(100)]);
    expect(sameCodec((await readManifest(halves, defaultCodecs)).plan.codec, wide)).toBe(true);
  });

  test("codecs differ by options, metric and what they learned", () => {
    const other = turboquant.train?.(seeded(2000, dim, 2), { dim, metric: "dot" }) as Codec;
    const all = [
      learned,
      other,
      turboquant.create({ dim, metric: "dot" }),
      int8.create({ dim }),
      int8.create({ dim, metric: "dot" }),
    ];
    expect(new Set(all.map(fingerprint)).size).toBe(all.length);
    expect(fingerprint(int8.create({ dim }))).toBe(fingerprint(int8.create({ dim })));
  });

  test("a flipped character is refused, wherever it is", async () => {
    for (let at = 0; at < text.length; at += 37) {
      const bad = text.slice(0, at) + String.fromCharCode(text.charCodeAt(at) ^ 1) + text.slice(at + 1);
      await expect(readManifest([bad], defaultCodecs)).rejects.toMatchObject({
        code: expect.stringMatching(/^(CORRUPT_FILE|CHECKSUM_MISMATCH|VERSION_UNSUPPORTED)$/),
      });
    }
  });

  for (const [name, parts, code] of [
    ["no parts", [], "CORRUPT_FILE"],
    ["a part that is missing", [text.slice(0, 50), undefined, text.slice(50)], "CORRUPT_FILE"],
    ["parts in another order", [text.slice(50), text.slice(0, 50)], "CORRUPT_FILE"],
    ["one cut short", [text.slice(0, -1)], "CHECKSUM_MISMATCH"],
    ["a newer one", ["2.whatever"], "VERSION_UNSUPPORTED"],
    ["another mode", [sealed({ codec: "", ids: "row", mode: "else", native: {} })], "CORRUPT_FILE"],
    [
      "ids of another type",
      [sealed({ codec: "", ids: "else", mode: "payload", native: {} })],
      "CORRUPT_FILE",
    ],
    [
      "settings that are none",
      [sealed({ codec: "", ids: "row", mode: "payload", native: [] })],
      "CORRUPT_FILE",
    ],
    ["no codec", [sealed({ codec: "", ids: "row", mode: "payload", native: {} })], "EMPTY_INPUT"],
    ["JSON that is no object", [sealed([] as never)], "CORRUPT_FILE"],
  ] as const)
    test(`refused: ${name}`, async () => {
      await expect(readManifest(parts, defaultCodecs)).rejects.toMatchObject({ code });
    });

  test("a codec that the reader doesn't have is named", async () => {
    await expect(readManifest([text], new CodecRegistry({ int8: () => int8 }))).rejects.toMatchObject({
      code: "UNKNOWN_CODEC",
    });
  });
});
