//! Encoding: unit row, less the mean, rotated, scaled by a power of two, quantized, packed; one row after
//! another, in the first cache.

use super::TurboLayout;
use super::levels::magnitudes;
use super::quantize::{Cells, pack, quantize, round};
use crate::coded::{LEAST_SCALAR, place};
use crate::expanded::{largest, striped};
use crate::fault::{Fault, expect, row_count};
use crate::float_scan::Metric;
use crate::hadamard::Rounds;
use crate::isa::Isa;
use crate::norms::{power_for, unit_row};
use crate::simd::{Kernel, Simd, run};
use crate::trellis::{Trellis, round_within};
use crate::trellis_tables::{SIGMA, value, window_values};

/// Units of one standard deviation, for magnitudes to 127.
fn sigma(bits: usize) -> f32 {
    match bits {
        2 => (127.0f64 / 1.5104) as f32,
        3 => (127.0f64 / 2.1519) as f32,
        4 => (127.0f64 / 2.7326) as f32,
        _ => 1.0,
    }
}

/// Factors of the standard deviation that are tried where there is a choice.
const CANDIDATES: [f32; 3] = [1.0, 0.9, 1.1];

/// Codes of rows of `dim` floats.
pub fn turbo_encode(isa: Isa, layout: TurboLayout, data: &[f32], out: &mut [u8]) -> Result<(), Fault> {
    layout.check()?;
    let rows = row_count("floats", data.len(), layout.dim)?;
    expect("bytes of codes", rows.saturating_mul(layout.stride()), out.len())?;
    run(isa, Encode { layout, data, out });
    Ok(())
}

struct Encode<'a> {
    layout: TurboLayout<'a>,
    data: &'a [f32],
    out: &'a mut [u8],
}

impl Kernel for Encode<'_> {
    type Output = ();

    fn scalar(self) {
        let Encode { layout, data, out } = self;
        let (dim, bits) = (layout.dim, layout.bits);
        let cells = Cells::new(bits);
        let mut coder = Coder::new(layout);
        let mut trellis = layout.trellis.then(|| Trellis::new(&vec![bits as u8; dim], value));
        for (row, out) in data.chunks_exact(dim).zip(out.chunks_exact_mut(layout.stride())) {
            if !coder.begin(row, out) {
                continue;
            }
            coder.rounds.rotate(&mut coder.row);
            if let Some(trellis) = &mut trellis {
                coder.code(out, |y, factor, codes| {
                    let row: Vec<i8> =
                        y.iter().map(|y| (y * factor).round_ties_even().clamp(-127.0, 127.0) as i8).collect();
                    trellis.search(&row, &mut codes[..dim]);
                    (product_of_windows(bits, y, codes), 1)
                });
                continue;
            }
            coder.code(out, |y, factor, codes| {
                let levels: Vec<f32> = y
                    .iter()
                    .zip(codes.iter_mut())
                    .map(|(&y, code)| {
                        if bits == 8 {
                            let q = (y * factor).round_ties_even();
                            *code = (q + 128.0) as u8;
                            return q;
                        }
                        let (index, level) = cells.nearest(y * factor);
                        *code = index;
                        level
                    })
                    .collect();
                let squares = levels.iter().map(|level| (level * level) as i32).sum();
                (striped(y, &levels, |y, level| y * level), squares)
            });
        }
    }

    #[inline(always)]
    unsafe fn simd<S: Simd>(self) {
        let Encode { layout, data, out } = self;
        let (dim, bits) = (layout.dim, layout.bits);
        let cells = Cells::new(bits);
        let least = i32::from(magnitudes(bits)[0]);
        let mut coder = Coder::new(layout);
        let mut trellis = layout.trellis.then(|| Trellis::new(&vec![bits as u8; dim], value));
        let mut whole = vec![0i8; dim.next_multiple_of(16)];
        for (row, out) in data.chunks_exact(dim).zip(out.chunks_exact_mut(layout.stride())) {
            if !coder.begin(row, out) {
                continue;
            }
            // SAFETY: run() has the instruction set.
            unsafe { coder.rounds.rotate_lanes::<S::F>(&mut coder.row) };
            if let Some(trellis) = &mut trellis {
                coder.code(
                    out,
                    #[inline(always)]
                    |y, factor, codes| {
                        // SAFETY: as above; there is room for whole registers.
                        unsafe {
                            round_within::<S::F>(y, factor, &mut whole);
                            trellis.search_lanes::<S>(&whole[..dim], &mut codes[..dim]);
                        }
                        (product_of_windows(bits, y, codes), 1)
                    },
                );
                continue;
            }
            coder.code(
                out,
                #[inline(always)]
                |y, factor, codes| {
                    // SAFETY: as above; there is room for whole registers of codes.
                    unsafe {
                        if bits == 8 {
                            (round::<S::F>(y, factor, codes), 0)
                        } else {
                            quantize::<S::F>(y, factor, &cells, least, codes)
                        }
                    }
                },
            );
        }
    }
}

