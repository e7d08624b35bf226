/**
 * The standard error of scores. A decoded residual d is the residual r plus an error e with <r, e> = 0, for the scalar
 * makes <r, d> = |r|^2. After a random rotation e points anywhere across r, so that of a query of length 1 it takes
 * <q, e>, of mean 0 and variance at most |e|^2 / dim. |e| = |d| sqrt(1 - cos^2), the cosine between r and d, which is the
 * same for almost all vectors; sqrt(1 - cos^2) is NOISE below, measured.
 *
 * Two smaller errors are left out at 1 to 4 bits: that of the rounded query and, where scalars are bytes, theirs (about
 * 0.3% of <q, r>). At 8 bits the query's is as large as the codes', and in NOISE.
 */
import { type Codes, kernels, type TurboLayout } from "@pith/codec-core";

const NOISE: { readonly [bits: number]: number } = { 1: 0.6028, 2: 0.3417, 3: 0.1839, 4: 0.0946, 8: 0.0102 };

/** Of each code, for queries of length 1; under l2 twice that of products. */
export function standardErrors(layout: TurboLayout, c: Codes): Float32Array {
  const { dim, metric, bits } = layout;
  const residuals = new Float32Array(c.count * dim);
  kernels().turboDecode({ ...layout, mean: new Float32Array(0) }, c.bytes, residuals);
  const out = new Float32Array(c.count);
  kernels().norms(residuals, dim, out);
  const factor = ((metric === "l2" ? 2 : 1) * NOISE[bits]) / Math.sqrt(dim);
  return out.map((length) => length * factor);
}
