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
