/** The scalars and other bytes of codes, without decoding: what codes are checked and counted by. */
import { type Codes, PithError, type TurboLayout, turboIndexBytes } from "@pith/codec-core";

/** The scalar of each row. */
export function scalarsOf(layout: TurboLayout, { bytes, stride, count }: Codes): Float32Array {
  const at = turboIndexBytes(layout);
  const { table } = layout;
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  return Float32Array.from({ length: count }, (_, row) =>
    table.length > 0 ? table[bytes[row * stride + at]] : view.getFloat32(row * stride + at, true),
  );
}

/** Rows whose scalar stands at an end of the table, so that it may be clamped. */
export function atEnds(layout: TurboLayout, { bytes, stride, count }: Codes): number {
  if (layout.table.length === 0) return 0;
  const at = turboIndexBytes(layout);
  let ends = 0;
  for (let row = 0; row < count; row++) {
    const place = bytes[row * stride + at];
    if (place === 1 || place === 255) ends++;
  }
  return ends;
}

/** @throws CORRUPT_CODES for bytes that no encoder writes */
export function verifyRows(layout: TurboLayout, c: Codes, firstRow: number): void {
  const { bytes, stride, count } = c;
  const { dim, bits, metric, table } = layout;
  const length = turboIndexBytes(layout);
  const unused = 0xff & ~(0xff >>> (8 * length - dim * bits));
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const squaresAt = length + (table.length > 0 ? 1 : 4);
  const scalars = scalarsOf(layout, c);
  for (let i = 0; i < count; i++) {
    const row = firstRow + i;
    const refuse = (expected: string, details: object = {}): never => {
      throw new PithError("CORRUPT_CODES", `row ${row}: expected ${expected}`, { row, ...details });
    };
    const start = i * stride;
    const scalar = scalars[i];
    if (!isStored(scalar)) refuse(`a scalar from 0, got ${scalar}`, { scalar });
    if (scalar === 0) {
      if (bytes.subarray(start, start + stride).some((b) => b !== 0))
        refuse("zeros alone in a row of scalar 0", { scalar });
      continue;
    }
    if ((bytes[start + length - 1] & unused) !== 0) refuse(`zeros past bit ${dim * bits}`);
    if (bits === 8) {
      const column = bytes.subarray(start, start + dim).indexOf(0);
      if (column >= 0) refuse("bytes from 1 to 255, got 0", { column });
    }
    if (metric !== "l2") continue;
    const squares = view.getFloat32(start + squaresAt, true);
    if (!isStored(squares)) refuse(`a squared length from 0, got ${squares}`, { squares });
  }
}

/** From +0, finite. */
function isStored(x: number): boolean {
  return x >= 0 && x < Infinity && !Object.is(x, -0);
}
