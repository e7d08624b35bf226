//! What the kernels ask of an instruction set, and the one place where code is compiled for it.
//!
//! A kernel is written once, generic over [`Simd`], and inlined whole into a function that has the target features
//! on ([`run`]). For that every step is `#[inline(always)]`: a function left out of line would be compiled without
//! the features, and its intrinsics would become calls.

use crate::coded::Plan;
use crate::doubles::F64x8;
use crate::isa::{Isa, Level};
use crate::nibbles::{Four, Least};
use crate::trellis::{PerWindow, Steps};
use crate::turbo::Cells;

#[cfg(target_arch = "x86_64")]
mod avx2;
#[cfg(target_arch = "x86_64")]
mod avx512;

/// An instruction set.
pub(crate) trait Simd {
    type F: F32x16;
    type W: Words;
    type P: Packed<Floats = Self::F>;
    type D: F64x8;
    /// Room for 16 accumulators of 16 floats in registers (else for 4).
    const WIDE: bool;

    /// Asks for the cache line at `at`, which may be anywhere, to come into the first cache.
    fn fetch(at: *const u8);

    /// [`crate::int8::best::keep_best`], out of line.
    ///
    /// # Safety
    /// Needs the instruction set.
    unsafe fn keep_best(numbers: &mut Vec<f32>, k: usize) -> f32;

    /// Sums of the table entries, by their weights, of the 64 rows of each block (see `nibbles`), for one to four queries:
    /// query q's of block b at b times the queries + q. Sums of more than 16 bits lose the upper ones.
    ///
    /// # Safety
    /// Needs the instruction set; blocks of `size` bytes hold as many fours as queries have, which are as many for all.
    unsafe fn nibble_sums(queries: &[&[Four]], blocks: &[u8], size: usize, sums: &mut [[u16; 64]]);

    /// Which of a block's rows have a sum of at least what their scalars, by their places, ask for; `range`: the lowest and the
    /// highest place.
    ///
    /// # Safety
    /// Needs the instruction set.
    unsafe fn nibbles_reach(sums: &[u16; 64], places: &[u8; 64], least: &Least, range: [u8; 2]) -> u64;

    /// As `trellis::step`; `came` has room for each u.
    ///
    /// # Safety
    /// Needs the instruction set.
    unsafe fn trellis_step(steps: &Steps, costs: &mut PerWindow<u16>, coordinate: i8, settle: bool, came: &mut [u16]);
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
    unsafe fn load_i32(from: *const i32) -> Self;
    /// The elements of `from` at sixteen places, each below 2^31.
    unsafe fn gather(from: *const f32, places: *const u32) -> Self;
    unsafe fn store(self, to: *mut f32);
    unsafe fn store_f16(self, to: *mut u16);
    /// Rounded half to even.
    unsafe fn store_i8(self, to: *mut i8);
    unsafe fn add(self, other: Self) -> Self;
    unsafe fn sub(self, other: Self) -> Self;
    unsafe fn mul(self, other: Self) -> Self;
    unsafe fn max(self, other: Self) -> Self;
    unsafe fn min(self, other: Self) -> Self;
    unsafe fn abs(self) -> Self;
    /// Whether no lane is NaN or infinite.
    unsafe fn is_finite(self) -> bool;
    /// Bit i is set unless lane i is below that of `other`.
    unsafe fn not_below(self, other: Self) -> u32;
    /// The levels nearest to the lanes; writes their codes. See `turbo`.
    unsafe fn quantize(self, cells: &Cells, codes: *mut u8) -> Self;
    /// The tree 16 -> 8 -> 4 -> 2 -> 1, lane i + lane (i + half).
    unsafe fn fold(self) -> f32;
    /// Largest lane of numbers.
    unsafe fn largest(self) -> f32;
    /// Lanes a and b that are H = 1, 2, 4 or 8 apart become a + b and a - b: a step of the Hadamard transform.
    unsafe fn butterfly<const H: usize>(self) -> Self;
}

/// Lanes of i32 fed by 32-bit words of small integers: `DIMS` elements of a row against as many of a query.
/// In memory it is its lanes and nothing else.
///
/// # Safety
/// As for [`F32x16`].
pub(crate) trait Words: Copy {
    /// i32 lanes, each with a query of its own.
    const LANES: usize;
    /// Elements in a word.
    const DIMS: usize;

