//! Covariance sums and eigenvectors: the definition, and the same bits from every instruction set and any number of
//! threads.
mod common;

use common::{Rng, simd};
use pith_kernels::parallel::{self, Team};
use pith_kernels::{Fault, Isa, covariance, symmetric_eigen};

fn team(threads: usize) -> Team<'static> {
    Team { threads, control: None, block: 1 }
}

fn eigen(isa: Isa, matrix: &[f64], n: usize) -> (Vec<f64>, Vec<f64>) {
    let (mut values, mut vectors) = (vec![0f64; n], vec![0f64; n * n]);
    symmetric_eigen(isa, matrix, n, &mut values, &mut vectors).unwrap();
    (values, vectors)
}

fn bits(data: &[f64]) -> Vec<u64> {
    data.iter().map(|x| x.to_bits()).collect()
}

/// A symmetric matrix of random rows' products, of the rank given.
fn gram(rng: &mut Rng, n: usize, rank: usize) -> Vec<f64> {
    let rows = rng.normals(rank * n);
    let mut out = vec![0f64; n * n];
    covariance(Isa::SCALAR, &rows, n, &[], &mut out).unwrap();
    out
}

#[test]
fn sums_of_products_in_any_blocks_and_threads() {
    let mut rng = Rng(40);
    for dim in [1, 2, 7, 8, 9, 31, 32, 33, 64, 100, 130] {
        for count in [0, 1, 5, 128, 131] {
            let data = rng.normals(dim * count);
            let mean = if (dim + count) % 2 == 0 { rng.normals(dim) } else { Vec::new() };
            let mut wanted = vec![0f64; dim * dim];
            for row in data.chunks(dim) {
                let centred: Vec<f64> =
                    (0..dim).map(|j| f64::from(row[j]) - mean.get(j).map_or(0.0, |&m| f64::from(m))).collect();
                for i in 0..dim {
                    for j in 0..dim {
                        wanted[i * dim + j] += centred[i.min(j)] * centred[i.max(j)];
                    }
                }
            }
            for &isa in Isa::available() {
                let mut out = vec![0f64; dim * dim];
                let (first, second) = data.split_at(count / 3 * dim);
                covariance(isa, first, dim, &mean, &mut out).unwrap();
                covariance(isa, second, dim, &mean, &mut out).unwrap();
                assert_eq!(bits(&out), bits(&wanted), "{} dim {dim} count {count}", isa.name());
                let mut again = vec![0f64; dim * dim];
                parallel::covariance(team(3), isa, &data, dim, &mean, &mut again).unwrap();
                assert_eq!(bits(&again), bits(&wanted), "{} dim {dim} count {count}, threads", isa.name());
            }
        }
    }
}

#[test]
fn eigenvectors_are_orthonormal_and_the_same_everywhere() {
    let mut rng = Rng(41);
    for n in (1..=20).chain([31, 32, 33, 63, 65, 100, 129]) {
        for rank in [1, n / 2, 2 * n] {
            let matrix = gram(&mut rng, n, rank);
            let (values, vectors) = eigen(Isa::SCALAR, &matrix, n);
            let size = values[0].abs().max(1e-300);
            let error = 4.0 * (n as f64).sqrt().max(2.0) * f64::EPSILON;
            for i in 0..n {
                let v = &vectors[i * n..][..n];
                for (j, w) in vectors.chunks(n).enumerate() {
                    let dot: f64 = v.iter().zip(w).map(|(a, b)| a * b).sum();
                    assert!((dot - f64::from(u8::from(i == j))).abs() <= 4.0 * error, "n {n}, {i} and {j}: {dot}");
                }
                for (row, x) in matrix.chunks(n).zip(v) {
                    let product: f64 = row.iter().zip(v).map(|(a, b)| a * b).sum();
                    assert!((product - values[i] * x).abs() <= 8.0 * error * size, "n {n}, residual of {i}");
                }
                let largest = v.iter().fold(0f64, |most, x| if x.abs() > most.abs() { *x } else { most });
                assert!(largest > 0.0 && (i == 0 || values[i] <= values[i - 1]));
            }
            for isa in simd() {
                let found = eigen(isa, &matrix, n);
                assert_eq!((bits(&found.0), bits(&found.1)), (bits(&values), bits(&vectors)), "{} n {n}", isa.name());
                let (mut again, mut also) = (vec![0f64; n], vec![0f64; n * n]);
                parallel::symmetric_eigen(team(3), isa, &matrix, n, &mut again, &mut also).unwrap();
                assert_eq!((bits(&again), bits(&also)), (bits(&values), bits(&vectors)), "{} n {n}", isa.name());
            }
        }
    }
}

#[test]
fn matrices_out_of_the_ordinary() {
    for &isa in Isa::available() {
        let n = 9;
        let identity: Vec<f64> = (0..n * n).map(|i| f64::from(u8::from(i / n == i % n))).collect();
        for factor in [0.0, 1.0, 1e-300, 5e-324, 1e300] {
            let scaled: Vec<f64> = identity.iter().map(|x| x * factor).collect();
            assert_eq!(eigen(isa, &scaled, n), (vec![factor; n], identity.clone()));
        }
        let graded: Vec<f64> = (0..n * n).map(|i| 10f64.powi(-20 * (i / n + i % n) as i32)).collect();
        let (values, vectors) = eigen(isa, &graded, n);
        assert!((values[0] - 1.0).abs() < 1e-15 && values[1..].iter().all(|v| v.abs() < 1e-15));
        assert!((vectors[0] - 1.0).abs() < 1e-15);
    }
}

#[test]
fn what_does_not_fit_is_refused() {
    let code = |result: Result<(), Fault>| result.unwrap_err().code;
    for &isa in Isa::available() {
        let (mut values, mut vectors, mut sums) = ([7f64; 2], [7f64; 4], [7f64; 4]);
        assert_eq!(code(symmetric_eigen(isa, &[1.0; 3], 2, &mut values, &mut vectors)), "LENGTH_MISMATCH");
        assert_eq!(code(symmetric_eigen(isa, &[1.0; 4], 2, &mut values[..1], &mut vectors)), "LENGTH_MISMATCH");
        assert_eq!(code(symmetric_eigen(isa, &[1.0; 4], 2, &mut values, &mut vectors[..3])), "LENGTH_MISMATCH");
        assert_eq!(code(symmetric_eigen(isa, &[], 0, &mut [], &mut [])), "DIM_UNSUPPORTED");
        for bad in [f64::NAN, f64::INFINITY] {
            let fault = symmetric_eigen(isa, &[1.0, 0.0, bad, 1.0], 2, &mut values, &mut vectors).unwrap_err();
            assert_eq!((fault.code, fault.actual), ("NOT_FINITE", 2));
        }
        assert_eq!(code(covariance(isa, &[1.0; 5], 2, &[], &mut sums)), "LENGTH_MISMATCH");
        assert_eq!(code(covariance(isa, &[1.0; 4], 2, &[1.0], &mut sums)), "LENGTH_MISMATCH");
        assert_eq!(code(covariance(isa, &[1.0; 4], 2, &[], &mut sums[..3])), "LENGTH_MISMATCH");
        assert_eq!(code(covariance(isa, &[], 0, &[], &mut [])), "DIM_UNSUPPORTED");
        assert_eq!((values, vectors, sums), ([7.0; 2], [7.0; 4], [7.0; 4]));
    }
}
