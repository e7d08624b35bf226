/**
 * The k best rows of int8 codes: integer products with an 8-bit query for all rows, the exact score for those that the
 * bound can't rule out. Hits and scores are those of sorting all exact scores.
 *
 * One query: four rows at a time, widened as they are loaded, tested with a bound for any row's length and again with
 * their own. Many: a tile of rows is widened to 16 bits once and meets four queries at a time, whose codes lie
 * interleaved, eight of each.
 */
import { below, length, longest, raise, reaching, square } from "./bound";
import { L2 } from "./float-scan";
import { codeScore } from "./int8";
import { firstLanes } from "./lanes";
import { heapBytes, push, threshold } from "./top-k";

/** Widened rows that stay in the first cache while all queries pass. */
const TILE_BYTES: i32 = 16 << 10;

/**
 * Offers `count` rows, whose numbers are in `slots`, to the heaps of all queries.
 *
 * `queries` are floats, each padded with zeros to 16; `codes8` their integers as i16, padded likewise, interleaved by
 * fours where there are several, and then `queryCount` is a multiple of four: `used` are real. `tile` has room for
 * the widened rows, at least two.
 */
export function int8TopK(
  metric: i32,
  queries: usize,
  codes8: usize,
  bounds: usize,
  queryCount: i32,
  used: i32,
  heaps: usize,
  k: i32,
  rows: usize,
  slots: usize,
  dim: i32,
  count: i32,
  tile: usize,
): void {
  if (queryCount === 1) searchOne(metric, queries, codes8, bounds, heaps, k, rows, slots, dim, count);
  else searchMany(metric, queries, codes8, bounds, queryCount, used, heaps, k, rows, slots, dim, count, tile);
}

function searchOne(
  metric: i32,
  query: usize,
  codes8: usize,
  bounds: usize,
  heap: usize,
  k: i32,
  rows: usize,
  slots: usize,
  dim: i32,
  count: i32,
): void {
  const stride = <usize>dim + 4;
  const most = longest(dim);
  for (let row = 0; row < count; row += 4) {
    const first = rows + <usize>row * stride;
    const products = dotsOfFour(codes8, first, stride, dim, count - row);
    for (let r = 0; r < 4; r++) {
      if (row + r >= count) return;
      const product = lane(products, r);
      const codes = first + <usize>r * stride;
      const scale = <f64>load<f32>(codes + dim);
      if (metric !== L2 && below(bounds, 1, 0, product, scale, abs<f64>(scale) * most, 0)) continue;
      const squares = sumOfSquares(codes, dim);
      const m = metric === L2 ? square(scale, squares, dim) : 0;
      if (below(bounds, 1, 0, product, scale, length(scale, squares), m)) continue;
      if (push(heap, k, load<u32>(slots + ((<usize>(row + r)) << 2)), codeScore(metric, query, codes, dim)))
        raise(bounds, 1, 0, threshold(heap, k));
    }
  }
}

function lane(v: v128, i: i32): i32 {
  if (i === 0) return i32x4.extract_lane(v, 0);
  if (i === 1) return i32x4.extract_lane(v, 1);
  if (i === 2) return i32x4.extract_lane(v, 2);
  return i32x4.extract_lane(v, 3);
}

