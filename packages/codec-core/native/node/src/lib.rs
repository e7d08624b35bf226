//! The binding: translation only. Kernels are named by their instruction set, faults come back as data, and a panic
//! becomes a JavaScript error (`catch_unwind`) instead of the end of the process. Calls with `threads` share their work
//! out among that many; `task` has those that leave JavaScript's thread, `turbo` those of rotated codes, `dft`
//! those of Fourier coefficients, `algebra` those of learned bases.

mod layout_task;
mod mapping;
mod pages;
mod task;

use napi::bindgen_prelude::{Float32ArraySlice, Uint8ArraySlice, Uint16ArraySlice, Uint32ArraySlice};
use napi_derive::napi;
use pith_kernels::parallel::{self, Team};
use pith_kernels::{self as kernels, FloatRows, Isa, Metric, TopKOutput};

/// What was wrong with an argument; nothing was written.
#[napi(object)]
pub struct Fault {
    /// A code of PithError.
    #[napi(ts_type = "'LENGTH_MISMATCH' | 'DIM_UNSUPPORTED' | 'INVALID_ARGUMENT' | 'NOT_FINITE' | 'ABORTED'")]
    pub code: String,
    pub what: String,
    pub expected: f64,
    pub actual: f64,
}

fn outcome(result: Result<(), kernels::Fault>) -> Option<Fault> {
    let fault = result.err()?;
    Some(Fault {
        code: fault.code.into(),
        what: fault.what.into(),
        expected: fault.expected as f64,
        actual: fault.actual as f64,
    })
}

/// Of a kernel that gives the place of a NaN or an infinity.
fn finite_outcome(result: Result<Option<usize>, kernels::Fault>) -> Option<Fault> {
    match result {
        Ok(place) => place.map(|place| Fault {
            code: "NOT_FINITE".into(),
            what: "floats".into(),
            expected: 0.0,
            actual: place as f64,
        }),
        Err(fault) => outcome(Err(fault)),
    }
}

/// Instruction sets by the numbers that JavaScript passes: their place in `isas()`.
fn isa(at: u32) -> Isa {
    Isa::available()[at as usize]
}

fn metric(at: u32) -> Metric {
    [Metric::Cosine, Metric::Dot, Metric::L2][at as usize]
}

fn size(n: f64) -> usize {
    n as usize
}

fn team(threads: u32) -> Team<'static> {
    Team { threads: threads as usize, ..Team::default() }
}

/// An output's elements, or a refusal where they share memory with an input: Rust takes it that they never do.
macro_rules! apart {
    ($out:ident; $($input:expr),+) => {{
        if $(overlap(&$out, $input))||+ {
            return Some(shared());
        }
        // SAFETY: JavaScript waits for this call, and no other argument reaches this memory.
        unsafe { $out.as_mut() }
    }};
}

mod algebra; // here, for they use the macro
mod dft;
mod klt;
mod turbo;

fn shared() -> Fault {
    Fault {
        code: "INVALID_ARGUMENT".into(),
        what: "bytes shared by output and input".into(),
        expected: 0.0,
        actual: 1.0,
    }
}

fn overlap<A, B>(a: &[A], b: &[B]) -> bool {
    let (a, b) = (a.as_ptr_range(), b.as_ptr_range());
    (a.start as usize) < b.end as usize && (b.start as usize) < a.end as usize
}

/// Instruction sets of this CPU, the slowest first.
#[napi(catch_unwind)]
pub fn isas() -> Vec<String> {
    Isa::available().iter().map(|isa| isa.name().into()).collect()
}

/// Threads that this process may run at once.
#[napi(catch_unwind)]
pub fn parallelism() -> u32 {
    std::thread::available_parallelism().map_or(1, |n| n.get() as u32)
}

#[napi(catch_unwind)]
pub fn cpu_features() -> Vec<String> {
    kernels::cpu_features().into_iter().map(String::from).collect()
}

#[napi(catch_unwind, js_name = "crc32c")]
pub fn crc32c(at: u32, bytes: &[u8], crc: u32) -> u32 {
    kernels::crc32c(isa(at), bytes, crc)
}

