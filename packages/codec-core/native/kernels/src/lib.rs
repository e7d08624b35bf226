//! The kernels of Pith, in pure Rust: what `src/kernels/*.ts` is in TypeScript, file for file, with the same bits.
//!
//! Every kernel takes an [`Isa`]: `scalar` is the plain reference, `avx2` and `avx512` run code written once over
//! the vectors of [`simd`]. An `Isa` can only be had where the CPU has its instructions, so that all public
//! functions are safe. They check every length and give a [`Fault`] before anything is written.

mod allowed;
mod among;
mod binary;
mod coded;
mod covariance;
mod crc32c;
mod dft;
mod doubles;
mod expanded;
mod fault;
mod finite;
mod float16;
mod float_scan;
mod gather;
mod hadamard;
mod int8;
mod int8_grouped;
mod isa;
mod klt;
mod nibbles;
mod norms;
pub mod parallel;
mod popcount;
mod separable_tables;
mod simd;
mod stripes;
mod symmetric_eigen;
mod topk;
mod trellis;
mod trellis_tables;
mod turbo;

pub use among::{float_top_k_among, int8_top_k_among};
pub use binary::{binary_decode, binary_encode, binary_scores, binary_symmetric, binary_top_k};
pub use covariance::covariance;
pub use crc32c::crc32c;
pub use dft::{DftLayout, dft_decode, dft_encode, dft_queries, dft_scores, dft_spectra, dft_top_k};
pub use fault::Fault;
pub use finite::first_non_finite;
pub use float_scan::{FloatRows, Metric, float_scores, float_top_k};
pub use float16::{from_float16, to_float16};
pub use gather::gather_rows;
pub use hadamard::hadamard;
pub use int8::{int8_decode, int8_encode, int8_encode_finite, int8_scores, int8_top_k};
pub use int8_grouped::{
    int8_grouped_decode, int8_grouped_encode, int8_grouped_scores, int8_grouped_top_k, int8_symmetric,
};
pub use isa::{Isa, cpu_features};
pub use klt::{
    KltLayout, TrellisTables, klt_blocks, klt_blocks_near, klt_decode, klt_encode, klt_queries, klt_scores, klt_top_k,
};
pub use norms::{norms, unit_rows};
pub use symmetric_eigen::symmetric_eigen;
pub use topk::TopKOutput;
pub use turbo::{TurboLayout, turbo_decode, turbo_encode, turbo_queries, turbo_scores, turbo_top_k};
