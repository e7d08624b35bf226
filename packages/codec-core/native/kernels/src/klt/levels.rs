//! What the widths of components mean: levels of Lloyd and Max for a normal distribution as whole numbers. As
//! `src/kernels/klt-tables.ts`, which says where they come from.

use super::{TRELLIS_WIDEST, TrellisTables};
use crate::{separable_tables, trellis_tables};

/// The levels above 0 of 1 to 7 bits; those below are their negatives.
#[rustfmt::skip]
const MAGNITUDES: [&[u8]; 7] = [
    &[32],
    &[38, 127],
    &[14, 45, 79, 127],
    &[6, 18, 31, 44, 58, 75, 96, 127],
    &[3, 8, 13, 18, 24, 29, 35, 41, 47, 54, 61, 70, 79, 90, 105, 127],
    &[
        1, 3, 6, 8, 10, 13, 15, 17, 20, 22, 24, 27, 30, 32, 35, 38, 40, 43, 46, 49, 53, 56, 60, 64, 68, 73, 78,
        84, 91, 99, 110, 127,
    ],
    &[
        1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15, 16, 17, 18, 19, 20, 21, 23, 24, 25, 26, 27, 28, 30, 31,
        32, 33, 34, 36, 37, 38, 40, 41, 42, 44, 45, 47, 48, 50, 52, 53, 55, 57, 59, 61, 63, 65, 67, 69, 72, 75,
        78, 81, 84, 88, 93, 98, 105, 113, 127,
    ],
];

/// Level of an index.
pub(super) fn level(bits: usize, index: usize) -> i8 {
    let above = MAGNITUDES[bits - 1];
    let half = above.len();
    if index >= half { above[index - half] as i8 } else { -(above[half - 1 - index] as i8) }
}

/// Level of a window, or of the index in a byte's lowest bits.
pub(super) fn level_of_byte(trellis: Option<TrellisTables>, bits: usize, byte: usize) -> i8 {
    match trellis {
        Some(tables) if bits <= TRELLIS_WIDEST => window_value(tables, bits, byte),
        _ => level(bits, byte & ((1 << bits) - 1)),
    }
}

/// Level of a window.
pub(super) fn window_value(tables: TrellisTables, bits: usize, window: usize) -> i8 {
    match tables {
        TrellisTables::Full => trellis_tables::value(bits, window),
        TrellisTables::Separable => separable_tables::value(bits, window),
    }
}

/// The reference: how many midpoints of neighbouring levels are at most w.
pub(super) fn index_of(bits: usize, w: f32) -> u8 {
    (0..(1 << bits) - 1).take_while(|&i| midpoint(bits, i) <= w).count() as u8
}

/// Half way from level i to the next.
pub(super) fn midpoint(bits: usize, i: usize) -> f32 {
    f32::from(i16::from(level(bits, i)) + i16::from(level(bits, i + 1))) / 2.0
}
