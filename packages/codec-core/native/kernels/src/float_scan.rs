//! Exact scores of float32 queries against rows of float32 or float16, in the pinned order of `stripes`.
//!
//! ```text
//! dot     sum of q_j v_j
//! l2      0 - sum of (q_j - v_j)^2
//! cosine  dot / |v| for a query of unit length; 0 for a zero row
//! ```
//!
//! Under cosine a row whose sum of squares leaves [2^-100, 2^100] is first scaled by a power of two (`norms`), both
//! for the product and for the norm, so that tiny and huge rows score as their directions.
//!
//! Rows are scored in tiles, several rows with several queries at once: each pair has its own chain of adds, which
//! hides their latency, and a batch reads each row once for many queries.

mod tile;

use tile::Tile;

use crate::allowed::Allowed;
use crate::fault::{Fault, expect, expect_dim, row_count};
use crate::float16::widen;
use crate::isa::Isa;
use crate::norms::{in_range, power_for};
use crate::simd::{Kernel, Simd, run};
use crate::stripes::{Product, RowLanes, SquaredDifference, sum};
use crate::topk::{TopK, TopKOutput, ranked};

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Metric {
    Cosine,
    Dot,
    L2,
}

/// Rows of floats, as they stand in memory or in a file; u16 holds float16 bits.
#[derive(Clone, Copy, Debug)]
pub enum FloatRows<'a> {
    F32(&'a [f32]),
    F16(&'a [u16]),
}

impl FloatRows<'_> {
    pub(crate) fn len(&self) -> usize {
        match self {
            FloatRows::F32(data) => data.len(),
            FloatRows::F16(data) => data.len(),
        }
    }
}

/// Score of each row with one query.
pub fn float_scores(
    isa: Isa,
    metric: Metric,
    query: &[f32],
    rows: FloatRows,
    dim: usize,
    out: &mut [f32],
) -> Result<(), Fault> {
    expect_dim(dim)?;
    expect("floats of the query", dim, query.len())?;
    expect("scores", row_count("floats of the rows", rows.len(), dim)?, out.len())?;
    match rows {
        FloatRows::F32(rows) => run(isa, Scores { metric, query, rows, dim, out }),
        FloatRows::F16(rows) => run(isa, Scores { metric, query, rows, dim, out }),
    }
    Ok(())
}

/// The k best allowed rows for each query; scores are those of [`float_scores`].
#[allow(clippy::too_many_arguments)]
pub fn float_top_k(
    isa: Isa,
    metric: Metric,
    queries: &[f32],
    rows: FloatRows,
    dim: usize,
    k: usize,
    allow: Option<&[u32]>,
    out: TopKOutput,
) -> Result<(), Fault> {
    expect_dim(dim)?;
    let allowed = Allowed::new(row_count("floats of the rows", rows.len(), dim)?, allow)?;
    float_top_k_allowed(isa, metric, queries, rows, dim, k, allowed, out)
}

/// As above; `allowed` is of as many rows.
#[allow(clippy::too_many_arguments)]
pub(crate) fn float_top_k_allowed(
    isa: Isa,
    metric: Metric,
    queries: &[f32],
    rows: FloatRows,
    dim: usize,
    k: usize,
    allowed: Allowed,
    out: TopKOutput,
) -> Result<(), Fault> {
    expect_dim(dim)?;
    let count = row_count("floats of the queries", queries.len(), dim)?;
    if count == 0 {
        return Ok(());
    }
    out.check(count, k, &allowed)?;
    match rows {
        FloatRows::F32(rows) => run(isa, Search { metric, queries, rows, dim, k, allowed, out }),
        FloatRows::F16(rows) => run(isa, Search { metric, queries, rows, dim, k, allowed, out }),
    }
    Ok(())
}

/// An element of stored rows.
trait Element: Copy {
    fn widen(self) -> f32;
}

impl Element for f32 {
    fn widen(self) -> f32 {
        self
    }
}

impl Element for u16 {
    fn widen(self) -> f32 {
        widen(self)
    }
}

/// The reference: score of one query with one row.
fn score<E: Element>(metric: Metric, query: &[f32], row: &[E]) -> f32 {
    let mut row: Vec<f32> = row.iter().map(|v| v.widen()).collect();
    ranked(match metric {
        Metric::Dot => sum::<Product>(query, &row),
        Metric::L2 => 0.0 - sum::<SquaredDifference>(query, &row),
        Metric::Cosine => {
            let mut squares = sum::<Product>(&row, &row);
            if !in_range(squares) {
                let power = power_for(&row);
                row.iter_mut().for_each(|v| *v *= power);
                squares = sum::<Product>(&row, &row);
            }
            // A zero row has products of zero: any norm but zero makes its score 0.
            sum::<Product>(query, &row) / if squares == 0.0 { 1.0 } else { squares.sqrt() }
        }
    })
}

