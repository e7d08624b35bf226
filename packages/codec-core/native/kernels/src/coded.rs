//! Scans of rows whose codes stand for small integers, their levels, under queries rounded to signed bytes: what rotated
//! codes (`turbo`) and codes in a learned basis (`klt`) share. A row's inner product with a query's bytes is exact, and its
//! score a few float operations on it, so that a search finds what all scores would give: no row is looked at twice.
//!
//! A query may have two bytes for each level, the high and the low ones, its parts.

mod batch;
mod block;
mod frame;
mod plan;
mod query;
mod scalar;
mod search;

use crate::float_scan::Metric;
use crate::simd::{F32x16, Simd, Sixteen};

pub(crate) use frame::Frame;
pub(crate) use plan::{GROUP, Plan, Step, WIDTH};
pub(crate) use query::Query;
pub(crate) use scalar::{LEAST_SCALAR, place};
pub(crate) use search::{coded_scores, coded_top_k};

/// Rows of codes, and how queries meet them.
pub(crate) trait Coded: Copy {
    /// Bytes that a query has for each level, 1 or 2.
    const PARTS: usize;

    fn frame(&self) -> &Frame<'_>;
    fn metric(&self) -> Metric;
    /// The reference: level j of a row's codes.
    fn level(&self, codes: &[u8], j: usize) -> i32;
    /// Floats of a prepared query.
    fn query_floats(&self) -> usize;
    /// A prepared query in whole numbers.
    fn query(&self, prepared: &[f32]) -> Query;
    /// The reference: the inner product of a query and a row, given those of the query's parts with the levels.
    fn product(query: &Query, products: [i32; 2], scalar: f32) -> f32;

    /// As `product`, sixteen at once; must be `#[inline(always)]`.
    ///
    /// # Safety
    /// As for [`F32x16`].
    unsafe fn product_lanes<F: F32x16>(products: [F; 2], scalar: F, step: F, bias: F) -> F;

    /// Levels of a row as `unpack` writes them: the last register, where it isn't full, makes short ones.
    fn unpacked(&self) -> usize;
    /// Levels of a row in whole registers of `register` bytes.
    fn padded(&self, register: usize) -> usize;
    /// Calls `each` with every level and its place; `whole` where all registers are.
    fn places(&self, register: usize, whole: bool, each: impl FnMut(usize, usize));

    /// Writes a row's levels to `to`, which has room for them and a register more. Must be `#[inline(always)]`.
    ///
    /// # Safety
    /// Needs the instruction set.
    unsafe fn unpack<S: Simd>(&self, row: usize, to: &mut [i8]);

    /// Inner products of a query's parts, their elements in whole registers and their sums, with sixteen rows.
    ///
    /// # Safety
    /// Needs the instruction set; the rows stand there.
    unsafe fn products<S: Simd>(&self, parts: &[Vec<i8>; 2], sums: [i32; 2], rows: Sixteen) -> [S::F; 2];
}
