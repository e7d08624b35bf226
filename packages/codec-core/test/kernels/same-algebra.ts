/** Tests that what learned bases are made of has the bits of TypeScript. */
import { test } from "vitest";
import type { Kernels } from "../../src/kernels/kernels.ts";
import { portable } from "../../src/kernels/portable.ts";
import { SplitMix64 } from "../../src/random.ts";
import { awkwardRows, expectSame, normals } from "./backends.ts";

const DIMS = [1, 2, 3, 7, 8, 9, 31, 32, 33, 65, 100];

/** Registers the tests. */
export function sameAlgebra(other: Kernels): void {
  test("sums of products have the bits of TypeScript", () => {
    const random = new SplitMix64(40);
    for (const dim of DIMS)
      for (const count of [0, 1, 64, 150]) {
        const data = awkwardRows(random, count, dim);
        const mean = (dim + count) % 2 ? normals(random, dim) : new Float32Array();
        const run = (k: Kernels): ArrayLike<number>[] => {
          // At an odd place of a larger buffer, whose other elements stay; what stood there is added to.
          const out = new Float64Array(dim * dim + 2).fill(0.1);
          k.covariance(data, dim, mean, out.subarray(1, 1 + dim * dim));
          return [out];
        };
        expectSame(run(other), run(portable));
      }
  });

  test("eigenvalues and eigenvectors have the bits of TypeScript", () => {
    const random = new SplitMix64(41);
    for (const n of DIMS)
      for (const rows of [0, 1, n >>> 1, 3 * n]) {
        const matrix = new Float64Array(n * n);
        portable.covariance(normals(random, rows * n), n, new Float32Array(), matrix);
        const run = (k: Kernels): ArrayLike<number>[] => {
          const { values, vectors } = k.symmetricEigen(matrix, n);
          return [values, vectors];
        };
        expectSame(run(other), run(portable));
      }
  });
}
