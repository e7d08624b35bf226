//! A block of rows as a batch reads them.

use super::CodeRows;
use super::bound::row_test;
use crate::allowed::Blocks;
use crate::simd::{RowTest, Simd, Words};

/// A block of rows, with what is packed of them, fits into this many bytes of the second cache.
const BYTES: usize = 96 << 10;

pub(super) const MOST_ROWS: usize = 256;

/// A block holds a multiple of this many rows; the last row is repeated to fill up.
const TILE: usize = 8;

/// Rows are fetched into the first cache this many rows earlier.
const AHEAD: usize = 24;

pub(super) struct Block {
    len: usize,
    pub(super) row_words: usize,
    pub(super) slots: Vec<u32>,
    /// Where each row's words stand.
    pub(super) words: Vec<*const u32>,
    /// What each row's sums of products begin at.
    pub(super) starts: Vec<i32>,
    pub(super) tests: Vec<RowTest>,
    packed: Vec<u32>,
}

impl Block {
    pub(super) fn new<S: Simd>(dim: usize) -> Block {
        let row_words = dim.div_ceil(S::W::DIMS);
        let rows = (BYTES / (row_words * 4)).clamp(TILE, MOST_ROWS) / TILE * TILE;
        Block {
            len: 0,
            row_words,
            slots: vec![0; rows],
            words: vec![std::ptr::null(); rows],
            starts: vec![0; rows],
            tests: vec![RowTest::default(); rows],
            packed: vec![0; rows * row_words],
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
    /// Needs the instruction set; `rows` must outlive what is read of the block.
    #[inline(always)]
    pub(super) unsafe fn fill<S: Simd>(&mut self, rows: CodeRows, blocks: &mut Blocks) -> bool {
        self.len = blocks.fill(&mut self.slots);
        // SAFETY: as above.
        unsafe { self.load::<S>(rows) };
        self.len > 0
    }

    /// Takes in these rows, as many of them as it has room for; how many it took.
    ///
    /// # Safety
    /// As for `fill`.
    #[inline(always)]
    pub(super) unsafe fn take<S: Simd>(&mut self, rows: CodeRows, slots: &[u32]) -> usize {
        self.len = slots.len().min(self.slots.len());
        self.slots[..self.len].copy_from_slice(&slots[..self.len]);
        // SAFETY: as above.
        unsafe { self.load::<S>(rows) };
        self.len
    }

    #[inline(always)]
    unsafe fn load<S: Simd>(&mut self, rows: CodeRows) {
        for first in (0..self.len.next_multiple_of(TILE)).step_by(4) {
            let slots: [usize; 4] = std::array::from_fn(|r| self.slots[(first + r).min(self.len - 1)] as usize);
            let mut at = [rows.codes(slots[0]).as_ptr(); 4];
            for r in 0..4 {
                let ahead = first + r + AHEAD;
                let ahead = if ahead < self.len { self.slots[ahead] as usize } else { slots[r] + AHEAD };
                rows.fetch::<S>(ahead.min(rows.count() - 1));
                let codes = rows.codes(slots[r]);
                at[r] = codes.as_ptr();
                let packed = &mut self.packed[(first + r) * self.row_words..][..self.row_words];
                // SAFETY: room for whole words.
                self.words[first + r] = unsafe { S::W::row_words(codes, packed) };
            }
            // SAFETY: four rows of `dim` codes.
            let (starts, squares) = unsafe { S::W::moments(&at, rows.dim()) };
            for r in 0..4 {
                self.starts[first + r] = starts[r];
                self.tests[first + r] = row_test(rows.scale(slots[r]), squares[r], rows.dim());
            }
        }
    }
}
