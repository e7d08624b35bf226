//! Codes of Fourier coefficients. A layout comes as its parts: metric, sizes (dim, coefficients of a row, bits of a
//! magnitude and of a phase), mean, levels, table.

use napi::bindgen_prelude::{
    AsyncTask, Float32Array, Float32ArraySlice, Float64ArraySlice, Uint8Array, Uint8ArraySlice, Uint32Array,
    Uint32ArraySlice,
};
use napi_derive::napi;
use pith_kernels::parallel;
use pith_kernels::{self as kernels, DftLayout, TopKOutput};

use crate::layout_task::{self, LentLayout, Search};
use crate::task::{Job, KernelTask, Lent};
use crate::{Fault, isa, metric, outcome, overlap, pages, shared, size, team};

fn layout<'a>(by: u32, sizes: &[u32], mean: &'a [f32], levels: &'a [f32], table: &'a [f32]) -> DftLayout<'a> {
    let [dim, top_k, mag_bits, phase_bits] = std::array::from_fn(|i| sizes[i] as usize);
    DftLayout { metric: metric(by), dim, top_k, mag_bits, phase_bits, mean, levels, table }
}

#[napi(catch_unwind)]
pub fn dft_spectra(at: u32, data: &[f32], dim: f64, mut out: Float64ArraySlice) -> Option<Fault> {
    outcome(kernels::dft_spectra(isa(at), data, size(dim), apart!(out; data)))
}

#[napi(catch_unwind)]
#[allow(clippy::too_many_arguments)]
pub fn dft_encode(
    threads: u32,
    at: u32,
    by: u32,
    sizes: &[u32],
    mean: &[f32],
    levels: &[f32],
    table: &[f32],
    data: &[f32],
    mut out: Uint8ArraySlice,
) -> Option<Fault> {
    let layout = layout(by, sizes, mean, levels, table);
    let out = apart!(out; data, sizes, mean, levels, table);
    pages::fresh(out);
    outcome(parallel::dft_encode(team(threads), isa(at), layout, data, out))
}

#[napi(catch_unwind)]
#[allow(clippy::too_many_arguments)]
pub fn dft_decode(
    threads: u32,
    at: u32,
    by: u32,
    sizes: &[u32],
    mean: &[f32],
    levels: &[f32],
    table: &[f32],
    codes: &[u8],
    mut out: Float32ArraySlice,
) -> Option<Fault> {
    let layout = layout(by, sizes, mean, levels, table);
    outcome(parallel::dft_decode(team(threads), isa(at), layout, codes, apart!(out; codes, sizes, mean, levels, table)))
}

#[napi(catch_unwind)]
#[allow(clippy::too_many_arguments)]
pub fn dft_queries(
    at: u32,
    by: u32,
    sizes: &[u32],
    mean: &[f32],
    levels: &[f32],
    table: &[f32],
    queries: &[f32],
    mut out: Float32ArraySlice,
) -> Option<Fault> {
    let layout = layout(by, sizes, mean, levels, table);
    outcome(kernels::dft_queries(isa(at), layout, queries, apart!(out; queries, sizes, mean, levels, table)))
}

#[napi(catch_unwind)]
#[allow(clippy::too_many_arguments)]
pub fn dft_scores(
    at: u32,
    by: u32,
    sizes: &[u32],
    mean: &[f32],
    levels: &[f32],
    table: &[f32],
    query: &[f32],
    codes: &[u8],
    mut out: Float32ArraySlice,
) -> Option<Fault> {
    let layout = layout(by, sizes, mean, levels, table);
    outcome(kernels::dft_scores(isa(at), layout, query, codes, apart!(out; query, codes, sizes, mean, levels, table)))
}

