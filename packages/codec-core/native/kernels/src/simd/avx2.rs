//! AVX2 with FMA and F16C: sixteen floats in two registers, integers as pairs of i16.
//!
//! Codes are widened to i16 and multiplied by `vpmaddwd`: two products to an i32 lane, which can't saturate. The
//! trick with `vpmaddubsw` and moved signs takes as many instructions and can't bear a code of -128.
#![allow(unsafe_op_in_unsafe_fn)] // every line is an intrinsic

mod doubles;
pub(super) mod nibbles;
pub(super) mod stream;
mod trellis;
pub(super) mod turbo;

use super::{F32x16, Kernel, LaneTests, Lanes, RowTest, ScanTest, Simd, Words};
use crate::int8::{LEAST_SQUARE, SANE, best};
use crate::nibbles::{Four, Least};
use crate::trellis::{PerWindow, Steps};
use crate::turbo::Cells;
use std::arch::x86_64::*;

pub(super) struct Avx2;

impl Simd for Avx2 {
    type F = Floats;
    type W = Pairs;
    type P = Avx2;
    type D = doubles::Doubles;
    const WIDE: bool = false;

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
            1 => trellis::step::<8>(steps, costs, coordinate, settle, came),
            2 => trellis::step::<4>(steps, costs, coordinate, settle, came),
            3 => trellis::step::<2>(steps, costs, coordinate, settle, came),
            _ => trellis::step::<1>(steps, costs, coordinate, settle, came),
        }
    }
}

#[inline(never)]
#[target_feature(enable = "avx2,fma,f16c")]
unsafe fn keep_best(numbers: &mut Vec<f32>, k: usize) -> f32 {
    best::keep_best(numbers, k)
}

#[target_feature(enable = "avx2,fma,f16c")]
pub(super) unsafe fn run<K: Kernel>(kernel: K) -> K::Output {
    kernel.simd::<Avx2>()
}

/// Lanes 0 to 7 and 8 to 15.
#[derive(Clone, Copy)]
pub(super) struct Floats(__m256, __m256);

/// Loads of mask.as_ptr().add(8 - n) give n lanes that are on.
static MASK: [i32; 16] = [-1, -1, -1, -1, -1, -1, -1, -1, 0, 0, 0, 0, 0, 0, 0, 0];

#[inline(always)]
unsafe fn load_first(from: *const f32, n: usize) -> __m256 {
    _mm256_maskload_ps(from, _mm256_loadu_si256(MASK.as_ptr().add(8 - n).cast()))
}

