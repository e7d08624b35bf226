//! Rows of `turbo` codes: levels by byte shuffles, of 3 bits after words were put in place by a multiplication.

use super::super::Packed;
use super::super::avx2::{array, fetch_far};
use super::{Avx512, FLIP, sums16};
use crate::turbo::{Coding, table};
use std::arch::x86_64::*;

/// Code bytes that become whole registers of levels.
const fn step(bits: usize) -> usize {
    match bits {
        1 => 8,
        3 => 24,
        _ => 64,
    }
}

impl Packed for Avx512 {
    const REGISTER: usize = 64;

    #[inline(always)]
    unsafe fn unpack(coding: Coding, codes: &[u8], to: &mut [i8]) {
        if coding.trellis {
            return super::windows::unpack(coding.bits, codes, to);
        }
        match coding.bits {
            1 => unpack::<1, 1>(codes, to.as_mut_ptr()),
            2 => unpack::<2, 4>(codes, to.as_mut_ptr()),
            3 => unpack::<3, 1>(codes, to.as_mut_ptr()),
            4 => unpack::<4, 2>(codes, to.as_mut_ptr()),
            _ => unpack::<8, 1>(codes, to.as_mut_ptr()),
        }
    }

    #[inline(always)]
    unsafe fn products8(coding: Coding, query: &[i8], sum: i32, rows: &[*const u8; 8], bytes: usize) -> [i32; 8] {
        if coding.trellis {
            return super::windows::products8(coding.bits, query, sum, rows, bytes);
        }
        match coding.bits {
            1 => products8::<1, 1>(query.as_ptr(), sum, rows, bytes),
            2 => products8::<2, 4>(query.as_ptr(), sum, rows, bytes),
            3 => products8::<3, 1>(query.as_ptr(), sum, rows, bytes),
            4 => products8::<4, 2>(query.as_ptr(), sum, rows, bytes),
            _ => products8::<8, 1>(query.as_ptr(), sum, rows, bytes),
        }
    }
}

/// What turns code bytes into levels.
struct Spread {
    low: __m512i,
    high: __m512i,
    nibble: __m512i,
    /// For 3 bits: words of a lane, bytes of a word, and the power of two that takes its six bits to the top.
    words: __m512i,
    bytes: __m512i,
    powers: __m512i,
    flip: __m512i,
}

impl Spread {
    /// `flip` is added to all levels: 0 or 128.
    #[inline(always)]
    unsafe fn new<const BITS: usize>(flip: i8) -> Spread {
        let [low, high] = const { table(if BITS == 8 { 4 } else { BITS }) };
        let lanes = |table: [i8; 16]| _mm512_broadcast_i32x4(_mm_loadu_si128(table.as_ptr().cast()));
        let flip = _mm512_set1_epi8(flip);
        let words: [u16; 32] = std::array::from_fn(|i| (i / 8 * 3 + i % 8) as u16);
        let bytes = std::array::from_fn(|i| (i / 2 * 6 / 8 + i % 2) as i8);
        let powers: [i16; 8] = std::array::from_fn(|w| 1 << (10 - w * 6 % 8));
        Spread {
            low: _mm512_xor_si512(lanes(low), flip),
            high: _mm512_xor_si512(lanes(high), flip),
            nibble: _mm512_set1_epi8(15),
            words: _mm512_loadu_si512(words.as_ptr().cast()),
            bytes: lanes(bytes),
            powers: _mm512_broadcast_i32x4(_mm_loadu_si128(powers.as_ptr().cast())),
            flip: _mm512_xor_si512(flip, _mm512_set1_epi8(FLIP)),
        }
    }

    /// Levels of a register of code bytes, by phases; not for 1 bit.
    #[inline(always)]
    unsafe fn levels<const BITS: usize, const N: usize>(&self, x: __m512i) -> [__m512i; N] {
        let mut out = [x; N];
        match BITS {
            2 | 4 => {
                let lower = _mm512_and_si512(x, self.nibble);
                let upper = _mm512_and_si512(_mm512_srli_epi16::<4>(x), self.nibble);
                if BITS == 4 {
                    out[0] = _mm512_shuffle_epi8(self.low, lower);
                    out[1] = _mm512_shuffle_epi8(self.low, upper);
                } else {
                    out[0] = _mm512_shuffle_epi8(self.low, lower);
                    out[1] = _mm512_shuffle_epi8(self.high, lower);
                    out[2] = _mm512_shuffle_epi8(self.low, upper);
                    out[3] = _mm512_shuffle_epi8(self.high, upper);
                }
            }
            3 => {
                let x = _mm512_shuffle_epi8(_mm512_permutexvar_epi16(self.words, x), self.bytes);
                let x = _mm512_mullo_epi16(x, self.powers);
                let (first, second) = (_mm512_srli_epi16::<10>(x), _mm512_srli_epi16::<5>(x));
                // Bits above an index's three are those of its neighbour, one of which the shuffle sees.
                let index = _mm512_mask_blend_epi8(0xaaaa_aaaa_aaaa_aaaa, first, second);
                out[0] = _mm512_shuffle_epi8(self.low, index);
            }
            _ => out[0] = _mm512_xor_si512(x, self.flip),
        }
        out
    }
}

