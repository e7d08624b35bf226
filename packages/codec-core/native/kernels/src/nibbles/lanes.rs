//! What searches do for the 64 rows of a block at once: the reference, and by an instruction set.

use super::tables::{Four, Least};
use super::{BLOCK, FOUR};
use crate::int8::best::keep_best;
use crate::simd::Simd;
use std::marker::PhantomData;

pub(super) trait Lanes: Copy {
    /// As [`Simd::nibble_sums`].
    fn sums(self, queries: &[&[Four]], blocks: &[u8], size: usize, sums: &mut [[u16; BLOCK]]);
    /// As [`Simd::nibbles_reach`].
    fn reach(self, sums: &[u16; BLOCK], places: &[u8; BLOCK], least: &Least, range: [u8; 2]) -> u64;
    /// As [`Simd::keep_best`].
    fn keep_best(self, scores: &mut Vec<f32>, k: usize) -> f32;
}

/// The reference.
#[derive(Clone, Copy)]
pub(super) struct Plain;

impl Lanes for Plain {
    fn sums(self, queries: &[&[Four]], blocks: &[u8], size: usize, sums: &mut [[u16; BLOCK]]) {
        for (block, sums) in blocks.chunks_exact(size).zip(sums.chunks_mut(queries.len())) {
            for (fours, sums) in queries.iter().zip(sums) {
                *sums = [0; BLOCK];
                for (four, bytes) in fours.iter().zip(block.chunks_exact(FOUR * BLOCK)) {
                    for (sum, bytes) in sums.iter_mut().zip(bytes.chunks_exact(FOUR)) {
                        for (b, &byte) in bytes.iter().enumerate() {
                            for (half, nibble) in [byte & 15, byte >> 4].into_iter().enumerate() {
                                let entry = four.entries[half][b][usize::from(nibble)];
                                *sum += u16::from(entry) * u16::from(four.weights[half][b]);
                            }
                        }
                    }
                }
            }
        }
    }

    fn reach(self, sums: &[u16; BLOCK], places: &[u8; BLOCK], least: &Least, _range: [u8; 2]) -> u64 {
        let rows = sums.iter().zip(places).enumerate();
        rows.fold(0, |mask, (row, (&sum, &place))| mask | u64::from(sum >= least[usize::from(place)]) << row)
    }

    fn keep_best(self, scores: &mut Vec<f32>, k: usize) -> f32 {
        keep_best(scores, k)
    }
}

/// By an instruction set.
pub(super) struct Wide<S>(PhantomData<S>);

impl<S> Wide<S> {
    /// # Safety
    /// Needs the instruction set, as long as this is used.
    #[inline(always)]
    pub(super) unsafe fn new() -> Wide<S> {
        Wide(PhantomData)
    }
}

impl<S> Clone for Wide<S> {
    #[inline(always)]
    fn clone(&self) -> Self {
        *self
    }
}

impl<S> Copy for Wide<S> {}

impl<S: Simd> Lanes for Wide<S> {
    #[inline(always)]
    fn sums(self, queries: &[&[Four]], blocks: &[u8], size: usize, sums: &mut [[u16; BLOCK]]) {
        let fours = size / (FOUR * BLOCK);
        assert!(queries.iter().all(|own| own.len() <= fours) && blocks.len() / size * queries.len() <= sums.len());
        // SAFETY: the instruction set is there; blocks have the fours of queries.
        unsafe { S::nibble_sums(queries, blocks, size, sums) }
    }

    #[inline(always)]
    fn reach(self, sums: &[u16; BLOCK], places: &[u8; BLOCK], least: &Least, range: [u8; 2]) -> u64 {
        // SAFETY: the instruction set is there.
        unsafe { S::nibbles_reach(sums, places, least, range) }
    }

    #[inline(always)]
    fn keep_best(self, scores: &mut Vec<f32>, k: usize) -> f32 {
        // SAFETY: the instruction set is there.
        unsafe { S::keep_best(scores, k) }
    }
}
