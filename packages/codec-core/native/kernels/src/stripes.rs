//! The pinned float32 sum behind every float score: element j goes into partial j % 16, in order, and the sixteen
//! partials fold by a fixed tree, partial i + partial (i + half) for half 8, 4, 2, 1. No FMA.
//!
//! Partials start at +0 and can never become -0, so a padded tail of +0 terms changes nothing.
//!
//! Rounding: a sum is off by at most (dim / 16 + 5) 2^-24 of the sum of its terms' magnitudes (to first order).

use crate::simd::F32x16;

const LANES: usize = 16;

/// What is summed over: q_j v_j, or (q_j - v_j)^2.
pub(crate) trait Term {
    fn of(q: f32, v: f32) -> f32;
    /// # Safety
    /// As for [`F32x16`].
    unsafe fn lanes<F: F32x16>(q: F, v: F) -> F;
}

pub(crate) struct Product;

impl Term for Product {
    #[inline(always)]
    fn of(q: f32, v: f32) -> f32 {
        q * v
    }
    #[inline(always)]
    unsafe fn lanes<F: F32x16>(q: F, v: F) -> F {
        unsafe { q.mul(v) }
    }
}

pub(crate) struct SquaredDifference;

impl Term for SquaredDifference {
    #[inline(always)]
    fn of(q: f32, v: f32) -> f32 {
        let t = q - v;
        t * t
    }
    #[inline(always)]
    unsafe fn lanes<F: F32x16>(q: F, v: F) -> F {
        unsafe {
            let t = q.sub(v);
            t.mul(t)
        }
    }
}

/// The sum over two slices of one length: the reference.
pub(crate) fn sum<T: Term>(a: &[f32], b: &[f32]) -> f32 {
    let mut partials = [0f32; LANES];
    for (j, (&a, &b)) in a.iter().zip(b).enumerate() {
        partials[j % LANES] += T::of(a, b);
    }
    for half in [8, 4, 2, 1] {
        for i in 0..half {
            partials[i] += partials[i + half];
        }
    }
    partials[0]
}

/// A row that is read sixteen elements at a time.
///
/// # Safety
/// As for [`F32x16`].
pub(crate) trait RowLanes: Copy {
    unsafe fn lanes<F: F32x16>(self, j: usize) -> F;
    /// Elements j to j + n, n < 16, then +0.
    unsafe fn part<F: F32x16>(self, j: usize, n: usize) -> F;
}

impl RowLanes for *const f32 {
    #[inline(always)]
    unsafe fn lanes<F: F32x16>(self, j: usize) -> F {
        unsafe { F::load(self.add(j)) }
    }
    #[inline(always)]
    unsafe fn part<F: F32x16>(self, j: usize, n: usize) -> F {
        unsafe { F::load_part(self.add(j), n) }
    }
}

impl RowLanes for *const u16 {
    #[inline(always)]
    unsafe fn lanes<F: F32x16>(self, j: usize) -> F {
        unsafe { F::load_f16(self.add(j)) }
    }
    #[inline(always)]
    unsafe fn part<F: F32x16>(self, j: usize, n: usize) -> F {
        let mut last = [0u16; LANES];
        unsafe {
            std::ptr::copy_nonoverlapping(self.add(j), last.as_mut_ptr(), n);
            F::load_f16(last.as_ptr())
        }
    }
}

impl RowLanes for *const i8 {
    #[inline(always)]
    unsafe fn lanes<F: F32x16>(self, j: usize) -> F {
        unsafe { F::load_i8(self.add(j)) }
    }
    #[inline(always)]
    unsafe fn part<F: F32x16>(self, j: usize, n: usize) -> F {
        let mut last = [0i8; LANES];
        unsafe {
            std::ptr::copy_nonoverlapping(self.add(j), last.as_mut_ptr(), n);
            F::load_i8(last.as_ptr())
        }
    }
}

/// Codes times a factor, each product rounded.
#[derive(Clone, Copy)]
pub(crate) struct Scaled(pub *const i8, pub f32);

impl RowLanes for Scaled {
    #[inline(always)]
    unsafe fn lanes<F: F32x16>(self, j: usize) -> F {
        unsafe { F::load_i8(self.0.add(j)).mul(F::splat(self.1)) }
    }
    #[inline(always)]
    unsafe fn part<F: F32x16>(self, j: usize, n: usize) -> F {
        let mut last = [0f32; LANES];
        unsafe {
            self.0.part::<F>(j, n).mul(F::splat(self.1)).store(last.as_mut_ptr());
            // 0 * factor may be -0 or NaN.
            last[n..].fill(0.0);
            F::load(last.as_ptr())
        }
    }
}

/// The sums of R rows with Q queries at once: one accumulator each hides the latency of the adds.
///
/// # Safety
/// As for [`F32x16`]; all rows and queries have `dim` elements.
#[inline(always)]
pub(crate) unsafe fn tile<T: Term, F: F32x16, L: RowLanes, const R: usize, const Q: usize>(
    rows: &[L; R],
    queries: &[*const f32; Q],
    dim: usize,
) -> [[f32; Q]; R] {
    unsafe {
        let mut sums = [[F::splat(0.0); Q]; R];
        let full = dim - dim % LANES;
        let mut j = 0;
        while j < full {
            let mut q = [F::splat(0.0); Q];
            for i in 0..Q {
                q[i] = F::load(queries[i].add(j));
            }
            for r in 0..R {
                let v = rows[r].lanes::<F>(j);
                for i in 0..Q {
                    sums[r][i] = sums[r][i].add(T::lanes(q[i], v));
                }
            }
            j += LANES;
        }
        if full < dim {
            let mut q = [F::splat(0.0); Q];
            for i in 0..Q {
                q[i] = F::load_part(queries[i].add(full), dim - full);
            }
            for r in 0..R {
                let v = rows[r].part::<F>(full, dim - full);
                for i in 0..Q {
                    sums[r][i] = sums[r][i].add(T::lanes(q[i], v));
                }
            }
        }
        let mut out = [[0f32; Q]; R];
        for r in 0..R {
            for i in 0..Q {
                out[r][i] = sums[r][i].fold();
            }
        }
        out
    }
}

/// The sums of squares of R rows.
///
/// # Safety
/// As for [`tile`].
#[inline(always)]
pub(crate) unsafe fn squares<F: F32x16, L: RowLanes, const R: usize>(rows: &[L; R], dim: usize) -> [f32; R] {
    unsafe {
        let mut sums = [F::splat(0.0); R];
        let full = dim - dim % LANES;
        let mut j = 0;
        while j < full {
            for r in 0..R {
                let v = rows[r].lanes::<F>(j);
                sums[r] = sums[r].add(v.mul(v));
            }
            j += LANES;
        }
        if full < dim {
            for r in 0..R {
                let v = rows[r].part::<F>(full, dim - full);
                sums[r] = sums[r].add(v.mul(v));
            }
        }
        let mut out = [0f32; R];
        for r in 0..R {
            out[r] = sums[r].fold();
        }
        out
    }
}
