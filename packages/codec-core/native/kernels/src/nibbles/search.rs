//! The best rows: a guess first (`guess`), then all blocks (`scan`), for each query what it asks for (`asked`, `near`).

use super::NibbleLayout;
use super::asked::Asked;
use super::lanes::{Lanes, Plain, Wide};
use super::near::{Near, Wanted};
use super::scores::score;
use super::tables::{Query, shares};
use crate::allowed::Allowed;
use crate::fault::{Fault, expect, row_count};
use crate::isa::Isa;
use crate::simd::{Kernel, Simd, run};
use crate::topk::TopKOutput;

/// The k best allowed rows for each prepared query.
pub(crate) fn nibble_top_k(
    isa: Isa,
    layout: NibbleLayout,
    queries: &[f32],
    codes: &[u8],
    k: usize,
    allow: Option<&[u32]>,
    out: TopKOutput,
) -> Result<(), Fault> {
    let rows = row_count("bytes of the codes", codes.len(), layout.stride())?;
    let wanted = |_| Wanted { most: k, k, margin: f32::INFINITY };
    search(isa, Search::new(layout, queries, rows, Rows::AsTheyStand(codes)), k, wanted, allow, out)
}

/// Of rows in blocks, for each prepared query the `k` best allowed ones, and of the others up to `most` in all that score no
/// more than the query's margin below the k-th. Without margins all of the `most` best.
#[allow(clippy::too_many_arguments)]
pub(crate) fn nibble_blocks_near(
    isa: Isa,
    layout: NibbleLayout,
    queries: &[f32],
    blocks: &[u8],
    rows: usize,
    most: usize,
    near: Option<(usize, &[f32])>,
    allow: Option<&[u32]>,
    out: TopKOutput,
) -> Result<(), Fault> {
    expect("bytes of the blocks", layout.blocks_bytes(rows), blocks.len())?;
    if let Some((k, margins)) = near {
        expect("margins", row_count("floats of the queries", queries.len(), layout.query_floats())?, margins.len())?;
        let numbers = margins.iter().filter(|margin| **margin >= 0.0).count();
        expect("margins from 0", margins.len(), numbers)?;
        if k == 0 || k > most {
            return Err(Fault { code: "INVALID_ARGUMENT", what: "hits without a margin", expected: most, actual: k });
        }
    }
    let wanted = |i: usize| match near {
        Some((k, margins)) => Wanted { most, k, margin: margins[i] },
        None => Wanted { most, k: most, margin: f32::INFINITY },
    };
    search(isa, Search::new(layout, queries, rows, Rows::Blocks(blocks)), most, wanted, allow, out)
}

fn search(
    isa: Isa,
    search: Search,
    most: usize,
    wanted: impl Fn(usize) -> Wanted,
    allow: Option<&[u32]>,
    mut out: TopKOutput,
) -> Result<(), Fault> {
    let count = row_count("floats of the queries", search.queries.len(), search.layout.query_floats())?;
    let allowed = Allowed::new(search.rows, allow)?;
    if count == 0 {
        return Ok(());
    }
    out.check(count, most, &allowed)?;
    for (i, near) in run(isa, (search, wanted, allowed)).into_iter().enumerate() {
        near.write(i, &mut out);
    }
    Ok(())
}

#[derive(Clone, Copy)]
pub(super) enum Rows<'a> {
    AsTheyStand(&'a [u8]),
    Blocks(&'a [u8]),
}

#[derive(Clone, Copy)]
pub(super) struct Search<'a> {
    pub(super) layout: NibbleLayout<'a>,
    queries: &'a [f32],
    pub(super) rows: usize,
    pub(super) from: Rows<'a>,
    /// Bytes of a block.
    pub(super) size: usize,
}

impl<W: Fn(usize) -> Wanted> Kernel for (Search<'_>, W, Allowed<'_>) {
    type Output = Vec<Near>;

    fn scalar(self) -> Vec<Near> {
        let (search, wanted, allowed) = self;
        let Rows::AsTheyStand(codes) = search.from else { return search.by_lanes(wanted, allowed, Plain) };
        let mut asked = search.asked(wanted);
        let mut slot = [0];
        let mut blocks = allowed.blocks();
        while blocks.fill(&mut slot) > 0 {
            let row = &codes[slot[0] as usize * search.layout.stride()..][..search.layout.stride()];
            for asked in &mut asked {
                asked.near.push(slot[0], score(&search.layout, &asked.query, row));
            }
        }
        search.whole(asked, |_| unreachable!("nothing was guessed"))
    }

    #[inline(always)]
    unsafe fn simd<S: Simd>(self) -> Vec<Near> {
        let (search, wanted, allowed) = self;
        // SAFETY: run() has the instruction set.
        search.by_lanes(wanted, allowed, unsafe { Wide::<S>::new() })
    }
}

impl<'a> Search<'a> {
    fn new(layout: NibbleLayout<'a>, queries: &'a [f32], rows: usize, from: Rows<'a>) -> Search<'a> {
        Search { layout, queries, rows, from, size: layout.block_bytes() }
    }

    #[inline(always)]
    fn asked(&self, wanted: impl Fn(usize) -> Wanted) -> Vec<Asked> {
        let shares = shares(&self.layout);
        let mut asked = Vec::with_capacity(self.queries.len() / self.layout.query_floats());
        // No closure: it would be compiled without the instruction set.
        for (i, query) in self.queries.chunks_exact(self.layout.query_floats()).enumerate() {
            asked.push(Asked::new(Query::new(&self.layout, &shares, query), wanted(i)));
        }
        asked
    }

    #[inline(always)]
    fn by_lanes(&self, wanted: impl Fn(usize) -> Wanted, allowed: Allowed, lanes: impl Lanes) -> Vec<Near> {
        let mut asked = self.asked(wanted);
        let inverse = std::array::from_fn(|place| 1.0 / f64::from(self.layout.table[place]));
        if allowed.is_all() {
            for asked in asked.iter_mut().filter(|asked| self.is_for_many(asked)) {
                asked.near.guess(self.guess(asked, lanes));
            }
        }
        self.by_blocks(&mut asked, &inverse, allowed, lanes);
        self.whole(asked, |asked| self.by_blocks(std::slice::from_mut(asked), &inverse, allowed, lanes))
    }

    /// The hits; where the guess was too high, from a second search.
    #[inline(always)]
    fn whole(&self, asked: Vec<Asked>, again: impl Fn(&mut Asked)) -> Vec<Near> {
        let ended = asked.into_iter().map(|mut asked| {
            if !asked.near.is_whole() {
                asked.again();
                again(&mut asked);
                asked.near.is_whole();
            }
            asked.near
        });
        ended.collect()
    }
}
