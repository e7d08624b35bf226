//! Rows in blocks of 64: the code's bytes four by four, those of row after row, the last four filled up with zeros; then
//! the scalars' places, then under l2 each row's |x|^2; and last the lowest and the highest of the places.

use super::{BLOCK, FOUR, NibbleLayout};
use crate::fault::{Fault, expect, row_count};
use crate::float_scan::Metric;

/// Bytes that say how far apart places are.
const RANGE: usize = 2;

impl NibbleLayout<'_> {
    /// Fours of bytes of a code.
    pub(super) fn fours(&self) -> usize {
        self.code_bytes.div_ceil(FOUR)
    }

    /// Bytes of a block.
    pub(super) fn block_bytes(&self) -> usize {
        let square = if self.metric == Metric::L2 { 4 } else { 0 };
        (self.fours() * FOUR + 1 + square) * BLOCK + RANGE
    }

    /// Bytes that the blocks of `rows` rows take.
    pub(crate) fn blocks_bytes(&self, rows: usize) -> usize {
        rows.div_ceil(BLOCK) * self.block_bytes()
    }
}

/// Puts rows into blocks.
pub(crate) fn nibble_blocks(layout: NibbleLayout, codes: &[u8], out: &mut [u8]) -> Result<(), Fault> {
    let stride = layout.stride();
    let rows = row_count("bytes of the codes", codes.len(), stride)?;
    expect("bytes of the blocks", layout.blocks_bytes(rows), out.len())?;
    for (block, codes) in out.chunks_exact_mut(layout.block_bytes()).zip(codes.chunks(BLOCK * stride)) {
        fill(&layout, codes, block);
    }
    Ok(())
}

/// Up to 64 rows, into a block.
pub(super) fn fill(layout: &NibbleLayout, rows: &[u8], block: &mut [u8]) {
    let stride = layout.stride();
    if rows.len() < BLOCK * stride {
        block.fill(0);
    }
    let (codes, behind) = block.split_at_mut(layout.fours() * FOUR * BLOCK);
    let (places, behind) = behind.split_at_mut(BLOCK);
    let (squares, range) = behind.split_at_mut(behind.len() - RANGE);
    for (r, row) in rows.chunks_exact(stride).enumerate() {
        let (code, scalar) = row.split_at(layout.code_bytes);
        for (bytes, to) in code.chunks(FOUR).zip(codes.chunks_exact_mut(FOUR * BLOCK)) {
            let mut four = [0; FOUR];
            four[..bytes.len()].copy_from_slice(bytes);
            to[r * FOUR..][..FOUR].copy_from_slice(&four);
        }
        places[r] = scalar[0];
        if !squares.is_empty() {
            squares[r * 4..][..4].copy_from_slice(&scalar[1..]);
        }
    }
    let there = &places[..rows.len() / stride];
    range[0] = there.iter().copied().min().unwrap_or(0);
    range[1] = there.iter().copied().max().unwrap_or(0);
}

/// A block, read.
#[derive(Clone, Copy)]
pub(super) struct Block<'a> {
    /// What stands behind the codes.
    behind: &'a [u8],
}

impl<'a> Block<'a> {
    #[inline(always)]
    pub(super) fn new(layout: &NibbleLayout, bytes: &'a [u8]) -> Block<'a> {
        Block { behind: &bytes[layout.fours() * FOUR * BLOCK..] }
    }

    /// The places of the rows' scalars.
    #[inline(always)]
    pub(super) fn places(&self) -> &'a [u8; BLOCK] {
        self.behind.first_chunk().expect("64 places")
    }

    /// |x|^2 under l2.
    #[inline(always)]
    pub(super) fn square(&self, row: usize) -> f32 {
        f32::from_le_bytes(*self.behind[BLOCK + row * 4..].first_chunk().expect("four bytes"))
    }

    /// The lowest and the highest of the places.
    #[inline(always)]
    pub(super) fn range(&self) -> [u8; RANGE] {
        *self.behind.last_chunk().expect("two bytes")
    }
}
