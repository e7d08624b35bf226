//! The k best of a stream of scores. For small k a binary heap with the worst kept hit at its root, so that most rows cost
//! one comparison. Order: higher score first, equal scores by the lower slot. Scores are never NaN.

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

/// Up to this k hits stand in a heap. More are gathered, and cut to the k best now and then: a heap of hundreds costs more
/// than scanning the rows.
pub(crate) const HEAP: usize = 32;

/// Hits gathered beyond twice k.
const MORE: usize = 64;

pub(crate) struct TopK {
    k: usize,
    heap: Vec<(f32, u32)>,
    gathered: Vec<Hit>,
    /// The k-th best of those gathered when they were cut last.
    last: Hit,
}

impl TopK {
    pub(crate) fn new(k: usize) -> TopK {
        let (heap, gathered) = if k <= HEAP { (k, 0) } else { (0, 2 * k + MORE) };
        TopK {
            k,
            heap: Vec::with_capacity(heap),
            gathered: Vec::with_capacity(gathered),
            last: Hit { rank: u64::MAX, score: f32::NEG_INFINITY },
        }
    }

    /// No score below this one can come in: that of the k-th best, or less; -infinity while there are fewer.
    #[inline(always)]
    pub(crate) fn threshold(&self) -> f32 {
        if self.k > HEAP {
            self.last.score
        } else if self.heap.len() < self.k {
            f32::NEG_INFINITY
        } else {
            self.heap[0].0
        }
    }

    #[inline(always)]
    pub(crate) fn push(&mut self, slot: u32, score: f32) {
        if self.k > HEAP {
            let hit = Hit::new(slot, score);
            if hit.rank < self.last.rank {
                self.gathered.push(hit);
                if self.gathered.len() == 2 * self.k + MORE {
                    self.cut();
                }
            }
            return;
        }
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
    pub(crate) fn into_hits(mut self) -> impl Iterator<Item = (u32, f32)> {
        if self.gathered.len() > self.k {
            self.cut();
        }
        let mut hits = self.gathered;
        hits.extend(self.heap.into_iter().map(|(score, slot)| Hit::new(slot, score)));
        hits.sort_unstable_by_key(|hit| hit.rank);
        hits.into_iter().map(|hit| (hit.slot(), hit.score))
    }

    #[inline(never)]
    fn cut(&mut self) {
        self.last = *self.gathered.select_nth_unstable_by_key(self.k - 1, |hit| hit.rank).1;
        self.gathered.truncate(self.k);
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_best_of_many_with_ties() {
        let mut state = 7u64;
        let mut next = move || {
            state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
            (state >> 40) as u32
        };
        for kinds in [1, 3, 50, 1 << 20] {
            let scores: Vec<f32> = (0..3000)
                .map(|_| match next() % kinds {
                    0 => f32::NEG_INFINITY,
                    1 => -0.0,
                    v => v as f32 / 8.0 - 3.0,
                })
                .collect();
            let mut order: Vec<u32> = (0..3000).collect();
            order.sort_by(|&a, &b| scores[b as usize].partial_cmp(&scores[a as usize]).unwrap().then(a.cmp(&b)));
            for k in [1, 2, 31, 32, 33, 100, 1000, 3000] {
                let mut best = TopK::new(k);
                for (slot, &score) in scores.iter().enumerate() {
                    if score >= best.threshold() {
                        best.push(slot as u32, score);
                    }
                }
                let hits: Vec<(u32, u32)> = best.into_hits().map(|(slot, score)| (slot, score.to_bits())).collect();
                let expected: Vec<(u32, u32)> =
                    order[..k].iter().map(|&slot| (slot, scores[slot as usize].to_bits())).collect();
                assert_eq!(hits, expected, "{kinds} kinds, k {k}");
            }
        }
    }
}
