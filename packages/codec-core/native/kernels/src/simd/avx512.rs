//! AVX-512 (F, BW, DQ, VL) with VNNI: sixteen floats in a register, integers as fours of bytes.
//!
//! `vpdpbusd` multiplies unsigned bytes with signed ones, four products to an i32 lane, without saturation. Rows
//! are the unsigned side: code + 128, a flip of the top bit, and 128 times the query's sum is taken off.
#![allow(unsafe_op_in_unsafe_fn)] // every line is an intrinsic

use super::avx2::{fold8, sums8};
use super::{F32x16, Kernel, LaneTests, RowTest, Simd, Words};
use std::arch::x86_64::*;

pub(super) struct Avx512;

impl Simd for Avx512 {
    type F = Floats;
    type W = Quads;
    const WIDE: bool = true;
}

#[target_feature(enable = "avx2,fma,f16c,avx512f,avx512bw,avx512dq,avx512vl,avx512vnni")]
pub(super) unsafe fn run<K: Kernel>(kernel: K) -> K::Output {
    kernel.simd::<Avx512>()
}

#[derive(Clone, Copy)]
pub(super) struct Floats(__m512);

impl F32x16 for Floats {
    #[inline(always)]
    unsafe fn splat(x: f32) -> Self {
        Floats(_mm512_set1_ps(x))
    }
    #[inline(always)]
    unsafe fn load(from: *const f32) -> Self {
        Floats(_mm512_loadu_ps(from))
    }
    #[inline(always)]
    unsafe fn load_part(from: *const f32, n: usize) -> Self {
        Floats(_mm512_maskz_loadu_ps((1u16 << n) - 1, from))
    }
    #[inline(always)]
    unsafe fn load_f16(from: *const u16) -> Self {
        Floats(_mm512_cvtph_ps(_mm256_loadu_si256(from.cast())))
    }
    #[inline(always)]
    unsafe fn load_i8(from: *const i8) -> Self {
        Floats(_mm512_cvtepi32_ps(_mm512_cvtepi8_epi32(_mm_loadu_si128(from.cast()))))
    }
    #[inline(always)]
    unsafe fn store(self, to: *mut f32) {
        _mm512_storeu_ps(to, self.0);
    }
    #[inline(always)]
    unsafe fn store_f16(self, to: *mut u16) {
        _mm256_storeu_si256(to.cast(), _mm512_cvtps_ph::<_MM_FROUND_TO_NEAREST_INT>(self.0));
    }
    #[inline(always)]
    unsafe fn store_i8(self, to: *mut i8) {
        _mm_storeu_si128(to.cast(), _mm512_cvtsepi32_epi8(_mm512_cvtps_epi32(self.0)));
    }
    #[inline(always)]
    unsafe fn add(self, other: Self) -> Self {
        Floats(_mm512_add_ps(self.0, other.0))
    }
    #[inline(always)]
    unsafe fn sub(self, other: Self) -> Self {
        Floats(_mm512_sub_ps(self.0, other.0))
    }
    #[inline(always)]
    unsafe fn mul(self, other: Self) -> Self {
        Floats(_mm512_mul_ps(self.0, other.0))
    }
    #[inline(always)]
    unsafe fn max(self, other: Self) -> Self {
        Floats(_mm512_max_ps(self.0, other.0))
    }
    #[inline(always)]
    unsafe fn abs(self) -> Self {
        Floats(_mm512_abs_ps(self.0))
    }
    #[inline(always)]
    unsafe fn is_finite(self) -> bool {
        _mm512_cmp_ps_mask::<_CMP_LT_OQ>(self.abs().0, _mm512_set1_ps(f32::INFINITY)) == 0xffff
    }
    #[inline(always)]
    unsafe fn fold(self) -> f32 {
        fold8(_mm256_add_ps(_mm512_castps512_ps256(self.0), _mm512_extractf32x8_ps::<1>(self.0)))
    }
    #[inline(always)]
    unsafe fn largest(self) -> f32 {
        _mm512_reduce_max_ps(self.0)
    }
    #[inline(always)]
    unsafe fn butterfly<const H: usize>(self) -> Self {
        let x = self.0;
        let (y, seconds) = match H {
            1 => (_mm512_permute_ps::<0b10_11_00_01>(x), 0xaaaa),
            2 => (_mm512_permute_ps::<0b01_00_11_10>(x), 0xcccc),
            4 => (_mm512_shuffle_f32x4::<0b10_11_00_01>(x, x), 0xf0f0),
            _ => (_mm512_shuffle_f32x4::<0b01_00_11_10>(x, x), 0xff00),
        };
        Floats(_mm512_mask_sub_ps(_mm512_add_ps(x, y), seconds, y, x))
    }
}

