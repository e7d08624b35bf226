//! Learned codes whose components lie within nibbles (the rule, to the bit, is in `src/kernels/klt-nibbles.ts`): a score is
//! a sum of table entries, one for each nibble, which byte shuffles look up for whole registers of rows.
//!
//! For that rows stand in blocks of 64, byte by byte: first byte 0 of all of them, and so on. The last block is filled up
//! with zero rows. A block is as large as its rows' codes, plus a byte: the place of its largest scalar, which says for all of
//! its rows at once what sum they must reach to be among the k best.

mod blocks;
mod scores;
mod search;
mod tables;

use crate::fault::{Fault, expect_dim};
use crate::float_scan::Metric;

pub use blocks::{nibble_block_bytes, nibble_blocks};
pub use scores::nibble_scores;
pub use search::{nibble_blocks_top_k, nibble_top_k};

/// Rows of a block.
pub(crate) const BLOCK: usize = 64;
/// Floats of a prepared query behind its components.
const QUERY_EXTRA: usize = 3;

/// How rows are coded.
#[derive(Clone, Copy)]
pub struct NibbleLayout<'a> {
    pub metric: Metric,
    /// Bytes of a code but for what stands behind its components.
    pub code_bytes: usize,
    /// Bits of each component, 1, 2 or 4, ascending.
    pub bits: &'a [u8],
    /// Levels of 1, 2 and 4 bits: 2, 4 and 16.
    pub levels: &'a [i8],
    /// The scalars that there are, 256 in ascending order.
    pub table: &'a [f32],
}

impl NibbleLayout<'_> {
    fn check(&self) -> Result<(), Fault> {
        expect_dim(self.bits.len())?;
        let fault = |what, expected, actual| Err(Fault { code: "INVALID_ARGUMENT", what, expected, actual });
        let mut at = 0;
        for &bits in self.bits {
            let bits = usize::from(bits);
            if ![1, 2, 4].contains(&bits) || at % 4 + bits > 4 {
                return fault("bits of a component within a nibble", 4, bits);
            }
            at += bits;
        }
        if at > 8 * self.code_bytes {
            return fault("bits of a code", 8 * self.code_bytes, at);
        }
        if self.levels.len() != 22 || self.table.len() != 256 {
            return fault("levels and scalars", 22 + 256, self.levels.len() + self.table.len());
        }
        Ok(())
    }

    /// Bytes of a row.
    pub(crate) fn stride(&self) -> usize {
        self.code_bytes + 1 + if self.metric == Metric::L2 { 4 } else { 0 }
    }

    pub(crate) fn query_floats(&self) -> usize {
        self.bits.len() + QUERY_EXTRA
    }
}
