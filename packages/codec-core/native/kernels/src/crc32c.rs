//! CRC-32C (Castagnoli, reflected polynomial 0x82f63b78): eight bytes a step by eight tables, or by the `crc32`
//! instruction of SSE4.2.
//! Source: Kounavis, Berry: "Novel table lookup-based algorithms for high-performance CRC generation", 2008.

use crate::isa::{Isa, Level};

/// CRC-32C of `bytes`, continuing from `crc` (0 to begin).
pub fn crc32c(isa: Isa, bytes: &[u8], crc: u32) -> u32 {
    match isa.0 {
        Level::Scalar => by_tables(bytes, crc),
        // SAFETY: AVX2 comes with SSE4.2.
        #[cfg(target_arch = "x86_64")]
        Level::Avx2 | Level::Avx512 => unsafe { by_instruction(bytes, crc) },
    }
}

/// TABLES[k][b] is the CRC of byte b followed by k zero bytes.
static TABLES: [[u32; 256]; 8] = tables();

const fn tables() -> [[u32; 256]; 8] {
    let mut out = [[0u32; 256]; 8];
    let mut b = 0;
    while b < 256 {
        let mut crc = b as u32;
        let mut bit = 0;
        while bit < 8 {
            crc = crc >> 1 ^ (0x82f6_3b78 & (crc & 1).wrapping_neg());
            bit += 1;
        }
        out[0][b] = crc;
        b += 1;
    }
    let mut k = 1;
    while k < 8 {
        let mut b = 0;
        while b < 256 {
            let crc = out[k - 1][b];
            out[k][b] = crc >> 8 ^ out[0][(crc & 0xff) as usize];
            b += 1;
        }
        k += 1;
    }
    out
}

fn by_tables(bytes: &[u8], crc: u32) -> u32 {
    let (words, rest) = bytes.as_chunks::<8>();
    let mut crc = u64::from(!crc);
    for word in words {
        let word = (crc ^ u64::from_le_bytes(*word)).to_le_bytes();
        crc = word.iter().enumerate().fold(0, |sum, (k, &b)| sum ^ u64::from(TABLES[7 - k][usize::from(b)]));
    }
    let crc = rest.iter().fold(crc as u32, |crc, &b| crc >> 8 ^ TABLES[0][((crc ^ u32::from(b)) & 0xff) as usize]);
    !crc
}

#[cfg(target_arch = "x86_64")]
#[target_feature(enable = "sse4.2")]
fn by_instruction(bytes: &[u8], crc: u32) -> u32 {
    use std::arch::x86_64::{_mm_crc32_u8, _mm_crc32_u64};
    let (words, rest) = bytes.as_chunks::<8>();
    let crc = words.iter().fold(u64::from(!crc), |crc, word| _mm_crc32_u64(crc, u64::from_le_bytes(*word)));
    !rest.iter().fold(crc as u32, |crc, &b| _mm_crc32_u8(crc, b))
}
