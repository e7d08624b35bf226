//! The k best rows of int8 codes for float queries: integers for all rows, float arithmetic for the few that the
//! bound of `bound` can't rule out. Hits and scores are exactly those of sorting `int8_scores`.
//!
//! One query: eight rows at a time against the 8-bit query, what follows being fetched meanwhile. Rows are tested
//! with a bound for any row's length; survivors are looked at again with their own.
//!
//! Many queries: `batch`.

use super::CodeRows;
use super::batch::search_batch;
use super::bound::{ends, row_test, scan_test};
use super::rank::Ranking;
use crate::allowed::Allowed;
use crate::fault::{Fault, row_count};
use crate::float_scan::Metric;
use crate::isa::Isa;
use crate::simd::{Kernel, Simd, Words, run};
use crate::topk::{Hit, TopK, TopKOutput};

/// The k best allowed rows for each query.
#[allow(clippy::too_many_arguments)]
pub fn int8_top_k(
    isa: Isa,
    metric: Metric,
    queries: &[f32],
    codes: &[u8],
    dim: usize,
    k: usize,
    allow: Option<&[u32]>,
    out: TopKOutput,
) -> Result<(), Fault> {
    let allowed = Allowed::new(CodeRows::new(codes, dim)?.count(), allow)?;
    int8_top_k_allowed(isa, metric, queries, codes, dim, k, allowed, out)
}

/// As above; `allowed` is of as many rows.
#[allow(clippy::too_many_arguments)]
pub(crate) fn int8_top_k_allowed(
    isa: Isa,
    metric: Metric,
    queries: &[f32],
    codes: &[u8],
    dim: usize,
    k: usize,
    allowed: Allowed,
    out: TopKOutput,
) -> Result<(), Fault> {
    let rows = CodeRows::new(codes, dim)?;
    let count = row_count("floats of the queries", queries.len(), dim)?;
    if count == 0 {
        return Ok(());
    }
    out.check(count, k, &allowed)?;
    run(isa, Search { metric, queries, rows, k, allowed, out });
    Ok(())
}

struct Search<'a> {
    metric: Metric,
    queries: &'a [f32],
    rows: CodeRows<'a>,
    k: usize,
    allowed: Allowed<'a>,
    out: TopKOutput<'a>,
}

impl Kernel for Search<'_> {
    type Output = ();

    fn scalar(self) {
        let Search { metric, queries, rows, k, allowed, mut out } = self;
        for (i, query) in queries.chunks_exact(rows.dim()).enumerate() {
            let mut best = TopK::new(k);
            let mut slot = [0];
            let mut blocks = allowed.blocks();
            while blocks.fill(&mut slot) > 0 {
                best.push(slot[0], rows.score(metric, query, slot[0] as usize));
            }
            out.write(i, k, best.into_hits());
        }
    }

    #[inline(always)]
    unsafe fn simd<S: Simd>(self) {
        if self.allowed.count() <= self.k + FEW {
            // SAFETY: run() has the instruction set.
            return unsafe { self.score_all::<S>() };
        }
        let Search { metric, queries, rows, k, allowed, mut out } = self;
        let mut rankings = Vec::with_capacity(queries.len() / rows.dim());
        let mut codes = vec![0; queries.len()];
        for (query, codes) in queries.chunks_exact(rows.dim()).zip(codes.chunks_exact_mut(rows.dim())) {
            rankings.push(Ranking::new(metric, query, rows, k, codes));
        }
        // A group of one or two queries costs a batch more than they do one by one.
        let last = rankings.len() % (2 * S::W::LANES);
        let batched = if last > 2 { rankings.len() } else { rankings.len() - last };
        let (batch, single) = rankings.split_at_mut(batched);
        // SAFETY: run() has the instruction set.
        unsafe {
            if metric == Metric::L2 {
                search_batch::<S, true>(rows, allowed, k, batch);
                for ranking in again::<S>(batch).chain(single) {
                    search_one::<S, true>(rows, allowed, ranking);
                }
            } else {
                search_batch::<S, false>(rows, allowed, k, batch);
                for ranking in again::<S>(batch).chain(single) {
                    search_one::<S, false>(rows, allowed, ranking);
                }
            }
            // Each gives its memory to the next.
            let mut rankings = rankings.into_iter().enumerate().peekable();
            while let Some((i, mut ranking)) = rankings.next() {
                if let Some((_, next)) = rankings.peek_mut() {
                    next.fetch::<S>();
                }
                out.write(i, k, ranking.finish::<S>().iter().map(|hit| (hit.slot(), hit.score)));
            }
        }
    }
}

