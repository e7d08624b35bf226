import { isPithError } from "@pith/codec-core";
import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { ENVELOPE_FIELD, NO_ROW, openCode, sealCode } from "../../src/remote/envelope.ts";

const ID = "b5a1794c-0aed-572d-bdf5-b8204f6656bf";
const CODE = Uint8Array.from({ length: 20 }, (_, i) => 7 * i);

function refusal(envelope: unknown, stride: number = CODE.length): { code: string; message: string } {
  try {
    openCode(ID, envelope, stride);
  } catch (error) {
    if (isPithError(error)) return error;
    throw error;
  }
  throw new Error("it was taken");
}

describe("envelopes", () => {
  test("row and code come back, whatever they are", () => {
    const id = fc.oneof(fc.uuid(), fc.maxSafeInteger().map(Math.abs));
    fc.assert(
      fc.property(
        id,
        fc.integer({ min: 0, max: NO_ROW }),
        fc.uint8Array({ maxLength: 300 }),
        (point, row, code) => {
          expect(openCode(point, sealCode(point, row, code), code.length)).toEqual({ row, code });
        },
      ),
    );
  });

  test("a payload takes 24 bytes more than the base64 of its code", () => {
    for (let length = 0; length < 400; length++) {
      const payload = JSON.stringify({ [ENVELOPE_FIELD]: sealCode(ID, length, new Uint8Array(length)) });
      expect(payload.length).toBe(4 * Math.ceil(length / 3) + 24);
    }
  });

  test("the bytes are those that the docs say", () => {
    // CRC-32C of "7", row 1 and the code 255.
    expect(Buffer.from(sealCode(7, 1, Uint8Array.of(255)), "base64").toString("hex")).toBe(
      "01699af70101000000ff",
    );
  });

  test("any change of a character is refused", () => {
    const good = sealCode(ID, 3, CODE);
    for (let at = 0; at < good.length; at++)
      for (const c of "Aa0/+=") {
        const bad = good.slice(0, at) + c + good.slice(at + 1);
        if (bad !== good) expect(refusal(bad).message).toContain(ID);
      }
  });

  test("anything at all is an envelope or a typed error", () => {
    fc.assert(
      fc.property(fc.oneof(fc.anything(), fc.base64String()), (envelope) => {
        expect(refusal(envelope).code).toMatch(
          /^(CORRUPT_CODES|VERSION_UNSUPPORTED|CHECKSUM_MISMATCH|CODEC_MISMATCH)$/,
        );
      }),
    );
  });

  test("each fault has its code and names the point", () => {
    const good = Buffer.from(sealCode(ID, 3, CODE), "base64");
    const newer = Uint8Array.from(good);
    newer[0] = 2;
    const flipped = Uint8Array.from(good);
    flipped[15] ^= 1;
    const text = (bytes: Uint8Array): string => Buffer.from(bytes).toString("base64");
    expect(refusal(undefined)).toMatchObject({
      code: "CORRUPT_CODES",
      message: `point "${ID}" has no field _pith`,
    });
    expect(refusal("not base64!")).toMatchObject({ code: "CORRUPT_CODES" });
    expect(refusal("")).toMatchObject({ code: "CORRUPT_CODES" });
    expect(refusal(text(newer))).toMatchObject({
      code: "VERSION_UNSUPPORTED",
      message: expect.stringContaining(ID),
    });
    expect(refusal(text(flipped))).toMatchObject({
      code: "CHECKSUM_MISMATCH",
      message: expect.stringContaining(ID),
    });
    expect(refusal(text(good), 21)).toMatchObject({
      code: "CODEC_MISMATCH",
      message: expect.stringContaining(ID),
    });
    // Cut short is damage, not another codec: the checksum says so.
    expect(refusal(text(good.subarray(0, 20)))).toMatchObject({ code: "CHECKSUM_MISMATCH" });
  });

  test("an envelope of another point is refused", () => {
    expect(() => openCode(8, sealCode(7, 1, CODE), CODE.length)).toThrow(
      expect.objectContaining({ code: "CHECKSUM_MISMATCH" }),
    );
  });
});
