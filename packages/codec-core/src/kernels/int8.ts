/**
 * int8 codes: `dim` bytes of two's complement, then a scale as float32, little-endian. All arithmetic is float32;
 * the bytes are stored in files, so changing this rule breaks them.
 *
 * Encoding a row v:
 *   max = max|v_j|; below 2^-120 the row is stored as zeros with scale 1
 *   inv = f32(127 / max), w_j = f32(v_j inv), q_j = w_j rounded half to even
 *   scale = f32(max / 127), at most 0x810203 2^98 (127 of which are finite); of a unit row 1 / f32(sqrt(S)), S the striped sum of w_j w_j
 * |w_j| <= 127 (1 + 2^-23), so q_j stays within +-127. Because v/|v| = w/|w|, the unit scale makes q_j scale stand
 * for the row's direction, and no square is ever taken of anything that could overflow.
 *
 * Decoding: f32(q_j scale).
 *
 * Scores of a float query p:
 *   dot, cosine  f32(scale times the striped sum of f32(p_j q_j)); under cosine the rows are unit vectors
 *   l2           0 - striped sum of t_j t_j with t_j = f32(p_j - f32(q_j scale))
 */
import type { Metric } from "../contract/metric.ts";
import type { RowScorer } from "./scan.ts";
import { dot, squaredDistance, squaredNorm } from "./stripes.ts";

const SCALE_BYTES = 4;
const ZERO_BELOW: number = 2 ** -120;
/** The largest that 127 times is a finite float32. Only rows within 2^-23 of the largest float32 come to more. */
export const LARGEST_SCALE: number = 0x810203 * 2 ** 98;
/** Adding and taking away 1.5 * 2^52 rounds a float64 to an integer, half to even. */
const ROUND: number = 1.5 * 2 ** 52;

export function int8Encode(data: Float32Array, dim: number, unit: boolean, out: Uint8Array): void {
  const codes = new Int8Array(out.buffer, out.byteOffset, out.length);
  const view = new DataView(out.buffer, out.byteOffset, out.length);
  const w = new Float32Array(dim);
  for (let from = 0, to = 0; from < data.length; from += dim, to += dim + SCALE_BYTES) {
    let max = 0;
    for (let j = from; j < from + dim; j++) max = Math.max(max, Math.abs(data[j]));
    if (max < ZERO_BELOW) {
      codes.fill(0, to, to + dim);
      view.setFloat32(to + dim, 1, true);
      continue;
    }
    const inv = Math.fround(127 / max);
    for (let j = 0; j < dim; j++) {
      w[j] = data[from + j] * inv;
      codes[to + j] = w[j] + ROUND - ROUND;
    }
    const scale = unit
      ? 1 / Math.fround(Math.sqrt(squaredNorm(w, 0, dim)))
      : Math.min(max / 127, LARGEST_SCALE);
    view.setFloat32(to + dim, scale, true);
  }
}

export function int8Decode(codes: Uint8Array, dim: number, out: Float32Array): void {
  const rows = codeRows(codes, dim);
  for (let row = 0; row < rows.count; row++) rows.widen(row, rows.scale(row), out, row * dim);
}

export function int8Scorer(metric: Metric, codes: Uint8Array, dim: number): RowScorer {
  const rows = codeRows(codes, dim);
  const current = new Float32Array(dim);
  let scale = 1;
  return {
    count: rows.count,
    load(row) {
      scale = rows.scale(row);
      rows.widen(row, metric === "l2" ? scale : 1, current, 0);
    },
    score: (queries, at) =>
      metric === "l2"
        ? 0 - squaredDistance(queries, at, current, 0, dim)
        : Math.fround(dot(queries, at, current, 0, dim) * scale),
  };
}

interface CodeRows {
  readonly count: number;
  scale(row: number): number;
  /** f32(q_j factor) into out[at ...]. */
  widen(row: number, factor: number, out: Float32Array, at: number): void;
}

function codeRows(bytes: Uint8Array, dim: number): CodeRows {
  const codes = new Int8Array(bytes.buffer, bytes.byteOffset, bytes.length);
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.length);
  const stride = dim + SCALE_BYTES;
  return {
    count: bytes.length / stride,
    scale: (row) => view.getFloat32(row * stride + dim, true),
    widen(row, factor, out, at): void {
      const start = row * stride;
      for (let j = 0; j < dim; j++) out[at + j] = codes[start + j] * factor;
    },
  };
}
