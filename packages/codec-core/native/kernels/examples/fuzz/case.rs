//! Arguments of a case: numbers that kernels must bear, in buffers that end where their allocation ends.

use crate::rng::Rng;

/// Dims around the widths of vectors and tiles, and now and then any.
pub fn dim(rng: &mut Rng) -> usize {
    match rng.below(40) {
        0 => rng.pick(&[0, 65_536, 65_537, usize::MAX]),
        1 => 1 + rng.below(3000),
        2 => rng.pick(&[384, 768, 1024, 1536, 3072]),
        3..=9 => 1 + rng.below(300),
        _ => 1 + rng.below(70),
    }
}

/// Rows of that dim, fewer where they are long.
pub fn count(rng: &mut Rng, dim: usize) -> usize {
    let most = (6000 / dim.clamp(1, 65_536)).clamp(1, 120);
    match rng.below(10) {
        0 => 0,
        1 => 1,
        _ => 1 + rng.below(most),
    }
}

/// `length`, rarely a little off; never more than memory should hold.
pub fn length(rng: &mut Rng, length: usize) -> usize {
    let length = length.min(1 << 20);
    match rng.below(60) {
        0 => length.saturating_sub(1 + rng.below(4)),
        1 => length + 1 + rng.below(70),
        2 => 0,
        _ => length,
    }
}

/// A slice at any offset of its allocation, up to its end: what reads or writes further is out of bounds.
pub struct Buffer<T> {
    all: Box<[T]>,
    from: usize,
    guard: T,
}

impl<T: Copy + PartialEq> Buffer<T> {
    pub fn new(rng: &mut Rng, length: usize, guard: T, mut fill: impl FnMut(&mut Rng) -> T) -> Buffer<T> {
        let from = rng.below(67);
        let all = (0..from + length).map(|i| if i < from { guard } else { fill(rng) }).collect();
        Buffer { all, from, guard }
    }

    pub fn get(&self) -> &[T] {
        &self.all[self.from..]
    }

    pub fn get_mut(&mut self) -> &mut [T] {
        &mut self.all[self.from..]
    }

    /// Panics where something in front of the slice was written.
    pub fn check(&self) {
        assert!(self.all[..self.from].iter().all(|x| *x == self.guard), "something beside an output was written");
    }
}

/// What the floats of one case are like.
#[derive(Clone, Copy, PartialEq, Eq)]
pub enum Kind {
    /// Ordinary numbers, a row among them now and then of another size.
    Finite,
    /// Any bits at all.
    Bits,
}

pub fn float(rng: &mut Rng, kind: Kind, factor: f32) -> f32 {
    match kind {
        Kind::Bits => f32::from_bits(rng.next() as u32),
        Kind::Finite => match rng.below(64) {
            0 => rng.pick(&[0.0, -0.0, 1e-45, -1e-40, f32::MIN_POSITIVE, f32::MAX, f32::MIN, 1e18, 65_504.0]),
            _ => rng.normal() * factor,
        },
    }
}

pub fn floats(rng: &mut Rng, length: usize, kind: Kind) -> Buffer<f32> {
    let factor = rng.pick(&[1.0, 1.0, 1.0, 1.0, 0.0, 1e-44, 1e-30, 1e-5, 1e5, 1e18, 3e37]);
    Buffer::new(rng, length, 7.5, |rng| float(rng, kind, factor))
}

/// Half of the lists allow all but a few, half none but a few; bits past the end are any.
pub fn allow_list(rng: &mut Rng, count: usize) -> Option<Buffer<u32>> {
    if rng.below(2) == 0 {
        return None;
    }
    let words = length(rng, count.div_ceil(32));
    let dense = rng.below(2) == 0;
    Some(Buffer::new(rng, words, 0, |rng| {
        let some = (rng.next() & rng.next() & rng.next()) as u32;
        if rng.once_in(5) {
            0
        } else if dense {
            !some
        } else {
            some
        }
    }))
}

/// Bytes of int8 codes of `dim`: encoded-like, saturated or any bytes; scales of every kind.
pub fn codes(rng: &mut Rng, length: usize, dim: usize) -> Buffer<u8> {
    let stride = dim.saturating_add(4);
    let style = rng.below(4);
    let mut at = 0;
    let mut scale = [0u8; 4];
    Buffer::new(rng, length, 0xa5, |rng| {
        let column = at % stride;
        at += 1;
        if column < dim {
            return match style {
                0 => rng.next() as u8,
                1 => rng.pick(&[0x80, 0x7f, 0x81, 0, 1, 0xff]),
                2 => 0x80,
                _ => (rng.normal() * 40.0).clamp(-127.0, 127.0) as i8 as u8,
            };
        }
        if column == dim {
            scale = match rng.below(8) {
                0 => (rng.next() as u32).to_le_bytes(),
                1 => rng
                    .pick(&[f32::NAN, f32::INFINITY, f32::NEG_INFINITY, 0.0, -0.0, -1.0, 1e-45, 1e38, f32::MAX])
                    .to_le_bytes(),
                _ => (0.01 + rng.normal().abs() * 0.01).to_le_bytes(),
            };
        }
        scale[column - dim]
    })
}

/// A k from nothing to beyond what there is; mostly one that fits.
pub fn k(rng: &mut Rng, found: usize) -> usize {
    match rng.below(20) {
        0 => rng.pick(&[0, usize::MAX, 1 << 40, found + 1]),
        1 => found,
        2..=6 => 1,
        _ => 1 + rng.below(found.clamp(1, 40)),
    }
}
