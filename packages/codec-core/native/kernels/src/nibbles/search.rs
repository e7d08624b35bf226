//! The best rows. Sums of some blocks are made at once, for some queries side by side; rows whose sums reach what is needed
//! to be among the best are scored.

use super::blocks::{Block, fill};
use super::lanes::{Lanes, Plain, Wide};
use super::near::{Near, Wanted};
use super::scores::score;
use super::tables::{Four, LET_ALL, Least, Query, shares};
use super::{BLOCK, FOUR, NibbleLayout};
use crate::allowed::Allowed;
use crate::fault::{Fault, expect, row_count};
use crate::float_scan::Metric;
use crate::isa::Isa;
use crate::simd::{Kernel, Simd, run};
use crate::topk::TopKOutput;

/// Queries that share a block's bytes.
const SIDE_BY_SIDE: usize = 4;
/// Blocks that queries go over by turns, at most.
const CHUNK: usize = 16;
/// Bytes of these, which a first-level cache keeps.
const CHUNK_BYTES: usize = 28 * 1024;
/// Blocks from all over, by which the last hit is guessed before a search for many among many.
const SAMPLE: usize = 16;
/// Up to this many hits there is no need to guess.
const FEW: usize = 32;
/// Rows scored before it is seen to what hits ask for: as much work as that.
const LOOK: usize = 24;
/// Fours of bytes whose sums fit into 16 bits whatever the query, 8 x 1,020 each.
const PART: usize = 8;

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
    /// Bytes of a block.
    size: usize,
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

/// A query and its hits.
struct Asked {
    query: Query,
    wanted: Wanted,
    near: Near,
    /// The score that `least` was made for.
    score: f32,
    /// Rows scored since.
    scored: usize,
    /// Rows whose sums are large enough, to be scored together.
    passed: Vec<Passed>,
    /// By the place of a scalar the sum that rows need.
    least: Least,
}

#[derive(Clone, Copy)]
struct Passed {
    slot: u32,
    sum: u16,
    place: u8,
}

impl Asked {
    /// Offers what has passed.
    #[inline(always)]
    fn settle(&mut self, table: &[f32; 256]) {
        let mut scores = [0.0; BLOCK];
        for some in self.passed.chunks(BLOCK) {
            for (score, passed) in scores.iter_mut().zip(some) {
                *score = self.query.score(passed.sum.into(), table[usize::from(passed.place)], 0.0);
            }
            for (&score, passed) in scores.iter().zip(some) {
                self.near.push(passed.slot, score);
            }
        }
        self.scored += self.passed.len();
        self.passed.clear();
    }

