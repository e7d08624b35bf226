//! How far a score by an 8-bit query can be from the score of the float query: what lets the search skip rows.
//!
//! A query p becomes integers: step = max|p| / 127, i_j = p_j / step rounded, e = p - step i. For a row of codes c
//! with scale s, of length n = |s| |c|, the inner product of the integers is exact, and by Cauchy-Schwarz
//! ```text
//! |s p.c - s step i.c| = |s e.c| <= |e| n
//! ```
//! Exact scores are themselves rounded. With u = 2^-24 each of the sum's terms passes at most dim / 16 + 6 roundings,
//! and the sum of |p_j c_j s| is at most |p| n, so a dot score is within (dim / 16 + 6) u (1 + ...) |p| n of s p.c. For
//! l2, t_j is off by at most u (|c_j s| + |t_j|), so |t|^2 by 2 u (|p| + 2n)(|p| + n), and the sum of squares by
//! (dim / 16 + 6) u |t|^2, with |t| <= |p| + n. All of it stays below
//! ```text
//! dot  rounding |p| n    l2  rounding (|p| + n)^2 <= 2 rounding (|p|^2 + n^2)    rounding = (dim / 16 + 40) 2^-23
//! ```
//! with enough left over for the roundings of the ends below. Underflow adds at most dim 2^-149 (`TINY` covers it).
//! Overflow in the middle of a sum could make a score infinite or NaN that is finite in real numbers: a query that
//! large gets no bound at all.
//!
//! Both ends of a score's interval are kept in units of step (l2: of 2 step, and without -|p|^2 (1 - 2 rounding)):
//! ```text
//! most   s i.c + n b - m u           dot  b = (|e| + rounding |p|) / step, w = 0
//! least  s i.c - n b - M U - w       l2   b = |e| / step, u <= 1 / step <= U, w = 2 rounding |p|^2 / step,
//!                                         m <= n^2 (1/2 - rounding), M >= n^2 (1/2 + rounding)
//! ```
//! in float32 with each constant rounded to the safe side. Once k rows have least ends of t or more, a row whose most
//! is below t is not among the k best. A row is skipped only if "less than" holds: NaN and infinite scales survive.
//! A least end that isn't below 2^120 in size counts as none, for overflow may have made it.
//!
//! Integers: |i.c| <= 65,536 * 127 * 128 < 2^30, |c|^2 <= 65,536 * 2^14 = 2^30, and with the unsigned offset
//! 65,536 * 255 * 128 < 2^31: nothing overflows up to dim 65,536.

use crate::float_scan::Metric;
use crate::simd::{QueryTest, RowTest, ScanTest};

/// More than any rounding of the float32 constants, relative.
const SLACK: f64 = 1.0 / (1 << 20) as f64;
/// Adding and taking away 1.5 * 2^52 rounds a float64 to an integer; in between, its low byte is that integer.
const ROUND: f64 = 1.5 * (1u64 << 52) as f64;
/// More than all underflows of a sum of 65,536 terms.
const TINY: f64 = 1.0 / (1u128 << 126) as f64 / (1 << 6) as f64;
/// A least end below this size had no overflow on its way.
pub(crate) const SANE: f32 = (1u128 << 120) as f32;
/// A square of a scale below this one counts as 0 where too much would be wrong.
pub(crate) const LEAST_SQUARE: f32 = 1.0 / (1u128 << 100) as f32;

/// An 8-bit query and its distance from the float query.
pub(crate) struct Query8<'a> {
    pub(crate) codes: &'a [i8],
    /// The query's side of the test; t begins at -infinity.
    pub(crate) test: QueryTest,
    /// No t may be outside of these: a score of infinity, of either sign, stands for any sum beyond float32, so that
    /// rows tie there that the test tells apart.
    pub(crate) lowest: f32,
    pub(crate) highest: f32,
    step: f64,
    /// |p|^2 (1 - 2 rounding) under l2, else 0.
    constant: f64,
    squares: bool,
}

