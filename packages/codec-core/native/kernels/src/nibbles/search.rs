//! The k best rows. A block's 64 sums are made at once, for some queries side by side; those that reach what a row needs to
//! be among the k best are scored.

use super::blocks::{Block, block_bytes, fill};
use super::lanes::{Lanes, Plain, Wide};
use super::scores::score;
use super::tables::{Query, shares};
use super::{BLOCK, Extra, NibbleLayout};
use crate::allowed::Allowed;
use crate::fault::{Fault, expect, row_count};
use crate::float_scan::Metric;
use crate::isa::Isa;
use crate::simd::{Kernel, Simd, run};
use crate::topk::{HEAP, TopK, TopKOutput};

/// Queries that share a block's bytes.
const SIDE_BY_SIDE: usize = 4;
/// Blocks that queries go over by turns, about half of a first-level cache with 24 bytes a row.
const CHUNK: usize = 16;
/// Blocks from all over, by which the k-th best is guessed before a search for many among many.
const SAMPLE: usize = 16;
/// Bytes of a code whose sums fit into 16 bits whatever the query, 2 x 381 each.
const BYTES: usize = 64;

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
    search(isa, Search { layout, queries, rows, from: Rows::AsTheyStand(codes), k }, allow, out)
}

/// The same, of rows in blocks.
#[allow(clippy::too_many_arguments)]
pub(crate) fn nibble_blocks_top_k(
    isa: Isa,
    layout: NibbleLayout,
    queries: &[f32],
    blocks: &[u8],
    rows: usize,
    k: usize,
    allow: Option<&[u32]>,
    out: TopKOutput,
) -> Result<(), Fault> {
    expect("bytes of the blocks", super::nibble_block_bytes(layout.stride(), rows), blocks.len())?;
    search(isa, Search { layout, queries, rows, from: Rows::Blocks(blocks), k }, allow, out)
}

fn search(isa: Isa, search: Search, allow: Option<&[u32]>, mut out: TopKOutput) -> Result<(), Fault> {
    let count = row_count("floats of the queries", search.queries.len(), search.layout.query_floats())?;
    let allowed = Allowed::new(search.rows, allow)?;
    if count == 0 {
        return Ok(());
    }
    out.check(count, search.k, &allowed)?;
    for (i, best) in run(isa, (search, allowed)).into_iter().enumerate() {
        out.write(i, search.k, best.into_hits());
    }
    Ok(())
}

#[derive(Clone, Copy)]
enum Rows<'a> {
    AsTheyStand(&'a [u8]),
    Blocks(&'a [u8]),
}

#[derive(Clone, Copy)]
struct Search<'a> {
    layout: NibbleLayout<'a>,
    queries: &'a [f32],
    rows: usize,
    from: Rows<'a>,
    k: usize,
}

impl Kernel for (Search<'_>, Allowed<'_>) {
    type Output = Vec<TopK>;

    fn scalar(self) -> Vec<TopK> {
        let (search, allowed) = self;
        let Rows::AsTheyStand(codes) = search.from else { return search.by_lanes(allowed, Plain) };
        let mut asked = search.asked();
        let mut slot = [0];
        let mut blocks = allowed.blocks();
        while blocks.fill(&mut slot) > 0 {
            let row = &codes[slot[0] as usize * search.layout.stride()..][..search.layout.stride()];
            for asked in &mut asked {
                asked.best.push(slot[0], score(&search.layout, &asked.query, row));
            }
        }
        asked.into_iter().map(|asked| asked.best).collect()
    }

    #[inline(always)]
    unsafe fn simd<S: Simd>(self) -> Vec<TopK> {
        let (search, allowed) = self;
        // SAFETY: run() has the instruction set.
        search.by_lanes(allowed, unsafe { Wide::<S>::new() })
    }
}

/// A query and its hits.
struct Asked {
    query: Query,
    best: TopK,
    /// The score that `least` was made for.
    score: f32,
    /// By the place of a scalar the sum that rows need, or what was never asked for.
    least: [u32; 256],
}

