/**
 * IEEE 754 binary16, the rule of src/kernels/float16.ts, four numbers at a time by float arithmetic: widening is a
 * multiplication by 2^112, exact for subnormals too; a number below 2^-14 is rounded to a multiple of 2^-24 by adding
 * 1/2, whose unit in the last place that is.
 */
import { magnitude } from "./lanes";

/** Float16 bits to float32. Works in eights: up to seven numbers past `count` are written. */
export function widen(bits: usize, count: i32, out: usize): void {
  for (let i = 0; i < count; i += 8) {
    v128.store(out, widened(v128.load16x4_u(bits, 0)), 0);
    v128.store(out, widened(v128.load16x4_u(bits, 8)), 16);
    bits += 16;
    out += 32;
  }
}

/** float32 to float16 bits, half to even. In eights as well. */
export function narrow(data: usize, count: i32, out: usize): void {
  for (let i = 0; i < count; i += 8) {
    v128.store(out, i16x8.narrow_i32x4_u(narrowed(v128.load(data, 0)), narrowed(v128.load(data, 16))));
    data += 32;
    out += 16;
  }
}

function widened(half: v128): v128 {
  const value = v128.and(half, i32x4.splat(0x7fff));
  const sign = i32x4.shl(v128.and(half, i32x4.splat(0x8000)), 16);
  const scaled = v128.or(sign, f32x4.mul(i32x4.shl(value, 13), i32x4.splat((127 + 112) << 23)));
  const special = i32x4.gt_s(value, i32x4.splat(0x7bff));
  if (!v128.any_true(special)) return scaled;
  const nan = i32x4.gt_s(value, i32x4.splat(0x7c00));
  const exponent = v128.and(special, i32x4.splat(0x7f800000));
  return v128.or(scaled, v128.or(exponent, v128.and(nan, i32x4.splat(0x400000))));
}

function narrowed(bits: v128): v128 {
  const value = magnitude(bits);
  const sign = v128.and(i32x4.shr_u(bits, 16), i32x4.splat(0x8000));
  const kept = i32x4.shr_u(value, 13);
  // Adding just under half a unit, or half where the kept part is odd, makes the shift round half to even.
  const odd = v128.and(kept, i32x4.splat(1));
  const normal = i32x4.shr_u(i32x4.add(i32x4.add(value, odd), i32x4.splat(0xfff - 0x38000000)), 13);
  const small = i32x4.lt_s(value, i32x4.splat(0x38800000));
  // 65,520 is half way between 65,504, the largest float16, and 65,536.
  const large = i32x4.gt_s(value, i32x4.splat(0x477fefff));
  if (!v128.any_true(v128.or(small, large))) return v128.or(sign, normal);
  const subnormal = i32x4.sub(f32x4.add(value, f32x4.splat(0.5)), i32x4.splat(0x3f000000));
  const nan = v128.or(v128.and(kept, i32x4.splat(0x3ff)), i32x4.splat(0x7e00));
  let out = v128.bitselect(subnormal, normal, small);
  out = v128.bitselect(i32x4.splat(0x7c00), out, large);
  out = v128.bitselect(nan, out, i32x4.gt_s(value, i32x4.splat(0x7f800000)));
  return v128.or(sign, out);
}
