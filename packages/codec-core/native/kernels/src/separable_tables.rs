//! Separable tables of the trellis coder: the value of a window is the sum of one of 16 numbers by its newer four bits and one
//! of 16 by its older ones, for 1 to 4 bits; of each the numbers 8 to 15, the others being their negatives. As
//! `src/kernels/separable-tables.ts`, which says where they come from.

/// The value of a window.
pub(crate) fn value(bits: usize, window: usize) -> i8 {
    odd(&NEWER[bits - 1], window >> 4) + odd(&OLDER[bits - 1], window & 15)
}

fn odd(half: &[i8; 8], index: usize) -> i8 {
    if index >= 8 { half[index - 8] } else { -half[7 - index] }
}

const NEWER: [[i8; 8]; 4] = [
    [29, -26, -23, 27, 26, -27, -20, 22],
    [-8, 40, 25, -45, 12, -6, -13, 27],
    [-15, 49, 26, 1, -31, 77, 12, -44],
    [-45, 35, -13, 71, -7, -20, 3, 27],
];

const OLDER: [[i8; 8]; 4] = [
    [-22, 17, -23, 13, 15, -18, 31, -7],
    [-40, -8, 25, -3, 1, 34, 9, -20],
    [6, -27, -14, 17, 18, -3, 29, -7],
    [-20, -13, -3, -3, -31, 23, -46, 10],
];
