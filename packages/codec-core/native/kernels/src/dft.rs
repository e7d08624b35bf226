//! Rows as their K largest Fourier coefficients, in polar form, and one scalar (the rules, to the bit, are in
//! `src/kernels/dft*.ts`). Encoding and decoding are float64, eight rows side by side; every operation is rounded once, in
//! the order of the rule, so that all instruction sets give the same bits. Scores are float32: each query has a table of its
//! products with every coefficient in every phase, and a row looks up its own.

mod circle;
mod coding;
mod decoding;
mod query;
mod record;
mod scan;
mod transform;

use crate::fault::{Fault, expect, expect_dim};
use crate::float_scan::Metric;

pub use coding::{dft_encode, dft_spectra};
pub use decoding::dft_decode;
pub use query::dft_queries;
pub use scan::{dft_scores, dft_top_k};

/// How rows are coded.
#[derive(Clone, Copy)]
pub struct DftLayout<'a> {
    pub metric: Metric,
    pub dim: usize,
    /// Coefficients of a row, 1 to dim / 2 + 1.
    pub top_k: usize,
    /// Up to 8.
    pub mag_bits: usize,
    /// 2 to 8.
    pub phase_bits: usize,
    /// What is taken off each row: `dim` floats or none.
    pub mean: &'a [f32],
    /// The magnitudes that there are, 2^mag_bits in ascending order.
    pub levels: &'a [f32],
    /// The scalars that there are, 256 in ascending order; none where they are floats.
    pub table: &'a [f32],
}

/// Coefficients of a real vector.
pub(crate) fn bins(dim: usize) -> usize {
    dim / 2 + 1
}

impl DftLayout<'_> {
    pub(crate) fn check(&self) -> Result<(), Fault> {
        expect_dim(self.dim)?;
        let refuse = |what, expected, actual| Err(Fault { code: "INVALID_ARGUMENT", what, expected, actual });
        if self.top_k == 0 || self.top_k > bins(self.dim) {
            return refuse("coefficients of a row", bins(self.dim), self.top_k);
        }
        if self.mag_bits > 8 {
            return refuse("bits of a magnitude", 8, self.mag_bits);
        }
        if !(2..=8).contains(&self.phase_bits) {
            return refuse("bits of a phase", 8, self.phase_bits);
        }
        expect("floats of the levels", 1 << self.mag_bits, self.levels.len())?;
        if !self.mean.is_empty() {
            expect("floats of the mean", self.dim, self.mean.len())?;
        }
        if !self.table.is_empty() {
            expect("floats of the table", 256, self.table.len())?;
        }
        Ok(())
    }

    /// Bytes of a row.
    pub(crate) fn stride(&self) -> usize {
        let scalar = if self.table.is_empty() { 4 } else { 1 };
        record::Record::of(self).stream_bytes + scalar + if self.metric == Metric::L2 { 4 } else { 0 }
    }

    /// Floats of a prepared query.
    pub(crate) fn query_floats(&self) -> usize {
        2 * bins(self.dim) + 2
    }

    /// Whether a coefficient is its own conjugate, and so real.
    #[inline(always)]
    fn is_real(&self, bin: usize) -> bool {
        bin == 0 || 2 * bin == self.dim
    }
}
