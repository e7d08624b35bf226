//! Bits in which one code differs from each of many: what Hamming distances are made of.
//!
//! AVX-512 counts sixty-four bytes at once where the CPU has VPOPCNTDQ. AVX2 looks up nibbles (`vpshufb`) and adds
//! bytes (`vpsadbw`), thirty-two at once. Source of the latter: Mula, Kurz, Lemire: "Faster population counts using
//! AVX2 instructions", The Computer Journal, 2018.
#![allow(unsafe_op_in_unsafe_fn)] // every line is an intrinsic

use crate::isa::{Isa, Level};

/// Writes for each row of `rows` (of `stride` bytes, the bits first) how many of the first `dim` bits differ from
/// `bits`. Both have whole rows.
pub(crate) fn differing_bits(isa: Isa, bits: &[u8], rows: &[u8], dim: usize, stride: usize, out: &mut [u32]) {
    assert!(bits.len() == dim.div_ceil(8) && bits.len() <= stride && rows.len() == out.len() * stride);
    match isa.0 {
        Level::Scalar => plain(bits, rows, dim, stride, out),
        #[cfg(target_arch = "x86_64")]
        Level::Avx512 if is_x86_feature_detected!("avx512vpopcntdq") => {
            // SAFETY: the features were detected, and the lengths checked.
            unsafe { avx512(bits, rows, dim, stride, out) }
        }
        #[cfg(target_arch = "x86_64")]
        _ if is_x86_feature_detected!("popcnt") => {
            // SAFETY: as above; AVX-512 comes with AVX2.
            unsafe { avx2(bits, rows, dim, stride, out) }
        }
        #[cfg(target_arch = "x86_64")]
        _ => plain(bits, rows, dim, stride, out),
    }
}

/// Bits of the last byte that count.
fn last_mask(dim: usize) -> u8 {
    0xff >> (dim.div_ceil(8) * 8 - dim)
}

#[inline(always)]
fn plain(bits: &[u8], rows: &[u8], dim: usize, stride: usize, out: &mut [u32]) {
    let last = bits.len() - 1;
    for (row, out) in rows.chunks_exact(stride).zip(out) {
        let (words, rest) = row[..last].as_chunks::<8>();
        let (query_words, query_rest) = bits[..last].as_chunks::<8>();
        let count = |a: &[u8; 8], b: &[u8; 8]| (u64::from_ne_bytes(*a) ^ u64::from_ne_bytes(*b)).count_ones();
        let mut sum: u32 = words.iter().zip(query_words).map(|(a, b)| count(a, b)).sum();
        sum += rest.iter().zip(query_rest).map(|(a, b)| (a ^ b).count_ones()).sum::<u32>();
        *out = sum + ((row[last] ^ bits[last]) & last_mask(dim)).count_ones();
    }
}

#[cfg(target_arch = "x86_64")]
use std::arch::x86_64::*;

#[cfg(target_arch = "x86_64")]
#[target_feature(enable = "avx2,popcnt")]
unsafe fn avx2(bits: &[u8], rows: &[u8], dim: usize, stride: usize, out: &mut [u32]) {
    let counts = _mm256_broadcastsi128_si256(_mm_setr_epi8(0, 1, 1, 2, 1, 2, 2, 3, 1, 2, 2, 3, 2, 3, 3, 4));
    let nibble = _mm256_set1_epi8(15);
    // Whole registers; what is left goes byte by byte, the last one masked.
    let full = (bits.len() - 1) / 32 * 32;
    for (row, out) in rows.chunks_exact(stride).zip(out) {
        let mut sums = _mm256_setzero_si256();
        let mut i = 0;
        while i < full {
            let x = _mm256_loadu_si256(row.as_ptr().add(i).cast());
            let x = _mm256_xor_si256(x, _mm256_loadu_si256(bits.as_ptr().add(i).cast()));
            let low = _mm256_shuffle_epi8(counts, _mm256_and_si256(x, nibble));
            let high = _mm256_shuffle_epi8(counts, _mm256_and_si256(_mm256_srli_epi16::<4>(x), nibble));
            let bytes = _mm256_add_epi8(low, high);
            sums = _mm256_add_epi64(sums, _mm256_sad_epu8(bytes, _mm256_setzero_si256()));
            i += 32;
        }
        let half = _mm_add_epi64(_mm256_castsi256_si128(sums), _mm256_extracti128_si256::<1>(sums));
        let vector = _mm_cvtsi128_si64(_mm_add_epi64(half, _mm_unpackhi_epi64(half, half))) as u32;
        let mut rest = [0u32];
        plain(&bits[full..], &row[full..bits.len()], dim - full * 8, bits.len() - full, &mut rest);
        *out = vector + rest[0];
    }
}

#[cfg(target_arch = "x86_64")]
#[target_feature(enable = "avx512f,avx512bw,avx512vpopcntdq")]
unsafe fn avx512(bits: &[u8], rows: &[u8], dim: usize, stride: usize, out: &mut [u32]) {
    let full = (bits.len() - 1) / 64 * 64;
    let left = bits.len() - full;
    let bytes = u64::MAX >> (64 - left);
    // The last 1 to 64 bytes of the query, and a mask of their bits that count.
    let mut last = [0u8; 64];
    last[..left].fill(0xff);
    last[left - 1] = last_mask(dim);
    let counted = _mm512_loadu_si512(last.as_ptr().cast());
    let query = _mm512_maskz_loadu_epi8(bytes, bits.as_ptr().add(full).cast());
    for (row, out) in rows.chunks_exact(stride).zip(out) {
        let x = _mm512_xor_si512(_mm512_maskz_loadu_epi8(bytes, row.as_ptr().add(full).cast()), query);
        let mut sums = _mm512_popcnt_epi64(_mm512_and_si512(x, counted));
        let mut i = 0;
        while i < full {
            let x = _mm512_loadu_si512(row.as_ptr().add(i).cast());
            let x = _mm512_xor_si512(x, _mm512_loadu_si512(bits.as_ptr().add(i).cast()));
            sums = _mm512_add_epi64(sums, _mm512_popcnt_epi64(x));
            i += 64;
        }
        *out = _mm512_reduce_add_epi64(sums) as u32;
    }
}
