//! Rotation, grouped int8 and binary codes: each instruction set gives the reference's bits, a search gives what
//! sorting all scores gives, and the reference is right by itself.
mod common;

use common::{Rng, allow_list, allowed_count, bits, rows, simd, sorted};
use pith_kernels::{
    FloatRows, Isa, Metric, TopKOutput, binary_decode, binary_encode, binary_scores, binary_symmetric, binary_top_k,
    float_scores, hadamard, int8_decode, int8_encode, int8_grouped_decode, int8_grouped_encode, int8_grouped_scores,
    int8_grouped_top_k, int8_symmetric,
};

const METRICS: [Metric; 3] = [Metric::Cosine, Metric::Dot, Metric::L2];

fn dims() -> Vec<usize> {
    (1..=40).chain([63, 64, 65, 127, 129, 255, 256, 257, 384, 511, 515, 768]).collect()
}

/// Groups of all kinds for a dim: small, odd, across sixteens, the whole.
fn groups(dim: usize) -> Vec<usize> {
    let mut groups: Vec<usize> = [1, 8, 13, 16, 32, 48, dim].into_iter().filter(|&g| g <= dim).collect();
    groups.dedup();
    groups
}

fn signs(rng: &mut Rng, dim: usize, rounds: usize) -> Vec<u32> {
    (0..rounds * 2 * dim.div_ceil(64)).map(|_| rng.next() as u32).collect()
}

fn squares(row: &[f32]) -> f64 {
    row.iter().map(|&v| f64::from(v).powi(2)).sum()
}

#[test]
fn rotations_are_the_reference_bits_and_orthonormal() {
    let mut rng = Rng(30);
    for dim in dims() {
        for rounds in [0, 1, 2, 4, 5] {
            let signs = signs(&mut rng, dim, rounds);
            let data = rng.normals(3 * dim);
            let mut rotated = vec![0f32; data.len()];
            hadamard(Isa::SCALAR, &data, dim, &signs, false, &mut rotated).unwrap();
            let mut back = vec![0f32; data.len()];
            hadamard(Isa::SCALAR, &rotated, dim, &signs, true, &mut back).unwrap();
            for ((row, turned), back) in data.chunks(dim).zip(rotated.chunks(dim)).zip(back.chunks(dim)) {
                let (before, after) = (squares(row), squares(turned));
                assert!((before - after).abs() <= 4e-6 * before, "dim {dim}: {before} {after}");
                let lost: Vec<f32> = row.iter().zip(back).map(|(a, b)| a - b).collect();
                assert!(squares(&lost) <= 1e-11 * before, "dim {dim}");
            }
            for isa in simd() {
                let mut actual = vec![0f32; data.len() + 1];
                hadamard(isa, &data, dim, &signs, false, &mut actual[1..]).unwrap();
                assert_eq!(bits(&rotated), bits(&actual[1..]), "{} dim {dim}", isa.name());
                hadamard(isa, &rotated, dim, &signs, true, &mut actual[1..]).unwrap();
                assert_eq!(bits(&back), bits(&actual[1..]), "{} dim {dim} inverse", isa.name());
            }
        }
    }
}

/// By the definition of the transform: element i is the sum of (-1)^(bits that i and j share) x_j, over sqrt(p).
#[test]
fn a_round_without_signs_is_the_hadamard_matrix() {
    let mut rng = Rng(31);
    for p in [1usize, 2, 4, 8, 16, 32, 64, 128, 512] {
        let x = rng.normals(p);
        let mut out = vec![0f32; p];
        hadamard(Isa::SCALAR, &x, p, &vec![0; 2 * p.div_ceil(64)], false, &mut out).unwrap();
        for (i, &actual) in out.iter().enumerate() {
            let sign = |j: usize| if (i & j).count_ones().is_multiple_of(2) { 1.0 } else { -1.0 };
            let sum: f64 = x.iter().enumerate().map(|(j, &v)| sign(j) * f64::from(v)).sum();
            assert!((sum / (p as f64).sqrt() - f64::from(actual)).abs() < 1e-5, "p {p} i {i}");
        }
    }
}

