//! Where a large k of a batch begins. Until k rows have gone by nothing can be ruled out, and of the rows behind them
//! k (ln(rows / k)) more come in and fall out again. An even sample tells beforehand about where the k-th best row
//! will be: if m of n rows are looked at, k m / n of the k best are among them on average, and rarely more than three
//! standard deviations above that. So many places down the sample is the guess, which lets some twice k rows come in.
//!
//! A guess is right if k rows have least ends that reach it, which is seen at the end; where they don't, in rows that
//! stand in an unlucky order, the query is searched again without one.

use crate::allowed::Allowed;

/// Of so many rows one is looked at.
const ONE_OF: usize = 20;

const MOST_ROWS: usize = 2048;

pub(super) struct Sample {
    pub(super) slots: Vec<u32>,
    /// The guess is the least end at this place, 1 for the best.
    pub(super) place: usize,
}

impl Sample {
    /// None where it wouldn't say enough.
    pub(super) fn new(allowed: Allowed, k: usize) -> Option<Sample> {
        let rows = allowed.count();
        let most = (rows / ONE_OF).min(MOST_ROWS);
        let expected = (k * most) as f64 / rows.max(1) as f64;
        let place = (expected + 3.0 * expected.sqrt() + 3.0) as usize;
        if expected < 1.0 || place > most {
            return None;
        }
        let mut slots = Vec::with_capacity(most);
        let mut some = vec![0; rows / most];
        let mut blocks = allowed.blocks();
        while slots.len() < most && blocks.fill(&mut some) > 0 {
            slots.push(some[0]);
        }
        Some(Sample { slots, place })
    }
}
