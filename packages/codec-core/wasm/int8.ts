/** int8 codes, the rule of src/kernels/int8.ts. A row is `dim` bytes and a float32 scale, at any address. */
import { L2, ranked } from "./float-scan";
import { firstLanes, fold } from "./lanes";
import { largestBits } from "./norms";

const SCALE_BYTES: i32 = 4;
/** 2^-120. */
const ZERO_BELOW: f32 = reinterpret<f32>((127 - 120) << 23);
/** The largest that 127 times is a finite float32. */
const LARGEST_SCALE: f32 = reinterpret<f32>(0x7c010203);
/** 1.5 * 2^23: adding it rounds a float32 to an integer, half to even, and leaves that in the low bits. */
const ROUND: f32 = 12582912;

/** Codes of `count` rows of floats. `unit`: the scale is that of the row's direction. */
export function int8Encode(rows: usize, dim: i32, count: i32, unit: bool, out: usize): void {
  for (let row = 0; row < count; row++) {
    const most = reinterpret<f32>(largestBits(rows, dim));
    let scale: f32 = 1;
    if (most < ZERO_BELOW) memory.fill(out, 0, dim);
    else {
      const squares = writeCodes(rows, dim, 127 / most, out);
      scale = unit ? 1 / sqrt<f32>(squares) : min<f32>(most / 127, LARGEST_SCALE);
    }
    // After the codes, which were written in sixteens.
    store<f32>(out + dim, scale);
    rows += (<usize>dim) << 2;
    out += dim + SCALE_BYTES;
  }
}

/** Writes the codes of w = row * inverse, past their end too, and gives the striped sum of w_j w_j. */
function writeCodes(row: usize, dim: i32, inverse: f32, out: usize): f32 {
  const inv = f32x4.splat(inverse);
  let p0 = f32x4.splat(0);
  let p1 = p0;
  let p2 = p0;
  let p3 = p0;
  for (let left = dim; left > 0; left -= 16) {
    let w0 = f32x4.mul(v128.load(row, 0), inv);
    let w1 = f32x4.mul(v128.load(row, 16), inv);
    let w2 = f32x4.mul(v128.load(row, 32), inv);
    let w3 = f32x4.mul(v128.load(row, 48), inv);
    if (left < 16) {
      w0 = v128.and(w0, firstLanes(left));
      w1 = v128.and(w1, firstLanes(left - 4));
      w2 = v128.and(w2, firstLanes(left - 8));
      w3 = v128.and(w3, firstLanes(left - 12));
    }
    const low = i16x8.narrow_i32x4_s(rounded(w0), rounded(w1));
    const high = i16x8.narrow_i32x4_s(rounded(w2), rounded(w3));
    v128.store(out, i8x16.narrow_i16x8_s(low, high));
    p0 = f32x4.add(p0, f32x4.mul(w0, w0));
    p1 = f32x4.add(p1, f32x4.mul(w1, w1));
    p2 = f32x4.add(p2, f32x4.mul(w2, w2));
    p3 = f32x4.add(p3, f32x4.mul(w3, w3));
    row += 64;
    out += 16;
  }
  return fold(p0, p1, p2, p3);
}

function rounded(w: v128): v128 {
  return i32x4.sub(f32x4.add(w, f32x4.splat(ROUND)), i32x4.splat(0x4b400000));
}

/** f32(code * scale) of `count` rows. Each row is written in sixteens, over the start of the next. */
export function int8Decode(codes: usize, dim: i32, count: i32, out: usize): void {
  for (let row = 0; row < count; row++) {
    const scale = f32x4.splat(load<f32>(codes + dim));
    for (let j = 0; j < dim; j += 16) {
      const at = codes + j;
      const to = out + ((<usize>j) << 2);
      const low = v128.load8x8_s(at, 0);
      const high = v128.load8x8_s(at, 8);
      v128.store(to, f32x4.mul(first(low), scale), 0);
      v128.store(to, f32x4.mul(second(low), scale), 16);
      v128.store(to, f32x4.mul(first(high), scale), 32);
      v128.store(to, f32x4.mul(second(high), scale), 48);
    }
    codes += dim + SCALE_BYTES;
    out += (<usize>dim) << 2;
  }
}

/** Score of each of `count` rows with a query, which is padded with zeros to 16 floats. */
export function int8Scores(metric: i32, query: usize, codes: usize, dim: i32, count: i32, out: usize): void {
  for (let row = 0; row < count; row++) {
    store<f32>(out, ranked(codeScore(metric, query, codes, dim)));
    codes += dim + SCALE_BYTES;
    out += 4;
  }
}

/** The exact score of one row; may be NaN. */
export function codeScore(metric: i32, query: usize, codes: usize, dim: i32): f32 {
  const scale = load<f32>(codes + dim);
  return metric === L2 ? 0 - codeDistance(query, codes, scale, dim) : codeDot(query, codes, dim) * scale;
}

/** Codes past the row's end meet zeros of the query: they add +0 or -0, which changes no partial. */
function codeDot(query: usize, codes: usize, dim: i32): f32 {
  let p0 = f32x4.splat(0);
  let p1 = p0;
  let p2 = p0;
  let p3 = p0;
  for (let j = 0; j < dim; j += 16) {
    const low = v128.load8x8_s(codes, 0);
    const high = v128.load8x8_s(codes, 8);
    p0 = f32x4.add(p0, f32x4.mul(v128.load(query, 0), first(low)));
    p1 = f32x4.add(p1, f32x4.mul(v128.load(query, 16), second(low)));
    p2 = f32x4.add(p2, f32x4.mul(v128.load(query, 32), first(high)));
    p3 = f32x4.add(p3, f32x4.mul(v128.load(query, 48), second(high)));
    codes += 16;
    query += 64;
  }
  return fold(p0, p1, p2, p3);
}

function codeDistance(query: usize, codes: usize, factor: f32, dim: i32): f32 {
  const scale = f32x4.splat(factor);
  let p0 = f32x4.splat(0);
  let p1 = p0;
  let p2 = p0;
  let p3 = p0;
  for (let left = dim; left > 0; left -= 16) {
    const low = v128.load8x8_s(codes, 0);
    const high = v128.load8x8_s(codes, 8);
    let t0 = f32x4.sub(v128.load(query, 0), f32x4.mul(first(low), scale));
    let t1 = f32x4.sub(v128.load(query, 16), f32x4.mul(second(low), scale));
    let t2 = f32x4.sub(v128.load(query, 32), f32x4.mul(first(high), scale));
    let t3 = f32x4.sub(v128.load(query, 48), f32x4.mul(second(high), scale));
    if (left < 16) {
      t0 = v128.and(t0, firstLanes(left));
      t1 = v128.and(t1, firstLanes(left - 4));
      t2 = v128.and(t2, firstLanes(left - 8));
      t3 = v128.and(t3, firstLanes(left - 12));
    }
    p0 = f32x4.add(p0, f32x4.mul(t0, t0));
    p1 = f32x4.add(p1, f32x4.mul(t1, t1));
    p2 = f32x4.add(p2, f32x4.mul(t2, t2));
    p3 = f32x4.add(p3, f32x4.mul(t3, t3));
    codes += 16;
    query += 64;
  }
  return fold(p0, p1, p2, p3);
}

/** The first four of eight integers as floats. */
function first(v: v128): v128 {
  return f32x4.convert_i32x4_s(i32x4.extend_low_i16x8_s(v));
}

function second(v: v128): v128 {
  return f32x4.convert_i32x4_s(i32x4.extend_high_i16x8_s(v));
}
