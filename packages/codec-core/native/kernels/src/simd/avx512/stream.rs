//! Rows of streams by VBMI: bytes to the words of eight values (`vpermb`), a byte for each out of its word
//! (`vpmultishiftqb`), levels by half a table, the other half of one by windows being its mirror image. Without VBMI the
//! code of AVX2 does.
#![allow(unsafe_op_in_unsafe_fn)] // every line is an intrinsic

use super::super::avx2::{stream as plain, turbo::fetch_ahead};
use super::super::{F32x16, Sixteen};
use super::turbo::lanes16;
use super::{FLIP, Floats};
use crate::coded::{Plan, Step, WIDTH};
use std::arch::x86_64::*;

#[inline(always)]
pub(super) unsafe fn unpack(plan: &Plan, codes: &[u8], to: &mut [i8]) {
    match (is_x86_feature_detected!("avx512vbmi"), plan.tables.len()) {
        (true, 1) => unpack_all::<true>(plan, codes, to),
        (true, _) => unpack_all::<false>(plan, codes, to),
        (false, _) => plain::unpack(plan, codes, to),
    }
}

#[inline(always)]
pub(super) unsafe fn products<const PARTS: usize>(
    plan: &Plan,
    parts: &[Vec<i8>; 2],
    sums: [i32; 2],
    rows: Sixteen,
) -> [Floats; 2] {
    match (is_x86_feature_detected!("avx512vbmi"), plan.tables.len()) {
        (true, 1) => products_by::<PARTS, true>(plan, parts, sums, rows),
        (true, _) => products_by::<PARTS, false>(plan, parts, sums, rows),
        (false, _) => plain_products::<PARTS>(plan, parts, rows),
    }
}

/// Without VBMI.
#[inline(never)]
#[target_feature(enable = "avx2,fma,f16c,avx512f,avx512bw,avx512dq,avx512vl,avx512vnni")]
unsafe fn plain_products<const PARTS: usize>(plan: &Plan, parts: &[Vec<i8>; 2], rows: Sixteen) -> [Floats; 2] {
    plain::products::<PARTS>(plan, parts, rows).map(|products| {
        let mut lanes = [0f32; 16];
        products.store(lanes.as_mut_ptr());
        Floats::load(lanes.as_ptr())
    })
}

/// A table's two halves, with `flip` added, 0 or 128.
#[inline(always)]
unsafe fn table(plan: &Plan, at: usize, flip: i8) -> [__m512i; 2] {
    let (table, flip) = (plan.tables.get_unchecked(at).as_ptr(), _mm512_set1_epi8(flip));
    let (low, high) = (_mm512_loadu_si512(table.cast()), _mm512_loadu_si512(table.add(WIDTH).cast()));
    [_mm512_xor_si512(low, flip), _mm512_xor_si512(high, flip)]
}

/// Levels of a step's values in R rows, each with `flip` added; those past its end mean nothing. `ONE`: there is one table,
/// the first.
#[inline(always)]
unsafe fn levels<const R: usize, const ONE: bool>(
    plan: &Plan,
    step: &Step,
    first: [__m512i; 2],
    codes: [*const u8; R],
    flip: i8,
) -> [__m512i; R] {
    let places = _mm512_load_si512(step.bytes.as_ptr().cast());
    let shifts = _mm512_load_si512(step.shifts.as_ptr().cast());
    let mut out = [shifts; R];
    let mut mirrored = [0; R];
    for r in 0..R {
        let x = _mm512_maskz_loadu_epi8(step.there, codes[r].wrapping_offset(step.from).cast());
        let bytes = _mm512_multishift_epi64_epi8(shifts, _mm512_permutexvar_epi8(places, x));
        mirrored[r] = _mm512_movepi8_mask(bytes) & step.windows;
        out[r] = _mm512_mask_sub_epi8(bytes, mirrored[r], _mm512_set1_epi8(-1), bytes);
    }
    if ONE {
        for r in 0..R {
            out[r] = _mm512_permutex2var_epi8(first[0], out[r], first[1]);
        }
    } else {
        // A run's bytes become its levels; those of the runs after it stay.
        for &(at, values) in &step.runs {
            let [low, high] = table(plan, at, flip);
            for r in 0..R {
                out[r] = _mm512_mask2_permutex2var_epi8(low, out[r], values, high);
            }
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
unsafe fn unpack_all<const ONE: bool>(plan: &Plan, codes: &[u8], to: &mut [i8]) {
    let mut to = to.as_mut_ptr();
    let first = table(plan, 0, 0);
    for step in &plan.steps {
        let [levels] = levels::<1, ONE>(plan, step, first, [codes.as_ptr()], 0);
        _mm512_storeu_si512(to.cast(), levels);
        to = to.add(WIDTH);
    }
}

/// Rows whose bytes are looked up together.
const FEW: usize = 4;

/// Sixteen registers of sums: of as many rows, or of eight with both parts.
#[inline(never)]
#[target_feature(enable = "avx2,fma,f16c,avx512f,avx512bw,avx512dq,avx512vl,avx512vnni,avx512vbmi")]
unsafe fn products_by<const PARTS: usize, const ONE: bool>(
    plan: &Plan,
    parts: &[Vec<i8>; 2],
    of_parts: [i32; 2],
    rows: Sixteen,
) -> [Floats; 2] {
    let together = 16 / PARTS;
    let table = table(plan, 0, FLIP);
    let mut ahead = fetch_ahead(rows);
    let lines = (together * rows.stride).div_ceil(WIDTH * plan.steps.len());
    let mut found = [_mm512_setzero_si512(); 2];
    for (turn, found) in found.iter_mut().enumerate().take(PARTS) {
        let mut sums = [_mm512_setzero_si512(); 16];
        for (i, step) in plan.steps.iter().enumerate() {
            for line in 0..lines {
                _mm_prefetch::<_MM_HINT_T0>(ahead.wrapping_add(line * WIDTH).cast());
            }
            ahead = ahead.wrapping_add(lines * WIDTH);
            let mut q = [_mm512_setzero_si512(); 2];
            for p in 0..PARTS {
                q[p] = _mm512_loadu_si512(parts[p].as_ptr().add(i * WIDTH).cast());
            }
            for first in (0..16 / PARTS).step_by(FEW) {
                let mut codes = [rows.first; FEW];
                for r in 0..FEW {
                    codes[r] = rows.first.wrapping_add((turn * together + first + r) * rows.stride);
                }
                let levels = levels::<FEW, ONE>(plan, step, table, codes, FLIP);
                for r in 0..FEW {
                    for p in 0..PARTS {
                        let sum = &mut sums[p * (16 / PARTS) + first + r];
                        *sum = _mm512_dpbusd_epi32(*sum, levels[r], q[p]);
                    }
                }
            }
        }
        *found = lanes16(&sums);
    }
    if PARTS == 2 {
        // Eight rows' sums of one part behind those of the other.
        let [a, b] = found;
        found = [_mm512_shuffle_i64x2::<0x44>(a, b), _mm512_shuffle_i64x2::<0xee>(a, b)];
    }
    let mut out = [Floats(_mm512_setzero_ps()); 2];
    for p in 0..PARTS {
        let off = _mm512_set1_epi32(of_parts[p].wrapping_mul(128));
        out[p] = Floats(_mm512_cvtepi32_ps(_mm512_sub_epi32(found[p], off)));
    }
    out
}
