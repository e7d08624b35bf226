//! Rows of codes.

use super::TurboLayout;
use super::levels::level_at;
use super::query::Query;
use crate::fault::{Fault, row_count};
use crate::float_scan::Metric;

#[derive(Clone, Copy)]
pub(crate) struct Rows<'a> {
    pub(super) layout: TurboLayout<'a>,
    bytes: &'a [u8],
    code_bytes: usize,
    scalar_bytes: usize,
    stride: usize,
}

impl<'a> Rows<'a> {
    pub(crate) fn new(layout: TurboLayout<'a>, bytes: &'a [u8]) -> Result<Rows<'a>, Fault> {
        layout.check()?;
        let stride = layout.stride();
        row_count("bytes of the codes", bytes.len(), stride)?;
        Ok(Rows { layout, bytes, code_bytes: layout.code_bytes(), scalar_bytes: layout.scalar_bytes(), stride })
    }

    pub(crate) fn count(&self) -> usize {
        self.bytes.len() / self.stride
    }

    #[inline(always)]
    pub(super) fn row(&self, row: usize) -> &'a [u8] {
        &self.bytes[row * self.stride..][..self.stride]
    }

    /// Where a row begins.
    #[inline(always)]
    pub(super) fn at(&self, row: usize) -> *const u8 {
        self.row(row).as_ptr()
    }

    #[inline(always)]
    pub(super) fn codes(&self, row: usize) -> &'a [u8] {
        &self.row(row)[..self.code_bytes]
    }

    #[inline(always)]
    pub(super) fn stride(&self) -> usize {
        self.stride
    }

    #[inline(always)]
    pub(super) fn code_bytes(&self) -> usize {
        self.code_bytes
    }

    /// The scalar and, under l2, |x|^2 of a row.
    ///
    /// # Safety
    /// `row` is where a row begins.
    #[inline(always)]
    pub(super) unsafe fn behind<const L2: bool>(&self, row: *const u8) -> (f32, f32) {
        // SAFETY: as above; a table has 256 floats.
        unsafe {
            let at = row.add(self.code_bytes);
            let scalar = if self.scalar_bytes == 1 {
                *self.layout.table.get_unchecked(usize::from(*at))
            } else {
                at.cast::<f32>().read_unaligned()
            };
            let square = if L2 { at.add(self.scalar_bytes).cast::<f32>().read_unaligned() } else { 0.0 };
            (scalar, square)
        }
    }

    #[inline(always)]
    pub(super) fn scalar(&self, row: usize) -> f32 {
        let bytes = &self.row(row)[self.code_bytes..];
        if self.scalar_bytes == 1 { self.layout.table[usize::from(bytes[0])] } else { float(bytes) }
    }

    /// |x|^2, under l2.
    #[inline(always)]
    pub(super) fn square(&self, row: usize) -> f32 {
        float(&self.row(row)[self.code_bytes + self.scalar_bytes..])
    }

    /// The reference: level of coordinate j.
    pub(super) fn level(&self, row: usize, j: usize) -> i32 {
        level_at(self.layout.coding(), self.codes(row), j)
    }

    /// The reference.
    pub(super) fn score(&self, query: &Query, row: usize) -> f32 {
        let product = query.codes.iter().enumerate().map(|(j, &q)| i32::from(q) * self.level(row, j)).sum();
        let square = if self.layout.metric == Metric::L2 { self.square(row) } else { 0.0 };
        query.score(self.layout.metric, product, self.scalar(row), square)
    }
}

#[inline(always)]
fn float(bytes: &[u8]) -> f32 {
    f32::from_le_bytes(*bytes.first_chunk().expect("four bytes"))
}
