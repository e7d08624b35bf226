//! Kernels on several threads, with a way to stop them and to see how far they are.
//!
//! Rows are cut into blocks, for many queries the queries too, and threads take the next piece when they are done
//! with one: a core that is busy with something else holds nobody up. A row's code, its decoded floats and its scores
//! depend on that row alone, and the k best of all rows are among the k best of each block, so that the bytes, the
//! hits and their ties are those of one thread.
//!
//! Threads are made for each call and joined before it returns (`std::thread::scope`): 20 to 60 us each, which
//! [`Team`] spends only on work that takes several times as long. There is no pool to size, to keep or to shut down.

mod algebra;
mod dft;
mod layouts;

use std::any::Any;
use std::panic::resume_unwind;
use std::sync::atomic::{AtomicBool, AtomicU64, AtomicUsize, Ordering::Relaxed};
use std::sync::{Mutex, MutexGuard, PoisonError};

use crate::allowed::Allowed;
use crate::fault::{Fault, expect, expect_dim, row_count};
use crate::finite;
use crate::float_scan::{self, FloatRows, Metric};
use crate::int8::{self, CodeRows, SCALE_BYTES};
use crate::isa::Isa;
use crate::topk::TopKOutput;

pub use algebra::*;
pub use dft::*;
pub use layouts::*;

/// Stops a call from another thread, and counts the rows that it has done.
#[derive(Debug, Default)]
pub struct Control {
    stop: AtomicBool,
    done: AtomicU64,
}

impl Control {
    /// Work stops after the block that it is at: a few milliseconds.
    pub fn stop(&self) {
        self.stop.store(true, Relaxed);
    }

    /// Rows done so far; in a search rows times queries.
    pub fn done(&self) -> u64 {
        self.done.load(Relaxed)
    }
}

/// Who does the work.
#[derive(Clone, Copy, Default)]
pub struct Team<'a> {
    /// Threads, that of the caller among them; 0 counts as 1.
    pub threads: usize,
    pub control: Option<&'a Control>,
    /// Rows in a block, in searches rounded up to 32; 0 leaves blocks and the number of threads to the size of the work.
    pub block: usize,
}

/// Products of two numbers below which a thread more costs more than it brings.
const LEAST_WORK: usize = 1 << 20;

/// Products in a block: 2 to 3 ms with AVX-512.
const BLOCK_WORK: usize = 1 << 29;

/// One query reads memory at the speed at which this many queries compute.
const MEMORY_BOUND: usize = 16;

/// Queries that share a pass over the rows.
const MOST_QUERIES: usize = 256;

/// Rows of a block, at least: each block prepares its queries anew and begins without a threshold.
const LEAST_ROWS: usize = 512;

/// Floats in a block of encoding, decoding or scoring.
const BLOCK_FLOATS: usize = 1 << 20;

