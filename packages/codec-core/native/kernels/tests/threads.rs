//! Work on several threads gives the bytes, the scores and the hits of one; it can be stopped, and it counts rows.
mod common;

use std::time::Duration;

use common::{Rng, allow_list, allowed_count, bits, rows};
use pith_kernels::parallel::{self, Control, Team};
use pith_kernels::{
    FloatRows, Isa, Metric, TopKOutput, float_scores, float_top_k, int8_decode, int8_encode, int8_scores, int8_top_k,
    to_float16,
};

const METRICS: [Metric; 3] = [Metric::Cosine, Metric::Dot, Metric::L2];
const DIMS: [usize; 4] = [1, 16, 33, 100];
const COUNTS: [usize; 7] = [0, 1, 32, 33, 64, 95, 300];

fn team(threads: usize, block: usize, control: Option<&Control>) -> Team<'_> {
    Team { threads, control, block }
}

/// Threads, and rows in a block.
fn teams() -> impl Iterator<Item = (usize, usize)> {
    [1, 2, 3, 7].into_iter().flat_map(|threads| [1, 96].map(move |block| (threads, block)))
}

#[test]
fn encoding_decoding_and_scoring_of_all_shapes() {
    let mut rng = Rng(30);
    for dim in DIMS {
        for count in COUNTS {
            let data = rows(&mut rng, count, dim);
            let query = rng.normals(dim);
            let mut half = vec![0u16; data.len()];
            to_float16(Isa::SCALAR, &data, &mut half).unwrap();
            for &isa in Isa::available() {
                let metric = METRICS[(dim + count) % 3];
                let mut codes = vec![0u8; count * (dim + 4)];
                let (mut floats, mut scores) = (vec![0f32; data.len()], [(); 3].map(|()| vec![0f32; count]));
                int8_encode(isa, &data, dim, count % 2 == 0, &mut codes).unwrap();
                int8_decode(isa, &codes, dim, &mut floats).unwrap();
                int8_scores(isa, metric, &query, &codes, dim, &mut scores[0]).unwrap();
                float_scores(isa, metric, &query, FloatRows::F32(&data), dim, &mut scores[1]).unwrap();
                float_scores(isa, metric, &query, FloatRows::F16(&half), dim, &mut scores[2]).unwrap();
                for (threads, block) in teams() {
                    let control = Control::default();
                    let team = team(threads, block, (threads + block).is_multiple_of(2).then_some(&control));
                    let what = format!("{} {metric:?} dim {dim} count {count}, {threads} of {block}", isa.name());
                    let mut again = vec![0u8; codes.len()];
                    parallel::int8_encode(team, isa, &data, dim, count % 2 == 0, &mut again).unwrap();
                    assert_eq!(codes, again, "codes, {what}");
                    let mut again = vec![0f32; data.len()];
                    parallel::int8_decode(team, isa, &codes, dim, &mut again).unwrap();
                    assert_eq!(bits(&floats), bits(&again), "floats, {what}");
                    let mut again = [(); 3].map(|()| vec![0f32; count]);
                    parallel::int8_scores(team, isa, metric, &query, &codes, dim, &mut again[0]).unwrap();
                    let (f32s, f16s) = (FloatRows::F32(&data), FloatRows::F16(&half));
                    parallel::float_scores(team, isa, metric, &query, f32s, dim, &mut again[1]).unwrap();
                    parallel::float_scores(team, isa, metric, &query, f16s, dim, &mut again[2]).unwrap();
                    for (scores, again) in scores.iter().zip(&again) {
                        assert_eq!(bits(scores), bits(again), "scores, {what}");
                    }
                    if team.control.is_some() {
                        assert_eq!(control.done(), 5 * count as u64, "rows, {what}");
                    }
                }
            }
        }
    }
}

#[test]
fn searches_of_all_shapes() {
    let mut rng = Rng(31);
    for dim in DIMS {
        for count in COUNTS.into_iter().filter(|&count| count > 0) {
            let mut data = rows(&mut rng, count, dim);
            if count > 60 {
                // Ties across blocks.
                data.copy_within(0..20 * dim, (count - 20) * dim);
            }
            let metric = METRICS[(dim + count) % 3];
            let queries = rng.normals(dim * [1, 3, 40, 70][(dim + count) % 4]);
            let mut codes = vec![0u8; count * (dim + 4)];
            int8_encode(Isa::SCALAR, &data, dim, false, &mut codes).unwrap();
            for percent in [100, 50, 3] {
                let list = (percent < 100).then(|| allow_list(&mut rng, count, percent));
                let allow = list.as_deref();
                let found = list.as_ref().map_or(count, |words| allowed_count(words, count));
                for k in [1, 10, found].into_iter().filter(|&k| k > 0 && k <= found) {
                    for &isa in Isa::available() {
                        let f32s = FloatRows::F32(&data);
                        let ints =
                            hits(&queries, dim, k, |out| int8_top_k(isa, metric, &queries, &codes, dim, k, allow, out));
                        let floats =
                            hits(&queries, dim, k, |out| float_top_k(isa, metric, &queries, f32s, dim, k, allow, out));
                        for (threads, block) in teams() {
                            let team = team(threads, block, None);
                            let what = format!(
                                "{} {metric:?} dim {dim} count {count} k {k} percent {percent}, {threads} of {block}",
                                isa.name()
                            );
                            let again = hits(&queries, dim, k, |out| {
                                parallel::int8_top_k(team, isa, metric, &queries, &codes, dim, k, allow, out)
                            });
                            assert_eq!(ints, again, "int8, {what}");
                            let again = hits(&queries, dim, k, |out| {
                                parallel::float_top_k(team, isa, metric, &queries, f32s, dim, k, allow, out)
                            });
                            assert_eq!(floats, again, "floats, {what}");
                        }
                    }
                }
            }
        }
    }
}

