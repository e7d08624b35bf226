//! int8 codes with a scale for each group of `group` elements (the last group may be shorter): `dim` bytes of two's
//! complement, then ceil(dim / group) scales as float32, little-endian. Also the scale by least squares. All
//! arithmetic is float32 unless said; the bytes are stored in files, so changing this rule breaks them.
//!
//! Encoding a row v: max|v_j| below 2^-120 stores zeros and scales of 1. Else x = v, for unit rows v times the power
//! of two that takes its largest element into [1, 2) (exact, and no square of it overflows), and in each group
//! ```text
//! max = max|x_j|; below 2^-120 the group is stored as zeros with scale 1
//! inv = f32(127 / max), w_j = f32(x_j inv), q_j = w_j rounded half to even
//! step = f32(max / 127); by least squares f32(P / Q max / 127), in float64, P the striped sum of w_j q_j in float32
//!        (element i of the group into partial i % 16) and Q the sum of q_j^2, an integer
//! scale = step; of a unit row f32(step / f32(sqrt(S))), S the striped sum of x_j x_j over the whole row
//! ```
//! Decoding: f32(q_j scale). A score is, to the bit, the float score of the query with the decoded row (under cosine
//! the product: rows are unit vectors), so rows are decoded a few at a time and scanned as floats.

use crate::allowed::Allowed;
use crate::expanded::{Expand, expanded_scores, expanded_top_k, largest, striped};
use crate::fault::{Fault, expect, expect_dim, row_count};
use crate::float_scan::Metric;
use crate::int8::LARGEST_SCALE;
use crate::isa::Isa;
use crate::norms::power_for;
use crate::simd::{Kernel, Simd, run};
use crate::topk::{TopKOutput, ranked};

const ZERO_BELOW: f32 = f32::from_bits((127 - 120) << 23);

/// Rows of grouped codes.
#[derive(Clone, Copy)]
struct GroupedRows<'a> {
    bytes: &'a [u8],
    dim: usize,
    group: usize,
}

