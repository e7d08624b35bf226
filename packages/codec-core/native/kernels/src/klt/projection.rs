//! Products of rows with every axis of the basis: each summed over the elements in order, so that lanes are components.

use super::KltLayout;
use crate::simd::{F32x16, Simd};

const LANES: usize = 16;

/// The reference: `out` has a float for each component.
pub(super) fn project(layout: &KltLayout, row: &[f32], out: &mut [f32]) {
    out.fill(0.0);
    for (&y, column) in row.iter().zip(layout.columns.chunks_exact(out.len())) {
        for (sum, c) in out.iter_mut().zip(column) {
            *sum += y * c;
        }
    }
}

/// All rows of a block.
///
/// # Safety
/// Needs the instruction set.
#[inline(always)]
pub(super) unsafe fn project_lanes<S: Simd>(layout: &KltLayout, rows: &[f32], out: &mut [f32]) {
    let (dim, components) = (layout.dim, layout.components());
    assert!(layout.columns.len() == dim * components && rows.len() / dim == out.len() / components);
    // SAFETY: as above.
    unsafe {
        match (components < LANES, S::WIDE) {
            // A row alone: sums of its components that don't wait for one another.
            (false, wide) if rows.len() == layout.dim => match wide {
                true => tiles::<S::F, 1, 8>(layout, rows, out),
                false => tiles::<S::F, 1, 6>(layout, rows, out),
            },
            (true, _) => tiles::<S::F, 4, 1>(layout, rows, out),
            (false, true) => tiles::<S::F, 4, 4>(layout, rows, out),
            (false, false) => tiles::<S::F, 2, 2>(layout, rows, out),
        }
    }
}

/// R rows and V registers of components at a time. The last register of components overlaps the one before it; the last
/// row is repeated.
#[inline(always)]
unsafe fn tiles<F: F32x16, const R: usize, const V: usize>(layout: &KltLayout, rows: &[f32], out: &mut [f32]) {
    let (dim, components) = (layout.dim, layout.components());
    let registers = components.div_ceil(LANES);
    for v in (0..registers).step_by(V) {
        let mut places = [0; V];
        for (i, place) in places.iter_mut().enumerate() {
            *place = ((v + i) * LANES).min(components.saturating_sub(LANES));
        }
        for (rows, out) in rows.chunks(R * dim).zip(out.chunks_mut(R * components)) {
            let count = rows.len() / dim;
            let mut at = [rows.as_ptr(); R];
            for (r, at) in at.iter_mut().enumerate() {
                *at = rows[r.min(count - 1) * dim..].as_ptr();
            }
            // SAFETY: the rows have `dim` floats, every one of which has its column.
            let sums = unsafe { sums::<F, R, V>(layout.columns, components, &places, &at, dim) };
            for (out, sums) in out.chunks_exact_mut(components).zip(sums) {
                for (sum, &place) in sums.iter().zip(&places) {
                    let mut lanes = [0f32; LANES];
                    // SAFETY: sixteen floats.
                    unsafe { sum.store(lanes.as_mut_ptr()) };
                    let to = &mut out[place..components.min(place + LANES)];
                    to.copy_from_slice(&lanes[..to.len()]);
                }
            }
        }
    }
}

/// # Safety
/// As for [`F32x16`]; `dim` columns of `components` floats, which hold sixteen from each place on unless there are fewer.
#[inline(always)]
unsafe fn sums<F: F32x16, const R: usize, const V: usize>(
    columns: &[f32],
    components: usize,
    places: &[usize; V],
    rows: &[*const f32; R],
    dim: usize,
) -> [[F; V]; R] {
    unsafe {
        let mut sums = [[F::splat(0.0); V]; R];
        let mut column = columns.as_ptr();
        for j in 0..dim {
            let mut c = [F::splat(0.0); V];
            for v in 0..V {
                c[v] =
                    if components < LANES { F::load_part(column, components) } else { F::load(column.add(places[v])) };
            }
            for r in 0..R {
                let y = F::splat(*rows[r].add(j));
                for v in 0..V {
                    sums[r][v] = sums[r][v].add(y.mul(c[v]));
                }
            }
            column = column.add(components);
        }
        sums
    }
}