#[test]
fn grouped_codes_are_the_reference_bytes() {
    let mut rng = Rng(32);
    for dim in dims() {
        for group in groups(dim) {
            let count = [1, 2, 5, 9][dim % 4];
            let data = rows(&mut rng, count, dim);
            let stride = dim + 4 * dim.div_ceil(group);
            for (unit, fit) in [(false, false), (true, false), (false, true), (true, true)] {
                let mut expected = vec![0u8; count * stride];
                int8_grouped_encode(Isa::SCALAR, &data, dim, group, unit, fit, &mut expected).unwrap();
                let mut decoded = vec![0f32; count * dim];
                int8_grouped_decode(Isa::SCALAR, &expected, dim, group, &mut decoded).unwrap();
                for isa in simd() {
                    // An odd place in memory.
                    let mut actual = vec![0u8; count * stride + 1];
                    int8_grouped_encode(isa, &data, dim, group, unit, fit, &mut actual[1..]).unwrap();
                    assert_eq!(expected, &actual[1..], "{} dim {dim} group {group} {unit} {fit}", isa.name());
                    let mut out = vec![0f32; count * dim];
                    int8_grouped_decode(isa, &actual[1..], dim, group, &mut out).unwrap();
                    assert_eq!(bits(&decoded), bits(&out), "{} dim {dim} group {group}", isa.name());
                }
            }
        }
    }
}

#[test]
fn one_group_has_the_codes_of_plain_int8() {
    let mut rng = Rng(33);
    for dim in [1, 7, 16, 100, 384] {
        let data = rows(&mut rng, 60, dim);
        for unit in [false, true] {
            let (mut plain, mut grouped) = (vec![0u8; 60 * (dim + 4)], vec![0u8; 60 * (dim + 4)]);
            int8_encode(Isa::SCALAR, &data, dim, unit, &mut plain).unwrap();
            int8_grouped_encode(Isa::SCALAR, &data, dim, dim, unit, false, &mut grouped).unwrap();
            // The sums under the two roots differ in their terms' roundings.
            let rounding = (dim as f32 / 16.0 + 8.0) / (1 << 23) as f32;
            for (a, b) in plain.chunks(dim + 4).zip(grouped.chunks(dim + 4)) {
                assert_eq!(a[..dim], b[..dim], "dim {dim} unit {unit}");
                let scale = |row: &[u8]| f32::from_le_bytes(row[dim..].try_into().unwrap());
                assert!((scale(a) - scale(b)).abs() <= rounding * scale(a), "dim {dim} unit {unit}");
            }
        }
    }
}

#[test]
fn least_squares_is_never_worse() {
    let mut rng = Rng(34);
    for (dim, group) in [(5, 5), (33, 33), (96, 32), (100, 48)] {
        let data = rng.normals(200 * dim);
        let lost = |fit: bool| {
            let mut codes = vec![0u8; 200 * (dim + 4 * dim.div_ceil(group))];
            int8_grouped_encode(Isa::SCALAR, &data, dim, group, false, fit, &mut codes).unwrap();
            let mut decoded = vec![0f32; data.len()];
            int8_grouped_decode(Isa::SCALAR, &codes, dim, group, &mut decoded).unwrap();
            let lost: Vec<f32> = data.iter().zip(&decoded).map(|(a, b)| a - b).collect();
            lost.chunks(dim).map(squares).collect::<Vec<f64>>()
        };
        for (fitted, plain) in lost(true).into_iter().zip(lost(false)) {
            assert!(fitted <= plain * (1.0 + 1e-4), "dim {dim} group {group}: {fitted} {plain}");
        }
    }
}

type Scores<'a> = &'a dyn Fn(Isa, &[f32], &mut [f32]);
type Search<'a> = &'a dyn Fn(Isa, &[f32], usize, Option<&[u32]>, TopKOutput);