impl F32x16 for Floats {
    #[inline(always)]
    unsafe fn splat(x: f32) -> Self {
        Floats(_mm256_set1_ps(x), _mm256_set1_ps(x))
    }
    #[inline(always)]
    unsafe fn load(from: *const f32) -> Self {
        Floats(_mm256_loadu_ps(from), _mm256_loadu_ps(from.add(8)))
    }
    #[inline(always)]
    unsafe fn load_part(from: *const f32, n: usize) -> Self {
        if n <= 8 {
            Floats(load_first(from, n), _mm256_setzero_ps())
        } else {
            Floats(_mm256_loadu_ps(from), load_first(from.add(8), n - 8))
        }
    }
    #[inline(always)]
    unsafe fn load_f16(from: *const u16) -> Self {
        Floats(_mm256_cvtph_ps(_mm_loadu_si128(from.cast())), _mm256_cvtph_ps(_mm_loadu_si128(from.add(8).cast())))
    }
    #[inline(always)]
    unsafe fn load_i8(from: *const i8) -> Self {
        let bytes = _mm_loadu_si128(from.cast());
        Floats(
            _mm256_cvtepi32_ps(_mm256_cvtepi8_epi32(bytes)),
            _mm256_cvtepi32_ps(_mm256_cvtepi8_epi32(_mm_unpackhi_epi64(bytes, bytes))),
        )
    }
    #[inline(always)]
    unsafe fn load_i32(from: *const i32) -> Self {
        Floats(
            _mm256_cvtepi32_ps(_mm256_loadu_si256(from.cast())),
            _mm256_cvtepi32_ps(_mm256_loadu_si256(from.add(8).cast())),
        )
    }
    #[inline(always)]
    unsafe fn gather(from: *const f32, places: *const u32) -> Self {
        Floats(
            _mm256_i32gather_ps::<4>(from, _mm256_loadu_si256(places.cast())),
            _mm256_i32gather_ps::<4>(from, _mm256_loadu_si256(places.add(8).cast())),
        )
    }
    #[inline(always)]
    unsafe fn store(self, to: *mut f32) {
        _mm256_storeu_ps(to, self.0);
        _mm256_storeu_ps(to.add(8), self.1);
    }
    #[inline(always)]
    unsafe fn store_f16(self, to: *mut u16) {
        _mm_storeu_si128(to.cast(), _mm256_cvtps_ph::<_MM_FROUND_TO_NEAREST_INT>(self.0));
        _mm_storeu_si128(to.add(8).cast(), _mm256_cvtps_ph::<_MM_FROUND_TO_NEAREST_INT>(self.1));
    }
    #[inline(always)]
    unsafe fn store_i8(self, to: *mut i8) {
        let words = _mm256_packs_epi32(_mm256_cvtps_epi32(self.0), _mm256_cvtps_epi32(self.1));
        // Packing works in halves of 128 bits: lanes 0-3, 8-11, 4-7, 12-15 come out; put them in order.
        let words = _mm256_permute4x64_epi64::<0b11_01_10_00>(words);
        let (low, high) = (_mm256_castsi256_si128(words), _mm256_extracti128_si256::<1>(words));
        _mm_storeu_si128(to.cast(), _mm_packs_epi16(low, high));
    }
    #[inline(always)]
    unsafe fn add(self, other: Self) -> Self {
        Floats(_mm256_add_ps(self.0, other.0), _mm256_add_ps(self.1, other.1))
    }
    #[inline(always)]
    unsafe fn sub(self, other: Self) -> Self {
        Floats(_mm256_sub_ps(self.0, other.0), _mm256_sub_ps(self.1, other.1))
    }
    #[inline(always)]
    unsafe fn mul(self, other: Self) -> Self {
        Floats(_mm256_mul_ps(self.0, other.0), _mm256_mul_ps(self.1, other.1))
    }
    #[inline(always)]
    unsafe fn max(self, other: Self) -> Self {
        Floats(_mm256_max_ps(self.0, other.0), _mm256_max_ps(self.1, other.1))
    }
    #[inline(always)]
    unsafe fn min(self, other: Self) -> Self {
        Floats(_mm256_min_ps(self.0, other.0), _mm256_min_ps(self.1, other.1))
    }
    #[inline(always)]
    unsafe fn abs(self) -> Self {
        let sign = _mm256_set1_ps(-0.0);
        Floats(_mm256_andnot_ps(sign, self.0), _mm256_andnot_ps(sign, self.1))
    }
    #[inline(always)]
    unsafe fn is_finite(self) -> bool {
        let Floats(a, b) = self.abs();
        let infinity = _mm256_set1_ps(f32::INFINITY);
        let less = _mm256_and_ps(_mm256_cmp_ps::<_CMP_LT_OQ>(a, infinity), _mm256_cmp_ps::<_CMP_LT_OQ>(b, infinity));
        _mm256_movemask_ps(less) == 0xff
    }
    #[inline(always)]
    unsafe fn not_below(self, other: Self) -> u32 {
        let low = _mm256_movemask_ps(_mm256_cmp_ps::<_CMP_NLT_UQ>(self.0, other.0));
        let high = _mm256_movemask_ps(_mm256_cmp_ps::<_CMP_NLT_UQ>(self.1, other.1));
        (low | high << 8) as u32
    }
    #[inline(always)]
    unsafe fn quantize(self, cells: &Cells, codes: *mut u8) -> Self {
        let (low, low_codes) = quantize8(self.0, cells);
        let (high, high_codes) = quantize8(self.1, cells);
        let words = _mm256_permute4x64_epi64::<0b11_01_10_00>(_mm256_packs_epi32(low_codes, high_codes));
        let (first, second) = (_mm256_castsi256_si128(words), _mm256_extracti128_si256::<1>(words));
        _mm_storeu_si128(codes.cast(), _mm_packs_epi16(first, second));
        Floats(low, high)
    }
    #[inline(always)]
    unsafe fn fold(self) -> f32 {
        fold8(_mm256_add_ps(self.0, self.1))
    }
    #[inline(always)]
    unsafe fn largest(self) -> f32 {
        let x = _mm256_max_ps(self.0, self.1);
        let x = _mm_max_ps(_mm256_castps256_ps128(x), _mm256_extractf128_ps::<1>(x));
        let x = _mm_max_ps(x, _mm_movehl_ps(x, x));
        _mm_cvtss_f32(_mm_max_ss(x, _mm_movehdup_ps(x)))
    }
    #[inline(always)]
    unsafe fn butterfly<const H: usize>(self) -> Self {
        match H {
            8 => Floats(_mm256_add_ps(self.0, self.1), _mm256_sub_ps(self.0, self.1)),
            _ => Floats(butterfly8::<H>(self.0), butterfly8::<H>(self.1)),
        }
    }
}

