/**
 * How much of the rows' energy their largest Fourier coefficients hold: of each row the sum of the K largest energies (see
 * spectrum.ts) by the sum of all, averaged.
 */
import { checkVectors, PithError, type Vectors } from "@pith/codec-core";
import { eachEnergies } from "./spectrum.ts";

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
  const shares = new Float64Array(topK.length);
  let used = 0;
  eachEnergies(rows.data, rows.dim, (energies) => {
    const sorted = energies.slice().sort().reverse();
    const total = sorted.reduce((sum, e) => sum + e, 0);
    if (total === 0) return;
    used++;
    topK.forEach((k, j) => {
      shares[j] += sorted.subarray(0, k).reduce((sum, e) => sum + e, 0) / total;
    });
  });
  return shares.map((share) => (used > 0 ? share / used : 0));
}
