/** Registers of four floats: the end of a row, and the fold of the sixteen partials. */

/** Ones in the first `n` lanes of four; none for n <= 0. */
export function firstLanes(n: i32): v128 {
  return i32x4.lt_s(i32x4(0, 1, 2, 3), i32x4.splat(n));
}

/** The fixed tree of stripes.ts over partials 0-3, 4-7, 8-11 and 12-15. */
export function fold(p0: v128, p1: v128, p2: v128, p3: v128): f32 {
  const four = f32x4.add(f32x4.add(p0, p2), f32x4.add(p1, p3));
  const two = f32x4.add(four, v128.shuffle<f32>(four, four, 2, 3, 2, 3));
  return f32x4.extract_lane(two, 0) + f32x4.extract_lane(two, 1);
}

export function magnitude(v: v128): v128 {
  return v128.and(v, i32x4.splat(0x7fffffff));
}
