//! Eigenvalues and eigenvectors of a symmetric matrix, in float64: A = V^T diag(values) V with orthonormal rows of V.
//!
//! 1. A is scaled by the power of two that takes its largest element into [1, 2).
//! 2. Householder reflections make it tridiagonal (`tridiagonal`).
//! 3. Implicit QR steps with Wilkinson's shift take the off-diagonal to zero by plane rotations (`rotations`).
//! 4. The rotations and the reflections are applied to the identity (`panels`), which gives V.
//! 5. Eigenvalues are sorted, the largest first (equal ones as they came), and each vector gets the sign that makes its
//!    largest element positive, of equal ones the first.
//!
//! Every operation is rounded, in one order on all instruction sets: the same bits as in TypeScript, so that a basis
//! learned here is the basis learned there. Backward stable: |A v - l v| is some n 2^-53 |A|.
//!
//! Source: Golub, Van Loan: "Matrix computations", 4th ed., 2013, sections 8.3.1 to 8.3.5.

mod panels;
mod rotations;
mod tridiagonal;

use std::cmp::Ordering;

use crate::fault::{Fault, expect, expect_dim};
use crate::isa::Isa;
use panels::Panels;

/// Reads the lower triangle of `matrix`, n x n. Row i of `vectors` is the eigenvector of value i.
pub fn symmetric_eigen(
    isa: Isa,
    matrix: &[f64],
    n: usize,
    values: &mut [f64],
    vectors: &mut [f64],
) -> Result<(), Fault> {
    eigen(isa, matrix, n, values, vectors, |panels, work| {
        panels.for_each(work);
        Ok(())
    })
}

/// Panels of the vectors.
type Pieces<'a> = dyn Iterator<Item = &'a mut [f64]> + Send + 'a;

/// A panel, and what is done to each.
pub(crate) type Each<'a> = dyn Fn(&mut [f64]) + Sync + 'a;

/// `each` does the work for every panel, on as many threads as it likes.
pub(crate) fn eigen(
    isa: Isa,
    matrix: &[f64],
    n: usize,
    values: &mut [f64],
    vectors: &mut [f64],
    each: impl Fn(&mut Pieces, &Each) -> Result<(), Fault>,
) -> Result<(), Fault> {
    expect_dim(n)?;
    expect("elements of the matrix", n * n, matrix.len())?;
    expect("eigenvalues", n, values.len())?;
    expect("elements of the eigenvectors", n * n, vectors.len())?;
    if let Some(at) = matrix.iter().position(|x| !x.is_finite()) {
        return Err(Fault { code: "NOT_FINITE", what: "elements of the matrix", expected: 0, actual: at });
    }
    let power = power_for(matrix);
    let mut reflectors: Vec<f64> = matrix.iter().map(|x| x * power).collect();
    let (mut sweeps, inverses) = tridiagonal::reduce(isa, &mut reflectors, n);
    let mut panels = Panels::new(n);
    each(&mut panels.iter_mut(), &|panel| panels::reflect(isa, panel, &reflectors, &inverses))?;
    drop(reflectors);
    while let Some(batch) = sweeps.next()? {
        each(&mut panels.iter_mut(), &|panel| panels::rotate(isa, panel, batch))?;
    }
    let found = sweeps.values();
    let mut order: Vec<usize> = (0..n).collect();
    order.sort_by(|&a, &b| found[b].partial_cmp(&found[a]).unwrap_or(Ordering::Equal));
    for ((value, vector), i) in values.iter_mut().zip(vectors.chunks_exact_mut(n)).zip(order) {
        *value = found[i] / power;
        panels.row(i, vector);
        let largest = vector.iter().fold(0f64, |most, &x| if x.abs() > most.abs() { x } else { most });
        if largest < 0.0 {
            vector.iter_mut().for_each(|x| *x = -*x);
        }
    }
    Ok(())
}

/// 2^-e for a largest element in [2^e, 2^(e+1)), e from -1000 up to 1000; 1 for zeros.
fn power_for(matrix: &[f64]) -> f64 {
    let max = matrix.iter().map(|x| x.to_bits() & !(1 << 63)).max().unwrap_or(0);
    if max == 0 {
        return 1.0;
    }
    let exponent = ((max >> 52) as i64 - 1023).clamp(-1000, 1000);
    f64::from_bits(((1023 - exponent) as u64) << 52)
}
