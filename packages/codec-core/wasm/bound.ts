/**
 * Which rows of int8 codes can't reach a query's k-th best score: the bound of src/kernels/simd128/int8-bound.ts, in
 * float64. For a row of scale s, n = |s| |c|, m = n^2 (1/2 - rounding) and the query's t, b, u the row can be skipped
 * where
 *
 *   s i.c + n b - m u < t        (u only under l2)
 *
 * A row whose scale is NaN or infinite makes this false: it is scored.
 */
/** Constants of `queryCount` queries (a multiple of four): five arrays of float64, one after another. */
const T: usize = 0;
const B: usize = 1;
const U: usize = 2;
const DIVISOR: usize = 3;
const OFFSET: usize = 4;

const SLACK: f64 = 1.0 / 1048576.0;
const LARGEST: f64 = 3.4028234663852886e38;
/** More than all underflows of a sum of 65,536 terms. */
const TINY: f64 = 1.8367099231598242e-40; // 2^-132

/** More than n / |s| of any row. */
export function longest(dim: i32): f64 {
  return 128.0 * sqrt<f64>(<f64>dim) * (1.0 + SLACK);
}

/** n for a sum of squared codes. */
export function length(scale: f64, squares: i32): f64 {
  return sqrt<f64>(scale * scale * <f64>squares) * (1.0 + SLACK);
}

/** m for a sum of squared codes. */
export function square(scale: f64, squares: i32, dim: i32): f64 {
  const rounding = (<f64>dim / 16.0 + 40.0) / 8388608.0;
  return scale * scale * <f64>squares * (0.5 - rounding) * (1.0 - SLACK);
}

export function at(bounds: usize, queryCount: i32, field: usize, query: i32): usize {
  return bounds + ((field * <usize>queryCount + <usize>query) << 3);
}

/** Sets t for the score that a row must reach. A score of infinity stands for any sum beyond float32. */
export function raise(bounds: usize, queryCount: i32, query: i32, threshold: f32): void {
  const reach = min<f64>(<f64>threshold, LARGEST) - TINY;
  const offset = load<f64>(at(bounds, queryCount, OFFSET, query));
  const divisor = load<f64>(at(bounds, queryCount, DIVISOR, query));
  store<f64>(at(bounds, queryCount, T, query), (reach + offset) / divisor);
}

/** Whether one query can skip a row. `m` is 0 where u is. */
export function below(
  bounds: usize,
  queryCount: i32,
  query: i32,
  product: i32,
  scale: f64,
  n: f64,
  m: f64,
): bool {
  const b = load<f64>(at(bounds, queryCount, B, query));
  const u = load<f64>(at(bounds, queryCount, U, query));
  return <f64>product * scale + n * b - m * u < load<f64>(at(bounds, queryCount, T, query));
}

/** Bits of those of four queries from `query` on that can't skip a row. */
export function reaching(
  bounds: usize,
  queryCount: i32,
  query: i32,
  products: v128,
  scale: f64,
  n: f64,
  m: f64,
): i32 {
  const low = belowTwo(bounds, queryCount, query, f64x2.convert_low_i32x4_s(products), scale, n, m);
  const upper = v128.shuffle<i32>(products, products, 2, 3, 2, 3);
  const high = belowTwo(bounds, queryCount, query + 2, f64x2.convert_low_i32x4_s(upper), scale, n, m);
  return (low | (high << 2)) ^ 15;
}

function belowTwo(
  bounds: usize,
  queryCount: i32,
  query: i32,
  products: v128,
  scale: f64,
  n: f64,
  m: f64,
): i32 {
  const b = v128.load(at(bounds, queryCount, B, query));
  const u = v128.load(at(bounds, queryCount, U, query));
  const sum = f64x2.add(f64x2.mul(products, f64x2.splat(scale)), f64x2.mul(f64x2.splat(n), b));
  const x = f64x2.sub(sum, f64x2.mul(f64x2.splat(m), u));
  return i64x2.bitmask(f64x2.lt(x, v128.load(at(bounds, queryCount, T, query))));
}
