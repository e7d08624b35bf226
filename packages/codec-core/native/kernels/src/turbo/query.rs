//! Prepared queries: rotated, then rounded to signed bytes.

use super::{QUERY_EXTRA, TurboLayout};
use crate::expanded::{largest, striped};
use crate::fault::{Fault, expect, row_count};
use crate::float_scan::Metric;
use crate::hadamard::Rounds;
use crate::isa::Isa;
use crate::norms::power_for;
use crate::simd::{F32x16, Kernel, Simd, run};
use crate::topk::ranked;

/// Prepares queries of `dim` floats, of unit length under cosine: rotated, multiplied by the power of two that takes their
/// largest element into [1, 2), then the bias, |q|^2 under l2, and one over that power.
pub fn turbo_queries(isa: Isa, layout: TurboLayout, queries: &[f32], out: &mut [f32]) -> Result<(), Fault> {
    layout.check()?;
    let count = row_count("floats of the queries", queries.len(), layout.dim)?;
    expect("floats of prepared queries", count * layout.query_floats(), out.len())?;
    run(isa, Prepare { layout, queries, out });
    Ok(())
}

struct Prepare<'a> {
    layout: TurboLayout<'a>,
    queries: &'a [f32],
    out: &'a mut [f32],
}

impl Kernel for Prepare<'_> {
    type Output = ();

    fn scalar(self) {
        self.each(|rounds, row| rounds.rotate(row));
    }

    #[inline(always)]
    unsafe fn simd<S: Simd>(self) {
        self.each(
            #[inline(always)]
            |rounds, row| {
                // SAFETY: run() has the instruction set.
                unsafe { rounds.rotate_lanes::<S::F>(row) }
            },
        );
    }
}

impl Prepare<'_> {
    #[inline(always)]
    fn each(self, rotate: impl Fn(&Rounds, &mut [f32])) {
        let TurboLayout { metric, dim, signs, mean, .. } = self.layout;
        let rounds = Rounds::new(dim, signs, false);
        for (query, out) in self.queries.chunks_exact(dim).zip(self.out.chunks_exact_mut(self.layout.query_floats())) {
            let power = power_for(query);
            let (row, rest) = out.split_at_mut(dim);
            for (to, v) in row.iter_mut().zip(query) {
                *to = v * power;
            }
            rotate(&rounds, row);
            rest[0] = if mean.is_empty() { 0.0 } else { striped(query, mean, |q, mean| q * mean) };
            rest[1] = if metric == Metric::L2 { striped(query, query, |a, b| a * b) } else { 0.0 };
            rest[2] = if power == 0.0 { 0.0 } else { 1.0 / power };
        }
    }
}

pub(super) struct Query {
    pub(super) codes: Vec<i8>,
    /// What a byte stands for.
    pub(super) step: f32,
    pub(super) bias: f32,
    pub(super) square: f32,
    /// Score of zero rows.
    pub(super) zero: f32,
}

impl Query {
    #[inline(always)]
    pub(super) fn new(metric: Metric, prepared: &[f32]) -> Query {
        let (q, rest) = prepared.split_at(prepared.len() - QUERY_EXTRA);
        let max = largest(q);
        let inv = 127.0 / max;
        // A factor beyond float32, of queries that nobody prepared, leaves zeros.
        let usable = max > 0.0 && inv < f32::INFINITY;
        let step = if max == 0.0 { 0.0 } else { max / 127.0 * rest[2] };
        let mut codes = vec![0i8; q.len()];
        if usable {
            for (code, &v) in codes.iter_mut().zip(q) {
                // What isn't a number becomes 0.
                *code = (v * inv).round_ties_even() as i8;
            }
        }
        let zero = if metric == Metric::L2 { ranked(0.0 - rest[1]) } else { 0.0 };
        Query { codes, step, bias: rest[0], square: rest[1], zero }
    }

    /// The reference: score of a row, given its product with the codes, its scalar and its |x|^2.
    #[inline(always)]
    pub(super) fn score(&self, metric: Metric, product: i32, scalar: f32, square: f32) -> f32 {
        if scalar == 0.0 {
            return self.zero;
        }
        let ip = self.bias + product as f32 * scalar * self.step;
        if metric != Metric::L2 {
            return ranked(ip);
        }
        let distance = self.square + square - (ip + ip);
        ranked(0.0 - if distance < 0.0 { 0.0 } else { distance })
    }
}

/// Sixteen scores, but for zero rows.
///
/// # Safety
/// As for [`F32x16`].
#[inline(always)]
pub(super) unsafe fn scores<F: F32x16, const L2: bool>(
    products: F,
    scalar: F,
    square: F,
    step: F,
    bias: F,
    query_square: F,
) -> F {
    unsafe {
        let ip = bias.add(products.mul(scalar).mul(step));
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
