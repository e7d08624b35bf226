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
  const factors = { forward: sigma.slice(), back: sigma.slice(), step: sigma.slice(), twice: sigma.slice() };
  for (let r = 0; r < count; r++) {
    let [square, product] = [0, 0];
    for (let j = 0; j < dim; j++) {
      const q = basis[r * dim + j];
      columns[j * count + r] = q;
      square += q * q;
      product += mean[j] * q;
    }
    const [length, unit] = [Math.sqrt(square), kltUnit(trellis, bits[r])];
    factors.forward[r] = unit / (sigma[r] * length);
    factors.back[r] = sigma[r] / (unit * length);
    factors.step[r] = sigma[r] / unit;
    factors.twice[r] = (2 * product) / length;
  }
  const codeBytes = codeBytesOf(metric, params);
  return { metric, dim, trellis, codeBytes, bits, mean, columns, ...factors, table };
}