impl<'a> GroupedRows<'a> {
    fn new(bytes: &'a [u8], dim: usize, group: usize) -> Result<GroupedRows<'a>, Fault> {
        row_count("bytes of the codes", bytes.len(), stride(dim, group)?)?;
        Ok(GroupedRows { bytes, dim, group })
    }

    fn stride(&self) -> usize {
        self.dim + 4 * self.dim.div_ceil(self.group)
    }

    fn rows(&self) -> usize {
        self.bytes.len() / self.stride()
    }

    /// Codes and scale of each group of a row.
    #[inline(always)]
    fn groups(&self, row: usize) -> impl Iterator<Item = (&'a [u8], f32)> + use<'a> {
        let (codes, scales) = self.bytes[row * self.stride()..][..self.stride()].split_at(self.dim);
        codes.chunks(self.group).zip(scales.as_chunks::<4>().0.iter().map(|&bytes| f32::from_le_bytes(bytes)))
    }

    #[inline(always)]
    fn decode(&self, row: usize, out: &mut [f32]) {
        for (out, (codes, scale)) in out.chunks_mut(self.group).zip(self.groups(row)) {
            for (out, &code) in out.iter_mut().zip(codes) {
                *out = f32::from(code as i8) * scale;
            }
        }
    }
}

fn stride(dim: usize, group: usize) -> Result<usize, Fault> {
    expect_dim(dim)?;
    if group == 0 || group > dim {
        return Err(Fault { code: "INVALID_ARGUMENT", what: "elements in a group", expected: dim, actual: group });
    }
    Ok(dim + 4 * dim.div_ceil(group))
}

/// Codes of rows of `dim` floats. `unit`: the scales are those of the row's direction.
pub fn int8_grouped_encode(
    isa: Isa,
    data: &[f32],
    dim: usize,
    group: usize,
    unit: bool,
    least_squares: bool,
    out: &mut [u8],
) -> Result<(), Fault> {
    let stride = stride(dim, group)?;
    expect("bytes of codes", row_count("floats", data.len(), dim)? * stride, out.len())?;
    run(isa, Encode { data, dim, group, unit, least_squares, out });
    Ok(())
}

pub fn int8_grouped_decode(isa: Isa, codes: &[u8], dim: usize, group: usize, out: &mut [f32]) -> Result<(), Fault> {
    let rows = GroupedRows::new(codes, dim, group)?;
    expect("floats", rows.rows() * dim, out.len())?;
    run(isa, Decode { rows, out });
    Ok(())
}

/// Score of each row with one float query.
pub fn int8_grouped_scores(
    isa: Isa,
    metric: Metric,
    query: &[f32],
    codes: &[u8],
    dim: usize,
    group: usize,
    out: &mut [f32],
) -> Result<(), Fault> {
    let rows = GroupedRows::new(codes, dim, group)?;
    expect("floats of the query", dim, query.len())?;
    expect("scores", rows.rows(), out.len())?;
    match metric {
        Metric::L2 => expanded_scores(isa, Decoded::<true>(rows), query, out),
        _ => expanded_scores(isa, Decoded::<false>(rows), query, out),
    }
    Ok(())
}

/// The k best allowed rows for each query; scores are those of [`int8_grouped_scores`].
#[allow(clippy::too_many_arguments)]
pub fn int8_grouped_top_k(
    isa: Isa,
    metric: Metric,
    queries: &[f32],
    codes: &[u8],
    dim: usize,
    group: usize,
    k: usize,
    allow: Option<&[u32]>,
    out: TopKOutput,
) -> Result<(), Fault> {
    let rows = GroupedRows::new(codes, dim, group)?;
    let count = row_count("floats of the queries", queries.len(), dim)?;
    let allowed = Allowed::new(rows.rows(), allow)?;
    if count == 0 {
        return Ok(());
    }
    out.check(count, k, &allowed)?;
    match metric {
        Metric::L2 => expanded_top_k(isa, Decoded::<true>(rows), queries, k, allowed, out),
        _ => expanded_top_k(isa, Decoded::<false>(rows), queries, k, allowed, out),
    }
    Ok(())
}

/// Scores of one row of codes with others, by exact integer products in each group; in float64, groups in order:
/// ```text
/// dot, cosine  f32(sum of s t C), s and t the scales of both
/// l2           f32(0 - max(0, sum of s s A + t t B - 2 (s t C))), A and B the sums of squares
/// ```
pub fn int8_symmetric(
    isa: Isa,
    metric: Metric,
    query: &[u8],
    codes: &[u8],
    dim: usize,
    group: usize,
    out: &mut [f32],
) -> Result<(), Fault> {
    let (query, rows) = (GroupedRows::new(query, dim, group)?, GroupedRows::new(codes, dim, group)?);
    expect("rows of the query", 1, query.rows())?;
    expect("scores", rows.rows(), out.len())?;
    run(isa, Symmetric { metric, query, rows, out });
    Ok(())
}

struct Encode<'a> {
    data: &'a [f32],
    dim: usize,
    group: usize,
    unit: bool,
    least_squares: bool,
    out: &'a mut [u8],
}

impl Encode<'_> {
    #[inline(always)]
    fn rows(self) {
        let Encode { data, dim, group, unit, least_squares, out } = self;
        let (mut x, mut w, mut q) = (vec![0f32; dim], vec![0f32; group], vec![0f32; group]);
        for (row, out) in data.chunks_exact(dim).zip(out.chunks_exact_mut(dim + 4 * dim.div_ceil(group))) {
            let zero = largest(row) < ZERO_BELOW;
            let power = if unit && !zero { power_for(row) } else { 1.0 };
            for (x, v) in x.iter_mut().zip(row) {
                *x = v * power;
            }
            let norm = if unit { striped(&x, &x, |a, b| a * b).sqrt() } else { 1.0 };
            let (codes, scales) = out.split_at_mut(dim);
            for ((x, codes), scale) in x.chunks(group).zip(codes.chunks_mut(group)).zip(scales.as_chunks_mut::<4>().0) {
                let max = largest(x);
                if zero || max < ZERO_BELOW {
                    codes.fill(0);
                    *scale = 1f32.to_le_bytes();
                    continue;
                }
                let inv = 127.0 / max;
                let (w, q) = (&mut w[..x.len()], &mut q[..x.len()]);
                for i in 0..x.len() {
                    w[i] = x[i] * inv;
                    q[i] = w[i].round_ties_even();
                }
                for (code, &q) in codes.iter_mut().zip(&*q) {
                    // SAFETY: within +-127, as |w| <= 127 (1 + 2^-23).
                    *code = unsafe { q.to_int_unchecked::<i32>() } as u8;
                }
                let step = if least_squares {
                    let squares: i32 = codes.iter().map(|&code| i32::from(code as i8).pow(2)).sum();
                    (f64::from(striped(w, q, |a, b| a * b)) / f64::from(squares) * f64::from(max) / 127.0) as f32
                } else {
                    max / 127.0
                };
                *scale = (if unit { step / norm } else { step.min(LARGEST_SCALE) }).to_le_bytes();
            }
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
    rows: GroupedRows<'a>,
    out: &'a mut [f32],
}

impl Decode<'_> {
    #[inline(always)]
    fn all(self) {
        for (row, out) in self.out.chunks_exact_mut(self.rows.dim).enumerate() {
            self.rows.decode(row, out);
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
struct Decoded<'a, const L2: bool>(GroupedRows<'a>);

impl<const L2: bool> Expand for Decoded<'_, L2> {
    const DIFFERENCES: bool = L2;

    fn dim(&self) -> usize {
        self.0.dim
    }

    fn query_floats(&self) -> usize {
        self.0.dim
    }

    #[inline(always)]
    fn expand(&self, row: usize, out: &mut [f32]) {
        self.0.decode(row, out);
    }

    #[inline(always)]
    fn score(&self, _row: usize, sum: f32, _query: &[f32]) -> f32 {
        if L2 { 0.0 - sum } else { sum }
    }
}

struct Symmetric<'a> {
    metric: Metric,
    query: GroupedRows<'a>,
    rows: GroupedRows<'a>,
    out: &'a mut [f32],
}

impl Symmetric<'_> {
    #[inline(always)]
    fn all(self) {
        for (row, out) in self.out.iter_mut().enumerate() {
            let mut sum = 0f64;
            for ((a, s), (b, t)) in self.query.groups(0).zip(self.rows.groups(row)) {
                let (s, t) = (f64::from(s), f64::from(t));
                let product = s * t * f64::from(products(a, b));
                sum += match self.metric {
                    Metric::L2 => s * s * f64::from(products(a, a)) + t * t * f64::from(products(b, b)) - 2.0 * product,
                    _ => product,
                };
            }
            // Not max(): a NaN has to stay one.
            let score = match self.metric {
                Metric::L2 => 0.0 - if sum < 0.0 { 0.0 } else { sum },
                _ => sum,
            };
            *out = ranked(score as f32);
        }
    }
}

impl Kernel for Symmetric<'_> {
    type Output = ();

    fn scalar(self) {
        self.all();
    }

    #[inline(always)]
    unsafe fn simd<S: Simd>(self) {
        self.all();
    }
}

/// At most 65,536 x 2^14 = 2^30.
#[inline(always)]
fn products(a: &[u8], b: &[u8]) -> i32 {
    a.iter().zip(b).map(|(&a, &b)| i32::from(a as i8) * i32::from(b as i8)).sum()
}