/// Levels and codes of eight lanes.
#[inline(always)]
unsafe fn quantize8(w: __m256, cells: &Cells) -> (__m256, __m256i) {
    let sign = _mm256_set1_ps(-0.0);
    let size = _mm256_andnot_ps(sign, w);
    let mut place = _mm256_setzero_si256();
    for &threshold in &cells.thresholds {
        let reached = _mm256_cmp_ps::<_CMP_GE_OQ>(size, _mm256_set1_ps(threshold));
        place = _mm256_sub_epi32(place, _mm256_castps_si256(reached));
    }
    let level = _mm256_permutevar8x32_ps(_mm256_loadu_ps(cells.levels.as_ptr()), place);
    let negative = _mm256_cmp_ps::<_CMP_LT_OQ>(w, _mm256_setzero_ps());
    let place = _mm256_xor_si256(place, _mm256_castps_si256(negative));
    let code = _mm256_add_epi32(place, _mm256_set1_epi32(cells.half));
    (_mm256_xor_ps(level, _mm256_and_ps(negative, sign)), code)
}

/// As `butterfly`, H = 1, 2 or 4.
#[inline(always)]
unsafe fn butterfly8<const H: usize>(x: __m256) -> __m256 {
    match H {
        1 => {
            let y = _mm256_permute_ps::<0b10_11_00_01>(x);
            _mm256_blend_ps::<0b1010_1010>(_mm256_add_ps(x, y), _mm256_sub_ps(y, x))
        }
        2 => {
            let y = _mm256_permute_ps::<0b01_00_11_10>(x);
            _mm256_blend_ps::<0b1100_1100>(_mm256_add_ps(x, y), _mm256_sub_ps(y, x))
        }
        _ => {
            let y = _mm256_permute2f128_ps::<1>(x, x);
            _mm256_blend_ps::<0b1111_0000>(_mm256_add_ps(x, y), _mm256_sub_ps(y, x))
        }
    }
}

/// The tree's last three levels.
#[inline(always)]
pub(super) unsafe fn fold8(x: __m256) -> f32 {
    let x = _mm_add_ps(_mm256_castps256_ps128(x), _mm256_extractf128_ps::<1>(x));
    let x = _mm_add_ps(x, _mm_movehl_ps(x, x));
    _mm_cvtss_f32(_mm_add_ss(x, _mm_movehdup_ps(x)))
}

/// Eight i32 lanes fed by pairs of i16.
#[derive(Clone, Copy)]
#[repr(transparent)]
pub(super) struct Pairs(__m256i);

/// Sixteen codes as i16; the last ones of a row by way of a buffer.
#[inline(always)]
unsafe fn widen(from: *const i8, left: usize) -> __m256i {
    if left >= 16 {
        return _mm256_cvtepi8_epi16(_mm_loadu_si128(from.cast()));
    }
    let mut last = [0i8; 16];
    std::ptr::copy_nonoverlapping(from, last.as_mut_ptr(), left);
    _mm256_cvtepi8_epi16(_mm_loadu_si128(last.as_ptr().cast()))
}

/// The sums of eight registers' lanes.
#[inline(always)]
pub(super) unsafe fn sums8(x: &[__m256i; 8]) -> __m256i {
    let a = _mm256_hadd_epi32(_mm256_hadd_epi32(x[0], x[1]), _mm256_hadd_epi32(x[2], x[3]));
    let b = _mm256_hadd_epi32(_mm256_hadd_epi32(x[4], x[5]), _mm256_hadd_epi32(x[6], x[7]));
    _mm256_add_epi32(_mm256_permute2x128_si256::<0x20>(a, b), _mm256_permute2x128_si256::<0x31>(a, b))
}

#[inline(always)]
pub(super) unsafe fn array(x: __m256i) -> [i32; 8] {
    let mut out = [0; 8];
    _mm256_storeu_si256(out.as_mut_ptr().cast(), x);
    out
}

/// Bytes behind the rows that are read together from which on others are fetched: what memory gives while it answers.
pub(super) const AHEAD: usize = 6 << 10;

