//! The step of the trellis search, 16 costs to a register. What AVX-512 brings to its place by table, the least costs, goes
//! there by turns here: with b bits of a coordinate and n of the next one, the costs that the next one reads, by h' and u',
//! begin at least costs by the low n bits of u and the others, and these again and again for each symbol.
#![allow(unsafe_op_in_unsafe_fn)] // every line is an intrinsic

use crate::trellis::{PerWindow, Steps};
use std::arch::x86_64::*;

/// Lanes of a register.
const LANES: usize = 16;
/// Registers of all costs.
const ALL: usize = 16;

/// Where R registers hold one h.
#[inline(always)]
pub(super) unsafe fn step<const R: usize>(
    steps: &Steps,
    costs: &mut PerWindow<u16>,
    coordinate: i8,
    settle: bool,
    came: &mut [u16],
) {
    let mut least = [_mm256_setzero_si256(); R];
    for r in 0..R {
        let mut h = _mm256_setzero_si256();
        least[r] = load(&costs.0, r);
        for other in 1..ALL / R {
            let lower = _mm256_min_epu16(load(&costs.0, other * R + r), least[r]);
            let kept = _mm256_cmpeq_epi16(lower, least[r]);
            h = _mm256_blendv_epi8(_mm256_set1_epi16(other as i16), h, kept);
            least[r] = lower;
        }
        _mm256_storeu_si256(came[r * LANES..][..LANES].as_mut_ptr().cast(), h);
    }
    if settle {
        let mut all = least[0];
        for r in 1..R {
            all = _mm256_min_epu16(all, least[r]);
        }
        let smallest = _mm_minpos_epu16(_mm_min_epu16(_mm256_castsi256_si128(all), _mm256_extracti128_si256::<1>(all)));
        let off = _mm256_broadcastw_epi16(smallest);
        for r in 0..R {
            least[r] = _mm256_sub_epi16(least[r], off);
        }
    }
    for _ in 0..steps.next {
        turn(&mut least);
    }
    let mut begins = [0u16; 128];
    for r in 0..R {
        _mm256_storeu_si256(begins[r * LANES..][..LANES].as_mut_ptr().cast(), least[r]);
    }
    // So many stand side by side; then they come again.
    match (R * LANES) >> steps.next {
        1 => finish::<1>(steps, costs, coordinate, &begins),
        2 => finish::<2>(steps, costs, coordinate, &begins),
        4 => finish::<4>(steps, costs, coordinate, &begins),
        8 => finish::<8>(steps, costs, coordinate, &begins),
        16 => finish::<16>(steps, costs, coordinate, &begins),
        32 => finish::<32>(steps, costs, coordinate, &begins),
        _ => finish::<64>(steps, costs, coordinate, &begins),
    }
}

/// Those in even places, then those in odd ones.
#[inline(always)]
unsafe fn turn<const R: usize>(x: &mut [__m256i; R]) {
    let low = _mm256_set1_epi32(0xffff);
    let from = *x;
    // Of one register twice the same, of which each half counts once.
    for pair in 0..R.div_ceil(2) {
        let (a, b) = (from[2 * pair], from[(2 * pair + 1) % R]);
        let even = _mm256_packus_epi32(_mm256_and_si256(a, low), _mm256_and_si256(b, low));
        let odd = _mm256_packus_epi32(_mm256_srli_epi32::<16>(a), _mm256_srli_epi32::<16>(b));
        let (even, odd) = (_mm256_permute4x64_epi64::<0xd8>(even), _mm256_permute4x64_epi64::<0xd8>(odd));
        if R == 1 {
            x[0] = _mm256_permute2x128_si256::<0x20>(even, odd);
        } else {
            x[pair] = even;
            x[R / 2 + pair] = odd;
        }
    }
}

/// The costs that begin at the least ones, `SIDE` of which stand side by side.
#[inline(always)]
unsafe fn finish<const SIDE: usize>(steps: &Steps, costs: &mut PerWindow<u16>, coordinate: i8, begins: &[u16; 128]) {
    let coordinate = _mm256_set1_epi16(coordinate.into());
    let each = (ALL * LANES) >> steps.next;
    for r in 0..ALL {
        let at = r * LANES;
        let from = &begins[at / each * SIDE + at % each % SIDE..][..SIDE.min(LANES)];
        let from = match SIDE {
            1 => _mm256_set1_epi16(from[0] as i16),
            2 => _mm256_set1_epi32(from.as_ptr().cast::<i32>().read_unaligned()),
            4 => _mm256_set1_epi64x(from.as_ptr().cast::<i64>().read_unaligned()),
            8 => _mm256_broadcastsi128_si256(_mm_loadu_si128(from.as_ptr().cast())),
            _ => _mm256_loadu_si256(from.as_ptr().cast()),
        };
        let error = _mm256_sub_epi16(coordinate, load(&steps.values.0, r));
        let cost = _mm256_adds_epu16(from, _mm256_mullo_epi16(error, error));
        _mm256_storeu_si256(costs.0[at..][..LANES].as_mut_ptr().cast(), cost);
    }
}

#[inline(always)]
unsafe fn load<T>(from: &[T; 256], register: usize) -> __m256i {
    const { assert!(size_of::<T>() == 2) };
    _mm256_loadu_si256(from[register * LANES..][..LANES].as_ptr().cast())
}
