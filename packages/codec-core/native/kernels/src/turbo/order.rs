//! The order in which registers give coordinates. Of 4, 2 and 1 bits a register of code bytes becomes 2, 4 or 8 registers
//! of levels: the first coordinates of all its bytes, then the second ones, and so on. Of other bits and of a trellis
//! they stay in order.

use super::Coding;

/// Coordinates in a byte that registers take apart.
pub(super) fn phases(coding: Coding) -> usize {
    match coding.bits {
        1 | 2 | 4 if !coding.trellis => 8 / coding.bits,
        _ => 1,
    }
}

/// Levels of a row as `Packed::unpack` writes them: the last register, where it isn't full, makes short ones.
pub(super) fn unpacked(coding: Coding, dim: usize) -> usize {
    dim.next_multiple_of(phases(coding))
}

/// Levels of a row in whole registers of `width`.
pub(super) fn padded(coding: Coding, dim: usize, width: usize) -> usize {
    dim.next_multiple_of(width * phases(coding))
}

/// Calls `each` with every coordinate and its place; `whole` where all registers are.
#[inline(always)]
pub(super) fn places(coding: Coding, dim: usize, width: usize, whole: bool, mut each: impl FnMut(usize, usize)) {
    let phases = phases(coding);
    if phases == 1 {
        return (0..dim).for_each(|j| each(j, j));
    }
    for from in (0..dim).step_by(width * phases) {
        let left = dim - from;
        let bytes = if whole { width } else { left.div_ceil(phases).min(width) };
        for p in 0..phases {
            let count = (left + phases - 1 - p) / phases;
            for i in 0..count.min(width) {
                each(from + i * phases + p, from + p * bytes + i);
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_coordinate_has_a_place_of_its_own() {
        for (bits, trellis) in [(1, false), (2, false), (3, false), (4, false), (8, false), (2, true), (4, true)] {
            let coding = Coding { bits, trellis };
            for dim in (1..300).chain([384, 513]) {
                for whole in [false, true] {
                    let room = if whole { padded(coding, dim, 64) } else { unpacked(coding, dim) };
                    let mut seen = vec![usize::MAX; room];
                    places(coding, dim, 64, whole, |j, place| {
                        assert_eq!(std::mem::replace(&mut seen[place], j), usize::MAX);
                    });
                    let mut found: Vec<usize> = seen.into_iter().filter(|&j| j != usize::MAX).collect();
                    found.sort_unstable();
                    assert!(found.into_iter().eq(0..dim), "bits {bits} dim {dim} whole {whole}");
                }
            }
        }
    }
}
