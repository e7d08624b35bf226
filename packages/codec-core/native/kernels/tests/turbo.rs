//! Rotated codes: each instruction set gives the bytes and bits of the reference, a search gives what sorting all scores
//! gives, and codes stand for the rows that they were made of.
mod common;

use common::{Rng, allow_list, allowed_count, bits, rows, simd, sorted};
use pith_kernels::parallel::{self, Team};
use pith_kernels::{Isa, Metric, TopKOutput, TurboLayout, turbo_decode, turbo_encode, turbo_scores, turbo_top_k};

const METRICS: [Metric; 3] = [Metric::Cosine, Metric::Dot, Metric::L2];
/// Added to the bits of a trellis.
const TRELLIS: usize = 16;
const BITS: [usize; 9] = [1, 2, 3, 4, 8, TRELLIS + 1, TRELLIS + 2, TRELLIS + 3, TRELLIS + 4];

fn dims() -> impl Iterator<Item = usize> {
    (1..=130).chain([191, 255, 257, 384, 511, 768])
}

/// What a layout borrows.
struct Parts {
    signs: Vec<u32>,
    mean: Vec<f32>,
    table: Vec<f32>,
}

impl Parts {
    /// A table and a mean in every other one.
    fn new(rng: &mut Rng, dim: usize, kind: usize) -> Parts {
        let signs = (0..4 * 2 * dim.div_ceil(64)).map(|_| rng.next() as u32).collect();
        let mean = if kind % 2 == 1 { rng.normals(dim).iter().map(|v| v * 0.1).collect() } else { Vec::new() };
        let table = if kind / 2 % 2 == 1 {
            (0..256).map(|i| if i == 0 { 0.0 } else { 1e-4 * 1.05f32.powi(i) }).collect()
        } else {
            Vec::new()
        };
        Parts { signs, mean, table }
    }

    fn layout(&self, metric: Metric, bits: usize, dim: usize) -> TurboLayout<'_> {
        TurboLayout {
            metric,
            bits: bits % TRELLIS,
            trellis: bits > TRELLIS,
            dim,
            signs: &self.signs,
            mean: &self.mean,
            table: &self.table,
        }
    }
}

fn stride(layout: &TurboLayout) -> usize {
    let extra = if layout.table.is_empty() { 4 } else { 1 } + if layout.metric == Metric::L2 { 4 } else { 0 };
    (layout.dim * layout.bits).div_ceil(8) + extra
}

/// Prepared queries: rotated floats, a bias, a square and a unit.
fn queries(rng: &mut Rng, count: usize, dim: usize) -> Vec<f32> {
    (0..count)
        .flat_map(|_| {
            let mut query = rng.normals(dim);
            query.extend([rng.normal() * 0.1, rng.normal().abs() * dim as f32, 2f32.powi(rng.below(5) as i32 - 2)]);
            query
        })
        .collect()
}

fn encode(isa: Isa, layout: TurboLayout, data: &[f32]) -> Vec<u8> {
    // An odd place in memory.
    let mut out = vec![0x5a; data.len() / layout.dim * stride(&layout) + 1];
    turbo_encode(isa, layout, data, &mut out[1..]).unwrap();
    out.split_off(1)
}

fn scores(isa: Isa, layout: TurboLayout, query: &[f32], codes: &[u8]) -> Vec<f32> {
    let mut out = vec![0f32; codes.len() / stride(&layout)];
    turbo_scores(isa, layout, query, codes, &mut out).unwrap();
    out
}

fn search(
    isa: Isa,
    layout: TurboLayout,
    queries: &[f32],
    codes: &[u8],
    k: usize,
    allow: Option<&[u32]>,
) -> Vec<(u32, u32)> {
    let n = queries.len() / (layout.dim + 3) * k;
    let (mut slots, mut scores) = (vec![0u32; n], vec![0f32; n]);
    let out = TopKOutput { slots: &mut slots, scores: &mut scores };
    turbo_top_k(isa, layout, queries, codes, k, allow, out).unwrap();
    slots.into_iter().zip(scores.into_iter().map(f32::to_bits)).collect()
}

