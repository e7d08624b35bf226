//! What the kernels ask of an instruction set, and the one place where code is compiled for it.
//!
//! A kernel is written once, generic over [`Simd`], and inlined whole into a function that has the target features
//! on ([`run`]). For that every step is `#[inline(always)]`: a function left out of line would be compiled without
//! the features, and its intrinsics would become calls.

use crate::isa::{Isa, Level};

#[cfg(target_arch = "x86_64")]
mod avx2;
#[cfg(target_arch = "x86_64")]
mod avx512;

/// An instruction set.
pub(crate) trait Simd {
    type F: F32x16;
    type W: Words;
    /// Room for 16 accumulators of 16 floats in registers (else for 4).
    const WIDE: bool;
}

/// Sixteen float32 lanes: the sixteen partials of the pinned sum (see `stripes`).
///
/// # Safety
/// All methods need the instruction set to be there, and pointers to that many elements (any alignment).
pub(crate) trait F32x16: Copy {
    unsafe fn splat(x: f32) -> Self;
    unsafe fn load(from: *const f32) -> Self;
    /// The first `n` < 16 elements, then +0. Touches no memory past them.
    unsafe fn load_part(from: *const f32, n: usize) -> Self;
    unsafe fn load_f16(from: *const u16) -> Self;
    unsafe fn load_i8(from: *const i8) -> Self;
    unsafe fn store(self, to: *mut f32);
    unsafe fn store_f16(self, to: *mut u16);
    /// Rounded half to even.
    unsafe fn store_i8(self, to: *mut i8);
    unsafe fn add(self, other: Self) -> Self;
    unsafe fn sub(self, other: Self) -> Self;
    unsafe fn mul(self, other: Self) -> Self;
    unsafe fn max(self, other: Self) -> Self;
    unsafe fn abs(self) -> Self;
    /// Whether no lane is NaN or infinite.
    unsafe fn is_finite(self) -> bool;
    /// The tree 16 -> 8 -> 4 -> 2 -> 1, lane i + lane (i + half).
    unsafe fn fold(self) -> f32;
    /// Largest lane of numbers.
    unsafe fn largest(self) -> f32;
    /// Lanes a and b that are H = 1, 2, 4 or 8 apart become a + b and a - b: a step of the Hadamard transform.
    unsafe fn butterfly<const H: usize>(self) -> Self;
}

/// Lanes of i32 fed by 32-bit words of small integers: `DIMS` elements of a row against as many of a query.
///
/// # Safety
/// As for [`F32x16`].
pub(crate) trait Words: Copy {
    /// i32 lanes, each with a query of its own.
    const LANES: usize;
    /// Elements in a word.
    const DIMS: usize;
    /// What a packed row adds to its elements: products are of element + OFFSET.
    const OFFSET: i32;

    /// Packs a row's codes. `to` has whole words; what the row doesn't fill must meet zeros of the query.
    unsafe fn pack_row(codes: &[i8], to: &mut [u32]);
    /// Packs a query's codes, with zeros to the end of `to`.
    unsafe fn pack_query(codes: &[i8], to: &mut [u32]);
    unsafe fn load(from: *const u32) -> Self;
    unsafe fn splat(word: u32) -> Self;
    unsafe fn store(self, to: *mut i32);
    /// self + the products of a packed row's words and packed queries' words, exact modulo 2^32.
    unsafe fn multiply_add(self, row: Self, query: Self) -> Self;
    /// Bit i is set unless scale * lane i + length * b_i - square * u_i < t_i, for `tests` of t, b, u.
    unsafe fn reaching<const SQUARES: bool>(self, row: &RowTest, tests: &LaneTests) -> u32;
    /// Inner products of a packed query with eight rows of stored codes, without OFFSET.
    unsafe fn dots8(query: &[u32], query_sum: i32, rows: &[*const i8; 8], dim: usize) -> [i32; 8];
    unsafe fn sum_of_squares(row: *const i8, dim: usize) -> i32;
}

/// A row's side of the test that a vector of queries is put to; see `int8/bound`.
#[derive(Clone, Copy, Default)]
pub(crate) struct RowTest {
    pub scale: f32,
    pub length: f32,
    pub square: f32,
}

/// The queries' side, one lane a query.
#[derive(Clone, Copy)]
pub(crate) struct LaneTests {
    pub t: [f32; 16],
    pub b: [f32; 16],
    pub u: [f32; 16],
}

/// A kernel with its arguments: the plain reference, and the same bits by SIMD.
pub(crate) trait Kernel {
    type Output;
    fn scalar(self) -> Self::Output;
    /// # Safety
    /// Needs the instruction set; must be `#[inline(always)]`.
    unsafe fn simd<S: Simd>(self) -> Self::Output;
}

/// Runs a kernel compiled for `isa`.
pub(crate) fn run<K: Kernel>(isa: Isa, kernel: K) -> K::Output {
    match isa.0 {
        Level::Scalar => kernel.scalar(),
        // SAFETY: an Isa is only made where its features were detected.
        #[cfg(target_arch = "x86_64")]
        Level::Avx2 => unsafe { avx2::run(kernel) },
        #[cfg(target_arch = "x86_64")]
        Level::Avx512 => unsafe { avx512::run(kernel) },
    }
}
