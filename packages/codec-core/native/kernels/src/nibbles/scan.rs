//! All rows, some blocks at a time: their sums for some queries side by side, then those that reach what is asked.

use super::asked::{Asked, Passed};
use super::blocks::{Block, fill};
use super::lanes::Lanes;
use super::search::{Rows, Search};
use super::tables::Four;
use super::{BLOCK, CHUNK, FOUR};
use crate::allowed::Allowed;

/// Queries that share a block's bytes.
const SIDE_BY_SIDE: usize = 4;
/// Bytes of blocks that queries go over by turns, which a first-level cache keeps.
const CHUNK_BYTES: usize = 28 * 1024;
/// Fours of bytes whose sums fit into 16 bits whatever the query, 8 x 1,020 each.
const PART: usize = 8;

impl Search<'_> {
    #[inline(always)]
    pub(super) fn by_blocks(&self, asked: &mut [Asked], inverse: &[f64; 256], allowed: Allowed, lanes: impl Lanes) {
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
