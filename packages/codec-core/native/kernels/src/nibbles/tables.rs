//! A query's tables.

use super::{FOUR, NibbleLayout};
use crate::float_scan::Metric;
use crate::topk::ranked;

/// The greatest product of an entry and its weight.
const MOST: f32 = 1020.0;
/// The greatest entry.
const ENTRY: f32 = 255.0;

/// By the place of a scalar the sum that rows need; as many more as a register may read behind a place.
pub(crate) type Least = [u16; 256 + 63];
pub(super) const LET_ALL: Least = [0; 256 + 63];

/// What a component of 1, 2 or 4 bits at each place of a nibble is, by the nibble: four, two, one.
pub(super) type Shares = [[f32; 16]; 7];

pub(super) fn shares(layout: &NibbleLayout) -> Shares {
    let mut shares = [[0f32; 16]; 7];
    let mut levels = &layout.levels[..];
    for bits in [1, 2, 4] {
        let (own, rest) = levels.split_at(1 << bits);
        levels = rest;
        for at in (0..4).step_by(bits) {
            shares[share(bits, at)] = std::array::from_fn(|v| f32::from(own[v >> at & (own.len() - 1)]));
        }
    }
    shares
}

#[inline(always)]
fn share(bits: usize, at: usize) -> usize {
    match bits {
        1 => at,
        2 => 4 + at / 2,
        _ => 6,
    }
}

/// Sixteen numbers folded by halves. Halves of a length that the compiler knows become registers.
#[inline(always)]
fn folded(own: &[f32; 16], fold: impl Fn(f32, f32) -> f32) -> f32 {
    let eight: [f32; 8] = half(own, &fold);
    let four: [f32; 4] = half(&eight, &fold);
    let two: [f32; 2] = half(&four, &fold);
    fold(two[0], two[1])
}

#[inline(always)]
fn half<const N: usize>(own: &[f32], fold: impl Fn(f32, f32) -> f32) -> [f32; N] {
    let mut out = [0.0; N];
    for (i, out) in out.iter_mut().enumerate() {
        *out = fold(own[i], own[i + N]);
    }
    out
}

/// The tables of four bytes: of their lower nibbles, then of their upper ones.
#[derive(Clone, Copy, Default)]
#[repr(C, align(64))]
pub(crate) struct Four {
    pub(crate) entries: [[[u8; 16]; FOUR]; 2],
    /// What the entries are multiplied by, up to 4.
    pub(crate) weights: [[u8; FOUR]; 2],
}

pub(super) struct Query {
    pub(super) fours: Vec<Four>,
    /// What no sum exceeds.
    most: u32,
    base: f32,
    step: f32,
    bias: f32,
    square: f32,
    unit: f32,
    metric: Metric,
}

impl Query {
    /// Inlined, for rounding is a call without the instruction set.
    #[inline(always)]
    pub(super) fn new(layout: &NibbleLayout, shares: &Shares, prepared: &[f32]) -> Query {
        let (p, rest) = prepared.split_at(layout.bits.len());
        let nibbles = 2 * layout.code_bytes;
        let mut values = vec![[0f32; 16]; nibbles];
        let mut at = 0;
        for (&p, &bits) in p.iter().zip(layout.bits) {
            let shares = &shares[share(bits.into(), at % 4)];
            for (value, level) in values[at / 4].iter_mut().zip(shares) {
                *value += p * level;
            }
            at += usize::from(bits);
        }
        let (mut base, mut greatest) = (0f32, 0f32);
        let mut spans = Vec::with_capacity(nibbles);
        for own in &values {
            // What isn't a number stays: neither comparison holds.
            let low = folded(own, |a, b| if b >= a || a.is_nan() { a } else { b });
            let high = folded(own, |a, b| if b <= a || a.is_nan() { a } else { b });
            let range = high - low;
            greatest = if range <= greatest || greatest.is_nan() { greatest } else { range };
            base += low;
            spans.push((low, range));
        }
        let factor = MOST / greatest;
        let usable = greatest > 0.0 && greatest < f32::INFINITY && factor < f32::INFINITY;
        let mut fours = vec![Four::default(); layout.fours()];
        let mut most = 0;
        if usable {
            for (n, (values, &(low, range))) in values.iter().zip(&spans).enumerate() {
                let four = &mut fours[n / (2 * FOUR)];
                let (byte, half) = (n / 2 % FOUR, n % 2);
                let size = range * factor;
                let weight = 1 + u8::from(size > ENTRY) + u8::from(size > 2.0 * ENTRY) + u8::from(size > 3.0 * ENTRY);
                let own = factor / f32::from(weight);
                let mut entries = [0; 16];
                for (entry, value) in entries.iter_mut().zip(values) {
                    *entry = ((value - low) * own).round_ties_even().min(ENTRY) as u8;
                }
                most += u32::from(weight) * u32::from(entries.iter().copied().max().unwrap_or(0));
                four.entries[half][byte] = entries;
                four.weights[half][byte] = weight;
            }
        }
        Query {
            fours,
            most,
            base,
            step: if usable { greatest / MOST } else { 0.0 },
            bias: rest[0],
            square: rest[1],
            unit: rest[2],
            metric: layout.metric,
        }
    }

