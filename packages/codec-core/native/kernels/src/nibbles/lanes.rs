//! What searches do for a block's 64 rows at once: the reference, and by an instruction set.

use super::{BLOCK, Extra};
use crate::int8::best::keep_best;
use crate::simd::Simd;
use std::marker::PhantomData;

/// What is done for 64 rows at once.
pub(super) trait Lanes: Copy {
    /// As [`Simd::nibble_sums`].
    fn sums(self, entries: &[&[[u8; 16]]], codes: &[u8], sums: &mut [[u16; BLOCK]]);
    /// As [`Simd::nibble_extras`].
    fn extras(self, extras: &[Extra], codes: &[u8], sums: &mut [u16; BLOCK]);
    /// As [`Simd::nibbles_reach`].
    fn reach(self, sums: &[u16; BLOCK], least: u16) -> u64;
    /// As [`Simd::keep_best`].
    fn keep_best(self, scores: &mut Vec<f32>, k: usize) -> f32;
}

/// The reference.
#[derive(Clone, Copy)]
pub(super) struct Plain;

impl Lanes for Plain {
    fn sums(self, entries: &[&[[u8; 16]]], codes: &[u8], sums: &mut [[u16; BLOCK]]) {
        for (entries, sums) in entries.iter().zip(sums) {
            *sums = [0; BLOCK];
            let (pairs, _) = entries.as_chunks::<2>();
            for (bytes, [low, high]) in codes.chunks_exact(BLOCK).zip(pairs) {
                for (sum, &byte) in sums.iter_mut().zip(bytes) {
                    *sum += u16::from(low[usize::from(byte & 15)]) + u16::from(high[usize::from(byte >> 4)]);
                }
            }
        }
    }

    fn extras(self, extras: &[Extra], codes: &[u8], sums: &mut [u16; BLOCK]) {
        for &Extra { byte, upper, entries } in extras {
            for (sum, &byte) in sums.iter_mut().zip(&codes[byte * BLOCK..]) {
                *sum += u16::from(entries[usize::from(if upper { byte >> 4 } else { byte & 15 })]);
            }
        }
    }

    fn reach(self, sums: &[u16; BLOCK], least: u16) -> u64 {
        sums.iter().enumerate().fold(0, |mask, (row, &sum)| mask | u64::from(sum >= least) << row)
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
    fn sums(self, entries: &[&[[u8; 16]]], codes: &[u8], sums: &mut [[u16; BLOCK]]) {
        // SAFETY: the instruction set is there; queries have two tables for each byte.
        unsafe { S::nibble_sums(entries, codes, sums) }
    }

    #[inline(always)]
    fn extras(self, extras: &[Extra], codes: &[u8], sums: &mut [u16; BLOCK]) {
        // SAFETY: the instruction set is there; extras are of bytes of the codes.
        unsafe { S::nibble_extras(extras, codes, sums) }
    }

    #[inline(always)]
    fn reach(self, sums: &[u16; BLOCK], least: u16) -> u64 {
        // SAFETY: the instruction set is there.
        unsafe { S::nibbles_reach(sums, least) }
    }

    #[inline(always)]
    fn keep_best(self, scores: &mut Vec<f32>, k: usize) -> f32 {
        // SAFETY: the instruction set is there.
        unsafe { S::keep_best(scores, k) }
    }
}
