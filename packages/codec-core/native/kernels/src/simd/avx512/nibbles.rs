//! Sums of table entries, 64 rows to a register.
#![allow(unsafe_op_in_unsafe_fn)] // every line is an intrinsic

use crate::nibbles::Extra;
use std::arch::x86_64::*;

#[inline(always)]
pub(super) unsafe fn sums(entries: &[&[[u8; 16]]], codes: &[u8], to: &mut [[u16; 64]]) {
    match entries {
        [a] => by([a], codes, to),
        [a, b] => by([a, b], codes, to),
        [a, b, c] => by([a, b, c], codes, to),
        [a, b, c, d] => by([a, b, c, d], codes, to),
        _ => unreachable!("one to four queries"),
    }
}

#[inline(always)]
unsafe fn by<const Q: usize>(entries: [&[[u8; 16]]; Q], codes: &[u8], to: &mut [[u16; 64]]) {
    let nibble = _mm512_set1_epi8(15);
    // Words of two rows' sums, and sums of the second ones alone.
    let mut both = [_mm512_setzero_si512(); Q];
    let mut odd = [_mm512_setzero_si512(); Q];
    for byte in 0..codes.len() / 64 {
        let x = _mm512_loadu_si512(codes.as_ptr().add(byte * 64).cast());
        let (lower, upper) = (_mm512_and_si512(x, nibble), _mm512_and_si512(_mm512_srli_epi16::<4>(x), nibble));
        for q in 0..Q {
            let table =
                |n: usize| _mm512_broadcast_i32x4(_mm_loadu_si128(entries[q].as_ptr().add(2 * byte + n).cast()));
            let sum = _mm512_add_epi8(_mm512_shuffle_epi8(table(0), lower), _mm512_shuffle_epi8(table(1), upper));
            both[q] = _mm512_add_epi16(both[q], sum);
            odd[q] = _mm512_add_epi16(odd[q], _mm512_srli_epi16::<8>(sum));
        }
    }
    let first = _mm512_setr_epi64(0, 1, 8, 9, 2, 3, 10, 11);
    let second = _mm512_setr_epi64(4, 5, 12, 13, 6, 7, 14, 15);
    for q in 0..Q {
        let even = _mm512_sub_epi16(both[q], _mm512_slli_epi16::<8>(odd[q]));
        let (low, high) = (_mm512_unpacklo_epi16(even, odd[q]), _mm512_unpackhi_epi16(even, odd[q]));
        let to = to[q].as_mut_ptr();
        _mm512_storeu_si512(to.cast(), _mm512_permutex2var_epi64(low, first, high));
        _mm512_storeu_si512(to.add(32).cast(), _mm512_permutex2var_epi64(low, second, high));
    }
}

/// Adds what else is to be looked up.
#[inline(always)]
pub(super) unsafe fn extras(extras: &[Extra], codes: &[u8], sums: &mut [u16; 64]) {
    if extras.is_empty() {
        return;
    }
    let to = sums.as_mut_ptr();
    let mut first = _mm512_loadu_si512(to.cast());
    let mut second = _mm512_loadu_si512(to.add(32).cast());
    for extra in extras {
        let x = _mm512_loadu_si512(codes.as_ptr().add(extra.byte * 64).cast());
        let x = if extra.upper { _mm512_srli_epi16::<4>(x) } else { x };
        let table = _mm512_broadcast_i32x4(_mm_loadu_si128(extra.entries.as_ptr().cast()));
        let more = _mm512_shuffle_epi8(table, _mm512_and_si512(x, _mm512_set1_epi8(15)));
        first = _mm512_add_epi16(first, _mm512_cvtepu8_epi16(_mm512_castsi512_si256(more)));
        second = _mm512_add_epi16(second, _mm512_cvtepu8_epi16(_mm512_extracti64x4_epi64::<1>(more)));
    }
    _mm512_storeu_si512(to.cast(), first);
    _mm512_storeu_si512(to.add(32).cast(), second);
}

/// Which of the sums are at least that.
#[inline(always)]
pub(super) unsafe fn reach(sums: &[u16; 64], least: u16) -> u64 {
    let least = _mm512_set1_epi16(least as i16);
    let reach =
        |from: usize| u64::from(_mm512_cmpge_epu16_mask(_mm512_loadu_si512(sums[from..][..32].as_ptr().cast()), least));
    reach(0) | reach(32) << 32
}
