//! Prepared queries: projected on the basis, in units of levels.

use super::KltLayout;
use super::projection::{project, project_lanes};
use crate::expanded::striped;
use crate::fault::{Fault, expect, row_count};
use crate::float_scan::Metric;
use crate::isa::Isa;
use crate::norms::power_for;
use crate::simd::{Kernel, Simd, run};

/// Queries that are projected together.
const BLOCK: usize = 16;

/// Prepares queries of `dim` floats, of unit length under cosine: their components, multiplied by the power of two that
/// takes the query's largest element into [1, 2), then the bias, |q|^2 under l2, and one over that power.
pub fn klt_queries(isa: Isa, layout: KltLayout, queries: &[f32], out: &mut [f32]) -> Result<(), Fault> {
    layout.check()?;
    let count = row_count("floats of the queries", queries.len(), layout.dim)?;
    expect("floats of prepared queries", count * layout.query_floats(), out.len())?;
    run(isa, Prepare { layout, queries, out });
    Ok(())
}

struct Prepare<'a> {
    layout: KltLayout<'a>,
    queries: &'a [f32],
    out: &'a mut [f32],
}

impl Kernel for Prepare<'_> {
    type Output = ();

    fn scalar(self) {
        self.each(|layout, rows, out| {
            for (row, out) in rows.chunks_exact(layout.dim).zip(out.chunks_exact_mut(layout.components())) {
                project(layout, row, out);
            }
        });
    }

    #[inline(always)]
    unsafe fn simd<S: Simd>(self) {
        self.each(
            #[inline(always)]
            |layout, rows, out| {
                // SAFETY: run() has the instruction set.
                unsafe { project_lanes::<S>(layout, rows, out) }
            },
        );
    }
}

impl Prepare<'_> {
    #[inline(always)]
    fn each(self, project: impl Fn(&KltLayout, &[f32], &mut [f32])) {
        let Prepare { layout, queries, out } = self;
        let KltLayout { metric, dim, mean, back, .. } = layout;
        let floats = layout.query_floats();
        let (mut scaled, mut projected) = (Vec::new(), Vec::new());
        for (queries, out) in queries.chunks(BLOCK * dim).zip(out.chunks_mut(BLOCK * floats)) {
            scaled.resize(queries.len(), 0.0);
            projected.resize(queries.len() / dim * back.len(), 0.0);
            for (query, scaled) in queries.chunks_exact(dim).zip(scaled.chunks_exact_mut(dim)) {
                let power = power_for(query);
                for (to, v) in scaled.iter_mut().zip(query) {
                    *to = v * power;
                }
            }
            project(&layout, &scaled, &mut projected);
            for (i, (query, out)) in queries.chunks_exact(dim).zip(out.chunks_exact_mut(floats)).enumerate() {
                let (components, rest) = out.split_at_mut(back.len());
                for ((to, p), back) in components.iter_mut().zip(&projected[i * back.len()..]).zip(back) {
                    *to = p * back;
                }
                let power = power_for(query);
                rest[0] = striped(query, mean, |q, mean| q * mean);
                rest[1] = if metric == Metric::L2 { striped(query, query, |a, b| a * b) } else { 0.0 };
                rest[2] = if power == 0.0 { 0.0 } else { 1.0 / power };
            }
        }
    }
}
