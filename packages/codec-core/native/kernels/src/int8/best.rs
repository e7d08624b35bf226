//! The k best of a stream of numbers, of which only the k-th is asked for.
//!
//! For small k a sorted array, sixteen numbers a register: with x to come in, place i becomes
//! max(old_i, min(x, old_(i-1))), all places at once. For large k numbers gather, and the best k are kept now
//! and then. The k-th of them is found by bisection over the floats' places in order, which counts numbers by whole
//! registers and mispredicts nothing: several times as fast as a selection that moves numbers about.

use crate::simd::{F32x16, Simd};

/// Up to this k numbers are sorted.
pub(super) const SORTED: usize = 32;

/// Numbers gathered beyond k and half of it.
const MORE: usize = 64;

pub(super) struct Best {
    k: usize,
    kth: f32,
    /// +infinity, then numbers from the best on; -infinity where there are none yet.
    sorted: [f32; 1 + SORTED],
    /// Numbers at which those gathered are cut to the best.
    most: usize,
    gathered: Vec<f32>,
}

impl Best {
    #[inline(always)]
    pub(super) fn new(k: usize) -> Best {
        let mut sorted = [f32::NEG_INFINITY; 1 + SORTED];
        sorted[0] = f32::INFINITY;
        let most = if k > SORTED { MORE + k + k / 2 } else { 0 };
        Best { k, kth: f32::NEG_INFINITY, sorted, most, gathered: Vec::with_capacity(most) }
    }

    /// At most the k-th best; -infinity while there are fewer.
    #[inline(always)]
    pub(super) fn kth(&self) -> f32 {
        self.kth
    }

    /// Takes a number, not NaN, and says whether the k-th may be another one now.
    ///
    /// # Safety
    /// Needs the instruction set.
    #[inline(always)]
    pub(super) unsafe fn insert<S: Simd>(&mut self, x: f32) -> bool {
        if self.k > SORTED {
            if x > self.kth {
                self.gathered.push(x);
                if self.gathered.len() >= self.most {
                    // SAFETY: as above.
                    unsafe { self.last::<S>() };
                    return true;
                }
            }
            return false;
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
        true
    }

    /// Sets all k, the best first; k is at most SORTED.
    #[inline(always)]
    pub(super) fn set(&mut self, best: impl Iterator<Item = f32>) {
        for (to, x) in self.sorted[1..].iter_mut().zip(best) {
            *to = x;
        }
        self.kth = self.sorted[self.k];
    }

    /// The k-th best of all numbers, -infinity where there are fewer.
    ///
    /// # Safety
    /// Needs the instruction set.
    #[inline(always)]
    pub(super) unsafe fn last<S: Simd>(&mut self) -> f32 {
        if self.k > SORTED && self.gathered.len() > self.k {
            // SAFETY: as above.
            self.kth = unsafe { S::keep_best(&mut self.gathered, self.k) };
        }
        self.kth
    }
}

/// Keeps the k best of k or more numbers, none of them NaN, and gives the least of these.
#[inline(always)]
pub(crate) fn keep_best(numbers: &mut Vec<f32>, k: usize) -> f32 {
    // `low` and more are k or more of them, `high` and more are fewer.
    let (mut low, mut high) = (i64::from(place(f32::NEG_INFINITY)), i64::from(place(f32::INFINITY)) + 1);
    while high - low > 1 {
        let middle = low + (high - low) / 2;
        let least = float(middle as i32);
        let count: u32 = numbers.iter().map(|&x| u32::from(x >= least)).sum();
        if count as usize >= k {
            low = middle;
        } else {
            high = middle;
        }
        if count as usize == k {
            break;
        }
    }
    // Where the k-th is there several times, k of them at most are left.
    let kth = float(low as i32);
    let mut kept = 0;
    for i in 0..numbers.len() {
        let x = numbers[i];
        numbers[kept] = x;
        kept += usize::from(x > kth);
    }
    numbers.truncate(kept);
    numbers.resize(k, kth);
    kth
}

/// A float's place in the order of floats.
#[inline(always)]
fn place(x: f32) -> i32 {
    let bits = x.to_bits() as i32;
    bits ^ ((bits >> 31) & i32::MAX)
}

/// The float at that place.
#[inline(always)]
fn float(place: i32) -> f32 {
    f32::from_bits((place ^ ((place >> 31) & i32::MAX)) as u32)
}
