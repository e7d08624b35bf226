/** What kernels take of what was learned: the same factors whether it was learned here or read from a file. */
import { type KltLayout, kltUnit, type Metric } from "@pith/codec-core";
import { codeBytesOf, type SpectralParams, trellisOf } from "./params.ts";
import type { Learned } from "./tensors.ts";

export function layoutOf(
  metric: Metric,
  params: SpectralParams,
  { mean, basis, sigma, bits, table }: Pick<Learned, "mean" | "basis" | "sigma" | "bits" | "table">,
): KltLayout {
  const [dim, count] = [mean.length, bits.length];
  const trellis = trellisOf(params);
  const columns = new Float32Array(basis.length);
  const factors = { forward: sigma.slice(), back: sigma.slice(), step: sigma.slice() };
  for (let r = 0; r < count; r++) {
    let square = 0;
    for (let j = 0; j < dim; j++) {
      const q = basis[r * dim + j];
      columns[j * count + r] = q;
      square += q * q;
    }
    const [length, unit] = [Math.sqrt(square), kltUnit(trellis, bits[r])];
    factors.forward[r] = unit / (sigma[r] * length);
    factors.back[r] = sigma[r] / (unit * length);
    factors.step[r] = sigma[r] / unit;
  }
  const codeBytes = codeBytesOf(metric, params);
  const twice = twiceOf(mean, columns);
  return { metric, dim, trellis, codeBytes, bits, mean, columns, ...factors, twice, table };
}

/** A mean and a centre together, rounded once. */
export function moved(mean: Float32Array, centre: Float32Array): Float32Array {
  return mean.map((m, j) => m + centre[j]);
}

/** A layout of another mean, on the memory of this one but for what comes from the mean. */
export function withMean(layout: KltLayout, mean: Float32Array): KltLayout {
  return { ...layout, mean, twice: twiceOf(mean, layout.columns) };
}

/** 2 <mean, q_r> / |q_r| of each component. */
function twiceOf(mean: Float32Array, columns: Float32Array): Float32Array {
  const count = columns.length / mean.length;
  const [squares, products] = [new Float64Array(count), new Float64Array(count)];
  for (let j = 0, at = 0; j < mean.length; j++)
    for (let r = 0; r < count; r++, at++) {
      squares[r] += columns[at] * columns[at];
      products[r] += mean[j] * columns[at];
    }
  return Float32Array.from(products, (product, r) => (2 * product) / Math.sqrt(squares[r]));
}