impl Team<'_> {
    fn threads_for(&self, work: usize) -> usize {
        if self.block > 0 { self.threads.max(1) } else { self.threads.min(work / LEAST_WORK).max(1) }
    }

    /// Does `work` for every piece. The first fault ends it, as does the control's stop.
    fn each<T: Send>(
        &self,
        threads: usize,
        pieces: impl Iterator<Item = T> + Send,
        work: impl Fn(T) -> Result<u64, Fault> + Sync,
    ) -> Result<(), Fault> {
        let pieces = Mutex::new(pieces);
        let fault = Mutex::new(None);
        let run = || {
            loop {
                if lock(&fault).is_some() {
                    return;
                }
                if self.control.is_some_and(|control| control.stop.load(Relaxed)) {
                    *lock(&fault) = Some(Fault { code: "ABORTED", what: "rows", expected: 0, actual: 0 });
                    return;
                }
                let Some(piece) = lock(&pieces).next() else { return };
                match work(piece) {
                    Ok(rows) => self.control.iter().for_each(|control| {
                        control.done.fetch_add(rows, Relaxed);
                    }),
                    Err(found) => *lock(&fault) = Some(found),
                }
            }
        };
        let panic: Option<Box<dyn Any + Send>> = std::thread::scope(|scope| {
            // A system that gives no more threads gives fewer: the rest do the work.
            let others: Vec<_> =
                (1..threads).filter_map(|_| std::thread::Builder::new().spawn_scoped(scope, run).ok()).collect();
            run();
            others.into_iter().filter_map(|other| other.join().err()).last()
        });
        if let Some(panic) = panic {
            resume_unwind(panic);
        }
        fault.into_inner().unwrap_or_else(PoisonError::into_inner).map_or(Ok(()), Err)
    }

    /// As `each`, over blocks of rows that are read here and written there.
    fn rows<A: Sync, B: Send>(
        &self,
        (data, width): (&[A], usize),
        (out, out_width): (&mut [B], usize),
        work: impl Fn(&[A], &mut [B]) -> Result<(), Fault> + Sync,
    ) -> Result<(), Fault> {
        let elements = data.len().max(out.len());
        let threads = self.threads_for(elements * 4);
        if threads == 1 && self.control.is_none() {
            return work(data, out);
        }
        let block = if self.block > 0 { self.block } else { (BLOCK_FLOATS / width.max(out_width)).max(1) };
        let pieces = data.chunks(block * width).zip(out.chunks_mut(block * out_width));
        self.each(threads, pieces, |(data, out)| work(data, out).map(|()| (data.len() / width) as u64))
    }
}

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    // What a panic left behind is never read: the panic goes on to the caller.
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

/// [`crate::first_non_finite`] by a team; counts no rows. Only the control's stop is a fault.
pub fn first_non_finite(team: Team, isa: Isa, data: &[f32]) -> Result<Option<usize>, Fault> {
    let first = AtomicUsize::new(usize::MAX);
    let block = if team.block > 0 { team.block } else { BLOCK_FLOATS };
    team.each(team.threads_for(data.len() * 4), data.chunks(block).enumerate(), |(i, part)| {
        if i * block < first.load(Relaxed)
            && let Some(at) = finite::first_non_finite(isa, part)
        {
            first.fetch_min(i * block + at, Relaxed);
        }
        Ok(0)
    })?;
    let first = first.into_inner();
    Ok((first != usize::MAX).then_some(first))
}

/// [`crate::int8_encode`] by a team.
pub fn int8_encode(team: Team, isa: Isa, data: &[f32], dim: usize, unit: bool, out: &mut [u8]) -> Result<(), Fault> {
    expect_dim(dim)?;
    let rows = row_count("floats", data.len(), dim)?;
    expect("bytes of codes", rows * (dim + SCALE_BYTES), out.len())?;
    team.rows((data, dim), (out, dim + SCALE_BYTES), |data, out| int8::int8_encode(isa, data, dim, unit, out))
}

/// [`crate::int8_encode_finite`] by a team: the place of the first number that isn't, in one pass if all are.
pub fn int8_encode_finite(
    team: Team,
    isa: Isa,
    data: &[f32],
    dim: usize,
    unit: bool,
    out: &mut [u8],
) -> Result<Option<usize>, Fault> {
    expect_dim(dim)?;
    let rows = row_count("floats", data.len(), dim)?;
    expect("bytes of codes", rows * (dim + SCALE_BYTES), out.len())?;
    let finite = AtomicBool::new(true);
    team.rows((data, dim), (out, dim + SCALE_BYTES), |data, out| {
        finite.fetch_and(int8::int8_encode_finite(isa, data, dim, unit, out)?, Relaxed);
        Ok(())
    })?;
    if finite.into_inner() { Ok(None) } else { first_non_finite(team, isa, data) }
}

/// [`crate::int8_decode`] by a team.
pub fn int8_decode(team: Team, isa: Isa, codes: &[u8], dim: usize, out: &mut [f32]) -> Result<(), Fault> {
    let rows = CodeRows::new(codes, dim)?;
    expect("floats", rows.count() * dim, out.len())?;
    team.rows((codes, dim + SCALE_BYTES), (out, dim), |codes, out| int8::int8_decode(isa, codes, dim, out))
}

