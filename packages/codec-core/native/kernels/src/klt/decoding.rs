//! Decoding: levels as lengths along their axes, added up element by element, plus the mean, times the scalar.

use super::KltLayout;
use super::rows::Rows;
use crate::coded::Coded;
use crate::expanded::striped;
use crate::fault::{Fault, expect};
use crate::isa::Isa;
use crate::simd::{Kernel, Packed, Simd, run};
use crate::stripes::{Product, tile};

/// Rows that are decoded together: the basis is read once for all of them.
const BLOCK: usize = 32;

/// The rows that codes stand for.
pub fn klt_decode(isa: Isa, layout: KltLayout, codes: &[u8], out: &mut [f32]) -> Result<(), Fault> {
    layout.check()?;
    let plan = layout.plan();
    let rows = Rows::new(layout, &plan, codes)?;
    expect("floats", rows.frame().count().saturating_mul(layout.dim), out.len())?;
    run(isa, Decode { rows, out });
    Ok(())
}

struct Decode<'a> {
    rows: Rows<'a>,
    out: &'a mut [f32],
}

impl Kernel for Decode<'_> {
    type Output = ();

    fn scalar(self) {
        let Decode { rows, out } = self;
        let KltLayout { dim, columns, back, .. } = rows.layout;
        for (i, out) in out.chunks_exact_mut(dim).enumerate() {
            let codes = rows.frame().codes(i);
            let lengths: Vec<f32> = back.iter().enumerate().map(|(r, b)| rows.level(codes, r) as f32 * b).collect();
            for (to, column) in out.iter_mut().zip(columns.chunks_exact(back.len())) {
                *to = striped(&lengths, column, |e, c| e * c);
            }
            finish(&rows, i, out);
        }
    }

    #[inline(always)]
    unsafe fn simd<S: Simd>(self) {
        let Decode { rows, out } = self;
        // SAFETY: run() has the instruction set.
        unsafe {
            if S::WIDE {
                tiles::<S, 4, 4>(&rows, out);
            } else {
                tiles::<S, 2, 2>(&rows, out);
            }
        }
    }
}

/// R elements of Q rows at a time; the last ones are repeated.
#[inline(always)]
unsafe fn tiles<S: Simd, const R: usize, const Q: usize>(rows: &Rows, out: &mut [f32]) {
    let KltLayout { dim, columns, back, .. } = rows.layout;
    let components = back.len();
    let mut levels = vec![0i8; components + S::P::REGISTER];
    let mut lengths = vec![0f32; BLOCK * components];
    for (block, out) in out.chunks_mut(BLOCK * dim).enumerate() {
        let count = out.len() / dim;
        for (i, lengths) in lengths.chunks_exact_mut(components).enumerate().take(count) {
            // SAFETY: the caller has the instruction set; there is room for the levels and a register more.
            unsafe { rows.unpack::<S>(block * BLOCK + i, &mut levels) };
            for ((length, &level), back) in lengths.iter_mut().zip(&levels).zip(back) {
                *length = f32::from(level) * back;
            }
        }
        for j in (0..dim).step_by(R) {
            let mut of_columns = [columns.as_ptr(); R];
            for (r, column) in of_columns.iter_mut().enumerate() {
                *column = columns[(j + r).min(dim - 1) * components..].as_ptr();
            }
            for i in (0..count).step_by(Q) {
                let mut of_rows = [lengths.as_ptr(); Q];
                for (q, row) in of_rows.iter_mut().enumerate() {
                    *row = lengths[(i + q).min(count - 1) * components..].as_ptr();
                }
                // SAFETY: as above; all have a float for each component.
                let sums = unsafe { tile::<Product, S::F, _, R, Q>(&of_columns, &of_rows, components) };
                for (r, sums) in sums.iter().enumerate().take(dim - j) {
                    for (q, sum) in sums.iter().enumerate().take(count - i) {
                        out[(i + q) * dim + j + r] = *sum;
                    }
                }
            }
        }
        for (i, out) in out.chunks_exact_mut(dim).enumerate() {
            finish(rows, block * BLOCK + i, out);
        }
    }
}

/// From the sums over components to the row.
#[inline(always)]
fn finish(rows: &Rows, row: usize, out: &mut [f32]) {
    let scalar = rows.frame().scalar(row);
    if scalar == 0.0 {
        return out.fill(0.0);
    }
    for (v, mean) in out.iter_mut().zip(rows.layout.mean) {
        // NaN, of codes that no encoder wrote, stays.
        *v = (scalar * (mean + *v)).clamp(-f32::MAX, f32::MAX);
    }
}
