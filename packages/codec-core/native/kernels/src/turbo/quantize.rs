//! The search for the level nearest to a number, of 1 to 4 bits.

use super::levels::{magnitudes, thresholds};

/// The levels' magnitudes and where they begin, for registers.
pub(crate) struct Cells {
    /// Ascending, the last one repeated.
    pub levels: [f32; 16],
    /// Number of levels below zero.
    pub half: i32,
    /// Ascending, then infinities: |w| reaches as many of them as the place of its level.
    pub thresholds: [f32; 7],
    /// By |w| / 8: no threshold is so close to another that two would stand in one of these.
    /// The threshold there, infinity where there is none, and how many stand below.
    pub bucket: [f32; 16],
    pub below: [i32; 16],
}

impl Cells {
    pub(super) fn new(bits: usize) -> Cells {
        let (magnitudes, marks) = (magnitudes(bits), thresholds(bits));
        let mut thresholds = [f32::INFINITY; 7];
        let (mut bucket, mut below) = ([f32::INFINITY; 16], [0; 16]);
        for (to, &mark) in thresholds.iter_mut().zip(marks) {
            *to = f32::from(mark);
        }
        for (i, &mark) in marks.iter().enumerate() {
            let place = usize::from(mark / 8);
            bucket[place] = f32::from(mark);
            below[place + 1..].fill(i as i32 + 1);
        }
        let last = magnitudes.len() - 1;
        Cells {
            levels: std::array::from_fn(|i| f32::from(magnitudes[i.min(last)])),
            half: 1 << (bits - 1),
            thresholds,
            bucket,
            below,
        }
    }

    /// The reference: a number's code and level.
    pub(super) fn nearest(&self, w: f32) -> (u8, f32) {
        let m = self.thresholds.iter().filter(|&&t| w.abs() >= t).count();
        let (half, level) = (self.half as usize, self.levels[m]);
        if w < 0.0 { ((half - 1 - m) as u8, -level) } else { ((half + m) as u8, level) }
    }
}
