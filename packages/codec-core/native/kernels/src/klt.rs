//! Codes in a learned basis (the rule, to the bit, is in `src/kernels/klt.ts` and `klt-scores.ts`): the row's components
//! in as many bits as each is worth, one stream, then the place of the row's scalar, then under l2 |x|^2.
//!
//! A query is rounded to 15 bits, two signed bytes for each component, so that with H and L the integer products of the
//! high and the low ones with a row's levels, and t its scalar,
//! ```text
//! ip = f32(t f32(bias + f32(f32(f32(f32(H) 128) + f32(L)) step)))
//! cosine, dot  ip
//! l2           0 - max(0, f32(f32(|q|^2 + |x|^2) - 2 ip))
//! ```

mod coding;
mod decoding;
mod levels;
mod projection;
mod quantize;
mod query;
mod rows;

use crate::coded::{Plan, coded_scores, coded_top_k};
use crate::fault::{Fault, expect, expect_dim};
use crate::float_scan::Metric;
use crate::isa::Isa;
use crate::nibbles::{NibbleLayout, nibble_blocks, nibble_blocks_near, nibble_scores, nibble_top_k};
use crate::topk::TopKOutput;

pub use coding::klt_encode;
pub use decoding::klt_decode;
use levels::level;
pub use query::klt_queries;
use rows::Rows;

/// Floats of a prepared query behind its components: the bias, |q|^2, and what the step is multiplied by.
const QUERY_EXTRA: usize = 3;

/// The widest component, in bits.
const WIDEST: usize = 7;
/// The widest component of a trellis.
const TRELLIS_WIDEST: usize = 4;

/// Where the values of windows come from.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum TrellisTables {
    /// One table of 256.
    Full,
    /// Sums of two tables of 16.
    Separable,
}

/// What all rows share; as `KltLayout` in `src/kernels/klt-layout.ts`.
#[derive(Clone, Copy)]
pub struct KltLayout<'a> {
    pub metric: Metric,
    pub dim: usize,
    /// Levels by the windows of the trellis, up to 4 bits, of these tables.
    pub trellis: Option<TrellisTables>,
    /// Bytes of the stream.
    pub code_bytes: usize,
    /// Of each component, 1 to 7, ascending.
    pub bits: &'a [u8],
    /// dim floats.
    pub mean: &'a [f32],
    /// dim x components: element j of component r at j * components + r.
    pub columns: &'a [f32],
    pub forward: &'a [f32],
    pub back: &'a [f32],
    pub step: &'a [f32],
    pub twice: &'a [f32],
    /// 256 scalars.
    pub table: &'a [f32],
}

