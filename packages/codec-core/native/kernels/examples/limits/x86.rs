//! The loops of the probes in vector instructions.

use super::STEP;
use std::arch::asm;
use std::arch::x86_64::{
    __m256i, __m512i, _MM_HINT_NTA, _mm_prefetch, _mm256_load_si256, _mm256_or_si256, _mm256_setzero_si256,
    _mm512_load_si512, _mm512_or_si512, _mm512_reduce_or_epi64, _mm512_setzero_si512,
};

const CHAINS: usize = 12;
const TURNS: usize = 1_000_000;
/// Bytes between a prefetch and the load that it is for.
const DISTANCE: usize = 1024;
/// Products of a call of `multiply_add`.
pub const PRODUCTS: usize = TURNS * CHAINS * 64;

/// `bytes` begins on a boundary of 64.
#[target_feature(enable = "avx512f")]
pub unsafe fn or_avx512<const AHEAD: bool>(bytes: &[u8]) -> u64 {
    let mut or = [_mm512_setzero_si512(); STEP / 64];
    for step in bytes.chunks_exact(STEP) {
        if AHEAD {
            for i in 0..STEP / 64 {
                _mm_prefetch::<_MM_HINT_NTA>(step.as_ptr().wrapping_add(DISTANCE + 64 * i).cast());
            }
        }
        // SAFETY: a step on a boundary of 64.
        unsafe { or_step(&mut or, step) };
    }
    fold(or)
}

/// Both begin on a boundary of 64.
#[target_feature(enable = "avx512f")]
pub unsafe fn or_two_avx512(left: &[u8], right: &[u8]) -> u64 {
    let mut or = [_mm512_setzero_si512(); STEP / 64];
    for (left, right) in left.chunks_exact(STEP).zip(right.chunks_exact(STEP)) {
        // SAFETY: steps on boundaries of 64.
        unsafe {
            or_step(&mut or, left);
            or_step(&mut or, right);
        }
    }
    fold(or)
}

#[inline]
#[target_feature(enable = "avx512f")]
unsafe fn or_step(or: &mut [__m512i; STEP / 64], step: &[u8]) {
    for (i, or) in or.iter_mut().enumerate() {
        // SAFETY: within the step.
        *or = _mm512_or_si512(*or, unsafe { _mm512_load_si512(step.as_ptr().add(64 * i).cast::<__m512i>()) });
    }
}

#[inline]
#[target_feature(enable = "avx512f")]
fn fold(or: [__m512i; STEP / 64]) -> u64 {
    _mm512_reduce_or_epi64(or.into_iter().fold(_mm512_setzero_si512(), |a, b| _mm512_or_si512(a, b))) as u64
}

/// `bytes` begins on a boundary of 32.
#[target_feature(enable = "avx2")]
pub unsafe fn or_avx2(bytes: &[u8]) -> u64 {
    let mut or = [_mm256_setzero_si256(); 8];
    for step in bytes.chunks_exact(256) {
        for (i, or) in or.iter_mut().enumerate() {
            // SAFETY: within the step.
            *or = _mm256_or_si256(*or, unsafe { _mm256_load_si256(step.as_ptr().add(32 * i).cast::<__m256i>()) });
        }
    }
    let all = or.into_iter().fold(_mm256_setzero_si256(), |a, b| _mm256_or_si256(a, b));
    // SAFETY: 32 bytes either way.
    let words: [u64; 4] = unsafe { std::mem::transmute(all) };
    words.into_iter().fold(0, |a, b| a | b)
}

/// Chains that don't wait for each other, of whatever stands in the registers; their sums are of no use.
#[target_feature(enable = "avx512f,avx512vnni")]
pub unsafe fn multiply_add() {
    // SAFETY: registers only.
    unsafe {
        asm!(
            "2:",
            "vpdpbusd zmm0, zmm12, zmm12",
            "vpdpbusd zmm1, zmm12, zmm12",
            "vpdpbusd zmm2, zmm12, zmm12",
            "vpdpbusd zmm3, zmm12, zmm12",
            "vpdpbusd zmm4, zmm12, zmm12",
            "vpdpbusd zmm5, zmm12, zmm12",
            "vpdpbusd zmm6, zmm12, zmm12",
            "vpdpbusd zmm7, zmm12, zmm12",
            "vpdpbusd zmm8, zmm12, zmm12",
            "vpdpbusd zmm9, zmm12, zmm12",
            "vpdpbusd zmm10, zmm12, zmm12",
            "vpdpbusd zmm11, zmm12, zmm12",
            "sub {turns}, 1",
            "jnz 2b",
            turns = inout(reg) TURNS => _,
            out("zmm0") _, out("zmm1") _, out("zmm2") _, out("zmm3") _, out("zmm4") _, out("zmm5") _,
            out("zmm6") _, out("zmm7") _, out("zmm8") _, out("zmm9") _, out("zmm10") _, out("zmm11") _,
            out("zmm12") _,
            options(nomem, nostack),
        );
    }
}
