//! Queries in whole numbers, and what products with them make.

use super::Coded;
use crate::float_scan::Metric;
use crate::simd::F32x16;
use crate::topk::ranked;

pub(crate) struct Query {
    /// The bytes of each level; the second ones are empty where there is one part.
    pub(crate) parts: [Vec<i8>; 2],
    /// What a unit of the products stands for.
    pub(crate) step: f32,
    pub(crate) bias: f32,
    pub(crate) square: f32,
}

impl Query {
    /// Score of zero rows.
    #[inline(always)]
    pub(super) fn zero(&self, metric: Metric) -> f32 {
        if metric == Metric::L2 { ranked(0.0 - self.square) } else { 0.0 }
    }

    /// The reference: score of row `row`.
    pub(super) fn score<C: Coded>(&self, rows: &C, row: usize) -> f32 {
        let (frame, metric) = (rows.frame(), rows.metric());
        let scalar = frame.scalar(row);
        if scalar == 0.0 {
            return self.zero(metric);
        }
        let codes = frame.codes(row);
        let products = self
            .parts
            .each_ref()
            .map(|part| part.iter().enumerate().map(|(j, &q)| i32::from(q) * rows.level(codes, j)).sum());
        let ip = C::product(self, products, scalar);
        if metric != Metric::L2 {
            return ranked(ip);
        }
        let distance = self.square + frame.square(row) - (ip + ip);
        ranked(0.0 - if distance < 0.0 { 0.0 } else { distance })
    }
}

/// Sixteen scores, but for zero rows, of sixteen inner products.
///
/// # Safety
/// As for [`F32x16`].
#[inline(always)]
pub(super) unsafe fn scores<F: F32x16, const L2: bool>(ip: F, square: F, query_square: F) -> F {
    unsafe {
        let score = if L2 {
            let distance = query_square.add(square).sub(ip.add(ip));
            let zero = F::splat(0.0);
            // The larger one of 0 and NaN is NaN here.
            zero.sub(zero.max(distance))
        } else {
            ip
        };
        // What isn't a number is the worst.
        score.max(F::splat(f32::NEG_INFINITY))
    }
}
