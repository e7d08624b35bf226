/**
 * Eigenvalues and eigenvectors of a symmetric matrix, in float64: A = V^T diag(values) V with orthonormal rows of V.
 *
 * 1. A is scaled by the power of two that takes its largest element into [1, 2).
 * 2. Householder's reflections make it tridiagonal: Q^T A Q for Q = H_{n-1} ... H_2, where H_i = I - u u^T / h takes what
 *    stands before the last element of row i's part below the diagonal to zero. With p = A u / h and
 *    q = p - (u^T p / 2h) u, H A H = A - q u^T - u q^T.
 * 3. Implicit QR steps take the off-diagonal to zero: each sweeps over an unreduced block with plane rotations of rows and
 *    columns k and k + 1, the first one as the matrix less Wilkinson's shift asks, the others to chase the element that it
 *    leaves beside the off-diagonal. Off-diagonals up to 2^-52 of the matrix are set to zero.
 * 4. The reflections and the rotations are applied to the identity, which gives V.
 * 5. Eigenvalues are sorted, the largest first (equal ones as they came), and each vector gets the sign that makes its
 *    largest element positive, of equal ones the first.
 *
 * Every operation is rounded, in one order on all backends, inner products of rows by 8 striped partials (see `dot`): the
 * same bits everywhere, so that a basis learned here is the basis learned there. Backward stable: |A v - l v| is some
 * n 2^-53 |A|. O(n^3): seconds for some hundred rows in TypeScript.
 *
 * Source: Golub, Van Loan: "Matrix computations", 4th ed., 2013, sections 8.3.1 to 8.3.5.
 */
import { PithError } from "../errors.ts";

export interface Eigen {
  /** n of them, the largest first. */
  readonly values: Float64Array;
  /** n x n, row-major: row i is the eigenvector of value i, of unit length. */
  readonly vectors: Float64Array;
}

/** Squares that sum up to less are taken for zeros; what they come from is below 2^-450 of the matrix. */
const NOTHING: number = 2 ** -900;

/** Sweeps for each row, at most: two are usual, and Wilkinson's shift always converges. */
const MOST = 64;

/** Reads the lower triangle of `matrix`, n x n. @throws NOT_FINITE */
export function symmetricEigen(matrix: Float64Array, n: number): Eigen {
  const power = powerFor(matrix);
  const a = matrix.map((x) => x * power);
  const diagonal = new Float64Array(n);
  const off = new Float64Array(n);
  const inverses = tridiagonal(a, n, diagonal, off);
  const v = transposed(a, inverses, n);
  iterate(diagonal, off, v, n);
  const order = Array.from(diagonal.keys()).sort((i, j) => diagonal[j] - diagonal[i]);
  const vectors = new Float64Array(n * n);
  order.forEach((from, to) => {
    const row = v.subarray(from * n, (from + 1) * n);
    let largest = 0;
    for (const x of row) if (Math.abs(x) > Math.abs(largest)) largest = x;
    vectors.set(largest < 0 ? row.map((x) => -x) : row, to * n);
  });
  return { values: Float64Array.from(order, (i) => diagonal[i] / power), vectors };
}

/** 2^-e for a largest element in [2^e, 2^(e+1)), e from -1000 up to 1000; 1 for zeros. */
function powerFor(matrix: Float64Array): number {
  let max = 0;
  for (let i = 0; i < matrix.length; i++) {
    const x = Math.abs(matrix[i]);
    if (!(x < Infinity))
      throw new PithError("NOT_FINITE", `element ${i} of the matrix is ${matrix[i]}`, { index: i });
    max = Math.max(max, x);
  }
  if (max === 0) return 1;
  const exponent = ((new DataView(Float64Array.of(max).buffer).getUint16(6, true) >>> 4) & 2047) - 1023;
  return 2 ** -Math.max(-1000, Math.min(1000, exponent));
}

