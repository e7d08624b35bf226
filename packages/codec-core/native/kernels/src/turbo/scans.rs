//! Scores and the k best rows.

use super::TurboLayout;
use super::rows::Rows;
use crate::coded::{coded_scores, coded_top_k};
use crate::fault::Fault;
use crate::isa::Isa;
use crate::topk::TopKOutput;

/// Score of each row with a prepared query.
pub fn turbo_scores(isa: Isa, layout: TurboLayout, query: &[f32], codes: &[u8], out: &mut [f32]) -> Result<(), Fault> {
    layout.check()?;
    let plan = layout.plan();
    coded_scores(isa, Rows::new(layout, plan.as_ref(), codes)?, query, out)
}

/// The k best allowed rows for each prepared query.
pub fn turbo_top_k(
    isa: Isa,
    layout: TurboLayout,
    queries: &[f32],
    codes: &[u8],
    k: usize,
    allow: Option<&[u32]>,
    out: TopKOutput,
) -> Result<(), Fault> {
    layout.check()?;
    let plan = layout.plan();
    coded_top_k(isa, Rows::new(layout, plan.as_ref(), codes)?, queries, k, allow, out)
}
