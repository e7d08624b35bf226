/**
 * Binary codes: one bit a dimension, then a scale. ceil(dim / 8) bytes, element j in bit j % 8 of byte j / 8, set where
 * it isn't negative, unused bits zero; then the scale as float32, little-endian. All arithmetic is float32 unless said;
 * the bytes are stored in files, so changing this rule breaks them.
 *
 * Encoding a row r that isn't zero: x is r times the power of two that takes its largest element into [1, 2);
 * A = striped sum of |x_j|, B = striped sum of x_j x_j, and the scale is
 *   cosine  f32(sqrt(B)) / A         the row's direction u: u.b s = 1, so that products are unbiased
 *   dot     f32(B / A) / power       likewise, r.b s = |r|^2
 *   l2      f32(A / dim) / power     least squares: |r - s b| is smallest; shrinks products and squares alike
 * A zero row has no bit set and scale 0, and scale 0 stands for the zero vector.
 *
 * Decoding: scale where the bit is set, else -scale.
 *
 * Scores. A prepared query is dim + 2 floats: p, an offset c and the score z of zero rows. With D the striped sum of
 * p_j where the bit is set, else -p_j, and s the scale:
 *   cosine, dot  f32(c + f32(s D));  z where s is 0
 *   l2           0 - max(0, f32(f32(E + f32(f32(s s) dim)) - f32(2 f32(s D)))), E the striped sum of p_j p_j; z likewise
 *
 * Source of the unbiased scale: Gao, Long: "RaBitQ: quantizing high-dimensional vectors with a theoretical error bound
 * for approximate nearest neighbor search", SIGMOD 2024; of the other: Rastegari et al., "XNOR-Net", ECCV 2016.
 */
import type { Metric } from "../contract/metric.ts";
import { scaleRow } from "./norms.ts";
import type { RowScorer } from "./scan.ts";
import { dot, squaredNorm } from "./stripes.ts";

/** Floats that a prepared query has beyond its dim. */
export const BINARY_QUERY_EXTRA = 2;

export function binaryStride(dim: number): number {
  return Math.ceil(dim / 8) + 4;
}

export function binaryEncode(metric: Metric, data: Float32Array, dim: number, out: Uint8Array): void {
  const stride = binaryStride(dim);
  const view = new DataView(out.buffer, out.byteOffset, out.length);
  const x = new Float32Array(dim);
  const ones = new Float32Array(dim).fill(1);
  out.fill(0);
  for (let from = 0, to = 0; from < data.length; from += dim, to += stride) {
    const power = scaleRow(data, from, dim, x);
    if (power === 0) continue;
    const squares = squaredNorm(x, 0, dim);
    for (let j = 0; j < dim; j++) {
      if (x[j] >= 0) out[to + (j >>> 3)] |= 1 << (j & 7);
      x[j] = Math.abs(x[j]);
    }
    const sum = dot(x, 0, ones, 0, dim);
    const scale =
      metric === "cosine"
        ? Math.fround(Math.sqrt(squares)) / sum
        : Math.fround(metric === "dot" ? squares / sum : sum / dim) / power;
    view.setFloat32(to + stride - 4, scale, true);
  }
}

export function binaryDecode(codes: Uint8Array, dim: number, out: Float32Array): void {
  const rows = binaryRows(codes, dim);
  for (let row = 0; row < rows.count; row++) rows.expand(row, rows.scale(row), out, row * dim);
}

/** Queries are dim + 2 floats each. */
export function binaryScorer(metric: Metric, codes: Uint8Array, dim: number): RowScorer {
  const rows = binaryRows(codes, dim);
  const signs = new Float32Array(dim);
  let scale = 0;
  return {
    count: rows.count,
    load(row) {
      scale = rows.scale(row);
      rows.expand(row, 1, signs, 0);
    },
    score(queries, at) {
      if (scale === 0) return queries[at + dim + 1];
      const product = Math.fround(scale * dot(queries, at, signs, 0, dim));
      if (metric !== "l2") return Math.fround(queries[at + dim] + product);
      const own = Math.fround(Math.fround(scale * scale) * dim);
      const squares = Math.fround(squaredNorm(queries, at, dim) + own);
      return 0 - Math.max(0, Math.fround(squares - Math.fround(2 * product)));
    },
  };
}

/**
 * Scores of a code with others: with h the number of bits that differ and C = dim - 2 h, in float64 from the left
 *   cosine, dot  f32(s t C), s and t the scales of both
 *   l2           f32(0 - max(0, s s dim + t t dim - 2 (s t C)))
 */
export function binarySymmetric(
  metric: Metric,
  query: Uint8Array,
  codes: Uint8Array,
  dim: number,
  out: Float32Array,
): void {
  const [a, b] = [binaryRows(query, dim), binaryRows(codes, dim)];
  const s = a.scale(0);
  for (let row = 0; row < b.count; row++) {
    let differing = 0;
    for (let i = 0; i < a.bytes; i++) differing += BITS[a.byte(0, i) ^ b.byte(row, i)];
    const t = b.scale(row);
    const product = s * t * (dim - 2 * differing);
    const score = metric === "l2" ? 0 - Math.max(0, s * s * dim + t * t * dim - 2 * product) : product;
    out[row] = Number.isNaN(score) ? -Infinity : score;
  }
}

/** Set bits of each byte. */
const BITS: Uint8Array = /* @__PURE__ */ bitCounts();

function bitCounts(): Uint8Array {
  const out = new Uint8Array(256);
  for (let i = 1; i < 256; i++) out[i] = out[i >>> 1] + (i & 1);
  return out;
}

interface BinaryRows {
  readonly count: number;
  /** Bytes of bits in a row. */
  readonly bytes: number;
  /** A byte of a row, bits past the dim taken as zero. */
  byte(row: number, i: number): number;
  scale(row: number): number;
  /** `factor` where the bit is set, else -factor, into out[at ...]. */
  expand(row: number, factor: number, out: Float32Array, at: number): void;
}

function binaryRows(data: Uint8Array, dim: number): BinaryRows {
  const view = new DataView(data.buffer, data.byteOffset, data.length);
  const stride = binaryStride(dim);
  const bytes = stride - 4;
  const lastMask = 0xff >>> (8 * bytes - dim);
  return {
    count: data.length / stride,
    bytes,
    byte: (row, i) => data[row * stride + i] & (i === bytes - 1 ? lastMask : 0xff),
    scale: (row) => view.getFloat32(row * stride + bytes, true),
    expand(row, factor, out, at): void {
      const start = row * stride;
      for (let j = 0; j < dim; j++)
        out[at + j] = (data[start + (j >>> 3)] >>> (j & 7)) & 1 ? factor : -factor;
    },
  };
}
