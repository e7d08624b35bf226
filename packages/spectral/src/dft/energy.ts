/**
 * How much of the rows' energy their largest Fourier coefficients hold: of each row the sum of the K largest
 * w_b |X_b|^2 by the sum of all, averaged. X is the discrete Fourier transform of the row, b = 0 to floor(dim / 2); by
 * Parseval's theorem |x|^2 = (1 / dim) sum_b w_b |X_b|^2, where w_b is 2 for a bin that stands for a conjugate pair and
 * 1 for b = 0 and, in even dims, b = dim / 2.
 */
import { checkVectors, PithError, type Vectors } from "@pith/codec-core";

/**
 * The mean share of energy, 0 to 1, that the K largest coefficients hold, for each K of `topK`. Rows of zeros are left
 * out; without any other the shares are 0.
 * @throws DIM_MISMATCH, LENGTH_MISMATCH, NOT_FINITE, INVALID_ARGUMENT (a K that isn't an integer from 1)
 */
export function spectralEnergyRetention(rows: Vectors, topK: readonly number[]): Float64Array {
  checkVectors(rows, rows.dim);
  for (const k of topK)
    if (!Number.isInteger(k) || k < 1)
      throw new PithError("INVALID_ARGUMENT", `expected each K as an integer from 1, got ${k}`, {
        actual: k,
      });
  const { data, dim, count } = rows;
  const shares = new Float64Array(topK.length);
  let used = 0;
  for (let i = 0; i < count; i++) {
    const energies = binEnergies(data.subarray(i * dim, (i + 1) * dim)).sort((a, b) => b - a);
    const total = energies.reduce((sum, e) => sum + e, 0);
    if (total === 0) continue;
    used++;
    topK.forEach((k, j) => {
      shares[j] += energies.subarray(0, k).reduce((sum, e) => sum + e, 0) / total;
    });
  }
  return shares.map((share) => (used > 0 ? share / used : 0));
}

/** w_b |X_b|^2 of one row. */
function binEnergies(row: Float32Array): Float64Array {
  const dim = row.length;
  const bins = Math.floor(dim / 2) + 1;
  return Float64Array.from({ length: bins }, (_, b) => {
    let [re, im] = [0, 0];
    for (let j = 0; j < dim; j++) {
      const angle = (-2 * Math.PI * ((b * j) % dim)) / dim;
      re += row[j] * Math.cos(angle);
      im += row[j] * Math.sin(angle);
    }
    return (b === 0 || 2 * b === dim ? 1 : 2) * (re * re + im * im);
  });
}
