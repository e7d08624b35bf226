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
//! with enough left over for the test's own roundings. Underflow adds at most dim 2^-149 (`TINY` covers it).
//! Overflow in the middle of a sum could make a score infinite or NaN that is finite in real numbers: a query that
//! large gets no bound at all.
//!
//! The test. A row can reach a threshold only if the upper end of its interval does:
//! ```text
//! dot  s step i.c + n (|e| + rounding |p|) >= threshold
//! l2   2 s step i.c + 2 n |e| - n^2 (1 - 2 rounding) - |p|^2 (1 - 2 rounding) >= threshold
//! ```
//! Divided by step (l2: by 2 step) both read  s i.c + n b - m u >= t,  with s, n, m of the row and b, u, t of the
//! query, in float32 with each constant rounded to the safe side. A row is skipped only if the test is false as
//! "less than": NaN and infinite scales always survive.
//!
//! Integers: |i.c| <= 65,536 * 127 * 128 < 2^30, |c|^2 <= 65,536 * 2^14 = 2^30, and with the unsigned offset
//! 65,536 * 127 * 255 < 2^31: nothing overflows up to dim 65,536.

use crate::float_scan::Metric;
use crate::simd::RowTest;

/// More than any rounding of the float32 constants and of the test itself, relative.
const SLACK: f64 = 1.0 / (1 << 20) as f64;
/// Adding and taking away 1.5 * 2^52 rounds a float64 to an integer.
const ROUND: f64 = 1.5 * (1u64 << 52) as f64;
/// More than all underflows of a sum of 65,536 terms.
const TINY: f64 = 1.0 / (1u128 << 126) as f64 / (1 << 6) as f64;

/// An 8-bit query and its distance from the float query.
pub(crate) struct Query8 {
    pub(crate) codes: Vec<i8>,
    pub(crate) sum: i32,
    step: f64,
    /// What a unit of a row's length adds to the bound: |e|, for dot with `rounding` |p|. Infinite where nothing can be
    /// promised.
    error: f64,
    /// |p|^2.
    squared: f64,
    rounding: f64,
    squares: bool,
}

impl Query8 {
    pub(crate) fn new(metric: Metric, query: &[f32]) -> Query8 {
        let dim = query.len() as f64;
        let max = query.iter().fold(0f32, |max, v| max.max(v.abs()));
        let step = if max > 0.0 { f64::from(max) / 127.0 } else { 1.0 };
        let inverse = 1.0 / step;
        let (mut codes, mut sum, mut squared, mut lost) = (Vec::with_capacity(query.len()), 0, 0.0, 0.0);
        for &v in query {
            let v = f64::from(v);
            // Rounds to an integer, half to even.
            let i = v * inverse + ROUND - ROUND;
            let e = v - step * i;
            codes.push(i as i8);
            sum += i as i32;
            squared += v * v;
            lost += e * e;
        }
        let bounded = f64::from(max) * 128.0 * dim < f64::from(f32::MAX) / 4.0;
        let (rounding, squares) = (rounding(query.len()), metric == Metric::L2);
        let lost = if bounded { lost.sqrt() * (1.0 + SLACK) } else { f64::INFINITY };
        let error = if squares { lost } else { lost + rounding * squared.sqrt() };
        Query8 { codes, sum, step, error, squared, rounding, squares }
    }

    /// b of the test.
    pub(crate) fn slope(&self) -> f32 {
        up(self.error / self.step * (1.0 + SLACK))
    }

    /// u of the test.
    pub(crate) fn inverse(&self) -> f32 {
        if self.squares { down(1.0 / self.step).min(f32::MAX) } else { 0.0 }
    }

    /// t of the test for a threshold that a score must reach.
    pub(crate) fn floor(&self, threshold: f32) -> f32 {
        // A score of infinity stands for any sum beyond float32.
        let threshold = f64::from(threshold.min(f32::MAX)) - TINY;
        let t = if self.squares {
            (threshold + self.squared * (1.0 - 2.0 * self.rounding)) / (2.0 * self.step)
        } else {
            threshold / self.step
        };
        down(t).min(f32::MAX)
    }

