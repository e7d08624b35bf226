//! Many queries at once, as in `int8/batch`: queries lie side by side, a word of a few coordinates of each next to one
//! another, and meet a block of unpacked rows in tiles. Scores are exact here, so that each is put to the test of the
//! query's k-th best by itself.
//!
//! The first block sets the thresholds before any of its rows is kept: scores are sorted lane by lane.

use super::block::{Block, MOST_ROWS};
use super::query::scores;
use super::{Coded, Query};
use crate::allowed::Allowed;
use crate::simd::{F32x16, Lanes, Packed, Simd, Words};
use crate::topk::TopK;

/// Up to this k thresholds are found by sorting.
const SORTED: usize = 32;

/// Rows that go by before those that reach a query are looked at; a multiple of any tile.
const PART: usize = 64;

#[inline(always)]
pub(super) unsafe fn search_batch<S: Simd, C: Coded, const L2: bool>(
    queries: &[Query],
    rows: C,
    allowed: Allowed,
    k: usize,
    best: &mut [TopK],
) {
    let width = if S::WIDE { 32 } else { 16 };
    // SAFETY: run() has the instruction set.
    let mut groups: Vec<Group> =
        queries.chunks(width).map(|queries| unsafe { Group::new::<S, C>(queries, &rows) }).collect();
    let mut block = Block::new::<S, C>(&rows);
    let mut sums = vec![[Sums([0; 32]); 2]; MOST_ROWS];
    let mut blocks = allowed.blocks();
    let mut first = (k <= SORTED).then_some(k);
    // SAFETY: as above.
    while unsafe { block.fill::<S, C, L2>(&rows, &mut blocks) } {
        for (group, best) in groups.iter_mut().zip(best.chunks_mut(width)) {
            // SAFETY: as above; registers of words make whole sixteens.
            unsafe {
                match (S::WIDE, best.len() > 16) {
                    (true, true) => group.pass::<S, C, L2, 8, 2, 2>(&block, best, &mut sums, first),
                    (true, false) => group.pass::<S, C, L2, 8, 1, 1>(&block, best, &mut sums, first),
                    (false, _) => group.pass::<S, C, L2, 4, 2, 1>(&block, best, &mut sums, first),
                }
            }
        }
        first = None;
    }
}

/// A row's products with one part of a group's queries.
#[derive(Clone, Copy)]
#[repr(C, align(64))]
struct Sums([i32; 32]);

/// Sixteen queries' side of their scores, and the score that a row must reach.
#[derive(Clone, Copy)]
struct Side {
    step: Lanes,
    bias: Lanes,
    square: Lanes,
    zero: Lanes,
    threshold: Lanes,
}

/// Up to 32 queries, packed: for each word of coordinates the words of all queries.
struct Group {
    /// Of each part of the queries.
    packed: [Vec<u32>; 2],
    sides: [Side; 2],
}

impl Group {
    #[inline(always)]
    unsafe fn new<S: Simd, C: Coded>(queries: &[Query], rows: &C) -> Group {
        let count = rows.unpacked();
        let row_words = count.div_ceil(S::W::DIMS);
        let width = queries.len().next_multiple_of(16);
        let mut packed = [vec![0; row_words * width], vec![0; row_words * width * (C::PARTS - 1)]];
        let (mut codes, mut query_words) = (vec![0i8; count], vec![0u32; row_words]);
        // Lanes without a query: nothing reaches infinity but itself.
        let none = Side {
            step: [0.0; 16],
            bias: [0.0; 16],
            square: [0.0; 16],
            zero: [f32::NEG_INFINITY; 16],
            threshold: [f32::INFINITY; 16],
        };
        let mut sides = [none; 2];
        for (i, query) in queries.iter().enumerate() {
            for (part, packed) in query.parts.iter().zip(&mut packed).take(C::PARTS) {
                rows.places(S::P::REGISTER, false, |j, place| codes[place] = part[j]);
                // SAFETY: room for whole words.
                unsafe { S::W::query_words(&codes, &mut query_words) };
                for (w, &word) in query_words.iter().enumerate() {
                    packed[w * width + i] = word;
                }
            }
            let (side, lane) = (&mut sides[i / 16], i % 16);
            side.step[lane] = query.step;
            side.bias[lane] = query.bias;
            side.square[lane] = query.square;
            side.zero[lane] = query.zero(rows.metric());
            side.threshold[lane] = f32::NEG_INFINITY;
        }
        Group { packed, sides }
    }

    /// All rows of a block with the group's queries: R rows and V registers of words at a time, H sixteens of scores.
    #[inline(always)]
    unsafe fn pass<S: Simd, C: Coded, const L2: bool, const R: usize, const V: usize, const H: usize>(
        &mut self,
        block: &Block,
        best: &mut [TopK],
        sums: &mut [[Sums; 2]],
        first: Option<usize>,
    ) {
        let part = if first.is_some() { block.len() } else { PART };
        for from in (0..block.len()).step_by(part) {
            let len = part.min(block.len() - from);
            // SAFETY: run() has the instruction set; a block holds whole tiles.
            unsafe {
                for at in (0..len).step_by(R) {
                    for (part, packed) in self.packed.iter().enumerate().take(C::PARTS) {
                        let tile = multiply::<S, R, V>(packed, block, from + at);
                        for (sums, row) in sums[at..at + R].iter_mut().zip(tile) {
                            std::ptr::from_mut(&mut sums[part]).cast::<[S::W; V]>().write(row);
                        }
                    }
                }
                if let Some(k) = first {
                    self.raise::<S::F, C, L2, H>(block, &sums[..len], k);
                }
                for (i, sums) in sums[..len].chunks(PART).enumerate() {
                    self.offer::<S::F, C, L2, H>(block, from + i * PART, sums, best);
                }
            }
        }
    }

