/**
 * CRC-32C (Castagnoli, reflected polynomial 0x82f63b78), the checksum of iSCSI and ext4. Eight bytes a step by
 * eight tables: table[k][b] is the CRC of byte b followed by k zero bytes.
 * Source: Kounavis, Berry: "Novel table lookup-based algorithms for high-performance CRC generation", 2008.
 */
const TABLES: Uint32Array = /* @__PURE__ */ tables();

function tables(): Uint32Array {
  const out = new Uint32Array(8 * 256);
  for (let b = 0; b < 256; b++) {
    let crc = b;
    for (let bit = 0; bit < 8; bit++) crc = (crc >>> 1) ^ (0x82f63b78 & -(crc & 1));
    out[b] = crc;
  }
  for (let at = 256; at < out.length; at++) out[at] = (out[at - 256] >>> 8) ^ out[out[at - 256] & 0xff];
  return out;
}

/** CRC-32C of `bytes`, continuing from `crc` (0 to begin); an unsigned 32-bit number. */
export function crc32c(bytes: Uint8Array, crc: number): number {
  const t = TABLES;
  let c = ~crc;
  let i = 0;
  for (; i + 8 <= bytes.length; i += 8) {
    const low = c ^ (bytes[i] | (bytes[i + 1] << 8) | (bytes[i + 2] << 16) | (bytes[i + 3] << 24));
    c =
      t[1792 + (low & 0xff)] ^
      t[1536 + ((low >>> 8) & 0xff)] ^
      t[1280 + ((low >>> 16) & 0xff)] ^
      t[1024 + (low >>> 24)] ^
      t[768 + bytes[i + 4]] ^
      t[512 + bytes[i + 5]] ^
      t[256 + bytes[i + 6]] ^
      t[bytes[i + 7]];
  }
  for (; i < bytes.length; i++) c = (c >>> 8) ^ t[(c ^ bytes[i]) & 0xff];
  return ~c >>> 0;
}
