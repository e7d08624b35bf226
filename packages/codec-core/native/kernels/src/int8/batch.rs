//! Many queries at once. Queries lie side by side, a word of a few dims of each next to one another, so that one
//! broadcast word of a row meets 16 or 32 queries. Rows are packed a block at a time, which stays in the second cache
//! while all queries pass. Sums are put to the test in registers; what survives goes to its query's ranking.

use super::CodeRows;
use super::bound::row_test;
use super::rank::Ranking;
use super::search::{Line, words};
use crate::allowed::Allowed;
use crate::simd::{LaneTests, RowTest, Simd, Words};

/// Rows in a tile, by two registers of queries. Sixteen sums for AVX-512, eight for AVX2.
const TILE: usize = 8;

/// A block of packed rows fits into this many bytes of the second cache.
const BLOCK_BYTES: usize = 96 << 10;

#[inline(always)]
pub(super) unsafe fn search_batch<S: Simd, const SQUARES: bool>(
    rows: CodeRows,
    allowed: Allowed,
    rankings: &mut [Ranking],
) {
    if rankings.is_empty() {
        return;
    }
    // SAFETY: run() has the instruction set.
    let mut groups: Vec<Group> =
        rankings.chunks(2 * S::W::LANES).map(|group| Group::new::<S>(group, rows.dim())).collect();
    let row_words = rows.dim().div_ceil(S::W::DIMS);
    let capacity = (BLOCK_BYTES / (row_words * 4)).clamp(TILE, 256) / TILE * TILE;
    let mut block = Block {
        slots: vec![0; capacity],
        packed: vec![0; capacity * row_words],
        tests: vec![RowTest::default(); capacity],
        squares: vec![0; capacity],
    };
    let mut blocks = allowed.blocks();
    loop {
        let n = blocks.fill(&mut block.slots);
        if n == 0 {
            return;
        }
        // SAFETY: run() has the instruction set.
        unsafe {
            block.pack::<S>(rows, n, row_words);
            for (group, rankings) in groups.iter_mut().zip(rankings.chunks_mut(2 * S::W::LANES)) {
                for first in (0..n).step_by(TILE) {
                    if S::WIDE {
                        scan_tile::<S, SQUARES, 8>(&block, first, n, row_words, group, rankings);
                    } else {
                        scan_tile::<S, SQUARES, 4>(&block, first, n, row_words, group, rankings);
                        scan_tile::<S, SQUARES, 4>(&block, first + 4, n, row_words, group, rankings);
                    }
                }
            }
        }
    }
}

/// Rows as the batch reads them.
struct Block {
    slots: Vec<u32>,
    packed: Vec<u32>,
    tests: Vec<RowTest>,
    squares: Vec<i32>,
}

impl Block {
    #[inline(always)]
    unsafe fn pack<S: Simd>(&mut self, rows: CodeRows, n: usize, row_words: usize) {
        for i in 0..n {
            let slot = self.slots[i] as usize;
            let codes = rows.codes(slot);
            // SAFETY: a row of `dim` codes, and room for it.
            unsafe {
                S::W::pack_row(codes, &mut self.packed[i * row_words..][..row_words]);
                self.squares[i] = S::W::sum_of_squares(codes.as_ptr(), rows.dim());
            }
            self.tests[i] = row_test(rows.scale(slot), self.squares[i], rows.dim());
        }
    }
}

/// Two registers of queries, packed: for each word of dims the words of all queries.
struct Group {
    packed: Vec<Line>,
    /// Sums begin at -OFFSET times the query's sum, so that the rows' offset cancels.
    start: [[i32; 16]; 2],
    tests: [LaneTests; 2],
}

impl Group {
    #[inline(always)]
    fn new<S: Simd>(rankings: &[Ranking], dim: usize) -> Group {
        let (lanes, row_words) = (S::W::LANES, dim.div_ceil(S::W::DIMS));
        let mut packed = vec![Line([0; 16]); row_words * lanes / 8];
        let to = words(&mut packed);
        let mut query = vec![0; row_words];
        // A lane without a query: nothing reaches infinity.
        let mut tests = [LaneTests { t: [f32::INFINITY; 16], b: [0.0; 16], u: [0.0; 16] }; 2];
        let mut start = [[0; 16]; 2];
        for (i, ranking) in rankings.iter().enumerate() {
            let (v, lane) = (i / lanes, i % lanes);
            // SAFETY: `query` has room for `dim` elements.
            unsafe { S::W::pack_query(&ranking.bound.codes, &mut query) };
            for (w, &word) in query.iter().enumerate() {
                to[w * 2 * lanes + i] = word;
            }
            start[v][lane] = -S::W::OFFSET * ranking.bound.sum;
            tests[v].t[lane] = ranking.floor();
            tests[v].b[lane] = ranking.bound.slope();
            tests[v].u[lane] = ranking.bound.inverse();
        }
        Group { packed, start, tests }
    }
}

/// R rows of a block from `first` with a group of queries.
#[inline(always)]
unsafe fn scan_tile<S: Simd, const SQUARES: bool, const R: usize>(
    block: &Block,
    first: usize,
    n: usize,
    row_words: usize,
    group: &mut Group,
    rankings: &mut [Ranking],
) {
    let lanes = S::W::LANES;
    let rows = &block.packed[first * row_words..][..R * row_words];
    // SAFETY: the slices hold R rows and two registers a word.
    let sums = unsafe {
        let start = [S::W::load(group.start[0].as_ptr().cast()), S::W::load(group.start[1].as_ptr().cast())];
        let mut sums = [start; R];
        let queries: *const u32 = group.packed.as_ptr().cast();
        for w in 0..row_words {
            let q0 = S::W::load(queries.add(w * 2 * lanes));
            let q1 = S::W::load(queries.add((w * 2 + 1) * lanes));
            for r in 0..R {
                let row = S::W::splat(*rows.get_unchecked(r * row_words + w));
                sums[r][0] = sums[r][0].multiply_add(row, q0);
                sums[r][1] = sums[r][1].multiply_add(row, q1);
            }
        }
        sums
    };
    for r in 0..R {
        for v in 0..2 {
            let at = first + r;
            // SAFETY: run() has the instruction set.
            let mut reaching = unsafe { sums[r][v].reaching::<SQUARES>(&block.tests[at], &group.tests[v]) };
            if reaching == 0 || at >= n {
                continue;
            }
            let mut products = [0i32; 16];
            unsafe { sums[r][v].store(products.as_mut_ptr()) };
            while reaching != 0 {
                let lane = reaching.trailing_zeros() as usize;
                reaching &= reaching - 1;
                let Some(ranking) = rankings.get_mut(v * lanes + lane) else { break };
                if ranking.offer(block.slots[at], products[lane], &block.tests[at], block.squares[at]) {
                    group.tests[v].t[lane] = ranking.floor();
                }
            }
        }
    }
}
