//! NaN and infinities: the first one of an array.

use crate::isa::Isa;
use crate::simd::{F32x16, Kernel, Simd, run};

/// Index of the first NaN or infinity.
pub fn first_non_finite(isa: Isa, data: &[f32]) -> Option<usize> {
    run(isa, FirstNonFinite { data })
}

struct FirstNonFinite<'a> {
    data: &'a [f32],
}

impl Kernel for FirstNonFinite<'_> {
    type Output = Option<usize>;

    fn scalar(self) -> Option<usize> {
        self.data.iter().position(|v| !v.is_finite())
    }

    #[inline(always)]
    unsafe fn simd<S: Simd>(self) -> Option<usize> {
        for (i, block) in self.data.chunks(64).enumerate() {
            // SAFETY: four times sixteen floats.
            let finite = block.len() == 64 && unsafe { all_finite::<S::F>(block.as_ptr()) };
            if !finite && let Some(at) = block.iter().position(|v| !v.is_finite()) {
                return Some(i * 64 + at);
            }
        }
        None
    }
}

/// Whether 64 floats are finite: 0 * v is 0 for these, NaN for all others, and NaN stays in a sum.
#[inline(always)]
unsafe fn all_finite<F: F32x16>(from: *const f32) -> bool {
    unsafe {
        let zero = F::splat(0.0);
        let mut sum = zero;
        for lane in [0, 16, 32, 48] {
            sum = sum.add(F::load(from.add(lane)).mul(zero));
        }
        sum.is_finite()
    }
}
