//! Rows of `klt` codes by VBMI: bytes to the words of eight components (`vpermb`), a byte for each out of its word
//! (`vpmultishiftqb`), levels by half a table, the other half of one by windows being its mirror image. Without VBMI the
//! loops of AVX2 do.
#![allow(unsafe_op_in_unsafe_fn)] // every line is an intrinsic

use super::super::avx2::{mixed as plain, turbo::fetch_ahead};
use super::super::{F32x16, Sixteen};
use super::turbo::lanes16;
use super::{FLIP, Floats};
use crate::klt::{Plan, Step, WIDTH};
use std::arch::x86_64::*;

#[inline(always)]
pub(super) unsafe fn unpack(plan: &Plan, codes: &[u8], to: &mut [i8]) {
    if is_x86_feature_detected!("avx512vbmi") { unpack_all(plan, codes, to) } else { plain::unpack(plan, codes, to) }
}

#[inline(always)]
pub(super) unsafe fn products(plan: &Plan, parts: &[Vec<i8>; 2], sums: [i32; 2], rows: Sixteen) -> [Floats; 2] {
    if is_x86_feature_detected!("avx512vbmi") {
        products_by(plan, parts, sums, rows)
    } else {
        plain_products(plan, parts, rows)
    }
}

/// Without VBMI.
#[inline(never)]
#[target_feature(enable = "avx2,fma,f16c,avx512f,avx512bw,avx512dq,avx512vl,avx512vnni")]
unsafe fn plain_products(plan: &Plan, parts: &[Vec<i8>; 2], rows: Sixteen) -> [Floats; 2] {
    plain::products(plan, parts, rows).map(|products| {
        let mut lanes = [0f32; 16];
        products.store(lanes.as_mut_ptr());
        Floats::load(lanes.as_ptr())
    })
}

/// Levels of a step's components in R rows, each with `flip` added, 0 or 128; those past its end mean nothing.
#[inline(always)]
unsafe fn levels<const R: usize>(plan: &Plan, step: &Step, codes: [*const u8; R], flip: i8) -> [__m512i; R] {
    let places = _mm512_load_si512(step.bytes.as_ptr().cast());
    let shifts = _mm512_load_si512(step.shifts.as_ptr().cast());
    let mut out = [shifts; R];
    let mut mirrored = [0; R];
    for r in 0..R {
        let x = _mm512_maskz_loadu_epi8(step.there, codes[r].wrapping_offset(step.from).cast());
        let bytes = _mm512_multishift_epi64_epi8(shifts, _mm512_permutexvar_epi8(places, x));
        mirrored[r] = _mm512_movepi8_mask(bytes) & step.windowed;
        out[r] = _mm512_mask_sub_epi8(bytes, mirrored[r], _mm512_set1_epi8(-1), bytes);
    }
    // A run's bytes become its levels; those of the runs after it stay.
    for &(table, components) in &step.runs {
        let table = plan.tables.get_unchecked(table).as_ptr();
        let half = |from: usize| _mm512_xor_si512(_mm512_loadu_si512(table.add(from).cast()), _mm512_set1_epi8(flip));
        let (low, high) = (half(0), half(WIDTH));
        for r in 0..R {
            out[r] = _mm512_mask2_permutex2var_epi8(low, out[r], components, high);
        }
    }
    for r in 0..R {
        // Taken off 0, bytes with 128 added stand for 128 less their level.
        out[r] = _mm512_mask_sub_epi8(out[r], mirrored[r], _mm512_setzero_si512(), out[r]);
    }
    out
}

#[inline(never)]
#[target_feature(enable = "avx2,fma,f16c,avx512f,avx512bw,avx512dq,avx512vl,avx512vnni,avx512vbmi")]
unsafe fn unpack_all(plan: &Plan, codes: &[u8], to: &mut [i8]) {
    let mut to = to.as_mut_ptr();
    for step in &plan.steps {
        let [levels] = levels(plan, step, [codes.as_ptr()], 0);
        _mm512_storeu_si512(to.cast(), levels);
        to = to.add(WIDTH);
    }
}

/// Rows whose bytes are looked up together.
const FEW: usize = 4;

/// Eight rows at a time, each with two registers of sums.
#[inline(never)]
#[target_feature(enable = "avx2,fma,f16c,avx512f,avx512bw,avx512dq,avx512vl,avx512vnni,avx512vbmi")]
unsafe fn products_by(plan: &Plan, parts: &[Vec<i8>; 2], of_parts: [i32; 2], rows: Sixteen) -> [Floats; 2] {
    let mut ahead = fetch_ahead(rows);
    let lines = (16 * rows.stride).div_ceil(2 * WIDTH * plan.steps.len());
    let mut halves = [_mm512_setzero_si512(); 2];
    for (half, out) in halves.iter_mut().enumerate() {
        let mut sums = [_mm512_setzero_si512(); 16];
        let (mut high, mut low) = (parts[0].as_ptr(), parts[1].as_ptr());
        for step in &plan.steps {
            for line in 0..lines {
                _mm_prefetch::<_MM_HINT_T0>(ahead.wrapping_add(line * WIDTH).cast());
            }
            ahead = ahead.wrapping_add(lines * WIDTH);
            let (h, l) = (_mm512_loadu_si512(high.cast()), _mm512_loadu_si512(low.cast()));
            (high, low) = (high.wrapping_add(WIDTH), low.wrapping_add(WIDTH));
            for first in [0, FEW] {
                let codes: [_; FEW] =
                    std::array::from_fn(|r| rows.first.wrapping_add((half * 8 + first + r) * rows.stride));
                let levels = levels(plan, step, codes, FLIP);
                for r in 0..FEW {
                    sums[first + r] = _mm512_dpbusd_epi32(sums[first + r], levels[r], h);
                    sums[first + r + 8] = _mm512_dpbusd_epi32(sums[first + r + 8], levels[r], l);
                }
            }
        }
        *out = lanes16(&sums);
    }
    let [high, low] =
        [_mm512_shuffle_i64x2::<0x44>(halves[0], halves[1]), _mm512_shuffle_i64x2::<0xee>(halves[0], halves[1])];
    let floats = |sums: __m512i, of_part: i32| {
        Floats(_mm512_cvtepi32_ps(_mm512_sub_epi32(sums, _mm512_set1_epi32(of_part.wrapping_mul(128)))))
    };
    [floats(high, of_parts[0]), floats(low, of_parts[1])]
}
