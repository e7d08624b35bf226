//! Encoding and decoding, by the rule of the parent module.

use super::{CodeRows, SCALE_BYTES};
use crate::fault::{Fault, expect, expect_dim, row_count};
use crate::isa::Isa;
use crate::simd::{F32x16, Kernel, Simd, run};
use crate::stripes::{Product, RowLanes, Scaled, sum};

const ZERO_BELOW: f32 = f32::from_bits((127 - 120) << 23);
/// The largest that 127 times is finite: 0x810203 2^98. Only rows within 2^-23 of the largest float come to more.
pub(crate) const LARGEST_SCALE: f32 = f32::from_bits(0x7c01_0203);

/// Codes of rows of `dim` floats. `unit`: the scale is that of the row's direction.
pub fn int8_encode(isa: Isa, data: &[f32], dim: usize, unit: bool, out: &mut [u8]) -> Result<(), Fault> {
    int8_encode_finite(isa, data, dim, unit, out).map(|_| ())
}

/// As [`int8_encode`], and whether all numbers were finite, which comes for nothing: what isn't spoils the row's sum
/// of squares. Where they weren't, what was written means nothing.
pub fn int8_encode_finite(isa: Isa, data: &[f32], dim: usize, unit: bool, out: &mut [u8]) -> Result<bool, Fault> {
    expect_dim(dim)?;
    let rows = row_count("floats", data.len(), dim)?;
    expect("bytes of codes", rows * (dim + SCALE_BYTES), out.len())?;
    Ok(run(isa, Encode { data, dim, unit, out }))
}

pub fn int8_decode(isa: Isa, codes: &[u8], dim: usize, out: &mut [f32]) -> Result<(), Fault> {
    let rows = CodeRows::new(codes, dim)?;
    expect("floats", rows.count() * dim, out.len())?;
    run(isa, Decode { rows, out });
    Ok(())
}

/// Floats from a row to what is fetched for a later one meanwhile: four small pages, so that their addresses are known
/// in time.
const AHEAD: usize = 4096;

struct Encode<'a> {
    data: &'a [f32],
    dim: usize,
    unit: bool,
    out: &'a mut [u8],
}

impl Encode<'_> {
    /// Writes a row's scale; `fill` writes the codes of w and gives S. Whether the row is finite.
    #[inline(always)]
    fn row(unit: bool, row: &[f32], max: f32, out: &mut [u8], fill: impl FnOnce(f32, &mut [u8]) -> f32) -> bool {
        let (codes, scale) = out.split_at_mut(out.len() - SCALE_BYTES);
        let (value, finite) = if max < ZERO_BELOW {
            codes.fill(0);
            // The maximum passes NaN over.
            (1.0, row.iter().all(|v| v.is_finite()))
        } else {
            let squares = fill(127.0 / max, codes);
            let value = if unit { 1.0 / squares.sqrt() } else { (max / 127.0).min(LARGEST_SCALE) };
            // An infinity times 127 / infinity is NaN too.
            (value, !squares.is_nan())
        };
        scale.copy_from_slice(&value.to_le_bytes());
        finite
    }
}

impl Kernel for Encode<'_> {
    type Output = bool;

    fn scalar(self) -> bool {
        let mut finite = true;
        for (row, out) in self.data.chunks_exact(self.dim).zip(self.out.chunks_exact_mut(self.dim + SCALE_BYTES)) {
            let max = row.iter().fold(0f32, |max, v| max.max(v.abs()));
            finite &= Self::row(self.unit, row, max, out, |inv, codes| {
                let w: Vec<f32> = row.iter().map(|v| v * inv).collect();
                for (code, w) in codes.iter_mut().zip(&w) {
                    *code = w.round_ties_even() as i8 as u8;
                }
                sum::<Product>(&w, &w)
            });
        }
        finite
    }

    #[inline(always)]
    unsafe fn simd<S: Simd>(self) -> bool {
        let mut finite = true;
        for (row, out) in self.data.chunks_exact(self.dim).zip(self.out.chunks_exact_mut(self.dim + SCALE_BYTES)) {
            // SAFETY: run() has the instruction set; `row` has `dim` floats and `codes` as many bytes.
            unsafe {
                // Past the end of a page the hardware doesn't read ahead.
                for line in 0..row.len().div_ceil(16) {
                    S::fetch(row.as_ptr().wrapping_add(AHEAD + line * 16).cast());
                }
                let max = largest::<S::F>(row);
                finite &= Self::row(
                    self.unit,
                    row,
                    max,
                    out,
                    #[inline(always)]
                    |inv, codes| fill::<S::F>(row, inv, codes),
                );
            }
        }
        finite
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