/// A scan with everything but the instruction set fixed.
struct Scan<'a> {
    scores: Scores<'a>,
    search: Search<'a>,
    count: usize,
    query_floats: usize,
}

fn check(rng: &mut Rng, scan: &Scan, queries: &[f32], what: &str) {
    let score = |isa: Isa, query: &[f32]| {
        let mut out = vec![0f32; scan.count];
        (scan.scores)(isa, query, &mut out);
        out
    };
    let reference: Vec<Vec<f32>> = queries.chunks(scan.query_floats).map(|q| score(Isa::SCALAR, q)).collect();
    for &isa in Isa::available() {
        for (query, expected) in queries.chunks(scan.query_floats).zip(&reference) {
            assert_eq!(bits(expected), bits(&score(isa, query)), "{what} {}", isa.name());
        }
        for percent in [100, 40] {
            let list = (percent < 100).then(|| allow_list(rng, scan.count, percent));
            let found = list.as_ref().map_or(scan.count, |words| allowed_count(words, scan.count));
            for k in [1, 7, found] {
                if k == 0 || k > found {
                    continue;
                }
                let n = reference.len() * k;
                let (mut slots, mut scores) = (vec![0u32; n], vec![0f32; n]);
                let out = TopKOutput { slots: &mut slots, scores: &mut scores };
                (scan.search)(isa, queries, k, list.as_deref(), out);
                let hits: Vec<(u32, u32)> = slots.into_iter().zip(scores.into_iter().map(f32::to_bits)).collect();
                for (i, expected) in reference.iter().enumerate() {
                    let expected = sorted(expected, list.as_deref(), k);
                    assert_eq!(expected, &hits[i * k..][..k], "{what} {} k {k} query {i}", isa.name());
                }
            }
        }
    }
}

#[test]
fn grouped_scans_of_all_shapes() {
    let mut rng = Rng(35);
    for dim in dims() {
        for (i, group) in groups(dim).into_iter().enumerate() {
            let (metric, count) = (METRICS[(i + dim) % 3], [1, 8, 9, 33][(i + dim / 3) % 4]);
            let data = rows(&mut rng, count, dim);
            let mut codes = vec![0u8; count * (dim + 4 * dim.div_ceil(group)) + 1];
            let unit = metric == Metric::Cosine;
            int8_grouped_encode(Isa::SCALAR, &data, dim, group, unit, false, &mut codes[1..]).unwrap();
            if i == 1 {
                // Codes and scales that no encoder writes.
                codes.iter_mut().step_by(3).for_each(|byte| *byte = rng.next() as u8);
            }
            let codes = &codes[1..];
            let queries = rng.normals([1, 3, 6][(i + dim) % 3] * dim);
            let scan = Scan {
                scores: &|isa, query, out| int8_grouped_scores(isa, metric, query, codes, dim, group, out).unwrap(),
                search: &|isa, queries, k, allow, out| {
                    int8_grouped_top_k(isa, metric, queries, codes, dim, group, k, allow, out).unwrap();
                },
                count,
                query_floats: dim,
            };
            check(&mut rng, &scan, &queries, &format!("{metric:?} dim {dim} group {group} count {count}"));

            // To the bit the float score with the decoded row.
            let mut decoded = vec![0f32; count * dim];
            int8_grouped_decode(Isa::SCALAR, codes, dim, group, &mut decoded).unwrap();
            let (mut scores, mut expected) = (vec![0f32; count], vec![0f32; count]);
            (scan.scores)(Isa::SCALAR, &queries[..dim], &mut scores);
            let by = if metric == Metric::Cosine { Metric::Dot } else { metric };
            float_scores(Isa::SCALAR, by, &queries[..dim], FloatRows::F32(&decoded), dim, &mut expected).unwrap();
            assert_eq!(bits(&expected), bits(&scores), "dim {dim} group {group}");
        }
    }
}

