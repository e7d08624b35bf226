/**
 * What magnitudes are rounded to: 2^bits levels, relative to the square root of a row's energy (the sum of |Y_b|^2 of
 * kernels/dft-codes.ts). From a sample: the levels of least squared error, by Lloyd's rounds from quantiles, each level
 * the mean of the magnitudes that are nearest to it. Without one: what a Gaussian spectrum has on average. Its energies are
 * exponentially distributed, of mean 1 / F, and the K largest of F those above t = -ln(K / F) / F; at the quantile u of
 * these an energy is t - ln(1 - u) / F, and level j is its square root at u = (j + 1/2) / 2^bits.
 *
 * Source: Lloyd, "Least squares quantization in PCM", IEEE Trans. Inf. Theory 1982 (1957).
 */
const ROUNDS = 30;
/** Neighbours are at least this factor apart, so that levels ascend also where magnitudes are all alike. */
const APART = 1 + 2 ** -20;

/** 2^bits levels for the K largest of F bins of a Gaussian spectrum; of 0 bits the level 1. */
export function gaussianLevels(bits: number, kept: number, bins: number): Float32Array {
  if (bits === 0) return Float32Array.of(1);
  return ascending(
    Float64Array.from({ length: 2 ** bits }, (_, j) => {
      const u = (j + 0.5) / 2 ** bits;
      return Math.sqrt((-Math.log(kept / bins) - Math.log(1 - u)) / bins);
    }),
  );
}

/** `magnitudes`: relative ones of rows of a sample, from 0; without any above 0 as `fallback`. */
export function lloydLevels(bits: number, magnitudes: Float64Array, fallback: Float32Array): Float32Array {
  const sorted = magnitudes.filter((m) => m > 0).sort();
  if (bits === 0 || sorted.length === 0) return fallback;
  const count = 2 ** bits;
  const at = (u: number): number => sorted[Math.min(sorted.length - 1, Math.floor(u * sorted.length))];
  const levels = Float64Array.from({ length: count }, (_, j) => at((j + 0.5) / count));
  for (let round = 0; round < ROUNDS; round++) {
    let from = 0;
    for (let j = 0; j < count; j++) {
      const end = j + 1 < count ? (levels[j] + levels[j + 1]) / 2 : Infinity;
      let [sum, to] = [0, from];
      while (to < sorted.length && sorted[to] < end) sum += sorted[to++];
      if (to > from) levels[j] = sum / (to - from);
      from = to;
    }
  }
  return ascending(levels);
}

/** As float32, each above the one before. */
function ascending(levels: Float64Array): Float32Array {
  const out = Float32Array.from(levels);
  for (let j = 1; j < out.length; j++) out[j] = Math.max(out[j], Math.fround(out[j - 1] * APART));
  return out;
}

/** Whether rows can be stored with these: ascending, from 2^-40 to 2^40. */
export function areLevels(levels: Float32Array): boolean {
  return levels.every((x, i) => x > (i > 0 ? levels[i - 1] : 2 ** -40) && x < 2 ** 40);
}
