//! int8 codes: `dim` bytes of two's complement, then a scale as float32, little-endian. All arithmetic is float32;
//! the bytes are stored in files, so changing this rule breaks them.
//!
//! Encoding a row v:
//! ```text
//! max = max|v_j|; below 2^-120 the row is stored as zeros with scale 1
//! inv = f32(127 / max), w_j = f32(v_j inv), q_j = w_j rounded half to even
//! scale = f32(max / 127); of a unit row 1 / f32(sqrt(S)), S the striped sum of w_j w_j
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

use crate::fault::{Fault, expect, expect_dim, row_count};
use crate::float_scan::Metric;
use crate::isa::Isa;
use crate::simd::{F32x16, Kernel, Simd, run};
use crate::stripes::{Product, RowLanes, Scaled, SquaredDifference, sum, tile};
use crate::topk::ranked;

const SCALE_BYTES: usize = 4;
const ZERO_BELOW: f32 = f32::from_bits((127 - 120) << 23);

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

    #[inline(always)]
    fn row(&self, row: usize) -> &'a [u8] {
        let stride = self.dim + SCALE_BYTES;
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
        let row = self.row(row);
        f32::from_le_bytes([row[self.dim], row[self.dim + 1], row[self.dim + 2], row[self.dim + 3]])
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

/// Codes of rows of `dim` floats. `unit`: the scale is that of the row's direction.
pub fn int8_encode(isa: Isa, data: &[f32], dim: usize, unit: bool, out: &mut [u8]) -> Result<(), Fault> {
    expect_dim(dim)?;
    let rows = row_count("floats", data.len(), dim)?;
    expect("bytes of codes", rows * (dim + SCALE_BYTES), out.len())?;
    run(isa, Encode { data, dim, unit, out });
    Ok(())
}

pub fn int8_decode(isa: Isa, codes: &[u8], dim: usize, out: &mut [f32]) -> Result<(), Fault> {
    let rows = CodeRows::new(codes, dim)?;
    expect("floats", rows.count() * dim, out.len())?;
    run(isa, Decode { rows, out });
    Ok(())
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

struct Encode<'a> {
    data: &'a [f32],
    dim: usize,
    unit: bool,
    out: &'a mut [u8],
}

impl Encode<'_> {
    /// Writes a row's scale; `fill` writes the codes of w and gives S.
    #[inline(always)]
    fn row(unit: bool, max: f32, out: &mut [u8], fill: impl FnOnce(f32, &mut [u8]) -> f32) {
        let (codes, scale) = out.split_at_mut(out.len() - SCALE_BYTES);
        let value = if max < ZERO_BELOW {
            codes.fill(0);
            1.0
        } else {
            let squares = fill(127.0 / max, codes);
            if unit { 1.0 / squares.sqrt() } else { max / 127.0 }
        };
        scale.copy_from_slice(&value.to_le_bytes());
    }
}

impl Kernel for Encode<'_> {
    type Output = ();

    fn scalar(self) {
        for (row, out) in self.data.chunks_exact(self.dim).zip(self.out.chunks_exact_mut(self.dim + SCALE_BYTES)) {
            let max = row.iter().fold(0f32, |max, v| max.max(v.abs()));
            Self::row(self.unit, max, out, |inv, codes| {
                let w: Vec<f32> = row.iter().map(|v| v * inv).collect();
                for (code, w) in codes.iter_mut().zip(&w) {
                    *code = w.round_ties_even() as i8 as u8;
                }
                sum::<Product>(&w, &w)
            });
        }
    }

    #[inline(always)]
    unsafe fn simd<S: Simd>(self) {
        for (row, out) in self.data.chunks_exact(self.dim).zip(self.out.chunks_exact_mut(self.dim + SCALE_BYTES)) {
            // SAFETY: run() has the instruction set; `row` has `dim` floats and `codes` as many bytes.
            unsafe {
                let max = largest::<S::F>(row);
                Self::row(
                    self.unit,
                    max,
                    out,
                    #[inline(always)]
                    |inv, codes| fill::<S::F>(row, inv, codes),
                );
            }
        }
    }
}

#[inline(always)]
unsafe fn largest<F: F32x16>(row: &[f32]) -> f32 {
    let (blocks, rest) = row.as_chunks::<16>();
    unsafe {
        let mut max = F::splat(0.0);
        for block in blocks {
            max = F::load(block.as_ptr()).abs().max(max);
        }
        F::load_part(rest.as_ptr(), rest.len()).abs().max(max).largest()
    }
}

/// Writes the codes of w = row * inv and gives the striped sum of w_j w_j.
#[inline(always)]
unsafe fn fill<F: F32x16>(row: &[f32], inv: f32, codes: &mut [u8]) -> f32 {
    let (blocks, rest) = row.as_chunks::<16>();
    unsafe {
        let inv = F::splat(inv);
        let mut squares = F::splat(0.0);
        for (i, block) in blocks.iter().enumerate() {
            let w = F::load(block.as_ptr()).mul(inv);
            w.store_i8(codes.as_mut_ptr().add(i * 16).cast());
            squares = squares.add(w.mul(w));
        }
        if !rest.is_empty() {
            let w = F::load_part(rest.as_ptr(), rest.len()).mul(inv);
            let mut last = [0u8; 16];
            w.store_i8(last.as_mut_ptr().cast());
            codes[blocks.len() * 16..].copy_from_slice(&last[..rest.len()]);
            squares = squares.add(w.mul(w));
        }
        squares.fold()
    }
}

struct Decode<'a> {
    rows: CodeRows<'a>,
    out: &'a mut [f32],
}

impl Kernel for Decode<'_> {
    type Output = ();

    fn scalar(self) {
        for (row, out) in self.out.chunks_exact_mut(self.rows.dim).enumerate() {
            let scale = self.rows.scale(row);
            for (out, &q) in out.iter_mut().zip(self.rows.codes(row)) {
                *out = f32::from(q) * scale;
            }
        }
    }

    #[inline(always)]
    unsafe fn simd<S: Simd>(self) {
        for (row, out) in self.out.chunks_exact_mut(self.rows.dim).enumerate() {
            let scaled = Scaled(self.rows.codes(row).as_ptr(), self.rows.scale(row));
            let (blocks, rest) = out.as_chunks_mut::<16>();
            // SAFETY: codes and `out` have `dim` elements.
            unsafe {
                for (i, block) in blocks.iter_mut().enumerate() {
                    scaled.lanes::<S::F>(i * 16).store(block.as_mut_ptr());
                }
                if !rest.is_empty() {
                    let mut last = [0f32; 16];
                    scaled.part::<S::F>(blocks.len() * 16, rest.len()).store(last.as_mut_ptr());
                    rest.copy_from_slice(&last[..rest.len()]);
                }
            }
        }
    }
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