/// The striped sum of y_j value_j; windows become symbols, the highest bits of each.
#[inline(always)]
fn product_of_windows(bits: usize, y: &[f32], windows: &mut [u8]) -> f32 {
    let values = window_values(bits);
    let levels: Vec<f32> = windows.iter().take(y.len()).map(|&window| f32::from(values[usize::from(window)])).collect();
    windows.iter_mut().for_each(|window| *window >>= 8 - bits);
    striped(y, &levels, |y, level| y * level)
}

/// Memory for a row on its way.
struct Coder<'a> {
    layout: TurboLayout<'a>,
    rounds: Rounds,
    candidates: &'static [f32],
    row: Vec<f32>,
    /// What the row was multiplied by; 0 where it is the mean.
    power: f32,
    /// A code a byte, for the best factor so far and for another one.
    codes: [Vec<u8>; 2],
}

impl<'a> Coder<'a> {
    #[inline(always)]
    fn new(layout: TurboLayout<'a>) -> Coder<'a> {
        let room = layout.dim.next_multiple_of(16);
        let tried = if (layout.bits == 3 || layout.bits == 4) && !layout.trellis { CANDIDATES.len() } else { 1 };
        let candidates = &CANDIDATES[..tried];
        Coder {
            layout,
            rounds: Rounds::new(layout.dim, layout.signs, false),
            candidates,
            row: vec![0.0; layout.dim],
            power: 0.0,
            codes: [vec![0; room], vec![0; room]],
        }
    }

    /// Takes in a row, up to the rotation; false where that was all, for a row of zeros.
    #[inline(always)]
    fn begin(&mut self, row: &[f32], out: &mut [u8]) -> bool {
        let TurboLayout { metric, mean, .. } = self.layout;
        if largest(row) == 0.0 {
            out.fill(0);
            return false;
        }
        if metric == Metric::L2 {
            let square = striped(row, row, |a, b| a * b).min(f32::MAX);
            let at = out.len() - 4;
            out[at..].copy_from_slice(&square.to_le_bytes());
        }
        if metric == Metric::Cosine {
            unit_row(row, &mut self.row);
        } else {
            self.row.copy_from_slice(row);
        }
        for (v, mean) in self.row.iter_mut().zip(mean) {
            *v = (*v - mean).clamp(-f32::MAX, f32::MAX);
        }
        self.power = power_for(&self.row);
        for v in &mut self.row {
            *v *= self.power;
        }
        true
    }

    /// Codes the rotated row. `quantize` writes the codes of y times a factor, and gives the striped sum of y_j level_j
    /// and, where it is compared, the sum of level_j^2.
    #[inline(always)]
    fn code(&mut self, out: &mut [u8], mut quantize: impl FnMut(&[f32], f32, &mut [u8]) -> (f32, i32)) {
        let TurboLayout { bits, dim, .. } = self.layout;
        let power = self.power;
        let [codes, other] = &mut self.codes;
        let squares = striped(&self.row, &self.row, |a, b| a * b);
        let scalar = if power == 0.0 {
            codes[..dim].fill(1 << (bits - 1));
            LEAST_SCALAR
        } else if bits == 8 {
            let (product, _) = quantize(&self.row, 127.0 / largest(&self.row), codes);
            squares / product / power
        } else {
            let unit = (dim as f32).sqrt() / squares.sqrt();
            let (mut best, mut of_best) = (f32::NEG_INFINITY, 0.0);
            for candidate in self.candidates {
                let sigma = if self.layout.trellis { SIGMA[bits - 1] } else { sigma(bits) };
                let factor = sigma * candidate * unit;
                let (product, norm) = quantize(&self.row, factor, other);
                let quality = product * product / norm as f32;
                if quality > best {
                    (best, of_best) = (quality, product);
                    std::mem::swap(codes, other);
                }
            }
            squares / of_best / power
        };
        codes[dim..].fill(0);
        pack(bits, codes, &mut out[..self.layout.code_bytes()]);
        let (at, table) = (self.layout.code_bytes(), self.layout.table);
        let scalar = scalar.clamp(LEAST_SCALAR, f32::MAX);
        if table.is_empty() {
            out[at..at + 4].copy_from_slice(&scalar.to_le_bytes());
        } else {
            out[at] = place(table, scalar);
        }
    }
}
