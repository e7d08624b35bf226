//! Kernels off the event loop: on a thread of libuv's pool, which takes others to help.
//!
//! A task reads and writes memory of JavaScript while JavaScript runs. What keeps that sound is the caller's part, in
//! `src/kernels/native-async.ts`: every array that comes here either lies in shared memory, which is never detached
//! nor made smaller, or is one that nobody else holds. Mapped files are held here (`mapping`), for as long as the task
//! needs them. The arrays themselves are kept by references that the task owns, dropped on JavaScript's thread.

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Arc;

use napi::bindgen_prelude::{AsyncTask, Float32Array, Uint8Array, Uint16Array, Uint32Array};
use napi::{Env, Error, Result, Status, Task};
use napi_derive::napi;
use pith_kernels::parallel::{self, Control, Team};
use pith_kernels::{FloatRows, TopKOutput};

use crate::mapping::{Mapping, holding};
use crate::{Fault, finite_outcome, isa, metric, outcome, overlap, pages, shared, size};

/// Stops a task, and says how far it is.
#[napi]
#[derive(Default)]
pub struct Job {
    control: Arc<Control>,
}

#[napi]
impl Job {
    #[napi(constructor)]
    pub fn new() -> Job {
        Job::default()
    }

    /// The task ends as ABORTED after the block that it is at, and before its first one.
    #[napi]
    pub fn stop(&self) {
        self.control.stop();
    }

    /// Rows done; in a search rows times queries.
    #[napi]
    pub fn done(&self) -> f64 {
        self.control.done() as f64
    }
}

/// An array of JavaScript, and what keeps its memory.
pub(crate) struct Lent<A, T> {
    _array: A,
    _mapping: Option<Arc<Mapping>>,
    at: *mut T,
    length: usize,
}

// SAFETY: memory that stays where it is while the task lives (see above); the reference goes back to its own thread.
unsafe impl<A, T> Send for Lent<A, T> {}
unsafe impl<A, T> Sync for Lent<A, T> {}

impl<A: AsRef<[T]>, T> Lent<A, T> {
    pub(crate) fn new(array: A) -> Lent<A, T> {
        let slice = array.as_ref();
        let (at, length) = (slice.as_ptr().cast_mut(), slice.len());
        Lent { _mapping: holding(at.cast(), size_of_val(slice)), at, length, _array: array }
    }

    pub(crate) fn get(&self) -> &[T] {
        // An empty array of JavaScript may have no address.
        if self.length == 0 {
            return &[];
        }
        // SAFETY: as for Send.
        unsafe { std::slice::from_raw_parts(self.at, self.length) }
    }

    /// # Safety
    /// Once in a task, and where nothing else reaches this memory.
    #[allow(clippy::mut_from_ref)]
    pub(crate) unsafe fn get_mut(&self) -> &mut [T] {
        if self.length == 0 {
            return &mut [];
        }
        unsafe { std::slice::from_raw_parts_mut(self.at, self.length) }
    }
}

type Work = Box<dyn Fn() -> Option<Fault> + Send>;

/// Borrowed by `compute`, so that its arrays are dropped with the task, on JavaScript's thread.
pub struct KernelTask(Work);

impl Task for KernelTask {
    type Output = Option<Fault>;
    type JsValue = Option<Fault>;

    fn compute(&mut self) -> Result<Option<Fault>> {
        // A panic must not reach the pool's thread: it would end the process.
        catch_unwind(AssertUnwindSafe(|| (self.0)())).map_err(|panic| {
            let text = panic.downcast_ref::<&str>().map(|text| (*text).into());
            let text = text.or_else(|| panic.downcast_ref::<String>().cloned());
            Error::new(Status::GenericFailure, text.unwrap_or_else(|| "a panic without a message".into()))
        })
    }

    fn resolve(&mut self, _: Env, fault: Option<Fault>) -> Result<Option<Fault>> {
        Ok(fault)
    }
}

