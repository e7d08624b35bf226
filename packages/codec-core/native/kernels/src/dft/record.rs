//! Where the parts of a row stand (see `src/kernels/dft-layout.ts`): a map of bits, then a field for each coefficient, its
//! phase lowest, then the low bits of its bin, then its magnitude.

use super::{DftLayout, bins};

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Form {
    All,
    Map,
    Split,
    Plain,
}

#[derive(Clone, Copy, Debug)]
pub(super) struct Record {
    pub(super) form: Form,
    pub(super) top_k: usize,
    pub(super) map_bits: usize,
    pub(super) low_bits: usize,
    pub(super) phase_bits: usize,
    pub(super) field_bits: usize,
    pub(super) stream_bytes: usize,
    /// Bins that a row can name.
    pub(super) named: usize,
}

impl Record {
    pub(super) fn of(layout: &DftLayout) -> Record {
        let (top_k, bins) = (layout.top_k, bins(layout.dim));
        let width = (bins - 1).checked_ilog2().map_or(0, |log| log as usize + 1);
        let split = |low: usize| (Form::Split, top_k + ((bins - 1) >> low), low);
        let bits = |(_, map, low): (Form, usize, usize)| map + top_k * low;
        let first = if top_k == bins { (Form::All, 0, 0) } else { (Form::Map, bins, 0) };
        let (form, map_bits, low_bits) = (1..width)
            .map(split)
            .chain([(Form::Plain, 0, width)])
            .fold(first, |best, way| if bits(way) < bits(best) { way } else { best });
        let field_bits = layout.phase_bits + low_bits + layout.mag_bits;
        Record {
            form,
            top_k,
            map_bits,
            low_bits,
            phase_bits: layout.phase_bits,
            field_bits,
            stream_bytes: (map_bits + top_k * field_bits).div_ceil(8),
            named: (((bins - 1) >> low_bits) + 1) << low_bits,
        }
    }

    /// Bits of the phase and the low part of the bin: below them stands a coefficient's place in a table of phases.
    #[inline(always)]
    pub(super) fn place_bits(&self) -> usize {
        self.phase_bits + self.low_bits
    }

    /// Writes coefficients, (bin, phase, magnitude) in ascending order of the bin, into zeros.
    #[inline(always)]
    pub(super) fn pack(&self, parts: &[(u32, u8, u8)], to: &mut [u8]) {
        let low_mask = (1u64 << self.low_bits) - 1;
        for (i, &(bin, phase, magnitude)) in parts.iter().enumerate() {
            let marked = match self.form {
                Form::Map => Some(bin as usize),
                Form::Split => Some((bin as usize >> self.low_bits) + i),
                Form::All | Form::Plain => None,
            };
            if let Some(bit) = marked {
                to[bit / 8] |= 1 << (bit % 8);
            }
            let low = u64::from(bin) & low_mask;
            let field =
                u64::from(phase) | low << self.phase_bits | u64::from(magnitude) << (self.phase_bits + self.low_bits);
            let bit = self.map_bits + i * self.field_bits;
            let held = field << (bit % 8);
            for (byte, held) in to[bit / 8..].iter_mut().zip(held.to_le_bytes()).take((self.field_bits + 14) / 8) {
                *byte |= held;
            }
        }
    }
}

/// A byte's set bits.
#[derive(Clone, Copy)]
struct SetBits {
    /// Their positions, the lowest first.
    positions: [u32; 8],
    count: u32,
}

/// Of each byte.
static SET_BITS: [SetBits; 256] = {
    let mut table = [SetBits { positions: [0; 8], count: 0 }; 256];
    let mut byte = 0;
    while byte < 256 {
        let bits = &mut table[byte];
        let mut bit = 0;
        while bit < 8 {
            if byte >> bit & 1 == 1 {
                bits.positions[bits.count as usize] = bit;
                bits.count += 1;
            }
            bit += 1;
        }
        byte += 1;
    }
    table
};

/// Reads rows, in two steps: what the first writes in pieces of eight the second reads in other pieces, which takes long
/// where it follows at once. Each is best done for several rows.
pub(super) struct Unpacker<'a> {
    record: Record,
    levels: &'a [f32],
}

impl<'a> Unpacker<'a> {
    pub(super) fn new(layout: &DftLayout<'a>) -> Unpacker<'a> {
        Unpacker { record: Record::of(layout), levels: layout.levels }
    }

    /// Room for what `find` writes of a row.
    pub(super) fn room(&self) -> usize {
        (self.record.map_bits + 16).max(self.record.top_k)
    }

    /// Finds the upper parts of a row's bins; false where the map isn't one of `top_k` bits.
    #[inline(always)]
    pub(super) fn find(&self, row: &[u8], positions: &mut [u32]) -> bool {
        let Record { form, top_k, map_bits, .. } = self.record;
        match form {
            Form::Plain => positions[..top_k].fill(0),
            Form::All => positions.iter_mut().enumerate().for_each(|(i, position)| *position = i as u32),
            Form::Map | Form::Split => {
                let mut found = 0;
                for (i, &byte) in row[..map_bits.div_ceil(8)].iter().enumerate() {
                    let left = map_bits - 8 * i;
                    let byte = if left < 8 { byte & ((1 << left) - 1) } else { byte };
                    let bits = &SET_BITS[usize::from(byte)];
                    let to: &mut [u32; 8] = positions[found..].first_chunk_mut().expect("room for eight");
                    *to = bits.positions.map(|position| 8 * i as u32 + position);
                    found += bits.count as usize;
                }
                return found == top_k;
            }
        }
        true
    }

    /// Writes the place (bin 2^phase_bits + phase) of each coefficient and, where there is a choice, its level. Behind the
    /// stream `row` has seven bytes more, of anything.
    #[inline(always)]
    pub(super) fn place(&self, row: &[u8], positions: &[u32], places: &mut [u32], weights: &mut [f32]) {
        let Record { form, top_k, field_bits, .. } = self.record;
        let (places, weights) = (&mut places[..top_k], &mut weights[..top_k]);
        let (step, shift) = (u32::from(form == Form::Split), self.record.place_bits());
        for (i, (place, &position)) in places.iter_mut().zip(positions).enumerate() {
            *place = (position - step * i as u32) << shift;
        }
        match field_bits {
            0..=7 => self.fields::<8>(row, places, weights),
            8..=14 => self.fields::<4>(row, places, weights),
            15..=28 => self.fields::<2>(row, places, weights),
            _ => self.fields::<1>(row, places, weights),
        }
    }

    /// The fields, as many at a time as eight bytes hold wherever they begin.
    #[inline(always)]
    fn fields<const G: usize>(&self, row: &[u8], places: &mut [u32], weights: &mut [f32]) {
        let Record { map_bits, field_bits, .. } = self.record;
        let place_bits = self.record.place_bits();
        let (low, whole) = ((1u64 << place_bits) - 1, (1u64 << field_bits) - 1);
        let chosen = self.levels.len() > 1;
        let mut bit = map_bits;
        for (places, weights) in places.chunks_mut(G).zip(weights.chunks_mut(G)) {
            let bytes = row[bit / 8..].first_chunk().expect("eight bytes");
            let word = u64::from_le_bytes(*bytes) >> (bit % 8);
            for (l, place) in places.iter_mut().enumerate() {
                *place |= (word >> (l * field_bits) & low) as u32;
            }
            if chosen {
                for (l, weight) in weights.iter_mut().enumerate() {
                    *weight = self.levels[((word >> (l * field_bits) & whole) >> place_bits) as usize];
                }
            }
            bit += G * field_bits;
        }
    }
}