/** Leaves u in each row i before the diagonal; gives 1 / h of each row, 0 where there is no reflection. */
function tridiagonal(a: Float64Array, n: number, diagonal: Float64Array, off: Float64Array): Float64Array {
  const inverses = new Float64Array(n);
  const p = new Float64Array(n);
  for (let i = n - 1; i > 0; i--) {
    const u = a.subarray(i * n, i * n + i);
    diagonal[i] = a[i * n + i];
    const last = u[i - 1];
    const rest = dot(u, u, i - 1);
    if (rest <= NOTHING) {
      off[i - 1] = last;
      continue;
    }
    const sum = rest + last * last;
    const alpha = last < 0 ? Math.sqrt(sum) : -Math.sqrt(sum);
    const inverse = 1 / (sum - last * alpha);
    off[i - 1] = alpha;
    inverses[i] = inverse;
    u[i - 1] = last - alpha;
    for (let j = 0; j < i; j++) {
      const row = a.subarray(j * n, j * n + j + 1);
      p[j] = dot(row, u, j) + row[j] * u[j];
      for (let k = 0; k < j; k++) p[k] += row[k] * u[j];
    }
    for (let j = 0; j < i; j++) p[j] *= inverse;
    const half = 0.5 * inverse * dot(u, p, i);
    for (let j = 0; j < i; j++) p[j] -= half * u[j];
    for (let j = 0; j < i; j++) {
      const row = j * n;
      for (let k = 0; k <= j; k++) a[row + k] -= p[j] * u[k] + u[j] * p[k];
    }
  }
  diagonal[0] = a[0];
  return inverses;
}

/** Q^T: the reflections applied to the identity, H_{n-1} first. */
function transposed(a: Float64Array, inverses: Float64Array, n: number): Float64Array {
  const v = new Float64Array(n * n);
  for (let i = 0; i < n; i++) v[i * n + i] = 1;
  const g = new Float64Array(n);
  for (let i = n - 1; i > 0; i--) {
    if (inverses[i] === 0) continue;
    g.fill(0);
    for (let m = 0; m < i; m++) {
      const factor = a[i * n + m];
      for (let k = 0; k < n; k++) g[k] += factor * v[m * n + k];
    }
    for (let k = 0; k < n; k++) g[k] *= inverses[i];
    for (let m = 0; m < i; m++) {
      const factor = a[i * n + m];
      for (let k = 0; k < n; k++) v[m * n + k] -= factor * g[k];
    }
  }
  return v;
}

/** Makes the tridiagonal matrix diagonal; `e[k]` stands between rows k and k + 1. Rotates the rows of `v` along. */
function iterate(d: Float64Array, e: Float64Array, v: Float64Array, n: number): void {
  let norm = 0;
  for (let i = 0; i < n; i++) norm = Math.max(norm, Math.abs(d[i]) + Math.abs(e[i]));
  const isZero = (k: number): boolean => Math.abs(e[k]) <= Number.EPSILON * norm;
  let left = MOST * n;
  for (let last = n - 1; ; ) {
    while (last > 0 && isZero(last - 1)) last--;
    if (last <= 0) return;
    let first = last - 1;
    while (first > 0 && !isZero(first - 1)) first--;
    if (left-- === 0) throw new PithError("INTERNAL", `no eigenvalues after ${MOST} sweeps for each row`);
    sweep(d, e, first, last, v, n);
  }
}

function sweep(
  d: Float64Array,
  e: Float64Array,
  first: number,
  last: number,
  v: Float64Array,
  n: number,
): void {
  const below = e[last - 1];
  const delta = 0.5 * (d[last - 1] - d[last]);
  const root = Math.sqrt(delta * delta + below * below);
  let x = d[first] - (d[last] - (below * below) / (delta < 0 ? delta - root : delta + root));
  let z = e[first];
  for (let k = first; k < last; k++) {
    const r = Math.sqrt(x * x + z * z);
    // Both so small that their squares are zeros: the matrix falls apart here.
    const c = r > 0 ? x / r : 1;
    const s = r > 0 ? z / r : 0;
    rotate(v, k * n, n, c, s);
    if (k > first) e[k - 1] = r;
    const w = s * (d[k + 1] - d[k]) + 2 * c * e[k];
    const p = s * w;
    d[k] += p;
    d[k + 1] -= p;
    e[k] = c * w - e[k];
    if (k + 1 < last) {
      x = e[k];
      z = s * e[k + 1];
      e[k + 1] *= c;
    }
  }
}

/** The row at `at` becomes c z + s z', the one behind it c z' - s z. */
function rotate(v: Float64Array, at: number, n: number, c: number, s: number): void {
  for (let i = at; i < at + n; i++) {
    const upper = v[i];
    const lower = v[i + n];
    v[i] = c * upper + s * lower;
    v[i + n] = c * lower - s * upper;
  }
}

const partials: Float64Array = new Float64Array(8);

/** Inner product of the first n elements: product j goes into partial j % 8, and they fold 8 -> 4 -> 2 -> 1. */
function dot(a: Float64Array, b: Float64Array, n: number): number {
  partials.fill(0);
  for (let j = 0; j < n; j++) partials[j & 7] += a[j] * b[j];
  for (let half = 4; half > 0; half >>= 1) for (let i = 0; i < half; i++) partials[i] += partials[i + half];
  return partials[0];
}