/// [`crate::int8_scores`] by a team.
pub fn int8_scores(
    team: Team,
    isa: Isa,
    metric: Metric,
    query: &[f32],
    codes: &[u8],
    dim: usize,
    out: &mut [f32],
) -> Result<(), Fault> {
    let rows = CodeRows::new(codes, dim)?;
    expect("floats of the query", dim, query.len())?;
    expect("scores", rows.count(), out.len())?;
    team.rows((codes, dim + SCALE_BYTES), (out, 1), |codes, out| int8::int8_scores(isa, metric, query, codes, dim, out))
}

/// [`crate::float_scores`] by a team.
pub fn float_scores(
    team: Team,
    isa: Isa,
    metric: Metric,
    query: &[f32],
    rows: FloatRows,
    dim: usize,
    out: &mut [f32],
) -> Result<(), Fault> {
    expect_dim(dim)?;
    expect("floats of the query", dim, query.len())?;
    expect("scores", row_count("floats of the rows", rows.len(), dim)?, out.len())?;
    match rows {
        FloatRows::F32(data) => team.rows((data, dim), (out, 1), |data, out| {
            float_scan::float_scores(isa, metric, query, FloatRows::F32(data), dim, out)
        }),
        FloatRows::F16(data) => team.rows((data, dim), (out, 1), |data, out| {
            float_scan::float_scores(isa, metric, query, FloatRows::F16(data), dim, out)
        }),
    }
}

/// [`crate::int8_top_k`] by a team.
#[allow(clippy::too_many_arguments)]
pub fn int8_top_k(
    team: Team,
    isa: Isa,
    metric: Metric,
    queries: &[f32],
    codes: &[u8],
    dim: usize,
    k: usize,
    allow: Option<&[u32]>,
    out: TopKOutput,
) -> Result<(), Fault> {
    let rows = CodeRows::new(codes, dim)?.count();
    let stride = dim + SCALE_BYTES;
    Search { team, isa, queries, floats: dim, rows, dim, k, allow }.run(out, |queries, from, to, allow, k, out| {
        int8::int8_top_k(isa, metric, queries, &codes[from * stride..to * stride], dim, k, allow, out)
    })
}

/// [`crate::float_top_k`] by a team.
#[allow(clippy::too_many_arguments)]
pub fn float_top_k(
    team: Team,
    isa: Isa,
    metric: Metric,
    queries: &[f32],
    rows: FloatRows,
    dim: usize,
    k: usize,
    allow: Option<&[u32]>,
    out: TopKOutput,
) -> Result<(), Fault> {
    expect_dim(dim)?;
    let count = row_count("floats of the rows", rows.len(), dim)?;
    Search { team, isa, queries, floats: dim, rows: count, dim, k, allow }.run(
        out,
        |queries, from, to, allow, k, out| {
            let part = match rows {
                FloatRows::F32(data) => FloatRows::F32(&data[from * dim..to * dim]),
                FloatRows::F16(data) => FloatRows::F16(&data[from * dim..to * dim]),
            };
            float_scan::float_top_k(isa, metric, queries, part, dim, k, allow, out)
        },
    )
}

#[derive(Clone, Copy)]
struct Search<'a> {
    team: Team<'a>,
    isa: Isa,
    queries: &'a [f32],
    /// Floats of a query.
    floats: usize,
    rows: usize,
    dim: usize,
    k: usize,
    allow: Option<&'a [u32]>,
}

/// A score and a slot.
type Hit = (f32, u32);

