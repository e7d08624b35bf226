/** Side information: what a codec learned, stored once for all vectors. Beside small codes it weighs. */
import { bytes, count } from "./progress.ts";

/** Bytes of side information for each vector; null where there is none to share it. */
export function sideBytesPerVector(sideBytes: number, vectors: number): number | null {
  return vectors === 0 ? null : sideBytes / vectors;
}

/** "50.0 kB = 9.6 B a vector at 5,183" */
export function sideBytesText(sideBytes: number, vectors: number): string {
  const each = sideBytesPerVector(sideBytes, vectors);
  if (sideBytes === 0 || each === null) return bytes(sideBytes);
  return `${bytes(sideBytes)} = ${shareText(each)} B a vector at ${count(vectors)}`;
}

/** Two digits of a share below ten bytes, one decimal of a larger one. */
export function shareText(each: number): string {
  return each < 10 ? String(Number(each.toPrecision(2))) : each.toFixed(1);
}