impl<'a> Query8<'a> {
    /// `codes` is room for as many as the query has elements.
    #[inline(always)]
    pub(crate) fn new(metric: Metric, query: &[f32], codes: &'a mut [i8]) -> Query8<'a> {
        let max = largest(query);
        let step = if max > 0.0 { f64::from(max) / 127.0 } else { 1.0 };
        let inverse = 1.0 / step;
        // Eight partial sums of each: a chain of adds is all that would hold this loop up.
        let (mut squared, mut lost) = ([0.0; 8], [0.0; 8]);
        let (blocks, rest) = query.as_chunks::<8>();
        let (to, last) = codes.as_chunks_mut::<8>();
        for (block, to) in blocks.iter().zip(to) {
            *to = round8(block, step, inverse, &mut squared, &mut lost);
        }
        let mut block = [0.0; 8];
        block[..rest.len()].copy_from_slice(rest);
        last.copy_from_slice(&round8(&block, step, inverse, &mut squared, &mut lost)[..rest.len()]);
        let (squared, lost): (f64, f64) = (squared.iter().sum(), lost.iter().sum());

        let bounded = f64::from(max) * 128.0 * (query.len() as f64) < f64::from(f32::MAX) / 4.0;
        let (rounding, squares) = (rounding(query.len()), metric == Metric::L2);
        let lost = if bounded { lost.sqrt() * (1.0 + SLACK) } else { f64::INFINITY };
        let error = if squares { lost } else { lost + rounding * squared.sqrt() };
        let far = if squares { 2.0 * rounding * squared } else { 0.0 };
        let test = QueryTest {
            t: f32::NEG_INFINITY,
            b: up(error / step * (1.0 + SLACK)),
            u: if squares { down(1.0 / step).min(f32::MAX) } else { 0.0 },
            v: if squares { up(1.0 / step) } else { 0.0 },
            w: up((far + 2.0 * TINY) / step * (1.0 + SLACK)),
        };
        let constant = if squares { squared * (1.0 - 2.0 * rounding) } else { 0.0 };
        let mut query = Query8 { codes, test, lowest: 0.0, highest: 0.0, step, constant, squares };
        query.highest = query.floor(f32::MAX);
        query.lowest = query.floor(-f32::MAX).next_up();
        query
    }

    /// t for a threshold that a score must reach.
    pub(crate) fn floor(&self, threshold: f32) -> f32 {
        let threshold = f64::from(threshold.min(f32::MAX)) - TINY + self.constant;
        down(threshold / if self.squares { 2.0 * self.step } else { self.step }).min(f32::MAX)
    }
}

#[inline(always)]
fn largest(query: &[f32]) -> f32 {
    let mut max = [0f32; 16];
    let (blocks, rest) = query.as_chunks::<16>();
    for block in blocks {
        for l in 0..16 {
            max[l] = if block[l].abs() > max[l] { block[l].abs() } else { max[l] };
        }
    }
    rest.iter().chain(&max).fold(0f32, |max, v| max.max(v.abs()))
}

/// i of eight elements; adds v^2 and e^2 to the sums.
#[inline(always)]
fn round8(v: &[f32; 8], step: f64, inverse: f64, squared: &mut [f64; 8], lost: &mut [f64; 8]) -> [i8; 8] {
    let (mut rounded, mut codes) = ([0.0; 8], [0; 8]);
    for l in 0..8 {
        // To integers, half to even.
        rounded[l] = f64::from(v[l]) * inverse + ROUND;
    }
    for l in 0..8 {
        let v = f64::from(v[l]);
        let e = v - step * (rounded[l] - ROUND);
        squared[l] += v * v;
        lost[l] += e * e;
    }
    for l in 0..8 {
        codes[l] = rounded[l].to_bits() as i8;
    }
    codes
}

/// s, n, m and M of a row of `dim` codes.
#[inline(always)]
pub(crate) fn row_test(scale: f32, sum_of_squares: i32, dim: usize) -> RowTest {
    const SLACK: f32 = self::SLACK as f32;
    let rounding = rounding(dim) as f32;
    let (square, squares) = (scale * scale, sum_of_squares as f32);
    // A subnormal square has lost too much to be a least one; as a greatest one it was rounded down by little.
    let least = if square >= LEAST_SQUARE { square.min(f32::MAX) } else { 0.0 };
    RowTest {
        scale,
        length: squares.sqrt() * scale.abs() * (1.0 + SLACK) + f32::MIN_POSITIVE,
        square: (least * squares).min(f32::MAX) * ((0.5 - rounding) * (1.0 - SLACK)),
        square_up: (square + f32::MIN_POSITIVE) * squares * ((0.5 + rounding) * (1.0 + SLACK)),
    }
}

/// Least and most of a row's score, from the integer product. `SQUARES` under l2.
#[inline(always)]
pub(crate) fn ends<const SQUARES: bool>(product: i32, row: &RowTest, query: &QueryTest) -> (f32, f32) {
    let centre = product as f32 * row.scale;
    let (mut least, mut most) = (centre, centre);
    if SQUARES {
        least = (-row.square_up).mul_add(query.v, least);
        most = (-row.square).mul_add(query.u, most);
    }
    least = (-row.length).mul_add(query.b, least) - query.w;
    most = row.length.mul_add(query.b, most);
    (if least.abs() < SANE { least } else { f32::NEG_INFINITY }, most)
}

/// A query's test of rows whose length isn't known.
pub(crate) fn scan_test(query: &QueryTest, squares: bool, dim: usize) -> ScanTest {
    // 130 for 128 makes up for the rounding of the product with a subnormal scale. Under l2 the sum of squares may lack
    // 1/128, and is taken with 1.01 of its root.
    let length = if squares { 1.01 } else { up(130.0 * (dim as f64).sqrt()) };
    let half = down((0.5 - rounding(dim)) * (1.0 - SLACK));
    ScanTest { t: query.t, b: query.b, u: query.u, length, half }
}

fn rounding(dim: usize) -> f64 {
    (dim as f64 / 16.0 + 40.0) / f64::from(1 << 23)
}

/// The nearest float32 from `x` on upwards.
fn up(x: f64) -> f32 {
    let y = x as f32;
    if f64::from(y) < x { y.next_up() } else { y }
}

/// The nearest float32 from `x` on downwards.
fn down(x: f64) -> f32 {
    let y = x as f32;
    if f64::from(y) > x { y.next_down() } else { y }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::stripes::{Product, SquaredDifference, sum};
    use crate::topk::ranked;

    /// Exact score, least and most.
    fn score(metric: Metric, query: &[f32], query8: &Query8, codes: &[i8], scale: f32) -> (f32, f32, f32) {
        let values: Vec<f32> = codes.iter().map(|&c| f32::from(c)).collect();
        let scaled: Vec<f32> = values.iter().map(|c| c * scale).collect();
        let score = match metric {
            Metric::L2 => 0.0 - sum::<SquaredDifference>(query, &scaled),
            _ => sum::<Product>(query, &values) * scale,
        };
        let product = codes.iter().zip(query8.codes).map(|(&c, &i)| i32::from(c) * i32::from(i)).sum();
        let squares = codes.iter().map(|&c| i32::from(c) * i32::from(c)).sum();
        let row = row_test(scale, squares, query.len());
        let (least, most) = match metric {
            Metric::L2 => ends::<true>(product, &row, &query8.test),
            _ => ends::<false>(product, &row, &query8.test),
        };
        (ranked(score), least, most)
    }

    /// Of two rows, one that the other's least end or score rules out has the lower score; close ones among them.
    #[test]
    fn what_is_ruled_out_scores_below() {
        let mut state = 1u64;
        let mut next = || {
            state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
            state >> 33
        };
        let mut ruled_out = 0;
        for round in 0..40_000 {
            let dim = 1 + next() as usize % 80;
            let factor = [1.0, 1e-44, 1e-38, 1e-30, 1e15, 1e30, 1e35][round % 7];
            let query: Vec<f32> = (0..dim).map(|_| (next() as f32 / (1u64 << 30) as f32 - 1.0) * factor).collect();
            let a: Vec<i8> = (0..dim).map(|_| next() as i8).collect();
            let mut b = a.clone();
            for _ in 0..next() % 4 {
                b[next() as usize % dim] = next() as i8;
            }
            let scale = [1.0, 0.004, 1e-45, 1e-44, 1e-38, 1e-30, 3e20, -2.0, 1e38, 0.0][next() as usize % 10];
            let scales = (scale, if next() % 2 == 0 { scale } else { scale * 0.999 });
            for metric in [Metric::Dot, Metric::L2] {
                let mut room = vec![0; dim];
                let query8 = Query8::new(metric, &query, &mut room);
                let (score_a, least_a, _) = score(metric, &query, &query8, &a, scales.0);
                let (score_b, _, most_b) = score(metric, &query, &query8, &b, scales.1);
                let t = least_a.min(query8.highest);
                let t = if t >= query8.lowest { t } else { f32::NEG_INFINITY };
                if most_b < t.max(query8.floor(score_a)) {
                    ruled_out += 1;
                    assert!(score_b < score_a, "{score_b} {score_a} dim {dim} scales {scales:?} {factor} {metric:?}");
                }
            }
        }
        assert!(ruled_out > 5_000, "{ruled_out}");
    }

    /// The bound is worth having: a fraction of a percent of the largest score.
    #[test]
    fn bounds_are_tight() {
        let query: Vec<f32> = (0..384).map(|j| ((j * 37 % 101) as f32 - 50.0) / 600.0).collect();
        for metric in [Metric::Dot, Metric::L2] {
            let mut room = vec![0; 384];
            let query8 = Query8::new(metric, &query, &mut room);
            let scale = query8.step as f32;
            let (_, least, most) = score(metric, &query, &query8, query8.codes, scale);
            assert!(most - least < 0.02 * most.abs(), "{least} {most} {metric:?}");
        }
    }
}