impl Search<'_> {
    /// `scan` finds the k best of rows `from` to `to` for some of the queries, slots counted from `from`.
    fn run(
        self,
        out: TopKOutput,
        scan: impl Fn(&[f32], usize, usize, Option<&[u32]>, usize, TopKOutput) -> Result<(), Fault> + Sync,
    ) -> Result<(), Fault> {
        let Search { team, queries, floats, rows, dim, k, allow, .. } = self;
        let count = row_count("floats of the queries", queries.len(), floats)?;
        let allowed = Allowed::new(rows, allow)?;
        let threads = team.threads_for(rows.saturating_mul(dim).saturating_mul(count));
        if count == 0 || (threads == 1 && team.control.is_none()) {
            return scan(queries, 0, rows, allow, k, out);
        }
        out.check(count, k, &allowed)?;
        let (width, block) = self.piece(count, threads);
        let best: Vec<Mutex<Vec<Vec<Hit>>>> =
            queries.chunks(width * floats).map(|part| Mutex::new(vec![Vec::new(); part.len() / floats])).collect();
        let pieces = (0..best.len()).flat_map(|group| (0..rows).step_by(block).map(move |from| (group, from)));
        team.each(threads, pieces, |(group, from)| {
            let to = rows.min(from + block);
            let part = &queries[group * width * floats..queries.len().min((group + 1) * width * floats)];
            let n = part.len() / floats;
            let allow = allow.map(|words| &words[from / 32..to.div_ceil(32)]);
            let k_here = k.min(Allowed::new(to - from, allow)?.count());
            if k_here > 0 {
                let (mut slots, mut scores) = (vec![0u32; n * k_here], vec![0f32; n * k_here]);
                let found = TopKOutput { slots: &mut slots, scores: &mut scores };
                scan(part, from, to, allow, k_here, found)?;
                let found = slots.chunks(k_here).zip(scores.chunks(k_here));
                for (best, (slots, scores)) in lock(&best[group]).iter_mut().zip(found) {
                    merge(best, slots.iter().map(|slot| slot + from as u32).zip(scores.iter().copied()), k);
                }
            }
            Ok((n * (to - from)) as u64)
        })?;
        let best = best.into_iter().flat_map(|group| group.into_inner().unwrap_or_else(PoisonError::into_inner));
        for (i, hits) in best.enumerate() {
            for (j, (score, slot)) in hits.into_iter().enumerate() {
                out.slots[i * k + j] = slot;
                out.scores[i * k + j] = score;
            }
        }
        Ok(())
    }

    /// Queries and rows of a piece.
    fn piece(&self, count: usize, threads: usize) -> (usize, usize) {
        // Whole registers of queries; shared out among the threads before rows are, for each group is prepared anew.
        let width = count.div_ceil(threads).next_multiple_of(32).min(MOST_QUERIES);
        if self.team.block > 0 {
            return (width, self.team.block.next_multiple_of(32));
        }
        let speed = if self.isa == Isa::SCALAR { 32 } else { 1 };
        let target = BLOCK_WORK / speed / (self.dim * width.min(count).max(MEMORY_BOUND));
        let even = if count.div_ceil(width) < threads { self.rows.div_ceil(3 * threads) } else { self.rows };
        let least = LEAST_ROWS.max(self.k.saturating_mul(16)).min(self.rows);
        (width, target.min(even).max(least).next_multiple_of(32))
    }
}

/// Merges hits into `best`, both best first, and keeps k.
fn merge(best: &mut Vec<Hit>, found: impl Iterator<Item = (u32, f32)>, k: usize) {
    let mut old = std::mem::take(best).into_iter().peekable();
    let mut new = found.map(|(slot, score)| (score, slot)).peekable();
    while best.len() < k {
        let from_old = match (old.peek(), new.peek()) {
            (Some(&a), Some(&b)) => a.0 > b.0 || (a.0 == b.0 && a.1 < b.1),
            (Some(_), None) => true,
            (None, Some(_)) => false,
            (None, None) => return,
        };
        best.extend(if from_old { old.next() } else { new.next() });
    }
}

#[cfg(test)]
mod tests {
    use std::panic::{AssertUnwindSafe, catch_unwind};

    use super::*;

    #[test]
    fn a_panic_in_any_thread_goes_on_to_the_caller() {
        let team = Team { threads: 3, control: None, block: 1 };
        for bad in 0..9 {
            let work = |piece| if piece == bad { panic!("a piece panicked") } else { Ok(1) };
            let panic = catch_unwind(AssertUnwindSafe(|| team.each(3, 0..9, work))).unwrap_err();
            assert_eq!(panic.downcast_ref(), Some(&"a piece panicked"));
        }
    }
}
