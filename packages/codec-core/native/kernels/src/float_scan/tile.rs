//! Several rows with several queries at once.

use super::{Element, Metric, score};
use crate::norms::in_range;
use crate::simd::Simd;
use crate::stripes::{Product, RowLanes, SquaredDifference, squares, tile};
use crate::topk::ranked;

/// Rows that are scored together, and what each needs under cosine.
pub(super) struct Tile<E, const R: usize> {
    at: [*const E; R],
    /// Sums of squares under cosine.
    squares: [f32; R],
    slots: [u32; R],
    count: usize,
}

impl<E: Element, const R: usize> Tile<E, R>
where
    *const E: RowLanes,
{
    /// # Safety
    /// Needs the instruction set; `slots` are 1 to R rows of `rows`, which stay in place as long as the tile is used.
    #[inline(always)]
    pub(super) unsafe fn new<S: Simd>(metric: Metric, rows: &[E], dim: usize, slots: &[u32]) -> Self {
        // The last row is repeated to fill the tile.
        let mut tile =
            Tile { at: [rows.as_ptr(); R], squares: [1.0; R], slots: [slots[slots.len() - 1]; R], count: slots.len() };
        tile.slots[..slots.len()].copy_from_slice(slots);
        for r in 0..R {
            tile.at[r] = rows[tile.slots[r] as usize * dim..][..dim].as_ptr();
        }
        if metric == Metric::Cosine {
            // SAFETY: R rows of `dim`.
            tile.squares = unsafe { squares::<S::F, _, R>(&tile.at, dim) };
        }
        tile
    }

    pub(super) fn slots(&self) -> &[u32] {
        &self.slots[..self.count]
    }

    /// Scores of all rows with Q queries, row by row.
    ///
    /// # Safety
    /// As for `new`; queries have `dim` floats.
    #[inline(always)]
    pub(super) unsafe fn scores<S: Simd, const Q: usize>(
        &self,
        metric: Metric,
        queries: &[&[f32]; Q],
        dim: usize,
    ) -> [[f32; Q]; R] {
        let mut q = [queries[0].as_ptr(); Q];
        for i in 0..Q {
            q[i] = queries[i].as_ptr();
        }
        let mut scores = unsafe {
            match metric {
                Metric::L2 => tile::<SquaredDifference, S::F, _, R, Q>(&self.at, &q, dim),
                _ => tile::<Product, S::F, _, R, Q>(&self.at, &q, dim),
            }
        };
        for r in 0..R {
            let squares = self.squares[r];
            let norm = squares.sqrt();
            for i in 0..Q {
                let raw = scores[r][i];
                scores[r][i] = ranked(match metric {
                    Metric::Dot => raw,
                    Metric::L2 => 0.0 - raw,
                    Metric::Cosine if in_range(squares) => raw / norm,
                    // SAFETY: the row was checked in `new`.
                    Metric::Cosine => score(metric, queries[i], unsafe { std::slice::from_raw_parts(self.at[r], dim) }),
                });
            }
        }
        scores
    }
}
