//! The eigenvectors as they come about: Q^T, then rotated, row by row. A column depends on no other, so that 32 of them,
//! a panel of all rows, go through every step in the second cache, on a thread of their own.

use super::rotations::{Batch, Rotation};
use crate::doubles::{F64x8, LANES, Plain};
use crate::isa::Isa;
use crate::simd::{Kernel, Simd, run};

/// Registers of a panel's row.
const WIDTH: usize = 4;
const COLUMNS: usize = WIDTH * LANES;

pub(super) struct Panels {
    n: usize,
    all: Vec<f64>,
}

impl Panels {
    /// The identity.
    pub(super) fn new(n: usize) -> Panels {
        let mut all = vec![0f64; n.div_ceil(COLUMNS) * n * COLUMNS];
        for i in 0..n {
            all[(i / COLUMNS * n + i) * COLUMNS + i % COLUMNS] = 1.0;
        }
        Panels { n, all }
    }

    pub(super) fn iter_mut(&mut self) -> impl Iterator<Item = &mut [f64]> {
        self.all.chunks_exact_mut(self.n * COLUMNS)
    }

    /// Row i of all panels.
    pub(super) fn row(&self, i: usize, out: &mut [f64]) {
        for (panel, out) in self.all.chunks_exact(self.n * COLUMNS).zip(out.chunks_mut(COLUMNS)) {
            out.copy_from_slice(&panel[i * COLUMNS..][..out.len()]);
        }
    }
}

/// Applies H_{n-1}, then those before it: `reflectors` holds u in row i before the diagonal, `inverses` 1 / h.
pub(super) fn reflect(isa: Isa, panel: &mut [f64], reflectors: &[f64], inverses: &[f64]) {
    run(isa, Reflect { panel, reflectors, inverses });
}

struct Reflect<'a> {
    panel: &'a mut [f64],
    reflectors: &'a [f64],
    inverses: &'a [f64],
}

impl Kernel for Reflect<'_> {
    type Output = ();

    fn scalar(self) {
        // SAFETY: plain arrays need no instruction set.
        unsafe { self.reflect::<Plain>() }
    }

    #[inline(always)]
    unsafe fn simd<S: Simd>(self) {
        unsafe { self.reflect::<S::D>() }
    }
}

impl Reflect<'_> {
    /// g = u^T P / h by rows in order, then P_m -= u_m g. The second part waits for the first of the next reflection.
    #[inline(always)]
    unsafe fn reflect<D: F64x8>(self) {
        let Reflect { panel, reflectors, inverses } = self;
        let n = inverses.len();
        assert!(panel.len() >= n * COLUMNS && reflectors.len() >= n * n);
        let mut before: (&[f64], [D; WIDTH]) = (&[], unsafe { [D::splat(0.0); WIDTH] });
        for i in (0..n).rev().filter(|&i| inverses[i] != 0.0) {
            let u = &reflectors[i * n..][..i];
            let mut sums = unsafe { [D::splat(0.0); WIDTH] };
            let (old, g) = before;
            for m in 0..i.max(old.len()) {
                unsafe {
                    let row = panel.as_mut_ptr().add(m * COLUMNS);
                    let mut x: [D; WIDTH] = std::array::from_fn(|w| D::load(row.add(w * LANES)));
                    if m < old.len() {
                        let factor = D::splat(old[m]);
                        for w in 0..WIDTH {
                            x[w] = x[w].sub(factor.mul(g[w]));
                            x[w].store(row.add(w * LANES));
                        }
                    }
                    if m < i {
                        let factor = D::splat(u[m]);
                        for w in 0..WIDTH {
                            sums[w] = sums[w].add(factor.mul(x[w]));
                        }
                    }
                }
            }
            let inverse = unsafe { D::splat(inverses[i]) };
            before = (u, std::array::from_fn(|w| unsafe { sums[w].mul(inverse) }));
        }
        let (old, g) = before;
        for m in 0..old.len() {
            unsafe {
                let row = panel.as_mut_ptr().add(m * COLUMNS);
                for w in 0..WIDTH {
                    let x = D::load(row.add(w * LANES));
                    x.sub(D::splat(old[m]).mul(g[w])).store(row.add(w * LANES));
                }
            }
        }
    }
}

pub(super) fn rotate(isa: Isa, panel: &mut [f64], batch: &Batch) {
    run(isa, Rotate { panel, batch });
}

struct Rotate<'a> {
    panel: &'a mut [f64],
    batch: &'a Batch,
}

impl Kernel for Rotate<'_> {
    type Output = ();

    fn scalar(self) {
        // SAFETY: plain arrays need no instruction set.
        unsafe { self.rotate::<Plain>() }
    }

    #[inline(always)]
    unsafe fn simd<S: Simd>(self) {
        unsafe { self.rotate::<S::D>() }
    }
}

impl Rotate<'_> {
    #[inline(always)]
    unsafe fn rotate<D: F64x8>(self) {
        let Rotate { panel, batch } = self;
        let mut rotations = batch.rotations.as_slice();
        for &(first, count) in &batch.sweeps {
            let (these, rest) = rotations.split_at(count);
            rotations = rest;
            let rows = &mut panel[first * COLUMNS..][..(count + 1) * COLUMNS];
            unsafe {
                let mut upper: [D; WIDTH] = std::array::from_fn(|w| D::load(rows.as_ptr().add(w * LANES)));
                for (k, &Rotation { c, s }) in these.iter().enumerate() {
                    let (c, s) = (D::splat(c), D::splat(s));
                    let at = rows.as_mut_ptr().add(k * COLUMNS);
                    for w in 0..WIDTH {
                        let lower = D::load(at.add(COLUMNS + w * LANES));
                        c.mul(upper[w]).add(s.mul(lower)).store(at.add(w * LANES));
                        upper[w] = c.mul(lower).sub(s.mul(upper[w]));
                    }
                }
                for w in 0..WIDTH {
                    upper[w].store(rows.as_mut_ptr().add(count * COLUMNS + w * LANES));
                }
            }
        }
    }
}