/// Behind the next eight rows, from where `scan8` fetches line after line: in order, and not all at once, for then some
/// are dropped. Asks for a line eight pages on, so that hardware knows the page in time.
#[inline(always)]
pub(super) unsafe fn fetch_far(rows: &[*const i8; 8]) -> *const i8 {
    _mm_prefetch::<_MM_HINT_T0>(rows[0].wrapping_add(32 << 10));
    let stride = rows[1] as usize - rows[0] as usize;
    rows[0].wrapping_add(8 * stride + AHEAD)
}

/// What stands behind the codes of eight rows.
#[inline(always)]
pub(super) unsafe fn scales8(rows: &[*const i8; 8], dim: usize) -> __m256 {
    let mut scale = [0f32; 8];
    for r in 0..8 {
        scale[r] = rows[r].add(dim).cast::<f32>().read_unaligned();
    }
    _mm256_setr_ps(scale[0], scale[1], scale[2], scale[3], scale[4], scale[5], scale[6], scale[7])
}

/// The test of `scan8`. Under l2 lengths and squares are made as in `row_test`.
#[inline(always)]
pub(super) unsafe fn reaching8<const SQUARES: bool>(
    products: __m256i,
    squares: __m256i,
    scale: __m256,
    test: &ScanTest,
) -> u32 {
    let mut length = _mm256_mul_ps(_mm256_andnot_ps(_mm256_set1_ps(-0.0), scale), _mm256_set1_ps(test.length));
    let mut x = _mm256_fmsub_ps(_mm256_cvtepi32_ps(products), scale, _mm256_set1_ps(test.t));
    if SQUARES {
        let squares = _mm256_cvtepi32_ps(squares);
        let square = _mm256_mul_ps(scale, scale);
        let whole = _mm256_cmp_ps::<_CMP_GE_OQ>(square, _mm256_set1_ps(LEAST_SQUARE));
        let most = _mm256_set1_ps(f32::MAX);
        let square = _mm256_min_ps(_mm256_and_ps(square, whole), most);
        let square = _mm256_mul_ps(_mm256_min_ps(_mm256_mul_ps(square, squares), most), _mm256_set1_ps(test.half));
        x = _mm256_fnmadd_ps(square, _mm256_set1_ps(test.u), x);
        length = _mm256_fmadd_ps(length, _mm256_sqrt_ps(squares), _mm256_set1_ps(f32::MIN_POSITIVE));
    }
    x = _mm256_fmadd_ps(length, _mm256_set1_ps(test.b), x);
    _mm256_movemask_ps(_mm256_cmp_ps::<_CMP_NLT_UQ>(x, _mm256_setzero_ps())) as u32
}

/// A row's most (`UP`) or least in each lane, but for w.
#[inline(always)]
unsafe fn end<const SQUARES: bool, const UP: bool>(centre: __m256, row: &RowTest, tests: &LaneTests) -> __m256 {
    let mut x = centre;
    if SQUARES {
        let (square, u) = if UP { (row.square, &tests.u) } else { (row.square_up, &tests.v) };
        x = _mm256_fnmadd_ps(_mm256_set1_ps(square), _mm256_loadu_ps(u.as_ptr()), x);
    }
    let b = _mm256_loadu_ps(tests.b.as_ptr());
    if UP {
        _mm256_fmadd_ps(_mm256_set1_ps(row.length), b, x)
    } else {
        _mm256_fnmadd_ps(_mm256_set1_ps(row.length), b, x)
    }
}

impl Words for Pairs {
    const LANES: usize = 8;
    const DIMS: usize = 2;

