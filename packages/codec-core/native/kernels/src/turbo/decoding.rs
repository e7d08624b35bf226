//! Decoding: levels, rotated back, times the scalar, plus the mean.

use super::TurboLayout;
use super::order::{places, unpacked};
use super::rows::Rows;
use crate::coded::Coded;
use crate::fault::{Fault, expect};
use crate::hadamard::Rounds;
use crate::isa::Isa;
use crate::simd::{Kernel, Packed, Simd, run};

/// The rows that codes stand for.
pub fn turbo_decode(isa: Isa, layout: TurboLayout, codes: &[u8], out: &mut [f32]) -> Result<(), Fault> {
    layout.check()?;
    let plan = layout.plan();
    let rows = Rows::new(layout, plan.as_ref(), codes)?;
    expect("floats", rows.frame.count().saturating_mul(layout.dim), out.len())?;
    run(isa, Decode { rows, out });
    Ok(())
}

struct Decode<'a> {
    rows: Rows<'a>,
    out: &'a mut [f32],
}

impl Decode<'_> {
    /// `widen` writes a row's levels, `rotate` turns them back.
    #[inline(always)]
    fn each(self, mut widen: impl FnMut(usize, &mut [f32]), rotate: impl Fn(&Rounds, &mut [f32])) {
        let TurboLayout { dim, signs, mean, .. } = self.rows.layout;
        let rounds = Rounds::new(dim, signs, true);
        for (i, row) in self.out.chunks_exact_mut(dim).enumerate() {
            let scalar = self.rows.frame.scalar(i);
            if scalar == 0.0 {
                row.fill(0.0);
                continue;
            }
            widen(i, row);
            rotate(&rounds, row);
            for v in &mut *row {
                *v *= scalar;
            }
            for (v, mean) in row.iter_mut().zip(mean) {
                *v += mean;
            }
            // NaN, of codes that no encoder wrote, stays.
            for v in row {
                *v = v.clamp(-f32::MAX, f32::MAX);
            }
        }
    }
}

impl Kernel for Decode<'_> {
    type Output = ();

    fn scalar(self) {
        let rows = self.rows;
        self.each(
            |i, row| {
                for (j, v) in row.iter_mut().enumerate() {
                    *v = rows.level(rows.frame.codes(i), j) as f32;
                }
            },
            |rounds, row| rounds.rotate(row),
        );
    }

    #[inline(always)]
    unsafe fn simd<S: Simd>(self) {
        let rows = self.rows;
        let (coding, dim) = (rows.layout.coding(), rows.layout.dim);
        let mut levels = vec![0i8; unpacked(coding, dim) + S::P::REGISTER];
        let mut from = vec![0u32; dim];
        places(coding, dim, S::P::REGISTER, false, |j, place| from[j] = place as u32);
        self.each(
            #[inline(always)]
            |i, row| {
                // SAFETY: run() has the instruction set; there is room for the levels and a register more.
                unsafe { rows.unpack::<S>(i, &mut levels) };
                for (v, &from) in row.iter_mut().zip(&from) {
                    *v = f32::from(levels[from as usize]);
                }
            },
            #[inline(always)]
            |rounds, row| {
                // SAFETY: as above.
                unsafe { rounds.rotate_lanes::<S::F>(row) }
            },
        );
    }
}
