//! A query's hits so far: rows that may be among the k best, of which only an interval of the score is known, and
//! exact scores once they are needed.

use super::CodeRows;
use super::best::Best;
use super::bound::Query8;
use crate::float_scan::Metric;
use crate::simd::Simd;
use crate::topk::Hit;

pub(super) struct Ranking<'a> {
    metric: Metric,
    query: &'a [f32],
    rows: CodeRows<'a>,
    pub(super) bound: Query8<'a>,
    k: usize,
    /// The k best least ends of all rows so far.
    pub(super) best: Best,
    open: Vec<Open>,
    /// Length of `open` at which it is looked through.
    mark: usize,
    /// t that was set without k rows to prove it; -infinity if none was.
    guess: f32,
    /// Rows scored exactly, the best first.
    hits: Vec<Hit>,
}

/// A row that may be among the k best, with the most that its score can be.
#[derive(Clone, Copy)]
struct Open {
    most: f32,
    slot: u32,
}

impl<'a> Ranking<'a> {
    /// `codes` is room for the query's.
    #[inline(always)]
    pub(super) fn new(
        metric: Metric,
        query: &'a [f32],
        rows: CodeRows<'a>,
        k: usize,
        codes: &'a mut [i8],
    ) -> Ranking<'a> {
        let bound = Query8::new(metric, query, codes);
        let (mark, open) = (MOST_OPEN + 2 * k, Vec::with_capacity(64 + 2 * k));
        Ranking {
            metric,
            query,
            rows,
            bound,
            k,
            best: Best::new(k),
            open,
            mark,
            guess: f32::NEG_INFINITY,
            hits: Vec::new(),
        }
    }

    /// Takes a row that may be among the k best; its least end counts unless `counted` before. Gives t, what a row
    /// must reach to be offered.
    ///
    /// # Safety
    /// Needs the instruction set.
    #[inline(always)]
    pub(super) unsafe fn offer<S: Simd>(&mut self, slot: u32, (least, most): (f32, f32), counted: bool) -> f32 {
        self.open.push(Open { most, slot });
        if !counted {
            // SAFETY: as above.
            if unsafe { self.best.insert::<S>(least) } {
                self.raise(self.best.kth());
            }
        }
        if self.open.len() >= self.mark {
            self.clear();
            if self.open.len() > self.mark / 2 {
                // SAFETY: as above.
                unsafe { self.settle::<S>() };
            }
        }
        self.bound.test.t
    }

    /// t becomes at least this much.
    #[inline(always)]
    pub(super) fn raise(&mut self, t: f32) {
        let (old, highest) = (self.bound.test.t, self.bound.highest);
        let t = if t < highest { t } else { highest };
        self.bound.test.t = if t > old && t >= self.bound.lowest { t } else { old };
    }

    /// Sets t to what the k-th best row will about have.
    #[inline(always)]
    pub(super) fn guess(&mut self, t: f32) {
        self.raise(t);
        self.guess = self.bound.test.t;
    }

    /// Whether k rows reach what was guessed, once all rows were offered.
    ///
    /// # Safety
    /// Needs the instruction set.
    #[inline(always)]
    pub(super) unsafe fn is_sure<S: Simd>(&mut self) -> bool {
        // SAFETY: as above.
        unsafe { self.best.last::<S>() >= self.guess }
    }

    /// Forgets all rows.
    #[inline(always)]
    pub(super) fn restart(&mut self) {
        self.best = Best::new(self.k);
        self.open.clear();
        self.hits.clear();
        self.guess = f32::NEG_INFINITY;
        self.bound.test.t = f32::NEG_INFINITY;
    }

    /// Asks for the rows that `finish` is going to score.
    ///
    /// # Safety
    /// Needs the instruction set.
    #[inline(always)]
    pub(super) unsafe fn fetch<S: Simd>(&mut self) {
        // SAFETY: as above.
        unsafe { self.settle_threshold::<S>() };
        for row in self.open.iter().take(2 * TOGETHER) {
            self.rows.fetch::<S>(row.slot as usize);
        }
    }

    /// The k best, once all rows were offered.
    ///
    /// # Safety
    /// Needs the instruction set.
    #[inline(always)]
    pub(super) unsafe fn finish<S: Simd>(&mut self) -> &[Hit] {
        // SAFETY: as above.
        unsafe {
            self.settle_threshold::<S>();
            self.settle::<S>();
        }
        &self.hits
    }

    /// Lets go of open rows by all numbers that were gathered.
    #[inline(always)]
    unsafe fn settle_threshold<S: Simd>(&mut self) {
        // SAFETY: run() has the instruction set.
        let kth = unsafe { self.best.last::<S>() };
        self.raise(kth);
        self.clear();
    }

    /// Lets go of open rows that can't come in any more.
    #[inline(always)]
    fn clear(&mut self) {
        let t = self.bound.test.t;
        let mut kept = 0;
        for i in 0..self.open.len() {
            let row = self.open[i];
            self.open[kept] = row;
            // No branch: which rows stay is a matter of chance.
            kept += usize::from(row.most >= t) | usize::from(row.most.is_nan());
        }
        self.open.truncate(kept);
    }

    /// Scores open rows, the most promising first, until none is left that could come in.
    #[inline(always)]
    unsafe fn settle<S: Simd>(&mut self) {
        self.hits.reserve(self.k + 2 * TOGETHER);
        while !self.open.is_empty() {
            let mut first = self.open.len().saturating_sub(self.k + TOGETHER);
            if first > TOGETHER {
                self.open.select_nth_unstable_by(first, |a, b| a.most.total_cmp(&b.most));
            } else {
                first = 0;
            }
            for group in self.open[first..].chunks(4) {
                let mut slots = [group[0].slot as usize; 4];
                for (slot, row) in slots.iter_mut().zip(group) {
                    *slot = row.slot as usize;
                }
                // SAFETY: the query's length was checked.
                let scores = unsafe { self.rows.scores::<S, 4>(self.metric, self.query, &slots) };
                for (row, score) in group.iter().zip(scores) {
                    self.hits.push(Hit::new(row.slot, score));
                }
            }
            self.open.truncate(first);
            self.hits.sort_unstable_by_key(|hit| hit.rank);
            self.hits.truncate(self.k);
            if let Some(kth) = self.hits.get(self.k - 1) {
                self.raise(self.bound.floor(kth.score));
            }
            self.clear();
        }
    }
}

/// Rows that stay open where scores are too close together to tell apart, before they are scored.
const MOST_OPEN: usize = 1024;

/// Rows beyond k that are scored before the others are looked at again.
const TOGETHER: usize = 16;
