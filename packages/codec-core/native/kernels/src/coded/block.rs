//! A block of rows as a batch reads them: their levels, unpacked once for all queries.

use super::Coded;
use crate::allowed::Blocks;
use crate::simd::{Packed, Simd, Words};

/// A block's levels fit into this many bytes of the second cache.
const BYTES: usize = 96 << 10;

pub(super) const MOST_ROWS: usize = 256;

/// A block holds a multiple of this many rows; the last row is repeated to fill up.
pub(super) const TILE: usize = 8;

pub(super) struct Block {
    len: usize,
    pub(super) row_words: usize,
    pub(super) slots: Vec<u32>,
    /// Where each row's words stand.
    pub(super) words: Vec<*const u32>,
    /// What each row's sums of products begin at.
    pub(super) starts: Vec<i32>,
    pub(super) scalars: Vec<f32>,
    pub(super) squares: Vec<f32>,
    levels: Vec<i8>,
    packed: Vec<u32>,
}

impl Block {
    pub(super) fn new<S: Simd, C: Coded>(rows: &C) -> Block {
        let levels = rows.unpacked();
        let row_words = levels.div_ceil(S::W::DIMS);
        let most = (BYTES / (row_words * 4)).clamp(TILE, MOST_ROWS) / TILE * TILE;
        Block {
            len: 0,
            row_words,
            slots: vec![0; most],
            words: vec![std::ptr::null(); most],
            starts: vec![0; most],
            scalars: vec![0.0; most],
            squares: vec![0.0; most],
            levels: vec![0; most * levels.next_multiple_of(4) + S::P::REGISTER],
            packed: vec![0; most * row_words],
        }
    }

    /// Rows in the block, without repeated ones.
    #[inline(always)]
    pub(super) fn len(&self) -> usize {
        self.len
    }

    /// Takes in the next rows; whether there were any.
    ///
    /// # Safety
    /// Needs the instruction set.
    #[inline(always)]
    pub(super) unsafe fn fill<S: Simd, C: Coded, const L2: bool>(&mut self, rows: &C, blocks: &mut Blocks) -> bool {
        self.len = blocks.fill(&mut self.slots);
        let (count, frame) = (rows.unpacked(), rows.frame());
        let width = count.next_multiple_of(4);
        for r in 0..self.len.next_multiple_of(TILE) {
            let slot = self.slots[r.min(self.len - 1)] as usize;
            let levels = &mut self.levels[r * width..][..width + S::P::REGISTER];
            // SAFETY: room for the levels and a register more, into which the next row is written.
            unsafe { rows.unpack::<S>(slot, levels) };
            self.scalars[r] = frame.scalar(slot);
            if L2 {
                self.squares[r] = frame.square(slot);
            }
        }
        for first in (0..self.len.next_multiple_of(TILE)).step_by(4) {
            let mut at = [self.levels.as_ptr(); 4];
            for r in first..first + 4 {
                let levels = &self.levels[r * width..][..count];
                at[r - first] = levels.as_ptr();
                let packed = &mut self.packed[r * self.row_words..][..self.row_words];
                // SAFETY: room for whole words; up to three bytes behind the levels are there, too.
                self.words[r] = unsafe { S::W::row_words(levels, packed) };
            }
            // SAFETY: four rows of as many levels.
            let (starts, _) = unsafe { S::W::moments(&at, count) };
            self.starts[first..first + 4].copy_from_slice(&starts);
        }
        self.len > 0
    }
}
