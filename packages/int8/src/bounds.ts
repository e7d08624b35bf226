/** How far decoded rows can be from the encoded ones, and codes that no encoder writes: from the bytes alone. */
import { type Codes, type Metric, PithError } from "@pith/codec-core";
import type { Int8Params } from "./params.ts";

interface Layout {
  readonly dim: number;
  readonly metric: Metric;
  readonly params: Int8Params;
}

/** No encoder writes a larger one: it would decode to infinities. */
const LARGEST_SCALE: number = 0x810203 * 2 ** 98;

/**
 * In a group of n elements each is off by at most half of the step max / 127, so the group by step / 2 sqrt(n). By
 * least squares a group is no further off, and scale = step (1 + <e,q> / <q,q>) with |e_j| <= 1/2, so that
 * step <= scale / (1 - sum|q| / (2 sum q^2)).
 */
export function errorBounds(c: Codes, { dim, metric, params }: Layout): Float32Array {
  const size = params.group || dim;
  // Covers the roundings of v * inv and code * scale, each below 127 * 2^-24 steps, and those of the rotation.
  const margin = 1 + 2 ** (params.rotate === "none" ? -10 : -9);
  const view = new DataView(c.bytes.buffer, c.bytes.byteOffset, c.bytes.byteLength);
  return Float32Array.from({ length: c.count }, (_, row) => {
    const at = row * c.stride;
    let [sum, zero] = [0, true];
    for (let start = 0, g = 0; start < dim; start += size, g++) {
      const n = Math.min(size, dim - start);
      let [magnitudes, squares] = [0, 0];
      for (let j = at + start; j < at + start + n; j++) {
        const q = view.getInt8(j);
        magnitudes += Math.abs(q);
        squares += q * q;
      }
      if (squares > 0) zero = false;
      const shrunk = params.scale === "ls" && squares > 0 ? 1 - magnitudes / (2 * squares) : 1;
      // A group stored as zero had elements below 2^-120 (under cosine: of its row's largest).
      const step = squares > 0 ? view.getFloat32(at + dim + 4 * g, true) / shrunk : 2 ** -119;
      sum += (step / 2) ** 2 * n;
    }
    // A row stored as zero has lost its direction, if it had one, whole.
    return zero && metric === "cosine" ? 1 : margin * Math.sqrt(sum);
  });
}

/** @throws CORRUPT_CODES for a scale that isn't positive and finite, and for a code of -128 */
export function verifyInt8Codes(c: Codes, dim: number, firstRow: number): void {
  const view = new DataView(c.bytes.buffer, c.bytes.byteOffset, c.bytes.byteLength);
  for (let i = 0; i < c.count; i++) {
    const row = firstRow + i;
    const start = i * c.stride;
    for (let at = start + dim; at < start + c.stride; at += 4) {
      const scale = view.getFloat32(at, true);
      if (!(scale > 0 && scale <= LARGEST_SCALE))
        throw new PithError("CORRUPT_CODES", `row ${row}: expected a positive scale, got ${scale}`, {
          row,
          scale,
        });
    }
    const column = c.bytes.subarray(start, start + dim).indexOf(0x80);
    if (column >= 0)
      throw new PithError("CORRUPT_CODES", `row ${row}: expected codes from -127 to 127, got -128`, {
        row,
        column,
      });
  }
}
