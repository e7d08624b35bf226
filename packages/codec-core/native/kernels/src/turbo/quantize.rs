//! From numbers to codes, and from codes to a stream of bits.

use super::levels::{magnitudes, thresholds};
use crate::simd::F32x16;

/// The levels' magnitudes and where they begin, for registers.
pub(crate) struct Cells {
    /// Ascending, the last one repeated.
    pub levels: [f32; 16],
    /// Number of levels below zero.
    pub half: i32,
    /// Ascending, then infinities: |w| reaches as many of them as the place of its level.
    pub thresholds: [f32; 7],
    /// By |w| / 8: no threshold is so close to another that two would stand in one of these.
    /// The threshold there, infinity where there is none, and how many stand below.
    pub bucket: [f32; 16],
    pub below: [i32; 16],
}

impl Cells {
    pub(super) fn new(bits: usize) -> Cells {
        let (magnitudes, marks) = (magnitudes(bits), thresholds(bits));
        let mut thresholds = [f32::INFINITY; 7];
        let (mut bucket, mut below) = ([f32::INFINITY; 16], [0; 16]);
        for (to, &mark) in thresholds.iter_mut().zip(marks) {
            *to = f32::from(mark);
        }
        for (i, &mark) in marks.iter().enumerate() {
            let place = usize::from(mark / 8);
            bucket[place] = f32::from(mark);
            below[place + 1..].fill(i as i32 + 1);
        }
        let last = magnitudes.len() - 1;
        Cells {
            levels: std::array::from_fn(|i| f32::from(magnitudes[i.min(last)])),
            half: 1 << (bits - 1),
            thresholds,
            bucket,
            below,
        }
    }

    /// The reference: a number's code and level.
    pub(super) fn nearest(&self, w: f32) -> (u8, f32) {
        let m = self.thresholds.iter().filter(|&&t| w.abs() >= t).count();
        let (half, level) = (self.half as usize, self.levels[m]);
        if w < 0.0 { ((half - 1 - m) as u8, -level) } else { ((half + m) as u8, level) }
    }
}

/// Writes the codes of y times a factor, of 1 to 4 bits; gives the striped sum of y_j level_j and the sum of level_j^2.
///
/// # Safety
/// As for [`F32x16`]; `codes` has room for whole sixteens.
#[inline(always)]
pub(super) unsafe fn quantize<F: F32x16>(
    y: &[f32],
    factor: f32,
    cells: &Cells,
    least: i32,
    codes: &mut [u8],
) -> (f32, i32) {
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
///
/// # Safety
/// As for `quantize`.
#[inline(always)]
pub(super) unsafe fn round<F: F32x16>(y: &[f32], factor: f32, codes: &mut [u8]) -> f32 {
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

/// Codes, a byte each and zeros to whole sixteens, as one stream of bits.
#[inline(always)]
pub(super) fn pack(bits: usize, codes: &[u8], out: &mut [u8]) {
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