/// Sixteen i32 lanes fed by fours of bytes.
#[derive(Clone, Copy)]
pub(super) struct Quads(__m512i);

const FLIP: i8 = i8::MIN;

/// 64 codes + 128; past the row's end, whatever meets the zeros of the query.
#[inline(always)]
unsafe fn flipped(from: *const i8, left: usize) -> __m512i {
    let codes =
        if left >= 64 { _mm512_loadu_si512(from.cast()) } else { _mm512_maskz_loadu_epi8((1u64 << left) - 1, from) };
    _mm512_xor_si512(codes, _mm512_set1_epi8(FLIP))
}

impl Words for Quads {
    const LANES: usize = 16;
    const DIMS: usize = 4;
    const OFFSET: i32 = 128;

    #[inline(always)]
    unsafe fn pack_row(codes: &[i8], to: &mut [u32]) {
        let to: &mut [i8] = std::slice::from_raw_parts_mut(to.as_mut_ptr().cast(), to.len() * 4);
        for (to, &code) in to.iter_mut().zip(codes) {
            *to = code ^ FLIP;
        }
    }
    #[inline(always)]
    unsafe fn pack_query(codes: &[i8], to: &mut [u32]) {
        to.fill(0);
        std::ptr::copy_nonoverlapping(codes.as_ptr(), to.as_mut_ptr().cast(), codes.len());
    }
    #[inline(always)]
    unsafe fn load(from: *const u32) -> Self {
        Quads(_mm512_loadu_si512(from.cast()))
    }
    #[inline(always)]
    unsafe fn splat(word: u32) -> Self {
        Quads(_mm512_set1_epi32(word as i32))
    }
    #[inline(always)]
    unsafe fn store(self, to: *mut i32) {
        _mm512_storeu_si512(to.cast(), self.0);
    }
    #[inline(always)]
    unsafe fn multiply_add(self, row: Self, query: Self) -> Self {
        Quads(_mm512_dpbusd_epi32(self.0, row.0, query.0))
    }
    #[inline(always)]
    unsafe fn reaching<const SQUARES: bool>(self, row: &RowTest, tests: &LaneTests) -> u32 {
        let t = _mm512_loadu_ps(tests.t.as_ptr());
        let mut x = _mm512_fmsub_ps(_mm512_cvtepi32_ps(self.0), _mm512_set1_ps(row.scale), t);
        if SQUARES {
            x = _mm512_fnmadd_ps(_mm512_set1_ps(row.square), _mm512_loadu_ps(tests.u.as_ptr()), x);
        }
        x = _mm512_fmadd_ps(_mm512_set1_ps(row.length), _mm512_loadu_ps(tests.b.as_ptr()), x);
        u32::from(_mm512_cmp_ps_mask::<_CMP_NLT_UQ>(x, _mm512_setzero_ps()))
    }
    #[inline(always)]
    unsafe fn dots8(query: &[u32], query_sum: i32, rows: &[*const i8; 8], dim: usize) -> [i32; 8] {
        let query: *const i8 = query.as_ptr().cast();
        let mut sums = [_mm512_setzero_si512(); 8];
        let mut j = 0;
        while j < dim {
            let q = _mm512_loadu_si512(query.add(j).cast());
            for r in 0..8 {
                sums[r] = _mm512_dpbusd_epi32(sums[r], flipped(rows[r].add(j), dim - j), q);
            }
            j += 64;
        }
        let mut halves = [_mm256_setzero_si256(); 8];
        for r in 0..8 {
            halves[r] = _mm256_add_epi32(_mm512_castsi512_si256(sums[r]), _mm512_extracti64x4_epi64::<1>(sums[r]));
        }
        let mut dots = sums8(&halves);
        for dot in &mut dots {
            *dot = dot.wrapping_sub(query_sum.wrapping_mul(Self::OFFSET));
        }
        dots
    }
    #[inline(always)]
    unsafe fn sum_of_squares(row: *const i8, dim: usize) -> i32 {
        let mut sum = _mm512_setzero_si512();
        let mut j = 0;
        while j < dim {
            let left = dim - j;
            let mask = if left >= 32 { u32::MAX } else { (1u32 << left) - 1 };
            let x = _mm512_cvtepi8_epi16(_mm256_maskz_loadu_epi8(mask, row.add(j)));
            sum = _mm512_dpwssd_epi32(sum, x, x);
            j += 32;
        }
        _mm512_reduce_add_epi32(sum)
    }
}
