/**
 * The standard error of scores. A decoded residual d is the residual r plus an error e with <r, e> = 0, for the scalar
 * makes <r, d> = |r|^2. After a random rotation e points anywhere across r, so that of a query of length 1 it takes
 * <q, e>, of mean 0 and variance |e|^2 / dim.
 *
 *   1 to 4 bits   |e| = |d| sqrt(1 - cos^2), the cosine between r and d: the same for almost all vectors. NOISE is the
 *                 square root, of normal coordinates in 384 dims
 *   8 bits        each coordinate is off by up to half a step s, evenly: |e|^2 = s^2 dim / 12; the query is rounded in
 *                 the same way, which doubles the variance
 *
 * Up to 4 bits the rounded query adds next to nothing, and a scalar that is a byte moves a score by half a percent of
 * <q, r> at most: both are left out.
 */
import { type Codes, kernels, type TurboLayout } from "@pith/codec-core";
import { scalarsOf } from "./rows.ts";

const NOISE: { readonly [bits: number]: number } = { 1: 0.6025, 2: 0.342, 3: 0.1842, 4: 0.0952 };
const TRELLIS_NOISE: { readonly [bits: number]: number } = { 1: 0.5311, 2: 0.2764, 3: 0.1429, 4: 0.0767 };

/** Floats decoded at a time. */
const BLOCK_FLOATS = 262_144;

/** Of each code, for queries of length 1; under l2 twice that of products. */
export function standardErrors(layout: TurboLayout, c: Codes): Float32Array {
  const { dim, metric, bits, trellis } = layout;
  const times = metric === "l2" ? 2 : 1;
  if (bits === 8) return scalarsOf(layout, c).map((s) => times * s * Math.sqrt(1 / 6));
  const noise = (trellis ? TRELLIS_NOISE : NOISE)[bits];
  const residual = { ...layout, mean: new Float32Array(0) };
  const out = new Float32Array(c.count);
  const step = Math.max(1, Math.floor(BLOCK_FLOATS / dim));
  for (let first = 0; first < c.count; first += step) {
    const lengths = out.subarray(first, first + step);
    const decoded = new Float32Array(lengths.length * dim);
    const part = c.bytes.subarray(first * c.stride, (first + lengths.length) * c.stride);
    kernels().turboDecode(residual, part, decoded);
    kernels().norms(decoded, dim, lengths);
  }
  return out.map((length) => (times * noise * length) / Math.sqrt(dim));
}
