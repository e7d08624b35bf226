//! Codes in a learned basis: each instruction set gives the bytes and bits of the reference, a search gives what sorting
//! all scores gives, and codes stand for the rows that they were made of.
mod common;

use common::{Rng, allow_list, allowed_count, bits, rows, simd, sorted};
use pith_kernels::parallel::{self, Team};
use pith_kernels::{
    Isa, KltLayout, Metric, TopKOutput, TrellisTables, klt_decode, klt_encode, klt_queries, klt_scores, klt_top_k,
};

const METRICS: [Metric; 3] = [Metric::Cosine, Metric::Dot, Metric::L2];
const FULL: Option<TrellisTables> = Some(TrellisTables::Full);
const SEPARABLE: Option<TrellisTables> = Some(TrellisTables::Separable);

/// What a layout borrows.
struct Parts {
    bits: Vec<u8>,
    mean: Vec<f32>,
    columns: Vec<f32>,
    forward: Vec<f32>,
    back: Vec<f32>,
    step: Vec<f32>,
    twice: Vec<f32>,
    table: Vec<f32>,
}

impl Parts {
    /// Axes at random, of as many components as there are bits.
    fn new(rng: &mut Rng, dim: usize, mut bits: Vec<u8>) -> Parts {
        bits.sort_unstable();
        let count = bits.len();
        let mean: Vec<f32> = rng.normals(dim).iter().map(|v| v * 0.1).collect();
        let columns: Vec<f32> = (0..dim * count).map(|_| rng.below(255) as f32 - 127.0).collect();
        let mut parts = Parts {
            mean,
            columns,
            forward: Vec::new(),
            back: Vec::new(),
            step: Vec::new(),
            twice: Vec::new(),
            table: (0..256).map(|i| if i == 0 { 0.0 } else { 0.3 * 1.01f32.powi(i) }).collect(),
            bits,
        };
        for r in 0..count {
            let axis = |j: usize| parts.columns[j * count + r];
            let length = (0..dim).map(|j| axis(j) * axis(j)).sum::<f32>().max(1.0).sqrt();
            let product: f32 = (0..dim).map(|j| axis(j) * parts.mean[j]).sum();
            let (sigma, unit) = (0.05 * (r % 40 + 1) as f32, 42.0);
            parts.forward.push(unit / (sigma * length));
            parts.back.push(sigma / (unit * length));
            parts.step.push(sigma / unit);
            parts.twice.push(2.0 * product / length);
        }
        parts
    }

    /// `count` components of up to `widest` bits.
    fn any(rng: &mut Rng, dim: usize, count: usize, widest: usize) -> Parts {
        let bits = (0..count).map(|_| 1 + rng.below(widest) as u8).collect();
        Parts::new(rng, dim, bits)
    }

    fn layout(&self, metric: Metric, trellis: Option<TrellisTables>) -> KltLayout<'_> {
        KltLayout {
            metric,
            dim: self.mean.len(),
            trellis,
            code_bytes: self.bits.iter().map(|&bits| usize::from(bits)).sum::<usize>().div_ceil(8),
            bits: &self.bits,
            mean: &self.mean,
            columns: &self.columns,
            forward: &self.forward,
            back: &self.back,
            step: &self.step,
            twice: &self.twice,
            table: &self.table,
        }
    }
}

fn stride(layout: &KltLayout) -> usize {
    layout.code_bytes + 1 + if layout.metric == Metric::L2 { 4 } else { 0 }
}

fn floats(layout: &KltLayout) -> usize {
    layout.bits.len() + 3
}

fn encode(isa: Isa, layout: KltLayout, data: &[f32]) -> Vec<u8> {
    // An odd place in memory.
    let mut out = vec![0x5a; data.len() / layout.dim * stride(&layout) + 1];
    klt_encode(isa, layout, data, &mut out[1..]).unwrap();
    out.split_off(1)
}

fn decode(isa: Isa, layout: KltLayout, codes: &[u8]) -> Vec<f32> {
    let mut out = vec![0f32; codes.len() / stride(&layout) * layout.dim];
    klt_decode(isa, layout, codes, &mut out).unwrap();
    out
}

fn prepare(isa: Isa, layout: KltLayout, queries: &[f32]) -> Vec<f32> {
    let mut out = vec![0f32; queries.len() / layout.dim * floats(&layout)];
    klt_queries(isa, layout, queries, &mut out).unwrap();
    out
}

fn scores(isa: Isa, layout: KltLayout, query: &[f32], codes: &[u8]) -> Vec<f32> {
    let mut out = vec![0f32; codes.len() / stride(&layout)];
    klt_scores(isa, layout, query, codes, &mut out).unwrap();
    out
}

