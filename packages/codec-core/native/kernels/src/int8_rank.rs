//! A query's hits so far: rows that may be among the k best, of which only an interval of the score is known, and
//! exact scores once they are needed.

use crate::float_scan::Metric;
use crate::int8::CodeRows;
use crate::int8_bound::Query8;
use crate::isa::Isa;
use crate::simd::{Kernel, Simd, run};
use crate::topk::TopK;

pub(crate) struct Ranking<'a> {
    isa: Isa,
    metric: Metric,
    query: &'a [f32],
    rows: CodeRows<'a>,
    pub(crate) bound: Query8,
    /// Rows scored exactly.
    exact: TopK,
    /// Least scores of all rows offered: k rows are at least as good as its threshold.
    least: TopK,
    /// Rows to score, with the most that they can have.
    open: Vec<(f32, u32)>,
    room: usize,
}

impl<'a> Ranking<'a> {
    pub(crate) fn new(isa: Isa, metric: Metric, query: &'a [f32], rows: CodeRows<'a>, k: usize) -> Ranking<'a> {
        let bound = Query8::new(metric, query);
        let room = 1024.max(2 * k);
        Ranking { isa, metric, query, rows, bound, exact: TopK::new(k), least: TopK::new(k), open: Vec::new(), room }
    }

    /// The bound's `t`: what a row must reach to be offered.
    pub(crate) fn floor(&self) -> f32 {
        self.bound.floor(self.threshold())
    }

    fn threshold(&self) -> f32 {
        self.exact.threshold().max(self.least.threshold())
    }

    /// Takes a row with its integer product and squared length. Whether the threshold may have risen.
    #[inline(never)]
    pub(crate) fn offer(&mut self, slot: u32, product: i32, scale: f32, sum_of_squares: i32) -> bool {
        let (least, most) = self.bound.interval(product, scale, sum_of_squares);
        if most < self.threshold() {
            return false;
        }
        self.least.push(slot, least);
        self.open.push((most, slot));
        if self.open.len() == self.room {
            self.settle();
        }
        true
    }

    pub(crate) fn finish(mut self) -> TopK {
        self.settle();
        self.exact
    }

    /// Scores open rows, the most promising first, until no other can come in.
    fn settle(&mut self) {
        let threshold = self.threshold();
        self.open.retain(|&(most, _)| most >= threshold);
        self.open.sort_unstable_by(|a, b| b.0.total_cmp(&a.0));
        for group in self.open.chunks(4) {
            if group[0].0 < self.exact.threshold() {
                break;
            }
            let mut slots = [group[0].1 as usize; 4];
            for (slot, &(_, row)) in slots.iter_mut().zip(group) {
                *slot = row as usize;
            }
            let scores = run(self.isa, Rescore { metric: self.metric, query: self.query, rows: self.rows, slots });
            for (&(_, slot), score) in group.iter().zip(scores) {
                self.exact.push(slot, score);
            }
        }
        self.open.clear();
    }
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
