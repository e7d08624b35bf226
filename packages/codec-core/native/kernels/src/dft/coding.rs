//! Encoding: eight rows through one transform, then each row's largest coefficients, rounded and packed.

use super::circle::circle_point;
use super::record::Record;
use super::transform::{Complex, Dft, Lanes, ROWS};
use super::{DftLayout, bins};
use crate::coded::place;
use crate::fault::{Fault, expect, expect_dim, row_count};
use crate::float_scan::Metric;
use crate::isa::Isa;
use crate::simd::{Kernel, Simd, run};

/// The smallest float above 0: a scalar of 0 stands for a row of zeros.
const LEAST_SCALAR: f32 = f32::from_bits(1);

/// The bins of each row's transform, real and imaginary part in turn.
pub fn dft_spectra(isa: Isa, data: &[f32], dim: usize, out: &mut [f64]) -> Result<(), Fault> {
    expect_dim(dim)?;
    let rows = row_count("floats", data.len(), dim)?;
    expect("numbers of the spectra", rows.saturating_mul(2 * bins(dim)), out.len())?;
    run(isa, Spectra { data, dim, out });
    Ok(())
}

/// Codes of rows of `dim` floats.
pub fn dft_encode(isa: Isa, layout: DftLayout, data: &[f32], out: &mut [u8]) -> Result<(), Fault> {
    layout.check()?;
    let rows = row_count("floats", data.len(), layout.dim)?;
    expect("bytes of codes", rows.saturating_mul(layout.stride()), out.len())?;
    run(isa, Encode { layout, data, out });
    Ok(())
}

/// Makes a kernel that is plain Rust for every instruction set: the compiler's own lanes will do.
macro_rules! plain_kernel {
    ($kernel:ident) => {
        impl Kernel for $kernel<'_> {
            type Output = ();

            fn scalar(self) {
                self.all();
            }

            #[inline(always)]
            unsafe fn simd<S: Simd>(self) {
                self.all();
            }
        }
    };
}
pub(super) use plain_kernel;

struct Spectra<'a> {
    data: &'a [f32],
    dim: usize,
    out: &'a mut [f64],
}

plain_kernel!(Spectra);

impl Spectra<'_> {
    #[inline(always)]
    fn all(self) {
        let Spectra { data, dim, out } = self;
        let mut dft = Dft::new(dim);
        let mut x = Complex::zeros(dim);
        for (rows, out) in data.chunks(ROWS * dim).zip(out.chunks_mut(ROWS * 2 * bins(dim))) {
            x.im.fill(Lanes::ZERO);
            for (r, row) in rows.chunks_exact(dim).enumerate() {
                for (x, &v) in x.re.iter_mut().zip(row) {
                    x.0[r] = f64::from(v);
                }
            }
            dft.transform(&mut x);
            for (r, out) in out.chunks_exact_mut(2 * bins(dim)).enumerate() {
                for (out, (re, im)) in out.as_chunks_mut::<2>().0.iter_mut().zip(x.re.iter().zip(&x.im)) {
                    *out = [re.0[r], im.0[r]];
                }
            }
        }
    }
}

/// Makes bins that are their own conjugates real, and as long as half of a pair.
#[inline(always)]
pub(super) fn settle(layout: &DftLayout, y: &mut Complex) {
    let half = layout.dim.is_multiple_of(2).then_some(layout.dim / 2);
    for b in std::iter::once(0).chain(half) {
        y.re[b] = y.re[b].times(std::f64::consts::FRAC_1_SQRT_2);
        y.im[b] = Lanes::ZERO;
    }
}

/// cos and sin of the sectors' middles.
pub(super) fn sectors(phase_bits: usize) -> Vec<(f64, f64)> {
    (0..1 << phase_bits).map(|k| circle_point(k, 1 << phase_bits)).collect()
}

struct Encode<'a> {
    layout: DftLayout<'a>,
    data: &'a [f32],
    out: &'a mut [u8],
}

plain_kernel!(Encode);

impl Encode<'_> {
    #[inline(always)]
    fn all(self) {
        let Encode { layout, data, out } = self;
        let DftLayout { dim, metric, mean, .. } = layout;
        let stride = layout.stride();
        let mut coder = Coder::new(layout);
        let mut dft = Dft::new(dim);
        let mut x = Complex::zeros(dim);
        let mut energies = vec![Lanes::ZERO; bins(dim)];
        for (rows, out) in data.chunks(ROWS * dim).zip(out.chunks_mut(ROWS * stride)) {
            x.im.fill(Lanes::ZERO);
            for (r, row) in rows.chunks_exact(dim).enumerate() {
                for (x, &v) in x.re.iter_mut().zip(row) {
                    x.0[r] = f64::from(v);
                }
            }
            let squares = x.re.iter().fold(Lanes::ZERO, |sum, &x| sum + x.map2(x, |x, y| x * y));
            if metric == Metric::Cosine {
                // Where a row is zeros, so are its quotients: it isn't looked at.
                let norms = squares.map2(squares, |x, _| x.sqrt());
                x.re.iter_mut().for_each(|x| *x = x.map2(norms, |x, norm| x / norm));
            }
            for (x, &mean) in x.re.iter_mut().zip(mean) {
                *x = x.map2(*x, |x, _| x - f64::from(mean));
            }
            dft.transform(&mut x);
            settle(&layout, &mut x);
            let mut totals = Lanes::ZERO;
            for ((e, &re), &im) in energies.iter_mut().zip(&x.re).zip(&x.im) {
                *e = re.map2(re, |x, y| x * y) + im.map2(im, |x, y| x * y);
                totals = totals + *e;
            }
            for (r, out) in out.chunks_exact_mut(stride).enumerate() {
                out.fill(0);
                if squares.0[r] > 0.0 {
                    coder.code(r, &x, &energies, (totals.0[r], squares.0[r]), out);
                }
            }
        }
    }
}

