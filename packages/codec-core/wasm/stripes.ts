/**
 * The pinned float32 sum of src/kernels/stripes.ts: partials 4 i ... 4 i + 3 are the lanes of register i. WebAssembly
 * has no fused multiply-add, so each product and sum is rounded as there. Lanes past a row's end are cleared: they
 * add +0, which changes nothing.
 */
import { firstLanes, fold } from "./lanes";

/** Results of the two sums of a call. */
export let sum0: f32 = 0;
export let sum1: f32 = 0;

/** Inner products of a query, padded with zeros to 16 floats, and two rows, into `sum0` and `sum1`. */
export function dots(query: usize, a: usize, b: usize, dim: i32): void {
  let a0 = f32x4.splat(0);
  let a1 = a0;
  let a2 = a0;
  let a3 = a0;
  let b0 = a0;
  let b1 = a0;
  let b2 = a0;
  let b3 = a0;
  for (let n = dim >> 4; n > 0; n--) {
    const q0 = v128.load(query, 0);
    const q1 = v128.load(query, 16);
    const q2 = v128.load(query, 32);
    const q3 = v128.load(query, 48);
    a0 = f32x4.add(a0, f32x4.mul(q0, v128.load(a, 0)));
    a1 = f32x4.add(a1, f32x4.mul(q1, v128.load(a, 16)));
    a2 = f32x4.add(a2, f32x4.mul(q2, v128.load(a, 32)));
    a3 = f32x4.add(a3, f32x4.mul(q3, v128.load(a, 48)));
    b0 = f32x4.add(b0, f32x4.mul(q0, v128.load(b, 0)));
    b1 = f32x4.add(b1, f32x4.mul(q1, v128.load(b, 16)));
    b2 = f32x4.add(b2, f32x4.mul(q2, v128.load(b, 32)));
    b3 = f32x4.add(b3, f32x4.mul(q3, v128.load(b, 48)));
    query += 64;
    a += 64;
    b += 64;
  }
  const rest = dim & 15;
  if (rest > 0) {
    const m0 = firstLanes(rest);
    const m1 = firstLanes(rest - 4);
    const m2 = firstLanes(rest - 8);
    const m3 = firstLanes(rest - 12);
    const q0 = v128.load(query, 0);
    const q1 = v128.load(query, 16);
    const q2 = v128.load(query, 32);
    const q3 = v128.load(query, 48);
    a0 = f32x4.add(a0, f32x4.mul(q0, v128.and(m0, v128.load(a, 0))));
    a1 = f32x4.add(a1, f32x4.mul(q1, v128.and(m1, v128.load(a, 16))));
    a2 = f32x4.add(a2, f32x4.mul(q2, v128.and(m2, v128.load(a, 32))));
    a3 = f32x4.add(a3, f32x4.mul(q3, v128.and(m3, v128.load(a, 48))));
    b0 = f32x4.add(b0, f32x4.mul(q0, v128.and(m0, v128.load(b, 0))));
    b1 = f32x4.add(b1, f32x4.mul(q1, v128.and(m1, v128.load(b, 16))));
    b2 = f32x4.add(b2, f32x4.mul(q2, v128.and(m2, v128.load(b, 32))));
    b3 = f32x4.add(b3, f32x4.mul(q3, v128.and(m3, v128.load(b, 48))));
  }
  sum0 = fold(a0, a1, a2, a3);
  sum1 = fold(b0, b1, b2, b3);
}

/** Squared distances, otherwise as `dots`. */
export function squaredDistances(query: usize, a: usize, b: usize, dim: i32): void {
  let a0 = f32x4.splat(0);
  let a1 = a0;
  let a2 = a0;
  let a3 = a0;
  let b0 = a0;
  let b1 = a0;
  let b2 = a0;
  let b3 = a0;
  for (let n = dim >> 4; n > 0; n--) {
    const q0 = v128.load(query, 0);
    const q1 = v128.load(query, 16);
    const q2 = v128.load(query, 32);
    const q3 = v128.load(query, 48);
    a0 = f32x4.add(a0, squared(f32x4.sub(q0, v128.load(a, 0))));
    a1 = f32x4.add(a1, squared(f32x4.sub(q1, v128.load(a, 16))));
    a2 = f32x4.add(a2, squared(f32x4.sub(q2, v128.load(a, 32))));
    a3 = f32x4.add(a3, squared(f32x4.sub(q3, v128.load(a, 48))));
    b0 = f32x4.add(b0, squared(f32x4.sub(q0, v128.load(b, 0))));
    b1 = f32x4.add(b1, squared(f32x4.sub(q1, v128.load(b, 16))));
    b2 = f32x4.add(b2, squared(f32x4.sub(q2, v128.load(b, 32))));
    b3 = f32x4.add(b3, squared(f32x4.sub(q3, v128.load(b, 48))));
    query += 64;
    a += 64;
    b += 64;
  }
  const rest = dim & 15;
  if (rest > 0) {
    const m0 = firstLanes(rest);
    const m1 = firstLanes(rest - 4);
    const m2 = firstLanes(rest - 8);
    const m3 = firstLanes(rest - 12);
    const q0 = v128.load(query, 0);
    const q1 = v128.load(query, 16);
    const q2 = v128.load(query, 32);
    const q3 = v128.load(query, 48);
    a0 = f32x4.add(a0, squared(f32x4.sub(q0, v128.and(m0, v128.load(a, 0)))));
    a1 = f32x4.add(a1, squared(f32x4.sub(q1, v128.and(m1, v128.load(a, 16)))));
    a2 = f32x4.add(a2, squared(f32x4.sub(q2, v128.and(m2, v128.load(a, 32)))));
    a3 = f32x4.add(a3, squared(f32x4.sub(q3, v128.and(m3, v128.load(a, 48)))));
    b0 = f32x4.add(b0, squared(f32x4.sub(q0, v128.and(m0, v128.load(b, 0)))));
    b1 = f32x4.add(b1, squared(f32x4.sub(q1, v128.and(m1, v128.load(b, 16)))));
    b2 = f32x4.add(b2, squared(f32x4.sub(q2, v128.and(m2, v128.load(b, 32)))));
    b3 = f32x4.add(b3, squared(f32x4.sub(q3, v128.and(m3, v128.load(b, 48)))));
  }
  sum0 = fold(a0, a1, a2, a3);
  sum1 = fold(b0, b1, b2, b3);
}

/** Sum of squares of a row. */
export function squaredNorm(row: usize, dim: i32): f32 {
  let p0 = f32x4.splat(0);
  let p1 = p0;
  let p2 = p0;
  let p3 = p0;
  for (let n = dim >> 4; n > 0; n--) {
    p0 = f32x4.add(p0, squared(v128.load(row, 0)));
    p1 = f32x4.add(p1, squared(v128.load(row, 16)));
    p2 = f32x4.add(p2, squared(v128.load(row, 32)));
    p3 = f32x4.add(p3, squared(v128.load(row, 48)));
    row += 64;
  }
  const rest = dim & 15;
  if (rest > 0) {
    p0 = f32x4.add(p0, squared(v128.and(firstLanes(rest), v128.load(row, 0))));
    p1 = f32x4.add(p1, squared(v128.and(firstLanes(rest - 4), v128.load(row, 16))));
    p2 = f32x4.add(p2, squared(v128.and(firstLanes(rest - 8), v128.load(row, 32))));
    p3 = f32x4.add(p3, squared(v128.and(firstLanes(rest - 12), v128.load(row, 48))));
  }
  return fold(p0, p1, p2, p3);
}

function squared(v: v128): v128 {
  return f32x4.mul(v, v);
}
