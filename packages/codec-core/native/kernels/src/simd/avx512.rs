//! AVX-512 (F, BW, DQ, VL) with VNNI: sixteen floats in a register, integers as fours of bytes.
//!
//! `vpdpbusd` multiplies unsigned bytes with signed ones, four products to an i32 lane, without saturation. One side
//! becomes unsigned by adding 128, a flip of the top bit, and 128 times the sum of the other is taken off. Batches do
//! that to the queries, so that rows are read where they are; a single query meets flipped rows.
#![allow(unsafe_op_in_unsafe_fn)] // every line is an intrinsic

mod doubles;
mod nibbles;
mod stream;
mod trellis;
mod turbo;

use super::avx2::{array, fetch_far, fold8, reaching8, scales8, sums8};
use super::{F32x16, Kernel, LaneTests, Lanes, RowTest, ScanTest, Simd, Words};
use crate::int8::{SANE, best};
use crate::nibbles::{Four, Least};
use crate::trellis::{PerWindow, Steps};
use crate::turbo::Cells;
use std::arch::x86_64::*;

pub(super) struct Avx512;

impl Simd for Avx512 {
    type F = Floats;
    type W = Quads;
    type P = Avx512;
    type D = doubles::Doubles;
    const WIDE: bool = true;

    #[inline(always)]
    fn fetch(at: *const u8) {
        // SAFETY: a prefetch of an address that isn't mapped does nothing.
        unsafe { _mm_prefetch::<_MM_HINT_T0>(at.cast()) }
    }
    #[inline(always)]
    unsafe fn keep_best(numbers: &mut Vec<f32>, k: usize) -> f32 {
        keep_best(numbers, k)
    }

    #[inline(always)]
    unsafe fn nibble_sums(queries: &[&[Four]], blocks: &[u8], size: usize, sums: &mut [[u16; 64]]) {
        nibbles::sums(queries, blocks, size, sums);
    }

    #[inline(always)]
    unsafe fn nibbles_reach(sums: &[u16; 64], places: &[u8; 64], least: &Least, range: [u8; 2]) -> u64 {
        nibbles::reach(sums, places, least, range)
    }

    #[inline(always)]
    unsafe fn trellis_step(steps: &Steps, costs: &mut PerWindow<u16>, coordinate: i8, settle: bool, came: &mut [u16]) {
        match steps.bits {
            1 => trellis::step::<4>(steps, costs, coordinate, settle, came),
            2 => trellis::step::<2>(steps, costs, coordinate, settle, came),
            3 => trellis::step::<1>(steps, costs, coordinate, settle, came),
            _ => trellis::step_half(steps, costs, coordinate, settle, came),
        }
    }
}

