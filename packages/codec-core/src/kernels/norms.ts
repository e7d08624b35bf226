/**
 * Euclidean norms that neither overflow nor underflow. Where the plain striped sum of squares lies in
 * [2^-100, 2^100], its square root is the norm. Outside, the row is first multiplied by the power of two that takes
 * its largest element into [1, 2), which is exact, and the root is divided by that power.
 * Source of the idea: Blue, "A portable Fortran program to find the Euclidean norm of a vector", TOMS 1978.
 */
import { squaredNorm } from "./stripes.ts";

const LOWEST: number = 2 ** -100;
const HIGHEST: number = 2 ** 100;

/** Norm of each row of `dim` floats; Infinity where it is beyond float32. */
export function norms(data: Float32Array, dim: number, out: Float32Array): void {
  let scaled: Float32Array | undefined;
  for (let i = 0; i < out.length; i++) {
    const sum = squaredNorm(data, i * dim, dim);
    if (inRange(sum)) {
      out[i] = Math.sqrt(sum);
      continue;
    }
    scaled ??= new Float32Array(dim);
    const power = scaleRow(data, i * dim, dim, scaled);
    out[i] = power === 0 ? 0 : Math.fround(Math.sqrt(squaredNorm(scaled, 0, dim))) / power;
  }
}

/**
 * Rows divided by their norms into `out`; zero rows stay zero. In float64, where no square of a float32 overflows or
 * underflows: the sum of squares in 8 striped partials (element j into j % 8) folded 8 -> 4 -> 2 -> 1, then
 * f32(v_j f64(1 / norm)).
 */
export function unitRows(data: Float32Array, dim: number, out: Float32Array): void {
  const partial = new Float64Array(8);
  for (let start = 0; start < data.length; start += dim) {
    partial.fill(0);
    for (let j = 0; j < dim; j++) partial[j & 7] += data[start + j] * data[start + j];
    for (let half = 4; half > 0; half >>= 1) for (let i = 0; i < half; i++) partial[i] += partial[i + half];
    const norm = Math.sqrt(partial[0]);
    const factor = norm > 0 ? 1 / norm : 0;
    for (let j = start; j < start + dim; j++) out[j] = data[j] * factor;
  }
}

/** Whether a sum of squares lost nothing to underflow or overflow that matters. False for NaN. */
export function inRange(sumOfSquares: number): boolean {
  return sumOfSquares >= LOWEST && sumOfSquares <= HIGHEST;
}

/**
 * Writes data[at ... at + dim] times a power of two into `out`, and returns that power: 2^-e for a largest element
 * in [2^e, 2^(e+1)), 2^126 for a row of subnormals, 0 for a row of zeros.
 */
export function scaleRow(data: Float32Array, at: number, dim: number, out: Float32Array): number {
  let max = 0;
  for (let j = at; j < at + dim; j++) max = Math.max(max, Math.abs(data[j]));
  const power = powerFor(max);
  for (let j = 0; j < dim; j++) out[j] = data[at + j] * power;
  return power;
}

const word: Uint32Array = new Uint32Array(1);
const float: Float32Array = new Float32Array(word.buffer);

function powerFor(max: number): number {
  if (max === 0) return 0;
  float[0] = max;
  const exponent = Math.max((word[0] >>> 23) - 127, -126);
  return 2 ** -exponent;
}
