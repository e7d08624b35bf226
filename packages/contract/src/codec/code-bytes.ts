/** Codes as plain bytes: copies, comparisons and joins that know about the planes of progressive codecs. */
import type { Codes } from "@pith/codec-core";

type Plane = { readonly bytes: Uint8Array; readonly stride: number };

function planes(c: Codes): Plane[] {
  return [{ bytes: c.bytes, stride: c.stride }, ...(c.planes ?? [])];
}

/** Same shape over other bytes: `map` gets each plane. */
export function mapCodes(c: Codes, count: number, map: (plane: Plane) => Uint8Array): Codes {
  const [bytes, ...rest] = planes(c).map(map);
  const out: Codes = { bytes, stride: c.stride, count };
  return c.planes ? { ...out, planes: c.planes.map((p, i) => ({ bytes: rest[i], stride: p.stride })) } : out;
}

/** Exactly the bytes of the codes in memory of their own: nothing that hides beside them comes along. */
export function copyCodes(c: Codes): Codes {
  return mapCodes(c, c.count, (p) => Uint8Array.from(p.bytes));
}

/** The same bytes at an odd offset of a larger buffer, between guards. */
export function unalignedCodes(c: Codes, offset = 3): Codes {
  return mapCodes(c, c.count, (p) => {
    const room = new Uint8Array(p.bytes.length + offset + 5).fill(0xa5);
    room.set(p.bytes, offset);
    return room.subarray(offset, offset + p.bytes.length);
  });
}

export function sharedCodes(c: Codes): Codes {
  return mapCodes(c, c.count, (p) => {
    const out = new Uint8Array(new SharedArrayBuffer(p.bytes.length));
    out.set(p.bytes);
    return out;
  });
}

/** Codes at the given rows, in that order. */
export function pickCodes(c: Codes, rows: readonly number[]): Codes {
  return mapCodes(c, rows.length, ({ bytes, stride }) => {
    const out = new Uint8Array(rows.length * stride);
    rows.forEach((row, i) => {
      out.set(bytes.subarray(row * stride, (row + 1) * stride), i * stride);
    });
    return out;
  });
}

/** All planes one after another: what encodeInto writes. */
export function flatBytes(c: Codes): Uint8Array {
  const parts = planes(c).map((p) => p.bytes);
  const out = new Uint8Array(parts.reduce((sum, p) => sum + p.length, 0));
  let at = 0;
  for (const part of parts) {
    out.set(part, at);
    at += part.length;
  }
  return out;
}

/** Bytes of one code over all planes. */
export function fullStride(c: Codes): number {
  return planes(c).reduce((sum, p) => sum + p.stride, 0);
}
