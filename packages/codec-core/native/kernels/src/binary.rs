//! Binary codes: one bit a dimension, then a scale. ceil(dim / 8) bytes, element j in bit j % 8 of byte j / 8, set where
//! it isn't negative, unused bits zero; then the scale as float32, little-endian. All arithmetic is float32 unless
//! said; the bytes are stored in files, so changing this rule breaks them.
//!
//! Encoding a row r that isn't zero: x is r times the power of two that takes its largest element into [1, 2);
//! A = striped sum of |x_j|, B = striped sum of x_j x_j, and the scale is
//! ```text
//! cosine  f32(sqrt(B)) / A         the row's direction u: u.b s = 1, so that products are unbiased
//! dot     f32(B / A) / power       likewise, r.b s = |r|^2
//! l2      f32(A / dim) / power     least squares: |r - s b| is smallest; shrinks products and squares alike
//! ```
//! A zero row has no bit set and scale 0, and scale 0 stands for the zero vector.
//!
//! Decoding: scale where the bit is set, else -scale.
//!
//! Scores. A prepared query is dim + 2 floats: p, an offset c and the score z of zero rows. With D the striped sum of
//! p_j where the bit is set, else -p_j, and s the scale:
//! ```text
//! cosine, dot  f32(c + f32(s D));  z where s is 0
//! l2           0 - max(0, f32(f32(E + f32(f32(s s) dim)) - f32(2 f32(s D)))), E the striped sum of p_j p_j; z likewise
//! ```

use crate::allowed::Allowed;
use crate::expanded::{Expand, expanded_scores, expanded_top_k, largest, striped};
use crate::fault::{Fault, expect, expect_dim, row_count};
use crate::float_scan::Metric;
use crate::isa::Isa;
use crate::norms::power_for;
use crate::popcount::differing_bits;
use crate::simd::{Kernel, Simd, run};
use crate::topk::{TopKOutput, ranked};

/// Floats that a prepared query has beyond its dim.
const QUERY_EXTRA: usize = 2;

#[derive(Clone, Copy)]
struct BinaryRows<'a> {
    bytes: &'a [u8],
    dim: usize,
}

impl<'a> BinaryRows<'a> {
    fn new(bytes: &'a [u8], dim: usize) -> Result<BinaryRows<'a>, Fault> {
        expect_dim(dim)?;
        row_count("bytes of the codes", bytes.len(), stride(dim))?;
        Ok(BinaryRows { bytes, dim })
    }

    fn rows(&self) -> usize {
        self.bytes.len() / stride(self.dim)
    }

    #[inline(always)]
    fn row(&self, row: usize) -> (&'a [u8], f32) {
        let (bits, scale) = self.bytes[row * stride(self.dim)..][..stride(self.dim)].split_at(self.dim.div_ceil(8));
        (bits, f32::from_le_bytes([scale[0], scale[1], scale[2], scale[3]]))
    }

    /// 1 where the bit is set, else -1.
    #[inline(always)]
    fn expand(&self, row: usize, out: &mut [f32]) {
        let bits = self.row(row).0;
        let (blocks, rest) = out.as_chunks_mut::<8>();
        for (block, &bits) in blocks.iter_mut().zip(bits) {
            *block = SIGNS[bits as usize];
        }
        if !rest.is_empty() {
            rest.copy_from_slice(&SIGNS[bits[bits.len() - 1] as usize][..rest.len()]);
        }
    }
}

/// The signs of each byte's bits.
static SIGNS: [[f32; 8]; 256] = {
    let mut signs = [[-1f32; 8]; 256];
    let mut i = 0;
    while i < 256 * 8 {
        if (i / 8) >> (i % 8) & 1 == 1 {
            signs[i / 8][i % 8] = 1.0;
        }
        i += 1;
    }
    signs
};

fn stride(dim: usize) -> usize {
    dim.div_ceil(8) + 4
}

/// Codes of rows of `dim` floats.
pub fn binary_encode(isa: Isa, metric: Metric, data: &[f32], dim: usize, out: &mut [u8]) -> Result<(), Fault> {
    expect_dim(dim)?;
    expect("bytes of codes", row_count("floats", data.len(), dim)? * stride(dim), out.len())?;
    run(isa, Encode { metric, data, dim, out });
    Ok(())
}

pub fn binary_decode(isa: Isa, codes: &[u8], dim: usize, out: &mut [f32]) -> Result<(), Fault> {
    let rows = BinaryRows::new(codes, dim)?;
    expect("floats", rows.rows() * dim, out.len())?;
    run(isa, Decode { rows, out });
    Ok(())
}

/// Score of each row with one prepared query.
pub fn binary_scores(
    isa: Isa,
    metric: Metric,
    query: &[f32],
    codes: &[u8],
    dim: usize,
    out: &mut [f32],
) -> Result<(), Fault> {
    let rows = BinaryRows::new(codes, dim)?;
    expect("floats of the query", dim + QUERY_EXTRA, query.len())?;
    expect("scores", rows.rows(), out.len())?;
    match metric {
        Metric::L2 => expanded_scores(isa, Signs::<true>(rows), query, out),
        _ => expanded_scores(isa, Signs::<false>(rows), query, out),
    }
    Ok(())
}

/// The k best allowed rows for each prepared query; scores are those of [`binary_scores`].
#[allow(clippy::too_many_arguments)]
pub fn binary_top_k(
    isa: Isa,
    metric: Metric,
    queries: &[f32],
    codes: &[u8],
    dim: usize,
    k: usize,
    allow: Option<&[u32]>,
    out: TopKOutput,
) -> Result<(), Fault> {
    let rows = BinaryRows::new(codes, dim)?;
    let count = row_count("floats of the queries", queries.len(), dim + QUERY_EXTRA)?;
    let allowed = Allowed::new(rows.rows(), allow)?;
    if count == 0 {
        return Ok(());
    }
    out.check(count, k, &allowed)?;
    match metric {
        Metric::L2 => expanded_top_k(isa, Signs::<true>(rows), queries, k, allowed, out),
        _ => expanded_top_k(isa, Signs::<false>(rows), queries, k, allowed, out),
    }
    Ok(())
}

/// Scores of one code with others: with h the number of bits that differ and C = dim - 2 h, in float64 from the left
/// ```text
/// cosine, dot  f32(s t C), s and t the scales of both
/// l2           f32(0 - max(0, s s dim + t t dim - 2 (s t C)))
/// ```
pub fn binary_symmetric(
    isa: Isa,
    metric: Metric,
    query: &[u8],
    codes: &[u8],
    dim: usize,
    out: &mut [f32],
) -> Result<(), Fault> {
    let (query, rows) = (BinaryRows::new(query, dim)?, BinaryRows::new(codes, dim)?);
    expect("rows of the query", 1, query.rows())?;
    expect("scores", rows.rows(), out.len())?;
    let (bits, s) = query.row(0);
    let mut differing = vec![0u32; rows.rows()];
    differing_bits(isa, bits, codes, dim, stride(dim), &mut differing);
    let (s, n) = (f64::from(s), dim as f64);
    for (row, (out, h)) in out.iter_mut().zip(differing).enumerate() {
        let t = f64::from(rows.row(row).1);
        let product = s * t * (n - 2.0 * f64::from(h));
        let score = match metric {
            Metric::L2 => {
                let squares = s * s * n + t * t * n - 2.0 * product;
                // Not max(): a NaN has to stay one.
                0.0 - if squares < 0.0 { 0.0 } else { squares }
            }
            _ => product,
        };
        *out = ranked(score as f32);
    }
    Ok(())
}

struct Encode<'a> {
    metric: Metric,
    data: &'a [f32],
    dim: usize,
    out: &'a mut [u8],
}

