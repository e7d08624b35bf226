//! Rotated codes, at once and as tasks. A layout comes as its parts: metric, bits, dim, signs, mean, table.

use napi::bindgen_prelude::{
    AsyncTask, Float32Array, Float32ArraySlice, Uint8Array, Uint8ArraySlice, Uint32Array, Uint32ArraySlice,
};
use napi_derive::napi;
use pith_kernels::parallel;
use pith_kernels::{self as kernels, TopKOutput, TurboLayout};

use crate::layout_task::{self, LentLayout, Search};
use crate::task::{Job, KernelTask, Lent};
use crate::{Fault, isa, metric, outcome, overlap, pages, shared, size, team};

/// `bits`: 16 more for a trellis.
fn layout<'a>(by: u32, bits: u32, dim: f64, signs: &'a [u32], mean: &'a [f32], table: &'a [f32]) -> TurboLayout<'a> {
    TurboLayout {
        metric: metric(by),
        bits: (bits & 15) as usize,
        trellis: bits & 16 != 0,
        dim: size(dim),
        signs,
        mean,
        table,
    }
}

#[napi(catch_unwind)]
#[allow(clippy::too_many_arguments)]
pub fn turbo_encode(
    threads: u32,
    at: u32,
    by: u32,
    bits: u32,
    dim: f64,
    signs: &[u32],
    mean: &[f32],
    table: &[f32],
    data: &[f32],
    mut out: Uint8ArraySlice,
) -> Option<Fault> {
    let layout = layout(by, bits, dim, signs, mean, table);
    let out = apart!(out; data, signs, mean, table);
    pages::fresh(out);
    outcome(parallel::turbo_encode(team(threads), isa(at), layout, data, out))
}

#[napi(catch_unwind)]
#[allow(clippy::too_many_arguments)]
pub fn turbo_decode(
    threads: u32,
    at: u32,
    by: u32,
    bits: u32,
    dim: f64,
    signs: &[u32],
    mean: &[f32],
    table: &[f32],
    codes: &[u8],
    mut out: Float32ArraySlice,
) -> Option<Fault> {
    let layout = layout(by, bits, dim, signs, mean, table);
    outcome(parallel::turbo_decode(team(threads), isa(at), layout, codes, apart!(out; codes, signs, mean, table)))
}

#[napi(catch_unwind)]
#[allow(clippy::too_many_arguments)]
pub fn turbo_queries(
    at: u32,
    by: u32,
    bits: u32,
    dim: f64,
    signs: &[u32],
    mean: &[f32],
    table: &[f32],
    queries: &[f32],
    mut out: Float32ArraySlice,
) -> Option<Fault> {
    let layout = layout(by, bits, dim, signs, mean, table);
    outcome(kernels::turbo_queries(isa(at), layout, queries, apart!(out; queries, signs, mean, table)))
}

#[napi(catch_unwind)]
#[allow(clippy::too_many_arguments)]
pub fn turbo_scores(
    threads: u32,
    at: u32,
    by: u32,
    bits: u32,
    dim: f64,
    signs: &[u32],
    mean: &[f32],
    table: &[f32],
    query: &[f32],
    codes: &[u8],
    mut out: Float32ArraySlice,
) -> Option<Fault> {
    let layout = layout(by, bits, dim, signs, mean, table);
    let out = apart!(out; query, codes, signs, mean, table);
    outcome(parallel::turbo_scores(team(threads), isa(at), layout, query, codes, out))
}

#[napi(catch_unwind, js_name = "turboTopK")]
#[allow(clippy::too_many_arguments)]
pub fn turbo_top_k(
    threads: u32,
    at: u32,
    by: u32,
    bits: u32,
    dim: f64,
    signs: &[u32],
    mean: &[f32],
    table: &[f32],
    queries: &[f32],
    codes: &[u8],
    k: f64,
    allow: Option<&[u32]>,
    mut slots: Uint32ArraySlice,
    mut scores: Float32ArraySlice,
) -> Option<Fault> {
    let layout = layout(by, bits, dim, signs, mean, table);
    let list = allow.unwrap_or(&[]);
    let out = TopKOutput {
        slots: apart!(slots; queries, codes, list, signs, mean, table, &scores),
        scores: apart!(scores; queries, codes, list, signs, mean, table),
    };
    outcome(parallel::turbo_top_k(team(threads), isa(at), layout, queries, codes, size(k), allow, out))
}

struct LentTurbo {
    by: u32,
    bits: u32,
    dim: f64,
    signs: Lent<Uint32Array, u32>,
    mean: Lent<Float32Array, f32>,
    table: Lent<Float32Array, f32>,
}

impl LentTurbo {
    fn new(by: u32, bits: u32, dim: f64, signs: Uint32Array, mean: Float32Array, table: Float32Array) -> LentTurbo {
        LentTurbo { by, bits, dim, signs: Lent::new(signs), mean: Lent::new(mean), table: Lent::new(table) }
    }
}

impl LentLayout for LentTurbo {
    type Layout<'a> = TurboLayout<'a>;

    fn get(&self) -> TurboLayout<'_> {
        layout(self.by, self.bits, self.dim, self.signs.get(), self.mean.get(), self.table.get())
    }

    fn reached<T>(&self, out: &[T]) -> bool {
        overlap(out, self.signs.get()) || overlap(out, self.mean.get()) || overlap(out, self.table.get())
    }
}

#[napi(catch_unwind, js_name = "turboEncodeAsync", ts_return_type = "Promise<Fault | null>")]
#[allow(clippy::too_many_arguments)]
pub fn turbo_encode_async(
    job: &Job,
    threads: u32,
    at: u32,
    by: u32,
    bits: u32,
    dim: f64,
    signs: Uint32Array,
    mean: Float32Array,
    table: Float32Array,
    data: Float32Array,
    out: Uint8Array,
) -> AsyncTask<KernelTask> {
    let layout = LentTurbo::new(by, bits, dim, signs, mean, table);
    layout_task::encode(job, threads, at, layout, (data, out), parallel::turbo_encode)
}

#[napi(catch_unwind, js_name = "turboDecodeAsync", ts_return_type = "Promise<Fault | null>")]
#[allow(clippy::too_many_arguments)]
pub fn turbo_decode_async(
    job: &Job,
    threads: u32,
    at: u32,
    by: u32,
    bits: u32,
    dim: f64,
    signs: Uint32Array,
    mean: Float32Array,
    table: Float32Array,
    codes: Uint8Array,
    out: Float32Array,
) -> AsyncTask<KernelTask> {
    let layout = LentTurbo::new(by, bits, dim, signs, mean, table);
    layout_task::decode(job, threads, at, layout, (codes, out), parallel::turbo_decode)
}

#[napi(catch_unwind, js_name = "turboTopKAsync", ts_return_type = "Promise<Fault | null>")]
#[allow(clippy::too_many_arguments)]
pub fn turbo_top_k_async(
    job: &Job,
    threads: u32,
    at: u32,
    by: u32,
    bits: u32,
    dim: f64,
    signs: Uint32Array,
    mean: Float32Array,
    table: Float32Array,
    queries: Float32Array,
    codes: Uint8Array,
    k: f64,
    allow: Option<Uint32Array>,
    slots: Uint32Array,
    scores: Float32Array,
) -> AsyncTask<KernelTask> {
    let layout = LentTurbo::new(by, bits, dim, signs, mean, table);
    let search = Search { queries, codes, k, allow, slots, scores };
    layout_task::top_k(job, threads, at, layout, search, parallel::turbo_top_k)
}
