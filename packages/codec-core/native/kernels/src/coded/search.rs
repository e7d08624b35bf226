//! Scores and the k best rows. One query: sixteen rows at a time, what follows being fetched meanwhile; their scores are
//! made side by side and put to the test of the k-th best. Many queries: `batch`.

use super::batch::search_batch;
use super::query::scores;
use super::{Coded, Query};
use crate::allowed::Allowed;
use crate::fault::{Fault, expect, row_count};
use crate::float_scan::Metric;
use crate::isa::Isa;
use crate::simd::{F32x16, Kernel, Packed, Simd, Sixteen, run};
use crate::topk::{TopK, TopKOutput};

/// Score of each row with a prepared query.
pub(crate) fn coded_scores<C: Coded>(isa: Isa, rows: C, query: &[f32], out: &mut [f32]) -> Result<(), Fault> {
    expect("floats of the query", rows.query_floats(), query.len())?;
    expect("scores", rows.frame().count(), out.len())?;
    run(isa, Scores { query, rows, out });
    Ok(())
}

/// The k best allowed rows for each prepared query.
pub(crate) fn coded_top_k<C: Coded>(
    isa: Isa,
    rows: C,
    queries: &[f32],
    k: usize,
    allow: Option<&[u32]>,
    out: TopKOutput,
) -> Result<(), Fault> {
    let count = row_count("floats of the queries", queries.len(), rows.query_floats())?;
    let allowed = Allowed::new(rows.frame().count(), allow)?;
    if count == 0 {
        return Ok(());
    }
    out.check(count, k, &allowed)?;
    run(isa, Search { queries, rows, k, allowed, out });
    Ok(())
}

struct Scores<'a, C> {
    query: &'a [f32],
    rows: C,
    out: &'a mut [f32],
}

impl<C: Coded> Kernel for Scores<'_, C> {
    type Output = ();

    fn scalar(self) {
        let query = self.rows.query(self.query);
        for (row, out) in self.out.iter_mut().enumerate() {
            *out = query.score(&self.rows, row);
        }
    }

    #[inline(always)]
    unsafe fn simd<S: Simd>(self) {
        let Scores { query, rows, out } = self;
        let query = rows.query(query);
        // SAFETY: run() has the instruction set.
        unsafe {
            if rows.metric() == Metric::L2 {
                scan::<S, C, true>(&query, rows, out);
            } else {
                scan::<S, C, false>(&query, rows, out);
            }
        }
    }
}

#[inline(always)]
unsafe fn scan<S: Simd, C: Coded, const L2: bool>(query: &Query, rows: C, out: &mut [f32]) {
    // SAFETY: run() has the instruction set.
    unsafe {
        let scan = Scan::new::<S>(query, rows);
        scan.each::<S, L2>(Allowed::all(rows.frame().count()), |slots, scores| {
            let mut found = [0f32; GROUP];
            scores.store(found.as_mut_ptr());
            let from = slots.from as usize;
            out[from..from + slots.count].copy_from_slice(&found[..slots.count]);
        });
    }
}

struct Search<'a, C> {
    queries: &'a [f32],
    rows: C,
    k: usize,
    allowed: Allowed<'a>,
    out: TopKOutput<'a>,
}

impl<C: Coded> Kernel for Search<'_, C> {
    type Output = ();

    fn scalar(self) {
        let Search { queries, rows, k, allowed, mut out } = self;
        for (i, query) in queries.chunks_exact(rows.query_floats()).enumerate() {
            let query = rows.query(query);
            let mut best = TopK::new(k);
            let mut slot = [0];
            let mut blocks = allowed.blocks();
            while blocks.fill(&mut slot) > 0 {
                best.push(slot[0], query.score(&rows, slot[0] as usize));
            }
            out.write(i, k, best.into_hits());
        }
    }

    #[inline(always)]
    unsafe fn simd<S: Simd>(self) {
        // SAFETY: run() has the instruction set.
        unsafe {
            if self.rows.metric() == Metric::L2 {
                self.search::<S, true>();
            } else {
                self.search::<S, false>();
            }
        }
    }
}

/// A group of so few queries costs a batch more than they do one by one.
const FEW: usize = 2;

impl<C: Coded> Search<'_, C> {
    #[inline(always)]
    unsafe fn search<S: Simd, const L2: bool>(self) {
        let Search { queries, rows, k, allowed, mut out } = self;
        let queries: Vec<Query> = queries.chunks_exact(rows.query_floats()).map(|query| rows.query(query)).collect();
        let mut best: Vec<TopK> = queries.iter().map(|_| TopK::new(k)).collect();
        // SAFETY: run() has the instruction set.
        unsafe {
            if queries.len() > FEW {
                search_batch::<S, C, L2>(&queries, rows, allowed, k, &mut best);
            } else {
                for (query, best) in queries.iter().zip(&mut best) {
                    search_one::<S, C, L2>(query, rows, allowed, best);
                }
            }
        }
        for (i, best) in best.into_iter().enumerate() {
            out.write(i, k, best.into_hits());
        }
    }
}

