/** CRC-32C (Castagnoli, RFC 3720) as eight lower-case hex digits: the form that stands in a file's metadata. */
import { kernels } from "../kernels/backend.ts";

const HEX = /^[0-9a-f]{8}$/;
const ZEROS = new TextEncoder().encode("00000000");

export function crcHex(crc: number): string {
  return (crc >>> 0).toString(16).padStart(8, "0");
}

export function isCrcHex(text: unknown): text is string {
  return typeof text === "string" && HEX.test(text);
}

export function crc32c(bytes: Uint8Array, crc: number = 0): number {
  return kernels().crc32c(bytes, crc) >>> 0;
}

/** CRC-32C of a header whose own eight digits, which begin at `digitsAt`, count as zeros. */
export function headerCrc(header: Uint8Array, digitsAt: number): string {
  const before = crc32c(header.subarray(0, digitsAt));
  return crcHex(crc32c(header.subarray(digitsAt + ZEROS.length), crc32c(ZEROS, before)));
}
