//! Scores and the k best rows. One query: sixteen rows at a time, what follows being fetched meanwhile; their scores are
//! made side by side and put to the test of the k-th best. Many queries: `batch`.

use super::batch::search_batch;
use super::order::{padded, places};
use super::query::{Query, scores};
use super::rows::Rows;
use super::{QUERY_EXTRA, TurboLayout};
use crate::allowed::Allowed;
use crate::fault::{Fault, expect, row_count};
use crate::float_scan::Metric;
use crate::isa::Isa;
use crate::simd::{F32x16, Kernel, Packed, Simd, Sixteen, run};
use crate::topk::{TopK, TopKOutput};

/// Score of each row with a prepared query.
pub fn turbo_scores(isa: Isa, layout: TurboLayout, query: &[f32], codes: &[u8], out: &mut [f32]) -> Result<(), Fault> {
    let rows = Rows::new(layout, codes)?;
    expect("floats of the query", layout.dim + QUERY_EXTRA, query.len())?;
    expect("scores", rows.count(), out.len())?;
    run(isa, Scores { query, rows, out });
    Ok(())
}

/// The k best allowed rows for each prepared query.
pub fn turbo_top_k(
    isa: Isa,
    layout: TurboLayout,
    queries: &[f32],
    codes: &[u8],
    k: usize,
    allow: Option<&[u32]>,
    out: TopKOutput,
) -> Result<(), Fault> {
    let rows = Rows::new(layout, codes)?;
    let count = row_count("floats of the queries", queries.len(), layout.dim + QUERY_EXTRA)?;
    let allowed = Allowed::new(rows.count(), allow)?;
    if count == 0 {
        return Ok(());
    }
    out.check(count, k, &allowed)?;
    run(isa, Search { queries, rows, k, allowed, out });
    Ok(())
}

struct Scores<'a> {
    query: &'a [f32],
    rows: Rows<'a>,
    out: &'a mut [f32],
}

impl Kernel for Scores<'_> {
    type Output = ();

    fn scalar(self) {
        let query = Query::new(self.rows.layout.metric, self.query);
        for (row, out) in self.out.iter_mut().enumerate() {
            *out = self.rows.score(&query, row);
        }
    }

    #[inline(always)]
    unsafe fn simd<S: Simd>(self) {
        let Scores { query, rows, out } = self;
        let query = Query::new(rows.layout.metric, query);
        // SAFETY: run() has the instruction set.
        unsafe {
            if rows.layout.metric == Metric::L2 {
                scan::<S, true>(&query, rows, out);
            } else {
                scan::<S, false>(&query, rows, out);
            }
        }
    }
}

#[inline(always)]
unsafe fn scan<S: Simd, const L2: bool>(query: &Query, rows: Rows, out: &mut [f32]) {
    // SAFETY: run() has the instruction set.
    unsafe {
        let scan = Scan::new::<S>(query, rows);
        scan.each::<S, L2>(Allowed::all(rows.count()), |slots, scores| {
            let mut found = [0f32; GROUP];
            scores.store(found.as_mut_ptr());
            let from = slots.from as usize;
            out[from..from + slots.count].copy_from_slice(&found[..slots.count]);
        });
    }
}

struct Search<'a> {
    queries: &'a [f32],
    rows: Rows<'a>,
    k: usize,
    allowed: Allowed<'a>,
    out: TopKOutput<'a>,
}

impl Kernel for Search<'_> {
    type Output = ();

    fn scalar(self) {
        let Search { queries, rows, k, allowed, mut out } = self;
        for (i, query) in queries.chunks_exact(rows.layout.query_floats()).enumerate() {
            let query = Query::new(rows.layout.metric, query);
            let mut best = TopK::new(k);
            let mut slot = [0];
            let mut blocks = allowed.blocks();
            while blocks.fill(&mut slot) > 0 {
                best.push(slot[0], rows.score(&query, slot[0] as usize));
            }
            out.write(i, k, best.into_hits());
        }
    }

    #[inline(always)]
    unsafe fn simd<S: Simd>(self) {
        // SAFETY: run() has the instruction set.
        unsafe {
            if self.rows.layout.metric == Metric::L2 {
                self.search::<S, true>();
            } else {
                self.search::<S, false>();
            }
        }
    }
}

