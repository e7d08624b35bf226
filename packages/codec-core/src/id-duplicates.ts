/**
 * Which ids repeat, in 16 bytes a row: a map from id to row would take a hundred. Each id becomes a number (of strings a hash
 * of 53 bits, FNV-1a in two lanes), the numbers are sorted, and only ids whose number stands twice are compared in full.
 * Strings that share a hash cost time and memory, never a wrong answer.
 */

/** A number for each row; equal ids have equal numbers. */
export function idKeys(
  ids: BigInt64Array | { offsets: BigInt64Array; utf8: Uint8Array },
): BigInt64Array | Float64Array {
  if (ids instanceof BigInt64Array) return ids;
  const { offsets, utf8 } = ids;
  const keys = new Float64Array(offsets.length - 1);
  let at = 0;
  for (let row = 0; row < keys.length; row++) {
    const end = Number(offsets[row + 1]);
    let [a, b] = [0x811c9dc5, 0xdeadbeef];
    for (; at < end; at++) {
      a = Math.imul(a ^ utf8[at], 0x01000193);
      b = Math.imul(b ^ utf8[at], 0x85ebca6b);
      b ^= b >>> 15;
    }
    keys[row] = (a >>> 0) * 2 ** 21 + (b >>> 11);
  }
  return keys;
}

/** Numbers that stand in several rows. */
export function repeated(keys: BigInt64Array | Float64Array): ReadonlySet<bigint | number> {
  const sorted = keys.slice().sort();
  const found = new Set<bigint | number>();
  for (let i = 1; i < sorted.length; i++) if (sorted[i] === sorted[i - 1]) found.add(sorted[i]);
  return found;
}