#[test]
fn binary_codes_and_scans_of_all_shapes() {
    let mut rng = Rng(36);
    for dim in dims() {
        for (i, metric) in METRICS.into_iter().enumerate() {
            let count = [1, 8, 9, 33][(i + dim) % 4];
            let stride = dim.div_ceil(8) + 4;
            let data = rows(&mut rng, count, dim);
            let mut expected = vec![0u8; count * stride];
            binary_encode(Isa::SCALAR, metric, &data, dim, &mut expected).unwrap();
            let mut decoded = vec![0f32; count * dim];
            binary_decode(Isa::SCALAR, &expected, dim, &mut decoded).unwrap();
            for isa in simd() {
                let mut actual = vec![0u8; count * stride + 1];
                binary_encode(isa, metric, &data, dim, &mut actual[1..]).unwrap();
                assert_eq!(expected, &actual[1..], "{} {metric:?} dim {dim}", isa.name());
                let mut out = vec![0f32; count * dim];
                binary_decode(isa, &actual[1..], dim, &mut out).unwrap();
                assert_eq!(bits(&decoded), bits(&out), "{} {metric:?} dim {dim}", isa.name());
            }
            if dim % 3 == 0 {
                // Bits past the dim and scales that no encoder writes.
                expected.iter_mut().skip(1).step_by(2).for_each(|byte| *byte = rng.next() as u8);
            }
            let codes = &expected[..];
            let queries = rng.normals([1, 3, 6][(i + dim) % 3] * (dim + 2));
            let scan = Scan {
                scores: &|isa, query, out| binary_scores(isa, metric, query, codes, dim, out).unwrap(),
                search: &|isa, queries, k, allow, out| {
                    binary_top_k(isa, metric, queries, codes, dim, k, allow, out).unwrap();
                },
                count,
                query_floats: dim + 2,
            };
            check(&mut rng, &scan, &queries, &format!("{metric:?} dim {dim} count {count}"));
        }
    }
}

#[test]
fn code_to_code_scores_are_the_reference_bits() {
    let mut rng = Rng(37);
    for dim in dims() {
        for metric in METRICS {
            let data = rows(&mut rng, 20, dim);
            let unit = metric == Metric::Cosine;
            for group in groups(dim) {
                let stride = dim + 4 * dim.div_ceil(group);
                let mut codes = vec![0u8; 20 * stride];
                int8_grouped_encode(Isa::SCALAR, &data, dim, group, unit, false, &mut codes).unwrap();
                let score = |isa: Isa| {
                    let mut out = vec![0f32; 20];
                    int8_symmetric(isa, metric, &codes[stride..2 * stride], &codes, dim, group, &mut out).unwrap();
                    bits(&out)
                };
                simd().into_iter().for_each(|isa| assert_eq!(score(Isa::SCALAR), score(isa), "{} {dim}", isa.name()));
            }
            let stride = dim.div_ceil(8) + 4;
            let mut codes = vec![0u8; 20 * stride];
            binary_encode(Isa::SCALAR, metric, &data, dim, &mut codes).unwrap();
            // Bits past the dim don't count.
            codes[stride - 5] |= 0xff << ((dim - 1) % 8) << 1;
            let score = |isa: Isa| {
                let mut out = vec![0f32; 20];
                binary_symmetric(isa, metric, &codes[..stride], &codes, dim, &mut out).unwrap();
                bits(&out)
            };
            simd().into_iter().for_each(|isa| assert_eq!(score(Isa::SCALAR), score(isa), "{} {dim}", isa.name()));
        }
    }
}

