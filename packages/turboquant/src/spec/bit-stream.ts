/**
 * Numbers of 1 to 8 bits as one contiguous stream, least significant bit first: number j takes bits j * bits and on,
 * bit i of the stream is bit i % 8 of byte floor(i / 8). Unused bits of the last byte are zero.
 */

/** Writes `values` (each below 2^bits) into `out`, which is all zero and long enough. */
export function packBits(values: Uint8Array, bits: number, out: Uint8Array): void {
  let held = 0;
  let count = 0;
  let at = 0;
  for (const value of values) {
    held |= value << count;
    count += bits;
    if (count >= 8) {
      out[at++] = held; // a store keeps the low 8 bits
      held >>>= 8;
      count -= 8;
    }
  }
  if (count > 0) out[at] = held;
}

/** Reads `out.length` numbers of `bits` bits. */
export function unpackBits(bytes: Uint8Array, bits: number, out: Uint8Array): void {
  const mask = (1 << bits) - 1;
  let held = 0;
  let count = 0;
  let at = 0;
  for (let j = 0; j < out.length; j++) {
    if (count < bits) {
      held |= bytes[at++] << count;
      count += 8;
    }
    out[j] = held & mask;
    held >>>= bits;
    count -= bits;
  }
}

/** Whether a bit after the first `used` ones is set. */
export function hasTailBits(bytes: Uint8Array, used: number): boolean {
  return used % 8 !== 0 && bytes[bytes.length - 1] >> (used % 8) !== 0;
}
