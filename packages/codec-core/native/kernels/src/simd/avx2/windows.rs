//! Rows of a trellis: each coordinate's window looked up.

use super::super::{F32x16, Packed, Sixteen};
use super::{Avx2, Floats};
use crate::trellis_tables::window_values;

/// Coordinates that a word of windows has.
const EIGHT: usize = 8;

/// Writes the levels of a row's whole bytes; see `Packed::unpack`.
pub(in crate::simd) fn unpack(bits: usize, codes: &[u8], to: &mut [i8]) {
    let values = window_values(bits);
    for (g, to) in to.chunks_exact_mut(EIGHT).take((codes.len() * 8 / bits).div_ceil(EIGHT)).enumerate() {
        // The byte before the coordinates' first one, and all of theirs.
        let mut word = [0; 8];
        let (from, end) = (g * bits, (g * bits + 7).min(codes.len()));
        if from > 0 && end == from + 7 {
            word.copy_from_slice(&codes[from - 1..end]);
        } else {
            word[usize::from(from == 0)..][..end - from.saturating_sub(1)]
                .copy_from_slice(&codes[from.saturating_sub(1)..end]);
        }
        let word = u64::from_le_bytes(word);
        for (i, to) in to.iter_mut().enumerate() {
            *to = values[(word >> ((i + 1) * bits)) as usize & 0xff];
        }
    }
}

/// See `Packed::products`.
#[inline(never)]
#[target_feature(enable = "avx2,fma,f16c")]
pub(in crate::simd) unsafe fn products(bits: usize, query: &[i8], rows: Sixteen) -> Floats {
    let mut levels = vec![0i8; query.len() + Avx2::REGISTER];
    let mut products = [0f32; 16];
    for (r, product) in products.iter_mut().enumerate() {
        // SAFETY: a row has so many code bytes.
        let codes = unsafe { std::slice::from_raw_parts(rows.first.add(r * rows.stride), rows.bytes) };
        unpack(bits, codes, &mut levels);
        let sum: i32 = query.iter().zip(&levels).map(|(&q, &level)| i32::from(i16::from(q) * i16::from(level))).sum();
        *product = sum as f32;
    }
    // SAFETY: sixteen floats.
    unsafe { Floats::load(products.as_ptr()) }
}
