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

    /// Writes the place (bin 2^phase_bits + phase) and the magnitude of each coefficient; false where the map isn't one of
    /// `top_k` bits. Behind the stream `row` has seven bytes more, of anything.
    #[inline(always)]
    pub(super) fn unpack(&self, row: &[u8], places: &mut [u32], magnitudes: &mut [u8]) -> bool {
        let (places, magnitudes) = (&mut places[..self.top_k], &mut magnitudes[..self.top_k]);
        if !self.bins(row, places) {
            return false;
        }
        let mask = (1u64 << self.place_bits()) - 1;
        let whole = (1u64 << self.field_bits) - 1;
        let mut bit = self.map_bits;
        for (place, magnitude) in places.iter_mut().zip(magnitudes) {
            let bytes = row[bit / 8..].first_chunk().expect("eight bytes");
            let field = u64::from_le_bytes(*bytes) >> (bit % 8) & whole;
            *place |= (field & mask) as u32;
            *magnitude = (field >> self.place_bits()) as u8;
            bit += self.field_bits;
        }
        true
    }

    /// The upper part of each place.
    #[inline(always)]
    fn bins(&self, row: &[u8], places: &mut [u32]) -> bool {
        let shift = self.place_bits();
        match self.form {
            Form::All => places.iter_mut().enumerate().for_each(|(i, place)| *place = (i << shift) as u32),
            Form::Plain => places.fill(0),
            Form::Map | Form::Split => {
                let (mut found, step) = (0, u32::from(self.form == Form::Split));
                for from in (0..self.map_bits).step_by(64) {
                    let bytes = row[from / 8..].first_chunk().expect("eight bytes");
                    let mut bits = u64::from_le_bytes(*bytes);
                    if self.map_bits - from < 64 {
                        bits &= (1 << (self.map_bits - from)) - 1;
                    }
                    while bits != 0 {
                        let Some(place) = places.get_mut(found) else { return false };
                        *place = (from as u32 + bits.trailing_zeros() - step * found as u32) << shift;
                        found += 1;
                        bits &= bits - 1;
                    }
                }
                return found == places.len();
            }
        }
        true
    }
}
