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

/// Of each byte the positions of its set bits, the lowest first, in eight lanes of 16 bits.
static SET_BITS: [u128; 256] = {
    let mut table = [0; 256];
    let mut byte = 0;
    while byte < 256 {
        let (mut bit, mut found) = (0, 0);
        while bit < 8 {
            if byte >> bit & 1 == 1 {
                table[byte] |= (bit as u128) << (16 * found);
                found += 1;
            }
            bit += 1;
        }
        byte += 1;
    }
    table
};

/// How many they are.
static SET_COUNTS: [u8; 256] = {
    let mut table = [0; 256];
    let mut byte = 0;
    while byte < 256 {
        table[byte] = (byte as u8).count_ones() as u8;
        byte += 1;
    }
    table
};

/// Reads rows, in two steps: what the first writes in pieces of eight the second reads in other pieces, which takes long
/// where it follows at once. Each is best done for several rows.
pub(super) struct Unpacker {
    record: Record,
    /// Levels by the byte that stands for them.
    levels: Option<Box<[f32; 256]>>,
}

impl Unpacker {
    pub(super) fn new(layout: &DftLayout) -> Unpacker {
        let level = |i: usize| layout.levels[i.min(layout.levels.len() - 1)];
        let levels = (layout.levels.len() > 1).then(|| Box::new(std::array::from_fn(level)));
        Unpacker { record: Record::of(layout), levels }
    }

    /// Room for what `find` writes of a row.
    pub(super) fn room(&self) -> usize {
        (self.record.map_bits + 16).max(self.record.top_k)
    }

    /// Finds the upper parts of a row's bins; false where the map isn't one of `top_k` bits.
    #[inline(always)]
    pub(super) fn find(&self, row: &[u8], positions: &mut [u16]) -> bool {
        /// One in each lane.
        const ONES: u128 = u128::MAX / 0xffff;
        let Record { form, top_k, map_bits, .. } = self.record;
        match form {
            Form::Plain => positions[..top_k].fill(0),
            Form::All => positions.iter_mut().enumerate().for_each(|(i, position)| *position = i as u16),
            Form::Map | Form::Split => {
                let (mut found, mut first) = (0, 0u128);
                let (map, last) = row[..map_bits.div_ceil(8)].split_at(map_bits / 8);
                let last = last.iter().map(|byte| byte & ((1 << (map_bits % 8)) - 1));
                for byte in map.iter().copied().chain(last) {
                    let to: &mut [u16; 8] = positions[found..].first_chunk_mut().expect("room for eight");
                    // SAFETY: eight lanes of 16 bits are sixteen bytes; a map has fewer than 2^16 bits.
                    unsafe { to.as_mut_ptr().cast::<u128>().write_unaligned(SET_BITS[usize::from(byte)] + first) };
                    found += usize::from(SET_COUNTS[usize::from(byte)]);
                    first += 8 * ONES;
                }
                return found == top_k;
            }
        }
        true
    }

    /// Writes the place (bin 2^phase_bits + phase) of each coefficient and, where there is a choice, its level. Behind the
    /// stream `row` has seven bytes more, of anything.
    #[inline(always)]
    pub(super) fn place(&self, row: &[u8], positions: &[u16], places: &mut [u32], weights: &mut [f32]) {
        let Record { form, top_k, field_bits, .. } = self.record;
        let (places, weights) = (&mut places[..top_k], &mut weights[..top_k]);
        let (step, shift) = (u32::from(form == Form::Split), self.record.place_bits());
        for (i, (place, &position)) in places.iter_mut().zip(positions).enumerate() {
            *place = (u32::from(position) - step * i as u32) << shift;
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
        let low = (1u64 << place_bits) - 1;
        let whole = (1u64 << field_bits) - 1;
        let word = |bit: usize| {
            let bytes = row[bit / 8..].first_chunk().expect("eight bytes");
            u64::from_le_bytes(*bytes) >> (bit % 8)
        };
        let (groups, last) = places.as_chunks_mut::<G>();
        let (of_groups, of_last) = weights.as_chunks_mut::<G>();
        let mut bit = map_bits;
        for (places, weights) in groups.iter_mut().zip(of_groups) {
            let word = word(bit);
            for l in 0..G {
                places[l] |= (word >> (l * field_bits) & low) as u32;
            }
            if let Some(levels) = &self.levels {
                for l in 0..G {
                    weights[l] = levels[usize::from(((word >> (l * field_bits) & whole) >> place_bits) as u8)];
                }
            }
            bit += G * field_bits;
        }
        for (place, weight) in last.iter_mut().zip(of_last) {
            let field = word(bit) & whole;
            *place |= (field & low) as u32;
            if let Some(levels) = &self.levels {
                *weight = levels[usize::from((field >> place_bits) as u8)];
            }
            bit += field_bits;
        }
    }
}
