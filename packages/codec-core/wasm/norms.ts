/** What src/kernels/norms.ts needs over whole rows: sums of squares, and scaling where they leave the safe range. */
import { firstLanes, magnitude } from "./lanes";
import { squaredNorm } from "./stripes";

/** 2^-100 and 2^100. */
const LOWEST: f32 = reinterpret<f32>((127 - 100) << 23);
const HIGHEST: f32 = reinterpret<f32>((127 + 100) << 23);

/** Striped sum of squares of each row. */
export function squaredNorms(rows: usize, dim: i32, count: i32, out: usize): void {
  for (let row = 0; row < count; row++) {
    store<f32>(out, squaredNorm(rows, dim));
    rows += (<usize>dim) << 2;
    out += 4;
  }
}

/**
 * The norm that cosine divides by; 1 of a zero row. A row whose sum of squares lost something to underflow or overflow
 * is first multiplied, in place, by the power of two that takes its largest element into [1, 2).
 */
export function scaledNorm(row: usize, dim: i32): f32 {
  let sum = squaredNorm(row, dim);
  if (!(sum >= LOWEST && sum <= HIGHEST)) {
    const power = powerFor(largestBits(row, dim));
    for (let j = 0; j < dim; j++) {
      const at = row + ((<usize>j) << 2);
      store<f32>(at, load<f32>(at) * power);
    }
    sum = squaredNorm(row, dim);
  }
  return sum === 0 ? 1 : sqrt<f32>(sum);
}

/** Bits of the largest magnitude of a row; as integers floats order as their magnitudes do. */
export function largestBits(row: usize, dim: i32): i32 {
  let most = i32x4.splat(0);
  for (let n = dim >> 2; n > 0; n--) {
    most = i32x4.max_s(most, magnitude(v128.load(row)));
    row += 16;
  }
  most = i32x4.max_s(most, v128.and(firstLanes(dim & 3), magnitude(v128.load(row))));
  most = i32x4.max_s(most, v128.shuffle<i32>(most, most, 2, 3, 2, 3));
  return max<i32>(i32x4.extract_lane(most, 0), i32x4.extract_lane(most, 1));
}

/** 2^-e for a largest element in [2^e, 2^(e+1)), 2^126 for subnormals, 0 for zero. */
function powerFor(bits: i32): f32 {
  if (bits === 0) return 0;
  const biased = max<i32>(bits >> 23, 1);
  // 2^-127 and 2^-128 are subnormals: their bits are a mantissa.
  if (biased >= 254) return reinterpret<f32>(biased === 255 ? 1 << 21 : 1 << 22);
  return reinterpret<f32>((254 - biased) << 23);
}