    /// A row's scores with sixteen queries.
    #[inline(always)]
    unsafe fn scores<F: F32x16, C: Coded, const L2: bool>(
        &self,
        block: &Block,
        r: usize,
        sums: &[Sums; 2],
        h: usize,
    ) -> F {
        let side = &self.sides[h];
        // SAFETY: sixteen of each.
        unsafe {
            if block.scalars[r] == 0.0 {
                return F::load(side.zero.as_ptr());
            }
            let mut products = [F::load_i32(sums[0].0.as_ptr().add(h * 16)); 2];
            if C::PARTS == 2 {
                products[1] = F::load_i32(sums[1].0.as_ptr().add(h * 16));
            }
            let (step, bias) = (F::load(side.step.as_ptr()), F::load(side.bias.as_ptr()));
            let ip = C::product_lanes(products, F::splat(block.scalars[r]), step, bias);
            scores::<F, L2>(ip, F::splat(block.squares[r]), F::load(side.square.as_ptr()))
        }
    }

    /// Sets thresholds to the k-th best of the block's scores.
    #[inline(always)]
    unsafe fn raise<F: F32x16, C: Coded, const L2: bool, const H: usize>(
        &mut self,
        block: &Block,
        sums: &[[Sums; 2]],
        k: usize,
    ) {
        for h in 0..H {
            let mut sorted = [[f32::NEG_INFINITY; 16]; SORTED];
            for (r, sums) in sums.iter().enumerate() {
                // SAFETY: as above.
                unsafe {
                    let mut x = self.scores::<F, C, L2>(block, r, sums, h);
                    for best in &mut sorted[..k] {
                        let old = F::load(best.as_ptr());
                        old.max(x).store(best.as_mut_ptr());
                        x = old.min(x);
                    }
                }
            }
            let side = &mut self.sides[h];
            for (threshold, kth) in side.threshold.iter_mut().zip(sorted[k - 1]) {
                *threshold = threshold.max(kth);
            }
        }
    }

    /// Offers rows, those of the block from `from` on, to the queries whose thresholds they reach.
    #[inline(always)]
    unsafe fn offer<F: F32x16, C: Coded, const L2: bool, const H: usize>(
        &mut self,
        block: &Block,
        from: usize,
        sums: &[[Sums; 2]],
        best: &mut [TopK],
    ) {
        // Found without a branch, for it would be mispredicted too often. Bit i: query i.
        let mut found = [(0, 0); PART];
        let mut n = 0;
        for (r, sums) in sums.iter().enumerate() {
            let mut reaching = 0;
            for h in 0..H {
                // SAFETY: as above.
                unsafe {
                    let scores = self.scores::<F, C, L2>(block, from + r, sums, h);
                    reaching |= scores.not_below(F::load(self.sides[h].threshold.as_ptr())) << (h * 16);
                }
            }
            found[n] = (r, reaching);
            n += usize::from(reaching != 0);
        }
        for &(r, mut reaching) in &found[..n] {
            let mut scores = [0f32; 32];
            for h in 0..H {
                // SAFETY: as above.
                unsafe {
                    self.scores::<F, C, L2>(block, from + r, &sums[r], h).store(scores.as_mut_ptr().add(h * 16));
                }
            }
            while reaching != 0 {
                let i = reaching.trailing_zeros() as usize;
                reaching &= reaching - 1;
                let Some(best) = best.get_mut(i) else { break };
                best.push(block.slots[from + r], scores[i]);
                let threshold = &mut self.sides[i / 16].threshold[i % 16];
                *threshold = threshold.max(best.threshold());
            }
        }
    }
}

/// The sums of R rows from `at` on with the queries of `packed`.
#[inline(always)]
unsafe fn multiply<S: Simd, const R: usize, const V: usize>(
    packed: &[u32],
    block: &Block,
    at: usize,
) -> [[S::W; V]; R] {
    // SAFETY: the block holds whole tiles of rows, and `packed` V registers a word.
    unsafe {
        let rows: &[*const u32; R] = &*block.words[at..at + R].as_ptr().cast();
        let mut sums = [[S::W::splat(0); V]; R];
        for r in 0..R {
            sums[r] = [S::W::splat(block.starts[at + r]); V];
        }
        let mut queries: *const u32 = packed.as_ptr();
        for w in 0..block.row_words {
            let mut q = [S::W::splat(0); V];
            for v in 0..V {
                q[v] = S::W::load(queries);
                queries = queries.add(S::W::LANES);
            }
            for r in 0..R {
                for v in 0..V {
                    sums[r][v] = sums[r][v].multiply_add(rows[r].add(w), q[v]);
                }
            }
        }
        sums
    }
}
