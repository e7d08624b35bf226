//! Rows of `turbo` codes: levels by byte shuffles, of 3 bits after words were put in place by a multiplication.

use super::super::avx2::turbo::fetch_ahead;
use super::super::{Packed, Sixteen};
use super::{Avx512, FLIP, Floats};
use crate::coded::Plan;
use crate::turbo::table;
use std::arch::x86_64::*;

/// Code bytes that become whole registers of levels.
const fn step(bits: usize) -> usize {
    match bits {
        3 => 24,
        _ => 64,
    }
}

impl Packed for Avx512 {
    type Floats = Floats;
    const REGISTER: usize = 64;

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
    unsafe fn products(bits: usize, query: &[i8], sum: i32, rows: Sixteen) -> Floats {
        match bits {
            1 => products::<1, 8>(query.as_ptr(), sum, rows),
            2 => products::<2, 4>(query.as_ptr(), sum, rows),
            3 if is_x86_feature_detected!("avx512vbmi") => products_vbmi(query.as_ptr(), sum, rows),
            3 => products::<3, 1>(query.as_ptr(), sum, rows),
            4 => products::<4, 2>(query.as_ptr(), sum, rows),
            _ => products::<8, 1>(query.as_ptr(), sum, rows),
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
        sums: [i32; 2],
        rows: Sixteen,
    ) -> [Floats; 2] {
        super::stream::products::<PARTS>(plan, parts, sums, rows)
    }
}

/// What turns code bytes into levels.
struct Spread {
    tables: [__m512i; 4],
    nibble: __m512i,
    /// For 3 bits: words of a lane, bytes of a word, and the power of two that takes its six bits to the top.
    words: __m512i,
    bytes: __m512i,
    powers: __m512i,
    /// The same with VBMI: bytes of each eight elements, and where their bits begin.
    threes: __m512i,
    shifts: __m512i,
    flip: __m512i,
}

impl Spread {
    /// `flip` is added to all levels: 0 or 128.
    #[inline(always)]
    unsafe fn new<const BITS: usize>(flip: i8) -> Spread {
        let tables = const { table(if BITS == 8 { 4 } else { BITS }) };
        let lanes = |table: [i8; 16]| _mm512_broadcast_i32x4(_mm_loadu_si128(table.as_ptr().cast()));
        let flip = _mm512_set1_epi8(flip);
        let words: [u16; 32] = std::array::from_fn(|i| (i / 8 * 3 + i % 8) as u16);
        let bytes = std::array::from_fn(|i| (i / 2 * 6 / 8 + i % 2) as i8);
        let powers: [i16; 8] = std::array::from_fn(|w| 1 << (10 - w * 6 % 8));
        let threes: [u8; 64] = std::array::from_fn(|i| (i / 8 * 3 + i % 8 % 3) as u8);
        let shifts: [u8; 64] = std::array::from_fn(|i| (i % 8 * 3) as u8);
        Spread {
            tables: tables.map(|table| _mm512_xor_si512(lanes(table), flip)),
            nibble: _mm512_set1_epi8(15),
            words: _mm512_loadu_si512(words.as_ptr().cast()),
            bytes: lanes(bytes),
            powers: _mm512_broadcast_i32x4(_mm_loadu_si128(powers.as_ptr().cast())),
            threes: _mm512_loadu_si512(threes.as_ptr().cast()),
            shifts: _mm512_loadu_si512(shifts.as_ptr().cast()),
            flip: _mm512_xor_si512(flip, _mm512_set1_epi8(FLIP)),
        }
    }