/// Those that a wrong guess has cost rows.
#[inline(always)]
unsafe fn again<'a, 'b, S: Simd>(batch: &'a mut [Ranking<'b>]) -> impl Iterator<Item = &'a mut Ranking<'b>> {
    // SAFETY: run() has the instruction set.
    batch.iter_mut().filter_map(|ranking| match unsafe { ranking.is_sure::<S>() } {
        true => None,
        false => {
            ranking.restart();
            Some(ranking)
        }
    })
}

/// So few rows beyond k that ruling some out costs more than scoring them.
const FEW: usize = 16;

impl Search<'_> {
    #[inline(always)]
    unsafe fn score_all<S: Simd>(mut self) {
        let Search { metric, rows, k, .. } = self;
        let mut hits = Vec::with_capacity(k + FEW);
        for (i, query) in self.queries.chunks_exact(rows.dim()).enumerate() {
            hits.clear();
            let mut blocks = self.allowed.blocks();
            let mut slots = [0; 4];
            loop {
                let count = blocks.fill(&mut slots);
                if count == 0 {
                    break;
                }
                let mut at = [slots[0] as usize; 4];
                for r in 0..count {
                    at[r] = slots[r] as usize;
                }
                // SAFETY: run() has the instruction set; the query's length was checked.
                let scores = unsafe { rows.scores::<S, 4>(metric, query, &at) };
                for r in 0..count {
                    hits.push(Hit::new(slots[r], scores[r]));
                }
            }
            hits.sort_unstable_by_key(|hit| hit.rank);
            self.out.write(i, k, hits.iter().map(|hit| (hit.slot(), hit.score)));
        }
    }
}

/// Rows that `Words::scan8` takes at a time.
const GROUP: usize = 8;

#[inline(always)]
unsafe fn search_one<S: Simd, const SQUARES: bool>(rows: CodeRows, allowed: Allowed, ranking: &mut Ranking) {
    let dim = rows.dim();
    let mut query = vec![Line([0; 16]); dim.div_ceil(64) * 64 / S::W::DIMS / 16];
    let query: &mut [u32] = words(&mut query);
    // SAFETY: `query` has room for `dim` elements, to whole registers.
    unsafe { S::W::query_codes(ranking.bound.codes, query) };
    let sum = ranking.bound.codes.iter().map(|&code| i32::from(code)).sum();
    let mut test = scan_test(&ranking.bound.test, SQUARES, dim);
    let mut blocks = allowed.blocks();
    let mut slots = [0; GROUP];
    loop {
        let count = blocks.fill(&mut slots);
        if count == 0 {
            return;
        }
        let at = pointers(rows, &mut slots, count);
        // SAFETY: eight rows of `dim` codes.
        let (reaching, products) = unsafe { S::W::scan8::<SQUARES>(query, sum, &at, dim, &test) };
        let mut reaching = reaching & ((1 << count) - 1);
        while reaching != 0 {
            let r = reaching.trailing_zeros() as usize;
            reaching &= reaching - 1;
            // SAFETY: a row of `dim` codes.
            unsafe {
                let (_, squares) = S::W::moments(&[at[r]; 4], dim);
                let row = row_test(rows.scale(slots[r] as usize), squares[0], dim);
                let (least, most) = ends::<SQUARES>(products[r], &row, &ranking.bound.test);
                if most >= test.t || most.is_nan() {
                    test.t = ranking.offer::<S>(slots[r], (least, most), false);
                }
            }
        }
    }
}

/// Where rows stand; the last one is repeated to make eight.
#[inline(always)]
fn pointers(rows: CodeRows, slots: &mut [u32; GROUP], count: usize) -> [*const i8; GROUP] {
    let (first, last) = (slots[0], slots[count - 1]);
    let mut at = [rows.codes(first as usize).as_ptr(); GROUP];
    if count == GROUP && last - first == GROUP as u32 - 1 {
        // Side by side, as they are without a list.
        let _all = rows.codes(last as usize);
        for r in 0..GROUP {
            at[r] = at[r].wrapping_add(r * rows.stride());
        }
    } else {
        slots[count..].fill(last);
        for r in 0..GROUP {
            at[r] = rows.codes(slots[r] as usize).as_ptr();
        }
    }
    at
}

/// Sixty-four bytes on their own cache line.
#[derive(Clone, Copy)]
#[repr(C, align(64))]
pub(super) struct Line(pub(super) [u32; 16]);

pub(super) fn words(lines: &mut [Line]) -> &mut [u32] {
    // SAFETY: a Line is sixteen u32.
    unsafe { std::slice::from_raw_parts_mut(lines.as_mut_ptr().cast(), lines.len() * 16) }
}
