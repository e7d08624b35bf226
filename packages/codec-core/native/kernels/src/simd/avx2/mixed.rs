//! Rows of `klt` codes: each component's byte looked up.

use super::super::{F32x16, Packed, Sixteen};
use super::{Avx2, Floats};
use crate::klt::{GROUP, Plan};

/// See `Packed::unpack_mixed`.
pub(in crate::simd) fn unpack(plan: &Plan, codes: &[u8], to: &mut [i8]) {
    let mut to = to.chunks_exact_mut(GROUP);
    for step in &plan.steps {
        for group in 0..step.count.div_ceil(GROUP) {
            let (Some(to), at) = (to.next(), group * GROUP) else { return };
            let word = word(codes, step.from + isize::from(i16::from(step.bytes[at])));
            for (i, to) in to.iter_mut().enumerate() {
                let byte = word >> step.shifts[at + i] & 0xff;
                *to = plan.tables[usize::from(step.tables[at + i])][byte as usize];
            }
        }
    }
}

/// Eight bytes of a row, zeros before and behind it.
#[inline(always)]
fn word(codes: &[u8], at: isize) -> u64 {
    if let Some(bytes) = usize::try_from(at).ok().and_then(|at| codes.get(at..at + 8)) {
        return u64::from_le_bytes(*bytes.first_chunk().expect("eight bytes"));
    }
    let byte = |i: isize| usize::try_from(at + i).ok().and_then(|at| codes.get(at)).copied().unwrap_or(0);
    u64::from_le_bytes(std::array::from_fn(|i| byte(i as isize)))
}

/// See `Packed::products_mixed`.
#[inline(never)]
#[target_feature(enable = "avx2,fma,f16c")]
pub(in crate::simd) unsafe fn products(plan: &Plan, parts: &[Vec<i8>; 2], rows: Sixteen) -> [Floats; 2] {
    let mut levels = vec![0i8; parts[0].len() + Avx2::REGISTER];
    let mut products = [[0f32; 16]; 2];
    for r in 0..16 {
        // SAFETY: a row has so many code bytes.
        let codes = unsafe { std::slice::from_raw_parts(rows.first.add(r * rows.stride), rows.bytes) };
        unpack(plan, codes, &mut levels);
        for (part, products) in parts.iter().zip(&mut products) {
            let sum: i32 =
                part.iter().zip(&levels).map(|(&q, &level)| i32::from(i16::from(q) * i16::from(level))).sum();
            products[r] = sum as f32;
        }
    }
    // SAFETY: sixteen floats each.
    unsafe { [Floats::load(products[0].as_ptr()), Floats::load(products[1].as_ptr())] }
}
