/**
 * The pinned float32 sum behind every float score: element j goes into partial j % 16, in order, and the sixteen
 * partials fold by a fixed tree, partial i + partial (i + half) for half 8, 4, 2, 1. Every product, difference and
 * sum is rounded to float32 and nothing is fused, so sixteen SIMD lanes give the same bits as this file.
 *
 * Partials start at +0 and can never become -0, so a padded tail of +0 terms changes nothing.
 *
 * Rounding: a sum is off by at most (dim / 16 + 5) 2^-24 of the sum of its terms' magnitudes, a little better than
 * plain order (Higham, "Accuracy and Stability of Numerical Algorithms", 4.2).
 *
 * About 1 ns an element in V8, which computes in float64 and rounds: for +, -, *, / and sqrt of float32 the
 * second rounding is harmless (53 >= 2 * 24 + 2 bits).
 */
const LANES = 16;
const partials: Float32Array = new Float32Array(LANES);

/** Inner product of a[aAt ... aAt + dim] and b[bAt ... bAt + dim]. */
export function dot(a: Float32Array, aAt: number, b: Float32Array, bAt: number, dim: number): number {
  const full = dim - (dim % LANES);
  for (let lane = 0; lane < LANES; lane += 4) {
    let p0 = 0;
    let p1 = 0;
    let p2 = 0;
    let p3 = 0;
    for (let j = lane; j < full; j += LANES) {
      const i = aAt + j;
      const k = bAt + j;
      p0 = Math.fround(p0 + Math.fround(a[i] * b[k]));
      p1 = Math.fround(p1 + Math.fround(a[i + 1] * b[k + 1]));
      p2 = Math.fround(p2 + Math.fround(a[i + 2] * b[k + 2]));
      p3 = Math.fround(p3 + Math.fround(a[i + 3] * b[k + 3]));
    }
    keep(lane, p0, p1, p2, p3);
  }
  for (let j = full; j < dim; j++) partials[j - full] += Math.fround(a[aAt + j] * b[bAt + j]);
  return fold();
}

/** Squared Euclidean distance: the sum of t * t with t = f32(a_j - b_j). */
export function squaredDistance(
  a: Float32Array,
  aAt: number,
  b: Float32Array,
  bAt: number,
  dim: number,
): number {
  const full = dim - (dim % LANES);
  for (let lane = 0; lane < LANES; lane += 4) {
    let p0 = 0;
    let p1 = 0;
    let p2 = 0;
    let p3 = 0;
    for (let j = lane; j < full; j += LANES) {
      const i = aAt + j;
      const k = bAt + j;
      const t0 = Math.fround(a[i] - b[k]);
      const t1 = Math.fround(a[i + 1] - b[k + 1]);
      const t2 = Math.fround(a[i + 2] - b[k + 2]);
      const t3 = Math.fround(a[i + 3] - b[k + 3]);
      p0 = Math.fround(p0 + Math.fround(t0 * t0));
      p1 = Math.fround(p1 + Math.fround(t1 * t1));
      p2 = Math.fround(p2 + Math.fround(t2 * t2));
      p3 = Math.fround(p3 + Math.fround(t3 * t3));
    }
    keep(lane, p0, p1, p2, p3);
  }
  for (let j = full; j < dim; j++) {
    const t = Math.fround(a[aAt + j] - b[bAt + j]);
    partials[j - full] += Math.fround(t * t);
  }
  return fold();
}

/** Sum of squares of a[at ... at + dim]. */
export function squaredNorm(a: Float32Array, at: number, dim: number): number {
  return dot(a, at, a, at, dim);
}

function keep(lane: number, p0: number, p1: number, p2: number, p3: number): void {
  partials[lane] = p0;
  partials[lane + 1] = p1;
  partials[lane + 2] = p2;
  partials[lane + 3] = p3;
}

function fold(): number {
  for (let half = LANES / 2; half >= 1; half /= 2)
    for (let i = 0; i < half; i++) partials[i] += partials[i + half];
  return partials[0];
}
