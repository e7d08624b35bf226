//! The k best of a stream of numbers, of which only the k-th is asked for.
//!
//! For small k a sorted array, sixteen numbers a register: with x to come in, place i becomes
//! max(old_i, min(x, old_(i-1))), all places at once. For large k numbers gather, and the best k are selected once
//! every k / 2.

use crate::simd::{F32x16, Simd};

/// Up to this k numbers are sorted.
pub(super) const SORTED: usize = 32;

pub(super) struct Best {
    k: usize,
    kth: f32,
    /// +infinity, then numbers from the best on; -infinity where there are none yet.
    sorted: [f32; 1 + SORTED],
    gathered: Vec<f32>,
}

impl Best {
    #[inline(always)]
    pub(super) fn new(k: usize) -> Best {
        let mut sorted = [f32::NEG_INFINITY; 1 + SORTED];
        sorted[0] = f32::INFINITY;
        Best { k, kth: f32::NEG_INFINITY, sorted, gathered: Vec::new() }
    }

    /// At most the k-th best; -infinity while there are fewer.
    #[inline(always)]
    pub(super) fn kth(&self) -> f32 {
        self.kth
    }

    /// Takes a number, not NaN.
    ///
    /// # Safety
    /// Needs the instruction set.
    #[inline(always)]
    pub(super) unsafe fn insert<S: Simd>(&mut self, x: f32) {
        if self.k > SORTED {
            if x > self.kth {
                self.gathered.push(x);
                if self.gathered.len() >= self.k + self.k / 2 {
                    self.select();
                }
            }
            return;
        }
        // SAFETY: one number and two sixteens.
        unsafe {
            let x = S::F::splat(x);
            let from = self.sorted.as_mut_ptr();
            for at in [from.add(16), from].into_iter().skip(usize::from(self.k <= 16)) {
                let new = S::F::load(at).min(x).max(S::F::load(at.add(1)));
                new.store(at.add(1));
            }
        }
        self.kth = self.sorted[self.k];
    }

    /// Sets all k, the best first; k is at most SORTED.
    #[inline(always)]
    pub(super) fn set(&mut self, best: impl Iterator<Item = f32>) {
        for (to, x) in self.sorted[1..].iter_mut().zip(best) {
            *to = x;
        }
        self.kth = self.sorted[self.k];
    }

    #[inline(never)]
    fn select(&mut self) {
        let (_, kth, _) = self.gathered.select_nth_unstable_by(self.k - 1, |a, b| b.total_cmp(a));
        self.kth = *kth;
        self.gathered.truncate(self.k);
    }
}
