//! The k best of the rows that each query names: those that another code found, to be scored again. Such rows lie anywhere in
//! memory, so all are asked for before the first one is scored.

use crate::allowed::Allowed;
use crate::fault::{Fault, expect, row_count};
use crate::float_scan::{self, FloatRows, Metric};
use crate::int8::{self, SCALE_BYTES};
use crate::isa::Isa;
use crate::simd::{Kernel, Simd, run};
use crate::topk::TopKOutput;

/// Ends a list that names fewer rows than it has room for, and hits.
const NONE: u32 = u32::MAX;

/// Of int8 codes, as [`crate::int8_top_k`]. `named`: as many slots for each query, each at most once, up to NONE.
#[allow(clippy::too_many_arguments)]
pub fn int8_top_k_among(
    isa: Isa,
    metric: Metric,
    queries: &[f32],
    codes: &[u8],
    dim: usize,
    named: &[u32],
    k: usize,
    out: TopKOutput,
) -> Result<(), Fault> {
    each(isa, queries, (codes, dim + SCALE_BYTES), dim, named, k, out, |query, allowed, k, out| {
        int8::int8_top_k_allowed(isa, metric, query, codes, dim, k, allowed, out)
    })
}

/// Of floats, as [`crate::float_top_k`] and as above.
#[allow(clippy::too_many_arguments)]
pub fn float_top_k_among(
    isa: Isa,
    metric: Metric,
    queries: &[f32],
    rows: FloatRows,
    dim: usize,
    named: &[u32],
    k: usize,
    out: TopKOutput,
) -> Result<(), Fault> {
    let bytes = match rows {
        // SAFETY: numbers as bytes.
        FloatRows::F32(rows) => unsafe { std::slice::from_raw_parts(rows.as_ptr().cast(), size_of_val(rows)) },
        FloatRows::F16(rows) => unsafe { std::slice::from_raw_parts(rows.as_ptr().cast(), size_of_val(rows)) },
    };
    let width = dim * (bytes.len() / rows.len().max(1));
    each(isa, queries, (bytes, width), dim, named, k, out, |query, allowed, k, out| {
        float_scan::float_top_k_allowed(isa, metric, query, rows, dim, k, allowed, out)
    })
}

/// `work` for each query; `rows` and the bytes of one.
#[allow(clippy::too_many_arguments)]
fn each(
    isa: Isa,
    queries: &[f32],
    (rows, stride): (&[u8], usize),
    dim: usize,
    named: &[u32],
    k: usize,
    out: TopKOutput,
    work: impl Fn(&[f32], Allowed, usize, TopKOutput) -> Result<(), Fault>,
) -> Result<(), Fault> {
    let count = row_count("floats of the queries", queries.len(), dim)?;
    let there = row_count("bytes of the rows", rows.len(), stride.max(1))?;
    expect("slots", count.saturating_mul(k), out.slots.len())?;
    expect("scores", count.saturating_mul(k), out.scores.len())?;
    if count == 0 || k == 0 {
        return Ok(());
    }
    let width = row_count("slots that are named", named.len(), count)?;
    expect("slots that are named", count * width, named.len())?;
    let lists = (0..count).map(|i| named[i * width..][..width].split(|&slot| slot == NONE).next().unwrap_or(&[]));
    let outs = out.slots.chunks_exact_mut(k).zip(out.scores.chunks_exact_mut(k));
    let mut list = Vec::with_capacity(width);
    for ((query, named), (slots, scores)) in queries.chunks_exact(dim).zip(lists).zip(outs) {
        list.clear();
        list.extend_from_slice(named);
        list.sort_unstable();
        let allowed = Allowed::named(there, &list)?;
        run(isa, Fetch { rows, stride, slots: &list });
        let found = k.min(list.len());
        let (own, rest) = slots.split_at_mut(found);
        rest.fill(NONE);
        if found > 0 {
            work(query, allowed, found, TopKOutput { slots: own, scores: &mut scores[..found] })?;
        }
    }
    Ok(())
}

struct Fetch<'a> {
    rows: &'a [u8],
    stride: usize,
    slots: &'a [u32],
}

impl Kernel for Fetch<'_> {
    type Output = ();

    fn scalar(self) {}

    #[inline(always)]
    unsafe fn simd<S: Simd>(self) {
        for &slot in self.slots {
            let row = self.rows[slot as usize * self.stride..].as_ptr();
            // The last line too, where the row begins within one.
            for byte in (0..self.stride + 63).step_by(64) {
                S::fetch(row.wrapping_add(byte));
            }
        }
    }
}
