//! Rows of codes, and queries in whole numbers.

use super::KltLayout;
use super::levels::level_of_byte;
use crate::coded::{Coded, Frame, Plan, Query};
use crate::expanded::largest;
use crate::fault::Fault;
use crate::float_scan::Metric;
use crate::simd::{F32x16, Packed, Simd, Sixteen};

/// Steps of a query's largest term: 127 times 128, two signed bytes.
const STEPS: f32 = 16_256.0;

#[derive(Clone, Copy)]
pub(super) struct Rows<'a> {
    pub(super) layout: KltLayout<'a>,
    plan: &'a Plan,
    frame: Frame<'a>,
}

impl<'a> Rows<'a> {
    /// Of a layout that was checked.
    pub(super) fn new(layout: KltLayout<'a>, plan: &'a Plan, bytes: &'a [u8]) -> Result<Rows<'a>, Fault> {
        let frame = Frame::new(bytes, layout.table, layout.code_bytes, layout.stride())?;
        Ok(Rows { layout, plan, frame })
    }
}

impl Coded for Rows<'_> {
    const PARTS: usize = 2;

    #[inline(always)]
    fn frame(&self) -> &Frame<'_> {
        &self.frame
    }

    #[inline(always)]
    fn metric(&self) -> Metric {
        self.layout.metric
    }

    fn level(&self, codes: &[u8], r: usize) -> i32 {
        let end: usize = self.layout.bits[..=r].iter().map(|&bits| usize::from(bits)).sum();
        let bits = usize::from(self.layout.bits[r]);
        // The 8 bits that end with the component's own, zeros before the row.
        let byte = |at: usize| at.checked_sub(1).and_then(|at| codes.get(at)).copied().unwrap_or(0);
        let window = u16::from_le_bytes([byte(end / 8), byte(end / 8 + 1)]) >> (end % 8) & 0xff;
        let byte = if r < self.layout.windowed() { window } else { window >> (8 - bits) };
        level_of_byte(self.layout.trellis, bits, byte.into()).into()
    }

    fn query_floats(&self) -> usize {
        self.layout.query_floats()
    }

    #[inline(always)]
    fn query(&self, prepared: &[f32]) -> Query {
        let (p, rest) = prepared.split_at(self.layout.components());
        let max = largest(p);
        let mut parts = [vec![0i8; p.len()], vec![0i8; p.len()]];
        let mut step = 0.0;
        if max != 0.0 {
            let factor = STEPS / max;
            step = max / STEPS * rest[2];
            let [high, low] = &mut parts;
            for ((high, low), &v) in high.iter_mut().zip(low).zip(p) {
                // What isn't a number becomes 0.
                let w = (v * factor).round_ties_even().clamp(-STEPS, STEPS) as i32;
                let up = (w + 64) >> 7;
                (*high, *low) = (up as i8, (w - 128 * up) as i8);
            }
        }
        Query { parts, step, bias: rest[0], square: rest[1] }
    }

    #[inline(always)]
    fn product(query: &Query, [high, low]: [i32; 2], scalar: f32) -> f32 {
        scalar * (query.bias + (high as f32 * 128.0 + low as f32) * query.step)
    }

    #[inline(always)]
    unsafe fn product_lanes<F: F32x16>([high, low]: [F; 2], scalar: F, step: F, bias: F) -> F {
        unsafe { scalar.mul(bias.add(high.mul(F::splat(128.0)).add(low).mul(step))) }
    }

    #[inline(always)]
    fn unpacked(&self) -> usize {
        self.layout.components()
    }

    #[inline(always)]
    fn padded(&self, register: usize) -> usize {
        self.layout.components().next_multiple_of(register)
    }

    #[inline(always)]
    fn places(&self, _: usize, _: bool, mut each: impl FnMut(usize, usize)) {
        (0..self.layout.components()).for_each(|r| each(r, r));
    }

    #[inline(always)]
    unsafe fn unpack<S: Simd>(&self, row: usize, to: &mut [i8]) {
        unsafe { S::P::unpack_stream(self.plan, self.frame.from(row), to) }
    }

    #[inline(always)]
    unsafe fn products<S: Simd>(&self, parts: &[Vec<i8>; 2], sums: [i32; 2], rows: Sixteen) -> [S::F; 2] {
        unsafe { S::P::products_stream::<2>(self.plan, parts, sums, rows) }
    }
}
