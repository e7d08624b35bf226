//! Decoding: eight rows' coefficients through one transform.

use super::coding::{plain_kernel, sectors};
use super::record::Unpacker;
use super::scan::Rows;
use super::transform::{Complex, Dft, Lanes, ROWS};
use super::{DftLayout, bins};
use crate::fault::{Fault, expect};
use crate::isa::Isa;
use crate::simd::{Kernel, Simd, run};

/// The rows that codes stand for.
pub fn dft_decode(isa: Isa, layout: DftLayout, codes: &[u8], out: &mut [f32]) -> Result<(), Fault> {
    let rows = Rows::new(layout, codes)?;
    expect("floats", rows.count() * layout.dim, out.len())?;
    run(isa, Decode { rows, out });
    Ok(())
}

struct Decode<'a> {
    rows: Rows<'a>,
    out: &'a mut [f32],
}

plain_kernel!(Decode);

impl Decode<'_> {
    #[inline(always)]
    fn all(self) {
        let Decode { rows, out } = self;
        let layout = rows.layout;
        let DftLayout { dim, top_k, phase_bits, levels, mean, .. } = layout;
        let unpacker = Unpacker::new(&layout);
        let sectors = sectors(phase_bits);
        let mut dft = Dft::new(dim);
        let mut v = Complex::zeros(dim);
        let (mut positions, mut memory) = (vec![0; unpacker.room()], Vec::new());
        let (mut places, mut weights) = (vec![0; top_k], vec![levels[0]; top_k]);
        for (block, out) in out.chunks_mut(ROWS * dim).enumerate() {
            v.re.fill(Lanes::ZERO);
            v.im.fill(Lanes::ZERO);
            let mut there = [false; ROWS];
            for r in 0..out.len() / dim {
                let row = block * ROWS + r;
                let scalar = f64::from(rows.scalar(row));
                let bytes = rows.padded(row, &mut memory);
                there[r] = scalar != 0.0 && unpacker.find(bytes, &mut positions);
                if !there[r] {
                    continue;
                }
                unpacker.place(bytes, &positions, &mut places, &mut weights);
                for (&place, &level) in places.iter().zip(&weights) {
                    let b = place as usize >> phase_bits;
                    if b >= bins(dim) {
                        continue;
                    }
                    let own = layout.is_real(b);
                    let (cos, sin) = sectors[place as usize & ((1 << phase_bits) - 1)];
                    let times = if own { std::f64::consts::SQRT_2 } else { 2.0 };
                    let size = scalar * f64::from(level) * times;
                    v.re[b].0[r] += size * cos;
                    if !own {
                        v.im[b].0[r] -= size * sin;
                    }
                }
            }
            dft.transform(&mut v);
            for (r, out) in out.chunks_exact_mut(dim).enumerate() {
                if !there[r] {
                    out.fill(0.0);
                    continue;
                }
                for (j, out) in out.iter_mut().enumerate() {
                    let x = v.re[j].0[r] / dim as f64 + mean.get(j).map_or(0.0, |&mean| f64::from(mean));
                    *out = (x as f32).clamp(-f32::MAX, f32::MAX);
                }
            }
        }
    }
}
