//! A query's tables.

use super::{Extra, NibbleLayout};
use crate::float_scan::Metric;
use crate::topk::ranked;

/// The greatest entry.
const MOST: f32 = 381.0;
/// What two of add up within a byte.
const PART: u16 = 127;

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

/// Sixteen numbers folded by halves.
#[inline(always)]
fn folded(own: &[f32; 16], fold: impl Fn(f32, f32) -> f32) -> f32 {
    let mut own = *own;
    for half in [8, 4, 2, 1] {
        for i in 0..half {
            own[i] = fold(own[i], own[i + half]);
        }
    }
    own[0]
}

pub(super) struct Query {
    /// 16 entries for each nibble.
    pub(super) entries: Vec<[u16; 16]>,
    /// The same up to 127; the rest of larger ones is in `extras`, in the order of bytes.
    pub(super) firsts: Vec<[u8; 16]>,
    pub(super) extras: Vec<Extra>,
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
        let (mut base, mut most) = (0f32, 0f32);
        let mut lows = Vec::with_capacity(nibbles);
        for own in &values {
            // What isn't a number stays: neither comparison holds.
            let low = folded(own, |a, b| if b >= a || a.is_nan() { a } else { b });
            let high = folded(own, |a, b| if b <= a || a.is_nan() { a } else { b });
            let range = high - low;
            most = if range <= most || most.is_nan() { most } else { range };
            base += low;
            lows.push(low);
        }
        let factor = MOST / most;
        let usable = most > 0.0 && most < f32::INFINITY && factor < f32::INFINITY;
        let mut entries = vec![[0u16; 16]; nibbles];
        if usable {
            for ((entries, values), &low) in entries.iter_mut().zip(&values).zip(&lows) {
                for (entry, &value) in entries.iter_mut().zip(values) {
                    *entry = ((value - low) * factor).round_ties_even().min(MOST) as u16;
                }
            }
        }
        let (mut firsts, mut extras) = (Vec::with_capacity(nibbles), Vec::new());
        let mut sum = 0;
        for (n, entries) in entries.iter().enumerate() {
            let part = |from: u16| entries.map(|entry| entry.saturating_sub(from).min(PART) as u8);
            firsts.push(part(0));
            let greatest = entries.iter().copied().max().unwrap_or(0);
            sum += u32::from(greatest);
            for from in (PART..greatest).step_by(PART.into()) {
                extras.push(Extra { byte: n / 2, upper: n % 2 == 1, entries: part(from) });
            }
        }
        Query {
            entries,
            firsts,
            extras,
            most: sum,
            base,
            step: if usable { most / MOST } else { 0.0 },
            bias: rest[0],
            square: rest[1],
            unit: rest[2],
            metric: layout.metric,
        }
    }

    /// Whether no sum is beyond 16 bits.
    #[inline(always)]
    pub(super) fn is_short(&self) -> bool {
        self.most <= u16::MAX.into()
    }

    pub(super) fn measures_distance(&self) -> bool {
        self.metric == Metric::L2
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

    /// A sum below which no row of a scalar up to this one reaches the score; 0 where that can't be told.
    ///
    /// Scores rise with the sum. What it takes is found in float64, and lowered by more than float32 can be off.
    pub(super) fn least_sum(&self, score: f32, scalar: f32) -> u32 {
        let scale = f64::from(self.step) * f64::from(self.unit);
        if self.metric == Metric::L2 || !(score > 0.0 && scalar > 0.0 && scale > 0.0) {
            return 0;
        }
        let offset = f64::from(self.bias) + f64::from(self.base) * f64::from(self.unit);
        let least = (f64::from(score) / f64::from(scalar) - offset) / scale;
        let size = f64::from(self.bias.abs()) + (f64::from(self.base) * f64::from(self.unit)).abs();
        let doubt = 1.0 + 1e-6 * (least.abs() + size / scale);
        // A cast takes what isn't a number, and all below, to 0.
        (least - doubt).floor() as u32
    }
}