    /// Least and greatest that the exact score can be, for the integer product with a row.
    #[inline]
    pub(crate) fn interval(&self, product: i32, row: &RowTest, sum_of_squares: i32) -> (f32, f32) {
        let scale = f64::from(row.scale);
        let product = self.step * f64::from(product) * scale;
        let reach = f64::from(row.length) * self.error;
        let (centre, radius) = if self.squares {
            let squared = scale * scale * f64::from(sum_of_squares);
            (2.0 * product - squared - self.squared, 2.0 * reach + 2.0 * self.rounding * (self.squared + squared))
        } else {
            (product, reach)
        };
        let (least, most) = (down(centre - radius - TINY), up(centre + radius + TINY));
        (if least.is_nan() { f32::NEG_INFINITY } else { least }, if most.is_nan() { f32::INFINITY } else { most })
    }
}

/// s, n and m of a row.
pub(crate) fn row_test(scale: f32, sum_of_squares: i32, dim: usize) -> RowTest {
    let n2 = f64::from(scale) * f64::from(scale) * f64::from(sum_of_squares);
    RowTest {
        scale,
        length: up(n2.sqrt() * (1.0 + SLACK)),
        square: down(n2 * (0.5 - rounding(dim)) * (1.0 - SLACK)).min(f32::MAX),
    }
}

/// More than n / |s| of any row of `dim` codes: 130 for 128 makes up for the rounding of its product with a
/// subnormal scale.
pub(crate) fn longest(dim: usize) -> f32 {
    up(130.0 * (dim as f64).sqrt())
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

    /// The exact score lies in the interval, and the test lets a row through whose score is the threshold.
    #[test]
    fn bounds_hold() {
        let mut state = 1u64;
        let mut next = || {
            state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
            state >> 33
        };
        for round in 0..20_000 {
            let dim = 1 + next() as usize % 80;
            let factor = [1.0, 1e-44, 1e-30, 1e15, 1e35][round % 5];
            let query: Vec<f32> = (0..dim).map(|_| (next() as f32 / (1u64 << 30) as f32 - 1.0) * factor).collect();
            let codes: Vec<i8> = (0..dim).map(|_| next() as i8).collect();
            let scale = [1.0, 0.004, 1e-44, 1e-30, 3e20, -2.0, 1e38][next() as usize % 7];
            let squares = codes.iter().map(|&c| i32::from(c) * i32::from(c)).sum();
            for metric in [Metric::Dot, Metric::L2] {
                let query8 = Query8::new(metric, &query);
                let product = codes.iter().zip(&query8.codes).map(|(&c, &i)| i32::from(c) * i32::from(i)).sum();
                let values: Vec<f32> = codes.iter().map(|&c| f32::from(c)).collect();
                let scaled: Vec<f32> = values.iter().map(|c| c * scale).collect();
                let score = match metric {
                    Metric::L2 => 0.0 - sum::<SquaredDifference>(&query, &scaled),
                    _ => sum::<Product>(&query, &values) * scale,
                };
                let score = crate::topk::ranked(score);
                let row = row_test(scale, squares, dim);
                let (least, most) = query8.interval(product, &row, squares);
                assert!(least <= score && score <= most, "{least} {score} {most} dim {dim} scale {scale} {metric:?}");

                let x = (product as f32).mul_add(row.scale, -query8.floor(score));
                let x = if metric == Metric::L2 { row.square.mul_add(-query8.inverse(), x) } else { x };
                let below = row.length.mul_add(query8.slope(), x) < 0.0;
                assert!(!below, "dim {dim} scale {scale} factor {factor} {metric:?}");
            }
        }
    }

    /// The bound is worth having: a fraction of a percent of the largest score.
    #[test]
    fn bounds_are_tight() {
        let query: Vec<f32> = (0..384).map(|j| ((j * 37 % 101) as f32 - 50.0) / 600.0).collect();
        let query8 = Query8::new(Metric::Dot, &query);
        let squares: i32 = query8.codes.iter().map(|&c| i32::from(c) * i32::from(c)).sum();
        let scale = 1.0 / (squares as f32).sqrt();
        let (least, most) = query8.interval(squares, &row_test(scale, squares, 384), squares);
        assert!(most - least < 0.01 * most, "{least} {most}");
    }
}
