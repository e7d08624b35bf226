//! Learned codes whose components lie within nibbles (the rule, to the bit, is in `src/kernels/klt-nibbles.ts`): a score is
//! a sum of table entries, one for each nibble, which byte shuffles look up for whole registers of rows.
//!
//! For that rows stand in blocks of 64, four bytes of one row after another. A block is as large as its rows' codes (to whole
//! fours of bytes), plus two bytes: the lowest and the highest place of its scalars.

mod asked;
mod blocks;
mod guess;
mod lanes;
mod near;
mod scan;
mod scores;
mod search;
mod tables;

use crate::float_scan::Metric;

pub(crate) use blocks::nibble_blocks;
pub(crate) use scores::nibble_scores;
pub(crate) use search::{nibble_blocks_near, nibble_top_k};
pub(crate) use tables::{Four, Least};

/// Rows of a block.
pub(crate) const BLOCK: usize = 64;
/// Blocks that queries go over by turns, at most.
const CHUNK: usize = 16;
/// Bytes of a code that are looked up together.
pub(crate) const FOUR: usize = 4;

/// Floats of a prepared query behind its components.
const QUERY_EXTRA: usize = 3;

/// How rows are coded, all of it checked.
#[derive(Clone, Copy)]
pub(crate) struct NibbleLayout<'a> {
    pub(crate) metric: Metric,
    /// Bytes of a code but for what stands behind its components.
    pub(crate) code_bytes: usize,
    /// Bits of each component, 1, 2 or 4, none of them across a nibble's end.
    pub(crate) bits: &'a [u8],
    /// Levels of 1, 2 and 4 bits: 2, 4 and 16.
    pub(crate) levels: [i8; 22],
    /// The scalars that there are, 256 in ascending order.
    pub(crate) table: &'a [f32],
}

impl NibbleLayout<'_> {
    /// Bytes of a row.
    pub(crate) fn stride(&self) -> usize {
        self.code_bytes + 1 + if self.metric == Metric::L2 { 4 } else { 0 }
    }

    pub(crate) fn query_floats(&self) -> usize {
        self.bits.len() + QUERY_EXTRA
    }
}
