//! Rows of a trellis by VBMI: bytes to the words of eight coordinates (`vpermb`), windows out of words (`vpmultishiftqb`),
//! values by half a table, the other half being its mirror image. Without VBMI the loops of AVX2 do.
#![allow(unsafe_op_in_unsafe_fn)] // every line is an intrinsic

use super::super::avx2::{turbo::fetch_ahead, windows as plain};
use super::super::{F32x16, Sixteen};
use super::turbo::lanes16;
use super::{FLIP, Floats};
use crate::trellis_tables::window_values;
use std::arch::x86_64::*;

/// Coordinates of a register.
const WIDTH: usize = 64;

#[inline(always)]
pub(super) unsafe fn unpack(bits: usize, codes: &[u8], to: &mut [i8]) {
    if !is_x86_feature_detected!("avx512vbmi") {
        return plain::unpack(bits, codes, to);
    }
    match bits {
        1 => unpack_by::<1>(codes, to.as_mut_ptr()),
        2 => unpack_by::<2>(codes, to.as_mut_ptr()),
        3 => unpack_by::<3>(codes, to.as_mut_ptr()),
        _ => unpack_by::<4>(codes, to.as_mut_ptr()),
    }
}

#[inline(always)]
pub(super) unsafe fn products(bits: usize, query: &[i8], sum: i32, rows: Sixteen) -> Floats {
    if !is_x86_feature_detected!("avx512vbmi") {
        return plain_products(bits, query, rows);
    }
    match bits {
        1 => products_by::<1>(query.as_ptr(), sum, rows),
        2 => products_by::<2>(query.as_ptr(), sum, rows),
        3 => products_by::<3>(query.as_ptr(), sum, rows),
        _ => products_by::<4>(query.as_ptr(), sum, rows),
    }
}

/// Without VBMI.
#[inline(never)]
#[target_feature(enable = "avx2,fma,f16c,avx512f,avx512bw,avx512dq,avx512vl,avx512vnni")]
unsafe fn plain_products(bits: usize, query: &[i8], rows: Sixteen) -> Floats {
    let mut products = [0f32; 16];
    plain::products(bits, query, rows).store(products.as_mut_ptr());
    Floats::load(products.as_ptr())
}

struct Lookup {
    /// Values of windows 0 to 63 and 64 to 127.
    low: __m512i,
    high: __m512i,
    /// Bytes of each word of windows, and where these begin.
    bytes: __m512i,
    shifts: __m512i,
}

impl Lookup {
    /// `flip` is added to all values: 0 or 128.
    #[inline(always)]
    unsafe fn new<const BITS: usize>(flip: i8) -> Lookup {
        let values = const { window_values(BITS) };
        let half = |from: usize| {
            _mm512_xor_si512(_mm512_loadu_si512(values[from..][..64].as_ptr().cast()), _mm512_set1_epi8(flip))
        };
        let bytes: [u8; 64] = std::array::from_fn(|i| (i / 8 * BITS + i % 8) as u8);
        let shifts: [u8; 64] = std::array::from_fn(|i| ((i % 8 + 1) * BITS) as u8);
        Lookup {
            low: half(0),
            high: half(64),
            bytes: _mm512_loadu_si512(bytes.as_ptr().cast()),
            shifts: _mm512_loadu_si512(shifts.as_ptr().cast()),
        }
    }

    /// Values of 64 coordinates, whose bytes begin at `codes` + `at`.
    #[inline(always)]
    unsafe fn values<const BITS: usize>(&self, codes: *const u8, at: usize, bytes: usize) -> __m512i {
        // The byte before them, zero before a row, and theirs as far as the row goes.
        let count = (bytes - at).min(8 * BITS);
        let mask = (2u64 << count) - 1 - u64::from(at == 0);
        let x = _mm512_maskz_loadu_epi8(mask, codes.wrapping_add(at).wrapping_sub(1).cast());
        let windows = _mm512_multishift_epi64_epi8(self.shifts, _mm512_permutexvar_epi8(self.bytes, x));
        let mirrored = _mm512_movepi8_mask(windows);
        let windows = _mm512_mask_sub_epi8(windows, mirrored, _mm512_set1_epi8(-1), windows);
        let values = _mm512_permutex2var_epi8(self.low, windows, self.high);
        // Taken off 0, bytes with 128 added stand for 128 less their value.
        _mm512_mask_sub_epi8(values, mirrored, _mm512_setzero_si512(), values)
    }
}

#[inline(never)]
#[target_feature(enable = "avx2,fma,f16c,avx512f,avx512bw,avx512dq,avx512vl,avx512vnni,avx512vbmi")]
unsafe fn unpack_by<const BITS: usize>(codes: &[u8], mut to: *mut i8) {
    let lookup = Lookup::new::<BITS>(0);
    for at in (0..codes.len()).step_by(8 * BITS) {
        _mm512_storeu_si512(to.cast(), lookup.values::<BITS>(codes.as_ptr(), at, codes.len()));
        to = to.add(WIDTH);
    }
}

#[inline(never)]
#[target_feature(enable = "avx2,fma,f16c,avx512f,avx512bw,avx512dq,avx512vl,avx512vnni,avx512vbmi")]
unsafe fn products_by<const BITS: usize>(mut query: *const i8, sum: i32, rows: Sixteen) -> Floats {
    let lookup = Lookup::new::<BITS>(FLIP);
    let mut sums = [_mm512_setzero_si512(); 16];
    let mut ahead = fetch_ahead(rows);
    for at in (0..rows.bytes).step_by(8 * BITS) {
        let q = _mm512_loadu_si512(query.cast());
        query = query.add(WIDTH);
        for line in 0..2 * BITS {
            _mm_prefetch::<_MM_HINT_T0>(ahead.wrapping_add(line * 64).cast());
        }
        ahead = ahead.wrapping_add(BITS * 128);
        for (r, sum) in sums.iter_mut().enumerate() {
            let values = lookup.values::<BITS>(rows.first.wrapping_add(r * rows.stride), at, rows.bytes);
            *sum = _mm512_dpbusd_epi32(*sum, values, q);
        }
    }
    let all = _mm512_sub_epi32(lanes16(&sums), _mm512_set1_epi32(sum.wrapping_mul(128)));
    Floats(_mm512_cvtepi32_ps(all))
}
