//! Kernels of Fourier codes by a team.

use super::{Search, Team};
use crate::dft::{self, DftLayout};
use crate::fault::{Fault, expect, row_count};
use crate::isa::Isa;
use crate::topk::TopKOutput;

/// Products that take as long as looking up one coefficient.
const DFT_WORK: usize = 8;

/// [`crate::dft_encode`] by a team.
pub fn dft_encode(team: Team, isa: Isa, layout: DftLayout, data: &[f32], out: &mut [u8]) -> Result<(), Fault> {
    layout.check()?;
    let rows = row_count("floats", data.len(), layout.dim)?;
    expect("bytes of codes", rows * layout.stride(), out.len())?;
    team.rows((data, layout.dim), (out, layout.stride()), |data, out| dft::dft_encode(isa, layout, data, out))
}

/// [`crate::dft_decode`] by a team.
pub fn dft_decode(team: Team, isa: Isa, layout: DftLayout, codes: &[u8], out: &mut [f32]) -> Result<(), Fault> {
    layout.check()?;
    let rows = row_count("bytes of the codes", codes.len(), layout.stride())?;
    expect("floats", rows * layout.dim, out.len())?;
    team.rows((codes, layout.stride()), (out, layout.dim), |codes, out| dft::dft_decode(isa, layout, codes, out))
}

/// [`crate::dft_top_k`] by a team.
#[allow(clippy::too_many_arguments)]
pub fn dft_top_k(
    team: Team,
    isa: Isa,
    layout: DftLayout,
    queries: &[f32],
    codes: &[u8],
    k: usize,
    allow: Option<&[u32]>,
    out: TopKOutput,
) -> Result<(), Fault> {
    layout.check()?;
    let stride = layout.stride();
    let rows = row_count("bytes of the codes", codes.len(), stride)?;
    let (floats, dim) = (layout.query_floats(), layout.top_k * DFT_WORK);
    Search { team, isa, queries, floats, rows, dim, k, allow }.run(out, |queries, from, to, allow, k, out| {
        dft::dft_top_k(isa, layout, queries, &codes[from * stride..to * stride], k, allow, out)
    })
}