/// A group of so few queries costs a batch more than they do one by one.
const FEW: usize = 2;

impl Search<'_> {
    #[inline(always)]
    unsafe fn search<S: Simd, const L2: bool>(self) {
        let Search { queries, rows, k, allowed, mut out } = self;
        let metric = rows.layout.metric;
        let queries: Vec<Query> =
            queries.chunks_exact(rows.layout.query_floats()).map(|query| Query::new(metric, query)).collect();
        let mut best: Vec<TopK> = queries.iter().map(|_| TopK::new(k)).collect();
        // SAFETY: run() has the instruction set.
        unsafe {
            if queries.len() > FEW {
                search_batch::<S, L2>(&queries, rows, allowed, k, &mut best);
            } else {
                for (query, best) in queries.iter().zip(&mut best) {
                    search_one::<S, L2>(query, rows, allowed, best);
                }
            }
        }
        for (i, best) in best.into_iter().enumerate() {
            out.write(i, k, best.into_hits());
        }
    }
}

#[inline(always)]
unsafe fn search_one<S: Simd, const L2: bool>(query: &Query, rows: Rows, allowed: Allowed, best: &mut TopK) {
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
struct Scan<'a> {
    rows: Rows<'a>,
    query: &'a Query,
    /// Its bytes in the order of the rows' levels, in whole registers.
    codes: Vec<i8>,
    sum: i32,
}

impl<'a> Scan<'a> {
    #[inline(always)]
    fn new<S: Simd>(query: &'a Query, rows: Rows<'a>) -> Scan<'a> {
        let (coding, dim) = (rows.layout.coding(), rows.layout.dim);
        let mut codes = vec![0; padded(coding, dim, S::P::REGISTER)];
        places(coding, dim, S::P::REGISTER, true, |j, place| codes[place] = query.codes[j]);
        let sum = query.codes.iter().map(|&code| i32::from(code)).sum();
        Scan { rows, query, codes, sum }
    }

    /// Calls `each` with the slots and the scores of all allowed rows, sixteen at a time.
    ///
    /// # Safety
    /// Needs the instruction set.
    #[inline(always)]
    unsafe fn each<S: Simd, const L2: bool>(&self, allowed: Allowed, mut each: impl FnMut(Slots, S::F)) {
        let rows = self.rows;
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
        let Scan { rows, query, .. } = *self;
        let (mut scalars, mut squares) = ([0f32; GROUP], [0f32; GROUP]);
        for r in 0..GROUP {
            // SAFETY: a row stands there.
            let (scalar, square) = unsafe { rows.behind::<L2>(sixteen.first.add(r * sixteen.stride)) };
            // Through memory: left to itself the compiler keeps sixteen registers of one scalar each, and spills them.
            // SAFETY: an element of the array.
            unsafe {
                scalars.as_mut_ptr().add(r).write_volatile(scalar);
                if L2 {
                    squares.as_mut_ptr().add(r).write_volatile(square);
                }
            }
        }
        // SAFETY: sixteen rows, and the query in whole registers.
        unsafe {
            let products = S::P::products(rows.layout.coding(), &self.codes, self.sum, sixteen);
            let scalar = S::F::load(scalars.as_ptr());
            let found = scores::<S::F, L2>(
                products,
                scalar,
                S::F::load(squares.as_ptr()),
                S::F::splat(query.step),
                S::F::splat(query.bias),
                S::F::splat(query.square),
            );
            // Zeros, and what isn't a number.
            if S::F::splat(0.0).not_below(scalar.abs()) == 0 {
                return found;
            }
            let mut lanes = [0f32; GROUP];
            found.store(lanes.as_mut_ptr());
            for (lane, scalar) in lanes.iter_mut().zip(scalars) {
                if scalar == 0.0 {
                    *lane = query.zero;
                }
            }
            S::F::load(lanes.as_ptr())
        }
    }
}
