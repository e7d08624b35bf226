//! Exact scans over codes that are first written out as floats, a few rows at a time: what a codec needs whose scores
//! are the striped float sums of `stripes` over some floats of each row.

use crate::allowed::Allowed;
use crate::isa::Isa;
use crate::simd::{Kernel, Simd, run};
use crate::stripes::{Product, SquaredDifference, sum, tile};
use crate::topk::{TopK, TopKOutput, ranked};

/// Rows that can be written out.
pub(crate) trait Expand: Copy {
    /// Whether the sum is over squared differences (else over products).
    const DIFFERENCES: bool;
    fn dim(&self) -> usize;
    /// Floats of a query, at least `dim`.
    fn query_floats(&self) -> usize;
    /// Writes the `dim` floats of a row. Must be `#[inline(always)]`.
    fn expand(&self, row: usize, out: &mut [f32]);
    /// The score of a row, given the sum over its floats; may be NaN. Must be `#[inline(always)]`.
    fn score(&self, row: usize, sum: f32, query: &[f32]) -> f32;
}

/// Score of each row with one query.
pub(crate) fn expanded_scores<E: Expand>(isa: Isa, rows: E, query: &[f32], out: &mut [f32]) {
    run(isa, Scores { rows, query, out });
}

/// The k best allowed rows of each query.
pub(crate) fn expanded_top_k<E: Expand>(
    isa: Isa,
    rows: E,
    queries: &[f32],
    k: usize,
    allowed: Allowed,
    out: TopKOutput,
) {
    run(isa, Search { rows, queries, k, allowed, out });
}

/// The reference.
fn plain_score<E: Expand>(rows: &E, row: usize, query: &[f32], memory: &mut [f32]) -> f32 {
    rows.expand(row, memory);
    let p = &query[..rows.dim()];
    let sum = if E::DIFFERENCES { sum::<SquaredDifference>(p, memory) } else { sum::<Product>(p, memory) };
    ranked(rows.score(row, sum, query))
}

/// R x Q sums of expanded rows.
///
/// # Safety
/// Needs the instruction set; rows and queries have `dim` floats.
#[inline(always)]
unsafe fn sums<E: Expand, S: Simd, const R: usize, const Q: usize>(
    rows: &[*const f32; R],
    queries: &[*const f32; Q],
    dim: usize,
) -> [[f32; Q]; R] {
    unsafe {
        if E::DIFFERENCES {
            tile::<SquaredDifference, S::F, _, R, Q>(rows, queries, dim)
        } else {
            tile::<Product, S::F, _, R, Q>(rows, queries, dim)
        }
    }
}

/// Rows that are written out together.
const GROUP: usize = 8;

struct Scores<'a, E> {
    rows: E,
    query: &'a [f32],
    out: &'a mut [f32],
}

impl<E: Expand> Kernel for Scores<'_, E> {
    type Output = ();

    fn scalar(self) {
        let mut memory = vec![0f32; self.rows.dim()];
        for (row, out) in self.out.iter_mut().enumerate() {
            *out = plain_score(&self.rows, row, self.query, &mut memory);
        }
    }

    #[inline(always)]
    unsafe fn simd<S: Simd>(self) {
        let dim = self.rows.dim();
        let mut memory = vec![0f32; GROUP * dim];
        for (i, out) in self.out.chunks_mut(GROUP).enumerate() {
            let mut at = [memory.as_ptr(); GROUP];
            for (r, floats) in memory.chunks_exact_mut(dim).take(out.len()).enumerate() {
                self.rows.expand(i * GROUP + r, floats);
                at[r] = floats.as_ptr();
            }
            // SAFETY: run() has the instruction set; a row that isn't there is the first one again.
            let sums = unsafe { sums::<E, S, GROUP, 1>(&at, &[self.query.as_ptr()], dim) };
            for (r, out) in out.iter_mut().enumerate() {
                *out = ranked(self.rows.score(i * GROUP + r, sums[r][0], self.query));
            }
        }
    }
}

struct Search<'a, E> {
    rows: E,
    queries: &'a [f32],
    k: usize,
    allowed: Allowed<'a>,
    out: TopKOutput<'a>,
}