    /// Sees to what the hits so far ask for, unless little can have changed: what was asked for before lets more rows through.
    #[inline(always)]
    fn look(&mut self, inverse: &[f64; 256]) {
        let score = self.near.threshold();
        if self.scored >= LOOK && score != self.score {
            (self.score, self.scored) = (score, 0);
            self.query.least_sums(score, inverse, &mut self.least);
        }
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
            let query = Query::new(&self.layout, &shares, query);
            let (wanted, score, passed) = (wanted(i), f32::NEG_INFINITY, Vec::with_capacity(CHUNK * BLOCK));
            asked.push(Asked { query, wanted, near: Near::new(wanted), score, scored: LOOK, passed, least: LET_ALL });
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
                asked.near = Near::new(asked.wanted);
                again(&mut asked);
                asked.near.is_whole();
            }
            asked.near
        });
        ended.collect()
    }

    /// Whether guessing first pays.
    fn is_for_many(&self, asked: &Asked) -> bool {
        let many = self.rows >= 16 * SAMPLE * BLOCK && 16 * asked.wanted.most <= self.rows && asked.wanted.most > FEW;
        many && matches!(self.from, Rows::Blocks(_)) && self.layout.metric != Metric::L2 && asked.query.is_short()
    }

    /// A score that the last hit reaches, most likely: that of a somewhat lower rank in a sample.
    #[inline(always)]
    fn guess(&self, asked: &Asked, lanes: impl Lanes) -> f32 {
        let Rows::Blocks(blocks) = self.from else { return f32::NEG_INFINITY };
        let Asked { query, wanted, .. } = asked;
        // Without the last one, which may not be full.
        let step = (self.rows / BLOCK) / SAMPLE;
        let mut found = [[0; BLOCK]];
        let mut scores = Vec::with_capacity(SAMPLE * BLOCK);
        for block in blocks.chunks_exact(self.size).step_by(step).take(SAMPLE) {
            lanes.sums(&[&query.fours], block, self.size, &mut found);
            let places = Block::new(&self.layout, block).places();
            let scalars = places.map(|place| self.layout.table[usize::from(place)]);
            scores.extend(found[0].iter().zip(scalars).map(|(&sum, scalar)| query.score(sum.into(), scalar, 0.0)));
        }
        let mut of_rank = |hits: usize| {
            let expected = (scores.len() * hits) as f32 / self.rows as f32;
            let rank = (expected + 4.0 * expected.sqrt() + 4.0) as usize;
            if rank < scores.len() { lanes.keep_best(&mut scores, rank) } else { f32::NEG_INFINITY }
        };
        let last = of_rank(wanted.most);
        last.max(of_rank(wanted.k) - wanted.margin)
    }

    #[inline(always)]
    fn by_blocks(&self, asked: &mut [Asked], inverse: &[f64; 256], allowed: Allowed, lanes: impl Lanes) {
        let Search { layout, size, .. } = self;
        let all = self.rows.div_ceil(BLOCK);
        let most = (CHUNK_BYTES / size).clamp(1, CHUNK);
        let mut room = vec![0; if matches!(self.from, Rows::AsTheyStand(_)) { most * size } else { 0 }];
        let mut found = [[0u16; BLOCK]; SIDE_BY_SIDE * CHUNK];
        let mut first = 0;
        while first < all {
            // Blocks side by side of which any row is allowed.
            if allowed.sixty_four(first * BLOCK) == 0 {
                first += 1;
                continue;
            }
            let end = (first + most).min(all);
            let count = (first..end).take_while(|block| allowed.sixty_four(block * BLOCK) != 0).count();
            let chunk = match self.from {
                Rows::Blocks(blocks) => &blocks[first * size..][..count * size],
                Rows::AsTheyStand(codes) => {
                    let stride = layout.stride();
                    let codes = &codes[first * BLOCK * stride..];
                    for (block, codes) in room.chunks_exact_mut(*size).zip(codes.chunks(BLOCK * stride)).take(count) {
                        fill(layout, codes, block);
                    }
                    &room[..count * size]
                }
            };
            for group in asked.chunks_mut(SIDE_BY_SIDE) {
                if group.iter().all(|asked| asked.query.is_short()) {
                    self.short(group, inverse, (first, chunk), allowed, &mut found, lanes);
                } else {
                    self.long(group, inverse, (first, chunk), allowed, &mut found, lanes);
                }
            }
            first += count;
        }
    }

    /// `chunk`: the number of the first of some blocks, and these.
    #[inline(always)]
    fn short(
        &self,
        group: &mut [Asked],
        inverse: &[f64; 256],
        (first, chunk): (usize, &[u8]),
        allowed: Allowed,
        found: &mut [[u16; BLOCK]],
        lanes: impl Lanes,
    ) {
        let mut fours: [&[Four]; SIDE_BY_SIDE] = [&[]; SIDE_BY_SIDE];
        for (fours, asked) in fours.iter_mut().zip(group.iter()) {
            *fours = &asked.query.fours;
        }
        lanes.sums(&fours[..group.len()], chunk, self.size, found);
        for asked in group.iter_mut() {
            asked.look(inverse);
        }
        // All of them before any is acted upon: nothing here waits for a branch.
        let mut reaching = [0u64; SIDE_BY_SIDE * CHUNK];
        let blocks = chunk.chunks_exact(self.size).zip(found.chunks_exact(group.len()));
        for (i, ((bytes, found), reaching)) in blocks.zip(reaching.chunks_exact_mut(group.len())).enumerate() {
            let open = allowed.sixty_four((first + i) * BLOCK);
            let block = Block::new(&self.layout, bytes);
            for ((asked, found), reaching) in group.iter().zip(found).zip(reaching) {
                *reaching = open & lanes.reach(found, block.places(), &asked.least, block.range());
            }
        }
        let count = group.len();
        for (q, asked) in group.iter_mut().enumerate() {
            for (i, bytes) in chunk.chunks_exact(self.size).enumerate() {
                let (mut reaching, found) = (reaching[i * count + q], &found[i * count + q]);
                if reaching == 0 {
                    continue;
                }
                let first = (first + i) * BLOCK;
                let block = Block::new(&self.layout, bytes);
                if asked.query.measures_distance() {
                    self.score(asked, block, first, reaching, |row| found[row].into());
                    continue;
                }
                while reaching != 0 {
                    let row = reaching.trailing_zeros() as usize;
                    reaching &= reaching - 1;
                    let (slot, sum, place) = ((first + row) as u32, found[row], block.places()[row]);
                    asked.passed.push(Passed { slot, sum, place });
                }
            }
        }
        let table = self.layout.table.first_chunk().expect("256 scalars");
        for asked in group.iter_mut() {
            asked.settle(table);
        }
    }

    /// Of sums that may be beyond 16 bits: in parts.
    #[inline(never)]
    fn long(
        &self,
        group: &mut [Asked],
        inverse: &[f64; 256],
        (first, chunk): (usize, &[u8]),
        allowed: Allowed,
        found: &mut [[u16; BLOCK]],
        lanes: impl Lanes,
    ) {
        for (i, bytes) in chunk.chunks_exact(self.size).enumerate() {
            let first = (first + i) * BLOCK;
            let open = allowed.sixty_four(first);
            let block = Block::new(&self.layout, bytes);
            for asked in group.iter_mut() {
                let mut all = [0u32; BLOCK];
                for (part, codes) in asked.query.fours.chunks(PART).zip(bytes.chunks(PART * FOUR * BLOCK)) {
                    lanes.sums(&[part], codes, codes.len(), found);
                    all.iter_mut().zip(&found[0]).for_each(|(all, &found)| *all += u32::from(found));
                }
                asked.look(inverse);
                let least = block.places().map(|place| u32::from(asked.least[usize::from(place)]));
                let reaching = (0..BLOCK).fold(0, |mask, row| mask | u64::from(all[row] >= least[row]) << row);
                self.score(asked, block, first, open & reaching, |row| all[row]);
            }
        }
    }

    /// Offers rows whose sums are large enough.
    #[inline(always)]
    fn score(&self, asked: &mut Asked, block: Block, first: usize, mut reaching: u64, sum: impl Fn(usize) -> u32) {
        while reaching != 0 {
            asked.scored += 1;
            let row = reaching.trailing_zeros() as usize;
            reaching &= reaching - 1;
            let square = if asked.query.measures_distance() { block.square(row) } else { 0.0 };
            let scalar = self.layout.table[usize::from(block.places()[row])];
            asked.near.push((first + row) as u32, asked.query.score(sum(row), scalar, square));
        }
    }
}
