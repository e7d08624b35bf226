//! A search for many rows among many begins with a guess of what the last of them scores: else nearly all of the first rows
//! come in, only to be cut away later. Where the guess was too high, the search is made again.

use super::BLOCK;
use super::asked::Asked;
use super::blocks::Block;
use super::lanes::Lanes;
use super::search::{Rows, Search};
use crate::float_scan::Metric;

/// Blocks from all over that are looked at.
const SAMPLE: usize = 16;
/// Up to this many hits there is no need to guess.
const FEW: usize = 32;

impl Search<'_> {
    /// Whether guessing first pays.
    pub(super) fn is_for_many(&self, asked: &Asked) -> bool {
        let many = self.rows >= 16 * SAMPLE * BLOCK && 16 * asked.wanted.most <= self.rows && asked.wanted.most > FEW;
        many && matches!(self.from, Rows::Blocks(_)) && self.layout.metric != Metric::L2 && asked.query.is_short()
    }

    /// A score that the last hit reaches, most likely: that of a somewhat lower rank in a sample.
    #[inline(always)]
    pub(super) fn guess(&self, asked: &Asked, lanes: impl Lanes) -> f32 {
        let Rows::Blocks(blocks) = self.from else { return f32::NEG_INFINITY };
        let Asked { query, wanted, .. } = asked;
        // Without the last one, which may not be full.
        let step = (self.rows / BLOCK) / SAMPLE;
        let mut found = [[0; BLOCK]];
        let mut scores = Vec::with_capacity(SAMPLE * BLOCK);
        for block in blocks.chunks_exact(self.size).step_by(step).take(SAMPLE) {
            lanes.sums(&[&query.fours], block, self.size, &mut found);
            let places = Block::new(&self.layout, block).places();
            let scalars = places.map(|place| self.layout.table[usize::from(place)]);
            scores.extend(found[0].iter().zip(scalars).map(|(&sum, scalar)| query.score(sum.into(), scalar, 0.0)));
        }
        let count = scores.len();
        let mut of_rank = |hits: usize| {
            let expected = (count * hits) as f32 / self.rows as f32;
            let rank = (expected + 4.0 * expected.sqrt() + 4.0) as usize;
            if rank < scores.len() { lanes.keep_best(&mut scores, rank) } else { f32::NEG_INFINITY }
        };
        let last = of_rank(wanted.most);
        last.max(of_rank(wanted.k) - wanted.margin)
    }
}
