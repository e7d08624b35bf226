/**
 * The sums of products that a covariance matrix is made of: out[i][j] += (x_i - mean_i) (x_j - mean_j) for each row x,
 * in float64, each difference, product and sum rounded, rows in order. Elements on and above the diagonal are added up;
 * those below are copied from them. Rows may come in any blocks: the bits are those of one call.
 */

/** Adds to `out`, dim x dim. `mean` is empty or has `dim` floats. */
export function covariance(data: Float32Array, dim: number, mean: Float32Array, out: Float64Array): void {
  const centred = new Float64Array(dim);
  for (let at = 0; at < data.length; at += dim) {
    for (let j = 0; j < dim; j++) centred[j] = data[at + j] - (mean.length > 0 ? mean[j] : 0);
    for (let i = 0; i < dim; i++) {
      const x = centred[i];
      const row = i * dim;
      for (let j = i; j < dim; j++) out[row + j] += x * centred[j];
    }
  }
  for (let i = 1; i < dim; i++) for (let j = 0; j < i; j++) out[i * dim + j] = out[j * dim + i];
}