    /// Whether all sums are below the largest number of 16 bits.
    #[inline(always)]
    pub(super) fn is_short(&self) -> bool {
        self.most < u16::MAX.into()
    }

    pub(super) fn measures_distance(&self) -> bool {
        self.metric == Metric::L2
    }

    /// The reference: the sum of a code's entries, each by its weight.
    pub(super) fn sum(&self, code: &[u8]) -> u32 {
        let of = |four: &Four, half: usize, byte: usize, nibble: u8| {
            u32::from(four.weights[half][byte]) * u32::from(four.entries[half][byte][usize::from(nibble)])
        };
        let bytes = code.chunks(FOUR).zip(&self.fours).flat_map(|(bytes, four)| {
            bytes.iter().enumerate().map(move |(b, byte)| of(four, 0, b, byte & 15) + of(four, 1, b, byte >> 4))
        });
        bytes.sum()
    }

    /// Score of a row, given the sum of its entries, its scalar and its |x|^2.
    #[inline(always)]
    pub(super) fn score(&self, sum: u32, scalar: f32, square: f32) -> f32 {
        let l2 = self.metric == Metric::L2;
        if scalar == 0.0 {
            return if l2 { ranked(0.0 - self.square) } else { 0.0 };
        }
        let product = scalar * (self.bias + (self.base + sum as f32 * self.step) * self.unit);
        if !l2 {
            return ranked(product);
        }
        let distance = self.square + square - (product + product);
        ranked(0.0 - if distance < 0.0 { 0.0 } else { distance })
    }

    /// For each of the scalars the sum below which no row of it reaches the score; 0 where that can't be told. `inverse`:
    /// one over each of them.
    ///
    /// Scores rise with the sum. What it takes is found in float64, and lowered by more than float32 can be off.
    #[inline(always)]
    pub(super) fn least_sums(&self, score: f32, inverse: &[f64; 256], least: &mut Least) {
        let scale = f64::from(self.step) * f64::from(self.unit);
        if self.metric == Metric::L2 || !(score > 0.0 && scale > 0.0) {
            *least = LET_ALL;
            return;
        }
        let offset = f64::from(self.bias) + f64::from(self.base) * f64::from(self.unit);
        let size = f64::from(self.bias.abs()) + (f64::from(self.base) * f64::from(self.unit)).abs();
        let (score, up) = (f64::from(score), 1.0 / scale);
        let slack = 1.0 + 1e-6 * (size * up);
        for (least, &inverse) in least.iter_mut().zip(inverse) {
            let sum = (score * inverse - offset) * up;
            // What isn't a number, and all below, becomes 0.
            let sum = (sum - slack - 1e-6 * sum.abs()).max(0.0).min(f64::from(u16::MAX));
            // SAFETY: from 0 to 65,535. A checked cast takes each number out of its register.
            *least = unsafe { sum.to_int_unchecked::<i32>() } as u16;
        }
    }
}