const UNKNOWN: u32 = u32::MAX;

impl Asked {
    /// What sum rows of a block need to be among the k best.
    #[inline(always)]
    fn least(&mut self, place: u8, table: &[f32]) -> u32 {
        let score = self.best.threshold();
        if score != self.score {
            self.score = score;
            self.least = [UNKNOWN; 256];
        }
        let least = &mut self.least[usize::from(place)];
        if *least == UNKNOWN {
            *least = self.query.least_sum(score, table[usize::from(place)]).min(UNKNOWN - 1);
        }
        *least
    }
}

impl Search<'_> {
    #[inline(always)]
    fn asked(&self) -> Vec<Asked> {
        let queries = self.queries.chunks_exact(self.layout.query_floats());
        let shares = shares(&self.layout);
        queries
            .map(|query| Asked {
                query: Query::new(&self.layout, &shares, query),
                best: TopK::new(self.k),
                score: f32::NEG_INFINITY,
                least: [UNKNOWN; 256],
            })
            .collect()
    }

    #[inline(always)]
    fn by_lanes(&self, allowed: Allowed, lanes: impl Lanes) -> Vec<TopK> {
        let mut asked = self.asked();
        if self.is_for_many() && allowed.is_all() {
            for asked in asked.iter_mut().filter(|asked| asked.query.is_short()) {
                asked.best.guess(self.guess(&asked.query, lanes));
            }
        }
        self.by_blocks(&mut asked, allowed, lanes);
        for asked in &mut asked {
            if !asked.best.is_full() {
                asked.best = TopK::new(self.k);
                self.by_blocks(std::slice::from_mut(asked), allowed, lanes);
            }
        }
        asked.into_iter().map(|asked| asked.best).collect()
    }

    /// Whether guessing the k-th best first pays.
    fn is_for_many(&self) -> bool {
        let few = self.rows < 16 * SAMPLE * BLOCK || 16 * self.k > self.rows;
        matches!(self.from, Rows::Blocks(_)) && self.k > HEAP && self.layout.metric != Metric::L2 && !few
    }

    /// A score that more than k rows reach, most likely: that of a somewhat lower rank in a sample.
    #[inline(always)]
    fn guess(&self, query: &Query, lanes: impl Lanes) -> f32 {
        let Rows::Blocks(blocks) = self.from else { return f32::NEG_INFINITY };
        let size = block_bytes(self.layout.stride());
        // Without the last one, which may not be full.
        let step = (self.rows / BLOCK) / SAMPLE;
        let mut found = [[0; BLOCK]];
        let mut scores = Vec::with_capacity(SAMPLE * BLOCK);
        for block in blocks.chunks_exact(size).step_by(step).take(SAMPLE) {
            let block = Block::new(block, self.layout.code_bytes);
            lanes.sums(&[&query.firsts], block.codes(), &mut found);
            lanes.extras(&query.extras, block.codes(), &mut found[0]);
            let scalars: [f32; BLOCK] = std::array::from_fn(|row| self.layout.table[usize::from(block.place(row))]);
            scores.extend(found[0].iter().zip(scalars).map(|(&sum, scalar)| query.score(sum.into(), scalar, 0.0)));
        }
        let expected = (scores.len() * self.k) as f32 / self.rows as f32;
        let rank = (expected + 4.0 * expected.sqrt() + 4.0) as usize;
        if rank < scores.len() { lanes.keep_best(&mut scores, rank) } else { f32::NEG_INFINITY }
    }

    #[inline(always)]
    fn by_blocks(&self, asked: &mut [Asked], allowed: Allowed, lanes: impl Lanes) {
        let size = block_bytes(self.layout.stride());
        let all = self.rows.div_ceil(BLOCK);
        let mut room = vec![0; if matches!(self.from, Rows::AsTheyStand(_)) { CHUNK * size } else { 0 }];
        let mut found = [[0u16; BLOCK]; SIDE_BY_SIDE];
        for first in (0..all).step_by(CHUNK) {
            let count = CHUNK.min(all - first);
            let chunk = match self.from {
                Rows::Blocks(blocks) => &blocks[first * size..][..count * size],
                Rows::AsTheyStand(codes) => {
                    let stride = self.layout.stride();
                    let codes = &codes[first * BLOCK * stride..];
                    for (block, codes) in room.chunks_exact_mut(size).zip(codes.chunks(BLOCK * stride)).take(count) {
                        fill(codes, stride, self.layout.code_bytes, block);
                    }
                    &room[..count * size]
                }
            };
            for group in asked.chunks_mut(SIDE_BY_SIDE) {
                for (i, block) in chunk.chunks_exact(size).enumerate() {
                    let first = (first + i) * BLOCK;
                    let open = allowed.sixty_four(first);
                    if open != 0 {
                        let block = Block::new(block, self.layout.code_bytes);
                        if group.iter().all(|asked| asked.query.is_short()) {
                            self.block(group, block, first, open, &mut found, lanes);
                        } else {
                            self.long_block(group, block, first, open, &mut found, lanes);
                        }
                    }
                }
            }
        }
    }

    #[inline(always)]
    fn block(
        &self,
        group: &mut [Asked],
        block: Block,
        first: usize,
        open: u64,
        found: &mut [[u16; BLOCK]; SIDE_BY_SIDE],
        lanes: impl Lanes,
    ) {
        let mut entries: [&[[u8; 16]]; SIDE_BY_SIDE] = [&[]; SIDE_BY_SIDE];
        for (entries, asked) in entries.iter_mut().zip(group.iter()) {
            *entries = &asked.query.firsts;
        }
        lanes.sums(&entries[..group.len()], block.codes(), &mut found[..group.len()]);
        for (asked, found) in group.iter_mut().zip(found) {
            lanes.extras(&asked.query.extras, block.codes(), found);
            let least = asked.least(block.most(), self.layout.table);
            if least <= u16::MAX.into() {
                self.score(asked, block, first, open & lanes.reach(found, least as u16), |row| found[row].into());
            }
        }
    }

    /// Of sums that may be beyond 16 bits: in parts.
    #[inline(never)]
    fn long_block(
        &self,
        group: &mut [Asked],
        block: Block,
        first: usize,
        open: u64,
        found: &mut [[u16; BLOCK]; SIDE_BY_SIDE],
        lanes: impl Lanes,
    ) {
        let found = &mut found[..1];
        for asked in group {
            let mut all = [0u32; BLOCK];
            let parts = block.codes().chunks(BYTES * BLOCK).zip(asked.query.firsts.chunks(2 * BYTES));
            for (part, (codes, entries)) in parts.enumerate() {
                lanes.sums(&[entries], codes, found);
                for extra in asked.query.extras.iter().filter(|extra| extra.byte / BYTES == part) {
                    lanes.extras(&[Extra { byte: extra.byte % BYTES, ..*extra }], codes, &mut found[0]);
                }
                all.iter_mut().zip(&found[0]).for_each(|(all, &found)| *all += u32::from(found));
            }
            let least = asked.least(block.most(), self.layout.table);
            let reaching = (0..BLOCK).fold(0, |mask, row| mask | u64::from(all[row] >= least) << row);
            self.score(asked, block, first, open & reaching, |row| all[row]);
        }
    }

    /// Offers rows whose sums are large enough.
    #[inline(always)]
    fn score(&self, asked: &mut Asked, block: Block, first: usize, mut reaching: u64, sum: impl Fn(usize) -> u32) {
        while reaching != 0 {
            let row = reaching.trailing_zeros() as usize;
            reaching &= reaching - 1;
            let square = if asked.query.measures_distance() { block.square(row) } else { 0.0 };
            let scalar = self.layout.table[usize::from(block.place(row))];
            asked.best.push((first + row) as u32, asked.query.score(sum(row), scalar, square));
        }
    }
}