#[napi(catch_unwind)]
pub fn first_non_finite(at: u32, data: &[f32]) -> f64 {
    kernels::first_non_finite(isa(at), data).map_or(-1.0, |i| i as f64)
}

#[napi(catch_unwind)]
pub fn to_float16(at: u32, data: &[f32], mut out: Uint16ArraySlice) -> Option<Fault> {
    outcome(kernels::to_float16(isa(at), data, apart!(out; data)))
}

#[napi(catch_unwind)]
pub fn from_float16(at: u32, bits: &[u16], mut out: Float32ArraySlice) -> Option<Fault> {
    outcome(kernels::from_float16(isa(at), bits, apart!(out; bits)))
}

#[napi(catch_unwind)]
pub fn norms(at: u32, data: &[f32], dim: f64, mut out: Float32ArraySlice) -> Option<Fault> {
    outcome(kernels::norms(isa(at), data, size(dim), apart!(out; data)))
}

#[napi(catch_unwind)]
pub fn unit_rows(at: u32, data: &[f32], dim: f64, mut out: Float32ArraySlice) -> Option<Fault> {
    outcome(kernels::unit_rows(isa(at), data, size(dim), apart!(out; data)))
}

macro_rules! float_kernels {
    ($scores:ident, $top_k:ident, $among:ident, $element:ident, $rows:path) => {
        #[napi(catch_unwind)]
        pub fn $scores(threads: u32, at: u32, by: u32, query: &[f32], rows: &[$element], dim: f64, mut out: Float32ArraySlice) -> Option<Fault> {
            outcome(parallel::float_scores(team(threads), isa(at), metric(by), query, $rows(rows), size(dim), apart!(out; query, rows)))
        }

        #[napi(catch_unwind)]
        #[allow(clippy::too_many_arguments)]
        pub fn $top_k(
            threads: u32,
            at: u32,
            by: u32,
            queries: &[f32],
            rows: &[$element],
            dim: f64,
            k: f64,
            allow: Option<&[u32]>,
            mut slots: Uint32ArraySlice,
            mut scores: Float32ArraySlice,
        ) -> Option<Fault> {
            let out = TopKOutput { slots: apart!(slots; queries, rows, allow.unwrap_or(&[]), &scores), scores: apart!(scores; queries, rows, allow.unwrap_or(&[])) };
            outcome(parallel::float_top_k(team(threads), isa(at), metric(by), queries, $rows(rows), size(dim), size(k), allow, out))
        }

        /// Of the rows that each query names.
        #[napi(catch_unwind)]
        #[allow(clippy::too_many_arguments)]
        pub fn $among(
            at: u32,
            by: u32,
            queries: &[f32],
            rows: &[$element],
            dim: f64,
            named: &[u32],
            k: f64,
            mut slots: Uint32ArraySlice,
            mut scores: Float32ArraySlice,
        ) -> Option<Fault> {
            let out = TopKOutput { slots: apart!(slots; queries, rows, named, &scores), scores: apart!(scores; queries, rows, named) };
            outcome(kernels::float_top_k_among(isa(at), metric(by), queries, $rows(rows), size(dim), named, size(k), out))
        }
    };
}

float_kernels!(float_scores, float_top_k, float_top_k_among, f32, FloatRows::F32);
float_kernels!(half_scores, half_top_k, half_top_k_among, u16, FloatRows::F16);

/// Rows of `stride` bytes, those of `slots` in that order.
#[napi(catch_unwind)]
pub fn gather_rows(at: u32, rows: &[u8], stride: f64, slots: &[u32], mut out: Uint8ArraySlice) -> Option<Fault> {
    outcome(kernels::gather_rows(isa(at), rows, size(stride), slots, apart!(out; rows, slots)))
}

#[napi(catch_unwind)]
pub fn int8_encode(
    threads: u32,
    at: u32,
    data: &[f32],
    dim: f64,
    unit: bool,
    mut out: Uint8ArraySlice,
) -> Option<Fault> {
    outcome(parallel::int8_encode(team(threads), isa(at), data, size(dim), unit, apart!(out; data)))
}

