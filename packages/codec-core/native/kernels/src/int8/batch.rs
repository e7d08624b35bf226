//! Many queries at once. Queries lie side by side, a word of a few dims of each next to one another, so that one
//! broadcast word of a row meets 16 or 32 queries. Rows go by in blocks, which stay in the second cache while all
//! queries pass, tiles of them in registers. Sums are put to the test there; which row may be a hit of which query is
//! noted as bits, and only after some tiles looked at: a branch in between would be mispredicted nearly each time.
//!
//! The first block raises the thresholds before any of its rows is put to the test: the least ends of all of them are
//! sorted lane by lane.

use super::CodeRows;
use super::best::SORTED;
use super::block::{Block, MOST_ROWS};
use super::bound::ends;
use super::rank::Ranking;
use super::sample::Sample;
use super::search::{Line, words};
use crate::allowed::Allowed;
use crate::simd::{LaneTests, Lanes, Simd, Words};

#[inline(always)]
pub(super) unsafe fn search_batch<S: Simd, const SQUARES: bool>(
    rows: CodeRows,
    allowed: Allowed,
    k: usize,
    rankings: &mut [Ranking],
) {
    if rankings.is_empty() {
        return;
    }
    let width = 2 * S::W::LANES;
    let mut sample = (k > SORTED).then(|| Sample::new(allowed, k)).flatten();
    let depth = sample.as_ref().map_or(if k > SORTED { 0 } else { k }, |sample| sample.place);
    let mut groups = Vec::with_capacity(rankings.len().div_ceil(width));
    for group in rankings.chunks(width) {
        // SAFETY: run() has the instruction set.
        groups.push(unsafe { Group::new::<S>(group, rows.dim(), depth) });
    }
    let mut block = Block::new::<S>(rows.dim());
    let mut sums = Sums::new();
    let mut blocks = allowed.blocks();
    let mut pass = if k > SORTED { Pass::Rest } else { Pass::First };
    let mut sampled = 0;
    loop {
        // SAFETY: run() has the instruction set.
        let any = unsafe {
            match &sample {
                Some(sample) => {
                    pass = Pass::Sample;
                    sampled += block.take::<S>(rows, &sample.slots[sampled..]);
                    true
                }
                None => block.fill::<S>(rows, &mut blocks),
            }
        };
        if !any {
            return;
        }
        for (group, rankings) in groups.iter_mut().zip(rankings.chunks_mut(width)) {
            // SAFETY: as above.
            unsafe {
                match (S::WIDE, rankings.len() > S::W::LANES) {
                    (true, true) => group.pass::<S, SQUARES, 8, 2>(&block, rankings, &mut sums, pass),
                    (true, false) => group.pass::<S, SQUARES, 8, 1>(&block, rankings, &mut sums, pass),
                    (false, true) => group.pass::<S, SQUARES, 4, 2>(&block, rankings, &mut sums, pass),
                    (false, false) => group.pass::<S, SQUARES, 4, 1>(&block, rankings, &mut sums, pass),
                }
            }
        }
        if let Some(whole) = sample.take_if(|sample| sampled == sample.slots.len()) {
            for (group, rankings) in groups.iter_mut().zip(rankings.chunks_mut(width)) {
                group.guess::<S>(rankings, whole.place);
            }
        }
        pass = Pass::Rest;
    }
}

/// Up to two registers of queries, packed: for each word of dims the words of all queries.
struct Group {
    packed: Vec<Line>,
    tests: [LaneTests; 2],
    /// The best least ends of the first rows, or of the sample, for each query.
    sorted: Vec<[Lanes; 2]>,
}

/// What becomes of a block's sums.
#[derive(Clone, Copy, PartialEq)]
enum Pass {
    /// They go into `sorted`.
    Sample,
    /// They raise the thresholds, and are offered.
    First,
    /// They are offered.
    Rest,
}

impl Group {
    #[inline(always)]
    unsafe fn new<S: Simd>(rankings: &[Ranking], dim: usize, depth: usize) -> Group {
        let (lanes, row_words) = (S::W::LANES, dim.div_ceil(S::W::DIMS));
        let width = if rankings.len() > lanes { 2 * lanes } else { lanes };
        let mut packed = vec![Line([0; 16]); (row_words * width).div_ceil(16)];
        let to = words(&mut packed);
        let mut query = vec![0; row_words];
        let mut tests = [LaneTests::NONE; 2];
        for (i, ranking) in rankings.iter().enumerate() {
            // SAFETY: `query` has room for `dim` elements.
            unsafe { S::W::query_words(ranking.bound.codes, &mut query) };
            for (w, &word) in query.iter().enumerate() {
                to[w * width + i] = word;
            }
            tests[i / lanes].set(i % lanes, &ranking.bound.test);
        }
        Group { packed, tests, sorted: vec![[[f32::NEG_INFINITY; 16]; 2]; depth] }
    }

    /// All rows of a block with the group's queries, R rows and V registers at a time.
    #[inline(always)]
    unsafe fn pass<S: Simd, const SQUARES: bool, const R: usize, const V: usize>(
        &mut self,
        block: &Block,
        rankings: &mut [Ranking],
        sums: &mut Sums,
        pass: Pass,
    ) {
        let part = if pass == Pass::Rest { PART } else { block.len() };
        for from in (0..block.len()).step_by(part) {
            let len = part.min(block.len() - from);
            // SAFETY: run() has the instruction set.
            unsafe {
                let sums = sums.of::<S, V>();
                for at in (0..len).step_by(R) {
                    let tile = self.multiply::<S, R, V>(block, from + at);
                    sums[at..at + R].copy_from_slice(&tile);
                }
                if pass != Pass::Rest {
                    self.sort::<S, SQUARES, V>(block, &sums[..len]);
                }
                match pass {
                    Pass::Sample => continue,
                    Pass::First => self.raise::<S>(rankings),
                    Pass::Rest => (),
                }
                for (i, sums) in sums[..len].chunks(PART).enumerate() {
                    self.offer::<S, SQUARES, V>(block, from + i * PART, sums, rankings, pass == Pass::First);
                }
            }
        }
    }

