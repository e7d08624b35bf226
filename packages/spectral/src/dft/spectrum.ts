/**
 * Energies of Fourier coefficients: w_b |X_b|^2, where X is the discrete Fourier transform of a row, b = 0 to
 * floor(dim / 2), and w_b is 2 for a bin that stands for a conjugate pair and 1 for b = 0 and, in even dims, b = dim / 2. By
 * Parseval's theorem |x|^2 = (1 / dim) sum_b w_b |X_b|^2.
 */
import { dftBins, kernels } from "@pith/codec-core";

/** Floats transformed at a time. */
const BLOCK_FLOATS = 262_144;

/** Visits the energies of each row; the array is used again. */
export function eachEnergies(data: Float32Array, dim: number, visit: (energies: Float64Array) => void): void {
  const bins = dftBins(dim);
  const step = Math.max(1, Math.floor(BLOCK_FLOATS / dim)) * dim;
  const energies = new Float64Array(bins);
  for (let at = 0; at < data.length; at += step) {
    const part = data.subarray(at, at + step);
    const spectra = new Float64Array((part.length / dim) * bins * 2);
    kernels().dftSpectra(part, dim, spectra);
    for (let from = 0; from < spectra.length; from += 2 * bins) {
      for (let b = 0; b < bins; b++) {
        const [re, im] = [spectra[from + 2 * b], spectra[from + 2 * b + 1]];
        energies[b] = (b === 0 || 2 * b === dim ? 1 : 2) * (re * re + im * im);
      }
      visit(energies);
    }
  }
}

/** The K largest magnitudes of each row that isn't zero, by the root of its energy. */
export function largestMagnitudes(data: Float32Array, dim: number, kept: number): Float64Array {
  const out = new Float64Array((data.length / dim) * kept);
  let at = 0;
  eachEnergies(data, dim, (energies) => {
    const total = energies.reduce((sum, e) => sum + e, 0);
    if (total === 0) return;
    for (const e of energies.slice().sort().subarray(-kept)) out[at++] = Math.sqrt(e / total);
  });
  return out.subarray(0, at);
}