/// Into an array that was never written to; NOT_FINITE, with the number's place, where it then means nothing.
#[napi(catch_unwind)]
pub fn int8_encode_finite(
    threads: u32,
    at: u32,
    data: &[f32],
    dim: f64,
    unit: bool,
    mut out: Uint8ArraySlice,
) -> Option<Fault> {
    let out = apart!(out; data);
    pages::fresh(out);
    finite_outcome(parallel::int8_encode_finite(team(threads), isa(at), data, size(dim), unit, out))
}

/// Asks for large pages behind an array that is going to be written to and scanned; see `pages`.
#[napi(catch_unwind)]
pub fn large_pages(mut bytes: Uint8ArraySlice) {
    // SAFETY: the bytes are neither read nor written.
    pages::large(unsafe { bytes.as_mut() });
}

#[napi(catch_unwind)]
pub fn int8_decode(threads: u32, at: u32, codes: &[u8], dim: f64, mut out: Float32ArraySlice) -> Option<Fault> {
    outcome(parallel::int8_decode(team(threads), isa(at), codes, size(dim), apart!(out; codes)))
}

#[napi(catch_unwind)]
pub fn int8_scores(
    threads: u32,
    at: u32,
    by: u32,
    query: &[f32],
    codes: &[u8],
    dim: f64,
    mut out: Float32ArraySlice,
) -> Option<Fault> {
    outcome(parallel::int8_scores(
        team(threads),
        isa(at),
        metric(by),
        query,
        codes,
        size(dim),
        apart!(out; query, codes),
    ))
}

#[napi(catch_unwind)]
#[allow(clippy::too_many_arguments)]
pub fn int8_top_k(
    threads: u32,
    at: u32,
    by: u32,
    queries: &[f32],
    codes: &[u8],
    dim: f64,
    k: f64,
    allow: Option<&[u32]>,
    mut slots: Uint32ArraySlice,
    mut scores: Float32ArraySlice,
) -> Option<Fault> {
    let out = TopKOutput {
        slots: apart!(slots; queries, codes, allow.unwrap_or(&[]), &scores),
        scores: apart!(scores; queries, codes, allow.unwrap_or(&[])),
    };
    outcome(parallel::int8_top_k(team(threads), isa(at), metric(by), queries, codes, size(dim), size(k), allow, out))
}

/// Of the rows that each query names.
#[napi(catch_unwind)]
#[allow(clippy::too_many_arguments)]
pub fn int8_top_k_among(
    at: u32,
    by: u32,
    queries: &[f32],
    codes: &[u8],
    dim: f64,
    named: &[u32],
    k: f64,
    mut slots: Uint32ArraySlice,
    mut scores: Float32ArraySlice,
) -> Option<Fault> {
    let out = TopKOutput {
        slots: apart!(slots; queries, codes, named, &scores),
        scores: apart!(scores; queries, codes, named),
    };
    outcome(kernels::int8_top_k_among(isa(at), metric(by), queries, codes, size(dim), named, size(k), out))
}

#[napi(catch_unwind)]
pub fn hadamard(
    at: u32,
    data: &[f32],
    dim: f64,
    signs: &[u32],
    inverse: bool,
    mut out: Float32ArraySlice,
) -> Option<Fault> {
    outcome(kernels::hadamard(isa(at), data, size(dim), signs, inverse, apart!(out; data, signs)))
}

#[napi(catch_unwind)]
pub fn int8_grouped_encode(
    at: u32,
    data: &[f32],
    dim: f64,
    group: f64,
    unit: bool,
    least_squares: bool,
    mut out: Uint8ArraySlice,
) -> Option<Fault> {
    let (dim, group) = (size(dim), size(group));
    outcome(kernels::int8_grouped_encode(isa(at), data, dim, group, unit, least_squares, apart!(out; data)))
}