#[inline(always)]
unsafe fn search_one<S: Simd, C: Coded, const L2: bool>(query: &Query, rows: C, allowed: Allowed, best: &mut TopK) {
    // SAFETY: run() has the instruction set.
    unsafe {
        let mut threshold = S::F::splat(best.threshold());
        Scan::new::<S>(query, rows).each::<S, L2>(
            allowed,
            #[inline(always)]
            |slots, scores| {
                let mut reaching = scores.not_below(threshold) & ((1 << slots.count) - 1);
                if reaching != 0 {
                    let mut found = [0f32; GROUP];
                    scores.store(found.as_mut_ptr());
                    while reaching != 0 {
                        let r = reaching.trailing_zeros() as usize;
                        reaching &= reaching - 1;
                        best.push(slots.at(r), found[r]);
                    }
                    threshold = S::F::splat(best.threshold());
                }
            },
        );
    }
}

/// Rows that are scored together.
const GROUP: usize = 16;

/// The slots of up to sixteen rows, in order.
#[derive(Clone, Copy)]
struct Slots<'a> {
    count: usize,
    from: u32,
    /// None where they follow each other.
    list: Option<&'a [u32; GROUP]>,
}

impl Slots<'_> {
    #[inline(always)]
    fn at(&self, r: usize) -> u32 {
        self.list.map_or(self.from + r as u32, |list| list[r])
    }
}

/// A query as rows meet it.
struct Scan<'a, C> {
    rows: C,
    query: &'a Query,
    /// Its bytes in the order of the rows' levels, in whole registers.
    parts: [Vec<i8>; 2],
    sums: [i32; 2],
}

impl<'a, C: Coded> Scan<'a, C> {
    #[inline(always)]
    fn new<S: Simd>(query: &'a Query, rows: C) -> Scan<'a, C> {
        let mut parts = [Vec::new(), Vec::new()];
        for (part, codes) in parts.iter_mut().zip(&query.parts).take(C::PARTS) {
            *part = vec![0; rows.padded(S::P::REGISTER)];
            rows.places(S::P::REGISTER, true, |j, place| part[place] = codes[j]);
        }
        let sums = query.parts.each_ref().map(|codes| codes.iter().map(|&code| i32::from(code)).sum());
        Scan { rows, query, parts, sums }
    }

    /// Calls `each` with the slots and the scores of all allowed rows, sixteen at a time.
    ///
    /// # Safety
    /// Needs the instruction set.
    #[inline(always)]
    unsafe fn each<S: Simd, const L2: bool>(&self, allowed: Allowed, mut each: impl FnMut(Slots, S::F)) {
        let rows = *self.rows.frame();
        let (stride, bytes) = (rows.stride(), rows.code_bytes());
        let mut blocks = allowed.blocks();
        if allowed.is_all() {
            let mut from = 0;
            while from + GROUP <= rows.count() {
                // SAFETY: sixteen rows.
                let scores = unsafe { self.scores::<S, L2>(Sixteen { first: rows.at(from), stride, bytes }) };
                each(Slots { count: GROUP, from: from as u32, list: None }, scores);
                from += GROUP;
            }
            blocks.skip(from);
        }
        // Others are copied together, the last one again to make sixteen.
        let mut copies = vec![0; GROUP * stride];
        let mut list = [0; GROUP];
        loop {
            let count = blocks.fill(&mut list);
            if count == 0 {
                return;
            }
            let last = list[count - 1];
            list[count..].fill(last);
            for (to, &slot) in copies.chunks_exact_mut(stride).zip(&list) {
                to.copy_from_slice(rows.row(slot as usize));
            }
            // SAFETY: sixteen rows.
            let scores = unsafe { self.scores::<S, L2>(Sixteen { first: copies.as_ptr(), stride, bytes }) };
            each(Slots { count, from: list[0], list: Some(&list) }, scores);
        }
    }

    /// # Safety
    /// Needs the instruction set; the rows stand there.
    #[inline(always)]
    unsafe fn scores<S: Simd, const L2: bool>(&self, sixteen: Sixteen) -> S::F {
        let (rows, query) = (self.rows.frame(), self.query);
        let (mut scalars, mut squares) = ([0f32; GROUP], [0f32; GROUP]);
        for r in 0..GROUP {
            // SAFETY: a row stands there.
            (scalars[r], squares[r]) = unsafe { rows.behind::<L2>(sixteen.first.add(r * sixteen.stride)) };
        }
        // SAFETY: sixteen rows, and the query in whole registers.
        unsafe {
            let products = self.rows.products::<S>(&self.parts, self.sums, sixteen);
            let scalar = S::F::load(scalars.as_ptr());
            let ip = C::product_lanes(products, scalar, S::F::splat(query.step), S::F::splat(query.bias));
            let found = scores::<S::F, L2>(ip, S::F::load(squares.as_ptr()), S::F::splat(query.square));
            // Zeros, and what isn't a number.
            if S::F::splat(0.0).not_below(scalar.abs()) == 0 {
                return found;
            }
            let mut lanes = [0f32; GROUP];
            found.store(lanes.as_mut_ptr());
            for (lane, scalar) in lanes.iter_mut().zip(scalars) {
                if scalar == 0.0 {
                    *lane = query.zero(self.rows.metric());
                }
            }
            S::F::load(lanes.as_ptr())
        }
    }
}
