//! Sums of table entries. A shuffle looks one byte of 32 rows up, for which fours of bytes are turned into rows of bytes.
#![allow(unsafe_op_in_unsafe_fn)] // every line is an intrinsic

use crate::nibbles::{Four, Least};
use std::arch::x86_64::*;

#[inline(always)]
pub(in crate::simd) unsafe fn sums(queries: &[&[Four]], blocks: &[u8], size: usize, to: &mut [[u16; 64]]) {
    let count = queries.len();
    for (block, to) in blocks.chunks_exact(size).zip(to.chunks_exact_mut(count)) {
        for (pair, to) in queries.chunks(2).zip(to.chunks_mut(2)) {
            for half in 0..2 {
                match pair {
                    [a, b] => by([a, b], block, to, half * 32),
                    one => by([one[0]], block, to, half * 32),
                }
            }
        }
    }
}

/// Of 32 rows from `from` on.
#[inline(always)]
unsafe fn by<const Q: usize>(queries: [&[Four]; Q], block: &[u8], to: &mut [[u16; 64]], from: usize) {
    let nibble = _mm256_set1_epi8(15);
    let mut sums = [[_mm256_setzero_si256(); 2]; Q];
    for f in 0..queries[0].len() {
        let bytes = planes(block.as_ptr().add(f * 256 + from * 4));
        for (b, x) in bytes.into_iter().enumerate() {
            let (lower, upper) = (_mm256_and_si256(x, nibble), _mm256_and_si256(_mm256_srli_epi16::<4>(x), nibble));
            for q in 0..Q {
                let four = queries[q].get_unchecked(f);
                let lower = _mm256_shuffle_epi8(table(&four.entries[0][b]), lower);
                let upper = _mm256_shuffle_epi8(table(&four.entries[1][b]), upper);
                let weights = _mm256_set1_epi16(i16::from_le_bytes([four.weights[0][b], four.weights[1][b]]));
                let (first, second) = (_mm256_unpacklo_epi8(lower, upper), _mm256_unpackhi_epi8(lower, upper));
                sums[q][0] = _mm256_add_epi16(sums[q][0], _mm256_maddubs_epi16(first, weights));
                sums[q][1] = _mm256_add_epi16(sums[q][1], _mm256_maddubs_epi16(second, weights));
            }
        }
    }
    for q in 0..Q {
        for (half, sums) in sums[q].into_iter().enumerate() {
            let to = to[q].as_mut_ptr().add(from + half * 16);
            _mm256_storeu_si256(to.cast(), _mm256_permute4x64_epi64::<0xd8>(sums));
        }
    }
}

#[inline(always)]
unsafe fn table(entries: &[u8; 16]) -> __m256i {
    _mm256_broadcastsi128_si256(_mm_loadu_si128(entries.as_ptr().cast()))
}

/// Bytes 0 to 3 of 32 rows, each of them in the order of rows 0-3, 8-11, 16-19, 24-27, then 4-7, 12-15, 20-23, 28-31.
#[inline(always)]
unsafe fn planes(from: *const u8) -> [__m256i; 4] {
    let turned = _mm_setr_epi8(0, 4, 8, 12, 1, 5, 9, 13, 2, 6, 10, 14, 3, 7, 11, 15);
    let turned = _mm256_broadcastsi128_si256(turned);
    let mut eights = [_mm256_setzero_si256(); 4];
    for (i, eight) in eights.iter_mut().enumerate() {
        *eight = _mm256_shuffle_epi8(_mm256_loadu_si256(from.add(i * 32).cast()), turned);
    }
    let [a, b, c, d] = eights;
    let (first, second) = (_mm256_unpacklo_epi32(a, b), _mm256_unpacklo_epi32(c, d));
    let (third, fourth) = (_mm256_unpackhi_epi32(a, b), _mm256_unpackhi_epi32(c, d));
    [
        _mm256_unpacklo_epi64(first, second),
        _mm256_unpackhi_epi64(first, second),
        _mm256_unpacklo_epi64(third, fourth),
        _mm256_unpackhi_epi64(third, fourth),
    ]
}

/// Rows that reach what their scalars ask for.
#[inline(always)]
pub(super) unsafe fn reach(sums: &[u16; 64], places: &[u8; 64], least: &Least, range: [u8; 2]) -> u64 {
    let any = _mm256_set1_epi16(least[usize::from(range[1])] as i16);
    let mut maybe = reach_any(sums.as_ptr(), any) | reach_any(sums.as_ptr().add(32), any) << 32;
    let mut found = 0;
    while maybe != 0 {
        let row = maybe.trailing_zeros() as usize;
        maybe &= maybe - 1;
        found |= u64::from(sums[row] >= least[usize::from(places[row])]) << row;
    }
    found
}

/// Which of 32 sums reach the same.
#[inline(always)]
unsafe fn reach_any(sums: *const u16, least: __m256i) -> u64 {
    let (first, second) = (_mm256_loadu_si256(sums.cast()), _mm256_loadu_si256(sums.add(16).cast()));
    let first = _mm256_cmpeq_epi16(_mm256_max_epu16(first, least), first);
    let second = _mm256_cmpeq_epi16(_mm256_max_epu16(second, least), second);
    // Packing takes 128 bits of each in turn.
    let bytes = _mm256_permute4x64_epi64::<0xd8>(_mm256_packs_epi16(first, second));
    u64::from(_mm256_movemask_epi8(bytes) as u32)
}
