//! Codes in a learned basis, at once and as tasks. A layout comes as its parts: metric, tables of the trellis (0 none, 1 full, 2 separable), dim, bytes of a
//! row's stream, bits, and the floats: mean, columns, forward, back, step, twice and table, in that order in one array.

use napi::bindgen_prelude::{
    AsyncTask, Float32Array, Float32ArraySlice, Uint8Array, Uint8ArraySlice, Uint32Array, Uint32ArraySlice,
};
use napi_derive::napi;
use pith_kernels::parallel;
use pith_kernels::{self as kernels, KltLayout, TopKOutput, TrellisTables};

use crate::layout_task::{self, LentLayout, Search};
use crate::task::{Job, KernelTask, Lent};
use crate::{Fault, isa, metric, outcome, overlap, pages, shared, size, team};

/// Lengths that don't fit are found by the kernels.
fn layout<'a>(by: u32, trellis: u32, dim: f64, code_bytes: f64, bits: &'a [u8], floats: &'a [f32]) -> KltLayout<'a> {
    let (dim, count) = (size(dim), bits.len());
    let mut rest = floats;
    let mut next = |length: usize| {
        let (part, behind) = rest.split_at(length.min(rest.len()));
        rest = behind;
        part
    };
    KltLayout {
        metric: metric(by),
        dim,
        trellis: match trellis {
            0 => None,
            1 => Some(TrellisTables::Full),
            _ => Some(TrellisTables::Separable),
        },
        code_bytes: size(code_bytes),
        bits,
        mean: next(dim),
        columns: next(dim.saturating_mul(count)),
        forward: next(count),
        back: next(count),
        step: next(count),
        twice: next(count),
        table: next(usize::MAX),
    }
}

#[napi(catch_unwind)]
#[allow(clippy::too_many_arguments)]
pub fn klt_encode(
    threads: u32,
    at: u32,
    by: u32,
    trellis: u32,
    dim: f64,
    code_bytes: f64,
    bits: &[u8],
    floats: &[f32],
    data: &[f32],
    mut out: Uint8ArraySlice,
) -> Option<Fault> {
    let layout = layout(by, trellis, dim, code_bytes, bits, floats);
    let out = apart!(out; data, bits, floats);
    pages::fresh(out);
    outcome(parallel::klt_encode(team(threads), isa(at), layout, data, out))
}

#[napi(catch_unwind)]
#[allow(clippy::too_many_arguments)]
pub fn klt_decode(
    threads: u32,
    at: u32,
    by: u32,
    trellis: u32,
    dim: f64,
    code_bytes: f64,
    bits: &[u8],
    floats: &[f32],
    codes: &[u8],
    mut out: Float32ArraySlice,
) -> Option<Fault> {
    let layout = layout(by, trellis, dim, code_bytes, bits, floats);
    outcome(parallel::klt_decode(team(threads), isa(at), layout, codes, apart!(out; codes, bits, floats)))
}

#[napi(catch_unwind)]
#[allow(clippy::too_many_arguments)]
pub fn klt_queries(
    at: u32,
    by: u32,
    trellis: u32,
    dim: f64,
    code_bytes: f64,
    bits: &[u8],
    floats: &[f32],
    queries: &[f32],
    mut out: Float32ArraySlice,
) -> Option<Fault> {
    let layout = layout(by, trellis, dim, code_bytes, bits, floats);
    outcome(kernels::klt_queries(isa(at), layout, queries, apart!(out; queries, bits, floats)))
}

#[napi(catch_unwind)]
#[allow(clippy::too_many_arguments)]
pub fn klt_scores(
    threads: u32,
    at: u32,
    by: u32,
    trellis: u32,
    dim: f64,
    code_bytes: f64,
    bits: &[u8],
    floats: &[f32],
    query: &[f32],
    codes: &[u8],
    mut out: Float32ArraySlice,
) -> Option<Fault> {
    let layout = layout(by, trellis, dim, code_bytes, bits, floats);
    let out = apart!(out; query, codes, bits, floats);
    outcome(parallel::klt_scores(team(threads), isa(at), layout, query, codes, out))
}

#[napi(catch_unwind, js_name = "kltTopK")]
#[allow(clippy::too_many_arguments)]
pub fn klt_top_k(
    threads: u32,
    at: u32,
    by: u32,
    trellis: u32,
    dim: f64,
    code_bytes: f64,
    bits: &[u8],
    floats: &[f32],
    queries: &[f32],
    codes: &[u8],
    k: f64,
    allow: Option<&[u32]>,
    mut slots: Uint32ArraySlice,
    mut scores: Float32ArraySlice,
) -> Option<Fault> {
    let layout = layout(by, trellis, dim, code_bytes, bits, floats);
    let list = allow.unwrap_or(&[]);
    let out = TopKOutput {
        slots: apart!(slots; queries, codes, list, bits, floats, &scores),
        scores: apart!(scores; queries, codes, list, bits, floats),
    };
    outcome(parallel::klt_top_k(team(threads), isa(at), layout, queries, codes, size(k), allow, out))
}

/// Rows of nibbles in blocks of 64, for `kltBlocksTopK`.
#[napi(catch_unwind)]
#[allow(clippy::too_many_arguments)]
pub fn klt_blocks(
    by: u32,
    trellis: u32,
    dim: f64,
    code_bytes: f64,
    bits: &[u8],
    floats: &[f32],
    codes: &[u8],
    mut out: Uint8ArraySlice,
) -> Option<Fault> {
    let layout = layout(by, trellis, dim, code_bytes, bits, floats);
    outcome(kernels::klt_blocks(layout, codes, apart!(out; codes, bits, floats)))
}

