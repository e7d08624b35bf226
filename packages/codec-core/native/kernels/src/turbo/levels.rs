//! The integers that codes stand for.

use super::Coding;
use crate::trellis_tables::value;

/// Magnitudes of the levels of 1 to 4 bits, ascending: Lloyd and Max's points for normal numbers, to 127.
pub(super) const fn magnitudes(bits: usize) -> &'static [u8] {
    match bits {
        1 => &[1],
        2 => &[38, 127],
        3 => &[14, 44, 79, 127],
        _ => &[6, 18, 31, 44, 58, 75, 96, 127],
    }
}

/// What |w| must reach for each magnitude but the first: half way, rounded up.
pub(super) const fn thresholds(bits: usize) -> &'static [u8] {
    match bits {
        1 => &[],
        2 => &[83],
        3 => &[29, 62, 103],
        _ => &[12, 25, 38, 51, 67, 86, 112],
    }
}

/// Level of a code of 1 to 4 bits.
const fn level(bits: usize, index: usize) -> i8 {
    let half = 1 << (bits - 1);
    if index >= half { magnitudes(bits)[index - half] as i8 } else { -(magnitudes(bits)[half - 1 - index] as i8) }
}

/// Levels by four bits of the stream: of the code in the lowest ones and, of 2 and 1 bits, of those above it.
pub(crate) const fn table(bits: usize) -> [[i8; 16]; 4] {
    let mut out = [[0; 16]; 4];
    let mask = (1 << bits) - 1;
    let mut i = 0;
    while i < 64 {
        out[i / 16][i % 16] = level(bits, ((i % 16) >> (i / 16 * bits)) & mask);
        i += 1;
    }
    out
}

/// The reference: level of coordinate j.
pub(super) fn level_at(coding: Coding, codes: &[u8], j: usize) -> i32 {
    let bits = coding.bits;
    if coding.trellis {
        // The 8 bits that end with the coordinate's own, zeros before the row.
        let (at, shift) = ((j + 1) * bits / 8, (j + 1) * bits % 8);
        let byte = |at: usize| at.checked_sub(1).and_then(|at| codes.get(at)).copied().unwrap_or(0);
        let window = u16::from_le_bytes([byte(at), byte(at + 1)]) >> shift & 0xff;
        return i32::from(value(bits, window.into()));
    }
    if bits == 8 {
        return i32::from(codes[j]) - 128;
    }
    let (at, shift) = (j * bits / 8, j * bits % 8);
    let above = codes.get(at + 1).copied().unwrap_or(0);
    let index = u16::from_le_bytes([codes[at], above]) >> shift & ((1 << bits) - 1);
    i32::from(level(bits, usize::from(index)))
}
