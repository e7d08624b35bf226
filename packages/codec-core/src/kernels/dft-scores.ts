/**
 * Scores of float queries with the codes of dft-codes.ts. The query keeps its whole spectrum; a row's K coefficients look up
 * their products with it in a table of F x P floats. Float32 from the table on, every operation rounded once.
 *
 * A prepared query is 2 F + 2 floats: of each bin f32(2 / dim Re Y_b) and f32(2 / dim Im Y_b), Y as for rows, without a mean;
 * bias = f32(sum of q_j mean_j) (0 without a mean) and Q = f32(sum of q_j q_j), summed in float64 in order.
 *   table     T[b][k] = f32(f32(re_b f32(cos)) + f32(im_b f32(sin))), cos and sin of sector k
 *   sum       over kept bins i = 0 to K - 1 of f32(level_i T[bin_i][phase_i]), striped as in stripes.ts
 *   product   f32(bias + f32(sum s))
 *   score     cosine, dot: product, 0 where s is 0; l2: 0 - max(0, f32(f32(Q + X) - f32(2 product))), X the row's |x|^2,
 *             0 - Q where s is 0
 * With magBits 0 the level is taken as 1 (it is 1). A score that isn't a number is -Infinity.
 */

import { dftScalars, Spectrum, sectors } from "./dft-codes.ts";
import type { DftLayout } from "./dft-layout.ts";
import { dftBins, dftParts, dftRecord, dftStride, unpackDftParts } from "./dft-layout.ts";
import type { RowScorer } from "./scan.ts";
import { dot } from "./stripes.ts";

/** Floats of a prepared query. */
export function dftQueryFloats(dim: number): number {
  return 2 * dftBins(dim) + 2;
}

export function dftQueries(layout: DftLayout, queries: Float32Array, out: Float32Array): void {
  const { dim, mean } = layout;
  const spectrum = new Spectrum(dim);
  for (let from = 0, to = 0; from < queries.length; from += dim, to += dftQueryFloats(dim)) {
    const { re, im } = spectrum.of((j) => queries[from + j]);
    for (let b = 0; b < spectrum.bins; b++) {
      out[to + 2 * b] = (2 / dim) * re[b];
      out[to + 2 * b + 1] = (2 / dim) * im[b];
    }
    let [bias, squares] = [0, 0];
    for (let j = 0; j < dim; j++) {
      if (mean.length > 0) bias += queries[from + j] * mean[j];
      squares += queries[from + j] * queries[from + j];
    }
    out[to + 2 * spectrum.bins] = bias;
    out[to + 2 * spectrum.bins + 1] = squares;
  }
}

export function dftScorer(layout: DftLayout, codes: Uint8Array): RowScorer {
  const { metric, dim, topK, phaseBits, levels } = layout;
  const record = dftRecord(layout);
  const stride = dftStride(layout);
  const rows = dftScalars(layout, codes);
  const bins = dftBins(dim);
  const parts = dftParts(topK);
  const tables = new Map<number, Float32Array>();
  /** Places in the table, and levels, of the current row. */
  const places = new Uint32Array(topK);
  const [weights, products] = [new Float32Array(topK), new Float32Array(topK)];
  let [scalar, squares] = [0, 0];
  return {
    count: rows.count,
    load(row) {
      scalar = rows.scalar(row);
      if (metric === "l2") squares = rows.squares(row);
      if (scalar !== 0 && !unpackDftParts(layout, record, codes, row * stride, parts)) scalar = 0;
      for (let i = 0; i < topK; i++) {
        places[i] = (parts.bins[i] << phaseBits) | parts.phases[i];
        weights[i] = levels[parts.magnitudes[i]];
      }
    },
    score(queries, at) {
      const own = queries[at + 2 * bins + 1];
      if (scalar === 0) return metric === "l2" ? 0 - own : 0;
      let table = tables.get(at);
      if (!table) tables.set(at, (table = tableOf(queries, at, bins, record.named, phaseBits)));
      for (let i = 0; i < topK; i++) products[i] = table[places[i]];
      const sum = dot(weights, 0, products, 0, topK);
      const product = Math.fround(queries[at + 2 * bins] + Math.fround(sum * scalar));
      if (metric !== "l2") return product;
      const both = Math.fround(own + squares);
      return 0 - Math.max(0, Math.fround(both - Math.fround(2 * product)));
    },
  };
}

/** T; zeros in bins that there aren't. */
function tableOf(
  queries: Float32Array,
  at: number,
  bins: number,
  named: number,
  phaseBits: number,
): Float32Array {
  const table = new Float32Array(named * 2 ** phaseBits);
  const { re: cos, im: sin } = sectors(phaseBits);
  const [c, s] = [Float32Array.from(cos), Float32Array.from(sin)];
  for (let b = 0; b < bins; b++)
    for (let k = 0; k < c.length; k++)
      table[b * c.length + k] =
        Math.fround(queries[at + 2 * b] * c[k]) + Math.fround(queries[at + 2 * b + 1] * s[k]);
  return table;
}
