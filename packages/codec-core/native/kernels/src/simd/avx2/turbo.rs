//! Rows of `turbo` codes, as with AVX-512. `vpmaddubsw` takes the levels' magnitudes and the query's bytes with the levels'
//! signs: 2 * 128 * 127 < 2^15.

use super::super::{Packed, Sixteen};
use super::{AHEAD, Avx2, Floats, sums8};
use crate::coded::Plan;
use crate::turbo::table;
use std::arch::x86_64::*;

/// Code bytes that become whole registers of levels.
const fn step(bits: usize) -> usize {
    match bits {
        3 => 12,
        _ => 32,
    }
}

impl Packed for Avx2 {
    type Floats = Floats;
    const REGISTER: usize = 32;

    #[inline(always)]
    unsafe fn unpack(bits: usize, codes: &[u8], to: &mut [i8]) {
        match bits {
            1 => unpack::<1, 8>(codes, to.as_mut_ptr()),
            2 => unpack::<2, 4>(codes, to.as_mut_ptr()),
            3 => unpack::<3, 1>(codes, to.as_mut_ptr()),
            4 => unpack::<4, 2>(codes, to.as_mut_ptr()),
            _ => unpack::<8, 1>(codes, to.as_mut_ptr()),
        }
    }

    #[inline(always)]
    unsafe fn products(bits: usize, query: &[i8], _sum: i32, rows: Sixteen) -> Floats {
        match bits {
            1 => products::<1, 8>(query.as_ptr(), rows),
            2 => products::<2, 4>(query.as_ptr(), rows),
            3 => products::<3, 1>(query.as_ptr(), rows),
            4 => products::<4, 2>(query.as_ptr(), rows),
            _ => products::<8, 1>(query.as_ptr(), rows),
        }
    }

    #[inline(always)]
    unsafe fn unpack_stream(plan: &Plan, codes: &[u8], to: &mut [i8]) {
        super::stream::unpack(plan, codes, to);
    }

    #[inline(always)]
    unsafe fn products_stream<const PARTS: usize>(
        plan: &Plan,
        parts: &[Vec<i8>; 2],
        _sums: [i32; 2],
        rows: Sixteen,
    ) -> [Floats; 2] {
        super::stream::products::<PARTS>(plan, parts, rows)
    }
}

/// What turns code bytes into levels.
struct Spread {
    tables: [__m256i; 4],
    nibble: __m256i,
    /// For 3 bits: the bytes of each word, and the power of two that takes its six bits to the top.
    bytes: __m256i,
    powers: __m256i,
}

impl Spread {
    #[inline(always)]
    unsafe fn new<const BITS: usize>() -> Spread {
        let tables = const { table(if BITS == 8 { 4 } else { BITS }) };
        let lanes = |table: [i8; 16]| _mm256_broadcastsi128_si256(_mm_loadu_si128(table.as_ptr().cast()));
        let bytes: [i8; 32] = std::array::from_fn(|i| (i / 2 * 6 / 8 + i % 2) as i8);
        let powers: [i16; 16] = std::array::from_fn(|w| 1 << (10 - w * 6 % 8));
        Spread {
            tables: tables.map(lanes),
            nibble: _mm256_set1_epi8(15),
            bytes: _mm256_loadu_si256(bytes.as_ptr().cast()),
            powers: _mm256_loadu_si256(powers.as_ptr().cast()),
        }
    }

    /// Levels of a register of code bytes, by phases.
    #[inline(always)]
    unsafe fn levels<const BITS: usize, const N: usize>(&self, x: __m256i) -> [__m256i; N] {
        let mut out = [x; N];
        match BITS {
            1 | 2 | 4 => {
                let lower = _mm256_and_si256(x, self.nibble);
                let upper = _mm256_and_si256(_mm256_srli_epi16::<4>(x), self.nibble);
                for p in 0..N / 2 {
                    out[p] = _mm256_shuffle_epi8(self.tables[p], lower);
                    out[N / 2 + p] = _mm256_shuffle_epi8(self.tables[p], upper);
                }
            }
            3 => {
                let x = _mm256_mullo_epi16(_mm256_shuffle_epi8(x, self.bytes), self.powers);
                let (first, second) = (_mm256_srli_epi16::<10>(x), _mm256_srli_epi16::<5>(x));
                // Bits above an index's three are those of its neighbour, one of which the shuffle sees.
                let index = _mm256_blendv_epi8(first, second, _mm256_set1_epi16(0xff00u16 as i16));
                out[0] = _mm256_shuffle_epi8(self.tables[0], index);
            }
            _ => out[0] = _mm256_xor_si256(x, _mm256_set1_epi8(i8::MIN)),
        }
        out
    }
}