#[inline(never)]
#[target_feature(enable = "avx2,fma,f16c,avx512f,avx512bw,avx512dq,avx512vl,avx512vnni")]
unsafe fn keep_best(numbers: &mut Vec<f32>, k: usize) -> f32 {
    best::keep_best(numbers, k)
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
    unsafe fn load_i32(from: *const i32) -> Self {
        Floats(_mm512_cvtepi32_ps(_mm512_loadu_si512(from.cast())))
    }
    #[inline(always)]
    unsafe fn gather(from: *const f32, places: *const u32) -> Self {
        Floats(_mm512_i32gather_ps::<4>(_mm512_loadu_si512(places.cast()), from.cast()))
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
    unsafe fn min(self, other: Self) -> Self {
        Floats(_mm512_min_ps(self.0, other.0))
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
    unsafe fn not_below(self, other: Self) -> u32 {
        u32::from(_mm512_cmp_ps_mask::<_CMP_NLT_UQ>(self.0, other.0))
    }
    #[inline(always)]
    unsafe fn quantize(self, cells: &Cells, codes: *mut u8) -> Self {
        let size = self.abs().0;
        // A bucket holds at most one threshold.
        let bucket = _mm512_srli_epi32::<3>(_mm512_cvttps_epi32(_mm512_min_ps(size, _mm512_set1_ps(127.0))));
        let threshold = _mm512_permutexvar_ps(bucket, _mm512_loadu_ps(cells.bucket.as_ptr()));
        let below = _mm512_permutexvar_epi32(bucket, _mm512_loadu_si512(cells.below.as_ptr().cast()));
        let reached = _mm512_cmp_ps_mask::<_CMP_GE_OQ>(size, threshold);
        let place = _mm512_mask_add_epi32(below, reached, below, _mm512_set1_epi32(1));
        let level = _mm512_permutexvar_ps(place, _mm512_loadu_ps(cells.levels.as_ptr()));
        let zero = _mm512_setzero_ps();
        let negative = _mm512_cmp_ps_mask::<_CMP_LT_OQ>(self.0, zero);
        let place = _mm512_mask_xor_epi32(place, negative, place, _mm512_set1_epi32(-1));
        let code = _mm512_add_epi32(place, _mm512_set1_epi32(cells.half));
        _mm_storeu_si128(codes.cast(), _mm512_cvtepi32_epi8(code));
        Floats(_mm512_mask_sub_ps(level, negative, zero, level))
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
#[repr(transparent)]
pub(super) struct Quads(__m512i);

const FLIP: i8 = i8::MIN;

/// 64 codes, zeros past the row's end.
#[inline(always)]
unsafe fn codes64(from: *const i8, left: usize) -> __m512i {
    if left >= 64 { _mm512_loadu_si512(from.cast()) } else { _mm512_maskz_loadu_epi8((1u64 << left) - 1, from) }
}

/// The sums of eight registers' lanes.
#[inline(always)]
unsafe fn sums16(x: &[__m512i; 8]) -> __m256i {
    let mut halves = [_mm256_setzero_si256(); 8];
    for r in 0..8 {
        halves[r] = _mm256_add_epi32(_mm512_castsi512_si256(x[r]), _mm512_extracti64x4_epi64::<1>(x[r]));
    }
    sums8(&halves)
}

/// A row's most (`UP`) or least in each lane, but for w.
#[inline(always)]
unsafe fn end<const SQUARES: bool, const UP: bool>(centre: __m512, row: &RowTest, tests: &LaneTests) -> __m512 {
    let mut x = centre;
    if SQUARES {
        let (square, u) = if UP { (row.square, &tests.u) } else { (row.square_up, &tests.v) };
        x = _mm512_fnmadd_ps(_mm512_set1_ps(square), _mm512_loadu_ps(u.as_ptr()), x);
    }
    let b = _mm512_loadu_ps(tests.b.as_ptr());
    if UP {
        _mm512_fmadd_ps(_mm512_set1_ps(row.length), b, x)
    } else {
        _mm512_fnmadd_ps(_mm512_set1_ps(row.length), b, x)
    }
}

impl Words for Quads {
    const LANES: usize = 16;
    const DIMS: usize = 4;

    #[inline(always)]
    unsafe fn row_words(codes: &[i8], _to: &mut [u32]) -> *const u32 {
        // Behind the codes stand four bytes of scale.
        codes.as_ptr().cast()
    }
    #[inline(always)]
    unsafe fn query_words(codes: &[i8], to: &mut [u32]) {
        to.fill(0);
        let to: &mut [i8] = std::slice::from_raw_parts_mut(to.as_mut_ptr().cast(), to.len() * 4);
        for (to, &code) in to.iter_mut().zip(codes) {
            *to = code ^ FLIP;
        }
    }
    #[inline(always)]
    unsafe fn load(from: *const u32) -> Self {
        Quads(_mm512_loadu_si512(from.cast()))
    }
    #[inline(always)]
    unsafe fn splat(word: i32) -> Self {
        Quads(_mm512_set1_epi32(word))
    }
    #[inline(always)]
    unsafe fn multiply_add(self, row: *const u32, query: Self) -> Self {
        Quads(_mm512_dpbusd_epi32(self.0, query.0, _mm512_set1_epi32(row.cast::<i32>().read_unaligned())))
    }
    #[inline(always)]
    unsafe fn moments(rows: &[*const i8; 4], dim: usize) -> ([i32; 4], [i32; 4]) {
        // |c|^2 = (c + 128).c - 128 sum c
        let mut x = [_mm512_setzero_si512(); 8];
        let ones = _mm512_set1_epi8(1);
        let mut j = 0;
        while j < dim {
            for r in 0..4 {
                let codes = codes64(rows[r].add(j), dim - j);
                x[r] = _mm512_dpbusd_epi32(x[r], ones, codes);
                x[r + 4] = _mm512_dpbusd_epi32(x[r + 4], _mm512_xor_si512(codes, _mm512_set1_epi8(FLIP)), codes);
            }
            j += 64;
        }
        let sums = array(sums16(&x));
        let (mut starts, mut squares) = ([0; 4], [0; 4]);
        for r in 0..4 {
            starts[r] = -128 * sums[r];
            squares[r] = sums[r + 4] + starts[r];
        }
        (starts, squares)
    }
    #[inline(always)]
    unsafe fn reaching<const SQUARES: bool>(self, row: &RowTest, tests: &LaneTests) -> u32 {
        let t = _mm512_loadu_ps(tests.t.as_ptr());
        let x = _mm512_fmsub_ps(_mm512_cvtepi32_ps(self.0), _mm512_set1_ps(row.scale), t);
        let x = end::<SQUARES, true>(x, row, tests);
        u32::from(_mm512_cmp_ps_mask::<_CMP_NLT_UQ>(x, _mm512_setzero_ps()))
    }
    #[inline(always)]
    unsafe fn insert_least<'a, const SQUARES: bool>(
        self,
        row: &RowTest,
        tests: &LaneTests,
        sorted: impl Iterator<Item = &'a mut Lanes>,
    ) {
        let x = _mm512_mul_ps(_mm512_cvtepi32_ps(self.0), _mm512_set1_ps(row.scale));
        let x = _mm512_sub_ps(end::<SQUARES, false>(x, row, tests), _mm512_loadu_ps(tests.w.as_ptr()));
        let sane = _mm512_cmp_ps_mask::<_CMP_LT_OQ>(_mm512_abs_ps(x), _mm512_set1_ps(SANE));
        let mut x = _mm512_mask_mov_ps(_mm512_set1_ps(f32::NEG_INFINITY), sane, x);
        for best in sorted {
            let old = _mm512_loadu_ps(best.as_ptr());
            _mm512_storeu_ps(best.as_mut_ptr(), _mm512_max_ps(old, x));
            x = _mm512_min_ps(old, x);
        }
    }
    #[inline(always)]
    unsafe fn query_codes(codes: &[i8], to: &mut [u32]) {
        to.fill(0);
        std::ptr::copy_nonoverlapping(codes.as_ptr(), to.as_mut_ptr().cast(), codes.len());
    }
    #[inline(always)]
    unsafe fn scan8<const SQUARES: bool>(
        query: &[u32],
        query_sum: i32,
        rows: &[*const i8; 8],
        dim: usize,
        test: &ScanTest,
    ) -> (u32, [i32; 8]) {
        scan8::<SQUARES>(query, query_sum, rows, dim, test)
    }
}

/// Out of line, for registers enough.
#[inline(never)]
#[target_feature(enable = "avx2,fma,f16c,avx512f,avx512bw,avx512dq,avx512vl,avx512vnni")]
unsafe fn scan8<const SQUARES: bool>(
    query: &[u32],
    query_sum: i32,
    rows: &[*const i8; 8],
    dim: usize,
    test: &ScanTest,
) -> (u32, [i32; 8]) {
    let query: *const i8 = query.as_ptr().cast();
    let (flip, most) = (_mm512_set1_epi8(FLIP), _mm512_set1_epi8(i8::MAX));
    let mut sums = [_mm512_setzero_si512(); 8];
    let mut squares = sums;
    let mut ahead = fetch_far(rows);
    let mut j = 0;
    while j < dim {
        let q = _mm512_loadu_si512(query.add(j).cast());
        for r in 0..8 {
            _mm_prefetch::<_MM_HINT_T0>(ahead.wrapping_add(r * 64));
            let codes = codes64(rows[r].add(j), dim - j);
            sums[r] = _mm512_dpbusd_epi32(sums[r], _mm512_xor_si512(codes, flip), q);
            if SQUARES {
                // |c| min(|c|, 127) is c^2 but for -128, of which 1/128 is lost.
                let size = _mm512_abs_epi8(codes);
                squares[r] = _mm512_dpbusd_epi32(squares[r], size, _mm512_min_epu8(size, most));
            }
        }
        ahead = ahead.wrapping_add(8 * 64);
        j += 64;
    }
    let sums = _mm256_sub_epi32(sums16(&sums), _mm256_set1_epi32(query_sum.wrapping_mul(128)));
    let squares = if SQUARES { sums16(&squares) } else { sums };
    let scales = scales8(rows, dim);
    (reaching8::<SQUARES>(sums, squares, scales, test), array(sums))
}
