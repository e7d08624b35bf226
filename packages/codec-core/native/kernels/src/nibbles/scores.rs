//! All scores of one query, over rows as they stand; and the reference.

use super::NibbleLayout;
use super::tables::{Query, shares};
use crate::fault::{Fault, expect, row_count};
use crate::float_scan::Metric;

/// Score of each row with a prepared query.
pub(crate) fn nibble_scores(layout: NibbleLayout, query: &[f32], codes: &[u8], out: &mut [f32]) -> Result<(), Fault> {
    let rows = row_count("bytes of the codes", codes.len(), layout.stride())?;
    expect("floats of the query", layout.query_floats(), query.len())?;
    expect("scores", rows, out.len())?;
    let query = Query::new(&layout, &shares(&layout), query);
    for (row, out) in codes.chunks_exact(layout.stride()).zip(out) {
        *out = score(&layout, &query, row);
    }
    Ok(())
}

/// The reference: score of one row.
pub(super) fn score(layout: &NibbleLayout, query: &Query, row: &[u8]) -> f32 {
    let (code, behind) = row.split_at(layout.code_bytes);
    let square = match layout.metric {
        Metric::L2 => f32::from_le_bytes(*behind[1..].first_chunk().expect("four bytes")),
        _ => 0.0,
    };
    query.score(query.sum(code), layout.table[usize::from(behind[0])], square)
}
