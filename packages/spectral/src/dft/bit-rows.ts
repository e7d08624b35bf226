/** Rows of whole numbers as one stream of bits each, the lowest first, padded with zeros to whole bytes. */

/** `widths`: bits of each number of a row, up to 16. */
export function packRows(numbers: Uint16Array, widths: Uint8Array): Uint8Array {
  const stride = rowBytes(widths);
  const out = new Uint8Array((numbers.length / widths.length) * stride);
  let bit = 0;
  numbers.forEach((value, i) => {
    const column = i % widths.length;
    if (column === 0) bit = 8 * stride * (i / widths.length);
    const held = value << (bit % 8);
    for (let b = 0; 8 * b < widths[column] + (bit % 8); b++) out[Math.floor(bit / 8) + b] |= held >>> (8 * b);
    bit += widths[column];
  });
  return out;
}

export function unpackRows(bytes: Uint8Array, widths: Uint8Array): Uint16Array {
  const stride = rowBytes(widths);
  const out = new Uint16Array((bytes.length / stride) * widths.length);
  let bit = 0;
  out.forEach((_, i) => {
    const column = i % widths.length;
    if (column === 0) bit = 8 * stride * (i / widths.length);
    let held = 0;
    for (let b = 0; 8 * b < widths[column] + (bit % 8); b++)
      held |= bytes[Math.floor(bit / 8) + b] << (8 * b);
    out[i] = (held >>> (bit % 8)) & (2 ** widths[column] - 1);
    bit += widths[column];
  });
  return out;
}

export function rowBytes(widths: Uint8Array): number {
  return Math.ceil(widths.reduce((sum, width) => sum + width, 0) / 8);
}
