//! What the tests share: numbers from a fixed seed, and the awkward shapes and rows that every kernel must bear.
#![allow(dead_code)] // each test file uses a part

use pith_kernels::Isa;

/// SplitMix64 (Steele, Lea, Flood, 2014).
pub struct Rng(pub u64);

impl Rng {
    pub fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let z = (self.0 ^ self.0 >> 30).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        let z = (z ^ z >> 27).wrapping_mul(0x94d0_49bb_1331_11eb);
        z ^ z >> 31
    }

    pub fn below(&mut self, n: usize) -> usize {
        (self.next() % n as u64) as usize
    }

    /// Roughly normal: the sum of four uniforms in [-1, 1).
    pub fn normal(&mut self) -> f32 {
        (0..4).map(|_| (self.next() >> 40) as f32 / (1 << 23) as f32 - 1.0).sum()
    }

    pub fn normals(&mut self, n: usize) -> Vec<f32> {
        (0..n).map(|_| self.normal()).collect()
    }
}

/// Instruction sets other than the reference.
pub fn simd() -> Vec<Isa> {
    Isa::available().iter().copied().filter(|&isa| isa != Isa::SCALAR).collect()
}

pub fn dims() -> Vec<usize> {
    (1..=70).chain([127, 128, 129, 255, 256, 257, 383, 384, 385, 768]).collect()
}

pub fn counts() -> [usize; 15] {
    [0, 1, 2, 3, 4, 5, 7, 8, 9, 15, 16, 17, 31, 33, 40]
}

/// Rows among which are zero, repeated, tiny, subnormal, huge, constant and one-hot ones.
pub fn rows(rng: &mut Rng, count: usize, dim: usize) -> Vec<f32> {
    let mut data: Vec<f32> = Vec::with_capacity(count * dim);
    for row in 0..count {
        let factor = match rng.below(12) {
            0 => 0.0,
            1 => 1e-30,
            2 => 1e-38,
            3 => 1e-44,
            4 => 1e18,
            5 => 3e37,
            _ => 1.0,
        };
        match rng.below(8) {
            0 if row > 0 => data.extend_from_within(rng.below(row) * dim..),
            1 => data.extend(std::iter::repeat_n(factor, dim)),
            2 => {
                let hot = rng.below(dim);
                data.extend((0..dim).map(|j| if j == hot { -factor } else { -0.0 }));
            }
            _ => data.extend(rng.normals(dim).iter().map(|v| v * factor)),
        }
        data.truncate((row + 1) * dim);
    }
    data
}

/// Bits of floats, all NaN alike: which NaN comes out isn't promised.
pub fn bits(data: &[f32]) -> Vec<u32> {
    data.iter().map(|v| if v.is_nan() { f32::NAN.to_bits() } else { v.to_bits() }).collect()
}

/// Slots of the k best scores by sorting, equal scores by the lower slot.
pub fn sorted(scores: &[f32], allow: Option<&[u32]>, k: usize) -> Vec<(u32, u32)> {
    let allowed = |i: usize| allow.is_none_or(|words| words[i / 32] >> (i % 32) & 1 == 1);
    let mut slots: Vec<usize> = (0..scores.len()).filter(|&i| allowed(i)).collect();
    slots.sort_by(|&a, &b| scores[b].partial_cmp(&scores[a]).unwrap().then(a.cmp(&b)));
    slots.into_iter().take(k).map(|i| (i as u32, scores[i].to_bits())).collect()
}

/// A list that allows each of `count` rows with the given chance in 100, some words all zero; bits past the end are
/// set, for kernels must not look at them.
pub fn allow_list(rng: &mut Rng, count: usize, percent: usize) -> Vec<u32> {
    let mut words = vec![0u32; count.div_ceil(32)];
    for i in 0..words.len() * 32 {
        let whole_word_off = (i / 32) % 5 == 3;
        if i >= count || (!whole_word_off && rng.below(100) < percent) {
            words[i / 32] |= 1 << (i % 32);
        }
    }
    words
}

pub fn allowed_count(words: &[u32], count: usize) -> usize {
    (0..count).filter(|&i| words[i / 32] >> (i % 32) & 1 == 1).count()
}