impl<E: Expand> Kernel for Search<'_, E> {
    type Output = ();

    fn scalar(self) {
        let Search { rows, queries, k, allowed, mut out } = self;
        let mut memory = vec![0f32; rows.dim()];
        for (i, query) in queries.chunks_exact(rows.query_floats()).enumerate() {
            let mut best = TopK::new(k);
            let mut slot = [0];
            let mut blocks = allowed.blocks();
            while blocks.fill(&mut slot) > 0 {
                best.push(slot[0], plain_score(&rows, slot[0] as usize, query, &mut memory));
            }
            out.write(i, k, best.into_hits());
        }
    }

    #[inline(always)]
    unsafe fn simd<S: Simd>(self) {
        // SAFETY: run() has the instruction set.
        unsafe {
            match (self.queries.len() > self.rows.query_floats(), S::WIDE) {
                (false, _) => self.tiles::<S, 8, 1>(),
                (true, true) => self.tiles::<S, 4, 4>(),
                (true, false) => self.tiles::<S, 2, 2>(),
            }
        }
    }
}

impl<E: Expand> Search<'_, E> {
    /// A group of rows at a time, R of them with Q queries at once.
    ///
    /// # Safety
    /// Needs the instruction set.
    #[inline(always)]
    unsafe fn tiles<S: Simd, const R: usize, const Q: usize>(self) {
        let Search { rows, queries, k, allowed, mut out } = self;
        let dim = rows.dim();
        let queries: Vec<&[f32]> = queries.chunks_exact(rows.query_floats()).collect();
        let mut best: Vec<TopK> = queries.iter().map(|_| TopK::new(k)).collect();
        let mut memory = vec![0f32; GROUP * dim];
        let mut slots = [0u32; GROUP];
        let mut blocks = allowed.blocks();
        loop {
            let n = blocks.fill(&mut slots);
            if n == 0 {
                break;
            }
            for (floats, &slot) in memory.chunks_exact_mut(dim).zip(&slots[..n]) {
                rows.expand(slot as usize, floats);
            }
            for (queries, best) in queries.chunks(Q).zip(best.chunks_mut(Q)) {
                // The last query is repeated to make Q.
                let mut at = [queries[queries.len() - 1].as_ptr(); Q];
                for (at, query) in at.iter_mut().zip(queries) {
                    *at = query.as_ptr();
                }
                for first in (0..n).step_by(R) {
                    let mut floats = [memory.as_ptr(); R];
                    for (r, floats) in floats.iter_mut().enumerate() {
                        *floats = memory[(first + r) * dim..].as_ptr();
                    }
                    // SAFETY: `memory` has GROUP rows, a multiple of R; queries have `dim` floats and more.
                    let sums = unsafe { sums::<E, S, R, Q>(&floats, &at, dim) };
                    for (&slot, sums) in slots[first..n].iter().zip(&sums) {
                        for ((best, query), &sum) in best.iter_mut().zip(queries).zip(sums) {
                            let score = ranked(rows.score(slot as usize, sum, query));
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

/// The striped sum of f(a_j, b_j): the plain code that the compiler makes vectors of.
#[inline(always)]
pub(crate) fn striped(a: &[f32], b: &[f32], f: impl Fn(f32, f32) -> f32) -> f32 {
    let mut partials = [0f32; 16];
    let (blocks, rest) = a.as_chunks::<16>();
    let (others, other_rest) = b.as_chunks::<16>();
    for (a, b) in blocks.iter().zip(others) {
        for i in 0..16 {
            partials[i] += f(a[i], b[i]);
        }
    }
    for (i, (&a, &b)) in rest.iter().zip(other_rest).enumerate() {
        partials[i] += f(a, b);
    }
    for half in [8, 4, 2, 1] {
        for i in 0..half {
            partials[i] += partials[i + half];
        }
    }
    partials[0]
}

/// Largest magnitude. Of numbers alone: magnitudes order as their bits do.
#[inline(always)]
pub(crate) fn largest(x: &[f32]) -> f32 {
    f32::from_bits(x.iter().fold(0, |max, v| max.max(v.to_bits() & 0x7fff_ffff)))
}
