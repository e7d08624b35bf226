//! Householder's reduction: Q^T A Q is tridiagonal for Q = H_{n-1} ... H_2, where H_i = I - u u^T / h takes what stands
//! before the last element of row i's part below the diagonal to zero. With p = A u / h and q = p - (u^T p / 2h) u,
//! H A H = A - q u^T - u q^T. That update waits for the next product A u, so that each step reads and writes the matrix once.

use super::rotations::Sweeps;
use crate::doubles::{F64x8, LANES, Plain, dot, fold};
use crate::isa::Isa;
use crate::simd::{Kernel, Simd, run};

/// Squares that sum up to less are taken for zeros; what they come from is below 2^-450 of the matrix.
const NOTHING: f64 = f64::from_bits((1023 - 900) << 52);

/// Rows that are read side by side.
const ROWS: usize = 4;

/// Leaves u in each row i, before the diagonal. Gives the tridiagonal matrix, and of each row 1 / h, 0 where there is
/// no reflection.
pub(super) fn reduce(isa: Isa, a: &mut [f64], n: usize) -> (Sweeps, Vec<f64>) {
    run(isa, Reduce { a, n })
}

struct Reduce<'a> {
    a: &'a mut [f64],
    n: usize,
}

impl Kernel for Reduce<'_> {
    type Output = (Sweeps, Vec<f64>);

    fn scalar(self) -> (Sweeps, Vec<f64>) {
        // SAFETY: plain arrays need no instruction set.
        unsafe { self.reduce::<Plain>() }
    }

    #[inline(always)]
    unsafe fn simd<S: Simd>(self) -> (Sweeps, Vec<f64>) {
        unsafe { self.reduce::<S::D>() }
    }
}

/// u and q of the reflection before, which the rows above it still wait for.
struct Pending {
    u: Vec<f64>,
    q: Vec<f64>,
}

impl Reduce<'_> {
    #[inline(always)]
    unsafe fn reduce<D: F64x8>(self) -> (Sweeps, Vec<f64>) {
        let Reduce { a, n } = self;
        let (mut diagonal, mut off) = (vec![0f64; n], vec![0f64; n]);
        let mut inverses = vec![0f64; n];
        let mut pending = Pending { u: vec![0f64; n], q: vec![0f64; n] };
        let mut u = vec![0f64; n];
        let mut p = vec![0f64; n];
        for i in (1..n).rev() {
            let (above, row) = a[..(i + 1) * n].split_at_mut(i * n);
            let row = &mut row[..=i];
            update(row, i, &pending);
            diagonal[i] = row[i];
            let last = row[i - 1];
            let rest = dot::<D>(&row[..i - 1], &row[..i - 1]);
            if rest <= NOTHING {
                off[i - 1] = last;
                continue;
            }
            let sum = rest + last * last;
            let alpha = if last < 0.0 { sum.sqrt() } else { -sum.sqrt() };
            let inverse = 1.0 / (sum - last * alpha);
            off[i - 1] = alpha;
            inverses[i] = inverse;
            row[i - 1] = last - alpha;
            u[..i].copy_from_slice(&row[..i]);
            unsafe { multiply::<D>(above, n, &pending, &u[..i], &mut p[..i]) };
            for p in &mut p[..i] {
                *p *= inverse;
            }
            let half = 0.5 * inverse * dot::<D>(&u[..i], &p[..i]);
            for j in 0..i {
                pending.q[j] = p[j] - half * u[j];
                pending.u[j] = u[j];
            }
        }
        update(&mut a[..1], 0, &pending);
        diagonal[0] = a[0];
        (Sweeps::new(diagonal, off), inverses)
    }
}

/// Row i of A - q u^T - u q^T, up to the diagonal.
#[inline(always)]
fn update(row: &mut [f64], i: usize, Pending { u, q }: &Pending) {
    let (qi, ui) = (q[i], u[i]);
    for (k, a) in row.iter_mut().enumerate() {
        *a -= qi * u[k] + ui * q[k];
    }
}

/// p = A u of the matrix whose lower triangle stands in `a`, which is updated on the way. Row j gives p_j its sum over
/// k < j, in 8 striped partials, then the diagonal's part; then each p_k, k < j, gets what A_jk u_j is. Rows in order.
#[inline(always)]
unsafe fn multiply<D: F64x8>(a: &mut [f64], stride: usize, pending: &Pending, u: &[f64], p: &mut [f64]) {
    let n = u.len();
    assert!(a.len() >= n * stride && p.len() == n && pending.u.len() >= n && pending.q.len() >= n && stride >= n);
    for first in (0..n).step_by(ROWS) {
        let rows = ROWS.min(n - first);
        let full = first - first % LANES;
        let mut partials = [[0f64; LANES]; ROWS];
        unsafe {
            if rows == ROWS {
                partials = multiply_rows::<D, ROWS>(a, stride, pending, u, p, first, full);
            } else {
                for r in 0..rows {
                    [partials[r]] = multiply_rows::<D, 1>(a, stride, pending, u, p, first + r, full);
                }
            }
        }
        for r in 0..rows {
            let j = first + r;
            let row = &mut a[j * stride..][..=j];
            update_from(row, j, full, pending);
            for k in full..j {
                partials[r][k % LANES] += row[k] * u[k];
            }
            p[j] = fold(partials[r]) + row[j] * u[j];
            for k in full..j {
                p[k] += row[k] * u[j];
            }
        }
    }
}

#[inline(always)]
fn update_from(row: &mut [f64], i: usize, from: usize, Pending { u, q }: &Pending) {
    for k in from..row.len() {
        row[k] -= q[i] * u[k] + u[i] * q[k];
    }
}

/// The part of R rows before column `full`: its striped sums, and what it adds to p.
#[inline(always)]
unsafe fn multiply_rows<D: F64x8, const R: usize>(
    a: &mut [f64],
    stride: usize,
    pending: &Pending,
    u: &[f64],
    p: &mut [f64],
    first: usize,
    full: usize,
) -> [[f64; LANES]; R] {
    unsafe {
        let mut sums = [D::splat(0.0); R];
        let mut factors = [[D::splat(0.0); 3]; R];
        for r in 0..R {
            let j = first + r;
            factors[r] = [D::splat(pending.q[j]), D::splat(pending.u[j]), D::splat(u[j])];
        }
        let rows: [*mut f64; R] = std::array::from_fn(|r| a.as_mut_ptr().add((first + r) * stride));
        for k in (0..full).step_by(LANES) {
            let (old_u, old_q) = (D::load(pending.u.as_ptr().add(k)), D::load(pending.q.as_ptr().add(k)));
            let new = D::load(u.as_ptr().add(k));
            let mut to = D::load(p.as_ptr().add(k));
            for r in 0..R {
                let [q, before, now] = factors[r];
                let x = D::load(rows[r].add(k)).sub(q.mul(old_u).add(before.mul(old_q)));
                x.store(rows[r].add(k));
                sums[r] = sums[r].add(x.mul(new));
                to = to.add(x.mul(now));
            }
            to.store(p.as_mut_ptr().add(k));
        }
        std::array::from_fn(|r| {
            let mut partials = [0f64; LANES];
            sums[r].store(partials.as_mut_ptr());
            partials
        })
    }
}
