//! Eight float64 lanes, for the algebra behind learned bases: adds and multiplies that are each rounded, no FMA, so
//! that every instruction set gives the same bits.

/// # Safety
/// All methods need the instruction set to be there, and pointers to eight elements (any alignment).
pub(crate) trait F64x8: Copy {
    unsafe fn splat(x: f64) -> Self;
    unsafe fn load(from: *const f64) -> Self;
    unsafe fn store(self, to: *mut f64);
    unsafe fn add(self, other: Self) -> Self;
    unsafe fn sub(self, other: Self) -> Self;
    unsafe fn mul(self, other: Self) -> Self;
}

pub(crate) const LANES: usize = 8;

/// The reference.
#[derive(Clone, Copy)]
pub(crate) struct Plain([f64; LANES]);

impl F64x8 for Plain {
    #[inline(always)]
    unsafe fn splat(x: f64) -> Plain {
        Plain([x; LANES])
    }
    #[inline(always)]
    unsafe fn load(from: *const f64) -> Plain {
        Plain(unsafe { from.cast::<[f64; LANES]>().read_unaligned() })
    }
    #[inline(always)]
    unsafe fn store(self, to: *mut f64) {
        unsafe { to.cast::<[f64; LANES]>().write_unaligned(self.0) }
    }
    #[inline(always)]
    unsafe fn add(self, other: Plain) -> Plain {
        Plain(std::array::from_fn(|i| self.0[i] + other.0[i]))
    }
    #[inline(always)]
    unsafe fn sub(self, other: Plain) -> Plain {
        Plain(std::array::from_fn(|i| self.0[i] - other.0[i]))
    }
    #[inline(always)]
    unsafe fn mul(self, other: Plain) -> Plain {
        Plain(std::array::from_fn(|i| self.0[i] * other.0[i]))
    }
}

/// The tree 8 -> 4 -> 2 -> 1 over partial sums: partial i + partial (i + half).
#[inline(always)]
pub(crate) fn fold(mut partials: [f64; LANES]) -> f64 {
    for half in [4, 2, 1] {
        for i in 0..half {
            partials[i] += partials[i + half];
        }
    }
    partials[0]
}

/// The sum of products in 8 striped partials, element j in partial j % 8.
#[inline(always)]
pub(crate) fn dot<D: F64x8>(a: &[f64], b: &[f64]) -> f64 {
    let full = a.len() - a.len() % LANES;
    let b = &b[..a.len()];
    let mut partials = [0f64; LANES];
    // SAFETY: callers have the instruction set; both slices reach to `full`.
    unsafe {
        let mut sums = D::splat(0.0);
        for j in (0..full).step_by(LANES) {
            sums = sums.add(D::load(a.as_ptr().add(j)).mul(D::load(b.as_ptr().add(j))));
        }
        sums.store(partials.as_mut_ptr());
    }
    for j in full..a.len() {
        partials[j - full] += a[j] * b[j];
    }
    fold(partials)
}
