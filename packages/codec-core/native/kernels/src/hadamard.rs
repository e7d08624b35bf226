//! A seeded pseudo-random rotation of rows of any dim, by fast Walsh-Hadamard transforms: O(dim log dim), orthonormal,
//! no padding. It spreads what stands in few coordinates over all of them.
//!
//! With p the largest power of two up to dim, each round r does, in place:
//! ```text
//! signs    x_j is negated where bit j % 32 of word j / 32 of the round's sign words is set
//! window   the first p coordinates in even rounds, the last p in odd ones, go through the transform in natural
//!          (Hadamard) order: for h = 1, 2, 4 ... p / 2 each pair (a, b) = (x_i, x_{i+h}) becomes (a + b, a - b);
//!          then each of them is multiplied by f32(1 / sqrt(p))
//! halves   in odd rounds, where dim isn't a power of two: for i < floor(dim / 2) and k = i + ceil(dim / 2), (x_i, x_k)
//!          becomes (f32(a + b) c, f32(a - b) c) with c = f32(sqrt(1/2))
//! ```
//! The two windows overlap, and pairing the halves mixes them where the overlap is small; after four rounds a
//! one-hot row is spread like noise, whatever the dim. Each step is its own inverse
//! (up to rounding): the inverse runs the rounds and their steps backwards.
//!
//! Elements up to 2^100 can't overflow on the way. The bytes of rotated codes depend on all of this.
//!
//! Source: the randomized Hadamard transform of Ailon, Chazelle: "The fast Johnson-Lindenstrauss transform", SIAM J.
//! Comput. 2009; windows and halves for other dims after the "FhtKac" rotator of the RaBitQ library (Gao, Long).

use crate::fault::{Fault, expect, expect_dim, row_count};
use crate::isa::Isa;
use crate::simd::{F32x16, Kernel, Simd, run};

/// Rotates rows of `dim` floats into `out`, or turns them back. `signs`: whole rounds of 2 ceil(dim / 64) words.
pub fn hadamard(
    isa: Isa,
    data: &[f32],
    dim: usize,
    signs: &[u32],
    inverse: bool,
    out: &mut [f32],
) -> Result<(), Fault> {
    expect_dim(dim)?;
    row_count("floats", data.len(), dim)?;
    row_count("words of signs", signs.len(), sign_words(dim))?;
    expect("floats of the output", data.len(), out.len())?;
    run(isa, Rotate { data, dim, signs, inverse, out });
    Ok(())
}

/// Words of signs in a round.
pub(crate) fn sign_words(dim: usize) -> usize {
    2 * dim.div_ceil(64)
}

struct Rotate<'a> {
    data: &'a [f32],
    dim: usize,
    signs: &'a [u32],
    inverse: bool,
    out: &'a mut [f32],
}

impl Kernel for Rotate<'_> {
    type Output = ();

    fn scalar(self) {
        let rounds = Rounds::new(self.dim, self.signs, self.inverse);
        self.out.copy_from_slice(self.data);
        for row in self.out.chunks_exact_mut(self.dim) {
            rounds.rotate(row);
        }
    }

    #[inline(always)]
    unsafe fn simd<S: Simd>(self) {
        let rounds = Rounds::new(self.dim, self.signs, self.inverse);
        self.out.copy_from_slice(self.data);
        for row in self.out.chunks_exact_mut(self.dim) {
            // SAFETY: run() has the instruction set.
            unsafe { rounds.rotate_lanes::<S::F>(row) };
        }
    }
}

/// A rotation, ready for rows.
pub(crate) struct Rounds {
    dim: usize,
    /// Coordinates of a window.
    p: usize,
    scale: f32,
    /// The sign bits of each round, as masks to flip with.
    masks: Vec<u32>,
    inverse: bool,
}

impl Rounds {
    #[inline(always)]
    pub(crate) fn new(dim: usize, signs: &[u32], inverse: bool) -> Rounds {
        let p = 1 << dim.ilog2();
        let masks = signs
            .chunks_exact(sign_words(dim))
            .flat_map(|words| (0..dim).map(|j| (words[j / 32] >> (j % 32) & 1) << 31))
            .collect();
        Rounds { dim, p, scale: (1.0 / (p as f64).sqrt()) as f32, masks, inverse }
    }