impl Encode<'_> {
    #[inline(always)]
    fn rows(self) {
        let Encode { metric, data, dim, out } = self;
        let mut x = vec![0f32; dim];
        for (row, out) in data.chunks_exact(dim).zip(out.chunks_exact_mut(stride(dim))) {
            if largest(row) == 0.0 {
                out.fill(0);
                continue;
            }
            let power = power_for(row);
            for (x, v) in x.iter_mut().zip(row) {
                *x = v * power;
            }
            let squares = striped(&x, &x, |a, b| a * b);
            let sum = striped(&x, &x, |a, _| a.abs());
            let (bits, scale) = out.split_at_mut(dim.div_ceil(8));
            for (bits, x) in bits.iter_mut().zip(x.chunks(8)) {
                *bits = x.iter().enumerate().fold(0, |bits, (i, &x)| bits | u8::from(x >= 0.0) << i);
            }
            let value = match metric {
                Metric::Cosine => squares.sqrt() / sum,
                Metric::Dot => squares / sum / power,
                Metric::L2 => sum / dim as f32 / power,
            };
            scale.copy_from_slice(&value.to_le_bytes());
        }
    }
}

impl Kernel for Encode<'_> {
    type Output = ();

    fn scalar(self) {
        self.rows();
    }

    #[inline(always)]
    unsafe fn simd<S: Simd>(self) {
        self.rows();
    }
}

struct Decode<'a> {
    rows: BinaryRows<'a>,
    out: &'a mut [f32],
}

impl Decode<'_> {
    #[inline(always)]
    fn all(self) {
        for (row, out) in self.out.chunks_exact_mut(self.rows.dim).enumerate() {
            let scale = self.rows.row(row).1;
            self.rows.expand(row, out);
            for v in out {
                *v *= scale;
            }
        }
    }
}

impl Kernel for Decode<'_> {
    type Output = ();

    fn scalar(self) {
        self.all();
    }

    #[inline(always)]
    unsafe fn simd<S: Simd>(self) {
        self.all();
    }
}

#[derive(Clone, Copy)]
struct Signs<'a, const L2: bool>(BinaryRows<'a>);

impl<const L2: bool> Expand for Signs<'_, L2> {
    // Under l2 too: the squares are the scale's own.
    const DIFFERENCES: bool = false;

    fn dim(&self) -> usize {
        self.0.dim
    }

    fn query_floats(&self) -> usize {
        self.0.dim + QUERY_EXTRA
    }

    #[inline(always)]
    fn expand(&self, row: usize, out: &mut [f32]) {
        self.0.expand(row, out);
    }

    #[inline(always)]
    fn score(&self, row: usize, sum: f32, query: &[f32]) -> f32 {
        let (dim, scale) = (self.0.dim, self.0.row(row).1);
        if scale == 0.0 {
            return query[dim + 1];
        }
        let product = scale * sum;
        if !L2 {
            return query[dim] + product;
        }
        let own = scale * scale * dim as f32;
        let squares = striped(&query[..dim], &query[..dim], |a, b| a * b) + own - 2.0 * product;
        0.0 - if squares < 0.0 { 0.0 } else { squares }
    }
}