pub(crate) fn task(
    job: &Job,
    threads: u32,
    work: impl Fn(Team) -> Option<Fault> + Send + 'static,
) -> AsyncTask<KernelTask> {
    let control = Arc::clone(&job.control);
    AsyncTask::new(KernelTask(Box::new(move || {
        work(Team { threads: threads as usize, control: Some(&control), block: 0 })
    })))
}

/// Looks for what isn't finite, too: JavaScript would have to wait for that.
#[napi(catch_unwind, js_name = "int8EncodeAsync", ts_return_type = "Promise<Fault | null>")]
pub fn int8_encode_async(
    job: &Job,
    threads: u32,
    at: u32,
    data: Float32Array,
    dim: f64,
    unit: bool,
    out: Uint8Array,
) -> AsyncTask<KernelTask> {
    let (data, out) = (Lent::new(data), Lent::new(out));
    task(job, threads, move |team| {
        if overlap(data.get(), out.get()) {
            return Some(shared());
        }
        // SAFETY: checked, and the output is the task's own.
        let out = unsafe { out.get_mut() };
        pages::fresh(out);
        finite_outcome(parallel::int8_encode_finite(team, isa(at), data.get(), size(dim), unit, out))
    })
}

#[napi(catch_unwind, js_name = "int8DecodeAsync", ts_return_type = "Promise<Fault | null>")]
pub fn int8_decode_async(
    job: &Job,
    threads: u32,
    at: u32,
    codes: Uint8Array,
    dim: f64,
    out: Float32Array,
) -> AsyncTask<KernelTask> {
    let (codes, out) = (Lent::new(codes), Lent::new(out));
    task(job, threads, move |team| {
        if overlap(codes.get(), out.get()) {
            return Some(shared());
        }
        // SAFETY: checked, and the output is the task's own.
        let out = unsafe { out.get_mut() };
        pages::fresh(out);
        outcome(parallel::int8_decode(team, isa(at), codes.get(), size(dim), out))
    })
}

macro_rules! top_k_async {
    ($name:ident, $js_name:literal, $rows:ident, $kernel:path, $as_rows:expr) => {
        #[napi(catch_unwind, js_name = $js_name, ts_return_type = "Promise<Fault | null>")]
        #[allow(clippy::too_many_arguments)]
        pub fn $name(
            job: &Job,
            threads: u32,
            at: u32,
            by: u32,
            queries: Float32Array,
            rows: $rows,
            dim: f64,
            k: f64,
            allow: Option<Uint32Array>,
            slots: Uint32Array,
            scores: Float32Array,
        ) -> AsyncTask<KernelTask> {
            let (queries, rows, allow) = (Lent::new(queries), Lent::new(rows), allow.map(Lent::new));
            let (slots, scores) = (Lent::new(slots), Lent::new(scores));
            task(job, threads, move |team| {
                let list = allow.as_ref().map(Lent::get);
                let reached = |out: &[u32]| {
                    overlap(out, queries.get()) || overlap(out, rows.get()) || overlap(out, list.unwrap_or(&[]))
                };
                let (of_slots, of_scores) = (slots.get(), scores.get());
                // SAFETY: floats and integers of four bytes, to compare places in memory alone.
                let as_words = unsafe { std::slice::from_raw_parts(of_scores.as_ptr().cast(), of_scores.len()) };
                if reached(of_slots) || reached(as_words) || overlap(of_slots, of_scores) {
                    return Some(shared());
                }
                // SAFETY: checked, and the outputs are the task's own.
                let out = unsafe { TopKOutput { slots: slots.get_mut(), scores: scores.get_mut() } };
                let (size, k) = (size(dim), size(k));
                outcome($kernel(team, isa(at), metric(by), queries.get(), $as_rows(rows.get()), size, k, list, out))
            })
        }
    };
}

top_k_async!(int8_top_k_async, "int8TopKAsync", Uint8Array, parallel::int8_top_k, std::convert::identity);
top_k_async!(float_top_k_async, "floatTopKAsync", Float32Array, parallel::float_top_k, FloatRows::F32);
top_k_async!(half_top_k_async, "halfTopKAsync", Uint16Array, parallel::float_top_k, FloatRows::F16);