#[napi(catch_unwind)]
pub fn int8_grouped_decode(at: u32, codes: &[u8], dim: f64, group: f64, mut out: Float32ArraySlice) -> Option<Fault> {
    outcome(kernels::int8_grouped_decode(isa(at), codes, size(dim), size(group), apart!(out; codes)))
}

#[napi(catch_unwind)]
pub fn int8_grouped_scores(
    at: u32,
    by: u32,
    query: &[f32],
    codes: &[u8],
    dim: f64,
    group: f64,
    mut out: Float32ArraySlice,
) -> Option<Fault> {
    let (dim, group) = (size(dim), size(group));
    outcome(kernels::int8_grouped_scores(isa(at), metric(by), query, codes, dim, group, apart!(out; query, codes)))
}

#[napi(catch_unwind)]
#[allow(clippy::too_many_arguments)]
pub fn int8_grouped_top_k(
    at: u32,
    by: u32,
    queries: &[f32],
    codes: &[u8],
    dim: f64,
    group: f64,
    k: f64,
    allow: Option<&[u32]>,
    mut slots: Uint32ArraySlice,
    mut scores: Float32ArraySlice,
) -> Option<Fault> {
    let out = TopKOutput {
        slots: apart!(slots; queries, codes, allow.unwrap_or(&[]), &scores),
        scores: apart!(scores; queries, codes, allow.unwrap_or(&[])),
    };
    let (dim, group, k) = (size(dim), size(group), size(k));
    outcome(kernels::int8_grouped_top_k(isa(at), metric(by), queries, codes, dim, group, k, allow, out))
}

#[napi(catch_unwind)]
pub fn int8_symmetric(
    at: u32,
    by: u32,
    query: &[u8],
    codes: &[u8],
    dim: f64,
    group: f64,
    mut out: Float32ArraySlice,
) -> Option<Fault> {
    let (dim, group) = (size(dim), size(group));
    outcome(kernels::int8_symmetric(isa(at), metric(by), query, codes, dim, group, apart!(out; query, codes)))
}

#[napi(catch_unwind)]
pub fn binary_encode(at: u32, by: u32, data: &[f32], dim: f64, mut out: Uint8ArraySlice) -> Option<Fault> {
    outcome(kernels::binary_encode(isa(at), metric(by), data, size(dim), apart!(out; data)))
}

#[napi(catch_unwind)]
pub fn binary_decode(at: u32, codes: &[u8], dim: f64, mut out: Float32ArraySlice) -> Option<Fault> {
    outcome(kernels::binary_decode(isa(at), codes, size(dim), apart!(out; codes)))
}

#[napi(catch_unwind)]
pub fn binary_scores(
    at: u32,
    by: u32,
    query: &[f32],
    codes: &[u8],
    dim: f64,
    mut out: Float32ArraySlice,
) -> Option<Fault> {
    outcome(kernels::binary_scores(isa(at), metric(by), query, codes, size(dim), apart!(out; query, codes)))
}

#[napi(catch_unwind)]
#[allow(clippy::too_many_arguments)]
pub fn binary_top_k(
    at: u32,
    by: u32,
    queries: &[f32],
    codes: &[u8],
    dim: f64,
    k: f64,
    allow: Option<&[u32]>,
    mut slots: Uint32ArraySlice,
    mut scores: Float32ArraySlice,
) -> Option<Fault> {
    let out = TopKOutput {
        slots: apart!(slots; queries, codes, allow.unwrap_or(&[]), &scores),
        scores: apart!(scores; queries, codes, allow.unwrap_or(&[])),
    };
    outcome(kernels::binary_top_k(isa(at), metric(by), queries, codes, size(dim), size(k), allow, out))
}

#[napi(catch_unwind)]
pub fn binary_symmetric(
    at: u32,
    by: u32,
    query: &[u8],
    codes: &[u8],
    dim: f64,
    mut out: Float32ArraySlice,
) -> Option<Fault> {
    outcome(kernels::binary_symmetric(isa(at), metric(by), query, codes, size(dim), apart!(out; query, codes)))
}
