/** The first NaN or infinity: a number whose exponent is all ones. */
import { magnitude } from "./lanes";

const LARGEST: i32 = 0x7f7fffff;

/** Index of the first of `count` floats that isn't finite, -1 where there is none. */
export function firstNonFinite(data: usize, count: i32): i32 {
  const largest = i32x4.splat(LARGEST);
  let i = 0;
  for (; i + 16 <= count; i += 16) {
    const at = data + ((<usize>i) << 2);
    const bad = v128.or(
      v128.or(
        i32x4.gt_s(magnitude(v128.load(at, 0)), largest),
        i32x4.gt_s(magnitude(v128.load(at, 16)), largest),
      ),
      v128.or(
        i32x4.gt_s(magnitude(v128.load(at, 32)), largest),
        i32x4.gt_s(magnitude(v128.load(at, 48)), largest),
      ),
    );
    if (v128.any_true(bad)) break;
  }
  for (; i < count; i++) if ((load<i32>(data + ((<usize>i) << 2)) & 0x7fffffff) > LARGEST) return i;
  return -1;
}