struct Scores<'a, E> {
    metric: Metric,
    query: &'a [f32],
    rows: &'a [E],
    dim: usize,
    out: &'a mut [f32],
}

impl<E: Element> Kernel for Scores<'_, E>
where
    *const E: RowLanes,
{
    type Output = ();

    fn scalar(self) {
        for (row, out) in self.rows.chunks_exact(self.dim).zip(self.out) {
            *out = score(self.metric, self.query, row);
        }
    }

    #[inline(always)]
    unsafe fn simd<S: Simd>(self) {
        const R: usize = 4;
        let mut slots = [0u32; R];
        for (i, out) in self.out.chunks_mut(R).enumerate() {
            for (r, slot) in slots.iter_mut().enumerate() {
                *slot = (i * R + r) as u32;
            }
            // SAFETY: as many rows as scores.
            let scores = unsafe {
                let rows = Tile::<E, R>::new::<S>(self.metric, self.rows, self.dim, &slots[..out.len()]);
                rows.scores::<S, 1>(self.metric, &[self.query], self.dim)
            };
            for (out, score) in out.iter_mut().zip(scores) {
                *out = score[0];
            }
        }
    }
}

struct Search<'a, E> {
    metric: Metric,
    queries: &'a [f32],
    rows: &'a [E],
    dim: usize,
    k: usize,
    allowed: Allowed<'a>,
    out: TopKOutput<'a>,
}

impl<E: Element> Kernel for Search<'_, E>
where
    *const E: RowLanes,
{
    type Output = ();

    fn scalar(self) {
        let Search { metric, queries, rows, dim, k, allowed, mut out } = self;
        for (i, query) in queries.chunks_exact(dim).enumerate() {
            let mut best = TopK::new(k);
            let mut slot = [0];
            let mut blocks = allowed.blocks();
            while blocks.fill(&mut slot) > 0 {
                best.push(slot[0], score(metric, query, &rows[slot[0] as usize * dim..][..dim]));
            }
            out.write(i, k, best.into_hits());
        }
    }

    #[inline(always)]
    unsafe fn simd<S: Simd>(self) {
        // SAFETY: run() has the instruction set.
        unsafe {
            match (self.queries.len() > self.dim, S::WIDE) {
                (false, _) => self.tiles::<S, 8, 1>(),
                (true, true) => self.tiles::<S, 4, 4>(),
                (true, false) => self.tiles::<S, 2, 2>(),
            }
        }
    }
}

impl<E: Element> Search<'_, E>
where
    *const E: RowLanes,
{
    /// Blocks of rows that stay in the first cache while all queries pass, Q at a time.
    ///
    /// # Safety
    /// Needs the instruction set.
    #[inline(always)]
    unsafe fn tiles<S: Simd, const R: usize, const Q: usize>(self) {
        let Search { metric, queries, rows, dim, k, allowed, mut out } = self;
        let queries: Vec<&[f32]> = queries.chunks_exact(dim).collect();
        let mut best: Vec<TopK> = queries.iter().map(|_| TopK::new(k)).collect();
        let mut slots = [0u32; 16];
        let mut tiles: Vec<Tile<E, R>> = Vec::with_capacity(slots.len() / R);
        let mut blocks = allowed.blocks();
        loop {
            let n = blocks.fill(&mut slots);
            if n == 0 {
                break;
            }
            tiles.clear();
            for slots in slots[..n].chunks(R) {
                // SAFETY: `slots` are rows.
                tiles.push(unsafe { Tile::new::<S>(metric, rows, dim, slots) });
            }
            for (queries, best) in queries.chunks(Q).zip(best.chunks_mut(Q)) {
                // The last query is repeated to make Q.
                let mut group = [queries[queries.len() - 1]; Q];
                group[..queries.len()].copy_from_slice(queries);
                for tile in &tiles {
                    // SAFETY: queries have `dim` floats.
                    let scores = unsafe { tile.scores::<S, Q>(metric, &group, dim) };
                    for (&slot, scores) in tile.slots().iter().zip(&scores) {
                        for (best, &score) in best.iter_mut().zip(scores) {
                            if score >= best.threshold() {
                                best.push(slot, score);
                            }
                        }
                    }
                }
            }
        }
        for (i, best) in best.into_iter().enumerate() {
            out.write(i, k, best.into_hits());
        }
    }
}