/// Scores against the reference's, then searches against sorted scores.
fn check(rng: &mut Rng, layout: TurboLayout, queries: &[f32], codes: &[u8], what: &str) {
    let count = codes.len() / stride(&layout);
    let what = format!("{what} {:?} bits {} dim {} count {count}", layout.metric, layout.bits, layout.dim);
    let all = queries.chunks(layout.dim + 3);
    let reference: Vec<Vec<f32>> = all.clone().map(|query| scores(Isa::SCALAR, layout, query, codes)).collect();
    for isa in simd() {
        for (query, expected) in all.clone().zip(&reference) {
            assert_eq!(bits(expected), bits(&scores(isa, layout, query, codes)), "{} {what}", isa.name());
        }
    }
    for &isa in Isa::available() {
        for percent in [100, 40] {
            let list = (percent < 100).then(|| allow_list(rng, count, percent));
            let found = list.as_ref().map_or(count, |words| allowed_count(words, count));
            for k in [1, 10, found] {
                if k == 0 || k > found {
                    continue;
                }
                let hits = search(isa, layout, queries, codes, k, list.as_deref());
                for (hits, expected) in hits.chunks(k).zip(&reference) {
                    assert_eq!(sorted(expected, list.as_deref(), k), hits, "{} {what} k {k} of {found}", isa.name());
                }
            }
        }
    }
}

#[test]
fn codes_are_the_reference_bytes() {
    let mut rng = Rng(40);
    for dim in dims() {
        for bits_each in BITS {
            for (kind, metric) in METRICS.into_iter().enumerate() {
                let parts = Parts::new(&mut rng, dim, kind + dim + bits_each);
                let layout = parts.layout(metric, bits_each, dim);
                let mut data = rows(&mut rng, [9, 4, 14][(dim + kind) % 3], dim);
                if !parts.mean.is_empty() {
                    data[..dim].copy_from_slice(&parts.mean);
                }
                let codes = encode(Isa::SCALAR, layout, &data);
                let mut decoded = vec![0f32; data.len()];
                turbo_decode(Isa::SCALAR, layout, &codes, &mut decoded).unwrap();
                for isa in simd() {
                    let what = format!("{} {metric:?} bits {bits_each} dim {dim}", isa.name());
                    assert_eq!(codes, encode(isa, layout, &data), "{what}");
                    let mut out = vec![0f32; data.len()];
                    turbo_decode(isa, layout, &codes, &mut out).unwrap();
                    assert_eq!(bits(&decoded), bits(&out), "{what}");
                }
            }
        }
    }
}

#[test]
fn scans_of_all_shapes() {
    let mut rng = Rng(41);
    for dim in dims() {
        for (i, bits_each) in BITS.into_iter().enumerate() {
            let metric = METRICS[(dim + i) % 3];
            let parts = Parts::new(&mut rng, dim, dim + bits_each);
            let layout = parts.layout(metric, bits_each, dim);
            let data = rows(&mut rng, [0, 1, 7, 16, 33, 70][(dim + i) % 6], dim);
            let codes = encode(Isa::SCALAR, layout, &data);
            let queries = queries(&mut rng, [1, 2, 3, 17, 40][(dim / 2 + i) % 5], dim);
            check(&mut rng, layout, &queries, &codes, "shape");
        }
    }
}

#[test]
fn codes_that_no_encoder_writes() {
    let mut rng = Rng(42);
    let odd = [f32::NAN, f32::INFINITY, f32::NEG_INFINITY, 0.0, -0.0, -1.0, 1e-45, 1e38, f32::MAX, 1.0, 0.01];
    for dim in [1, 16, 65, 129] {
        for (i, bits_each) in BITS.into_iter().enumerate() {
            for kind in [0, 2] {
                for metric in [METRICS[(dim + i) % 3], Metric::L2] {
                    let mut parts = Parts::new(&mut rng, dim, kind);
                    for place in 0..parts.table.len() {
                        if rng.below(3) == 0 {
                            parts.table[place] = odd[rng.below(odd.len())];
                        }
                    }
                    let layout = parts.layout(metric, bits_each, dim);
                    let code_bytes = (dim * layout.bits).div_ceil(8);
                    let mut codes: Vec<u8> = (0..60 * stride(&layout)).map(|_| rng.next() as u8).collect();
                    for row in codes.chunks_mut(stride(&layout)) {
                        let filler = [0x00, 0xff][rng.below(2)];
                        if rng.below(3) == 0 {
                            row[..code_bytes].fill(filler);
                        }
                        if parts.table.is_empty() {
                            row[code_bytes..][..4].copy_from_slice(&odd[rng.below(odd.len())].to_le_bytes());
                        }
                        if metric == Metric::L2 && rng.below(2) == 0 {
                            let at = row.len() - 4;
                            row[at..].copy_from_slice(&odd[rng.below(odd.len())].to_le_bytes());
                        }
                    }
                    let mut decoded = vec![0f32; 60 * dim];
                    turbo_decode(Isa::SCALAR, layout, &codes, &mut decoded).unwrap();
                    for isa in simd() {
                        let mut out = vec![0f32; 60 * dim];
                        turbo_decode(isa, layout, &codes, &mut out).unwrap();
                        assert_eq!(bits(&decoded), bits(&out), "{} bits {bits_each} dim {dim}", isa.name());
                    }
                    for factor in [1.0, 0.0, 1e-38, 1e20, f32::INFINITY, f32::NAN] {
                        let mut queries: Vec<f32> = queries(&mut rng, 19, dim).iter().map(|v| v * factor).collect();
                        queries[0] = factor;
                        check(&mut rng, layout, &queries, &codes, "hostile");
                        check(&mut rng, layout, &queries[..dim + 3], &codes, "hostile one");
                    }
                }
            }
        }
    }
}

