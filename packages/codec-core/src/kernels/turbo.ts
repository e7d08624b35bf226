/**
 * Rotated codes of 1, 2, 3, 4 or 8 bits a coordinate and one scalar a row. All arithmetic is float32, every operation
 * rounded once; the bytes are stored in files, so changing this rule breaks them. Scores are in turbo-scores.ts.
 *
 * A code is ceil(dim bits / 8) bytes: the coordinates' indices as one stream, coordinate 0 in the lowest bits, unused bits
 * of the last byte zero; then the scalar, one byte that is a place in `table`, or a float32, little-endian, where the
 * table is empty; then under l2 |x|^2 as float32.
 *
 * Without a trellis an index i stands for a whole number, its level: with h = 2^(bits - 1), MAGNITUDES[i - h] from h on, else
 * -MAGNITUDES[h - 1 - i]; of 8 bits i - 128. The magnitudes are the centroids of Lloyd and Max for a normal
 * distribution, in units of which the largest is 127, so that scores are sums of products of bytes.
 *
 * Encoding a row x:
 *   cosine   x is divided by its norm (norms.ts); a row of zeros is all bytes 0
 *   mean     r_j = x_j - mean_j, kept within the finite floats, where there is a mean
 *   power    r times the power of two that takes its largest element into [1, 2) (norms.ts), so that nothing overflows
 *   rotate   y = the rotated row (hadamard.ts)
 *   S        striped sum of y_j y_j; unit = f32(f32(sqrt(dim)) / f32(sqrt(S)))
 *   1 to 4 bits, for each grid g of GRIDS in turn:
 *            w_j = y_j f32(f32(SIGMA g) unit); m = how many of THRESHOLDS are at most |w_j|; index h + m, where w_j < 0
 *            h - 1 - m; P = striped sum of f32(y_j level_j), N = sum of level_j^2
 *            the grid of the greatest f32(f32(P P) / f32(N)) is kept, the first of equals: the least angle to y
 *   trellis  w_j = y_j f32(SIGMA unit), SIGMA of the trellis, rounded half to even and kept within +-127; indices are the
 *            symbols, levels the values of trellis.ts
 *   8 bits   w_j = y_j f32(127 / max|y_j|), rounded half to even: the level
 *   scalar   s = f32(f32(S / P) / power), for which the product of r with the decoded row is |r|^2: scores are unbiased.
 *            Below 2^-149 (rounded to 0) it is 2^-149, beyond float32 the largest float32
 *   place    1 + how many i from 1 to 254 have f32(f32(table_i + table_{i+1}) / 2) <= s; place 0 is for zero rows alone
 *   l2       striped sum of x_j x_j, at most the largest float32
 * Where r is all zeros and x isn't (x is the mean), every index is h and s the smallest there is: 2^-149, or place 1.
 *
 * Decoding: the levels rotated back, each times s, plus the mean where there is one, kept within the finite floats. A row
 * of scalar 0 is all zeros.
 *
 * Sources: the levels: Max, "Quantizing for minimum distortion", IRE Trans. Inf. Theory 1960; rotation before them:
 * Zandieh et al., "TurboQuant: online vector quantization with near-optimal distortion rate", 2025; unbiased scalars and
 * a grid for each row: Gao, Long: "RaBitQ", SIGMOD 2024, and "Practical and asymptotically optimal quantization of
 * high-dimensional vectors", SIGMOD 2025.
 */
import { hadamard } from "./hadamard.ts";
import { scaleRow, unitRows } from "./norms.ts";
import { dot, squaredNorm } from "./stripes.ts";
import { trellisSearch } from "./trellis.ts";
import { TRELLIS_SIGMA, trellisTable } from "./trellis-tables.ts";
import { GRIDS, type TurboLayout, turboIndexBytes, turboRows, turboStride } from "./turbo-layout.ts";

