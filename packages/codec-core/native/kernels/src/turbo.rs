//! Rotated rows in 1, 2, 3, 4 or 8 bits a coordinate (the rule, to the bit, is in `src/kernels/turbo.ts`): codes as one
//! stream of bits, the first coordinate lowest, then a scalar, one byte where it is a place in a table, else float32,
//! then under l2 the row's |x|^2.
//!
//! A code stands for an integer level. The query is rounded to signed bytes, so that a score is
//! ```text
//! ip = f32(bias + f32(f32(f32(D) s) step)), D the integer inner product of levels and bytes
//! cosine, dot  ip
//! l2           0 - max(0, f32(f32(|q|^2 + |x|^2) - 2 ip))
//! ```
//! and a row whose scalar is 0 has the score of zero rows. D is exact, so that every search is: no row is looked at twice.

mod coding;
mod decoding;
mod levels;
mod order;
mod quantize;
mod query;
mod rows;
mod scans;

use crate::coded::Plan;
use crate::fault::{Fault, expect, expect_dim, row_count};
use crate::float_scan::Metric;
use crate::hadamard::sign_words;
use crate::trellis_tables::value;

pub use coding::turbo_encode;
pub use decoding::turbo_decode;
pub(crate) use levels::table;
pub(crate) use quantize::Cells;
pub use query::turbo_queries;
pub use scans::{turbo_scores, turbo_top_k};

/// Floats of a prepared query behind its coordinates: the bias, |q|^2, and what the step is multiplied by.
const QUERY_EXTRA: usize = 3;

/// How rows are coded.
#[derive(Clone, Copy)]
pub struct TurboLayout<'a> {
    pub metric: Metric,
    /// 1, 2, 3, 4 or 8.
    pub bits: usize,
    /// Levels by the windows of `trellis`, up to 4 bits.
    pub trellis: bool,
    pub dim: usize,
    /// Sign words of the rotation's rounds.
    pub signs: &'a [u32],
    /// What is taken off each row: `dim` floats or none.
    pub mean: &'a [f32],
    /// The scalars that there are, 256 in ascending order; none where they are floats.
    pub table: &'a [f32],
}

/// What the indices of a row stand for.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Coding {
    pub(crate) bits: usize,
    pub(crate) trellis: bool,
}

impl TurboLayout<'_> {
    pub(crate) fn check(&self) -> Result<(), Fault> {
        expect_dim(self.dim)?;
        if ![1, 2, 3, 4, 8].contains(&self.bits) {
            return Err(Fault { code: "INVALID_ARGUMENT", what: "bits", expected: 4, actual: self.bits });
        }
        if self.trellis && self.bits == 8 {
            return Err(Fault { code: "INVALID_ARGUMENT", what: "bits of a trellis", expected: 4, actual: 8 });
        }
        row_count("words of signs", self.signs.len(), sign_words(self.dim))?;
        if !self.mean.is_empty() {
            expect("floats of the mean", self.dim, self.mean.len())?;
        }
        if !self.table.is_empty() {
            expect("floats of the table", 256, self.table.len())?;
        }
        Ok(())
    }

    pub(crate) fn code_bytes(&self) -> usize {
        (self.dim * self.bits).div_ceil(8)
    }

    /// How rows of a trellis come apart.
    fn plan(&self) -> Option<Plan> {
        let values = || Plan::new(&vec![self.bits as u8; self.dim], self.dim, self.code_bytes(), value);
        self.trellis.then(values)
    }

    pub(crate) fn coding(&self) -> Coding {
        Coding { bits: self.bits, trellis: self.trellis }
    }

    fn scalar_bytes(&self) -> usize {
        if self.table.is_empty() { 4 } else { 1 }
    }

    /// Bytes of a row.
    pub(crate) fn stride(&self) -> usize {
        self.code_bytes() + self.scalar_bytes() + if self.metric == Metric::L2 { 4 } else { 0 }
    }

    /// Floats of a prepared query.
    pub(crate) fn query_floats(&self) -> usize {
        self.dim + QUERY_EXTRA
    }
}