#[napi(catch_unwind, js_name = "dftTopK")]
#[allow(clippy::too_many_arguments)]
pub fn dft_top_k(
    threads: u32,
    at: u32,
    by: u32,
    sizes: &[u32],
    mean: &[f32],
    levels: &[f32],
    table: &[f32],
    queries: &[f32],
    codes: &[u8],
    k: f64,
    allow: Option<&[u32]>,
    mut slots: Uint32ArraySlice,
    mut scores: Float32ArraySlice,
) -> Option<Fault> {
    let layout = layout(by, sizes, mean, levels, table);
    let list = allow.unwrap_or(&[]);
    let out = TopKOutput {
        slots: apart!(slots; queries, codes, list, sizes, mean, levels, table, &scores),
        scores: apart!(scores; queries, codes, list, sizes, mean, levels, table),
    };
    outcome(parallel::dft_top_k(team(threads), isa(at), layout, queries, codes, size(k), allow, out))
}

struct LentDft {
    by: u32,
    sizes: Lent<Uint32Array, u32>,
    mean: Lent<Float32Array, f32>,
    levels: Lent<Float32Array, f32>,
    table: Lent<Float32Array, f32>,
}

impl LentDft {
    fn new(by: u32, sizes: Uint32Array, mean: Float32Array, levels: Float32Array, table: Float32Array) -> LentDft {
        let [mean, levels, table] = [mean, levels, table].map(Lent::new);
        LentDft { by, sizes: Lent::new(sizes), mean, levels, table }
    }
}

impl LentLayout for LentDft {
    type Layout<'a> = DftLayout<'a>;

    fn get(&self) -> DftLayout<'_> {
        layout(self.by, self.sizes.get(), self.mean.get(), self.levels.get(), self.table.get())
    }

    fn reached<T>(&self, out: &[T]) -> bool {
        overlap(out, self.sizes.get())
            || [&self.mean, &self.levels, &self.table].iter().any(|floats| overlap(out, floats.get()))
    }
}

#[napi(catch_unwind, js_name = "dftEncodeAsync", ts_return_type = "Promise<Fault | null>")]
#[allow(clippy::too_many_arguments)]
pub fn dft_encode_async(
    job: &Job,
    threads: u32,
    at: u32,
    by: u32,
    sizes: Uint32Array,
    mean: Float32Array,
    levels: Float32Array,
    table: Float32Array,
    data: Float32Array,
    out: Uint8Array,
) -> AsyncTask<KernelTask> {
    let layout = LentDft::new(by, sizes, mean, levels, table);
    layout_task::encode(job, threads, at, layout, (data, out), parallel::dft_encode)
}

#[napi(catch_unwind, js_name = "dftDecodeAsync", ts_return_type = "Promise<Fault | null>")]
#[allow(clippy::too_many_arguments)]
pub fn dft_decode_async(
    job: &Job,
    threads: u32,
    at: u32,
    by: u32,
    sizes: Uint32Array,
    mean: Float32Array,
    levels: Float32Array,
    table: Float32Array,
    codes: Uint8Array,
    out: Float32Array,
) -> AsyncTask<KernelTask> {
    let layout = LentDft::new(by, sizes, mean, levels, table);
    layout_task::decode(job, threads, at, layout, (codes, out), parallel::dft_decode)
}

#[napi(catch_unwind, js_name = "dftTopKAsync", ts_return_type = "Promise<Fault | null>")]
#[allow(clippy::too_many_arguments)]
pub fn dft_top_k_async(
    job: &Job,
    threads: u32,
    at: u32,
    by: u32,
    sizes: Uint32Array,
    mean: Float32Array,
    levels: Float32Array,
    table: Float32Array,
    queries: Float32Array,
    codes: Uint8Array,
    k: f64,
    allow: Option<Uint32Array>,
    slots: Uint32Array,
    scores: Float32Array,
) -> AsyncTask<KernelTask> {
    let layout = LentDft::new(by, sizes, mean, levels, table);
    let search = Search { queries, codes, k, allow, slots, scores };
    layout_task::top_k(job, threads, at, layout, search, parallel::dft_top_k)
}
