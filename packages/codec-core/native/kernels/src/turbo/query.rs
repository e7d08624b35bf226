//! Prepared queries: rotated floats.

use super::TurboLayout;
use crate::expanded::striped;
use crate::fault::{Fault, expect, row_count};
use crate::float_scan::Metric;
use crate::hadamard::Rounds;
use crate::isa::Isa;
use crate::norms::power_for;
use crate::simd::{Kernel, Simd, run};

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
