//! Trellis coding (the rule, to the bit, is in `src/kernels/trellis.ts`): a coordinate's value is that of the last 8 bits
//! of the stream, its window, and the encoder finds the windows of least squared error, in saturating 16-bit integers.
//! Coordinates have 1 to 4 bits, each of its own.
//!
//! Windows (u << bits) | h that differ in h alone go on to the same windows, so that the cheapest of them is all that
//! counts. Costs stand by h, then u: the cheapest of each u is a minimum of whole registers. The next window
//! (symbol << (8 - bits)) | u, for any symbol, begins at the least cost of u, which `sources` brings to the place where the
//! coordinate after it, of as many bits or of others, looks for it.

use crate::simd::{F32x16, Simd};

pub(crate) const WINDOWS: usize = 256;
/// What costs stop at.
const MOST: u16 = u16::MAX;
/// Coordinates between which costs are brought back to 0.
const SPAN: usize = 4;

/// One number for each window, in the order of the costs.
#[derive(Clone, Copy)]
#[repr(C, align(64))]
pub(crate) struct PerWindow<T>(pub(crate) [T; WINDOWS]);

/// What steps share of coordinates of as many bits, and as many after them.
pub(crate) struct Steps {
    pub(crate) bits: usize,
    pub(crate) next: usize,
    /// Of each window its value.
    pub(crate) values: PerWindow<i16>,
    /// Of each window the u at whose least cost it begins.
    pub(crate) sources: PerWindow<u16>,
}

impl Steps {
    /// `next`: bits of the coordinate after them.
    fn new(bits: usize, next: usize, value: impl Fn(usize, usize) -> i8) -> Steps {
        let groups = WINDOWS >> bits;
        let mut steps = Steps { bits, next, values: PerWindow([0; WINDOWS]), sources: PerWindow([0; WINDOWS]) };
        for window in 0..WINDOWS {
            let at = place(next, window);
            steps.values.0[at] = i16::from(value(bits, window));
            steps.sources.0[at] = (window % groups) as u16;
        }
        steps
    }
}

/// Where a window's cost stands.
fn place(bits: usize, window: usize) -> usize {
    (window & ((1 << bits) - 1)) * (WINDOWS >> bits) + (window >> bits)
}

/// The search, with its memory.
pub(crate) struct Trellis {
    /// Coordinates in runs that share their steps: how many there are.
    runs: Vec<(Steps, usize)>,
    /// Of each coordinate and u the h that was cheapest.
    came: Vec<u16>,
    coordinates: usize,
}

impl Trellis {
    /// Of coordinates of so many bits each, 1 to 4; `value`: of a window of so many bits.
    pub(crate) fn new(bits: &[u8], value: impl Fn(usize, usize) -> i8) -> Trellis {
        let mut runs: Vec<(Steps, usize)> = Vec::new();
        for (j, &own) in bits.iter().enumerate() {
            let (own, next) = (usize::from(own), usize::from(*bits.get(j + 1).unwrap_or(&own)));
            match runs.last_mut() {
                Some((steps, count)) if (steps.bits, steps.next) == (own, next) => *count += 1,
                _ => runs.push((Steps::new(own, next, &value), 1)),
            }
        }
        let came = bits.iter().map(|&bits| WINDOWS >> bits).sum();
        Trellis { runs, came: vec![0; came], coordinates: bits.len() }
    }

    /// The windows of a row of coordinates, whole numbers from -127 to 127.
    pub(crate) fn search(&mut self, row: &[i8], windows: &mut [u8]) {
        self.search_by(row, windows, step);
    }

    /// # Safety
    /// Needs the instruction set.
    #[inline(always)]
    pub(crate) unsafe fn search_lanes<S: Simd>(&mut self, row: &[i8], windows: &mut [u8]) {
        self.search_by(
            row,
            windows,
            #[inline(always)]
            // SAFETY: promised by the caller; `came` has room for each u.
            |steps, costs, value, settle, came| unsafe { S::trellis_step(steps, costs, value, settle, came) },
        );
    }

    #[inline(always)]
    fn search_by(
        &mut self,
        row: &[i8],
        windows: &mut [u8],
        step: impl Fn(&Steps, &mut PerWindow<u16>, i8, bool, &mut [u16]),
    ) {
        assert!(row.len() == self.coordinates && windows.len() == self.coordinates);
        let Some(last) = self.runs.last().map(|(steps, _)| steps.next) else { return };
        let mut costs = PerWindow([MOST; WINDOWS]);
        costs.0[0] = 0;
        let (mut j, mut rest) = (0, self.came.as_mut_slice());
        for (steps, count) in &self.runs {
            let groups = WINDOWS >> steps.bits;
            let (came, behind) = rest.split_at_mut(count * groups);
            rest = behind;
            for came in came.chunks_exact_mut(groups) {
                step(steps, &mut costs, row[j], j > 0 && j % SPAN == 0, came);
                j += 1;
            }
        }
        let mut window = 0;
        for other in 1..WINDOWS {
            if costs.0[place(last, other)] < costs.0[place(last, window)] {
                window = other;
            }
        }
        let mut rest = self.came.as_slice();
        for (steps, count) in self.runs.iter().rev() {
            let groups = WINDOWS >> steps.bits;
            let (before, came) = rest.split_at(rest.len() - count * groups);
            rest = before;
            for came in came.chunks_exact(groups).rev() {
                j -= 1;
                windows[j] = window as u8;
                let u = window & (groups - 1);
                window = u << steps.bits | usize::from(came[u]);
            }
        }
    }
}

