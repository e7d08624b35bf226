/**
 * Seeded vectors: the same bytes for the same seed on every machine and backend. All of it is float64 additions, products,
 * quotients and square roots, which IEEE 754 pins; the logarithm, which it doesn't, is a series here.
 *
 * Gaussian: each element normal, mean 0, deviation 1. Clustered: unit vectors around centroids, as embeddings of texts
 * about a number of subjects are: a Gaussian centroid, Gaussian noise on it, then length 1. Two vectors of one cluster have a
 * cosine about 1 / (1 + NOISE^2), two of different ones about 0.
 * Source of the normal numbers: Marsaglia's polar method (Marsaglia, Bray: "A convenient method for generating normal
 * variables", SIAM Review 6(3), 1964).
 */
import { PithError, SplitMix64, type Vectors } from "@pith/codec-core";

export interface Shape {
  readonly dim: number;
  readonly seed: number;
  /** Centroids; 0 for Gaussian vectors. */
  readonly clusters: number;
}

/** Deviation of the noise, that of a centroid's elements being 1: a cosine about .64 within a cluster. */
const NOISE = 0.75;
const MAX_CENTROID_BYTES = 256 * 2 ** 20;

/** An endless stream of rows. */
export class SyntheticRows {
  readonly #dim: number;
  readonly #normal: Normal;
  readonly #random: SplitMix64;
  readonly #centroids: Float32Array;
  readonly #clusters: number;

  /** "rows" and "queries" of one shape have the centroids in common and nothing else. @throws LIMIT_EXCEEDED */
  constructor({ dim, seed, clusters }: Shape, stream: "rows" | "queries" = "rows") {
    if (4 * dim * clusters > MAX_CENTROID_BYTES)
      throw new PithError(
        "LIMIT_EXCEEDED",
        `clusters: ${clusters} centroids of dim ${dim} take more than ${MAX_CENTROID_BYTES} bytes`,
        { actual: 4 * dim * clusters, limit: MAX_CENTROID_BYTES },
      );
    const seeds = new SplitMix64(seed);
    const [centroids, rows, queries] = [seeds.next(), seeds.next(), seeds.next()];
    const normal = new Normal(new SplitMix64(centroids));
    this.#dim = dim;
    this.#clusters = clusters;
    this.#centroids = Float32Array.from({ length: clusters * dim }, () => normal.next());
    this.#random = new SplitMix64(stream === "rows" ? rows : queries);
    this.#normal = new Normal(this.#random);
  }

  /** The next rows; how many at a time makes no difference. */
  take(count: number): Vectors {
    const dim = this.#dim;
    const data = new Float32Array(count * dim);
    for (let row = 0; row < count; row++) {
      const out = data.subarray(row * dim, (row + 1) * dim);
      if (this.#clusters === 0) for (let j = 0; j < dim; j++) out[j] = this.#normal.next();
      else this.#clustered(out);
    }
    return { data, dim, count };
  }

  #clustered(out: Float32Array): void {
    const from = this.#random.below(this.#clusters) * out.length;
    let squares = 0;
    for (let j = 0; j < out.length; j++) {
      out[j] = this.#centroids[from + j] + NOISE * this.#normal.next();
      squares += out[j] * out[j];
    }
    const norm = Math.sqrt(squares) || 1;
    for (let j = 0; j < out.length; j++) out[j] /= norm;
  }
}

class Normal {
  readonly #random: SplitMix64;
  #spare = Number.NaN;

  constructor(random: SplitMix64) {
    this.#random = random;
  }

  next(): number {
    if (!Number.isNaN(this.#spare)) {
      const spare = this.#spare;
      this.#spare = Number.NaN;
      return spare;
    }
    for (;;) {
      const x = 2 * this.#random.uniform() - 1;
      const y = 2 * this.#random.uniform() - 1;
      const s = x * x + y * y;
      if (s >= 1 || s === 0) continue;
      const scale = Math.sqrt((-2 * ln(s)) / s);
      this.#spare = y * scale;
      return x * scale;
    }
  }
}

const double = new Float64Array(1);
const halves = new Uint32Array(double.buffer);

/** Natural logarithm of a normal number: x = m * 2^e with m near 1; ln m = 2 atanh((m - 1) / (m + 1)). Within 1e-14. */
function ln(x: number): number {
  double[0] = x;
  let exponent = (halves[1] >>> 20) - 1023;
  halves[1] = (halves[1] & 0xfffff) | 0x3ff00000;
  let mantissa = double[0];
  if (mantissa > Math.SQRT2) {
    mantissa /= 2;
    exponent++;
  }
  const t = (mantissa - 1) / (mantissa + 1);
  const tt = t * t;
  let series = 0;
  for (let n = 17; n >= 1; n -= 2) series = series * tt + 1 / n;
  return exponent * Math.LN2 + 2 * t * series;
}

/** About the square root of the rows, from 1 to 1,024, and within 64 MiB of centroids. */
export function defaultClusters(rows: number, dim: number): number {
  const room = Math.floor((64 * 2 ** 20) / (4 * dim));
  return Math.max(1, Math.min(1024, room, Math.round(Math.sqrt(rows))));
}
