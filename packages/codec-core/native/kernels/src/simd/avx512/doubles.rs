//! Eight float64 lanes in a register.
#![allow(unsafe_op_in_unsafe_fn)] // every line is an intrinsic

use std::arch::x86_64::*;

use crate::doubles::F64x8;

#[derive(Clone, Copy)]
pub struct Doubles(__m512d);

impl F64x8 for Doubles {
    #[inline(always)]
    unsafe fn splat(x: f64) -> Doubles {
        Doubles(_mm512_set1_pd(x))
    }
    #[inline(always)]
    unsafe fn load(from: *const f64) -> Doubles {
        Doubles(_mm512_loadu_pd(from))
    }
    #[inline(always)]
    unsafe fn store(self, to: *mut f64) {
        _mm512_storeu_pd(to, self.0);
    }
    #[inline(always)]
    unsafe fn add(self, other: Doubles) -> Doubles {
        Doubles(_mm512_add_pd(self.0, other.0))
    }
    #[inline(always)]
    unsafe fn sub(self, other: Doubles) -> Doubles {
        Doubles(_mm512_sub_pd(self.0, other.0))
    }
    #[inline(always)]
    unsafe fn mul(self, other: Doubles) -> Doubles {
        Doubles(_mm512_mul_pd(self.0, other.0))
    }
}