    /// Sorts the rows' least ends in, lane by lane.
    #[inline(always)]
    unsafe fn sort<S: Simd, const SQUARES: bool, const V: usize>(&mut self, block: &Block, sums: &[[S::W; V]]) {
        for (sums, row) in sums.iter().zip(&block.tests) {
            for v in 0..V {
                let sorted = self.sorted.iter_mut().map(|best| &mut best[v]);
                // SAFETY: run() has the instruction set.
                unsafe { sums[v].insert_least::<SQUARES>(row, &self.tests[v], sorted) };
            }
        }
    }

    /// Sets thresholds by the first rows.
    #[inline(always)]
    fn raise<S: Simd>(&mut self, rankings: &mut [Ranking]) {
        for (i, ranking) in rankings.iter_mut().enumerate() {
            let (v, lane) = (i / S::W::LANES, i % S::W::LANES);
            ranking.best.set(self.sorted.iter().map(|best| best[v][lane]));
            ranking.raise(ranking.best.kth());
            self.tests[v].t[lane] = ranking.bound.test.t;
        }
    }

    /// Sets thresholds by the sample.
    #[inline(always)]
    fn guess<S: Simd>(&mut self, rankings: &mut [Ranking], place: usize) {
        for (i, ranking) in rankings.iter_mut().enumerate() {
            let (v, lane) = (i / S::W::LANES, i % S::W::LANES);
            ranking.guess(self.sorted[place - 1][v][lane]);
            self.tests[v].t[lane] = ranking.bound.test.t;
        }
    }

    /// The sums of R rows from `at` on.
    #[inline(always)]
    unsafe fn multiply<S: Simd, const R: usize, const V: usize>(&self, block: &Block, at: usize) -> [[S::W; V]; R] {
        // SAFETY: the block holds whole tiles of rows, and `packed` V registers a word.
        unsafe {
            let rows: &[*const u32; R] = &*block.words[at..at + R].as_ptr().cast();
            let mut sums = [[S::W::splat(0); V]; R];
            for r in 0..R {
                sums[r] = [S::W::splat(block.starts[at + r]); V];
            }
            let mut queries: *const u32 = self.packed.as_ptr().cast();
            for w in 0..block.row_words {
                let mut q = [S::W::splat(0); V];
                for v in 0..V {
                    q[v] = S::W::load(queries);
                    queries = queries.add(S::W::LANES);
                }
                for r in 0..R {
                    for v in 0..V {
                        sums[r][v] = sums[r][v].multiply_add(rows[r].add(w), q[v]);
                    }
                }
            }
            sums
        }
    }

    /// Offers rows, those of the block from `from` on, to the queries that they may be hits of.
    #[inline(always)]
    unsafe fn offer<S: Simd, const SQUARES: bool, const V: usize>(
        &mut self,
        block: &Block,
        from: usize,
        sums: &[[S::W; V]],
        rankings: &mut [Ranking],
        counted: bool,
    ) {
        // Rows that reach a query, found without a branch, for it would be mispredicted too often. Bit i: query i.
        let lanes = S::W::LANES;
        let mut found = [(0, 0); PART];
        let mut n = 0;
        for (r, sums) in sums.iter().enumerate() {
            let mut reaching = 0;
            for v in 0..V {
                // SAFETY: run() has the instruction set.
                let lane = unsafe { sums[v].reaching::<SQUARES>(&block.tests[from + r], &self.tests[v]) };
                reaching |= lane << (v * lanes);
            }
            found[n] = (r as u32, reaching);
            n += usize::from(reaching != 0);
        }
        for &(r, mut reaching) in &found[..n] {
            let r = r as usize;
            while reaching != 0 {
                let i = reaching.trailing_zeros() as usize;
                reaching &= reaching - 1;
                // NaN reaches lanes without a query too.
                let Some(ranking) = rankings.get_mut(i) else { break };
                // SAFETY: V registers of sums are as many lanes, and run() has the instruction set.
                unsafe {
                    let product = std::ptr::from_ref(&sums[r]).cast::<i32>().add(i).read();
                    let ends = ends::<SQUARES>(product, &block.tests[from + r], &ranking.bound.test);
                    let t = ranking.offer::<S>(block.slots[from + r], ends, counted);
                    self.tests[i / lanes].t[i % lanes] = t;
                }
            }
        }
    }
}

/// Rows that go by before those that reach a query are looked at; a multiple of any tile.
const PART: usize = 64;

/// Room for the sums of a block's rows.
struct Sums(Vec<[Line; 2]>);

impl Sums {
    #[inline(always)]
    fn new() -> Sums {
        Sums(vec![[Line([0; 16]); 2]; MOST_ROWS])
    }

    #[inline(always)]
    fn of<S: Simd, const V: usize>(&mut self) -> &mut [[S::W; V]] {
        // SAFETY: two lines a row are as much as two of the largest registers, and aligned as they are.
        unsafe { std::slice::from_raw_parts_mut(self.0.as_mut_ptr().cast(), MOST_ROWS) }
    }
}
