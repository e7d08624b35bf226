/**
 * Principal components of rows: eigenvectors of their covariance matrix, of ever less variance. Where there are fewer rows
 * than dims the matrix of the rows' products with each other is the smaller one, and has the same eigenvalues: with
 * X X^T u = l u, X^T u / sqrt(l) is a component.
 *
 * Sources: Hotelling, "Analysis of a complex of statistical variables into principal components", J. Educ. Psychol. 1933;
 * the smaller matrix: Sirovich, "Turbulence and the dynamics of coherent structures", Quart. Appl. Math. 1987.
 */
import { kernels, sampleMean, type Vectors } from "@pith/codec-core";

export interface Spectrum {
  readonly mean: Float32Array;
  /** Variances of the components, descending; those that rounding alone makes are left out. */
  readonly variances: Float64Array;
  /** The unit vector of a component, dim numbers. */
  component(r: number): Float64Array;
}

/** Variances below this share of the first count as none. */
const LEAST = 1e-9;

export function spectrumOf(rows: Vectors): Spectrum {
  // As they are: rows that shall be of unit length are by now.
  const mean = sampleMean(rows, "dot");
  return rows.count < rows.dim ? ofFewRows(rows, mean) : ofManyRows(rows, mean);
}

function ofManyRows({ data, dim, count }: Vectors, mean: Float32Array): Spectrum {
  const sums = new Float64Array(dim * dim);
  kernels().covariance(data, dim, mean, sums);
  const { values, vectors } = kernels().symmetricEigen(sums, dim);
  return {
    mean,
    variances: present(values, count),
    component: (r) => vectors.subarray(r * dim, (r + 1) * dim),
  };
}

function ofFewRows({ data, dim, count }: Vectors, mean: Float32Array): Spectrum {
  // Turned over, so that sums over dims of products of rows are what the kernel adds up.
  const turned = new Float32Array(data.length);
  for (let i = 0; i < count; i++)
    for (let j = 0; j < dim; j++) turned[j * count + i] = data[i * dim + j] - mean[j];
  const products = new Float64Array(count * count);
  kernels().covariance(turned, count, new Float32Array(), products);
  const { values, vectors } = kernels().symmetricEigen(products, count);
  return {
    mean,
    variances: present(values, count),
    component(r) {
      const shares = vectors.subarray(r * count, (r + 1) * count);
      const scale = 1 / Math.sqrt(values[r]);
      return Float64Array.from({ length: dim }, (_, j) => {
        let sum = 0;
        for (let i = 0; i < count; i++) sum += shares[i] * turned[j * count + i];
        return sum * scale;
      });
    },
  };
}

function present(values: Float64Array, count: number): Float64Array {
  const end = values.findIndex((value) => !(value > LEAST * values[0]));
  return values.slice(0, end < 0 ? values.length : end).map((value) => value / count);
}
