//! The kernels of Pith, in pure Rust: what `src/kernels/*.ts` is in TypeScript, file for file, with the same bits.
//!
//! Every kernel takes an [`Isa`]: `scalar` is the plain reference, `avx2` and `avx512` run code written once over
//! the vectors of [`simd`]. An `Isa` can only be had where the CPU has its instructions, so that all public
//! functions are safe. They check every length and give a [`Fault`] before anything is written.

mod allowed;
mod crc32c;
mod fault;
mod finite;
mod float16;
mod float_scan;
mod int8;
mod isa;
mod norms;
mod simd;
mod stripes;
mod topk;

pub use crc32c::crc32c;
pub use fault::Fault;
pub use finite::first_non_finite;
pub use float_scan::{FloatRows, Metric, float_scores, float_top_k};
pub use float16::{from_float16, to_float16};
pub use int8::{int8_decode, int8_encode, int8_scores, int8_top_k};
pub use isa::{Isa, cpu_features};
pub use norms::{norms, unit_rows};
pub use topk::TopKOutput;