/** The largest finite float32. */
const LARGEST: number = (2 - 2 ** -23) * 2 ** 127;
/** The smallest float32 above 0. */
const SMALLEST: number = 2 ** -149;
/** Adding and taking away 1.5 * 2^52 rounds a float64 to an integer, half to even. */
const ROUND: number = 1.5 * 2 ** 52;
/** Rows that are rotated at once: their signs are unpacked once for all of them. */
const BLOCK_FLOATS = 65_536;

export function turboEncode(layout: TurboLayout, data: Float32Array, out: Uint8Array): void {
  const { metric, dim, mean, signs } = layout;
  const stride = turboStride(layout);
  const encode = rowEncoder(layout, out);
  const step = Math.max(1, Math.floor(BLOCK_FLOATS / dim));
  for (let first = 0; first < data.length / dim; first += step) {
    const given = data.subarray(first * dim, (first + step) * dim);
    const rows = given.slice();
    if (metric === "cosine") unitRows(given, dim, rows);
    if (mean.length > 0)
      for (let i = 0; i < rows.length; i++) rows[i] = finite(Math.fround(rows[i] - mean[i % dim]));
    const powers = new Float64Array(rows.length / dim);
    for (let i = 0; i < powers.length; i++)
      powers[i] = scaleRow(rows, i * dim, dim, rows.subarray(i * dim, (i + 1) * dim));
    const turned = new Float32Array(rows.length);
    hadamard(rows, dim, signs, false, turned);
    for (let i = 0; i < powers.length; i++) encode(given, turned, i * dim, powers[i], (first + i) * stride);
  }
}

/** Writes the code of the row given[at ...], which is turned[at ...] once rotated, to out[to ...]. */
function rowEncoder(
  layout: TurboLayout,
  out: Uint8Array,
): (given: Float32Array, turned: Float32Array, at: number, power: number, to: number) => void {
  const { metric, dim, bits, table } = layout;
  const half = 2 ** (bits - 1);
  const scalarAt = turboIndexBytes(layout);
  const view = new DataView(out.buffer, out.byteOffset, out.length);
  const indices = new Uint8Array(dim);
  const choose = bits === 8 ? chooseByte : layout.trellis ? trellisChooser(dim, bits) : chooser(dim, bits);
  const write = (to: number, s: number): void => {
    pack(indices, bits, out, to);
    if (table.length > 0) out[to + scalarAt] = placeOf(s, table);
    else view.setFloat32(to + scalarAt, s, true);
  };
  return (given, turned, at, power, to) => {
    out.fill(0, to, to + turboStride(layout));
    if (isZero(given, at, dim)) return;
    if (metric === "l2") {
      const squares = Math.min(squaredNorm(given, at, dim), LARGEST);
      view.setFloat32(to + scalarAt + (table.length > 0 ? 1 : 4), squares, true);
    }
    if (power === 0) {
      indices.fill(half);
      write(to, SMALLEST);
      return;
    }
    const squares = squaredNorm(turned, at, dim);
    const product = choose(turned, at, squares, indices);
    const s = Math.fround(Math.fround(squares / product) / power);
    write(to, Math.min(Math.max(s, SMALLEST), LARGEST));
  };
}

/** Fills `indices` and returns P. */
type Chooser = (y: Float32Array, at: number, squares: number, indices: Uint8Array) => number;

function chooser(dim: number, bits: number): Chooser {
  const { magnitudes, thresholds, sigma, grids } = GRIDS[bits];
  const half = 2 ** (bits - 1);
  const root = Math.fround(Math.sqrt(dim));
  const levels = new Float32Array(dim);
  const tried = new Uint8Array(dim);
  return (y, at, squares, indices) => {
    const unit = Math.fround(root / Math.fround(Math.sqrt(squares)));
    let [best, product] = [-1, 0];
    for (const g of grids) {
      const factor = Math.fround(Math.fround(sigma * g) * unit);
      let n = 0;
      for (let j = 0; j < dim; j++) {
        const w = Math.fround(y[at + j] * factor);
        let m = 0;
        while (m < thresholds.length && Math.abs(w) >= thresholds[m]) m++;
        tried[j] = w < 0 ? half - 1 - m : half + m;
        levels[j] = w < 0 ? -magnitudes[m] : magnitudes[m];
        n += magnitudes[m] * magnitudes[m];
      }
      const p = dot(y, at, levels, 0, dim);
      const gain = Math.fround(Math.fround(p * p) / Math.fround(n));
      if (!(gain > best)) continue;
      [best, product] = [gain, p];
      indices.set(tried);
    }
    return product;
  };
}