/// Against sums in float64 over decoded rows.
#[test]
fn code_to_code_scores_are_those_of_decoded_rows() {
    let mut rng = Rng(38);
    for (dim, group) in [(7, 7), (40, 16), (384, 384)] {
        let data = rng.normals(10 * dim);
        let (mut int8, mut binary) =
            (vec![0u8; 10 * (dim + 4 * dim.div_ceil(group))], vec![0; 10 * (dim.div_ceil(8) + 4)]);
        int8_grouped_encode(Isa::SCALAR, &data, dim, group, false, false, &mut int8).unwrap();
        binary_encode(Isa::SCALAR, Metric::L2, &data, dim, &mut binary).unwrap();
        let mut decoded = [vec![0f32; data.len()], vec![0f32; data.len()]];
        int8_grouped_decode(Isa::SCALAR, &int8, dim, group, &mut decoded[0]).unwrap();
        binary_decode(Isa::SCALAR, &binary, dim, &mut decoded[1]).unwrap();
        for metric in [Metric::Dot, Metric::L2] {
            let mut scores = [[0f32; 10]; 2];
            let (a, b) = (int8.len() / 10, binary.len() / 10);
            int8_symmetric(Isa::SCALAR, metric, &int8[..a], &int8, dim, group, &mut scores[0]).unwrap();
            binary_symmetric(Isa::SCALAR, metric, &binary[..b], &binary, dim, &mut scores[1]).unwrap();
            for (decoded, scores) in decoded.iter().zip(scores) {
                for (row, score) in decoded.chunks(dim).zip(scores) {
                    let sum: f64 = decoded[..dim]
                        .iter()
                        .zip(row)
                        .map(|(&x, &y)| (f64::from(x), f64::from(y)))
                        .map(|(x, y)| if metric == Metric::L2 { -(x - y).powi(2) } else { x * y })
                        .sum();
                    assert!((sum - f64::from(score)).abs() <= 1e-5 * dim as f64, "{metric:?} {dim}: {sum} {score}");
                }
            }
        }
    }
}

#[test]
fn shapes_that_do_not_fit_are_faults() {
    let (mut floats, mut bytes) = ([7f32; 8], [7u8; 16]);
    let code = |result: Result<(), pith_kernels::Fault>| result.unwrap_err().code;
    let isa = Isa::SCALAR;
    assert_eq!(code(hadamard(isa, &[0.0; 8], 4, &[0; 3], false, &mut floats)), "LENGTH_MISMATCH");
    assert_eq!(code(hadamard(isa, &[0.0; 8], 0, &[0; 2], false, &mut floats)), "DIM_UNSUPPORTED");
    assert_eq!(code(hadamard(isa, &[0.0; 4], 4, &[0; 2], false, &mut floats)), "LENGTH_MISMATCH");
    for group in [0, 9, usize::MAX] {
        let fault = int8_grouped_encode(isa, &[0.0; 8], 8, group, true, true, &mut bytes);
        assert_eq!(code(fault), "INVALID_ARGUMENT");
    }
    assert_eq!(code(int8_grouped_encode(isa, &[0.0; 8], 8, 4, true, true, &mut bytes[..15])), "LENGTH_MISMATCH");
    assert_eq!(code(int8_grouped_decode(isa, &bytes, 8, 8, &mut floats)), "LENGTH_MISMATCH");
    assert_eq!(code(int8_symmetric(isa, Metric::Dot, &bytes, &[0; 8], 4, 4, &mut [0.0])), "LENGTH_MISMATCH");
    assert_eq!(code(binary_encode(isa, Metric::Dot, &[0.0; 8], 8, &mut bytes)), "LENGTH_MISMATCH");
    assert_eq!(code(binary_scores(isa, Metric::Dot, &floats, &[0; 5], 8, &mut [0.0])), "LENGTH_MISMATCH");
    assert_eq!(code(binary_symmetric(isa, Metric::Dot, &[0; 4], &[0; 5], 8, &mut [0.0])), "LENGTH_MISMATCH");
    assert_eq!((floats, bytes), ([7f32; 8], [7u8; 16]));
    // Nothing to do is no fault.
    int8_decode(isa, &[], 3, &mut []).unwrap();
    hadamard(isa, &[], 3, &[0; 2], false, &mut []).unwrap();
}
