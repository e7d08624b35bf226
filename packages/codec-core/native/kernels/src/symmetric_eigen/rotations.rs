//! Implicit QR steps on a tridiagonal matrix. Each sweep takes an unreduced block from its first row to its last: a
//! rotation of rows and columns k and k + 1, the first one as the shifted matrix asks, the others to chase the element
//! that it leaves beside the off-diagonal. Off-diagonals up to 2^-52 of the matrix are set to zero.

use crate::fault::Fault;

/// Rotations that are kept before they are applied: 16 MiB.
const BATCH: usize = 1 << 20;

/// Sweeps for each row, at most: two are usual, and Wilkinson's shift always converges.
const MOST: usize = 64;

/// Row k becomes c z_k + s z_{k+1}, row k + 1 becomes c z_{k+1} - s z_k.
#[derive(Clone, Copy)]
pub(super) struct Rotation {
    pub c: f64,
    pub s: f64,
}

/// Sweeps: where each begins, and its rotations of rows from there on.
#[derive(Default)]
pub(super) struct Batch {
    pub rotations: Vec<Rotation>,
    /// First row, number of rotations.
    pub sweeps: Vec<(usize, usize)>,
}

pub(super) struct Sweeps {
    diagonal: Vec<f64>,
    off: Vec<f64>,
    /// Elements of the off-diagonal that are taken for zero.
    least: f64,
    /// Rows from here on are done.
    end: usize,
    left: usize,
    batch: Batch,
}

impl Sweeps {
    /// `off[k]` stands between rows k and k + 1.
    pub(super) fn new(diagonal: Vec<f64>, off: Vec<f64>) -> Sweeps {
        let n = diagonal.len();
        let norm = diagonal.iter().zip(&off).fold(0f64, |most, (d, e)| most.max(d.abs() + e.abs()));
        Sweeps { diagonal, off, least: f64::EPSILON * norm, end: n, left: MOST * n, batch: Batch::default() }
    }

    /// The next rotations; none where the matrix is diagonal.
    pub(super) fn next(&mut self) -> Result<Option<&Batch>, Fault> {
        self.batch.rotations.clear();
        self.batch.sweeps.clear();
        while self.batch.rotations.len() < BATCH {
            while self.end > 1 && self.is_zero(self.end - 2) {
                self.end -= 1;
            }
            if self.end <= 1 {
                break;
            }
            let mut first = self.end - 2;
            while first > 0 && !self.is_zero(first - 1) {
                first -= 1;
            }
            if self.left == 0 {
                return Err(Fault { code: "INTERNAL", what: "sweeps", expected: MOST, actual: MOST + 1 });
            }
            self.left -= 1;
            self.sweep(first, self.end - 1);
        }
        Ok((!self.batch.sweeps.is_empty()).then_some(&self.batch))
    }

    /// The eigenvalues, once all rotations are out.
    pub(super) fn values(self) -> Vec<f64> {
        self.diagonal
    }

    fn is_zero(&self, k: usize) -> bool {
        self.off[k].abs() <= self.least
    }

    fn sweep(&mut self, first: usize, last: usize) {
        let (d, e) = (&mut self.diagonal, &mut self.off);
        let below = e[last - 1];
        let delta = 0.5 * (d[last - 1] - d[last]);
        let root = (delta * delta + below * below).sqrt();
        let shift = d[last] - below * below / (if delta < 0.0 { delta - root } else { delta + root });
        self.batch.sweeps.push((first, last - first));
        let (mut x, mut z) = (d[first] - shift, e[first]);
        for k in first..last {
            let r = (x * x + z * z).sqrt();
            // Both so small that their squares are zeros: the matrix falls apart here.
            let (c, s) = if r > 0.0 { (x / r, z / r) } else { (1.0, 0.0) };
            self.batch.rotations.push(Rotation { c, s });
            if k > first {
                e[k - 1] = r;
            }
            let w = s * (d[k + 1] - d[k]) + 2.0 * c * e[k];
            let p = s * w;
            d[k] += p;
            d[k + 1] -= p;
            e[k] = c * w - e[k];
            if k + 1 < last {
                x = e[k];
                z = s * e[k + 1];
                e[k + 1] *= c;
            }
        }
    }
}
