//! Fourier coefficients: every instruction set and any number of threads give the bits of the plain reference, and what
//! doesn't fit is refused before anything is written.

mod common;

use common::{Rng, bits, rows, simd};
use pith_kernels::parallel::{self, Team};
use pith_kernels::{
    DftLayout, Isa, Metric, TopKOutput, dft_decode, dft_encode, dft_queries, dft_scores, dft_spectra, dft_top_k,
};

const ROWS: usize = 41;
const METRICS: [Metric; 3] = [Metric::Cosine, Metric::Dot, Metric::L2];

/// What layouts borrow.
struct Parts {
    mean: Vec<f32>,
    levels: Vec<f32>,
    table: Vec<f32>,
}

impl Parts {
    fn new(rng: &mut Rng, dim: usize, mag_bits: usize, trained: bool) -> Parts {
        let table = |i: usize| if i == 0 { 0.0 } else { 1e-3 * 1.05f32.powi(i as i32) };
        Parts {
            mean: if trained { rng.normals(dim) } else { Vec::new() },
            levels: (0..1 << mag_bits).map(|i| 1.0 + i as f32).collect(),
            table: if trained { (0..256).map(table).collect() } else { Vec::new() },
        }
    }

    fn layout(&self, metric: Metric, dim: usize, top_k: usize, phase_bits: usize) -> DftLayout<'_> {
        let Parts { mean, levels, table } = self;
        let mag_bits = levels.len().ilog2() as usize;
        DftLayout { metric, dim, top_k, mag_bits, phase_bits, mean, levels, table }
    }
}

/// Bytes of a row: the only length that is accepted.
fn stride(layout: DftLayout) -> usize {
    let row = vec![0.0; layout.dim];
    (1..10_000).find(|&n| dft_encode(Isa::SCALAR, layout, &row, &mut vec![0; n]).is_ok()).expect("a stride")
}

/// Codes, decoded rows, prepared queries, scores and hits.
fn all(isa: Isa, threads: usize, layout: DftLayout, data: &[f32], stride: usize) -> (Vec<u8>, Vec<u32>, Vec<u32>) {
    let team = Team { threads, block: if threads > 1 { 7 } else { 0 }, ..Team::default() };
    let count = data.len() / layout.dim;
    let mut codes = vec![0; count * stride];
    parallel::dft_encode(team, isa, layout, data, &mut codes).unwrap();
    let mut floats = vec![0.0; data.len()];
    parallel::dft_decode(team, isa, layout, &codes, &mut floats).unwrap();
    let n = 2 * (layout.dim / 2 + 1) + 2;
    let mut queries = vec![0.0; 5 * n];
    dft_queries(isa, layout, &data[..5 * layout.dim], &mut queries).unwrap();
    let mut scores = vec![0.0; count];
    dft_scores(isa, layout, &queries[..n], &codes, &mut scores).unwrap();
    let (mut slots, mut best) = (vec![0; 5 * 9], vec![0.0; 5 * 9]);
    let out = TopKOutput { slots: &mut slots, scores: &mut best };
    parallel::dft_top_k(team, isa, layout, &queries, &codes, 9, None, out).unwrap();
    floats.extend(queries);
    floats.extend(scores);
    floats.extend(best);
    (codes, bits(&floats.iter().map(|x| x + 0.0).collect::<Vec<_>>()), slots)
}

#[test]
fn every_instruction_set_and_team_has_the_bits_of_the_reference() {
    let mut rng = Rng(50);
    for dim in [4, 5, 13, 32, 65, 97, 120, 384] {
        for (i, metric) in METRICS.into_iter().enumerate() {
            let parts = Parts::new(&mut rng, dim, [0, 3, 8][(dim + i) % 3], (dim + i) % 2 == 0);
            let top_k = [1, dim / 2 + 1, 1 + dim / 16][i];
            let layout = parts.layout(metric, dim, top_k, 2 + rng.below(7));
            let stride = stride(layout);
            let data = rows(&mut rng, ROWS, dim);
            let expected = all(Isa::SCALAR, 1, layout, &data, stride);
            for isa in simd() {
                assert_eq!(all(isa, 1, layout, &data, stride), expected, "{} {dim} {metric:?}", isa.name());
                assert_eq!(all(isa, 3, layout, &data, stride), expected, "3 threads, {dim} {metric:?}");
            }
        }
    }
}

#[test]
fn what_does_not_fit_is_refused() {
    let parts = Parts::new(&mut Rng(51), 16, 2, true);
    let good = parts.layout(Metric::Cosine, 16, 3, 3);
    let stride = stride(good);
    let bad = [
        DftLayout { dim: 0, ..good },
        DftLayout { dim: 65_537, ..good },
        DftLayout { top_k: 0, ..good },
        DftLayout { top_k: 10, ..good },
        DftLayout { mag_bits: 9, ..good },
        DftLayout { mag_bits: 1, ..good },
        DftLayout { phase_bits: 1, ..good },
        DftLayout { phase_bits: 9, ..good },
        DftLayout { mean: &parts.mean[1..], ..good },
        DftLayout { table: &parts.table[1..], ..good },
    ];
    for &isa in Isa::available() {
        let (mut bytes, mut floats) = (vec![7u8; 2 * stride], vec![7f32; 32]);
        for layout in bad {
            assert!(dft_encode(isa, layout, &[0.5; 32], &mut bytes).is_err());
            assert!(dft_decode(isa, layout, &vec![1; 2 * stride], &mut floats).is_err());
            assert!(dft_scores(isa, layout, &[0.5; 20], &vec![1; 2 * stride], &mut floats[..2]).is_err());
        }
        assert!(dft_encode(isa, good, &[0.5; 31], &mut bytes).is_err());
        assert!(dft_encode(isa, good, &[0.5; 16], &mut bytes).is_err());
        assert!(dft_decode(isa, good, &vec![1; stride], &mut floats).is_err());
        assert!(dft_queries(isa, good, &[0.5; 16], &mut floats).is_err());
        assert!(dft_scores(isa, good, &[0.5; 19], &vec![1; 2 * stride], &mut floats[..2]).is_err());
        assert!(dft_spectra(isa, &[0.5; 16], 16, &mut [0.0; 17]).is_err());
        let (mut slots, mut scores) = ([9u32; 4], [7f32; 4]);
        for k in [0, 3] {
            let out = TopKOutput { slots: &mut slots, scores: &mut scores };
            assert!(dft_top_k(isa, good, &[0.5; 20], &vec![1; 2 * stride], k, None, out).is_err());
        }
        assert!(bytes.iter().all(|&b| b == 7) && floats.iter().all(|&x| x == 7.0) && scores == [7.0; 4]);
    }
}
