//! Eight float64 lanes in two registers.
#![allow(unsafe_op_in_unsafe_fn)] // every line is an intrinsic

use std::arch::x86_64::*;

use crate::doubles::F64x8;

#[derive(Clone, Copy)]
pub struct Doubles(__m256d, __m256d);

impl F64x8 for Doubles {
    #[inline(always)]
    unsafe fn splat(x: f64) -> Doubles {
        Doubles(_mm256_set1_pd(x), _mm256_set1_pd(x))
    }
    #[inline(always)]
    unsafe fn load(from: *const f64) -> Doubles {
        Doubles(_mm256_loadu_pd(from), _mm256_loadu_pd(from.add(4)))
    }
    #[inline(always)]
    unsafe fn store(self, to: *mut f64) {
        _mm256_storeu_pd(to, self.0);
        _mm256_storeu_pd(to.add(4), self.1);
    }
    #[inline(always)]
    unsafe fn add(self, other: Doubles) -> Doubles {
        Doubles(_mm256_add_pd(self.0, other.0), _mm256_add_pd(self.1, other.1))
    }
    #[inline(always)]
    unsafe fn sub(self, other: Doubles) -> Doubles {
        Doubles(_mm256_sub_pd(self.0, other.0), _mm256_sub_pd(self.1, other.1))
    }
    #[inline(always)]
    unsafe fn mul(self, other: Doubles) -> Doubles {
        Doubles(_mm256_mul_pd(self.0, other.0), _mm256_mul_pd(self.1, other.1))
    }
}
