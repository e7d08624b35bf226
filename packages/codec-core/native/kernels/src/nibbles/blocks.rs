//! Rows in blocks of 64: the code's bytes by turns, then the scalars' places, then under l2 the four bytes of |x|^2 by
//! turns; and last the place of the largest scalar.

use super::{BLOCK, NibbleLayout};
use crate::fault::{Fault, expect, row_count};

/// Bytes of a block of rows of `stride` bytes.
pub(crate) fn block_bytes(stride: usize) -> usize {
    stride * BLOCK + 1
}

/// Bytes that the blocks of `rows` rows take.
pub(crate) fn nibble_block_bytes(stride: usize, rows: usize) -> usize {
    rows.div_ceil(BLOCK) * block_bytes(stride)
}

/// Puts rows into blocks.
pub(crate) fn nibble_blocks(layout: NibbleLayout, codes: &[u8], out: &mut [u8]) -> Result<(), Fault> {
    let stride = layout.stride();
    let rows = row_count("bytes of the codes", codes.len(), stride)?;
    expect("bytes of the blocks", nibble_block_bytes(stride, rows), out.len())?;
    for (block, codes) in out.chunks_exact_mut(block_bytes(stride)).zip(codes.chunks(BLOCK * stride)) {
        fill(codes, stride, layout.code_bytes, block);
    }
    Ok(())
}

/// Up to 64 rows, into a block.
pub(super) fn fill(codes: &[u8], stride: usize, code_bytes: usize, block: &mut [u8]) {
    let (turns, most) = block.split_at_mut(stride * BLOCK);
    if codes.len() < BLOCK * stride {
        turns.fill(0);
    }
    // Eight rows at a time, so that the lines that are written to stay at hand.
    for (i, rows) in codes.chunks(8 * stride).enumerate() {
        for (byte, turn) in turns.chunks_exact_mut(BLOCK).enumerate() {
            for (r, to) in turn[8 * i..].iter_mut().take(rows.len() / stride).enumerate() {
                *to = rows[r * stride + byte];
            }
        }
    }
    most[0] = turns[code_bytes * BLOCK..][..BLOCK].iter().copied().max().unwrap_or(0);
}

/// A block, read.
#[derive(Clone, Copy)]
pub(super) struct Block<'a> {
    bytes: &'a [u8],
    code_bytes: usize,
}

impl<'a> Block<'a> {
    pub(super) fn new(bytes: &'a [u8], code_bytes: usize) -> Block<'a> {
        Block { bytes, code_bytes }
    }

    /// The code's bytes, 64 of each.
    #[inline(always)]
    pub(super) fn codes(&self) -> &'a [u8] {
        &self.bytes[..self.code_bytes * BLOCK]
    }

    #[inline(always)]
    pub(super) fn place(&self, row: usize) -> u8 {
        self.bytes[self.code_bytes * BLOCK + row]
    }

    /// |x|^2 under l2.
    #[inline(always)]
    pub(super) fn square(&self, row: usize) -> f32 {
        let from = (self.code_bytes + 1) * BLOCK + row;
        f32::from_le_bytes(std::array::from_fn(|byte| self.bytes[from + byte * BLOCK]))
    }

    /// The place of the largest scalar.
    #[inline(always)]
    pub(super) fn most(&self) -> u8 {
        self.bytes[self.bytes.len() - 1]
    }
}