/// Enough rows for several blocks, with rows that tie.
#[test]
fn larger_searches_with_ties() {
    let mut rng = Rng(43);
    for bits_each in BITS {
        for metric in METRICS {
            let (dim, count) = (48, 900);
            let parts = Parts::new(&mut rng, dim, 2);
            let layout = parts.layout(metric, bits_each, dim);
            let few = rng.normals(30 * dim);
            let data: Vec<f32> = (0..count).flat_map(|_| few[rng.below(30) * dim..][..dim].to_vec()).collect();
            let codes = encode(Isa::SCALAR, layout, &data);
            let queries = queries(&mut rng, 45, dim);
            check(&mut rng, layout, &queries, &codes, "ties");
            check(&mut rng, layout, &queries[..dim + 3], &codes, "ties of one");
        }
    }
}

/// What codes stand for is closer to the rows the more bits there are, and products with it aren't biased.
#[test]
fn codes_stand_for_their_rows() {
    let mut rng = Rng(44);
    let (dim, count) = (200, 50);
    let data = rng.normals(count * dim);
    let mut before = f64::INFINITY;
    // A trellis lies between its bits and the next.
    for bits_each in [1, 2, 3, 4, 8].into_iter().flat_map(|bits| [bits, bits + TRELLIS]).take(9) {
        let parts = Parts::new(&mut rng, dim, 1);
        let layout = parts.layout(Metric::Dot, bits_each, dim);
        let codes = encode(Isa::SCALAR, layout, &data);
        let mut decoded = vec![0f32; data.len()];
        turbo_decode(Isa::SCALAR, layout, &codes, &mut decoded).unwrap();
        let mut lost = 0.0;
        for (row, decoded) in data.chunks(dim).zip(decoded.chunks(dim)) {
            let (mut product, mut square) = (0.0, 0.0);
            for ((&v, &d), &mean) in row.iter().zip(decoded).zip(&parts.mean) {
                let (v, d) = (f64::from(v) - f64::from(mean), f64::from(d) - f64::from(mean));
                product += v * d;
                square += v * v;
                lost += (v - d).powi(2);
            }
            assert!((product / square - 1.0).abs() < 1e-5, "bits {bits_each}: {product} {square}");
        }
        assert!(lost < before * if layout.trellis { 0.87 } else { 0.75 }, "bits {bits_each}: {lost} after {before}");
        before = lost;
    }
}