/// Costs after a coordinate, and which h was cheapest; first the least cost is taken off where it is time to settle.
#[inline(always)]
pub(crate) fn step(steps: &Steps, costs: &mut PerWindow<u16>, coordinate: i8, settle: bool, came: &mut [u16]) {
    let groups = WINDOWS >> steps.bits;
    let mut least = [0; WINDOWS / 2];
    let least = &mut least[..groups];
    least.copy_from_slice(&costs.0[..groups]);
    came.fill(0);
    for (h, costs) in costs.0.chunks_exact(groups).enumerate().skip(1) {
        for ((least, came), &cost) in least.iter_mut().zip(came.iter_mut()).zip(costs) {
            *came = if cost < *least { h as u16 } else { *came };
            *least = cost.min(*least);
        }
    }
    if settle {
        let off = least.iter().fold(MOST, |off, &cost| off.min(cost));
        least.iter_mut().for_each(|cost| *cost -= off);
    }
    for ((cost, &value), &source) in costs.0.iter_mut().zip(&steps.values.0).zip(&steps.sources.0) {
        let error = i16::from(coordinate) - value;
        *cost = least[usize::from(source)].saturating_add((error as u16).wrapping_mul(error as u16));
    }
}

/// y times a factor, rounded half to even and kept within +-127.
///
/// # Safety
/// As for [`F32x16`]; `to` has room for whole sixteens.
#[inline(always)]
pub(crate) unsafe fn round_within<F: F32x16>(y: &[f32], factor: f32, to: &mut [i8]) {
    let (blocks, rest) = y.as_chunks::<16>();
    let to = to.as_mut_ptr();
    unsafe {
        let (factor, most, least) = (F::splat(factor), F::splat(127.0), F::splat(-127.0));
        for (i, block) in blocks.iter().enumerate() {
            F::load(block.as_ptr()).mul(factor).min(most).max(least).store_i8(to.add(i * 16));
        }
        if !rest.is_empty() {
            let y = F::load_part(rest.as_ptr(), rest.len());
            y.mul(factor).min(most).max(least).store_i8(to.add(blocks.len() * 16));
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::isa::Isa;
    use crate::simd::{Kernel, run};
    use crate::{separable_tables, trellis_tables};

    type Value = fn(usize, usize) -> i8;

    const TABLES: [Value; 2] = [trellis_tables::value, separable_tables::value];

    struct Both<'a>(&'a mut Trellis, &'a [i8], &'a mut [u8]);

    impl Kernel for Both<'_> {
        type Output = ();
        fn scalar(self) {
            self.0.search(self.1, self.2);
        }
        #[inline(always)]
        unsafe fn simd<S: Simd>(self) {
            // SAFETY: run() has the instruction set.
            unsafe { self.0.search_lanes::<S>(self.1, self.2) }
        }
    }

    fn windows(isa: Isa, value: Value, bits: &[u8], row: &[i8]) -> Vec<u8> {
        let mut windows = vec![0; row.len()];
        run(isa, Both(&mut Trellis::new(bits, value), row, &mut windows));
        windows
    }

    /// Widths of coordinates: all the same, or any of 1 to 4.
    fn widths(next: &mut impl FnMut() -> u32, dim: usize) -> [Vec<u8>; 6] {
        let mut any: Vec<u8> = (0..dim).map(|_| 1 + (next() % 4) as u8).collect();
        let mixed = any.clone();
        any.sort_unstable();
        [vec![1; dim], vec![2; dim], vec![3; dim], vec![4; dim], any, mixed]
    }

    #[test]
    fn every_instruction_set_finds_the_same_windows() {
        let mut state = 5u64;
        let mut next = || {
            state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
            (state >> 33) as u32
        };
        for dim in [0, 1, 2, 7, 16, 33, 384] {
            for bits in widths(&mut next, dim) {
                for (i, spread) in [0, 3, 40, 254].into_iter().enumerate() {
                    let value = TABLES[(i + bits.len()) % 2];
                    let row: Vec<i8> =
                        (0..dim).map(|_| (next() % (spread + 1)) as i32 - spread as i32 / 2).map(|v| v as i8).collect();
                    let expected = windows(Isa::available()[0], value, &bits, &row);
                    for &isa in Isa::available() {
                        assert_eq!(windows(isa, value, &bits, &row), expected, "{bits:?} bits, {}", isa.name());
                    }
                }
            }
        }
    }

    /// As far as costs go: no other windows of a short row leave less.
    #[test]
    fn nothing_else_is_nearer() {
        let all = [[1; 6], [2; 6], [1, 1, 2, 2, 3, 4], [3, 1, 2, 4, 1, 1]];
        for (bits, value) in all.into_iter().flat_map(|bits| TABLES.map(|value| (bits, value))) {
            let row = [31, -60, 12, 90, -5, 44];
            let mut least = u32::MAX;
            for mut stream in 0..1u32 << bits.iter().sum::<u8>() {
                let (mut window, mut cost) = (0, 0);
                for (&w, &bits) in row.iter().zip(&bits) {
                    let symbol = stream as usize & ((1 << bits) - 1);
                    stream >>= bits;
                    window = window >> bits | symbol << (8 - bits);
                    cost += (i32::from(w) - i32::from(value(bits.into(), window))).pow(2) as u32;
                }
                least = least.min(cost);
            }
            let found = windows(Isa::available()[0], value, &bits, &row);
            let cost: u32 = row
                .iter()
                .zip(found)
                .zip(&bits)
                .map(|((&w, v), &bits)| (i32::from(w) - i32::from(value(bits.into(), v.into()))).pow(2) as u32)
                .sum();
            assert_eq!(cost, least, "{bits:?} bits");
        }
    }
}