/// Code bytes of a step, zeros or others past the row's end; of 3 bits in both halves.
#[inline(always)]
unsafe fn load<const BITS: usize>(codes: *const u8, left: usize) -> __m256i {
    let mut last = [0u8; 32];
    let mut from = codes;
    let room = if BITS == 3 { 16 } else { 32 };
    if left < room {
        std::ptr::copy_nonoverlapping(codes, last.as_mut_ptr(), left);
        from = last.as_ptr();
    }
    match BITS {
        3 => _mm256_broadcastsi128_si256(_mm_loadu_si128(from.cast())),
        _ => _mm256_loadu_si256(from.cast()),
    }
}

#[inline(never)]
#[target_feature(enable = "avx2,fma,f16c")]
unsafe fn unpack<const BITS: usize, const N: usize>(codes: &[u8], mut to: *mut i8) {
    let spread = Spread::new::<BITS>();
    for from in (0..codes.len()).step_by(step(BITS)) {
        let (at, left) = (codes.as_ptr().add(from), codes.len() - from);
        let width = if BITS == 3 { 32 } else { left.min(32) };
        for levels in spread.levels::<BITS, N>(load::<BITS>(at, left)) {
            _mm256_storeu_si256(to.cast(), levels);
            to = to.add(width);
        }
    }
}

/// Where the rows that are fetched meanwhile stand. Asks for a line eight pages on, so that hardware knows the page in time.
#[inline(always)]
pub(in crate::simd) unsafe fn fetch_ahead(rows: Sixteen) -> *const u8 {
    _mm_prefetch::<_MM_HINT_T0>(rows.first.wrapping_add(32 << 10).cast());
    rows.first.wrapping_add(16 * rows.stride + AHEAD)
}

/// Out of line, for registers enough.
#[inline(never)]
#[target_feature(enable = "avx2,fma,f16c")]
unsafe fn products<const BITS: usize, const N: usize>(query: *const i8, rows: Sixteen) -> Floats {
    let bytes = rows.bytes;
    let spread = Spread::new::<BITS>();
    let ones = _mm256_set1_epi16(1);
    let mut eights = [_mm256_setzero_ps(); 2];
    let mut ahead = fetch_ahead(rows);
    for (half, eight) in eights.iter_mut().enumerate() {
        let mut sums = [_mm256_setzero_si256(); 8];
        let mut query = query;
        let mut at = 0;
        while at < bytes {
            for line in 0..step(BITS).div_ceil(8) {
                _mm_prefetch::<_MM_HINT_T0>(ahead.wrapping_add(line * 64).cast());
            }
            ahead = ahead.wrapping_add(step(BITS) * 8);
            for r in 0..8 {
                let codes = rows.first.add((half * 8 + r) * rows.stride + at);
                let levels = spread.levels::<BITS, N>(load::<BITS>(codes, bytes - at));
                for p in 0..N {
                    let q = _mm256_loadu_si256(query.add(p * 32).cast());
                    let pairs = _mm256_maddubs_epi16(_mm256_abs_epi8(levels[p]), _mm256_sign_epi8(q, levels[p]));
                    sums[r] = _mm256_add_epi32(sums[r], _mm256_madd_epi16(pairs, ones));
                }
            }
            query = query.add(N * 32);
            at += step(BITS);
        }
        *eight = _mm256_cvtepi32_ps(sums8(&sums));
    }
    Floats(eights[0], eights[1])
}
