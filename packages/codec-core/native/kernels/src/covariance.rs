//! The sums of products that a covariance matrix is made of: out[i][j] += (x_i - mean_i) (x_j - mean_j) for each row x,
//! in float64, each difference, product and sum rounded, rows in order. Elements on and above the diagonal are added
//! up; those below are copied from them. Rows may come in any blocks: the bits are those of one call.

use crate::doubles::{F64x8, LANES, Plain};
use crate::fault::{Fault, expect, expect_dim, row_count};
use crate::isa::Isa;
use crate::simd::{Kernel, Simd, run};

/// Rows of the matrix that are added up together: their sums stay in the second cache.
pub(crate) const BAND: usize = 32;

/// Rows of data that are centred at once.
const BLOCK: usize = 64;

/// Registers side by side in a tile.
const WIDTH: usize = 4;

/// Adds to `out`, dim x dim. `mean` is empty or has `dim` floats.
pub fn covariance(isa: Isa, data: &[f32], dim: usize, mean: &[f32], out: &mut [f64]) -> Result<(), Fault> {
    check(data, dim, mean, out)?;
    for (i, band) in out.chunks_mut(BAND * dim).enumerate() {
        add_band(isa, data, dim, mean, i * BAND, band);
    }
    mirror(out, dim);
    Ok(())
}

/// How many rows `data` has.
pub(crate) fn check(data: &[f32], dim: usize, mean: &[f32], out: &[f64]) -> Result<usize, Fault> {
    expect_dim(dim)?;
    let rows = row_count("floats", data.len(), dim)?;
    if !mean.is_empty() {
        expect("floats of the mean", dim, mean.len())?;
    }
    expect("elements of the matrix", dim * dim, out.len())?;
    Ok(rows)
}

/// Copies what stands above the diagonal to below it.
pub(crate) fn mirror(out: &mut [f64], dim: usize) {
    // In squares: a column of the whole would touch a page for each element.
    for top in (0..dim).step_by(BAND) {
        for left in (0..=top).step_by(BAND) {
            for i in top..dim.min(top + BAND) {
                for j in left..i.min(left + BAND) {
                    out[i * dim + j] = out[j * dim + i];
                }
            }
        }
    }
}

/// Adds to rows `first` to first + h of the matrix, what stands in columns from `first` on.
pub(crate) fn add_band(isa: Isa, data: &[f32], dim: usize, mean: &[f32], first: usize, out: &mut [f64]) {
    run(isa, Band { data, dim, mean, first, out });
}

struct Band<'a> {
    data: &'a [f32],
    dim: usize,
    mean: &'a [f32],
    first: usize,
    out: &'a mut [f64],
}

impl Kernel for Band<'_> {
    type Output = ();

    fn scalar(self) {
        // SAFETY: plain arrays need no instruction set.
        unsafe { self.add::<Plain, 2>() }
    }

    #[inline(always)]
    unsafe fn simd<S: Simd>(self) {
        unsafe { if S::WIDE { self.add::<S::D, 4>() } else { self.add::<S::D, 1>() } }
    }
}

impl Band<'_> {
    /// In tiles of H rows and 32 columns of the matrix.
    #[inline(always)]
    unsafe fn add<D: F64x8, const H: usize>(self) {
        let Band { data, dim, mean, first, out } = self;
        let (height, width) = (out.len() / dim, dim - first);
        // Columns in whole tiles, rows too; what is added past the matrix is 0 and left behind.
        let panels = width.div_ceil(LANES * WIDTH) * WIDTH;
        let stride = panels * LANES;
        let mut sums = vec![0f64; height.next_multiple_of(H) * stride];
        for i in 0..height {
            sums[i * stride..][..width].copy_from_slice(&out[i * dim + first..][..width]);
        }
        // Panels of 8 columns, in each the rows of the block one behind the other.
        let mut centred = vec![0f64; panels * BLOCK * LANES];
        for block in data.chunks(BLOCK * dim) {
            let rows = block.len() / dim;
            for (r, row) in block.chunks_exact(dim).enumerate() {
                let means = mean.get(first..).unwrap_or(&[]);
                let row = &row[first..];
                for (p, part) in row.chunks(LANES).enumerate() {
                    let to = &mut centred[(p * BLOCK + r) * LANES..][..part.len()];
                    if means.is_empty() {
                        to.iter_mut().zip(part).for_each(|(to, &x)| *to = f64::from(x));
                    } else {
                        let means = &means[p * LANES..];
                        to.iter_mut()
                            .zip(part.iter().zip(means))
                            .for_each(|(to, (&x, &m))| *to = f64::from(x) - f64::from(m));
                    }
                }
            }
            for p in (0..panels).step_by(WIDTH) {
                let right = &centred[p * BLOCK * LANES..][..WIDTH * BLOCK * LANES];
                for i in (0..height.min((p + WIDTH) * LANES)).step_by(H) {
                    let left = &centred[i / LANES * BLOCK * LANES..][..BLOCK * LANES];
                    let sums = &mut sums[i * stride + p * LANES..];
                    unsafe { tile::<D, H>(left, i % LANES, right, rows, sums, stride) }
                }
            }
        }
        for i in 0..height {
            out[i * dim + first + i..(i + 1) * dim].copy_from_slice(&sums[i * stride + i..][..width - i]);
        }
    }
}

/// Adds the products of elements `at` to at + H of the left panel's rows with those of four panels to the right.
#[inline(always)]
unsafe fn tile<D: F64x8, const H: usize>(
    left: &[f64],
    at: usize,
    right: &[f64],
    rows: usize,
    sums: &mut [f64],
    stride: usize,
) {
    assert!(at + H <= LANES && rows <= BLOCK && left.len() >= BLOCK * LANES && right.len() >= WIDTH * BLOCK * LANES);
    assert!(sums.len() >= (H - 1) * stride + WIDTH * LANES);
    unsafe {
        let mut tile = [[D::splat(0.0); WIDTH]; H];
        for h in 0..H {
            for w in 0..WIDTH {
                tile[h][w] = D::load(sums.as_ptr().add(h * stride + w * LANES));
            }
        }
        for r in 0..rows {
            let mut x = [D::splat(0.0); WIDTH];
            for w in 0..WIDTH {
                x[w] = D::load(right.as_ptr().add((w * BLOCK + r) * LANES));
            }
            for h in 0..H {
                let y = D::splat(*left.as_ptr().add(r * LANES + at + h));
                for w in 0..WIDTH {
                    tile[h][w] = tile[h][w].add(y.mul(x[w]));
                }
            }
        }
        for h in 0..H {
            for w in 0..WIDTH {
                tile[h][w].store(sums.as_mut_ptr().add(h * stride + w * LANES));
            }
        }
    }
}