#[test]
fn teams_give_the_same() {
    let mut rng = Rng(45);
    for (i, bits_each) in BITS.into_iter().enumerate() {
        let (dim, count, metric) = (33, 300, METRICS[i % 3]);
        let parts = Parts::new(&mut rng, dim, i);
        let layout = parts.layout(metric, bits_each, dim);
        let data = rows(&mut rng, count, dim);
        let queries = queries(&mut rng, 40, dim);
        for &isa in Isa::available() {
            let codes = encode(isa, layout, &data);
            let mut decoded = vec![0f32; data.len()];
            turbo_decode(isa, layout, &codes, &mut decoded).unwrap();
            for (threads, block) in [(1, 1), (3, 1), (3, 96), (2, 0)] {
                let team = Team { threads, control: None, block };
                let mut again = vec![0u8; codes.len()];
                parallel::turbo_encode(team, isa, layout, &data, &mut again).unwrap();
                assert_eq!(codes, again);
                let mut floats = vec![0f32; data.len()];
                parallel::turbo_decode(team, isa, layout, &codes, &mut floats).unwrap();
                assert_eq!(bits(&decoded), bits(&floats));
                let mut found = vec![0f32; count];
                parallel::turbo_scores(team, isa, layout, &queries[..dim + 3], &codes, &mut found).unwrap();
                assert_eq!(bits(&scores(isa, layout, &queries[..dim + 3], &codes)), bits(&found));
                let list = allow_list(&mut rng, count, 50);
                let (mut slots, mut of_hits) = (vec![0u32; 400], vec![0f32; 400]);
                let out = TopKOutput { slots: &mut slots, scores: &mut of_hits };
                parallel::turbo_top_k(team, isa, layout, &queries, &codes, 10, Some(&list), out).unwrap();
                let expected = search(isa, layout, &queries, &codes, 10, Some(&list));
                assert_eq!(expected, slots.into_iter().zip(of_hits.into_iter().map(f32::to_bits)).collect::<Vec<_>>());
            }
        }
    }
}

#[test]
fn what_does_not_fit_is_refused() {
    let (signs, mean, table) = (vec![0u32; 8], vec![0f32; 10], vec![0f32; 256]);
    let layout = |bits, dim| TurboLayout {
        metric: Metric::L2,
        bits,
        trellis: false,
        dim,
        signs: &signs,
        mean: &mean,
        table: &table,
    };
    for &isa in Isa::available() {
        let code =
            |layout: TurboLayout| turbo_encode(isa, layout, &[0.5; 20], &mut [0; 20]).map_err(|fault| fault.code);
        assert_eq!(code(layout(4, 10)), Ok(()));
        assert_eq!(code(layout(8, 10)), Err("LENGTH_MISMATCH"));
        assert_eq!(code(layout(4, 20)), Err("LENGTH_MISMATCH"));
        for bits in [0, 5, 7, 16, usize::MAX] {
            assert_eq!(code(layout(bits, 10)), Err("INVALID_ARGUMENT"));
        }
        for dim in [0, 65_537, usize::MAX] {
            assert_eq!(code(layout(4, dim)), Err("DIM_UNSUPPORTED"));
        }
        assert_eq!(code(TurboLayout { signs: &signs[..7], ..layout(4, 10) }), Err("LENGTH_MISMATCH"));
        assert_eq!(code(TurboLayout { mean: &mean[..9], ..layout(4, 10) }), Err("LENGTH_MISMATCH"));
        assert_eq!(code(TurboLayout { table: &table[..255], ..layout(4, 10) }), Err("LENGTH_MISMATCH"));
        let mut out = [7f32; 20];
        assert!(turbo_decode(isa, layout(4, 10), &[1; 21], &mut out).is_err());
        assert!(turbo_decode(isa, layout(4, 10), &[1; 20], &mut out[1..]).is_err());
        assert!(turbo_scores(isa, layout(4, 10), &[0.0; 12], &[1; 20], &mut out[..2]).is_err());
        assert!(turbo_scores(isa, layout(4, 10), &[0.0; 13], &[1; 20], &mut out[..3]).is_err());
        assert_eq!(out, [7.0; 20]);
        let (mut slots, mut scores) = ([9u32; 4], [9f32; 4]);
        let mut find = |floats: usize, k: usize, allow: Option<&[u32]>| {
            let out = TopKOutput { slots: &mut slots, scores: &mut scores };
            turbo_top_k(isa, layout(4, 10), &vec![0.0; floats], &[0; 20], k, allow, out).map_err(|fault| fault.code)
        };
        assert_eq!(find(13, 0, None), Err("INVALID_ARGUMENT"));
        assert_eq!(find(13, 3, None), Err("INVALID_ARGUMENT"));
        assert_eq!(find(12, 2, None), Err("LENGTH_MISMATCH"));
        assert_eq!(find(13, 1, None), Err("LENGTH_MISMATCH"));
        assert_eq!(find(13, 1, Some(&[0, 0])), Err("LENGTH_MISMATCH"));
        assert_eq!(find(0, 1, None), Ok(()));
        assert_eq!((slots, scores), ([9; 4], [9.0; 4]));
    }
}