/** Integer products of a query with four rows; the first row stands for those past `left`. */
function dotsOfFour(query: usize, a: usize, stride: usize, dim: i32, left: i32): v128 {
  let b = left > 1 ? a + stride : a;
  let c = left > 2 ? b + stride : a;
  let d = left > 3 ? c + stride : a;
  let s0 = i32x4.splat(0);
  let s1 = s0;
  let s2 = s0;
  let s3 = s0;
  // Codes past a row's end meet zeros of the query.
  for (let n = (dim + 15) >> 4; n > 0; n--) {
    let q = v128.load(query, 0);
    s0 = i32x4.add(s0, i32x4.dot_i16x8_s(q, v128.load8x8_s(a, 0)));
    s1 = i32x4.add(s1, i32x4.dot_i16x8_s(q, v128.load8x8_s(b, 0)));
    s2 = i32x4.add(s2, i32x4.dot_i16x8_s(q, v128.load8x8_s(c, 0)));
    s3 = i32x4.add(s3, i32x4.dot_i16x8_s(q, v128.load8x8_s(d, 0)));
    q = v128.load(query, 16);
    s0 = i32x4.add(s0, i32x4.dot_i16x8_s(q, v128.load8x8_s(a, 8)));
    s1 = i32x4.add(s1, i32x4.dot_i16x8_s(q, v128.load8x8_s(b, 8)));
    s2 = i32x4.add(s2, i32x4.dot_i16x8_s(q, v128.load8x8_s(c, 8)));
    s3 = i32x4.add(s3, i32x4.dot_i16x8_s(q, v128.load8x8_s(d, 8)));
    query += 32;
    a += 16;
    b += 16;
    c += 16;
    d += 16;
  }
  return sums(s0, s1, s2, s3);
}

/** The sum of each register's lanes. */
function sums(s0: v128, s1: v128, s2: v128, s3: v128): v128 {
  const a = i32x4.add(v128.shuffle<i32>(s0, s1, 0, 4, 1, 5), v128.shuffle<i32>(s0, s1, 2, 6, 3, 7));
  const b = i32x4.add(v128.shuffle<i32>(s2, s3, 0, 4, 1, 5), v128.shuffle<i32>(s2, s3, 2, 6, 3, 7));
  return i32x4.add(v128.shuffle<i64>(a, b, 0, 2), v128.shuffle<i64>(a, b, 1, 3));
}

function sumOfSquares(codes: usize, dim: i32): i32 {
  let s = i32x4.splat(0);
  let left = dim;
  for (; left >= 8; left -= 8) {
    const v = v128.load8x8_s(codes);
    s = i32x4.add(s, i32x4.dot_i16x8_s(v, v));
    codes += 8;
  }
  if (left > 0) {
    const v = v128.and(v128.load8x8_s(codes), i16x8.narrow_i32x4_s(firstLanes(left), firstLanes(left - 4)));
    s = i32x4.add(s, i32x4.dot_i16x8_s(v, v));
  }
  const two = i32x4.add(s, v128.shuffle<i32>(s, s, 2, 3, 2, 3));
  return i32x4.extract_lane(two, 0) + i32x4.extract_lane(two, 1);
}

function searchMany(
  metric: i32,
  queries: usize,
  codes8: usize,
  bounds: usize,
  queryCount: i32,
  used: i32,
  heaps: usize,
  k: i32,
  rows: usize,
  slots: usize,
  dim: i32,
  count: i32,
  tile: usize,
): void {
  const stride = <usize>dim + 4;
  const wide = (<usize>((dim + 15) & ~15)) << 1;
  const capacity = min<i32>(max<i32>(TILE_BYTES / <i32>wide, 2), 64) & ~1;
  const tests = tile + <usize>capacity * wide;
  for (let from = 0; from < count; from += capacity) {
    const n = min<i32>(capacity, count - from);
    for (let r = 0; r < n; r++) {
      const codes = rows + <usize>(from + r) * stride;
      widenRow(codes, dim, tile + <usize>r * wide);
      const scale = <f64>load<f32>(codes + dim);
      const squares = sumOfSquares(codes, dim);
      const test = tests + ((<usize>r) << 5);
      store<f64>(test, scale, 0);
      store<f64>(test, length(scale, squares), 8);
      store<f64>(test, metric === L2 ? square(scale, squares, dim) : 0, 16);
    }
    for (let query = 0; query < queryCount; query += 4) {
      const quad = codes8 + <usize>query * wide;
      for (let r = 0; r < n; r += 2) {
        const a = tile + <usize>r * wide;
        pairWithFour(quad, a, r + 1 < n ? a + wide : a, wide);
        for (let i = r; i < r + 2 && i < n; i++) {
          const test = tests + ((<usize>i) << 5);
          const products = i === r ? products0 : products1;
          const scale = load<f64>(test, 0);
          let left = reaching(
            bounds,
            queryCount,
            query,
            products,
            scale,
            load<f64>(test, 8),
            load<f64>(test, 16),
          );
          while (left !== 0) {
            const q = query + ctz<i32>(left);
            left &= left - 1;
            if (q >= used) break;
            const codes = rows + <usize>(from + i) * stride;
            const heap = heaps + <usize>q * heapBytes(k);
            const score = codeScore(metric, queries + <usize>q * (wide << 1), codes, dim);
            if (push(heap, k, load<u32>(slots + ((<usize>(from + i)) << 2)), score))
              raise(bounds, queryCount, q, threshold(heap, k));
          }
        }
      }
    }
  }
}

