//! Queries: their whole spectrum, and the table that rows look their coefficients up in.

use super::coding::{plain_kernel, sectors, settle};
use super::record::Record;
use super::transform::{Complex, Dft, Lanes, ROWS};
use super::{DftLayout, bins};
use crate::fault::{Fault, expect, row_count};
use crate::isa::Isa;
use crate::simd::{Kernel, Simd, run};

/// Prepares queries: 2 bins + 2 floats each.
pub fn dft_queries(isa: Isa, layout: DftLayout, queries: &[f32], out: &mut [f32]) -> Result<(), Fault> {
    layout.check()?;
    let count = row_count("floats of the queries", queries.len(), layout.dim)?;
    expect("floats of prepared queries", count.saturating_mul(layout.query_floats()), out.len())?;
    run(isa, Prepare { layout, queries, out });
    Ok(())
}

struct Prepare<'a> {
    layout: DftLayout<'a>,
    queries: &'a [f32],
    out: &'a mut [f32],
}

plain_kernel!(Prepare);

impl Prepare<'_> {
    #[inline(always)]
    fn all(self) {
        let Prepare { layout, queries, out } = self;
        let dim = layout.dim;
        let floats = layout.query_floats();
        let mut dft = Dft::new(dim);
        let mut x = Complex::zeros(dim);
        let factor = 2.0 / dim as f64;
        for (queries, out) in queries.chunks(ROWS * dim).zip(out.chunks_mut(ROWS * floats)) {
            x.im.fill(Lanes::ZERO);
            for (r, query) in queries.chunks_exact(dim).enumerate() {
                for (x, &v) in x.re.iter_mut().zip(query) {
                    x.0[r] = f64::from(v);
                }
            }
            dft.transform(&mut x);
            settle(&layout, &mut x);
            for ((r, query), out) in queries.chunks_exact(dim).enumerate().zip(out.chunks_exact_mut(floats)) {
                for b in 0..bins(dim) {
                    out[2 * b] = (factor * x.re[b].0[r]) as f32;
                    out[2 * b + 1] = (factor * x.im[b].0[r]) as f32;
                }
                let (mut bias, mut squares) = (0.0, 0.0);
                for (j, &v) in query.iter().enumerate() {
                    let v = f64::from(v);
                    if let Some(&mean) = layout.mean.get(j) {
                        bias += v * f64::from(mean);
                    }
                    squares += v * v;
                }
                out[floats - 2] = bias as f32;
                out[floats - 1] = squares as f32;
            }
        }
    }
}

/// A query, ready for rows.
pub(super) struct Table {
    /// Products with each bin in each phase; zeros in bins that there aren't, and one behind them.
    pub(super) products: Vec<f32>,
    pub(super) bias: f32,
    pub(super) squares: f32,
}

impl Table {
    #[inline(always)]
    pub(super) fn new(layout: &DftLayout, record: &Record, query: &[f32]) -> Table {
        let phases: Vec<(f32, f32)> =
            sectors(layout.phase_bits).into_iter().map(|(cos, sin)| (cos as f32, sin as f32)).collect();
        let (spectrum, rest) = query.split_at(query.len() - 2);
        let mut products = vec![0.0; (record.named << layout.phase_bits) + 1];
        for (row, bin) in products.chunks_mut(phases.len()).zip(spectrum.as_chunks::<2>().0) {
            for (product, (cos, sin)) in row.iter_mut().zip(&phases) {
                *product = bin[0] * cos + bin[1] * sin;
            }
        }
        Table { products, bias: rest[0], squares: rest[1] }
    }
}
