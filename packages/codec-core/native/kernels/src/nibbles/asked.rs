//! A query on its way through the rows: its hits so far, and what they ask of those to come.

use super::near::{Near, Wanted};
use super::tables::{LET_ALL, Least, Query};
use super::{BLOCK, CHUNK};

/// Rows scored before it is seen to what hits ask for: as much work as that.
const LOOK: usize = 24;

/// A query and its hits.
pub(super) struct Asked {
    pub(super) query: Query,
    pub(super) wanted: Wanted,
    pub(super) near: Near,
    /// The score that `least` was made for.
    score: f32,
    /// Rows scored since.
    pub(super) scored: usize,
    /// Rows whose sums are large enough, to be scored together.
    pub(super) passed: Vec<Passed>,
    /// By the place of a scalar the sum that rows need.
    pub(super) least: Least,
}

#[derive(Clone, Copy)]
pub(super) struct Passed {
    pub(super) slot: u32,
    pub(super) sum: u16,
    pub(super) place: u8,
}

impl Asked {
    #[inline(always)]
    pub(super) fn new(query: Query, wanted: Wanted) -> Asked {
        let passed = Vec::with_capacity(CHUNK * BLOCK);
        let (near, score) = (Near::new(wanted), f32::NEG_INFINITY);
        Asked { query, wanted, near, score, scored: LOOK, passed, least: LET_ALL }
    }

    /// Begins anew, without a guess.
    pub(super) fn again(&mut self) {
        self.near = Near::new(self.wanted);
        (self.score, self.scored, self.least) = (f32::NEG_INFINITY, LOOK, LET_ALL);
    }

    /// Offers what has passed.
    #[inline(always)]
    pub(super) fn settle(&mut self, table: &[f32; 256]) {
        let mut scores = [0.0; BLOCK];
        for some in self.passed.chunks(BLOCK) {
            for (score, passed) in scores.iter_mut().zip(some) {
                *score = self.query.score(passed.sum.into(), table[usize::from(passed.place)], 0.0);
            }
            for (&score, passed) in scores.iter().zip(some) {
                self.near.push(passed.slot, score);
            }
        }
        self.scored += self.passed.len();
        self.passed.clear();
    }

    /// Sees to what the hits so far ask for, unless little can have changed: what was asked for before lets more rows through.
    #[inline(always)]
    pub(super) fn look(&mut self, inverse: &[f64; 256]) {
        let score = self.near.threshold();
        if self.scored >= LOOK && score != self.score {
            (self.score, self.scored) = (score, 0);
            self.query.least_sums(score, inverse, &mut self.least);
        }
    }
}
