//! Rows of codes.

use super::levels::level_at;
use super::{TurboLayout, order};
use crate::coded::{Coded, Frame, Plan, Query};
use crate::expanded::largest;
use crate::fault::Fault;
use crate::float_scan::Metric;
use crate::simd::{F32x16, Packed, Simd, Sixteen};

#[derive(Clone, Copy)]
pub(super) struct Rows<'a> {
    pub(super) layout: TurboLayout<'a>,
    plan: Option<&'a Plan>,
    pub(super) frame: Frame<'a>,
}

impl<'a> Rows<'a> {
    /// Of a layout that was checked, with its plan.
    pub(super) fn new(layout: TurboLayout<'a>, plan: Option<&'a Plan>, bytes: &'a [u8]) -> Result<Rows<'a>, Fault> {
        Ok(Rows { layout, plan, frame: Frame::new(bytes, layout.table, layout.code_bytes(), layout.stride())? })
    }
}

impl Coded for Rows<'_> {
    const PARTS: usize = 1;

    #[inline(always)]
    fn frame(&self) -> &Frame<'_> {
        &self.frame
    }

    #[inline(always)]
    fn metric(&self) -> Metric {
        self.layout.metric
    }

    fn level(&self, codes: &[u8], j: usize) -> i32 {
        level_at(self.layout.coding(), codes, j)
    }

    fn query_floats(&self) -> usize {
        self.layout.query_floats()
    }

    #[inline(always)]
    fn query(&self, prepared: &[f32]) -> Query {
        let (q, rest) = prepared.split_at(self.layout.dim);
        let max = largest(q);
        let inv = 127.0 / max;
        // A factor beyond float32, of queries that nobody prepared, leaves zeros.
        let usable = max > 0.0 && inv < f32::INFINITY;
        let step = if max == 0.0 { 0.0 } else { max / 127.0 * rest[2] };
        let mut codes = vec![0i8; q.len()];
        if usable {
            for (code, &v) in codes.iter_mut().zip(q) {
                // What isn't a number becomes 0.
                *code = (v * inv).round_ties_even() as i8;
            }
        }
        Query { parts: [codes, Vec::new()], step, bias: rest[0], square: rest[1] }
    }

    #[inline(always)]
    fn product(query: &Query, [product, _]: [i32; 2], scalar: f32) -> f32 {
        query.bias + product as f32 * scalar * query.step
    }

    #[inline(always)]
    unsafe fn product_lanes<F: F32x16>([products, _]: [F; 2], scalar: F, step: F, bias: F) -> F {
        unsafe { bias.add(products.mul(scalar).mul(step)) }
    }

    #[inline(always)]
    fn unpacked(&self) -> usize {
        order::unpacked(self.layout.coding(), self.layout.dim)
    }

    #[inline(always)]
    fn padded(&self, register: usize) -> usize {
        order::padded(self.layout.coding(), self.layout.dim, register)
    }

    #[inline(always)]
    fn places(&self, register: usize, whole: bool, each: impl FnMut(usize, usize)) {
        order::places(self.layout.coding(), self.layout.dim, register, whole, each);
    }

    #[inline(always)]
    unsafe fn unpack<S: Simd>(&self, row: usize, to: &mut [i8]) {
        unsafe {
            match self.plan {
                Some(plan) => S::P::unpack_stream(plan, self.frame.from(row), to),
                None => S::P::unpack(self.layout.bits, self.frame.codes(row), to),
            }
        }
    }

    #[inline(always)]
    unsafe fn products<S: Simd>(&self, parts: &[Vec<i8>; 2], sums: [i32; 2], rows: Sixteen) -> [S::F; 2] {
        unsafe {
            match self.plan {
                Some(plan) => S::P::products_stream::<1>(plan, parts, sums, rows),
                None => [S::P::products(self.layout.bits, &parts[0], sums[0], rows), S::F::splat(0.0)],
            }
        }
    }
}