    /// Levels of a register of code bytes, by phases.
    #[inline(always)]
    unsafe fn levels<const BITS: usize, const N: usize, const VBMI: bool>(&self, x: __m512i) -> [__m512i; N] {
        let mut out = [x; N];
        match BITS {
            1 | 2 | 4 => {
                let lower = _mm512_and_si512(x, self.nibble);
                let upper = _mm512_and_si512(_mm512_srli_epi16::<4>(x), self.nibble);
                for p in 0..N / 2 {
                    out[p] = _mm512_shuffle_epi8(self.tables[p], lower);
                    out[N / 2 + p] = _mm512_shuffle_epi8(self.tables[p], upper);
                }
            }
            3 if VBMI => {
                // Three bytes to each eight, of which all runs of eight bits from every third are taken.
                let x = _mm512_multishift_epi64_epi8(self.shifts, _mm512_permutexvar_epi8(self.threes, x));
                // Of an index's eight bits six count here, all of them in a table of repeated levels.
                out[0] = _mm512_permutexvar_epi8(x, self.tables[0]);
            }
            3 => {
                let x = _mm512_shuffle_epi8(_mm512_permutexvar_epi16(self.words, x), self.bytes);
                let x = _mm512_mullo_epi16(x, self.powers);
                let (first, second) = (_mm512_srli_epi16::<10>(x), _mm512_srli_epi16::<5>(x));
                // Bits above an index's three are those of its neighbour, one of which the shuffle sees.
                let index = _mm512_mask_blend_epi8(0xaaaa_aaaa_aaaa_aaaa, first, second);
                out[0] = _mm512_shuffle_epi8(self.tables[0], index);
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

#[inline(never)]
#[target_feature(enable = "avx2,fma,f16c,avx512f,avx512bw,avx512dq,avx512vl,avx512vnni")]
unsafe fn unpack<const BITS: usize, const N: usize>(codes: &[u8], mut to: *mut i8) {
    let spread = Spread::new::<BITS>(0);
    for from in (0..codes.len()).step_by(step(BITS)) {
        let (at, left) = (codes.as_ptr().add(from), codes.len() - from);
        let width = if BITS == 3 { 64 } else { left.min(64) };
        for levels in spread.levels::<BITS, N, false>(load::<BITS>(at, left)) {
            _mm512_storeu_si512(to.cast(), levels);
            to = to.add(width);
        }
    }
}

/// Adds the products of R rows, to a register each.
#[inline(always)]
unsafe fn accumulate<const BITS: usize, const N: usize, const VBMI: bool, const R: usize>(
    sums: &mut [__m512i; R],
    mut query: *const i8,
    rows: Sixteen,
) {
    let spread = Spread::new::<BITS>(FLIP);
    let mut ahead = fetch_ahead(rows);
    let whole = rows.bytes - rows.bytes % step(BITS);
    for from in (0..whole).step_by(step(BITS)) {
        add::<BITS, N, VBMI, R>(sums, &spread, query, rows, from, step(BITS), ahead);
        query = query.add(N * 64);
        ahead = ahead.wrapping_add(step(BITS) * R);
    }
    if whole < rows.bytes {
        add::<BITS, N, VBMI, R>(sums, &spread, query, rows, whole, rows.bytes - whole, ahead);
    }
}

/// Up to a step of code bytes, from `from` on.
#[inline(always)]
unsafe fn add<const BITS: usize, const N: usize, const VBMI: bool, const R: usize>(
    sums: &mut [__m512i; R],
    spread: &Spread,
    query: *const i8,
    rows: Sixteen,
    from: usize,
    left: usize,
    ahead: *const u8,
) {
    for line in 0..(left * R).div_ceil(64) {
        _mm_prefetch::<_MM_HINT_T0>(ahead.wrapping_add(line * 64).cast());
    }
    let mut q = [_mm512_setzero_si512(); N];
    for p in 0..N {
        q[p] = _mm512_loadu_si512(query.add(p * 64).cast());
    }
    for r in 0..R {
        let codes = load::<BITS>(rows.first.add(r * rows.stride + from), left);
        let levels = spread.levels::<BITS, N, VBMI>(codes);
        for p in 0..N {
            sums[r] = _mm512_dpbusd_epi32(sums[r], levels[p], q[p]);
        }
    }
}

/// Of 1 bit, for which there are no registers to do more rows at once.
#[inline(never)]
#[target_feature(enable = "avx2,fma,f16c,avx512f,avx512bw,avx512dq,avx512vl,avx512vnni")]
unsafe fn accumulate8(sums: &mut [__m512i; 8], query: *const i8, rows: Sixteen) {
    let mut eight = [_mm512_setzero_si512(); 8];
    accumulate::<1, 8, false, 8>(&mut eight, query, rows);
    *sums = eight;
}

/// Out of line, for registers enough.
#[inline(never)]
#[target_feature(enable = "avx2,fma,f16c,avx512f,avx512bw,avx512dq,avx512vl,avx512vnni")]
unsafe fn products<const BITS: usize, const N: usize>(query: *const i8, sum: i32, rows: Sixteen) -> Floats {
    multiply::<BITS, N, false>(query, sum, rows)
}

/// As `products`, of 3 bits.
#[inline(never)]
#[target_feature(enable = "avx2,fma,f16c,avx512f,avx512bw,avx512dq,avx512vl,avx512vnni,avx512vbmi")]
unsafe fn products_vbmi(query: *const i8, sum: i32, rows: Sixteen) -> Floats {
    multiply::<3, 1, true>(query, sum, rows)
}

#[inline(always)]
unsafe fn multiply<const BITS: usize, const N: usize, const VBMI: bool>(
    query: *const i8,
    sum: i32,
    rows: Sixteen,
) -> Floats {
    let mut sums = [_mm512_setzero_si512(); 16];
    if BITS == 1 {
        let (eights, _) = sums.as_chunks_mut::<8>();
        for (half, sums) in eights.iter_mut().enumerate() {
            accumulate8(sums, query, Sixteen { first: rows.first.add(half * 8 * rows.stride), ..rows });
        }
    } else {
        accumulate::<BITS, N, VBMI, 16>(&mut sums, query, rows);
    }
    let all = _mm512_sub_epi32(lanes16(&sums), _mm512_set1_epi32(sum.wrapping_mul(128)));
    Floats(_mm512_cvtepi32_ps(all))
}

/// The sum of each register's lanes, in a lane each.
#[inline(always)]
pub(super) unsafe fn lanes16(x: &[__m512i; 16]) -> __m512i {
    let mut fours = [x[0]; 4];
    for i in 0..4 {
        let [a, b, c, d] = [x[4 * i], x[4 * i + 1], x[4 * i + 2], x[4 * i + 3]];
        let ab = _mm512_add_epi32(_mm512_unpacklo_epi32(a, b), _mm512_unpackhi_epi32(a, b));
        let cd = _mm512_add_epi32(_mm512_unpacklo_epi32(c, d), _mm512_unpackhi_epi32(c, d));
        fours[i] = _mm512_add_epi32(_mm512_unpacklo_epi64(ab, cd), _mm512_unpackhi_epi64(ab, cd));
    }
    // Each 128 bits hold sums of four registers; add these up.
    let [a, b, c, d] = fours;
    let ab = _mm512_add_epi32(_mm512_shuffle_i32x4::<0x44>(a, b), _mm512_shuffle_i32x4::<0xee>(a, b));
    let cd = _mm512_add_epi32(_mm512_shuffle_i32x4::<0x44>(c, d), _mm512_shuffle_i32x4::<0xee>(c, d));
    _mm512_add_epi32(_mm512_shuffle_i32x4::<0x88>(ab, cd), _mm512_shuffle_i32x4::<0xdd>(ab, cd))
}