fn search(
    isa: Isa,
    layout: KltLayout,
    queries: &[f32],
    codes: &[u8],
    k: usize,
    allow: Option<&[u32]>,
) -> Vec<(u32, u32)> {
    let n = queries.len() / floats(&layout) * k;
    let (mut slots, mut scores) = (vec![0u32; n], vec![0f32; n]);
    let out = TopKOutput { slots: &mut slots, scores: &mut scores };
    klt_top_k(isa, layout, queries, codes, k, allow, out).unwrap();
    slots.into_iter().zip(scores.into_iter().map(f32::to_bits)).collect()
}

/// Scores against the reference's, then searches against sorted scores.
fn check(rng: &mut Rng, layout: KltLayout, queries: &[f32], codes: &[u8], what: &str) {
    let count = codes.len() / stride(&layout);
    let what = format!("{what} {:?} {:?} {:?} count {count}", layout.metric, layout.trellis, layout.bits);
    let all = queries.chunks(floats(&layout));
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

/// Numbers of components around those that instruction sets take together.
fn counts() -> impl Iterator<Item = usize> {
    (1..=70).step_by(3).chain([16, 32, 48, 63, 64, 65, 128, 130, 200])
}

#[test]
fn codes_are_the_reference_bytes() {
    let mut rng = Rng(50);
    for (i, count) in counts().enumerate() {
        let dim = 1 + rng.below(90);
        for (trellis, widest) in [(FULL, 4), (SEPARABLE, 7), (None, 7), (None, 3), (FULL, 1), (SEPARABLE, 4), (FULL, 7)]
        {
            let parts = Parts::any(&mut rng, dim, count, widest);
            let layout = parts.layout(METRICS[(i + widest) % 3], trellis);
            let mut data = rows(&mut rng, [9, 4, 41][i % 3], dim);
            data[..dim].copy_from_slice(&parts.mean);
            let codes = encode(Isa::SCALAR, layout, &data);
            let decoded = decode(Isa::SCALAR, layout, &codes);
            let queries = prepare(Isa::SCALAR, layout, &data);
            for isa in simd() {
                let what = format!("{} {:?} dim {dim} bits {:?}", isa.name(), layout.metric, parts.bits);
                assert_eq!(codes, encode(isa, layout, &data), "{what}");
                assert_eq!(bits(&decoded), bits(&decode(isa, layout, &codes)), "{what}");
                assert_eq!(bits(&queries), bits(&prepare(isa, layout, &data)), "{what}");
            }
        }
    }
}

#[test]
fn scans_of_all_shapes() {
    let mut rng = Rng(51);
    for (i, count) in counts().enumerate() {
        for (trellis, widest) in [(FULL, 4), (SEPARABLE, 7), (None, 7), (None, 4)] {
            let dim = 2 + rng.below(20);
            let parts = Parts::any(&mut rng, dim, count, widest);
            let layout = parts.layout(METRICS[(i + widest) % 3], trellis);
            let data = rows(&mut rng, [0, 1, 7, 16, 33, 70][i % 6], dim);
            let codes = encode(Isa::SCALAR, layout, &data);
            let given = rng.normals([1, 2, 3, 17, 40][(i + widest) % 5] * dim);
            check(&mut rng, layout, &prepare(Isa::SCALAR, layout, &given), &codes, "shape");
        }
    }
}

#[test]
fn codes_that_no_encoder_writes() {
    let mut rng = Rng(52);
    let odd = [f32::NAN, f32::INFINITY, f32::NEG_INFINITY, 0.0, -0.0, -1.0, 1e-45, 1e38, f32::MAX, 1.0, 0.01];
    for count in [1, 16, 65, 129] {
        for (trellis, metric) in
            [(FULL, Metric::L2), (SEPARABLE, Metric::Dot), (None, Metric::L2), (None, Metric::Cosine)]
        {
            let mut parts = Parts::any(&mut rng, 9, count, 7);
            for scalar in &mut parts.table {
                if rng.below(3) == 0 {
                    *scalar = odd[rng.below(odd.len())];
                }
            }
            let layout = parts.layout(metric, trellis);
            let mut codes: Vec<u8> = (0..60 * stride(&layout)).map(|_| rng.next() as u8).collect();
            for row in codes.chunks_mut(stride(&layout)) {
                let filler = [0x00, 0xff][rng.below(2)];
                if rng.below(3) == 0 {
                    row[..layout.code_bytes].fill(filler);
                }
                if metric == Metric::L2 && rng.below(2) == 0 {
                    let at = row.len() - 4;
                    row[at..].copy_from_slice(&odd[rng.below(odd.len())].to_le_bytes());
                }
            }
            let decoded = decode(Isa::SCALAR, layout, &codes);
            for isa in simd() {
                assert_eq!(bits(&decoded), bits(&decode(isa, layout, &codes)), "{} {:?}", isa.name(), parts.bits);
            }
            for factor in [1.0, 0.0, 1e-38, 1e20, f32::INFINITY, f32::NAN] {
                let mut queries: Vec<f32> = rng.normals(19 * floats(&layout)).iter().map(|v| v * factor).collect();
                queries[0] = factor;
                check(&mut rng, layout, &queries, &codes, "hostile");
                check(&mut rng, layout, &queries[..floats(&layout)], &codes, "hostile one");
            }
        }
    }
}

/// Enough rows for several blocks, with rows that tie.
#[test]
fn larger_searches_with_ties() {
    let mut rng = Rng(53);
    for (i, metric) in METRICS.into_iter().enumerate() {
        let (dim, count) = (40, 900);
        let parts = Parts::any(&mut rng, dim, 70, 5);
        let layout = parts.layout(metric, [FULL, None, SEPARABLE][i]);
        let few = rng.normals(30 * dim);
        let data: Vec<f32> = (0..count).flat_map(|_| few[rng.below(30) * dim..][..dim].to_vec()).collect();
        let codes = encode(Isa::SCALAR, layout, &data);
        let given = rng.normals(45 * dim);
        let queries = prepare(Isa::SCALAR, layout, &given);
        check(&mut rng, layout, &queries, &codes, "ties");
        check(&mut rng, layout, &queries[..floats(&layout)], &codes, "ties of one");
    }
}

/// With a basis that is one (the coordinates), rows come back the closer the more bits there are, as long as they were.
#[test]
fn codes_stand_for_their_rows() {
    let mut rng = Rng(54);
    let (dim, count) = (64, 60);
    let data = rng.normals(count * dim);
    for trellis in [FULL, SEPARABLE, None] {
        let mut before = f64::INFINITY;
        for widest in 1..=7 {
            let mut parts = Parts::new(&mut rng, dim, vec![widest; dim]);
            let units = [40.106, 84.08, 59.02, 46.48, 38.95, 33.92, 30.31][usize::from(widest) - 1];
            let unit = if trellis.is_some() && widest <= 4 { 40.0 } else { units };
            // Roughly the deviation of `normals`.
            let sigma = 1.15f32;
            parts.columns = (0..dim * dim).map(|i| if i / dim == i % dim { 127.0 } else { 0.0 }).collect();
            parts.mean.fill(0.0);
            parts.twice.fill(0.0);
            parts.forward.fill(unit / (sigma * 127.0));
            parts.back.fill(sigma / (unit * 127.0));
            parts.step.fill(sigma / unit);
            parts.table = (0..256).map(|i| if i == 0 { 0.0 } else { 0.5 * 1.01f32.powi(i) }).collect();
            let layout = parts.layout(Metric::Dot, trellis);
            let decoded = decode(Isa::SCALAR, layout, &encode(Isa::SCALAR, layout, &data));
            let mut lost = 0.0;
            for (row, back) in data.chunks(dim).zip(decoded.chunks(dim)) {
                let square = |row: &[f32]| row.iter().map(|&v| f64::from(v).powi(2)).sum::<f64>();
                assert!((square(back) / square(row)).sqrt().ln().abs() < 0.006, "length at {widest} bits");
                lost += row.iter().zip(back).map(|(a, b)| f64::from(a - b).powi(2)).sum::<f64>() / square(row);
            }
            assert!(lost < before * 0.7, "{widest} bits: {lost} after {before}");
            before = lost;
        }
    }
}

#[test]
fn teams_give_the_same() {
    let mut rng = Rng(55);
    for (i, metric) in METRICS.into_iter().enumerate() {
        let (dim, count) = (33, 300);
        let parts = Parts::any(&mut rng, dim, 30, 6);
        let layout = parts.layout(metric, [FULL, None, SEPARABLE][i]);
        let data = rows(&mut rng, count, dim);
        let given = rng.normals(40 * dim);
        for &isa in Isa::available() {
            let codes = encode(isa, layout, &data);
            let decoded = decode(isa, layout, &codes);
            let queries = prepare(isa, layout, &given);
            for (threads, block) in [(1, 1), (3, 1), (3, 96), (2, 0)] {
                let team = Team { threads, control: None, block };
                let mut again = vec![0u8; codes.len()];
                parallel::klt_encode(team, isa, layout, &data, &mut again).unwrap();
                assert_eq!(codes, again);
                let mut floats_again = vec![0f32; data.len()];
                parallel::klt_decode(team, isa, layout, &codes, &mut floats_again).unwrap();
                assert_eq!(bits(&decoded), bits(&floats_again));
                let mut found = vec![0f32; count];
                let query = &queries[..floats(&layout)];
                parallel::klt_scores(team, isa, layout, query, &codes, &mut found).unwrap();
                assert_eq!(bits(&scores(isa, layout, query, &codes)), bits(&found));
                let list = allow_list(&mut rng, count, 50);
                let (mut slots, mut of_hits) = (vec![0u32; 400], vec![0f32; 400]);
                let out = TopKOutput { slots: &mut slots, scores: &mut of_hits };
                parallel::klt_top_k(team, isa, layout, &queries, &codes, 10, Some(&list), out).unwrap();
                let expected = search(isa, layout, &queries, &codes, 10, Some(&list));
                assert_eq!(expected, slots.into_iter().zip(of_hits.into_iter().map(f32::to_bits)).collect::<Vec<_>>());
            }
        }
    }
}

#[test]
fn what_does_not_fit_is_refused() {
    let mut rng = Rng(56);
    let parts = Parts::new(&mut rng, 10, vec![1, 2, 2, 4, 7]);
    let layout = parts.layout(Metric::L2, FULL);
    for &isa in Isa::available() {
        let code = |layout: KltLayout| klt_encode(isa, layout, &[0.5; 20], &mut [0; 14]).map_err(|fault| fault.code);
        assert_eq!(code(layout), Ok(()));
        for bits in [&[1, 2, 2, 1, 10], &[0, 2, 2, 5, 7], &[1, 2, 2, 3, 8], &[2, 1, 2, 4, 7]] {
            assert_eq!(code(KltLayout { bits, ..layout }), Err("INVALID_ARGUMENT"));
        }
        assert_eq!(code(KltLayout { bits: &[], ..layout }), Err("INVALID_ARGUMENT"));
        assert_eq!(code(KltLayout { bits: &[1, 2, 2, 4], ..layout }), Err("LENGTH_MISMATCH"));
        for dim in [0, 65_537, usize::MAX] {
            assert_eq!(code(KltLayout { dim, ..layout }), Err("DIM_UNSUPPORTED"));
        }
        let short = |floats: &[f32]| -> Vec<f32> { floats[1..].to_vec() };
        let [mean, columns, table] = [layout.mean, layout.columns, layout.table].map(short);
        let [forward, back, step, twice] = [layout.forward, layout.back, layout.step, layout.twice].map(short);
        for wrong in [
            KltLayout { code_bytes: 3, ..layout },
            KltLayout { mean: &mean, ..layout },
            KltLayout { columns: &columns, ..layout },
            KltLayout { forward: &forward, ..layout },
            KltLayout { back: &back, ..layout },
            KltLayout { step: &step, ..layout },
            KltLayout { twice: &twice, ..layout },
            KltLayout { table: &table, ..layout },
        ] {
            assert_eq!(code(wrong), Err("LENGTH_MISMATCH"));
        }
        let mut out = [7f32; 20];
        assert!(klt_decode(isa, layout, &[1; 15], &mut out).is_err());
        assert!(klt_decode(isa, layout, &[1; 14], &mut out[1..]).is_err());
        assert!(klt_queries(isa, layout, &[1.0; 20], &mut out[..15]).is_err());
        assert!(klt_scores(isa, layout, &[0.0; 7], &[1; 14], &mut out[..2]).is_err());
        assert!(klt_scores(isa, layout, &[0.0; 8], &[1; 14], &mut out[..3]).is_err());
        assert_eq!(out, [7.0; 20]);
        let (mut slots, mut scores) = ([9u32; 4], [9f32; 4]);
        let mut find = |floats: usize, k: usize, allow: Option<&[u32]>| {
            let out = TopKOutput { slots: &mut slots, scores: &mut scores };
            klt_top_k(isa, layout, &vec![0.0; floats], &[0; 14], k, allow, out).map_err(|fault| fault.code)
        };
        assert_eq!(find(8, 0, None), Err("INVALID_ARGUMENT"));
        assert_eq!(find(8, 3, None), Err("INVALID_ARGUMENT"));
        assert_eq!(find(7, 2, None), Err("LENGTH_MISMATCH"));
        assert_eq!(find(8, 1, None), Err("LENGTH_MISMATCH"));
        assert_eq!(find(8, 1, Some(&[0, 0])), Err("LENGTH_MISMATCH"));
        assert_eq!(find(0, 1, None), Ok(()));
        assert_eq!((slots, scores), ([9; 4], [9.0; 4]));
    }
}
