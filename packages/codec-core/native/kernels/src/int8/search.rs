//! The k best rows of int8 codes for float queries: integers for all rows, float arithmetic for the few that the
//! bound of `bound` can't rule out. Hits and scores are exactly those of sorting `int8_scores`.
//!
//! One query: eight rows at a time against the 8-bit query, tested with a bound for any row's length; survivors are
//! looked at again with their own.
//!
//! Many queries: `batch`.

use super::CodeRows;
use super::batch::search_batch;
use super::bound::{longest, row_test};
use super::rank::Ranking;
use crate::allowed::Allowed;
use crate::fault::{Fault, row_count};
use crate::float_scan::Metric;
use crate::isa::Isa;
use crate::simd::{Kernel, RowTest, Simd, Words, run};
use crate::topk::{TopK, TopKOutput};

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
    let rows = CodeRows::new(codes, dim)?;
    let count = row_count("floats of the queries", queries.len(), dim)?;
    let allowed = Allowed::new(rows.count(), allow)?;
    if count == 0 {
        return Ok(());
    }
    out.check(count, k, &allowed)?;
    run(isa, Search { isa, metric, queries, rows, k, allowed, out });
    Ok(())
}

struct Search<'a> {
    isa: Isa,
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
        let Search { metric, queries, rows, k, allowed, mut out, .. } = self;
        for (i, query) in queries.chunks_exact(rows.dim()).enumerate() {
            let mut best = TopK::new(k);
            let mut slot = [0];
            let mut blocks = allowed.blocks();
            while blocks.fill(&mut slot) > 0 {
                best.push(slot[0], rows.score(metric, query, slot[0] as usize));
            }
            out.write(i, best);
        }
    }

    #[inline(always)]
    unsafe fn simd<S: Simd>(self) {
        let Search { isa, metric, queries, rows, k, allowed, mut out } = self;
        let mut rankings: Vec<Ranking> =
            queries.chunks_exact(rows.dim()).map(|query| Ranking::new(isa, metric, query, rows, k)).collect();
        // A last block of few queries costs as much as a full one: those go one by one.
        let width = 2 * S::W::LANES;
        let last = rankings.len() % width;
        let batched = if last > width / 3 { rankings.len() } else { rankings.len() - last };
        let (batch, single) = rankings.split_at_mut(batched);
        // SAFETY: run() has the instruction set.
        unsafe {
            if metric == Metric::L2 {
                search_batch::<S, true>(rows, allowed, batch);
                single.iter_mut().for_each(|ranking| search_one::<S, true>(rows, allowed, ranking));
            } else {
                search_batch::<S, false>(rows, allowed, batch);
                single.iter_mut().for_each(|ranking| search_one::<S, false>(rows, allowed, ranking));
            }
        }
        for (i, ranking) in rankings.into_iter().enumerate() {
            out.write(i, ranking.finish());
        }
    }
}

/// Rows that `Words::dots8` takes at a time.
const GROUP: usize = 8;

#[inline(always)]
unsafe fn search_one<S: Simd, const SQUARES: bool>(rows: CodeRows, allowed: Allowed, ranking: &mut Ranking) {
    let dim = rows.dim();
    let mut query = vec![Line([0; 16]); dim.div_ceil(64) * 64 / S::W::DIMS / 16];
    let query: &mut [u32] = words(&mut query);
    // SAFETY: `query` has room for `dim` elements, to whole registers.
    unsafe { S::W::pack_query(&ranking.bound.codes, query) };
    let (sum, b, u) = (ranking.bound.sum, ranking.bound.slope(), ranking.bound.inverse());
    let any_length = longest(dim);
    let mut t = ranking.floor();
    let mut slots = [0u32; GROUP];
    let mut blocks = allowed.blocks();
    loop {
        let n = blocks.fill(&mut slots);
        if n == 0 {
            return;
        }
        let mut at = [rows.codes(slots[0] as usize).as_ptr(); GROUP];
        let mut tests = [RowTest::default(); GROUP];
        for r in 0..GROUP {
            let slot = slots[r.min(n - 1)] as usize;
            at[r] = rows.codes(slot).as_ptr();
            let scale = rows.scale(slot);
            tests[r] = if SQUARES {
                // SAFETY: a row of `dim` codes.
                row_test(scale, unsafe { S::W::sum_of_squares(at[r], dim) }, dim)
            } else {
                RowTest { scale, length: scale.abs() * any_length, square: 0.0 }
            };
        }
        // SAFETY: eight rows of `dim` codes.
        let products = unsafe { S::W::dots8(query, sum, &at, dim) };
        let mut reaching = [false; GROUP];
        for r in 0..GROUP {
            let x = (products[r] as f32).mul_add(tests[r].scale, -t);
            let x = if SQUARES { tests[r].square.mul_add(-u, x) } else { x };
            let below = tests[r].length.mul_add(b, x) < 0.0;
            reaching[r] = !below;
        }
        for r in 0..n {
            if reaching[r] {
                // SAFETY: a row of `dim` codes.
                let squares = unsafe { S::W::sum_of_squares(at[r], dim) };
                if ranking.offer(slots[r], products[r], &row_test(tests[r].scale, squares, dim), squares) {
                    t = ranking.floor();
                }
            }
        }
    }
}

/// Sixty-four bytes on their own cache line.
#[derive(Clone, Copy)]
#[repr(C, align(64))]
pub(super) struct Line(pub(super) [u32; 16]);

pub(super) fn words(lines: &mut [Line]) -> &mut [u32] {
    // SAFETY: a Line is sixteen u32.
    unsafe { std::slice::from_raw_parts_mut(lines.as_mut_ptr().cast(), lines.len() * 16) }
}
