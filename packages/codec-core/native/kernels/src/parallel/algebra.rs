//! What learned bases are made of.

use super::Team;
use crate::covariance::{self as products, BAND};
use crate::fault::Fault;
use crate::isa::Isa;
use crate::symmetric_eigen::eigen;

/// [`crate::covariance`] by a team. Stopped, it leaves some of the matrix as it was.
pub fn covariance(team: Team, isa: Isa, data: &[f32], dim: usize, mean: &[f32], out: &mut [f64]) -> Result<(), Fault> {
    let rows = products::check(data, dim, mean, out)?;
    let bands = dim.div_ceil(BAND);
    let threads = team.threads_for(data.len().saturating_mul(dim) / 2).min(bands);
    team.each(threads, out.chunks_mut(BAND * dim).enumerate(), |(i, band)| {
        products::add_band(isa, data, dim, mean, i * BAND, band);
        Ok((rows * (i + 1) / bands - rows * i / bands) as u64)
    })?;
    products::mirror(out, dim);
    Ok(())
}

/// [`crate::symmetric_eigen`] by a team; counts no rows.
pub fn symmetric_eigen(
    team: Team,
    isa: Isa,
    matrix: &[f64],
    n: usize,
    values: &mut [f64],
    vectors: &mut [f64],
) -> Result<(), Fault> {
    let threads = team.threads_for(matrix.len().saturating_mul(n));
    eigen(isa, matrix, n, values, vectors, |panels, work| {
        team.each(threads, panels, |panel| {
            work(panel);
            Ok(0)
        })
    })
}
