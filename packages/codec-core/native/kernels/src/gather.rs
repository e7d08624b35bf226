//! Rows copied together, in any order: those that are to be scored again. What follows is asked for meanwhile, since
//! such rows lie anywhere in memory.

use crate::fault::{Fault, expect, row_count};
use crate::isa::Isa;
use crate::simd::{Kernel, Simd, run};

/// Rows that are on their way while one is copied.
const AHEAD: usize = 8;

/// Copies the rows of `slots`, `stride` bytes each, in that order.
pub fn gather_rows(isa: Isa, rows: &[u8], stride: usize, slots: &[u32], out: &mut [u8]) -> Result<(), Fault> {
    let count = row_count("bytes of the rows", rows.len(), stride)?;
    expect("bytes of gathered rows", slots.len() * stride, out.len())?;
    if let Some(&slot) = slots.iter().find(|&&slot| slot as usize >= count) {
        return Err(Fault { code: "INVALID_ARGUMENT", what: "a slot", expected: count, actual: slot as usize });
    }
    run(isa, Gather { rows, stride, slots, out });
    Ok(())
}

struct Gather<'a> {
    rows: &'a [u8],
    stride: usize,
    slots: &'a [u32],
    out: &'a mut [u8],
}

impl Kernel for Gather<'_> {
    type Output = ();

    fn scalar(self) {
        self.each(|_| ());
    }

    #[inline(always)]
    unsafe fn simd<S: Simd>(self) {
        self.each(S::fetch);
    }
}

impl Gather<'_> {
    #[inline(always)]
    fn each(self, fetch: impl Fn(*const u8)) {
        let Gather { rows, stride, slots, out } = self;
        let row = |slot: u32| &rows[slot as usize * stride..][..stride];
        for (i, (to, &slot)) in out.chunks_exact_mut(stride).zip(slots).enumerate() {
            if let Some(&next) = slots.get(i + AHEAD) {
                let next = row(next).as_ptr();
                // The last line too, where the row begins within one.
                for byte in (0..stride + 63).step_by(64) {
                    fetch(next.wrapping_add(byte));
                }
            }
            to.copy_from_slice(row(slot));
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn rows_come_in_the_order_of_slots() {
        for stride in [1, 5, 64, 193] {
            let rows: Vec<u8> = (0..30 * stride).map(|i| (i * 7 % 251) as u8).collect();
            for slots in [vec![], vec![29], (0..30).rev().chain([3, 3, 0]).collect()] {
                let expected: Vec<u8> =
                    slots.iter().flat_map(|&slot| rows[slot as usize * stride..][..stride].to_vec()).collect();
                for &isa in Isa::available() {
                    let mut out = vec![0; slots.len() * stride];
                    gather_rows(isa, &rows, stride, &slots, &mut out).unwrap();
                    assert_eq!(out, expected, "stride {stride}, {}", isa.name());
                }
            }
        }
    }

    #[test]
    fn what_does_not_fit_is_refused() {
        let rows = [1u8; 12];
        let fault = |stride, slots: &[u32], length| {
            gather_rows(Isa::SCALAR, &rows, stride, slots, &mut vec![0; length]).unwrap_err().what
        };
        assert_eq!(fault(5, &[0], 5), "bytes of the rows");
        assert_eq!(fault(0, &[0], 0), "bytes of the rows");
        assert_eq!(fault(4, &[0], 3), "bytes of gathered rows");
        assert_eq!(fault(4, &[0, 3], 8), "a slot");
    }
}