const chooseByte: Chooser = (y, at, _, indices) => {
  const dim = indices.length;
  let max = 0;
  for (let j = at; j < at + dim; j++) max = Math.max(max, Math.abs(y[j]));
  const factor = Math.fround(127 / max);
  const levels = new Float32Array(dim);
  for (let j = 0; j < dim; j++) {
    levels[j] = Math.fround(y[at + j] * factor) + ROUND - ROUND;
    indices[j] = levels[j] + 128;
  }
  return dot(y, at, levels, 0, dim);
};

function trellisChooser(dim: number, bits: number): Chooser {
  const table = trellisTable(bits);
  const search = trellisSearch(new Uint8Array(dim).fill(bits));
  const root = Math.fround(Math.sqrt(dim));
  const whole = new Int8Array(dim);
  const levels = new Float32Array(dim);
  return (y, at, squares, indices) => {
    const factor = Math.fround(TRELLIS_SIGMA[bits] * Math.fround(root / Math.fround(Math.sqrt(squares))));
    for (let j = 0; j < dim; j++)
      whole[j] = Math.min(Math.max(Math.fround(y[at + j] * factor) + ROUND - ROUND, -127), 127);
    search(whole, indices);
    for (let j = 0; j < dim; j++) {
      levels[j] = table[indices[j]];
      indices[j] >>>= 8 - bits;
    }
    return dot(y, at, levels, 0, dim);
  };
}

/** The place of a scalar above 0. */
export function placeOf(s: number, table: Float32Array): number {
  let place = 1;
  while (place < 255 && Math.fround(table[place] + table[place + 1]) / 2 <= s) place++;
  return place;
}

export function turboDecode(layout: TurboLayout, codes: Uint8Array, out: Float32Array): void {
  const { dim, mean, signs } = layout;
  const rows = turboRows(layout, codes);
  const step = Math.max(1, Math.floor(BLOCK_FLOATS / dim));
  for (let first = 0; first < rows.count; first += step) {
    const end = Math.min(rows.count, first + step);
    const levels = new Float32Array((end - first) * dim);
    for (let row = first; row < end; row++)
      rows.levels(row, levels.subarray((row - first) * dim, (row - first + 1) * dim));
    const decoded = out.subarray(first * dim, end * dim);
    hadamard(levels, dim, signs, true, decoded);
    for (let i = 0; i < decoded.length; i++) {
      const s = rows.scalar(first + Math.floor(i / dim));
      const residual = Math.fround(decoded[i] * s);
      if (s === 0) decoded[i] = 0;
      else decoded[i] = finite(mean.length > 0 ? Math.fround(residual + mean[i % dim]) : residual);
    }
  }
}

function pack(indices: Uint8Array, bits: number, out: Uint8Array, to: number): void {
  let [held, count, at] = [0, 0, to];
  for (const index of indices) {
    held |= index << count;
    count += bits;
    if (count < 8) continue;
    out[at++] = held; // a store keeps the low 8 bits
    held >>>= 8;
    count -= 8;
  }
  if (count > 0) out[at] = held;
}

function isZero(x: Float32Array, at: number, dim: number): boolean {
  for (let j = at; j < at + dim; j++) if (x[j] !== 0) return false;
  return true;
}

/** Infinities become the largest float32; NaN (of codes that no encoder wrote) stays. */
function finite(x: number): number {
  return Math.min(Math.max(x, -LARGEST), LARGEST);
}
