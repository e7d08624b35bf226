/**
 * int8 codes with a scale for each group of `group` elements (the last group may be shorter): `dim` bytes of two's
 * complement, then ceil(dim / group) scales as float32, little-endian. Also the scale by least squares. All
 * arithmetic is float32 unless said; the bytes are stored in files, so changing this rule breaks them.
 *
 * Encoding a row v: max|v_j| below 2^-120 stores zeros and scales of 1. Else x = v, for unit rows v times the power
 * of two that takes its largest element into [1, 2) (exact, and no square of it overflows), and in each group
 *   max = max|x_j|; below 2^-120 the group is stored as zeros with scale 1
 *   inv = f32(127 / max), w_j = f32(x_j inv), q_j = w_j rounded half to even
 *   step = f32(max / 127); by least squares f32(P / Q max / 127), in float64, P the striped sum of w_j q_j in float32
 *          (element i of the group into partial i % 16) and Q the sum of q_j^2, an integer
 *   scale = step; of a unit row f32(step / f32(sqrt(S))), S the striped sum of x_j x_j over the whole row
 *
 * Least squares: of all s, s = <v,q> / <q,q> makes |v - s q| smallest. The codes are those of max|v| / 127.
 *
 * Decoding: f32(q_j scale). A score is, to the bit, the float score (float-scan.ts) of the query with the decoded row:
 * the striped sum of f32(p_j f32(q_j scale)), for l2 0 - that of squared differences. Under cosine it is the product:
 * rows are unit vectors.
 */
import type { Metric } from "../contract/metric.ts";
import { LARGEST_SCALE } from "./int8.ts";
import { scaleRow } from "./norms.ts";
import type { RowScorer } from "./scan.ts";
import { dot, squaredDistance, squaredNorm } from "./stripes.ts";

const ZERO_BELOW: number = 2 ** -120;
/** Adding and taking away 1.5 * 2^52 rounds a float64 to an integer, half to even. */
const ROUND: number = 1.5 * 2 ** 52;

/** Bytes of a row. */
export function groupedStride(dim: number, group: number): number {
  return dim + 4 * Math.ceil(dim / group);
}

export function int8GroupedEncode(
  data: Float32Array,
  dim: number,
  group: number,
  unit: boolean,
  leastSquares: boolean,
  out: Uint8Array,
): void {
  const stride = groupedStride(dim, group);
  const codes = new Int8Array(out.buffer, out.byteOffset, out.length);
  const view = new DataView(out.buffer, out.byteOffset, out.length);
  const x = new Float32Array(dim);
  const w = new Float32Array(group);
  const q = new Float32Array(group);
  for (let from = 0, to = 0; from < data.length; from += dim, to += stride) {
    const row = data.subarray(from, from + dim);
    const zero = largest(row, 0, dim) < ZERO_BELOW;
    if (unit && !zero) scaleRow(row, 0, dim, x);
    else x.set(row);
    const norm = unit ? Math.fround(Math.sqrt(squaredNorm(x, 0, dim))) : 1;
    for (let start = 0, scaleAt = to + dim; start < dim; start += group, scaleAt += 4) {
      const n = Math.min(group, dim - start);
      const max = largest(x, start, start + n);
      if (zero || max < ZERO_BELOW) {
        codes.fill(0, to + start, to + start + n);
        view.setFloat32(scaleAt, 1, true);
        continue;
      }
      const inv = Math.fround(127 / max);
      let squares = 0;
      for (let i = 0; i < n; i++) {
        w[i] = x[start + i] * inv;
        q[i] = w[i] + ROUND - ROUND;
        codes[to + start + i] = q[i];
        squares += q[i] * q[i];
      }
      const step = leastSquares ? ((dot(w, 0, q, 0, n) / squares) * max) / 127 : max / 127;
      view.setFloat32(scaleAt, unit ? Math.fround(step) / norm : Math.min(step, LARGEST_SCALE), true);
    }
  }
}

function largest(x: Float32Array, from: number, to: number): number {
  let max = 0;
  for (let j = from; j < to; j++) max = Math.max(max, Math.abs(x[j]));
  return max;
}

export function int8GroupedDecode(codes: Uint8Array, dim: number, group: number, out: Float32Array): void {
  const rows = groupedRows(codes, dim, group);
  for (let row = 0; row < rows.count; row++) rows.decode(row, out, row * dim);
}

export function int8GroupedScorer(metric: Metric, codes: Uint8Array, dim: number, group: number): RowScorer {
  const rows = groupedRows(codes, dim, group);
  const current = new Float32Array(dim);
  return {
    count: rows.count,
    load: (row) => rows.decode(row, current, 0),
    score: (queries, at) =>
      metric === "l2" ? 0 - squaredDistance(queries, at, current, 0, dim) : dot(queries, at, current, 0, dim),
  };
}

/**
 * Scores of a row of codes with others, from integer products C = sum of a_j b_j in each group, which are exact. In
 * float64, groups in order, from the left:
 *   dot, cosine  f32(sum of s t C), s and t the scales of both
 *   l2           f32(0 - max(0, sum of s s A + t t B - 2 (s t C))), A and B the sums of squares
 */
export function int8Symmetric(
  metric: Metric,
  query: Uint8Array,
  codes: Uint8Array,
  dim: number,
  group: number,
  out: Float32Array,
): void {
  const a = groupedRows(query, dim, group);
  const b = groupedRows(codes, dim, group);
  for (let row = 0; row < b.count; row++) {
    let sum = 0;
    for (let g = 0, start = 0; start < dim; g++, start += group) {
      let [product, aa, bb] = [0, 0, 0];
      for (let j = start; j < Math.min(start + group, dim); j++) {
        const x = a.code(0, j);
        const y = b.code(row, j);
        product += x * y;
        aa += x * x;
        bb += y * y;
      }
      const [s, t] = [a.scale(0, g), b.scale(row, g)];
      sum += metric === "l2" ? s * s * aa + t * t * bb - 2 * (s * t * product) : s * t * product;
    }
    const score = metric === "l2" ? 0 - Math.max(0, sum) : sum;
    out[row] = Number.isNaN(score) ? -Infinity : score;
  }
}

interface GroupedRows {
  readonly count: number;
  code(row: number, j: number): number;
  scale(row: number, group: number): number;
  /** f32(q_j scale) into out[at ...]. */
  decode(row: number, out: Float32Array, at: number): void;
}

function groupedRows(bytes: Uint8Array, dim: number, group: number): GroupedRows {
  const codes = new Int8Array(bytes.buffer, bytes.byteOffset, bytes.length);
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.length);
  const stride = groupedStride(dim, group);
  const scale = (row: number, g: number): number => view.getFloat32(row * stride + dim + 4 * g, true);
  return {
    count: bytes.length / stride,
    code: (row, j) => codes[row * stride + j],
    scale,
    decode(row, out, at): void {
      for (let g = 0, start = 0; start < dim; g++, start += group) {
        const factor = scale(row, g);
        const end = Math.min(start + group, dim);
        for (let j = start; j < end; j++) out[at + j] = codes[row * stride + j] * factor;
      }
    },
  };
}
