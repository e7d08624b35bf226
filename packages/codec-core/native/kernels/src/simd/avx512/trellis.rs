//! The step of the trellis search, 32 costs to a register.
#![allow(unsafe_op_in_unsafe_fn)] // every line is an intrinsic

use crate::trellis::{PerWindow, Steps};
use std::arch::x86_64::*;

/// Registers of all costs.
const ALL: usize = 8;

/// Where R registers hold one h.
#[inline(always)]
pub(super) unsafe fn step<const R: usize>(
    steps: &Steps,
    costs: &mut PerWindow<u16>,
    coordinate: i8,
    settle: bool,
    came: &mut [u16],
) {
    let mut least = [_mm512_setzero_si512(); R];
    for r in 0..R {
        let mut h = _mm512_setzero_si512();
        least[r] = load(&costs.0, r);
        for other in 1..ALL / R {
            let cost = load(&costs.0, other * R + r);
            h = _mm512_mask_set1_epi16(h, _mm512_cmplt_epu16_mask(cost, least[r]), other as i16);
            least[r] = _mm512_min_epu16(cost, least[r]);
        }
        _mm512_storeu_si512(came[r * 32..][..32].as_mut_ptr().cast(), h);
    }
    if settle {
        let mut all = least[0];
        for r in 1..R {
            all = _mm512_min_epu16(all, least[r]);
        }
        let off = smallest(_mm256_min_epu16(_mm512_castsi512_si256(all), _mm512_extracti64x4_epi64::<1>(all)));
        for r in 0..R {
            least[r] = _mm512_sub_epi16(least[r], off);
        }
    }
    finish(steps, costs, coordinate, least);
}

/// Where half a register does: 4 bits.
#[inline(always)]
pub(super) unsafe fn step_half(
    steps: &Steps,
    costs: &mut PerWindow<u16>,
    coordinate: i8,
    settle: bool,
    came: &mut [u16],
) {
    // Lanes 0 to 15 hold the even h, the others the odd ones.
    let mut least = load(&costs.0, 0);
    let mut h = _mm512_inserti64x4::<1>(_mm512_setzero_si512(), _mm256_set1_epi16(1));
    let first = h;
    for pair in 1..ALL {
        let cost = load(&costs.0, pair);
        let own = _mm512_add_epi16(first, _mm512_set1_epi16(2 * pair as i16));
        h = _mm512_mask_mov_epi16(h, _mm512_cmplt_epu16_mask(cost, least), own);
        least = _mm512_min_epu16(cost, least);
    }
    let (even, odd) = (_mm512_castsi512_si256(least), _mm512_extracti64x4_epi64::<1>(least));
    let (of_even, of_odd) = (_mm512_castsi512_si256(h), _mm512_extracti64x4_epi64::<1>(h));
    let below = _mm256_cmplt_epu16_mask(odd, even);
    let first = _mm256_mask_cmplt_epu16_mask(_mm256_cmpeq_epi16_mask(odd, even), of_odd, of_even);
    let h = _mm256_mask_mov_epi16(of_even, below | first, of_odd);
    _mm256_storeu_si256(came[..16].as_mut_ptr().cast(), h);
    let mut least = _mm512_castsi256_si512(_mm256_min_epu16(even, odd));
    if settle {
        least = _mm512_sub_epi16(least, smallest(_mm512_castsi512_si256(least)));
    }
    finish(steps, costs, coordinate, [least]);
}

#[inline(always)]
unsafe fn load<T>(from: &[T; 256], register: usize) -> __m512i {
    const { assert!(size_of::<T>() == 2) };
    _mm512_loadu_si512(from[register * 32..][..32].as_ptr().cast())
}

/// The smallest of 16, in all lanes.
#[inline(always)]
unsafe fn smallest(x: __m256i) -> __m512i {
    let x = _mm_minpos_epu16(_mm_min_epu16(_mm256_castsi256_si128(x), _mm256_extracti128_si256::<1>(x)));
    _mm512_broadcastw_epi16(x)
}

/// The costs that begin at the least ones.
#[inline(always)]
unsafe fn finish<const R: usize>(steps: &Steps, costs: &mut PerWindow<u16>, coordinate: i8, least: [__m512i; R]) {
    let coordinate = _mm512_set1_epi16(coordinate.into());
    for r in 0..ALL {
        let at = load(&steps.sources.0, r);
        let from = match R {
            1 => _mm512_permutexvar_epi16(at, least[0]),
            2 => _mm512_permutex2var_epi16(least[0], at, least[R - 1]),
            _ => {
                let low = _mm512_permutex2var_epi16(least[0], at, least[1 % R]);
                let high = _mm512_permutex2var_epi16(least[2 % R], at, least[3 % R]);
                _mm512_mask_mov_epi16(low, _mm512_test_epi16_mask(at, _mm512_set1_epi16(64)), high)
            }
        };
        let error = _mm512_sub_epi16(coordinate, load(&steps.values.0, r));
        let cost = _mm512_adds_epu16(from, _mm512_mullo_epi16(error, error));
        _mm512_storeu_si512(costs.0[r * 32..][..32].as_mut_ptr().cast(), cost);
    }
}