/** Codes as i16, to whole sixteens: what follows the row meets zeros of the queries. */
function widenRow(codes: usize, dim: i32, out: usize): void {
  for (let j = 0; j < dim; j += 16) {
    v128.store(out, v128.load8x8_s(codes, 0), 0);
    v128.store(out, v128.load8x8_s(codes, 8), 16);
    codes += 16;
    out += 32;
  }
}

let products0: v128 = i32x4.splat(0);
let products1: v128 = i32x4.splat(0);

/** Integer products of two widened rows of `bytes` with four queries. */
function pairWithFour(quad: usize, a: usize, b: usize, bytes: usize): void {
  let a0 = i32x4.splat(0);
  let a1 = a0;
  let a2 = a0;
  let a3 = a0;
  let b0 = a0;
  let b1 = a0;
  let b2 = a0;
  let b3 = a0;
  const end = a + bytes;
  while (a < end) {
    let x = v128.load(a, 0);
    let y = v128.load(b, 0);
    let q = v128.load(quad, 0);
    a0 = i32x4.add(a0, i32x4.dot_i16x8_s(x, q));
    b0 = i32x4.add(b0, i32x4.dot_i16x8_s(y, q));
    q = v128.load(quad, 16);
    a1 = i32x4.add(a1, i32x4.dot_i16x8_s(x, q));
    b1 = i32x4.add(b1, i32x4.dot_i16x8_s(y, q));
    q = v128.load(quad, 32);
    a2 = i32x4.add(a2, i32x4.dot_i16x8_s(x, q));
    b2 = i32x4.add(b2, i32x4.dot_i16x8_s(y, q));
    q = v128.load(quad, 48);
    a3 = i32x4.add(a3, i32x4.dot_i16x8_s(x, q));
    b3 = i32x4.add(b3, i32x4.dot_i16x8_s(y, q));
    x = v128.load(a, 16);
    y = v128.load(b, 16);
    q = v128.load(quad, 64);
    a0 = i32x4.add(a0, i32x4.dot_i16x8_s(x, q));
    b0 = i32x4.add(b0, i32x4.dot_i16x8_s(y, q));
    q = v128.load(quad, 80);
    a1 = i32x4.add(a1, i32x4.dot_i16x8_s(x, q));
    b1 = i32x4.add(b1, i32x4.dot_i16x8_s(y, q));
    q = v128.load(quad, 96);
    a2 = i32x4.add(a2, i32x4.dot_i16x8_s(x, q));
    b2 = i32x4.add(b2, i32x4.dot_i16x8_s(y, q));
    q = v128.load(quad, 112);
    a3 = i32x4.add(a3, i32x4.dot_i16x8_s(x, q));
    b3 = i32x4.add(b3, i32x4.dot_i16x8_s(y, q));
    a += 32;
    b += 32;
    quad += 128;
  }
  products0 = sums(a0, a1, a2, a3);
  products1 = sums(b0, b1, b2, b3);
}
