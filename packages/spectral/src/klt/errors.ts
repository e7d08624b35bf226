/**
 * How far off decoded rows are, measured. The error d = x - decoded x of a row is a vector of its own; in the basis it has
 * a component along each axis, and what is left lies in the dimensions that have no bits. A score with a query q is off by
 * <q, d>, of which the mean square is, errors along different axes being hardly correlated,
 *
 *   sum over r of <q, b_r>^2 error_r  +  (|q|^2 - sum over r of <q, b_r>^2) rest
 *
 * with b_r the unit axes, error_r the mean of <b_r, d>^2, and rest that of each other dimension.
 */
import { type KltLayout, kernels, kltStride, type Vectors } from "@pith/codec-core";

/** Floats decoded at a time. */
const BLOCK_FLOATS = 1_048_576;

export interface Measured {
  /** Mean squared error along each axis, and last of each other dimension. */
  readonly errors: Float32Array;
  /** Squared error of all rows over their squared length, 0 for zeros. */
  readonly relative: number;
  /** The codes of the rows. */
  readonly codes: Uint8Array;
}

/** `rows`: of unit length under cosine. */
export function measure(layout: KltLayout, rows: Vectors): Measured {
  const { dim, bits } = layout;
  const stride = kltStride(layout);
  const sums = new Float64Array(bits.length);
  const codes = new Uint8Array(rows.count * stride);
  let [lost, square] = [0, 0];
  const step = Math.max(1, Math.floor(BLOCK_FLOATS / dim));
  for (let first = 0; first < rows.count; first += step) {
    const given = rows.data.subarray(first * dim, (first + step) * dim);
    const part = codes.subarray(first * stride, (first + given.length / dim) * stride);
    const off = new Float32Array(given.length);
    kernels().kltEncode(layout, given, part);
    kernels().kltDecode(layout, part, off);
    for (let i = 0; i < off.length; i++) {
      off[i] = given[i] - off[i];
      lost += off[i] * off[i];
      square += given[i] * given[i];
    }
    for (const [i, energy] of axisEnergies(layout, off).entries()) sums[i % sums.length] += energy;
  }
  const errors = new Float32Array(bits.length + 1);
  const along = sums.reduce((sum, x) => sum + x, 0);
  for (const [r, sum] of sums.entries()) errors[r] = sum / rows.count;
  if (bits.length < dim) errors[bits.length] = Math.max(0, lost - along) / (dim - bits.length) / rows.count;
  return { errors, relative: square > 0 ? lost / square : 0, codes };
}

/** Squares of the products of rows with each unit axis: R numbers a row. */
export function axisEnergies(layout: KltLayout, rows: Float32Array): Float64Array {
  const { dim, columns, bits } = layout;
  const count = bits.length;
  const lengths = new Float64Array(count);
  for (let i = 0; i < columns.length; i++) lengths[i % count] += columns[i] * columns[i];
  const out = new Float64Array((rows.length / dim) * count);
  for (let at = 0, to = 0; at < rows.length; at += dim, to += count) {
    for (let j = 0; j < dim; j++) {
      const x = rows[at + j];
      for (let r = 0, c = j * count; r < count; r++, c++) out[to + r] += x * columns[c];
    }
    for (let r = 0; r < count; r++) out[to + r] *= out[to + r] / lengths[r];
  }
  return out;
}

/** Root mean square of what scores with each query are off by; `errors` as `measure` gives them. */
export function queryErrors(layout: KltLayout, errors: Float32Array, queries: Vectors): Float32Array {
  const { dim, metric, bits } = layout;
  const count = bits.length;
  const times = metric === "l2" ? 2 : 1;
  const energies = axisEnergies(layout, queries.data);
  return Float32Array.from({ length: queries.count }, (_, i) => {
    let [rest, sum] = [0, 0];
    for (let j = i * dim; j < (i + 1) * dim; j++) rest += queries.data[j] * queries.data[j];
    for (let r = 0; r < count; r++) {
      sum += energies[i * count + r] * errors[r];
      rest -= energies[i * count + r];
    }
    return times * Math.sqrt(sum + Math.max(0, rest) * errors[count]);
  });
}