    #[inline(always)]
    unsafe fn row_words(codes: &[i8], to: &mut [u32]) -> *const u32 {
        Self::query_words(codes, to);
        to.as_ptr()
    }
    #[inline(always)]
    unsafe fn query_words(codes: &[i8], to: &mut [u32]) {
        if let Some(last) = to.last_mut() {
            *last = 0;
        }
        let to: &mut [i16] = std::slice::from_raw_parts_mut(to.as_mut_ptr().cast(), to.len() * 2);
        for (to, &code) in to.iter_mut().zip(codes) {
            *to = i16::from(code);
        }
    }
    #[inline(always)]
    unsafe fn load(from: *const u32) -> Self {
        Pairs(_mm256_loadu_si256(from.cast()))
    }
    #[inline(always)]
    unsafe fn splat(word: i32) -> Self {
        Pairs(_mm256_set1_epi32(word))
    }
    #[inline(always)]
    unsafe fn multiply_add(self, row: *const u32, query: Self) -> Self {
        let row = _mm256_set1_epi32(row.cast::<i32>().read_unaligned());
        Pairs(_mm256_add_epi32(self.0, _mm256_madd_epi16(row, query.0)))
    }
    #[inline(always)]
    unsafe fn moments(rows: &[*const i8; 4], dim: usize) -> ([i32; 4], [i32; 4]) {
        let mut x = [_mm256_setzero_si256(); 8];
        let mut j = 0;
        while j < dim {
            for r in 0..4 {
                let codes = widen(rows[r].add(j), dim - j);
                x[r] = _mm256_add_epi32(x[r], _mm256_madd_epi16(codes, codes));
            }
            j += 16;
        }
        let sums = array(sums8(&x));
        ([0; 4], [sums[0], sums[1], sums[2], sums[3]])
    }
    #[inline(always)]
    unsafe fn reaching<const SQUARES: bool>(self, row: &RowTest, tests: &LaneTests) -> u32 {
        let t = _mm256_loadu_ps(tests.t.as_ptr());
        let x = _mm256_fmsub_ps(_mm256_cvtepi32_ps(self.0), _mm256_set1_ps(row.scale), t);
        let x = end::<SQUARES, true>(x, row, tests);
        _mm256_movemask_ps(_mm256_cmp_ps::<_CMP_NLT_UQ>(x, _mm256_setzero_ps())) as u32
    }
    #[inline(always)]
    unsafe fn insert_least<'a, const SQUARES: bool>(
        self,
        row: &RowTest,
        tests: &LaneTests,
        sorted: impl Iterator<Item = &'a mut Lanes>,
    ) {
        let x = _mm256_mul_ps(_mm256_cvtepi32_ps(self.0), _mm256_set1_ps(row.scale));
        let x = _mm256_sub_ps(end::<SQUARES, false>(x, row, tests), _mm256_loadu_ps(tests.w.as_ptr()));
        let size = _mm256_andnot_ps(_mm256_set1_ps(-0.0), x);
        let sane = _mm256_cmp_ps::<_CMP_LT_OQ>(size, _mm256_set1_ps(SANE));
        let mut x = _mm256_blendv_ps(_mm256_set1_ps(f32::NEG_INFINITY), x, sane);
        for best in sorted {
            let old = _mm256_loadu_ps(best.as_ptr());
            _mm256_storeu_ps(best.as_mut_ptr(), _mm256_max_ps(old, x));
            x = _mm256_min_ps(old, x);
        }
    }
    #[inline(always)]
    unsafe fn query_codes(codes: &[i8], to: &mut [u32]) {
        to.fill(0);
        Self::query_words(codes, to);
    }
    #[inline(always)]
    unsafe fn scan8<const SQUARES: bool>(
        query: &[u32],
        _query_sum: i32,
        rows: &[*const i8; 8],
        dim: usize,
        test: &ScanTest,
    ) -> (u32, [i32; 8]) {
        scan8::<SQUARES>(query, rows, dim, test)
    }
}

/// Out of line, for registers enough.
#[inline(never)]
#[target_feature(enable = "avx2,fma,f16c")]
unsafe fn scan8<const SQUARES: bool>(
    query: &[u32],
    rows: &[*const i8; 8],
    dim: usize,
    test: &ScanTest,
) -> (u32, [i32; 8]) {
    let query: *const i16 = query.as_ptr().cast();
    let mut sums = [_mm256_setzero_si256(); 8];
    let mut squares = sums;
    let mut ahead = fetch_far(rows);
    let mut j = 0;
    while j < dim {
        let q = _mm256_loadu_si256(query.add(j).cast());
        _mm_prefetch::<_MM_HINT_T0>(ahead);
        _mm_prefetch::<_MM_HINT_T0>(ahead.wrapping_add(64));
        ahead = ahead.wrapping_add(2 * 64);
        for r in 0..8 {
            let codes = widen(rows[r].add(j), dim - j);
            sums[r] = _mm256_add_epi32(sums[r], _mm256_madd_epi16(codes, q));
            if SQUARES {
                squares[r] = _mm256_add_epi32(squares[r], _mm256_madd_epi16(codes, codes));
            }
        }
        j += 16;
    }
    let sums = sums8(&sums);
    let squares = if SQUARES { sums8(&squares) } else { sums };
    let scales = scales8(rows, dim);
    (reaching8::<SQUARES>(sums, squares, scales, test), array(sums))
}
