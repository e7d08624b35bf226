//! A query's hits so far: rows that may be among the k best, of which only an interval of the score is known, and
//! exact scores once they are needed.

use super::CodeRows;
use super::bound::Query8;
use crate::float_scan::Metric;
use crate::isa::Isa;
use crate::simd::{Kernel, RowTest, Simd, run};
use crate::topk::TopK;

pub(crate) struct Ranking<'a> {
    isa: Isa,
    metric: Metric,
    query: &'a [f32],
    rows: CodeRows<'a>,
    pub(crate) bound: Query8,
    k: usize,
    /// k rows are known to be at least this good.
    threshold: f32,
    open: Vec<Open>,
    /// Length of `open` at which it is cut down again.
    mark: usize,
    /// Rows scored exactly.
    exact: TopK,
}

/// A row that may be among the k best, with the least and the most that its score can be.
#[derive(Clone, Copy)]
struct Open {
    least: f32,
    most: f32,
    slot: u32,
}

impl<'a> Ranking<'a> {
    pub(crate) fn new(isa: Isa, metric: Metric, query: &'a [f32], rows: CodeRows<'a>, k: usize) -> Ranking<'a> {
        let bound = Query8::new(metric, query);
        let (threshold, exact) = (f32::NEG_INFINITY, TopK::new(k));
        Ranking { isa, metric, query, rows, bound, k, threshold, open: Vec::new(), mark: k + step(k), exact }
    }

    /// The bound's `t`: what a row must reach to be offered.
    pub(crate) fn floor(&self) -> f32 {
        self.bound.floor(self.threshold)
    }

    /// Takes a row with its integer product. Whether the threshold has risen.
    #[inline]
    pub(crate) fn offer(&mut self, slot: u32, product: i32, row: &RowTest, sum_of_squares: i32) -> bool {
        let (least, most) = self.bound.interval(product, row, sum_of_squares);
        if most < self.threshold {
            return false;
        }
        self.open.push(Open { least, most, slot });
        self.open.len() >= self.mark && self.cut()
    }

    pub(crate) fn finish(mut self) -> TopK {
        self.settle();
        self.exact
    }

    /// Raises the threshold to the k-th best least score and lets go of rows below. Whether it has risen. Done once
    /// every few rows, this costs less than a heap.
    #[inline(never)]
    fn cut(&mut self) -> bool {
        let before = self.threshold;
        let (_, kth, _) = self.open.select_nth_unstable_by(self.k - 1, |a, b| b.least.total_cmp(&a.least));
        self.threshold = self.threshold.max(kth.least);
        self.open.retain(|row| row.most >= self.threshold);
        if self.open.len() > MOST_OPEN + 2 * self.k {
            self.settle();
            self.threshold = self.threshold.max(self.exact.threshold());
        }
        self.mark = self.k.max(self.open.len()) + step(self.k).max(self.open.len() / 2);
        self.threshold > before
    }

    /// Scores open rows, the most promising first, until no other can come in.
    fn settle(&mut self) {
        self.open.retain(|row| row.most >= self.threshold);
        self.open.sort_unstable_by(|a, b| b.most.total_cmp(&a.most));
        for group in self.open.chunks(4) {
            if group[0].most < self.exact.threshold() {
                break;
            }
            let mut slots = [group[0].slot as usize; 4];
            for (slot, row) in slots.iter_mut().zip(group) {
                *slot = row.slot as usize;
            }
            let scores = run(self.isa, Rescore { metric: self.metric, query: self.query, rows: self.rows, slots });
            for (row, score) in group.iter().zip(scores) {
                self.exact.push(row.slot, score);
            }
        }
        self.open.clear();
    }
}

/// Rows that stay open where scores are too close together to tell apart, before they are scored.
const MOST_OPEN: usize = 1024;

/// Rows to take in before the next cut.
fn step(k: usize) -> usize {
    16.max(k / 2)
}

struct Rescore<'a> {
    metric: Metric,
    query: &'a [f32],
    rows: CodeRows<'a>,
    slots: [usize; 4],
}

impl Kernel for Rescore<'_> {
    type Output = [f32; 4];

    fn scalar(self) -> [f32; 4] {
        self.slots.map(|slot| self.rows.score(self.metric, self.query, slot))
    }

    #[inline(always)]
    unsafe fn simd<S: Simd>(self) -> [f32; 4] {
        // SAFETY: run() has the instruction set; the query's length was checked.
        unsafe { self.rows.scores::<S, 4>(self.metric, self.query, &self.slots) }
    }
}
