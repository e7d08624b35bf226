/** 64-bit integers over bytes of a file: a view where the bytes are aligned, else a copy. */
export function int64View(bytes: Uint8Array): BigInt64Array {
  const aligned = bytes.byteOffset % 8 === 0 ? bytes : new Uint8Array(bytes);
  return new BigInt64Array(aligned.buffer, aligned.byteOffset, bytes.length / 8);
}
