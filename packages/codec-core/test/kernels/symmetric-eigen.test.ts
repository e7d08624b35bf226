/** Eigenvalues and eigenvectors: what they are by definition, and matrices whose eigenvalues are known. */
import { describe, expect, test } from "vitest";
import { isPithError } from "../../src/errors.ts";
import type { Kernels } from "../../src/kernels/kernels.ts";
import { SplitMix64 } from "../../src/random.ts";
import { backends, natives, normals } from "./backends.ts";

describe.each(backends.map((k) => [k.isa, k] as const))("%s", (_, kernels) => {
  const at384 = natives.length === 0 || kernels.backend === "native" ? [384] : [];
  test.each([1, 2, 3, 17, 64, ...at384])("%i random rows and columns", (n) => {
    const matrix = symmetric(new SplitMix64(50), n);
    const { values } = checked(kernels, matrix, n);
    let trace = 0;
    for (let i = 0; i < n; i++) trace += matrix[i * n + i];
    expect(Math.abs(values.reduce((sum, value) => sum + value, 0) - trace)).toBeLessThan(n * 1e-12);
  });

  test("matrices of known eigenvalues", () => {
    const { values, vectors } = kernels.symmetricEigen(Float64Array.of(2, 1, 1, 2), 2);
    near(values, [3, 1]);
    near(vectors, [Math.SQRT1_2, Math.SQRT1_2, Math.SQRT1_2, -Math.SQRT1_2]);
    // The second difference: 2 - 2 cos(pi k / (n + 1)).
    const n = 50;
    const second = Float64Array.from({ length: n * n }, (_, at) => {
      const apart = Math.abs(Math.floor(at / n) - (at % n));
      return [2, -1][apart] ?? 0;
    });
    const known = Array.from({ length: n }, (_, k) => 2 - 2 * Math.cos((Math.PI * (n - k)) / (n + 1)));
    near(checked(kernels, second, n).values, known);
    expect(kernels.symmetricEigen(Float64Array.of(-7), 1)).toEqual({
      values: Float64Array.of(-7),
      vectors: Float64Array.of(1),
    });
  });

  test("repeated eigenvalues: all but one of I - 2 v v^T are 1", () => {
    const n = 17;
    const v = normals(new SplitMix64(51), n);
    const square = v.reduce((sum, x) => sum + x * x, 0);
    const mirror = Float64Array.from({ length: n * n }, (_, at) => {
      const i = Math.floor(at / n);
      return (i === at % n ? 1 : 0) - (2 * v[i] * v[at % n]) / square;
    });
    near(checked(kernels, mirror, n).values, [...new Array(n - 1).fill(1), -1]);
  });

  test("a matrix of low rank", () => {
    const [n, rank] = [40, 3];
    const matrix = new Float64Array(n * n);
    kernels.covariance(normals(new SplitMix64(52), rank * n), n, new Float32Array(), matrix);
    const { values } = checked(kernels, matrix, n);
    expect(values[rank - 1]).toBeGreaterThan(1);
    for (const value of values.subarray(rank)) expect(Math.abs(value)).toBeLessThan(1e-12);
  });

  test("zeros, and a diagonal of any size", () => {
    const identity = (n: number): Float64Array =>
      Float64Array.from({ length: n * n }, (_, at) => (at % (n + 1) === 0 ? 1 : 0));
    expect(kernels.symmetricEigen(new Float64Array(25), 5)).toEqual({
      values: new Float64Array(5),
      vectors: identity(5),
    });
    for (const size of [5e-324, 1e-200, 1e300]) {
      const { values, vectors } = kernels.symmetricEigen(Float64Array.of(size, 0, 0, 2 * size), 2);
      expect(values).toEqual(Float64Array.of(2 * size, size));
      expect(vectors).toEqual(Float64Array.of(0, 1, 1, 0));
    }
  });

  test("what isn't finite is refused", () => {
    for (const bad of [Number.NaN, Infinity, -Infinity])
      expect(() => kernels.symmetricEigen(Float64Array.of(1, 0, bad, 1), 2)).toThrow(
        expect.toSatisfy((error: unknown) => isPithError(error, "NOT_FINITE")),
      );
  });
});

function symmetric(random: SplitMix64, n: number): Float64Array {
  const out = new Float64Array(n * n);
  for (let i = 0; i < n; i++)
    for (let j = 0; j <= i; j++) out[i * n + j] = out[j * n + i] = random.gaussian();
  return out;
}

/** The eigenvalues, once the vectors are seen to be orthonormal, of the right sign, and A v = l v. */
function checked(kernels: Kernels, matrix: Float64Array, n: number): { values: Float64Array } {
  const { values, vectors } = kernels.symmetricEigen(matrix, n);
  const size = Math.max(...values.map(Math.abs));
  const [rows, ofMatrix] = [vectors, matrix].map((all) =>
    Array.from({ length: n }, (_, i) => all.subarray(i * n, (i + 1) * n)),
  );
  let [skew, residual] = [0, 0];
  for (const [i, v] of rows.entries()) {
    const largest = v.reduce((most, x) => (Math.abs(x) > Math.abs(most) ? x : most), 0);
    if (!(largest > 0) || values[i] > (values[i - 1] ?? Infinity))
      expect([i, largest, values]).toBe("sorted");
    for (let j = 0; j < n; j++) {
      skew = Math.max(skew, Math.abs(inner(v, rows[j]) - (i === j ? 1 : 0)));
      residual = Math.max(residual, Math.abs(inner(ofMatrix[j], v) - values[i] * v[j]));
    }
  }
  expect(skew).toBeLessThan(n * 1e-15 + 1e-14);
  expect(residual).toBeLessThan((n * 1e-15 + 1e-14) * size);
  return { values };
}

function inner(a: Float64Array, b: Float64Array): number {
  let sum = 0;
  for (let i = 0; i < a.length; i++) sum += a[i] * b[i];
  return sum;
}

function near(found: Float64Array, wanted: readonly number[]): void {
  expect(found.length).toBe(wanted.length);
  for (const [i, value] of found.entries()) expect(value).toBeCloseTo(wanted[i], 12);
}
