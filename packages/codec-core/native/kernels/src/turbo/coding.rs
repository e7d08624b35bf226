//! Encoding and decoding: unit row, less the mean, rotated, scaled by a power of two, quantized, packed; one row after
//! another, in the first cache.

use super::TurboLayout;
use super::levels::magnitudes;
use super::order::{places, unpacked};
use super::quantize::Cells;
use super::rows::Rows;
use super::trellis::Trellis;
use super::trellis_tables::SIGMA;
use crate::expanded::{largest, striped};
use crate::fault::{Fault, expect, row_count};
use crate::float_scan::Metric;
use crate::hadamard::Rounds;
use crate::isa::Isa;
use crate::norms::{power_for, unit_row};
use crate::simd::{F32x16, Kernel, Packed, Simd, run};

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

/// The smallest float above 0: a scalar of 0 stands for a row of zeros.
const LEAST_SCALAR: f32 = f32::from_bits(1);

/// Codes of rows of `dim` floats.
pub fn turbo_encode(isa: Isa, layout: TurboLayout, data: &[f32], out: &mut [u8]) -> Result<(), Fault> {
    layout.check()?;
    let rows = row_count("floats", data.len(), layout.dim)?;
    expect("bytes of codes", rows.saturating_mul(layout.stride()), out.len())?;
    run(isa, Encode { layout, data, out });
    Ok(())
}

/// The rows that codes stand for.
pub fn turbo_decode(isa: Isa, layout: TurboLayout, codes: &[u8], out: &mut [f32]) -> Result<(), Fault> {
    let rows = Rows::new(layout, codes)?;
    expect("floats", rows.count().saturating_mul(layout.dim), out.len())?;
    run(isa, Decode { rows, out });
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
        let mut trellis = layout.trellis.then(|| Trellis::new(bits, dim));
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
                    (trellis.product(y, codes), 1)
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
        let mut trellis = layout.trellis.then(|| Trellis::new(bits, dim));
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
                        (trellis.product(y, codes), 1)
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

/// 1 + the number of marks half way between neighbours of the table, but for the first pair, that are at most `scalar`.
#[inline(always)]
fn place(table: &[f32], scalar: f32) -> u8 {
    // They ascend: of 1 to 255, the largest place whose lower mark is at most `scalar`.
    let (mut low, mut high) = (1, 256);
    while high - low > 1 {
        let middle = (low + high) / 2;
        // In float64, where half of a subnormal is exact.
        if f64::from(table[middle - 1] + table[middle]) * 0.5 <= f64::from(scalar) {
            low = middle;
        } else {
            high = middle;
        }
    }
    low as u8
}

/// # Safety
/// As for [`F32x16`]; `codes` has room for whole sixteens.
#[inline(always)]
unsafe fn quantize<F: F32x16>(y: &[f32], factor: f32, cells: &Cells, least: i32, codes: &mut [u8]) -> (f32, i32) {
    let (blocks, rest) = y.as_chunks::<16>();
    let mut at = codes.as_mut_ptr();
    unsafe {
        let factor = F::splat(factor);
        let (mut sum, mut norm) = (F::splat(0.0), 0);
        // So few squares to a lane that their sums are exact.
        for blocks in blocks.chunks(1024) {
            let mut squares = F::splat(0.0);
            for block in blocks {
                let y = F::load(block.as_ptr());
                let level = y.mul(factor).quantize(cells, at);
                sum = sum.add(y.mul(level));
                squares = squares.add(level.mul(level));
                at = at.add(16);
            }
            norm += whole(squares);
        }
        if !rest.is_empty() {
            let y = F::load_part(rest.as_ptr(), rest.len());
            let level = y.mul(factor).quantize(cells, at);
            sum = sum.add(y.mul(level));
            norm += whole(level.mul(level)) - (16 - rest.len() as i32) * least * least;
        }
        (sum.fold(), norm)
    }
}

/// The sum of lanes that hold integers.
#[inline(always)]
unsafe fn whole<F: F32x16>(x: F) -> i32 {
    let mut lanes = [0f32; 16];
    unsafe { x.store(lanes.as_mut_ptr()) };
    lanes.iter().map(|&x| x as i32).sum()
}

/// As `quantize`, of 8 bits: rounded half to even.
#[inline(always)]
unsafe fn round<F: F32x16>(y: &[f32], factor: f32, codes: &mut [u8]) -> f32 {
    let (blocks, rest) = y.as_chunks::<16>();
    let to = codes.as_mut_ptr();
    unsafe {
        let factor = F::splat(factor);
        let mut sum = F::splat(0.0);
        let mut step = |y: F, to: *mut u8| {
            y.mul(factor).store_i8(to.cast());
            sum = sum.add(y.mul(F::load_i8(to.cast())));
        };
        for (i, block) in blocks.iter().enumerate() {
            step(F::load(block.as_ptr()), to.add(i * 16));
        }
        if !rest.is_empty() {
            step(F::load_part(rest.as_ptr(), rest.len()), to.add(blocks.len() * 16));
        }
        let sum = sum.fold();
        for code in codes {
            *code ^= 0x80;
        }
        sum
    }
}

/// y times a factor, rounded half to even and kept within +-127.
#[inline(always)]
unsafe fn round_within<F: F32x16>(y: &[f32], factor: f32, to: &mut [i8]) {
    let (blocks, rest) = y.as_chunks::<16>();
    let to = to.as_mut_ptr();
    unsafe {
        let (factor, most, least) = (F::splat(factor), F::splat(127.0), F::splat(-127.0));
        for (i, block) in blocks.iter().enumerate() {
            F::load(block.as_ptr()).mul(factor).min(most).max(least).store_i8(to.add(i * 16));
        }
        if !rest.is_empty() {
            let y = F::load_part(rest.as_ptr(), rest.len());
            y.mul(factor).min(most).max(least).store_i8(to.add(blocks.len() * 16));
        }
    }
}

/// Codes, a byte each and zeros to whole sixteens, as one stream of bits.
#[inline(always)]
fn pack(bits: usize, codes: &[u8], out: &mut [u8]) {
    if bits == 8 {
        let bytes = out.len();
        return out.copy_from_slice(&codes[..bytes]);
    }
    let (eights, _) = codes.as_chunks::<8>();
    for (eight, out) in eights.iter().zip(out.chunks_mut(bits)) {
        let x = u64::from_le_bytes(*eight);
        // Neighbours close up: bytes, then pairs, then fours.
        let pair = (1 << (2 * bits)) - 1;
        let four = (1u64 << (4 * bits)) - 1;
        let x = (x | x >> (8 - bits)) & (pair | pair << 16 | pair << 32 | pair << 48);
        let x = (x | x >> (16 - 2 * bits)) & (four | four << 32);
        let x = x | x >> (32 - 4 * bits);
        out.copy_from_slice(&x.to_le_bytes()[..out.len()]);
    }
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
            let scalar = self.rows.scalar(i);
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
                    *v = rows.level(i, j) as f32;
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
                unsafe { S::P::unpack(coding, rows.codes(i), &mut levels) };
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