    /// The reference.
    pub(crate) fn rotate(&self, row: &mut [f32]) {
        self.each(row, transform);
    }

    /// # Safety
    /// As for [`F32x16`].
    #[inline(always)]
    pub(crate) unsafe fn rotate_lanes<F: F32x16>(&self, row: &mut [f32]) {
        self.each(
            row,
            #[inline(always)]
            |window, scale| {
                if window.len() < 16 {
                    transform(window, scale);
                } else {
                    // SAFETY: as above; the length is a power of two.
                    unsafe { transform_lanes::<F>(window, scale) };
                }
            },
        );
    }

    #[inline(always)]
    fn each(&self, row: &mut [f32], transform: impl Fn(&mut [f32], f32)) {
        let Rounds { dim, p, scale, ref masks, inverse } = *self;
        let rounds = masks.len() / dim;
        for i in 0..rounds {
            let r = if inverse { rounds - 1 - i } else { i };
            let first = if r % 2 == 0 { 0 } else { dim - p };
            let pairs = p < dim && r % 2 == 1;
            if pairs && inverse {
                halves(row);
            }
            if !inverse {
                flip(row, &masks[r * dim..][..dim]);
            }
            transform(&mut row[first..first + p], scale);
            if inverse {
                flip(row, &masks[r * dim..][..dim]);
            }
            if pairs && !inverse {
                halves(row);
            }
        }
    }
}

#[inline(always)]
fn flip(row: &mut [f32], mask: &[u32]) {
    for (v, mask) in row.iter_mut().zip(mask) {
        *v = f32::from_bits(v.to_bits() ^ mask);
    }
}

#[inline(always)]
fn halves(row: &mut [f32]) {
    let half = row.len() / 2;
    let (low, high) = row.split_at_mut(row.len() - half);
    for (x, y) in low.iter_mut().zip(high) {
        let (a, b) = (*x, *y);
        *x = (a + b) * std::f32::consts::FRAC_1_SQRT_2;
        *y = (a - b) * std::f32::consts::FRAC_1_SQRT_2;
    }
}

/// The reference.
fn transform(x: &mut [f32], scale: f32) {
    let mut h = 1;
    while h < x.len() {
        for block in x.chunks_exact_mut(2 * h) {
            let (low, high) = block.split_at_mut(h);
            for (x, y) in low.iter_mut().zip(high) {
                (*x, *y) = (*x + *y, *x - *y);
            }
        }
        h *= 2;
    }
    for v in x {
        *v *= scale;
    }
}

/// Sixteen elements at a time; above them two steps in one pass through memory.
///
/// # Safety
/// As for [`F32x16`]; the length is a power of two from 16.
#[inline(always)]
unsafe fn transform_lanes<F: F32x16>(x: &mut [f32], scale: f32) {
    let (p, x) = (x.len(), x.as_mut_ptr());
    unsafe {
        for i in (0..p).step_by(16) {
            F::load(x.add(i)).butterfly::<1>().butterfly::<2>().butterfly::<4>().butterfly::<8>().store(x.add(i));
        }
        let mut h = 16;
        while 2 * h < p {
            for block in (0..p).step_by(4 * h) {
                for i in (block..block + h).step_by(16) {
                    let at = [x.add(i), x.add(i + h), x.add(i + 2 * h), x.add(i + 3 * h)];
                    let [x0, x1, x2, x3] = [F::load(at[0]), F::load(at[1]), F::load(at[2]), F::load(at[3])];
                    let (a, b, c, d) = (x0.add(x1), x0.sub(x1), x2.add(x3), x2.sub(x3));
                    a.add(c).store(at[0]);
                    b.add(d).store(at[1]);
                    a.sub(c).store(at[2]);
                    b.sub(d).store(at[3]);
                }
            }
            h *= 4;
        }
        if h < p {
            for i in (0..h).step_by(16) {
                let (a, b) = (F::load(x.add(i)), F::load(x.add(i + h)));
                a.add(b).store(x.add(i));
                a.sub(b).store(x.add(i + h));
            }
        }
        let scale = F::splat(scale);
        for i in (0..p).step_by(16) {
            F::load(x.add(i)).mul(scale).store(x.add(i));
        }
    }
}
