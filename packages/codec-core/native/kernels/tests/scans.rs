//! Scans and searches: each instruction set gives the bits of the reference, and a search gives what sorting all
//! scores gives.
mod common;

use common::{Rng, allow_list, allowed_count, bits, counts, dims, rows, simd, sorted};
use pith_kernels::{
    FloatRows, Isa, Metric, TopKOutput, float_scores, float_top_k, int8_encode, int8_scores, int8_top_k, norms,
    to_float16,
};

const METRICS: [Metric; 3] = [Metric::Cosine, Metric::Dot, Metric::L2];

/// What is scanned.
#[derive(Clone, Copy)]
enum Stored<'a> {
    Floats(FloatRows<'a>),
    Codes(&'a [u8]),
}

fn scores(isa: Isa, metric: Metric, query: &[f32], stored: Stored, dim: usize, count: usize) -> Vec<f32> {
    let mut out = vec![0f32; count];
    match stored {
        Stored::Floats(rows) => float_scores(isa, metric, query, rows, dim, &mut out),
        Stored::Codes(codes) => int8_scores(isa, metric, query, codes, dim, &mut out),
    }
    .unwrap();
    out
}

fn search(
    isa: Isa,
    metric: Metric,
    queries: &[f32],
    stored: Stored,
    dim: usize,
    k: usize,
    allow: Option<&[u32]>,
) -> Vec<(u32, u32)> {
    let n = queries.len() / dim * k;
    let (mut slots, mut scores) = (vec![0u32; n], vec![0f32; n]);
    let out = TopKOutput { slots: &mut slots, scores: &mut scores };
    match stored {
        Stored::Floats(rows) => float_top_k(isa, metric, queries, rows, dim, k, allow, out),
        Stored::Codes(codes) => int8_top_k(isa, metric, queries, codes, dim, k, allow, out),
    }
    .unwrap();
    slots.into_iter().zip(scores.into_iter().map(f32::to_bits)).collect()
}

/// Scores against the reference's, then searches with some k and lists against sorted scores.
fn check(rng: &mut Rng, metric: Metric, queries: &[f32], stored: Stored, dim: usize, count: usize, what: &str) {
    let reference: Vec<Vec<f32>> =
        queries.chunks(dim).map(|query| scores(Isa::SCALAR, metric, query, stored, dim, count)).collect();
    for isa in simd() {
        let name = isa.name();
        for (query, expected) in queries.chunks(dim).zip(&reference) {
            let actual = scores(isa, metric, query, stored, dim, count);
            assert_eq!(bits(expected), bits(&actual), "{what} {name} {metric:?} dim {dim} count {count}");
        }
    }
    for isa in Isa::available().iter().copied() {
        for percent in [100, 60, 5] {
            let list = (percent < 100).then(|| allow_list(rng, count, percent));
            let found = list.as_ref().map_or(count, |words| allowed_count(words, count));
            for k in [1, 2, 10, found / 2, found] {
                if k == 0 || k > found {
                    continue;
                }
                let hits = search(isa, metric, queries, stored, dim, k, list.as_deref());
                for (i, expected) in reference.iter().enumerate() {
                    assert_eq!(
                        sorted(expected, list.as_deref(), k),
                        &hits[i * k..][..k],
                        "{what} {} {metric:?} dim {dim} count {count} k {k} percent {percent} query {i}",
                        isa.name()
                    );
                }
            }
        }
    }
}

/// Queries of ordinary size; unit vectors under cosine.
fn queries(rng: &mut Rng, metric: Metric, n: usize, dim: usize) -> Vec<f32> {
    let mut data = rng.normals(n * dim);
    let mut lengths = vec![0f32; n];
    norms(Isa::SCALAR, &data, dim, &mut lengths).unwrap();
    if metric == Metric::Cosine {
        for (row, length) in data.chunks_mut(dim).zip(lengths) {
            row.iter_mut().for_each(|v| *v /= length.max(f32::MIN_POSITIVE));
        }
    }
    data
}

#[test]
fn float_scans_of_all_shapes() {
    let mut rng = Rng(10);
    for dim in dims() {
        for (i, count) in counts().into_iter().enumerate() {
            let data = rows(&mut rng, count, dim);
            let mut half = vec![0u16; data.len()];
            to_float16(Isa::SCALAR, &data, &mut half).unwrap();
            let metric = METRICS[(i + dim) % 3];
            let queries = queries(&mut rng, metric, [1, 5, 18][(i + dim / 3) % 3], dim);
            check(&mut rng, metric, &queries, Stored::Floats(FloatRows::F32(&data)), dim, count, "f32");
            check(&mut rng, metric, &queries, Stored::Floats(FloatRows::F16(&half)), dim, count, "f16");
        }
    }
}

#[test]
fn int8_scans_of_all_shapes() {
    let mut rng = Rng(11);
    for dim in dims() {
        for (i, count) in counts().into_iter().enumerate() {
            let data = rows(&mut rng, count, dim);
            let metric = METRICS[(i + dim) % 3];
            let queries = queries(&mut rng, metric, [1, 3, 19, 40][(i + dim / 3) % 4], dim);
            // An odd place in memory.
            let mut codes = vec![0u8; count * (dim + 4) + 1];
            int8_encode(Isa::SCALAR, &data, dim, metric == Metric::Cosine, &mut codes[1..]).unwrap();
            check(&mut rng, metric, &queries, Stored::Codes(&codes[1..]), dim, count, "int8");
        }
    }
}

#[test]
fn hostile_codes_and_awkward_queries() {
    let mut rng = Rng(12);
    let scales = [
        f32::NAN,
        f32::INFINITY,
        f32::NEG_INFINITY,
        0.0,
        -0.0,
        -1.0,
        1e-45,
        -1e-42,
        1e38,
        f32::MAX,
        f32::MIN_POSITIVE,
        1.0,
        0.01,
    ];
    for dim in [1, 3, 16, 31, 64, 65, 100, 384] {
        for count in [1, 9, 40, 300] {
            let mut codes: Vec<u8> = (0..count * (dim + 4)).map(|_| rng.next() as u8).collect();
            for row in codes.chunks_mut(dim + 4) {
                if rng.below(3) == 0 {
                    row[..dim].fill(0x80);
                }
                row[dim..].copy_from_slice(&scales[rng.below(scales.len())].to_le_bytes());
            }
            for metric in METRICS {
                for factor in [1.0, 0.0, 1e-45, 1e-38, 1e-20, 1e20, 1e36, 8e37] {
                    let mut queries: Vec<f32> = rng.normals(20 * dim).iter().map(|v| v * factor).collect();
                    queries[dim..2 * dim].fill(factor);
                    check(&mut rng, metric, &queries, Stored::Codes(&codes), dim, count, "hostile");
                    check(&mut rng, metric, &queries[..dim], Stored::Codes(&codes), dim, count, "hostile one");
                }
            }
        }
    }
}

#[test]
fn floats_that_are_not_finite_rank_last() {
    let dim = 20;
    let mut data = Rng(13).normals(4 * dim);
    data[dim + 3] = f32::NAN;
    data[2 * dim + 19] = f32::INFINITY;
    data[2 * dim + 18] = f32::NEG_INFINITY;
    let query = vec![0.1f32; dim];
    let mut rng = Rng(14);
    for metric in METRICS {
        let rows = Stored::Floats(FloatRows::F32(&data));
        let out = scores(Isa::SCALAR, metric, &query, rows, dim, 4);
        assert_eq!((out[1], out[2]), (f32::NEG_INFINITY, f32::NEG_INFINITY));
        check(&mut rng, metric, &query, rows, dim, 4, "not finite");
    }
}

/// Enough rows for several blocks, close enough together that the bound has work to do.
#[test]
fn larger_searches() {
    let mut rng = Rng(15);
    for (dim, count) in [(48, 3000), (384, 1500), (1100, 200)] {
        let centres = rng.normals(10 * dim);
        let data: Vec<f32> = (0..count)
            .flat_map(|_| {
                let centre = rng.below(10) * dim;
                (0..dim).map(|j| centres[centre + j] + rng.normal() * 0.3).collect::<Vec<f32>>()
            })
            .collect();
        for metric in METRICS {
            let mut queries = queries(&mut rng, metric, 45, dim);
            queries[..dim].copy_from_slice(&data[..dim]);
            let mut codes = vec![0u8; count * (dim + 4)];
            int8_encode(Isa::SCALAR, &data, dim, metric == Metric::Cosine, &mut codes).unwrap();
            check(&mut rng, metric, &queries, Stored::Codes(&codes), dim, count, "larger int8");
            check(&mut rng, metric, &queries, Stored::Floats(FloatRows::F32(&data)), dim, count, "larger f32");
        }
    }
}

#[test]
fn ties_go_to_the_lower_slot() {
    let mut rng = Rng(16);
    let (dim, count) = (24, 3001);
    let row = rng.normals(dim);
    let data = row.repeat(count);
    let queries = rng.normals(33 * dim);
    for metric in METRICS {
        let mut codes = vec![0u8; count * (dim + 4)];
        int8_encode(Isa::SCALAR, &data, dim, false, &mut codes).unwrap();
        for isa in Isa::available().iter().copied() {
            for stored in [Stored::Codes(&codes), Stored::Floats(FloatRows::F32(&data))] {
                for queries in [&queries[..], &queries[..dim]] {
                    let hits = search(isa, metric, queries, stored, dim, 12, None);
                    for hits in hits.chunks(12) {
                        assert!(hits.iter().enumerate().all(|(i, hit)| hit.0 == i as u32), "{}", isa.name());
                    }
                }
            }
        }
    }
}

/// k from 1 to all rows and a list of any density, over several blocks, with rows that tie or nearly do.
#[test]
fn every_k_of_rows_that_tie() {
    let mut rng = Rng(17);
    let (dim, count) = (20, 700);
    let few = rng.normals(12 * dim);
    let mut data: Vec<f32> = (0..count).flat_map(|_| few[rng.below(12) * dim..][..dim].to_vec()).collect();
    for v in data.iter_mut().step_by(7 * dim) {
        *v *= 1.001;
    }
    for metric in METRICS {
        let queries = queries(&mut rng, metric, 21, dim);
        let mut codes = vec![0u8; count * (dim + 4)];
        int8_encode(Isa::SCALAR, &data, dim, metric == Metric::Cosine, &mut codes).unwrap();
        let stored = Stored::Codes(&codes);
        for (q, queries) in [&queries[..], &queries[..dim]].into_iter().enumerate() {
            let reference: Vec<Vec<f32>> =
                queries.chunks(dim).map(|query| scores(Isa::SCALAR, metric, query, stored, dim, count)).collect();
            for isa in simd() {
                let ks = (1..=40).chain([63, 64, 65, 100, 255, 256, 257, 512, 683, 684, 685, 699, 700]);
                for (i, k) in ks.enumerate() {
                    let list = [None, Some(90), Some(30), Some(2)][(i + q) % 4].map(|p| allow_list(&mut rng, count, p));
                    let k = k.min(list.as_ref().map_or(count, |words| allowed_count(words, count)));
                    let hits = search(isa, metric, queries, stored, dim, k, list.as_deref());
                    for (hits, expected) in hits.chunks(k).zip(&reference) {
                        assert_eq!(sorted(expected, list.as_deref(), k), hits, "{} {metric:?} k {k}", isa.name());
                    }
                }
            }
        }
    }
}

/// k beyond what is sorted, in enough rows for a sample of them to say where the k-th best will be.
#[test]
fn large_k_of_many_queries() {
    let mut rng = Rng(19);
    let (dim, count) = (24, 4000);
    let data = rng.normals(count * dim);
    for metric in METRICS {
        let mut codes = vec![0u8; count * (dim + 4)];
        int8_encode(Isa::SCALAR, &data, dim, metric == Metric::Cosine, &mut codes).unwrap();
        let (queries, stored) = (queries(&mut rng, metric, 37, dim), Stored::Codes(&codes));
        let reference: Vec<Vec<f32>> =
            queries.chunks(dim).map(|query| scores(Isa::SCALAR, metric, query, stored, dim, count)).collect();
        for isa in simd() {
            for k in [33, 48, 80, 100, 255, 256, 257, 400, 1000, 1500, 3000] {
                for list in [None, Some(allow_list(&mut rng, count, 95)), Some(allow_list(&mut rng, count, 20))] {
                    let k = k.min(list.as_ref().map_or(count, |words| allowed_count(words, count)));
                    let hits = search(isa, metric, &queries, stored, dim, k, list.as_deref());
                    for (hits, expected) in hits.chunks(k).zip(&reference) {
                        assert_eq!(sorted(expected, list.as_deref(), k), hits, "{} {metric:?} k {k}", isa.name());
                    }
                }
            }
        }
    }
}

/// Rows in an order that no even sample shows: one in twenty is good, as are runs of rows at either end.
#[test]
fn large_k_of_rows_in_an_unlucky_order() {
    let mut rng = Rng(20);
    let (dim, count) = (24, 4000);
    let good = rng.normals(dim);
    let orders: [fn(usize) -> bool; 4] = [|i| i % 20 == 0, |i| i % 20 != 0, |i| i < 100, |i| i >= 3900];
    for is_good in orders {
        let mut data = rng.normals(count * dim);
        for (i, row) in data.chunks_mut(dim).enumerate().filter(|(i, _)| is_good(*i)) {
            for (v, g) in row.iter_mut().zip(&good) {
                *v = g * (4.0 + (i % 7) as f32) + *v * 0.1;
            }
        }
        let queries: Vec<f32> = (0..40).flat_map(|i| good.iter().map(move |g| g * (i as f32 - 3.0))).collect();
        for metric in [Metric::Dot, Metric::L2] {
            let mut codes = vec![0u8; count * (dim + 4)];
            int8_encode(Isa::SCALAR, &data, dim, false, &mut codes).unwrap();
            let stored = Stored::Codes(&codes);
            let reference: Vec<Vec<f32>> =
                queries.chunks(dim).map(|query| scores(Isa::SCALAR, metric, query, stored, dim, count)).collect();
            for isa in simd() {
                for k in [40, 150, 250, 700] {
                    let hits = search(isa, metric, &queries, stored, dim, k, None);
                    for (hits, expected) in hits.chunks(k).zip(&reference) {
                        assert_eq!(sorted(expected, None, k), hits, "{} {metric:?} k {k}", isa.name());
                    }
                }
            }
        }
    }
}

/// Scores beyond float32 are infinities that tie, whatever the sums behind them are.
#[test]
fn infinite_scores_tie() {
    let mut rng = Rng(18);
    let (dim, count) = (33, 600);
    for factor in [1e18f32, 1e20, 1e33] {
        for scale in [3e18f32, 1e20, 3e37, -3e37] {
            let mut codes: Vec<u8> = (0..count * (dim + 4)).map(|_| rng.next() as u8).collect();
            for row in codes.chunks_mut(dim + 4) {
                row[dim..].copy_from_slice(&(scale * (1.0 + rng.below(3) as f32)).to_le_bytes());
            }
            for metric in METRICS {
                let queries: Vec<f32> = rng.normals(18 * dim).iter().map(|v| v * factor).collect();
                check(&mut rng, metric, &queries, Stored::Codes(&codes), dim, count, "beyond");
                check(&mut rng, metric, &queries[..dim], Stored::Codes(&codes), dim, count, "beyond one");
            }
        }
    }
}
