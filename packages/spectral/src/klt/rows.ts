/** What stands in codes, without decoding: lengths, places, and what codes are checked by. */
import { type Codes, type KltLayout, kltRows, kltStride, PithError } from "@pith/codec-core";

/** The length of each decoded row before its scalar, for axes at right angles; 0 for zero rows. In float64. */
export function decodedLengths(layout: KltLayout, codes: Uint8Array): Float64Array {
  const { mean, step, twice } = layout;
  const rows = kltRows(layout, codes);
  const levels = new Int16Array(step.length);
  const own = mean.reduce((sum, x) => sum + x * x, 0);
  return Float64Array.from({ length: rows.count }, (_, row) => {
    if (rows.scalar(row) === 0) return 0;
    rows.levels(row, levels);
    let square = own;
    for (let r = 0; r < step.length; r++) {
      const e = step[r] * levels[r];
      square += e * (e + twice[r]);
    }
    return Math.sqrt(Math.max(0, square));
  });
}

/** Rows whose scalar stands at an end of the table, so that it may be clamped. */
export function atEnds(layout: KltLayout, codes: Uint8Array): number {
  let ends = 0;
  for (let at = layout.codeBytes; at < codes.length; at += kltStride(layout))
    if (codes[at] === 1 || codes[at] === 255) ends++;
  return ends;
}

/** @throws CORRUPT_CODES for bytes that no encoder writes */
export function verifyRows(layout: KltLayout, { bytes, stride, count }: Codes, firstRow: number): void {
  const rows = kltRows(layout, bytes);
  for (let i = 0; i < count; i++) {
    const row = firstRow + i;
    const refuse = (expected: string): never => {
      throw new PithError("CORRUPT_CODES", `row ${row}: expected ${expected}`, { row });
    };
    if (rows.scalar(i) === 0) {
      if (bytes.subarray(i * stride, (i + 1) * stride).some((b) => b !== 0))
        refuse("zeros alone in a row of scalar 0");
    } else if (layout.metric === "l2") {
      const squares = rows.squares(i);
      if (!(squares >= 0 && squares < Infinity) || Object.is(squares, -0))
        refuse(`a squared length from 0, got ${squares}`);
    }
  }
}