/// `near`: 0, or the hits to which only such are added as score no more than a query's margin less than the last.
#[napi(catch_unwind)]
#[allow(clippy::too_many_arguments)]
pub fn klt_blocks_near(
    threads: u32,
    at: u32,
    by: u32,
    trellis: u32,
    dim: f64,
    code_bytes: f64,
    bits: &[u8],
    floats: &[f32],
    queries: &[f32],
    blocks: &[u8],
    rows: f64,
    k: f64,
    near: f64,
    margins: &[f32],
    allow: Option<&[u32]>,
    mut slots: Uint32ArraySlice,
    mut scores: Float32ArraySlice,
) -> Option<Fault> {
    let layout = layout(by, trellis, dim, code_bytes, bits, floats);
    let list = allow.unwrap_or(&[]);
    let out = TopKOutput {
        slots: apart!(slots; queries, blocks, list, bits, floats, margins, &scores),
        scores: apart!(scores; queries, blocks, list, bits, floats, margins),
    };
    let near = (near > 0.0).then_some((size(near), margins));
    let (rows, k) = (size(rows), size(k));
    outcome(parallel::klt_blocks_near(team(threads), isa(at), layout, queries, blocks, rows, k, near, allow, out))
}

struct LentKlt {
    by: u32,
    trellis: u32,
    dim: f64,
    code_bytes: f64,
    bits: Lent<Uint8Array, u8>,
    floats: Lent<Float32Array, f32>,
}

impl LentKlt {
    fn new(by: u32, trellis: u32, dim: f64, code_bytes: f64, bits: Uint8Array, floats: Float32Array) -> LentKlt {
        LentKlt { by, trellis, dim, code_bytes, bits: Lent::new(bits), floats: Lent::new(floats) }
    }
}

impl LentLayout for LentKlt {
    type Layout<'a> = KltLayout<'a>;

    fn get(&self) -> KltLayout<'_> {
        layout(self.by, self.trellis, self.dim, self.code_bytes, self.bits.get(), self.floats.get())
    }

    fn reached<T>(&self, out: &[T]) -> bool {
        overlap(out, self.bits.get()) || overlap(out, self.floats.get())
    }
}

#[napi(catch_unwind, js_name = "kltEncodeAsync", ts_return_type = "Promise<Fault | null>")]
#[allow(clippy::too_many_arguments)]
pub fn klt_encode_async(
    job: &Job,
    threads: u32,
    at: u32,
    by: u32,
    trellis: u32,
    dim: f64,
    code_bytes: f64,
    bits: Uint8Array,
    floats: Float32Array,
    data: Float32Array,
    out: Uint8Array,
) -> AsyncTask<KernelTask> {
    let layout = LentKlt::new(by, trellis, dim, code_bytes, bits, floats);
    layout_task::encode(job, threads, at, layout, (data, out), parallel::klt_encode)
}

#[napi(catch_unwind, js_name = "kltDecodeAsync", ts_return_type = "Promise<Fault | null>")]
#[allow(clippy::too_many_arguments)]
pub fn klt_decode_async(
    job: &Job,
    threads: u32,
    at: u32,
    by: u32,
    trellis: u32,
    dim: f64,
    code_bytes: f64,
    bits: Uint8Array,
    floats: Float32Array,
    codes: Uint8Array,
    out: Float32Array,
) -> AsyncTask<KernelTask> {
    let layout = LentKlt::new(by, trellis, dim, code_bytes, bits, floats);
    layout_task::decode(job, threads, at, layout, (codes, out), parallel::klt_decode)
}

#[napi(catch_unwind, js_name = "kltTopKAsync", ts_return_type = "Promise<Fault | null>")]
#[allow(clippy::too_many_arguments)]
pub fn klt_top_k_async(
    job: &Job,
    threads: u32,
    at: u32,
    by: u32,
    trellis: u32,
    dim: f64,
    code_bytes: f64,
    bits: Uint8Array,
    floats: Float32Array,
    queries: Float32Array,
    codes: Uint8Array,
    k: f64,
    allow: Option<Uint32Array>,
    slots: Uint32Array,
    scores: Float32Array,
) -> AsyncTask<KernelTask> {
    let layout = LentKlt::new(by, trellis, dim, code_bytes, bits, floats);
    let search = Search { queries, codes, k, allow, slots, scores };
    layout_task::top_k(job, threads, at, layout, search, parallel::klt_top_k)
}

/// As `kltBlocksNear`; the blocks stay as they are.
#[napi(catch_unwind, js_name = "kltBlocksNearAsync", ts_return_type = "Promise<Fault | null>")]
#[allow(clippy::too_many_arguments)]
pub fn klt_blocks_near_async(
    job: &Job,
    threads: u32,
    at: u32,
    by: u32,
    trellis: u32,
    dim: f64,
    code_bytes: f64,
    bits: Uint8Array,
    floats: Float32Array,
    queries: Float32Array,
    blocks: Uint8Array,
    rows: f64,
    k: f64,
    near: f64,
    margins: Float32Array,
    allow: Option<Uint32Array>,
    slots: Uint32Array,
    scores: Float32Array,
) -> AsyncTask<KernelTask> {
    let layout = LentKlt::new(by, trellis, dim, code_bytes, bits, floats);
    let search = Search { queries, codes: blocks, k, allow, slots, scores };
    let (rows, margins) = (size(rows), margins.to_vec());
    layout_task::top_k(job, threads, at, layout, search, move |team, isa, layout, queries, blocks, k, list, out| {
        let near = (near > 0.0).then_some((size(near), &margins[..]));
        parallel::klt_blocks_near(team, isa, layout, queries, blocks, rows, k, near, list, out)
    })
}
