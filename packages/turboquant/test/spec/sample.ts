/** Seeded vectors and refusals for the tests of the spec. */
import { isPithError, SplitMix64 } from "@pith/codec-core";

/** `count` Gaussian vectors, of unit length unless told otherwise. */
export function gaussianRows(count: number, dim: number, seed: number, unit: boolean = true): Float32Array[] {
  const random = new SplitMix64(seed);
  return Array.from({ length: count }, () => {
    const row = Float64Array.from({ length: dim }, () => random.gaussian());
    const length = unit ? Math.sqrt(dot(row, row)) : 1;
    return Float32Array.from(row, (x) => x / length);
  });
}

export function dot(a: ArrayLike<number>, b: ArrayLike<number>): number {
  let sum = 0;
  for (let j = 0; j < a.length; j++) sum += a[j] * b[j];
  return sum;
}

export function cosine(a: ArrayLike<number>, b: ArrayLike<number>): number {
  return dot(a, b) / Math.sqrt(dot(a, a) * dot(b, b));
}

export function squaredError(a: Float32Array, b: Float32Array): number {
  return a.reduce((sum, x, j) => sum + (x - b[j]) ** 2, 0);
}

export function mean(x: readonly number[]): number {
  return x.reduce((a, b) => a + b, 0) / x.length;
}

/** The code of the PithError that `action` throws; undefined where it throws none. */
export function refusal(action: () => unknown): string | undefined {
  try {
    action();
  } catch (error) {
    if (!isPithError(error)) throw error;
    return error.code;
  }
  return undefined;
}