fn hits(
    queries: &[f32],
    dim: usize,
    k: usize,
    search: impl FnOnce(TopKOutput) -> Result<(), pith_kernels::Fault>,
) -> Vec<(u32, u32)> {
    let n = queries.len() / dim * k;
    let (mut slots, mut scores) = (vec![0u32; n], vec![0f32; n]);
    search(TopKOutput { slots: &mut slots, scores: &mut scores }).unwrap();
    slots.into_iter().zip(scores.into_iter().map(f32::to_bits)).collect()
}

/// Large enough for blocks of the usual size.
#[test]
fn blocks_of_the_usual_size() {
    let mut rng = Rng(32);
    let (dim, count) = (24, 60_000);
    let data = rng.normals(count * dim);
    let mut codes = vec![0u8; count * (dim + 4)];
    let isa = *Isa::available().last().unwrap();
    int8_encode(isa, &data, dim, true, &mut codes).unwrap();
    for (n, k) in [(1, 10), (1, 3000), (100, 7), (600, 3)] {
        let queries = rng.normals(n * dim);
        let one = hits(&queries, dim, k, |out| int8_top_k(isa, Metric::Dot, &queries, &codes, dim, k, None, out));
        for threads in [1, 2, 5] {
            let control = Control::default();
            let team = team(threads, 0, Some(&control));
            let many = hits(&queries, dim, k, |out| {
                parallel::int8_top_k(team, isa, Metric::Dot, &queries, &codes, dim, k, None, out)
            });
            assert_eq!(one, many, "{n} queries, k {k}, {threads} threads");
            assert_eq!(control.done(), (n * count) as u64);
        }
    }
}

#[test]
fn a_search_is_stopped_before_its_end() {
    let (dim, count, n) = (256, 40_000, 2000);
    let mut rng = Rng(33);
    let queries = rng.normals(n * dim);
    let mut codes = vec![1u8; count * (dim + 4)];
    codes.chunks_mut(dim + 4).for_each(|row| row[dim..].copy_from_slice(&1f32.to_le_bytes()));
    let isa = *Isa::available().last().unwrap();
    let control = Control::default();
    let (mut slots, mut scores) = (vec![0u32; n], vec![0f32; n]);
    std::thread::scope(|scope| {
        let search = scope.spawn(|| {
            let out = TopKOutput { slots: &mut slots, scores: &mut scores };
            let team = team(2, 0, Some(&control));
            let result = parallel::int8_top_k(team, isa, Metric::Dot, &queries, &codes, dim, 1, None, out);
            result
        });
        while control.done() == 0 {
            std::thread::sleep(Duration::from_millis(1));
        }
        control.stop();
        assert_eq!(search.join().unwrap().unwrap_err().code, "ABORTED");
    });
    assert!(control.done() < (n * count) as u64);
    assert_eq!((slots, scores), (vec![0; n], vec![0.0; n]), "nothing was written");
}

#[test]
fn faults_come_back_and_nothing_is_written() {
    let (mut slots, mut scores) = ([9u32; 4], [9f32; 4]);
    let mut search = |k: usize, allow: Option<&[u32]>, queries: usize| {
        let out = TopKOutput { slots: &mut slots, scores: &mut scores };
        let queries = vec![0.0; queries];
        parallel::int8_top_k(team(3, 1, None), Isa::SCALAR, Metric::Dot, &queries, &[0; 24], 4, k, allow, out)
            .map_err(|fault| fault.code)
    };
    assert_eq!(search(0, None, 8), Err("INVALID_ARGUMENT"));
    assert_eq!(search(4, None, 8), Err("INVALID_ARGUMENT"));
    assert_eq!(search(2, Some(&[]), 8), Err("LENGTH_MISMATCH"));
    assert_eq!(search(2, Some(&[1]), 8), Err("INVALID_ARGUMENT"));
    assert_eq!(search(2, None, 7), Err("LENGTH_MISMATCH"));
    assert_eq!((slots, scores), ([9; 4], [9.0; 4]));
    let encode = |out: &mut [u8]| parallel::int8_encode(team(3, 1, None), Isa::SCALAR, &[0.0; 9], 3, false, out);
    assert_eq!(encode(&mut [0; 20]).unwrap_err().code, "LENGTH_MISMATCH");
    let decode = |out: &mut [f32]| parallel::int8_decode(team(3, 1, None), Isa::SCALAR, &[0; 13], 3, out);
    assert_eq!(decode(&mut [0.0; 6]).unwrap_err().code, "LENGTH_MISMATCH");
}

#[test]
fn the_first_number_that_is_not_finite() {
    let mut data = Rng(34).normals(1000);
    data[999] = 1.0;
    let (mut whole, mut codes) = (vec![0; 1800], vec![0; 1800]);
    int8_encode(Isa::SCALAR, &data, 5, false, &mut whole).unwrap();
    for isa in Isa::available().iter().copied() {
        for (threads, block) in teams() {
            let team = team(threads, block, None);
            assert_eq!(parallel::first_non_finite(team, isa, &data), Ok(None));
            assert_eq!(parallel::int8_encode_finite(team, isa, &data, 5, false, &mut codes), Ok(None));
            assert_eq!(codes, whole);
            for at in [0, 95, 96, 999] {
                let before = std::mem::replace(&mut data[at], f32::NAN);
                data[999] = f32::INFINITY;
                assert_eq!(parallel::first_non_finite(team, isa, &data), Ok(Some(at)));
                assert_eq!(parallel::int8_encode_finite(team, isa, &data, 5, false, &mut codes), Ok(Some(at)));
                data[999] = 1.0;
                data[at] = before;
            }
        }
    }
}
