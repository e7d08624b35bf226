//! The kernels of codecs whose rows share a layout.

use super::{Search, Team};
use crate::fault::{Fault, expect, row_count};
use crate::isa::Isa;
use crate::klt::{self, KltLayout};
use crate::topk::TopKOutput;
use crate::turbo::{self, TurboLayout};

/// [`crate::turbo_encode`] by a team.
pub fn turbo_encode(team: Team, isa: Isa, layout: TurboLayout, data: &[f32], out: &mut [u8]) -> Result<(), Fault> {
    layout.check()?;
    let rows = row_count("floats", data.len(), layout.dim)?;
    expect("bytes of codes", rows * layout.stride(), out.len())?;
    team.rows((data, layout.dim), (out, layout.stride()), |data, out| turbo::turbo_encode(isa, layout, data, out))
}

/// [`crate::turbo_decode`] by a team.
pub fn turbo_decode(team: Team, isa: Isa, layout: TurboLayout, codes: &[u8], out: &mut [f32]) -> Result<(), Fault> {
    layout.check()?;
    let rows = row_count("bytes of the codes", codes.len(), layout.stride())?;
    expect("floats", rows * layout.dim, out.len())?;
    team.rows((codes, layout.stride()), (out, layout.dim), |codes, out| turbo::turbo_decode(isa, layout, codes, out))
}

/// [`crate::turbo_scores`] by a team.
pub fn turbo_scores(
    team: Team,
    isa: Isa,
    layout: TurboLayout,
    query: &[f32],
    codes: &[u8],
    out: &mut [f32],
) -> Result<(), Fault> {
    layout.check()?;
    let rows = row_count("bytes of the codes", codes.len(), layout.stride())?;
    expect("floats of the query", layout.query_floats(), query.len())?;
    expect("scores", rows, out.len())?;
    team.rows((codes, layout.stride()), (out, 1), |codes, out| turbo::turbo_scores(isa, layout, query, codes, out))
}

/// [`crate::turbo_top_k`] by a team.
#[allow(clippy::too_many_arguments)]
pub fn turbo_top_k(
    team: Team,
    isa: Isa,
    layout: TurboLayout,
    queries: &[f32],
    codes: &[u8],
    k: usize,
    allow: Option<&[u32]>,
    out: TopKOutput,
) -> Result<(), Fault> {
    layout.check()?;
    let stride = layout.stride();
    let rows = row_count("bytes of the codes", codes.len(), stride)?;
    let (floats, dim) = (layout.query_floats(), layout.dim);
    Search { team, isa, queries, floats, rows, dim, k, allow }.run(out, |queries, from, to, allow, k, out| {
        turbo::turbo_top_k(isa, layout, queries, &codes[from * stride..to * stride], k, allow, out)
    })
}

/// [`crate::klt_encode`] by a team.
pub fn klt_encode(team: Team, isa: Isa, layout: KltLayout, data: &[f32], out: &mut [u8]) -> Result<(), Fault> {
    layout.check()?;
    let rows = row_count("floats", data.len(), layout.dim)?;
    expect("bytes of codes", rows * layout.stride(), out.len())?;
    team.rows((data, layout.dim), (out, layout.stride()), |data, out| klt::klt_encode(isa, layout, data, out))
}

/// [`crate::klt_decode`] by a team.
pub fn klt_decode(team: Team, isa: Isa, layout: KltLayout, codes: &[u8], out: &mut [f32]) -> Result<(), Fault> {
    layout.check()?;
    let rows = row_count("bytes of the codes", codes.len(), layout.stride())?;
    expect("floats", rows * layout.dim, out.len())?;
    team.rows((codes, layout.stride()), (out, layout.dim), |codes, out| klt::klt_decode(isa, layout, codes, out))
}

/// [`crate::klt_scores`] by a team.
pub fn klt_scores(
    team: Team,
    isa: Isa,
    layout: KltLayout,
    query: &[f32],
    codes: &[u8],
    out: &mut [f32],
) -> Result<(), Fault> {
    layout.check()?;
    let rows = row_count("bytes of the codes", codes.len(), layout.stride())?;
    expect("floats of the query", layout.query_floats(), query.len())?;
    expect("scores", rows, out.len())?;
    team.rows((codes, layout.stride()), (out, 1), |codes, out| klt::klt_scores(isa, layout, query, codes, out))
}

/// [`crate::klt_top_k`] by a team.
#[allow(clippy::too_many_arguments)]
pub fn klt_top_k(
    team: Team,
    isa: Isa,
    layout: KltLayout,
    queries: &[f32],
    codes: &[u8],
    k: usize,
    allow: Option<&[u32]>,
    out: TopKOutput,
) -> Result<(), Fault> {
    layout.check()?;
    let stride = layout.stride();
    let rows = row_count("bytes of the codes", codes.len(), stride)?;
    let (floats, dim) = (layout.query_floats(), 2 * layout.components());
    Search { team, isa, queries, floats, rows, dim, k, allow }.run(out, |queries, from, to, allow, k, out| {
        klt::klt_top_k(isa, layout, queries, &codes[from * stride..to * stride], k, allow, out)
    })
}

/// [`crate::klt_blocks_near`] by a team, which shares the queries out.
#[allow(clippy::too_many_arguments)]
pub fn klt_blocks_near(
    team: Team,
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
    let search = |queries, near, out| klt::klt_blocks_near(isa, layout, queries, blocks, rows, k, near, allow, out);
    let floats = layout.query_floats();
    let count = row_count("floats of the queries", queries.len(), floats)?;
    let threads = team.threads_for(count * rows * 2 * layout.components());
    let whole = out.slots.len() == count.saturating_mul(k) && out.scores.len() == out.slots.len() && k > 0;
    if (threads == 1 && team.control.is_none()) || count == 0 || !whole {
        return search(queries, near, out);
    }
    let some = (QUERY_WORK / (rows * 2 * layout.components()).max(1)).clamp(1, count.div_ceil(threads));
    if let Some((_, margins)) = near {
        expect("margins", count, margins.len())?;
    }
    let outs = out.slots.chunks_mut(some * k).zip(out.scores.chunks_mut(some * k));
    let pieces = queries.chunks(some * floats).zip(outs).enumerate();
    team.each(threads, pieces, |(i, (queries, (slots, scores)))| {
        let count = queries.len() / floats;
        let near = near.map(|(k, margins)| (k, &margins[i * some..][..count]));
        search(queries, near, TopKOutput { slots, scores })?;
        Ok((count * rows) as u64)
    })
}

/// Lookups for some queries, a few milliseconds.
const QUERY_WORK: usize = 1 << 28;
