//! The k best hits, and those not far below the k-th. Hits are gathered, and now and then what can't be among them is cut
//! away: a heap of hundreds costs more than scanning the rows.

use crate::topk::{HEAP, Hit, TopKOutput};

/// Hits gathered beyond twice what may be left.
const MORE: usize = 64;

/// What is asked for: at most `most` hits; of those beyond the k-th only such as score no more than `margin` less.
#[derive(Clone, Copy)]
pub(crate) struct Wanted {
    pub(crate) most: usize,
    pub(crate) k: usize,
    pub(crate) margin: f32,
}

impl Wanted {
    fn has_margin(&self) -> bool {
        self.margin < f32::INFINITY
    }
}

pub(super) struct Near {
    wanted: Wanted,
    gathered: Vec<Hit>,
    /// Scores of the k best, the best first, where there is a margin and they are few.
    first: Vec<f32>,
    /// What a hit must be better than.
    last: Hit,
    guess: f32,
}

impl Near {
    pub(super) fn new(wanted: Wanted) -> Near {
        let first = if wanted.has_margin() && wanted.k <= HEAP { wanted.k } else { 0 };
        Near {
            wanted,
            gathered: Vec::with_capacity(2 * wanted.most + MORE),
            first: vec![f32::NEG_INFINITY; first],
            last: Hit { rank: u64::MAX, score: f32::NEG_INFINITY },
            guess: f32::NEG_INFINITY,
        }
    }

    /// No score below this one can come in.
    #[inline(always)]
    pub(super) fn threshold(&self) -> f32 {
        self.last.score
    }

    /// Begins with what the last hit is guessed to be.
    pub(super) fn guess(&mut self, score: f32) {
        self.guess = score;
        self.last = Hit::new(u32::MAX, score);
    }

    #[inline(always)]
    pub(super) fn push(&mut self, slot: u32, score: f32) {
        let hit = Hit::new(slot, score);
        if hit.rank < self.last.rank {
            self.gathered.push(hit);
            if self.first.last().is_some_and(|&kth| score > kth) {
                self.rise(score);
            }
            if self.gathered.len() == 2 * self.wanted.most + MORE {
                self.cut();
            }
        }
    }

    /// A score among the k best.
    #[inline(never)]
    fn rise(&mut self, score: f32) {
        let mut place = self.first.len() - 1;
        while place > 0 && self.first[place - 1] < score {
            self.first[place] = self.first[place - 1];
            place -= 1;
        }
        self.first[place] = score;
        self.raise(self.least_of(self.first[self.first.len() - 1]));
    }

    fn raise(&mut self, least: f32) {
        if least > f32::NEG_INFINITY {
            let last = Hit::new(u32::MAX, least);
            if last.rank < self.last.rank {
                self.last = last;
            }
        }
    }

    /// Cuts for the last time, and says whether all hits are here: the guess wasn't above what they had to reach.
    pub(super) fn is_whole(&mut self) -> bool {
        self.cut();
        self.gathered.len() == self.wanted.most || self.guess <= self.least()
    }

    /// Writes slots and scores, best first, with a margin in no order; slots of what there isn't are the largest number.
    pub(super) fn write(mut self, query: usize, out: &mut TopKOutput) {
        if !self.wanted.has_margin() {
            self.gathered.sort_unstable_by_key(|hit| hit.rank);
        }
        let most = self.wanted.most;
        out.write(query, most, self.gathered.iter().map(|hit| (hit.slot(), hit.score)));
        out.slots[query * most..][..most][self.gathered.len()..].fill(u32::MAX);
    }

    #[inline(never)]
    fn cut(&mut self) {
        let least = self.least();
        self.raise(least);
        let last = self.last.rank;
        self.gathered.retain(|hit| hit.rank <= last);
        if self.gathered.len() > self.wanted.most {
            self.last = *self.gathered.select_nth_unstable_by_key(self.wanted.most - 1, |hit| hit.rank).1;
            self.gathered.truncate(self.wanted.most);
        }
    }

    /// The least score within the margin of the k-th; -infinity where there are fewer, or there is no margin.
    fn least(&mut self) -> f32 {
        if !self.wanted.has_margin() || self.gathered.len() < self.wanted.k {
            return f32::NEG_INFINITY;
        }
        if let Some(&kth) = self.first.last() {
            return self.least_of(kth);
        }
        let kth = self.gathered.select_nth_unstable_by_key(self.wanted.k - 1, |hit| hit.rank).1.score;
        self.least_of(kth)
    }

    fn least_of(&self, kth: f32) -> f32 {
        let exact = f64::from(kth) - f64::from(self.wanted.margin);
        let near = exact as f32;
        if f64::from(near) < exact { near.next_up() } else { near }
    }
}
