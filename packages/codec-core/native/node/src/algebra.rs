//! What learned bases are made of: covariance sums and eigenvectors, at once and as tasks.

use napi::bindgen_prelude::{AsyncTask, Float32Array, Float64Array, Float64ArraySlice};
use napi_derive::napi;
use pith_kernels::parallel;

use crate::task::{Job, KernelTask, Lent, task};
use crate::{Fault, isa, outcome, overlap, shared, size, team};

#[napi(catch_unwind)]
pub fn covariance(
    threads: u32,
    at: u32,
    data: &[f32],
    dim: f64,
    mean: &[f32],
    mut out: Float64ArraySlice,
) -> Option<Fault> {
    outcome(parallel::covariance(team(threads), isa(at), data, size(dim), mean, apart!(out; data, mean)))
}

#[napi(catch_unwind)]
pub fn symmetric_eigen(
    threads: u32,
    at: u32,
    matrix: &[f64],
    n: f64,
    mut values: Float64ArraySlice,
    mut vectors: Float64ArraySlice,
) -> Option<Fault> {
    let values = apart!(values; matrix, &vectors);
    let vectors = apart!(vectors; matrix);
    outcome(parallel::symmetric_eigen(team(threads), isa(at), matrix, size(n), values, vectors))
}

#[napi(catch_unwind, js_name = "covarianceAsync", ts_return_type = "Promise<Fault | null>")]
pub fn covariance_async(
    job: &Job,
    threads: u32,
    at: u32,
    data: Float32Array,
    dim: f64,
    mean: Float32Array,
    out: Float64Array,
) -> AsyncTask<KernelTask> {
    let (data, mean, out) = (Lent::new(data), Lent::new(mean), Lent::new(out));
    task(job, threads, move |team| {
        if overlap(data.get(), out.get()) || overlap(mean.get(), out.get()) {
            return Some(shared());
        }
        // SAFETY: checked, and the output is the task's own.
        let out = unsafe { out.get_mut() };
        outcome(parallel::covariance(team, isa(at), data.get(), size(dim), mean.get(), out))
    })
}

#[napi(catch_unwind, js_name = "symmetricEigenAsync", ts_return_type = "Promise<Fault | null>")]
pub fn symmetric_eigen_async(
    job: &Job,
    threads: u32,
    at: u32,
    matrix: Float64Array,
    n: f64,
    values: Float64Array,
    vectors: Float64Array,
) -> AsyncTask<KernelTask> {
    let (matrix, values, vectors) = (Lent::new(matrix), Lent::new(values), Lent::new(vectors));
    task(job, threads, move |team| {
        let of_values: &[f64] = values.get();
        if overlap(matrix.get(), of_values) || overlap(matrix.get(), vectors.get()) || overlap(of_values, vectors.get())
        {
            return Some(shared());
        }
        // SAFETY: checked, and the outputs are the task's own.
        let (values, vectors) = unsafe { (values.get_mut(), vectors.get_mut()) };
        outcome(parallel::symmetric_eigen(team, isa(at), matrix.get(), size(n), values, vectors))
    })
}
