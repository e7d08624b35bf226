//! Euclidean norms that neither overflow nor underflow. Where the plain striped sum of squares lies in
//! [2^-100, 2^100], its square root is the norm. Outside, the row is first multiplied by the power of two that takes
//! its largest element into [1, 2), which is exact, and the root is divided by that power.
//! Source of the idea: Blue, "A portable Fortran program to find the Euclidean norm of a vector", TOMS 1978.

use crate::fault::{Fault, expect, expect_dim, row_count};
use crate::isa::Isa;
use crate::simd::{Kernel, Simd, run};
use crate::stripes::{Product, squares, sum};

const LOWEST: f32 = 1.0 / HIGHEST;
const HIGHEST: f32 = (1u128 << 100) as f32;

/// Norm of each row of `dim` floats; infinity where it is beyond float32.
pub fn norms(isa: Isa, data: &[f32], dim: usize, out: &mut [f32]) -> Result<(), Fault> {
    expect_dim(dim)?;
    expect("rows of floats", out.len().saturating_mul(dim), data.len())?;
    run(isa, Norms { data, dim, out });
    Ok(())
}

struct Norms<'a> {
    data: &'a [f32],
    dim: usize,
    out: &'a mut [f32],
}

impl Kernel for Norms<'_> {
    type Output = ();

    fn scalar(self) {
        for (row, out) in self.data.chunks_exact(self.dim).zip(self.out) {
            *out = root(row, sum::<Product>(row, row));
        }
    }

    #[inline(always)]
    unsafe fn simd<S: Simd>(self) {
        for (rows, out) in self.data.chunks(self.dim * 4).zip(self.out.chunks_mut(4)) {
            // The last rows are repeated to make four.
            let mut at = [rows.as_ptr(); 4];
            for (r, at) in at.iter_mut().enumerate() {
                *at = rows[r.min(out.len() - 1) * self.dim..].as_ptr();
            }
            // SAFETY: four pointers to rows of `dim`, and run() has the instruction set.
            let sums = unsafe { squares::<S::F, _, 4>(&at, self.dim) };
            for (r, out) in out.iter_mut().enumerate() {
                *out = root(&rows[r * self.dim..][..self.dim], sums[r]);
            }
        }
    }
}

/// The norm of a row, given its striped sum of squares.
pub(crate) fn root(row: &[f32], sum_of_squares: f32) -> f32 {
    if in_range(sum_of_squares) {
        return sum_of_squares.sqrt();
    }
    let power = power_for(row);
    if power == 0.0 {
        return 0.0;
    }
    let scaled: Vec<f32> = row.iter().map(|v| v * power).collect();
    sum::<Product>(&scaled, &scaled).sqrt() / power
}

/// Rows divided by their norms; zero rows stay zero. In float64, where no square of a float32 overflows or underflows:
/// the sum of squares in 8 striped partials (element j into j % 8) folded 8 -> 4 -> 2 -> 1, then f32(v_j f64(1 / norm)).
pub fn unit_rows(isa: Isa, data: &[f32], dim: usize, out: &mut [f32]) -> Result<(), Fault> {
    expect_dim(dim)?;
    row_count("floats", data.len(), dim)?;
    expect("floats of the result", data.len(), out.len())?;
    run(isa, UnitRows { data, dim, out });
    Ok(())
}

struct UnitRows<'a> {
    data: &'a [f32],
    dim: usize,
    out: &'a mut [f32],
}

impl Kernel for UnitRows<'_> {
    type Output = ();

    #[inline(always)]
    fn scalar(self) {
        for (row, out) in self.data.chunks_exact(self.dim).zip(self.out.chunks_exact_mut(self.dim)) {
            unit_row(row, out);
        }
    }

    /// The same, compiled with wider registers.
    #[inline(always)]
    unsafe fn simd<S: Simd>(self) {
        self.scalar();
    }
}

/// One row of [`unit_rows`].
#[inline(always)]
pub(crate) fn unit_row(row: &[f32], out: &mut [f32]) {
    let mut partials = [0f64; 8];
    let (blocks, rest) = row.as_chunks::<8>();
    for block in blocks {
        for l in 0..8 {
            partials[l] += f64::from(block[l]) * f64::from(block[l]);
        }
    }
    for l in 0..rest.len() {
        partials[l] += f64::from(rest[l]) * f64::from(rest[l]);
    }
    for half in [4, 2, 1] {
        for i in 0..half {
            partials[i] += partials[i + half];
        }
    }
    let norm = partials[0].sqrt();
    let factor = if norm > 0.0 { 1.0 / norm } else { 0.0 };
    for (out, &v) in out.iter_mut().zip(row) {
        *out = (f64::from(v) * factor) as f32;
    }
}

/// Whether a sum of squares lost nothing to underflow or overflow that matters. False for NaN.
#[inline(always)]
pub(crate) fn in_range(sum_of_squares: f32) -> bool {
    (LOWEST..=HIGHEST).contains(&sum_of_squares)
}

/// 2^-e for a row whose largest element lies in [2^e, 2^(e+1)), 2^126 for subnormals, 0 for a row of zeros.
pub(crate) fn power_for(row: &[f32]) -> f32 {
    let max = row.iter().map(|v| v.to_bits() & 0x7fff_ffff).max().unwrap_or(0);
    if max == 0 {
        return 0.0;
    }
    // 2^-127 and 2^-128 are subnormals: their bits are a mantissa.
    match (max >> 23).max(1) {
        255 => f32::from_bits(1 << 21),
        254 => f32::from_bits(1 << 22),
        biased => f32::from_bits((254 - biased) << 23),
    }
}
