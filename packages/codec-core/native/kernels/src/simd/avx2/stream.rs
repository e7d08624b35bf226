//! Rows of streams: words to lanes of two bytes for each value, its bits put in place by a multiplication, levels by shuffles
//! of 16 bytes of a table each, between which the bits above choose.
#![allow(unsafe_op_in_unsafe_fn)] // every line is an intrinsic

use super::super::Sixteen;
use super::turbo::fetch_ahead;
use super::{Floats, sums8};
use crate::coded::{GROUP, Plan, Step, WIDTH};
use std::arch::x86_64::*;

/// Values of a register.
const LANES: usize = 32;
/// Bytes that are read of a word.
const WORD: usize = 16;

/// See `Packed::unpack_stream`.
#[inline(never)]
#[target_feature(enable = "avx2,fma,f16c")]
pub(in crate::simd) unsafe fn unpack(plan: &Plan, codes: &[u8], to: &mut [i8]) {
    let mut last = [0u8; WIDTH + WORD];
    for (step, to) in plan.steps.iter().zip(to.chunks_mut(WIDTH)) {
        for (half, to) in to.chunks_exact_mut(LANES).enumerate() {
            let words = &step.words[half * 4..][..4];
            let first = words[0];
            let end = words[3] + WORD;
            let mut from = codes.as_ptr();
            if end > codes.len() {
                // Nothing behind all rows is read.
                let there = &codes[first.min(codes.len())..];
                last[..there.len()].copy_from_slice(there);
                from = last.as_ptr().wrapping_sub(first);
            }
            _mm256_storeu_si256(to.as_mut_ptr().cast(), levels(plan, step, half, from));
        }
    }
}

/// Levels of half a step's values; those past its end mean nothing. Reads `WORD` bytes from each word on.
#[inline(always)]
unsafe fn levels(plan: &Plan, step: &Step, half: usize, codes: *const u8) -> __m256i {
    let at = half * LANES;
    let bytes = _mm256_packus_epi16(two_words(step, half * 4, codes), two_words(step, half * 4 + 1, codes));
    // All bits of a window above 127 are turned.
    let windows = mask((step.windows >> at) as u32);
    let mirrored = _mm256_and_si256(_mm256_cmpgt_epi8(_mm256_setzero_si256(), bytes), windows);
    let bytes = _mm256_xor_si256(bytes, mirrored);
    let mut out = bytes;
    for &(table, values) in &step.runs {
        let values = (values >> at) as u32;
        if values == 0 {
            continue;
        }
        let found = look_up(plan.tables.get_unchecked(table), bytes);
        out = if values == u32::MAX { found } else { _mm256_blendv_epi8(out, found, mask(values)) };
    }
    // Minus x is all bits of x turned, plus 1.
    _mm256_sub_epi8(_mm256_xor_si256(out, mirrored), mirrored)
}

/// The bytes of the values of words `i` and i + 2, each in two bytes.
#[inline(always)]
unsafe fn two_words(step: &Step, i: usize, codes: *const u8) -> __m256i {
    let word = load2(codes.wrapping_add(step.words[i]), codes.wrapping_add(step.words[i + 2]));
    let pairs = load2(step.pairs[i * GROUP..].as_ptr(), step.pairs[(i + 2) * GROUP..].as_ptr());
    let powers = load2(step.powers[i * GROUP..].as_ptr(), step.powers[(i + 2) * GROUP..].as_ptr());
    _mm256_srli_epi16::<8>(_mm256_mullo_epi16(_mm256_shuffle_epi8(word, pairs), powers))
}

#[inline(always)]
unsafe fn load2<T>(low: *const T, high: *const T) -> __m256i {
    _mm256_set_m128i(_mm_loadu_si128(high.cast()), _mm_loadu_si128(low.cast()))
}

/// Of bytes below 128, or whatever there is above them.
#[inline(always)]
unsafe fn look_up(table: &[i8; 256], bytes: __m256i) -> __m256i {
    let low = _mm256_and_si256(bytes, _mm256_set1_epi8(15));
    let mut parts = [low; 8];
    for i in 0..8 {
        let part = _mm_loadu_si128(table[i * 16..][..16].as_ptr().cast());
        parts[i] = _mm256_shuffle_epi8(_mm256_broadcastsi128_si256(part), low);
    }
    // Bits 4, 5 and 6, one after the other, at the top.
    let bit = _mm256_slli_epi16::<3>(bytes);
    for i in 0..4 {
        parts[i] = _mm256_blendv_epi8(parts[2 * i], parts[2 * i + 1], bit);
    }
    let bit = _mm256_slli_epi16::<2>(bytes);
    for i in 0..2 {
        parts[i] = _mm256_blendv_epi8(parts[2 * i], parts[2 * i + 1], bit);
    }
    _mm256_blendv_epi8(parts[0], parts[1], _mm256_slli_epi16::<1>(bytes))
}

/// All bits of each byte whose bit is set.
#[inline(always)]
unsafe fn mask(bits: u32) -> __m256i {
    let own = _mm256_set1_epi64x(i64::from_le_bytes([1, 2, 4, 8, 16, 32, 64, 128]));
    let [a, b, c, d] = [0, 1, 2, 3].map(|byte: i64| byte * 0x0101_0101_0101_0101);
    let spread = _mm256_shuffle_epi8(_mm256_set1_epi32(bits as i32), _mm256_setr_epi64x(a, b, c, d));
    _mm256_cmpeq_epi8(_mm256_and_si256(spread, own), own)
}

/// See `Packed::products_stream`.
#[inline(never)]
#[target_feature(enable = "avx2,fma,f16c")]
pub(in crate::simd) unsafe fn products<const PARTS: usize>(
    plan: &Plan,
    parts: &[Vec<i8>; 2],
    rows: Sixteen,
) -> [Floats; 2] {
    // With room behind the last one, for words are read whole.
    let mut codes = vec![0u8; 15 * rows.stride + rows.bytes + WIDTH + WORD];
    let there = 15 * rows.stride + rows.bytes;
    std::ptr::copy_nonoverlapping(rows.first, codes.as_mut_ptr(), there);
    let mut ahead = fetch_ahead(rows);
    let ones = _mm256_set1_epi16(1);
    let mut floats = [[_mm256_setzero_ps(); 2]; 2];
    for half in 0..2 {
        let mut sums = [[_mm256_setzero_si256(); 8]; 2];
        for r in 0..8 {
            _mm_prefetch::<_MM_HINT_T0>(ahead.cast());
            ahead = ahead.wrapping_add(rows.stride);
            let row = codes.as_ptr().add((half * 8 + r) * rows.stride);
            for (i, step) in plan.steps.iter().enumerate() {
                for h in 0..2 {
                    let at = i * WIDTH + h * LANES;
                    if at >= parts[0].len() {
                        break;
                    }
                    let levels = levels(plan, step, h, row);
                    let magnitudes = _mm256_abs_epi8(levels);
                    for p in 0..PARTS {
                        let q = _mm256_loadu_si256(parts[p][at..][..LANES].as_ptr().cast());
                        let pairs = _mm256_maddubs_epi16(magnitudes, _mm256_sign_epi8(q, levels));
                        sums[p][r] = _mm256_add_epi32(sums[p][r], _mm256_madd_epi16(pairs, ones));
                    }
                }
            }
        }
        for p in 0..PARTS {
            floats[p][half] = _mm256_cvtepi32_ps(sums8(&sums[p]));
        }
    }
    floats.map(|[low, high]| Floats(low, high))
}