/// Memory for a row on its way.
struct Coder<'a> {
    layout: DftLayout<'a>,
    record: Record,
    sectors: Vec<(f64, f64)>,
    tangents: Vec<f64>,
    thresholds: Vec<f64>,
    /// Energies as the bits of floats from 0, which rise as these do.
    keys: Vec<u64>,
    sorted: Vec<u64>,
    parts: Vec<(u32, u8, u8)>,
}

impl<'a> Coder<'a> {
    fn new(layout: DftLayout<'a>) -> Coder<'a> {
        let tangent = |j: usize| {
            let (cos, sin) = circle_point(2 * j + 1, 1 << (layout.phase_bits + 1));
            sin / cos
        };
        let threshold = |pair: &[f32]| {
            let middle = (f64::from(pair[0]) + f64::from(pair[1])) / 2.0;
            middle * middle
        };
        Coder {
            layout,
            record: Record::of(&layout),
            sectors: sectors(layout.phase_bits),
            tangents: (0..1 << (layout.phase_bits - 2)).map(tangent).collect(),
            thresholds: layout.levels.windows(2).map(threshold).collect(),
            keys: vec![0; bins(layout.dim)],
            sorted: vec![0; bins(layout.dim)],
            parts: vec![(0, 0, 0); layout.top_k],
        }
    }

    /// Codes row r of eight; `out` is zeros.
    #[inline(always)]
    fn code(&mut self, r: usize, y: &Complex, energies: &[Lanes], (total, squares): (f64, f64), out: &mut [u8]) {
        for (key, e) in self.keys.iter_mut().zip(energies) {
            *key = e.0[r].to_bits();
        }
        self.choose();
        let mut product = 0.0;
        for (bin, phase, magnitude) in &mut self.parts {
            let b = *bin as usize;
            let (re, im, energy) = (y.re[b].0[r], y.im[b].0[r], energies[b].0[r]);
            (*phase, *magnitude) = (0, 0);
            if energy > 0.0 {
                *phase = sector(re, im, &self.tangents);
                *magnitude = count_up_to(&self.thresholds, total, energy) as u8;
            }
            let (cos, sin) = self.sectors[usize::from(*phase)];
            product += f64::from(self.layout.levels[usize::from(*magnitude)]) * (re * cos + im * sin);
        }
        self.record.pack(&self.parts, out);
        let at = self.record.stream_bytes;
        let scalar = if total > 0.0 { ((total / product) as f32).clamp(LEAST_SCALAR, f32::MAX) } else { LEAST_SCALAR };
        if self.layout.table.is_empty() {
            out[at..at + 4].copy_from_slice(&scalar.to_le_bytes());
        } else {
            out[at] = place(self.layout.table, scalar);
        }
        if self.layout.metric == Metric::L2 {
            let end = out.len() - 4;
            out[end..].copy_from_slice(&(squares as f32).min(f32::MAX).to_le_bytes());
        }
    }

    /// The bins of the greatest energies, of equals the lower, in ascending order.
    #[inline(always)]
    fn choose(&mut self) {
        let Coder { keys, sorted, parts, .. } = self;
        sorted.copy_from_slice(keys);
        let at = keys.len() - parts.len();
        let least = *sorted.select_nth_unstable(at).1;
        let mut equals = parts.len() - sorted[at..].iter().filter(|&&key| key > least).count();
        let mut next = parts.iter_mut();
        for (b, &key) in keys.iter().enumerate() {
            if key < least || (key == least && equals == 0) {
                continue;
            }
            equals -= usize::from(key == least);
            next.next().expect("as many as are kept").0 = b as u32;
        }
    }
}

/// The sector that a coefficient lies in; `tangents`: those of the bounds in the first quadrant.
#[inline(always)]
fn sector(re: f64, im: f64, tangents: &[f64]) -> u8 {
    let q = count_up_to(tangents, re.abs(), im.abs());
    let half = 2 * tangents.len();
    let k = match (re < 0.0, im < 0.0) {
        (true, true) => half + q,
        (true, false) => half - q,
        (false, true) => (2 * half - q) % (2 * half),
        (false, false) => q,
    };
    k as u8
}

/// How many of ascending marks, times a factor, are at most x.
#[inline(always)]
fn count_up_to(marks: &[f64], factor: f64, x: f64) -> usize {
    let (mut low, mut high) = (0, marks.len());
    while low < high {
        let middle = (low + high) / 2;
        if factor * marks[middle] <= x {
            low = middle + 1;
        } else {
            high = middle;
        }
    }
    low
}