    /// Where a row's words stand: in the row itself, if its codes and the bytes behind them can be read as such, or
    /// in `to`, which has room for whole words.
    unsafe fn row_words(codes: &[i8], to: &mut [u32]) -> *const u32;
    /// A query's words, with zeros to the end of `to`: they meet what lies behind a row.
    unsafe fn query_words(codes: &[i8], to: &mut [u32]);
    unsafe fn load(from: *const u32) -> Self;
    unsafe fn splat(word: i32) -> Self;
    /// self + the products of a row's word, in any place of memory, with queries' words; exact modulo 2^32.
    unsafe fn multiply_add(self, row: *const u32, query: Self) -> Self;
    /// Of each row what its sums of products begin at, and the sum of its squares.
    unsafe fn moments(rows: &[*const i8; 4], dim: usize) -> ([i32; 4], [i32; 4]);
    /// Bit i is set unless lane i's most is below t_i; see `int8/bound`. `SQUARES` under l2.
    unsafe fn reaching<const SQUARES: bool>(self, row: &RowTest, tests: &LaneTests) -> u32;
    /// Inserts each lane's least into the lane's column of `sorted`, the largest first; the smallest falls out.
    unsafe fn insert_least<'a, const SQUARES: bool>(
        self,
        row: &RowTest,
        tests: &LaneTests,
        sorted: impl Iterator<Item = &'a mut Lanes>,
    );
    /// As `query_words` for `scan8`; `to` fills whole registers.
    unsafe fn query_codes(codes: &[i8], to: &mut [u32]);
    /// Inner products of a query with eight rows of codes, their scales behind them, and the rows that reach its threshold: bit i is set unless
    /// row i's most is below t.
    unsafe fn scan8<const SQUARES: bool>(
        query: &[u32],
        query_sum: i32,
        rows: &[*const i8; 8],
        dim: usize,
        test: &ScanTest,
    ) -> (u32, [i32; 8]);
}

/// Rows of codes: those of `turbo` without a trellis, read in the order of `turbo/order`, and streams by their plan.
///
/// # Safety
/// As for [`F32x16`].
pub(crate) trait Packed {
    type Floats: F32x16;
    /// Bytes of a register.
    const REGISTER: usize;

    /// Writes a row's levels to `to`, which has room for them and a register more.
    unsafe fn unpack(bits: usize, codes: &[u8], to: &mut [i8]);
    /// Inner products of a query, its elements in whole registers and their sum, with sixteen rows.
    unsafe fn products(bits: usize, query: &[i8], sum: i32, rows: Sixteen) -> Self::Floats;
    /// As `unpack`, of streams; `codes` go on to the end of all rows.
    unsafe fn unpack_stream(plan: &Plan, codes: &[u8], to: &mut [i8]);
    /// As `products`, of streams and 1 or 2 parts of a query.
    unsafe fn products_stream<const PARTS: usize>(
        plan: &Plan,
        parts: &[Vec<i8>; 2],
        sums: [i32; 2],
        rows: Sixteen,
    ) -> [Self::Floats; 2];
}

/// Sixteen rows, side by side.
#[derive(Clone, Copy)]
pub(crate) struct Sixteen {
    pub first: *const u8,
    /// Bytes from one row to the next.
    pub stride: usize,
    /// Code bytes of a row.
    pub bytes: usize,
}

/// A float for each of up to sixteen lanes.
pub(crate) type Lanes = [f32; 16];

/// A row's side of the test that queries are put to; see `int8/bound`.
#[derive(Clone, Copy, Default)]
pub(crate) struct RowTest {
    pub scale: f32,
    pub length: f32,
    pub square: f32,
    pub square_up: f32,
}

/// A query's side.
#[derive(Clone, Copy)]
pub(crate) struct QueryTest {
    pub t: f32,
    pub b: f32,
    pub u: f32,
    pub v: f32,
    pub w: f32,
}

/// A single query's side, before a row's length is known.
#[derive(Clone, Copy)]
pub(crate) struct ScanTest {
    pub t: f32,
    pub b: f32,
    pub u: f32,
    /// At least a row's length by |scale|; under l2 by |scale| |c|.
    pub length: f32,
    /// At most 1/2 - rounding.
    pub half: f32,
}

/// The side of as many queries as a vector has lanes.
#[derive(Clone, Copy)]
pub(crate) struct LaneTests {
    pub t: Lanes,
    pub b: Lanes,
    pub u: Lanes,
    pub v: Lanes,
    pub w: Lanes,
}

impl LaneTests {
    /// Lanes without a query: nothing reaches infinity.
    pub(crate) const NONE: LaneTests =
        LaneTests { t: [f32::INFINITY; 16], b: [0.0; 16], u: [0.0; 16], v: [0.0; 16], w: [0.0; 16] };

    pub(crate) fn set(&mut self, lane: usize, query: &QueryTest) {
        self.t[lane] = query.t;
        self.b[lane] = query.b;
        self.u[lane] = query.u;
        self.v[lane] = query.v;
        self.w[lane] = query.w;
    }
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
