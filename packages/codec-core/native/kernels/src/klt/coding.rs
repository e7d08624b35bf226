//! Encoding: unit row, less the mean, projected on the basis, quantized, packed; then the scalar that gives the decoded row
//! its length. Some rows at a time, so that the basis is read once for all of them.

use super::KltLayout;
use super::projection::{project, project_lanes};
use super::quantize::Quantizer;
use crate::coded::{LEAST_SCALAR, place};
use crate::expanded::{largest, striped};
use crate::fault::{Fault, expect, row_count};
use crate::float_scan::Metric;
use crate::isa::Isa;
use crate::norms::{root, unit_row};
use crate::simd::{Kernel, Simd, run};

/// What rows less their mean are kept within: 2^100.
const MOST: f32 = f32::from_bits((127 + 100) << 23);

/// Floats of the rows that are projected together.
const BLOCK: usize = 1 << 14;

/// Codes of rows of `dim` floats.
pub fn klt_encode(isa: Isa, layout: KltLayout, data: &[f32], out: &mut [u8]) -> Result<(), Fault> {
    layout.check()?;
    let rows = row_count("floats", data.len(), layout.dim)?;
    expect("bytes of codes", rows.saturating_mul(layout.stride()), out.len())?;
    run(isa, Encode { layout, data, out });
    Ok(())
}

struct Encode<'a> {
    layout: KltLayout<'a>,
    data: &'a [f32],
    out: &'a mut [u8],
}

impl Kernel for Encode<'_> {
    type Output = ();

    fn scalar(self) {
        let Encode { layout, data, out } = self;
        let mut coder = Coder::new(layout);
        let stride = layout.stride();
        for (row, out) in data.chunks_exact(layout.dim).zip(out.chunks_exact_mut(stride)) {
            coder.centre(row);
            project(&layout, &coder.centred, &mut coder.projected);
            coder.code(row, 0, out, |quantizer, w, levels, out| quantizer.quantize(w, levels, out));
        }
    }

    #[inline(always)]
    unsafe fn simd<S: Simd>(self) {
        let Encode { layout, data, out } = self;
        let mut coder = Coder::new(layout);
        let (dim, stride) = (layout.dim, layout.stride());
        let step = (BLOCK / dim).max(1).next_multiple_of(4);
        for (rows, out) in data.chunks(step * dim).zip(out.chunks_mut(step * stride)) {
            coder.centre(rows);
            // SAFETY: run() has the instruction set.
            unsafe { project_lanes::<S>(&layout, &coder.centred, &mut coder.projected) };
            for (i, (row, out)) in rows.chunks_exact(dim).zip(out.chunks_exact_mut(stride)).enumerate() {
                coder.code(
                    row,
                    i,
                    out,
                    #[inline(always)]
                    |quantizer, w, levels, out| {
                        // SAFETY: as above.
                        unsafe { quantizer.quantize_lanes::<S>(w, levels, out) }
                    },
                );
            }
        }
    }
}

/// Memory for rows on their way.
struct Coder<'a> {
    layout: KltLayout<'a>,
    quantizer: Quantizer<'a>,
    mean_square: f32,
    centred: Vec<f32>,
    projected: Vec<f32>,
    levels: Vec<f32>,
    grown: Vec<f32>,
}

impl<'a> Coder<'a> {
    fn new(layout: KltLayout<'a>) -> Coder<'a> {
        Coder {
            layout,
            quantizer: Quantizer::new(&layout),
            mean_square: striped(layout.mean, layout.mean, |a, b| a * b),
            centred: Vec::new(),
            projected: Vec::new(),
            levels: vec![0.0; layout.components()],
            grown: vec![0.0; layout.components()],
        }
    }

    /// Takes in rows, up to the projection.
    #[inline(always)]
    fn centre(&mut self, rows: &[f32]) {
        let KltLayout { metric, dim, mean, .. } = self.layout;
        self.centred.resize(rows.len(), 0.0);
        self.projected.resize(rows.len() / dim * self.layout.components(), 0.0);
        for (row, to) in rows.chunks_exact(dim).zip(self.centred.chunks_exact_mut(dim)) {
            if metric == Metric::Cosine {
                unit_row(row, to);
            } else {
                to.copy_from_slice(row);
            }
            for (v, mean) in to.iter_mut().zip(mean) {
                *v = (*v - mean).clamp(-MOST, MOST);
            }
        }
    }

    /// Codes the i-th of the rows that were projected.
    #[inline(always)]
    fn code(
        &mut self,
        row: &[f32],
        i: usize,
        out: &mut [u8],
        quantize: impl FnOnce(&mut Quantizer, &[f32], &mut [f32], &mut [u8]),
    ) {
        let KltLayout { metric, code_bytes, forward, step, twice, table, .. } = self.layout;
        if largest(row) == 0.0 {
            return out.fill(0);
        }
        let w = &mut self.projected[i * forward.len()..][..forward.len()];
        for (w, forward) in w.iter_mut().zip(forward) {
            *w *= forward;
        }
        let (code, behind) = out.split_at_mut(code_bytes);
        quantize(&mut self.quantizer, w, &mut self.levels, code);
        for ((e, grown), (step, twice)) in self.levels.iter_mut().zip(&mut self.grown).zip(step.iter().zip(twice)) {
            *e *= step;
            *grown = *e + twice;
        }
        let square = self.mean_square + striped(&self.levels, &self.grown, |e, grown| e * grown);
        let own = if metric == Metric::Dot || metric == Metric::L2 { striped(row, row, |a, b| a * b) } else { 1.0 };
        let norm = if metric == Metric::Cosine { 1.0 } else { root(row, own) };
        let usable = square > 0.0 && square < f32::INFINITY;
        let scalar = if usable { norm / square.sqrt() } else { LEAST_SCALAR };
        behind[0] = place(table, scalar.clamp(LEAST_SCALAR, f32::MAX));
        if metric == Metric::L2 {
            behind[1..].copy_from_slice(&own.min(f32::MAX).to_le_bytes());
        }
    }
}
