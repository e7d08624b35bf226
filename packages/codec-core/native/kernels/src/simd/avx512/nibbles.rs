//! Sums of table entries. `vpermb` (VBMI) looks four bytes of a row up in their four tables at once, the place of a byte
//! among the four being the upper half of its index, and `vpdpbusd` adds the four by their weights: nothing is to be
//! widened, and sixteen rows' sums are a register. CPUs without VBMI go by 256 bits.
#![allow(unsafe_op_in_unsafe_fn)] // every line is an intrinsic

use crate::nibbles::{Four, Least};
use crate::simd::avx2;
use std::arch::x86_64::*;

#[inline(always)]
pub(super) unsafe fn sums(queries: &[&[Four]], blocks: &[u8], size: usize, to: &mut [[u16; 64]]) {
    if !is_x86_feature_detected!("avx512vbmi") {
        return avx2::nibbles::sums(queries, blocks, size, to);
    }
    match queries {
        [a] => by([a], blocks, size, to),
        [a, b] => by([a, b], blocks, size, to),
        [a, b, c] => by([a, b, c], blocks, size, to),
        [a, b, c, d] => by([a, b, c, d], blocks, size, to),
        _ => unreachable!("one to four queries"),
    }
}

#[inline(never)]
#[target_feature(enable = "avx512f,avx512bw,avx512dq,avx512vl,avx512vnni,avx512vbmi")]
unsafe fn by<const Q: usize>(queries: [&[Four]; Q], blocks: &[u8], size: usize, to: &mut [[u16; 64]]) {
    let nibble = _mm512_set1_epi8(15);
    let place = _mm512_set1_epi32(0x3020_1000);
    for (block, to) in blocks.chunks_exact(size).zip(to.chunks_exact_mut(Q)) {
        let mut sums = [[_mm512_setzero_si512(); 4]; Q];
        for f in 0..queries[0].len() {
            let fours: [&Four; Q] = std::array::from_fn(|q| queries[q].get_unchecked(f));
            for part in 0..4 {
                let x = _mm512_loadu_si512(block.as_ptr().add(f * 256 + part * 64).cast());
                // (x & 15) | place
                let lower = _mm512_ternarylogic_epi32::<0xf8>(place, x, nibble);
                let upper = _mm512_ternarylogic_epi32::<0xf8>(place, _mm512_srli_epi16::<4>(x), nibble);
                for q in 0..Q {
                    for (half, index) in [lower, upper].into_iter().enumerate() {
                        let table = _mm512_loadu_si512(fours[q].entries[half].as_ptr().cast());
                        let weights = _mm512_set1_epi32(i32::from_le_bytes(fours[q].weights[half]));
                        let entries = _mm512_permutexvar_epi8(index, table);
                        sums[q][part] = _mm512_dpbusd_epi32(sums[q][part], entries, weights);
                    }
                }
            }
        }
        for q in 0..Q {
            for part in 0..4 {
                let to = to[q].as_mut_ptr().add(part * 16);
                _mm256_storeu_si256(to.cast(), _mm512_cvtepi32_epi16(sums[q][part]));
            }
        }
    }
}

/// Rows that reach what their scalars ask for.
#[inline(always)]
pub(super) unsafe fn reach(sums: &[u16; 64], places: &[u8; 64], least: &Least, range: [u8; 2]) -> u64 {
    let first = _mm512_loadu_si512(sums.as_ptr().cast());
    let second = _mm512_loadu_si512(sums.as_ptr().add(32).cast());
    let (from, to) = (places.as_ptr(), least.as_ptr());
    let (first_asked, second_asked) = if range[1].wrapping_sub(range[0]) < 64 {
        // Most blocks' scalars are that much alike: one permutation does.
        let (start, to) = (_mm512_set1_epi16(range[0].into()), to.add(usize::from(range[0])));
        (of_64(_mm512_sub_epi16(words(from), start), to), of_64(_mm512_sub_epi16(words(from.add(32)), start), to))
    } else {
        (of_256(words(from), to), of_256(words(from.add(32)), to))
    };
    let low = _mm512_cmpge_epu16_mask(first, first_asked);
    let high = _mm512_cmpge_epu16_mask(second, second_asked);
    u64::from(low) | u64::from(high) << 32
}

/// 32 bytes as words.
#[inline(always)]
unsafe fn words(from: *const u8) -> __m512i {
    _mm512_cvtepu8_epi16(_mm256_loadu_si256(from.cast()))
}

/// What 256 numbers are at 32 places.
#[inline(always)]
unsafe fn of_256(place: __m512i, least: *const u16) -> __m512i {
    let second = _mm512_test_epi16_mask(place, _mm512_set1_epi16(64));
    let lower = _mm512_mask_blend_epi16(second, of_64(place, least), of_64(place, least.add(64)));
    let upper = _mm512_mask_blend_epi16(second, of_64(place, least.add(128)), of_64(place, least.add(192)));
    _mm512_mask_blend_epi16(_mm512_test_epi16_mask(place, _mm512_set1_epi16(128)), lower, upper)
}

/// What 64 numbers are at 32 places, by the lowest 6 bits of these.
#[inline(always)]
unsafe fn of_64(place: __m512i, least: *const u16) -> __m512i {
    _mm512_permutex2var_epi16(_mm512_loadu_si512(least.cast()), place, _mm512_loadu_si512(least.add(32).cast()))
}
