//! From components to levels, and from indices to the stream.

use super::levels::{index_of, level_of_byte, midpoint, window_value};
use super::{KltLayout, TrellisTables};
use crate::simd::Simd;
use crate::trellis::{Trellis, round_within};

/// Halves that a component is looked up by: twice w, from -256 to 255.
const HALVES: usize = 512;

/// Memory for a row, and the tables of each width.
pub(super) struct Quantizer<'a> {
    bits: &'a [u8],
    trellis: Trellis,
    /// Components by windows, in whole numbers, to whole registers.
    whole: Vec<i8>,
    windowed: usize,
    /// By windows or indices.
    levels: Vec<[i8; 256]>,
    /// Indices by halves: midpoints of levels are whole halves.
    indices: Vec<[u8; HALVES]>,
    /// Of a row, a byte for each component: windows, then symbols; indices.
    bytes: Vec<u8>,
}

impl<'a> Quantizer<'a> {
    pub(super) fn new(layout: &KltLayout<'a>) -> Quantizer<'a> {
        let widest = layout.bits.last().map_or(0, |&bits| usize::from(bits));
        let windowed = layout.windowed();
        let tables = layout.trellis.unwrap_or(TrellisTables::Full);
        Quantizer {
            bits: layout.bits,
            trellis: Trellis::new(&layout.bits[..windowed], |bits, window| window_value(tables, bits, window)),
            whole: vec![0; windowed.next_multiple_of(16)],
            windowed,
            levels: (1..=widest)
                .map(|bits| std::array::from_fn(|byte| level_of_byte(layout.trellis, bits, byte)))
                .collect(),
            indices: (1..=widest).map(indices).collect(),
            bytes: vec![0; layout.components()],
        }
    }

    /// The reference: writes a row's levels and its stream.
    pub(super) fn quantize(&mut self, w: &[f32], levels: &mut [f32], out: &mut [u8]) {
        for (whole, w) in self.whole.iter_mut().zip(&w[..self.windowed]) {
            *whole = w.round_ties_even().clamp(-127.0, 127.0) as i8;
        }
        self.trellis.search(&self.whole[..self.windowed], &mut self.bytes[..self.windowed]);
        for r in self.windowed..w.len() {
            self.bytes[r] = index_of(self.bits[r].into(), w[r]);
        }
        self.finish(levels, out);
    }

    /// As `quantize`.
    ///
    /// # Safety
    /// Needs the instruction set.
    #[inline(always)]
    pub(super) unsafe fn quantize_lanes<S: Simd>(&mut self, w: &[f32], levels: &mut [f32], out: &mut [u8]) {
        // SAFETY: promised by the caller; there is room for whole registers.
        unsafe {
            round_within::<S::F>(&w[..self.windowed], 1.0, &mut self.whole);
            self.trellis.search_lanes::<S>(&self.whole[..self.windowed], &mut self.bytes[..self.windowed]);
        }
        for r in self.windowed..w.len() {
            let half = (2.0 * w[r]).clamp(-256.0, 255.0).floor() as i32;
            self.bytes[r] = self.indices[usize::from(self.bits[r]) - 1][(half + 256) as usize & (HALVES - 1)];
        }
        self.finish(levels, out);
    }

    /// Levels of the bytes, and the stream, whose last bits stay zero.
    #[inline(always)]
    fn finish(&mut self, levels: &mut [f32], out: &mut [u8]) {
        let (mut held, mut count) = (0u64, 0);
        let mut words = out.chunks_mut(4);
        for (r, (&byte, level)) in self.bytes.iter().zip(levels).enumerate() {
            let bits = usize::from(self.bits[r]);
            *level = f32::from(self.levels[bits - 1][usize::from(byte)]);
            let symbol = if r < self.windowed { byte >> (8 - bits) } else { byte };
            held |= u64::from(symbol) << count;
            count += bits;
            if count >= 32 {
                if let Some(to) = words.next() {
                    to.copy_from_slice(&held.to_le_bytes()[..4]);
                }
                held >>= 32;
                count -= 32;
            }
        }
        if let Some(to) = words.next() {
            let bytes = to.len();
            to.copy_from_slice(&held.to_le_bytes()[..bytes]);
        }
    }
}

/// Of each half that w is at least the index of w.
fn indices(bits: usize) -> [u8; HALVES] {
    let mut index = 0;
    std::array::from_fn(|half| {
        while index + 1 < 1 << bits && midpoint(bits, index) * 2.0 <= half as f32 - 256.0 {
            index += 1;
        }
        index as u8
    })
}
