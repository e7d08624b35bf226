//! Sums of table entries, 32 rows to a register.
#![allow(unsafe_op_in_unsafe_fn)] // every line is an intrinsic

use crate::nibbles::Extra;
use std::arch::x86_64::*;

#[inline(always)]
pub(super) unsafe fn sums(entries: &[&[[u8; 16]]], codes: &[u8], to: &mut [[u16; 64]]) {
    for (pair, to) in entries.chunks(2).zip(to.chunks_mut(2)) {
        for half in 0..2 {
            match pair {
                [a, b] => by([a, b], codes, to, half * 32),
                one => by([one[0]], codes, to, half * 32),
            }
        }
    }
}

/// Of 32 rows from `from` on.
#[inline(always)]
unsafe fn by<const Q: usize>(entries: [&[[u8; 16]]; Q], codes: &[u8], to: &mut [[u16; 64]], from: usize) {
    let nibble = _mm256_set1_epi8(15);
    // Words of two rows' sums, and sums of the second ones alone.
    let mut both = [_mm256_setzero_si256(); Q];
    let mut odd = [_mm256_setzero_si256(); Q];
    for byte in 0..codes.len() / 64 {
        let x = _mm256_loadu_si256(codes.as_ptr().add(byte * 64 + from).cast());
        let (lower, upper) = (_mm256_and_si256(x, nibble), _mm256_and_si256(_mm256_srli_epi16::<4>(x), nibble));
        for q in 0..Q {
            let table =
                |n: usize| _mm256_broadcastsi128_si256(_mm_loadu_si128(entries[q].as_ptr().add(2 * byte + n).cast()));
            let sum = _mm256_add_epi8(_mm256_shuffle_epi8(table(0), lower), _mm256_shuffle_epi8(table(1), upper));
            both[q] = _mm256_add_epi16(both[q], sum);
            odd[q] = _mm256_add_epi16(odd[q], _mm256_srli_epi16::<8>(sum));
        }
    }
    for q in 0..Q {
        let even = _mm256_sub_epi16(both[q], _mm256_slli_epi16::<8>(odd[q]));
        let (low, high) = (_mm256_unpacklo_epi16(even, odd[q]), _mm256_unpackhi_epi16(even, odd[q]));
        let to = to[q][from..][..32].as_mut_ptr();
        _mm256_storeu_si256(to.cast(), _mm256_permute2x128_si256::<0x20>(low, high));
        _mm256_storeu_si256(to.add(16).cast(), _mm256_permute2x128_si256::<0x31>(low, high));
    }
}

/// Adds what else is to be looked up.
#[inline(always)]
pub(super) unsafe fn extras(extras: &[Extra], codes: &[u8], sums: &mut [u16; 64]) {
    for extra in extras {
        let table = _mm256_broadcastsi128_si256(_mm_loadu_si128(extra.entries.as_ptr().cast()));
        for half in 0..2 {
            let x = _mm256_loadu_si256(codes.as_ptr().add(extra.byte * 64 + half * 32).cast());
            let x = if extra.upper { _mm256_srli_epi16::<4>(x) } else { x };
            let more = _mm256_shuffle_epi8(table, _mm256_and_si256(x, _mm256_set1_epi8(15)));
            let to = sums[half * 32..][..32].as_mut_ptr();
            for (to, more) in [(to, _mm256_castsi256_si128(more)), (to.add(16), _mm256_extracti128_si256::<1>(more))] {
                let sum = _mm256_loadu_si256(to.cast());
                _mm256_storeu_si256(to.cast(), _mm256_add_epi16(sum, _mm256_cvtepu8_epi16(more)));
            }
        }
    }
}

/// Which of the sums are at least that.
#[inline(always)]
pub(super) unsafe fn reach(sums: &[u16; 64], least: u16) -> u64 {
    let least = _mm256_set1_epi16(least as i16);
    let reach = |from: usize| {
        let sums = _mm256_loadu_si256(sums[from..][..16].as_ptr().cast());
        _mm256_cmpeq_epi16(_mm256_max_epu16(sums, least), sums)
    };
    let thirty_two = |from: usize| {
        // Packing takes 128 bits of each in turn.
        let bytes = _mm256_packs_epi16(reach(from), reach(from + 16));
        u64::from(_mm256_movemask_epi8(_mm256_permute4x64_epi64::<0xd8>(bytes)) as u32)
    };
    thirty_two(0) | thirty_two(32) << 32
}