/// Code bytes of a step, zeros past the row's end.
#[inline(always)]
unsafe fn load<const BITS: usize>(codes: *const u8, left: usize) -> __m512i {
    let count = left.min(step(BITS));
    if count == 64 {
        _mm512_loadu_si512(codes.cast())
    } else {
        _mm512_maskz_loadu_epi8((1u64 << count) - 1, codes.cast())
    }
}

#[inline(always)]
unsafe fn mask(codes: *const u8, left: usize) -> u64 {
    if left >= 8 {
        return codes.cast::<u64>().read_unaligned();
    }
    let mut last = [0; 8];
    std::ptr::copy_nonoverlapping(codes, last.as_mut_ptr(), left);
    u64::from_le_bytes(last)
}

#[inline(never)]
#[target_feature(enable = "avx2,fma,f16c,avx512f,avx512bw,avx512dq,avx512vl,avx512vnni")]
unsafe fn unpack<const BITS: usize, const N: usize>(codes: &[u8], mut to: *mut i8) {
    let spread = Spread::new::<BITS>(0);
    let (plus, minus) = (_mm512_set1_epi8(1), _mm512_set1_epi8(-1));
    for from in (0..codes.len()).step_by(step(BITS)) {
        let (at, left) = (codes.as_ptr().add(from), codes.len() - from);
        if BITS == 1 {
            _mm512_storeu_si512(to.cast(), _mm512_mask_blend_epi8(mask(at, left), minus, plus));
            to = to.add(64);
            continue;
        }
        let width = if BITS == 3 { 64 } else { left.min(64) };
        for levels in spread.levels::<BITS, N>(load::<BITS>(at, left)) {
            _mm512_storeu_si512(to.cast(), levels);
            to = to.add(width);
        }
    }
}

/// Out of line, for registers enough.
#[inline(never)]
#[target_feature(enable = "avx2,fma,f16c,avx512f,avx512bw,avx512dq,avx512vl,avx512vnni")]
unsafe fn products8<const BITS: usize, const N: usize>(
    mut query: *const i8,
    sum: i32,
    rows: &[*const u8; 8],
    bytes: usize,
) -> [i32; 8] {
    let spread = Spread::new::<BITS>(FLIP);
    let ones = _mm512_set1_epi8(1);
    let mut sums = [_mm512_setzero_si512(); 8];
    let mut ahead = fetch_far(rows);
    let mut at = 0;
    while at < bytes {
        let mut q = [ones; N];
        for q in &mut q {
            *q = _mm512_loadu_si512(query.cast());
            query = query.add(64);
        }
        for r in 0..8 {
            if r < step(BITS) / 8 {
                _mm_prefetch::<_MM_HINT_T0>(ahead.wrapping_add(r * 64).cast());
            }
            let codes = rows[r].add(at);
            if BITS == 1 {
                // Elements whose bit is set; those of other bits are taken off below.
                let set = _mm512_maskz_mov_epi8(mask(codes, bytes - at), q[0]);
                sums[r] = _mm512_dpbusd_epi32(sums[r], ones, set);
                continue;
            }
            let levels = spread.levels::<BITS, N>(load::<BITS>(codes, bytes - at));
            for p in 0..N {
                sums[r] = _mm512_dpbusd_epi32(sums[r], levels[p], q[p]);
            }
        }
        ahead = ahead.wrapping_add(step(BITS) * 8);
        at += step(BITS);
    }
    let sums = sums16(&sums);
    array(if BITS == 1 {
        _mm256_sub_epi32(_mm256_slli_epi32::<1>(sums), _mm256_set1_epi32(sum))
    } else {
        _mm256_sub_epi32(sums, _mm256_set1_epi32(sum.wrapping_mul(128)))
    })
}
