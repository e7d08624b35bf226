/**
 * How far off decoded rows are, measured. The error d = x - decoded x of a row is a vector of its own; in the basis it has
 * a component along each axis, and what is left lies in the dimensions that have no bits. A score with a query q is off by
 * <q, d>, of which the mean square is, errors along different axes being hardly correlated,
 *
 *   sum over r of <q, b_r>^2 error_r  +  (|q|^2 - sum over r of <q, b_r>^2) rest
 *
 * with b_r the unit axes and error_r the mean of <b_r, d>^2. Errors aren't alike in the other dimensions: where they are
 * largest, there queries have most as well. So `rest` isn't their mean, but what makes the formula true of rows taken for
 * queries, on average: with x' and d' the parts of a row and of another row's error that lie there, the mean of <x', d'>^2
 * over the mean of |x'|^2.
 */

import { KLT_QUERY_EXTRA, type KltLayout, kernels, kltStride } from "@pith/codec-core";
import { runs, type Sample } from "./centres.ts";

/** Floats decoded at a time. */
const BLOCK_FLOATS = 1_048_576;
/** Errors of other rows that each row is multiplied with. */
const PARTNERS = 4;

export interface Measured {
  /** Mean squared error along each axis, and `rest` last. */
  readonly errors: Float32Array;
  /** Squared error of all rows over their squared length, 0 for zeros. */
  readonly relative: number;
  /** The codes of the rows. */
  readonly codes: Uint8Array;
}

/** `rows`: of unit length under cosine. */
export function measure(layout: KltLayout, rows: Sample): Measured {
  const { dim, bits } = layout;
  const components = bits.length;
  const stride = kltStride(layout);
  const errors = new Float64Array(components + 1);
  const codes = new Uint8Array(rows.count * stride);
  let [lost, square, product, energy] = [0, 0, 0, 0];
  const step = Math.max(1, Math.floor(BLOCK_FLOATS / dim));
  for (let first = 0; first < rows.count; first += step) {
    const given = rows.data.subarray(first * dim, (first + step) * dim);
    const count = given.length / dim;
    const off = new Float32Array(given.length);
    for (const { layout: own, start, end } of runs(layout, rows, first, first + count)) {
      const part = codes.subarray(start * stride, end * stride);
      kernels().kltEncode(own, rows.data.subarray(start * dim, end * dim), part);
      kernels().kltDecode(own, part, off.subarray((start - first) * dim, (end - first) * dim));
    }
    for (let i = 0; i < off.length; i++) {
      off[i] = given[i] - off[i];
      lost += off[i] * off[i];
      square += given[i] * given[i];
    }
    const [ownAxes, offAxes] = [axisProducts(layout, given), axisProducts(layout, off)];
    for (const [i, p] of offAxes.entries()) errors[i % components] += p * p;
    if (components === dim) continue;
    for (let i = 0; i < count; i++) {
      const own = between(given, i, given, i, dim) - between(ownAxes, i, ownAxes, i, components);
      for (let k = 1; k <= PARTNERS; k++) {
        const j = (i + k) % count;
        const both = between(given, i, off, j, dim) - between(ownAxes, i, offAxes, j, components);
        product += both * both;
        energy += own;
      }
    }
  }
  for (let r = 0; r < components; r++) errors[r] /= rows.count;
  if (energy > 0) errors[components] = product / energy;
  return { errors: Float32Array.from(errors), relative: square > 0 ? lost / square : 0, codes };
}

type Numbers = Float32Array | Float64Array;

/** The product of row i of a with row j of b, `width` numbers each. */
function between(a: Numbers, i: number, b: Numbers, j: number, width: number): number {
  let sum = 0;
  for (let at = 0; at < width; at++) sum += a[i * width + at] * b[j * width + at];
  return sum;
}

/** Products of rows with each unit axis: R numbers a row. */
function axisProducts(layout: KltLayout, rows: Float32Array): Float64Array {
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
    for (let r = 0; r < count; r++) out[to + r] /= Math.sqrt(lengths[r]);
  }
  return out;
}

/** Root mean square of what scores with each query are off by; `errors` as `measure` gives them, queries also prepared. */
export function queryErrors(
  layout: KltLayout,
  errors: Float32Array,
  queries: Float32Array,
  prepared: Float32Array,
): Float32Array {
  const { dim, metric, step } = layout;
  const count = step.length;
  const times = metric === "l2" ? 2 : 1;
  const floats = count + KLT_QUERY_EXTRA;
  const out = new Float32Array(queries.length / dim);
  for (let i = 0; i < out.length; i++) {
    let rest = between(queries, i, queries, i, dim);
    let sum = 0;
    const unit = prepared[(i + 1) * floats - 1];
    for (let r = 0; r < count; r++) {
      const energy = ((prepared[i * floats + r] * unit) / step[r]) ** 2;
      sum += energy * errors[r];
      rest -= energy;
    }
    out[i] = times * Math.sqrt(sum + Math.max(0, rest) * errors[count]);
  }
  return out;
}
