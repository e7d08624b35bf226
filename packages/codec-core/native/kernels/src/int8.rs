//! int8 codes: `dim` bytes of two's complement, then a scale as float32, little-endian. All arithmetic is float32;
//! the bytes are stored in files, so changing this rule breaks them.
//!
//! Encoding a row v:
//! ```text
//! max = max|v_j|; below 2^-120 the row is stored as zeros with scale 1
//! inv = f32(127 / max), w_j = f32(v_j inv), q_j = w_j rounded half to even
//! scale = f32(max / 127), at most 0x810203 2^98 (127 of which are finite); of a unit row 1 / f32(sqrt(S)), S the striped sum of w_j w_j
//! ```
//! |w_j| <= 127 (1 + 2^-23), so q_j stays within +-127. Because v/|v| = w/|w|, the unit scale makes q_j scale stand
//! for the row's direction, and no square is ever taken of anything that could overflow.
//!
//! Decoding: f32(q_j scale).
//!
//! Scores of a float query p:
//! ```text
//! dot, cosine  f32(scale times the striped sum of f32(p_j q_j)); under cosine the rows are unit vectors
//! l2           0 - striped sum of t_j t_j with t_j = f32(p_j - f32(q_j scale))
//! ```

mod batch;
pub(crate) mod best;
mod block;
mod bound;
mod coding;
mod rank;
mod sample;
mod search;

use crate::fault::{Fault, expect, expect_dim, row_count};
use crate::float_scan::Metric;
use crate::isa::Isa;
use crate::simd::{Kernel, Simd, run};
use crate::stripes::{Product, Scaled, SquaredDifference, sum, tile};
use crate::topk::ranked;

pub(crate) use bound::{LEAST_SQUARE, SANE};
pub(crate) use coding::LARGEST_SCALE;
pub use coding::{int8_decode, int8_encode, int8_encode_finite};
pub use search::int8_top_k;
pub(crate) use search::int8_top_k_allowed;

pub(crate) const SCALE_BYTES: usize = 4;

/// Rows of int8 codes.
#[derive(Clone, Copy)]
pub(crate) struct CodeRows<'a> {
    bytes: &'a [u8],
    dim: usize,
}

impl<'a> CodeRows<'a> {
    pub(crate) fn new(bytes: &'a [u8], dim: usize) -> Result<CodeRows<'a>, Fault> {
        expect_dim(dim)?;
        row_count("bytes of the codes", bytes.len(), dim + SCALE_BYTES)?;
        Ok(CodeRows { bytes, dim })
    }

    pub(crate) fn dim(&self) -> usize {
        self.dim
    }

    pub(crate) fn count(&self) -> usize {
        self.bytes.len() / (self.dim + SCALE_BYTES)
    }

    /// Bytes from one row to the next.
    #[inline(always)]
    pub(crate) fn stride(&self) -> usize {
        self.dim + SCALE_BYTES
    }

    #[inline(always)]
    fn row(&self, row: usize) -> &'a [u8] {
        let stride = self.stride();
        &self.bytes[row * stride..][..stride]
    }

    #[inline(always)]
    pub(crate) fn codes(&self, row: usize) -> &'a [i8] {
        let bytes = &self.row(row)[..self.dim];
        // SAFETY: u8 and i8 have one layout.
        unsafe { std::slice::from_raw_parts(bytes.as_ptr().cast(), bytes.len()) }
    }

    #[inline(always)]
    pub(crate) fn scale(&self, row: usize) -> f32 {
        let bytes = self.row(row).last_chunk().expect("a scale");
        f32::from_le_bytes(*bytes)
    }

    /// Asks for a row to come into the first cache.
    #[inline(always)]
    pub(crate) fn fetch<S: Simd>(&self, row: usize) {
        let row = self.row(row);
        for line in 0..row.len().div_ceil(64) {
            S::fetch(row.as_ptr().wrapping_add(line * 64));
        }
    }

    /// The reference: score of a float query with one row.
    pub(crate) fn score(&self, metric: Metric, query: &[f32], row: usize) -> f32 {
        let scale = self.scale(row);
        let factor = if metric == Metric::L2 { scale } else { 1.0 };
        let values: Vec<f32> = self.codes(row).iter().map(|&q| f32::from(q) * factor).collect();
        ranked(match metric {
            Metric::L2 => 0.0 - sum::<SquaredDifference>(query, &values),
            _ => sum::<Product>(query, &values) * scale,
        })
    }

    /// Scores of R rows at once, each that of [`CodeRows::score`].
    ///
    /// # Safety
    /// Needs the instruction set; the query has `dim` floats.
    #[inline(always)]
    pub(crate) unsafe fn scores<S: Simd, const R: usize>(
        &self,
        metric: Metric,
        query: &[f32],
        rows: &[usize; R],
    ) -> [f32; R] {
        let mut scores = [0f32; R];
        let mut scales = [0f32; R];
        let mut at = [self.bytes.as_ptr().cast::<i8>(); R];
        let mut scaled = [Scaled(self.bytes.as_ptr().cast(), 1.0); R];
        for r in 0..R {
            scales[r] = self.scale(rows[r]);
            at[r] = self.codes(rows[r]).as_ptr();
            scaled[r] = Scaled(at[r], scales[r]);
        }
        let query = [query.as_ptr()];
        // SAFETY: rows and query have `dim` elements.
        unsafe {
            if metric == Metric::L2 {
                let sums = tile::<SquaredDifference, S::F, _, R, 1>(&scaled, &query, self.dim);
                for r in 0..R {
                    scores[r] = ranked(0.0 - sums[r][0]);
                }
            } else {
                let sums = tile::<Product, S::F, _, R, 1>(&at, &query, self.dim);
                for r in 0..R {
                    scores[r] = ranked(sums[r][0] * scales[r]);
                }
            }
        }
        scores
    }
}

/// Score of each row with one float query.
pub fn int8_scores(
    isa: Isa,
    metric: Metric,
    query: &[f32],
    codes: &[u8],
    dim: usize,
    out: &mut [f32],
) -> Result<(), Fault> {
    let rows = CodeRows::new(codes, dim)?;
    expect("floats of the query", dim, query.len())?;
    expect("scores", rows.count(), out.len())?;
    run(isa, Scores { metric, query, rows, out });
    Ok(())
}

struct Scores<'a> {
    metric: Metric,
    query: &'a [f32],
    rows: CodeRows<'a>,
    out: &'a mut [f32],
}

impl Kernel for Scores<'_> {
    type Output = ();

    fn scalar(self) {
        for (row, out) in self.out.iter_mut().enumerate() {
            *out = self.rows.score(self.metric, self.query, row);
        }
    }

    #[inline(always)]
    unsafe fn simd<S: Simd>(self) {
        let last = self.rows.count().saturating_sub(1);
        for (i, out) in self.out.chunks_mut(4).enumerate() {
            let at = i * 4;
            // The last row is repeated to make four.
            let rows = [at, last.min(at + 1), last.min(at + 2), last.min(at + 3)];
            // SAFETY: run() has the instruction set; the query's length was checked.
            let scores = unsafe { self.rows.scores::<S, 4>(self.metric, self.query, &rows) };
            out.copy_from_slice(&scores[..out.len()]);
        }
    }
}
