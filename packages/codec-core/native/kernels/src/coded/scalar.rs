//! Scalars as places in a table: 256 ascending floats, of which the first, 0, is for zero rows alone.

/// The smallest float above 0: a scalar of 0 stands for a row of zeros.
pub(crate) const LEAST_SCALAR: f32 = f32::from_bits(1);

/// 1 + the number of marks half way between neighbours of the table, but for the first pair, that are at most `scalar`.
#[inline(always)]
pub(crate) fn place(table: &[f32], scalar: f32) -> u8 {
    // They ascend: of 1 to 255, the largest place whose lower mark is at most `scalar`.
    let (mut low, mut high) = (1, 256);
    while high - low > 1 {
        let middle = (low + high) / 2;
        // In float64, where half of a subnormal is exact.
        if f64::from(table[middle - 1] + table[middle]) * 0.5 <= f64::from(scalar) {
            low = middle;
        } else {
            high = middle;
        }
    }
    low as u8
}
