/**
 * One code as one string of a JSON payload:
 *
 *   base64( version u8 = 1 | crc u32 | row u32 | code )
 *
 * little-endian, standard alphabet, padded. `crc` is the CRC-32C of the point's id as text (UTF-8), `row` and `code`: damage
 * shows, and so does an envelope that has come to another point. `row` is the code's place in the file that it came
 * from, 2^32 - 1 for none. Nine bytes before the code make 12 characters whatever the code's length, so that with the field
 * `"_pith":""` and its braces a payload is 24 bytes longer than the base64 of the code.
 */
import { kernels, PithError, quote } from "@pith/codec-core";
import type { PointId } from "./database.ts";

/** The one field that an envelope takes in a payload. */
export const ENVELOPE_FIELD = "_pith";
/** The field with the caller's id, where the point's id doesn't give it back. */
export const ORIGINAL_FIELD = "_pith_id";
/** The row of a code that has no place in a file. */
export const NO_ROW: number = 2 ** 32 - 1;

const VERSION = 1;
const HEAD_BYTES = 9;
const BASE64 = /^(?:[A-Za-z0-9+/]{4})*(?:[A-Za-z0-9+/]{2}==|[A-Za-z0-9+/]{3}=)?$/;

export interface OpenedCode {
  /** 0 to 2^32 - 1. */
  readonly row: number;
  readonly code: Uint8Array;
}

/** The envelope of a code (which may be empty) at a point. `row` is an integer from 0 to 2^32 - 1. */
export function sealCode(id: PointId, row: number, code: Uint8Array): string {
  const bytes = Buffer.alloc(HEAD_BYTES + code.length);
  bytes[0] = VERSION;
  bytes.writeUInt32LE(row, 5);
  bytes.set(code, HEAD_BYTES);
  bytes.writeUInt32LE(checksum(id, bytes), 1);
  return bytes.toString("base64");
}

/**
 * The code of an envelope, `stride` bytes. Total: whatever the database gives back, a code or a typed error that names the point.
 * @throws CORRUPT_CODES, VERSION_UNSUPPORTED, CODEC_MISMATCH (another length), CHECKSUM_MISMATCH
 */
export function openCode(id: PointId, envelope: unknown, stride: number): OpenedCode {
  const point = `point ${quote(String(id))}`;
  if (envelope === undefined || envelope === null)
    throw new PithError("CORRUPT_CODES", `${point} has no field ${ENVELOPE_FIELD}`, { id });
  if (typeof envelope !== "string" || !BASE64.test(envelope) || envelope.length < 12)
    throw new PithError("CORRUPT_CODES", `${point}: ${ENVELOPE_FIELD} is no envelope in base64`, { id });
  const bytes = Buffer.from(envelope, "base64");
  // Base64 with bits beyond its end has several spellings of the same bytes; one is written.
  if (bytes.toString("base64") !== envelope)
    throw new PithError("CORRUPT_CODES", `${point}: ${ENVELOPE_FIELD} isn't base64 as encoders write it`, {
      id,
    });
  if (bytes[0] !== VERSION)
    throw new PithError(
      "VERSION_UNSUPPORTED",
      `${point}: an envelope of version ${bytes[0]}, expected ${VERSION}`,
      {
        id,
        expected: VERSION,
        actual: bytes[0],
      },
    );
  const expected = bytes.readUInt32LE(1);
  const actual = checksum(id, bytes);
  if (actual !== expected)
    throw new PithError(
      "CHECKSUM_MISMATCH",
      `${point}: the checksum of its code is ${hex(actual)}, its envelope says ${hex(expected)}`,
      {
        id,
        expected: hex(expected),
        actual: hex(actual),
      },
    );
  if (bytes.length !== HEAD_BYTES + stride)
    throw new PithError(
      "CODEC_MISMATCH",
      `${point}: expected a code of ${stride} bytes, got ${bytes.length - HEAD_BYTES}`,
      {
        id,
        expected: stride,
        actual: bytes.length - HEAD_BYTES,
      },
    );
  return {
    row: bytes.readUInt32LE(5),
    code: new Uint8Array(bytes.buffer, bytes.byteOffset + HEAD_BYTES, stride),
  };
}

/** Of the id, and of what stands behind the place of the checksum itself. */
function checksum(id: PointId, envelope: Uint8Array): number {
  const { crc32c } = kernels();
  return crc32c(envelope.subarray(5), crc32c(Buffer.from(String(id), "utf8"), 0)) >>> 0;
}

function hex(crc: number): string {
  return crc.toString(16).padStart(8, "0");
}
