//! The k best of a stream of scores: a binary heap with the worst kept hit at its root, so that most rows cost one
//! comparison. Order: higher score first, equal scores by the lower slot. Scores are never NaN.

use std::cmp::Ordering;

use crate::allowed::Allowed;
use crate::fault::{Fault, expect};

/// Where hits go: query i's from i * k on, best first.
pub struct TopKOutput<'a> {
    pub slots: &'a mut [u32],
    pub scores: &'a mut [f32],
}

impl TopKOutput<'_> {
    /// Checks room for `queries` x `k` and that each query has k rows to find.
    pub(crate) fn check(&self, queries: usize, k: usize, rows: &Allowed) -> Result<(), Fault> {
        if k == 0 || k > rows.count() {
            return Err(Fault {
                code: "INVALID_ARGUMENT",
                what: "k, at most the number of allowed rows",
                expected: rows.count(),
                actual: k,
            });
        }
        expect("slots", queries.saturating_mul(k), self.slots.len())?;
        expect("scores", queries.saturating_mul(k), self.scores.len())
    }

    /// A query's slots and scores, `k` or fewer.
    #[inline(always)]
    pub(crate) fn write(&mut self, query: usize, k: usize, hits: impl Iterator<Item = (u32, f32)>) {
        let slots = self.slots[query * k..][..k].iter_mut();
        let scores = self.scores[query * k..][..k].iter_mut();
        for ((slot, score), hit) in slots.zip(scores).zip(hits) {
            (*slot, *score) = hit;
        }
    }
}

pub(crate) struct TopK {
    k: usize,
    heap: Vec<(f32, u32)>,
}

impl TopK {
    pub(crate) fn new(k: usize) -> TopK {
        TopK { k, heap: Vec::with_capacity(k) }
    }

    /// No score below this one can come in: the k-th best, -infinity while there are fewer.
    #[inline(always)]
    pub(crate) fn threshold(&self) -> f32 {
        if self.heap.len() < self.k { f32::NEG_INFINITY } else { self.heap[0].0 }
    }

    #[inline(always)]
    pub(crate) fn push(&mut self, slot: u32, score: f32) {
        let hit = (score, slot);
        if self.heap.len() < self.k {
            self.heap.push(hit);
            self.up(self.heap.len() - 1);
        } else if worse(self.heap[0], hit) {
            self.heap[0] = hit;
            self.down();
        }
    }

    /// Slots and scores, best first.
    pub(crate) fn into_hits(self) -> impl Iterator<Item = (u32, f32)> {
        let mut hits = self.heap;
        hits.sort_unstable_by(|&a, &b| if worse(b, a) { Ordering::Less } else { Ordering::Greater });
        hits.into_iter().map(|(score, slot)| (slot, score))
    }

    fn up(&mut self, mut i: usize) {
        while i > 0 {
            let parent = (i - 1) / 2;
            if !worse(self.heap[i], self.heap[parent]) {
                return;
            }
            self.heap.swap(i, parent);
            i = parent;
        }
    }

    fn down(&mut self) {
        let mut i = 0;
        loop {
            let mut worst = i;
            for child in [2 * i + 1, 2 * i + 2] {
                if child < self.heap.len() && worse(self.heap[child], self.heap[worst]) {
                    worst = child;
                }
            }
            if worst == i {
                return;
            }
            self.heap.swap(i, worst);
            i = worst;
        }
    }
}

#[inline(always)]
fn worse(a: (f32, u32), b: (f32, u32)) -> bool {
    a.0 < b.0 || (a.0 == b.0 && a.1 > b.1)
}

/// A hit that sorts by one integer.
#[derive(Clone, Copy)]
pub(crate) struct Hit {
    /// The better hit has the lower one: the score's place from the top, then the slot.
    pub(crate) rank: u64,
    pub(crate) score: f32,
}

impl Hit {
    #[inline(always)]
    pub(crate) fn new(slot: u32, score: f32) -> Hit {
        // -0 counts as +0. Bits of negative floats rise as these fall.
        let bits = (score + 0.0).to_bits();
        let place = if bits >> 31 == 1 { bits } else { !bits & (u32::MAX >> 1) };
        Hit { rank: u64::from(place) << 32 | u64::from(slot), score }
    }

    pub(crate) fn slot(&self) -> u32 {
        self.rank as u32
    }
}

/// A score as it is kept and written: what isn't a number is the worst.
#[inline(always)]
pub(crate) fn ranked(score: f32) -> f32 {
    if score.is_nan() { f32::NEG_INFINITY } else { score }
}
