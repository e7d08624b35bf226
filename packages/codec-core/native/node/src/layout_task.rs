//! Tasks of codecs whose rows share a layout: what they check and keep is the same, whichever layout it is.

use napi::bindgen_prelude::{AsyncTask, Float32Array, Uint8Array, Uint32Array};
use pith_kernels::parallel::{self, Team};
use pith_kernels::{self as kernels, Isa, TopKOutput};

use crate::task::{Job, KernelTask, Lent, task};
use crate::{finite_outcome, isa, outcome, overlap, pages, shared, size};

/// A layout that a task keeps.
pub(crate) trait LentLayout: Send + 'static {
    /// What kernels take.
    type Layout<'a>;

    fn get(&self) -> Self::Layout<'_>;

    /// Whether an output shares memory with it.
    fn reached<T>(&self, out: &[T]) -> bool;
}

type Done = Result<(), kernels::Fault>;

/// Looks for what isn't finite, too: JavaScript would have to wait for that.
pub(crate) fn encode<L: LentLayout>(
    job: &Job,
    threads: u32,
    at: u32,
    layout: L,
    (data, out): (Float32Array, Uint8Array),
    kernel: impl Fn(Team, Isa, L::Layout<'_>, &[f32], &mut [u8]) -> Done + Send + 'static,
) -> AsyncTask<KernelTask> {
    let (data, out) = (Lent::new(data), Lent::new(out));
    task(job, threads, move |team| {
        if overlap(data.get(), out.get()) || layout.reached(out.get()) {
            return Some(shared());
        }
        let fault = finite_outcome(parallel::first_non_finite(team, isa(at), data.get()));
        if fault.is_some() {
            return fault;
        }
        // SAFETY: checked, and the output is the task's own.
        let out = unsafe { out.get_mut() };
        pages::fresh(out);
        outcome(kernel(team, isa(at), layout.get(), data.get(), out))
    })
}

pub(crate) fn decode<L: LentLayout>(
    job: &Job,
    threads: u32,
    at: u32,
    layout: L,
    (codes, out): (Uint8Array, Float32Array),
    kernel: impl Fn(Team, Isa, L::Layout<'_>, &[u8], &mut [f32]) -> Done + Send + 'static,
) -> AsyncTask<KernelTask> {
    let (codes, out) = (Lent::new(codes), Lent::new(out));
    task(job, threads, move |team| {
        if overlap(codes.get(), out.get()) || layout.reached(out.get()) {
            return Some(shared());
        }
        // SAFETY: checked, and the output is the task's own.
        outcome(kernel(team, isa(at), layout.get(), codes.get(), unsafe { out.get_mut() }))
    })
}

/// What a search reads, and writes.
pub(crate) struct Search {
    pub queries: Float32Array,
    pub codes: Uint8Array,
    pub k: f64,
    pub allow: Option<Uint32Array>,
    pub slots: Uint32Array,
    pub scores: Float32Array,
}

pub(crate) fn top_k<L: LentLayout>(
    job: &Job,
    threads: u32,
    at: u32,
    layout: L,
    Search { queries, codes, k, allow, slots, scores }: Search,
    kernel: impl Fn(Team, Isa, L::Layout<'_>, &[f32], &[u8], usize, Option<&[u32]>, TopKOutput) -> Done + Send + 'static,
) -> AsyncTask<KernelTask> {
    let (queries, codes, allow) = (Lent::new(queries), Lent::new(codes), allow.map(Lent::new));
    let (slots, scores) = (Lent::new(slots), Lent::new(scores));
    task(job, threads, move |team| {
        let list = allow.as_ref().map(Lent::get);
        let input = |out: &[u32]| {
            overlap(out, queries.get())
                || overlap(out, codes.get())
                || overlap(out, list.unwrap_or(&[]))
                || layout.reached(out)
        };
        let (of_slots, of_scores) = (slots.get(), scores.get());
        // SAFETY: floats and integers of four bytes, to compare places in memory alone.
        let as_words = unsafe { std::slice::from_raw_parts(of_scores.as_ptr().cast(), of_scores.len()) };
        if input(of_slots) || input(as_words) || overlap(of_slots, of_scores) {
            return Some(shared());
        }
        // SAFETY: checked, and the outputs are the task's own.
        let out = unsafe { TopKOutput { slots: slots.get_mut(), scores: scores.get_mut() } };
        outcome(kernel(team, isa(at), layout.get(), queries.get(), codes.get(), size(k), list, out))
    })
}
