/** Rows of codes, looked at without decoding: what codes are checked and counted by. */
import {
  type Codes,
  type DftLayout,
  dftBins,
  dftParts,
  dftRecord,
  PithError,
  unpackDftParts,
} from "@pith/codec-core";

/** The scalar of each row. */
export function scalarsOf(layout: DftLayout, { bytes, stride, count }: Codes): Float32Array {
  const at = dftRecord(layout).streamBytes;
  const { table } = layout;
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  return Float32Array.from({ length: count }, (_, row) =>
    table.length > 0 ? table[bytes[row * stride + at]] : view.getFloat32(row * stride + at, true),
  );
}

/** Rows whose scalar stands at an end of the table, so that it may be clamped. */
export function atEnds(layout: DftLayout, { bytes, stride, count }: Codes): number {
  if (layout.table.length === 0) return 0;
  const at = dftRecord(layout).streamBytes;
  let ends = 0;
  for (let row = 0; row < count; row++) {
    const place = bytes[row * stride + at];
    if (place === 1 || place === 255) ends++;
  }
  return ends;
}

/** @throws CORRUPT_CODES for bytes that no encoder writes */
export function verifyRows(layout: DftLayout, c: Codes, firstRow: number): void {
  const { bytes, stride, count } = c;
  const { dim, metric, topK, phaseBits } = layout;
  const record = dftRecord(layout);
  const bins = dftBins(dim);
  const parts = dftParts(topK);
  const used = record.mapBits + topK * record.fieldBits;
  const unused = 0xff & ~(0xff >>> (8 * record.streamBytes - used));
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const scalars = scalarsOf(layout, c);
  for (let i = 0; i < count; i++) {
    const row = firstRow + i;
    const start = i * stride;
    const refuse = (expected: string): never => {
      throw new PithError("CORRUPT_CODES", `row ${row}: expected ${expected}`, { row });
    };
    if (!isStored(scalars[i])) refuse(`a scalar from 0, got ${scalars[i]}`);
    if (scalars[i] === 0) {
      if (bytes.subarray(start, start + stride).some((b) => b !== 0))
        refuse("zeros alone in a row of scalar 0");
      continue;
    }
    if ((bytes[start + record.streamBytes - 1] & unused) !== 0) refuse(`zeros past bit ${used}`);
    if (!unpackDftParts(layout, record, bytes, start, parts))
      refuse(`${topK} bits in the map of coefficients`);
    for (let j = 0; j < topK; j++) {
      const [bin, before] = [parts.bins[j], j > 0 ? parts.bins[j - 1] : -1];
      if (bin >= bins || bin <= before)
        refuse(`ascending coefficients below ${bins}, got ${bin} after ${before}`);
      if ((bin === 0 || 2 * bin === dim) && parts.phases[j] % 2 ** (phaseBits - 1) !== 0)
        refuse(`a real coefficient ${bin}`);
    }
    if (metric !== "l2") continue;
    const squares = view.getFloat32(start + stride - 4, true);
    if (!isStored(squares)) refuse(`a squared length from 0, got ${squares}`);
  }
}

/** From +0, finite. */
function isStored(x: number): boolean {
  return x >= 0 && x < Infinity && !Object.is(x, -0);
}
