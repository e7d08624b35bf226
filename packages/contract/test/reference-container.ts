/** A small container that keeps the contract: a version, named byte arrays as JSON, and a checksum over all of it. */
import { canonicalJson, kernels, PithError } from "@pith/codec-core";

export type Parts = { readonly [name: string]: Uint8Array };

const MAGIC = "PARTS";
const HEAD = MAGIC.length + 5;

export function writeParts(parts: Parts): Uint8Array {
  const lists = Object.fromEntries(Object.entries(parts).map(([name, bytes]) => [name, [...bytes]]));
  const body = new TextEncoder().encode(canonicalJson(lists));
  const out = new Uint8Array(HEAD + body.length);
  new TextEncoder().encodeInto(MAGIC, out);
  out[MAGIC.length] = 1;
  out.set(body, HEAD);
  new DataView(out.buffer).setUint32(MAGIC.length + 1, checksum(out));
  return out;
}

export function readParts(bytes: Uint8Array): Parts {
  if (bytes.length < HEAD || new TextDecoder().decode(bytes.slice(0, MAGIC.length)) !== MAGIC)
    throw new PithError("UNSUPPORTED_FORMAT", "not a file of parts");
  if (bytes[MAGIC.length] > 1) throw new PithError("VERSION_UNSUPPORTED", "newer than this reader");
  const stored = new DataView(bytes.buffer, bytes.byteOffset).getUint32(MAGIC.length + 1);
  if (stored !== checksum(bytes)) throw new PithError("CHECKSUM_MISMATCH", "the bytes were changed");
  const lists = JSON.parse(new TextDecoder().decode(bytes.slice(HEAD))) as { [name: string]: number[] };
  return Object.fromEntries(Object.entries(lists).map(([name, list]) => [name, Uint8Array.from(list)]));
}

export function newerParts(bytes: Uint8Array): Uint8Array {
  const out = bytes.slice();
  out[MAGIC.length] = 2;
  return out;
}

/** Of everything but the checksum itself. */
function checksum(bytes: Uint8Array): number {
  const { crc32c } = kernels();
  return crc32c(bytes.slice(HEAD), crc32c(bytes.slice(0, MAGIC.length + 1), 0));
}
