//! How rows of codes lie in memory: code bytes, then the scalar, one byte where it is a place in a table, else float32,
//! then under l2 the row's |x|^2.

use crate::fault::{Fault, row_count};

#[derive(Clone, Copy)]
pub(crate) struct Frame<'a> {
    bytes: &'a [u8],
    /// 256 scalars, or none where they are floats.
    table: &'a [f32],
    code_bytes: usize,
    scalar_bytes: usize,
    stride: usize,
}

impl<'a> Frame<'a> {
    /// `stride`: bytes of a row.
    pub(crate) fn new(bytes: &'a [u8], table: &'a [f32], code_bytes: usize, stride: usize) -> Result<Frame<'a>, Fault> {
        assert!(table.is_empty() || table.len() == 256);
        row_count("bytes of the codes", bytes.len(), stride)?;
        Ok(Frame { bytes, table, code_bytes, scalar_bytes: if table.is_empty() { 4 } else { 1 }, stride })
    }

    pub(crate) fn count(&self) -> usize {
        self.bytes.len() / self.stride
    }

    #[inline(always)]
    pub(crate) fn row(&self, row: usize) -> &'a [u8] {
        &self.bytes[row * self.stride..][..self.stride]
    }

    /// Where a row begins.
    #[inline(always)]
    pub(crate) fn at(&self, row: usize) -> *const u8 {
        self.row(row).as_ptr()
    }

    #[inline(always)]
    pub(crate) fn codes(&self, row: usize) -> &'a [u8] {
        &self.row(row)[..self.code_bytes]
    }

    /// All bytes from a row's first one on.
    #[inline(always)]
    pub(crate) fn from(&self, row: usize) -> &'a [u8] {
        &self.bytes[row * self.stride..]
    }

    #[inline(always)]
    pub(crate) fn stride(&self) -> usize {
        self.stride
    }

    #[inline(always)]
    pub(crate) fn code_bytes(&self) -> usize {
        self.code_bytes
    }

    /// The scalar and, under l2, |x|^2 of a row.
    ///
    /// # Safety
    /// `row` is where a row begins.
    #[inline(always)]
    pub(crate) unsafe fn behind<const L2: bool>(&self, row: *const u8) -> (f32, f32) {
        // SAFETY: as above; a table has 256 floats.
        unsafe {
            let at = row.add(self.code_bytes);
            let scalar = if self.scalar_bytes == 1 {
                *self.table.get_unchecked(usize::from(*at))
            } else {
                at.cast::<f32>().read_unaligned()
            };
            let square = if L2 { at.add(self.scalar_bytes).cast::<f32>().read_unaligned() } else { 0.0 };
            (scalar, square)
        }
    }

    #[inline(always)]
    pub(crate) fn scalar(&self, row: usize) -> f32 {
        let bytes = &self.row(row)[self.code_bytes..];
        if self.scalar_bytes == 1 { self.table[usize::from(bytes[0])] } else { float(bytes) }
    }

    /// |x|^2, under l2.
    #[inline(always)]
    pub(crate) fn square(&self, row: usize) -> f32 {
        float(&self.row(row)[self.code_bytes + self.scalar_bytes..])
    }
}

#[inline(always)]
fn float(bytes: &[u8]) -> f32 {
    f32::from_le_bytes(*bytes.first_chunk().expect("four bytes"))
}