impl KltLayout<'_> {
    pub(crate) fn check(&self) -> Result<(), Fault> {
        expect_dim(self.dim)?;
        let count = self.components();
        if !(1..=65_536).contains(&count) {
            return Err(Fault { code: "INVALID_ARGUMENT", what: "components", expected: self.dim, actual: count });
        }
        let (mut least, mut sum) = (1, 0);
        for bits in self.bits.iter().map(|&bits| usize::from(bits)) {
            if bits < least || bits > WIDEST {
                return Err(Fault {
                    code: "INVALID_ARGUMENT",
                    what: "bits of components",
                    expected: least,
                    actual: bits,
                });
            }
            least = bits;
            sum += bits;
        }
        expect("bytes of a row's components", sum.div_ceil(8), self.code_bytes)?;
        expect("floats of the mean", self.dim, self.mean.len())?;
        expect("floats of the columns", self.dim * count, self.columns.len())?;
        for factors in [self.forward, self.back, self.step, self.twice] {
            expect("factors of components", count, factors.len())?;
        }
        expect("floats of the table", 256, self.table.len())
    }

    pub(crate) fn components(&self) -> usize {
        self.bits.len()
    }

    /// Bytes of a row.
    pub(crate) fn stride(&self) -> usize {
        self.code_bytes + 1 + if self.metric == Metric::L2 { 4 } else { 0 }
    }

    /// Floats of a prepared query.
    pub(crate) fn query_floats(&self) -> usize {
        self.components() + QUERY_EXTRA
    }

    /// Where all components lie within nibbles.
    fn nibbles(&self) -> Option<NibbleLayout<'_>> {
        let count = |bits| self.bits.iter().filter(|&&own| own == bits).count();
        let (ones, twos, fours) = (count(1), count(2), count(4));
        let within = ones + twos + fours == self.bits.len() && ones % 4 == 0 && twos % 2 == 0;
        let KltLayout { metric, code_bytes, bits, table, .. } = *self;
        let mut levels = [0; 22];
        let all = [1, 2, 4].into_iter().flat_map(|bits| (0..1 << bits).map(move |index| level(bits, index)));
        levels.iter_mut().zip(all).for_each(|(to, level)| *to = level);
        (within && self.trellis.is_none()).then_some(NibbleLayout { metric, code_bytes, bits, levels, table })
    }

    fn checked_nibbles(&self) -> Result<NibbleLayout<'_>, Fault> {
        self.check()?;
        let widest = usize::from(self.bits[self.bits.len() - 1]);
        self.nibbles().ok_or(Fault {
            code: "INVALID_ARGUMENT",
            what: "components within nibbles",
            expected: 4,
            actual: widest,
        })
    }

    /// How rows come apart.
    fn plan(&self) -> Plan {
        Plan::new(self.bits, self.windowed(), self.code_bytes, |bits, byte| {
            levels::level_of_byte(self.trellis, bits, byte)
        })
    }

    /// How many components, from the first on, are coded by windows.
    fn windowed(&self) -> usize {
        if self.trellis.is_some() { self.bits.partition_point(|&bits| usize::from(bits) <= TRELLIS_WIDEST) } else { 0 }
    }
}

/// Puts rows into blocks; see [`crate::nibbles`].
pub fn klt_blocks(layout: KltLayout, codes: &[u8], out: &mut [u8]) -> Result<(), Fault> {
    nibble_blocks(layout.checked_nibbles()?, codes, out)
}

/// As [`klt_top_k`], of `rows` rows in blocks. With `near`, a number of hits and a margin for each query, only that many, and
/// such as score no more than the margin less than the last of these; slots that stay empty are the largest number.
#[allow(clippy::too_many_arguments)]
pub fn klt_blocks_near(
    isa: Isa,
    layout: KltLayout,
    queries: &[f32],
    blocks: &[u8],
    rows: usize,
    k: usize,
    near: Option<(usize, &[f32])>,
    allow: Option<&[u32]>,
    out: TopKOutput,
) -> Result<(), Fault> {
    nibble_blocks_near(isa, layout.checked_nibbles()?, queries, blocks, rows, k, near, allow, out)
}

/// Score of each row with a prepared query.
pub fn klt_scores(isa: Isa, layout: KltLayout, query: &[f32], codes: &[u8], out: &mut [f32]) -> Result<(), Fault> {
    layout.check()?;
    if let Some(layout) = layout.nibbles() {
        return nibble_scores(layout, query, codes, out);
    }
    let plan = layout.plan();
    coded_scores(isa, Rows::new(layout, &plan, codes)?, query, out)
}

/// The k best allowed rows for each prepared query.
pub fn klt_top_k(
    isa: Isa,
    layout: KltLayout,
    queries: &[f32],
    codes: &[u8],
    k: usize,
    allow: Option<&[u32]>,
    out: TopKOutput,
) -> Result<(), Fault> {
    layout.check()?;
    if let Some(layout) = layout.nibbles() {
        return nibble_top_k(isa, layout, queries, codes, k, allow, out);
    }
    let plan = layout.plan();
    coded_top_k(isa, Rows::new(layout, &plan, codes)?, queries, k, allow, out)
}
