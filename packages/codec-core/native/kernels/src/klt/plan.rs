//! How a row's stream comes apart: for each 64 components where their bytes and bits stand and which table their levels are
//! in. A component's byte is the 8 bits that end with its own where it is coded by windows, else the 8 that begin with it.

use super::KltLayout;
use super::levels::{is_windowed, level_of_byte};

/// Components of a step.
pub(crate) const WIDTH: usize = 64;
/// Components whose bits stand in a word of 64.
pub(crate) const GROUP: usize = 8;

pub(crate) struct Plan {
    pub(crate) steps: Vec<Step>,
    /// Of each width that there is the levels by bytes.
    pub(crate) tables: Vec<[i8; 256]>,
}

#[repr(C, align(64))]
pub(crate) struct Step {
    /// The bytes of each word, counted from `from`.
    pub(crate) bytes: [u8; WIDTH],
    /// Where in its word each component's byte begins.
    pub(crate) shifts: [u8; WIDTH],
    /// Of each component its table.
    pub(crate) tables: [u8; WIDTH],
    /// Each table that there is, the first one for all others too: its place, and its components.
    pub(crate) runs: Vec<(usize, u64)>,
    /// Components that are coded by windows: of these T[255 - w] is -T[w].
    pub(crate) windowed: u64,
    /// The row's byte that the step begins with; the one before a row counts as zero.
    pub(crate) from: isize,
    /// Bytes of the row that there are from `from` on, and of what to read.
    pub(crate) there: u64,
    /// Components.
    pub(crate) count: usize,
}

impl Plan {
    pub(crate) fn new(layout: &KltLayout) -> Plan {
        let mut widths: Vec<u8> = layout.bits.to_vec();
        widths.dedup();
        let tables = widths
            .iter()
            .map(|&bits| std::array::from_fn(|byte| level_of_byte(layout.trellis, bits.into(), byte)))
            .collect();
        let table_of = |bits: u8| widths.partition_point(|&other| other < bits);
        let mut end = 0;
        let steps = layout
            .bits
            .chunks(WIDTH)
            .map(|bits| {
                // Where each byte begins, in bits from the byte before the row.
                let starts: Vec<usize> = bits
                    .iter()
                    .map(|&bits| {
                        let begin = end;
                        end += usize::from(bits);
                        if is_windowed(layout.trellis, bits.into()) { end } else { begin + 8 }
                    })
                    .collect();
                Step::new(layout, bits, &starts, table_of)
            })
            .collect();
        Plan { steps, tables }
    }
}

impl Step {
    fn new(layout: &KltLayout, bits: &[u8], starts: &[usize], table_of: impl Fn(u8) -> usize) -> Step {
        let first = starts[0] / 8;
        let mut step = Step {
            bytes: [0; WIDTH],
            shifts: [0; WIDTH],
            tables: [0; WIDTH],
            runs: Vec::new(),
            windowed: 0,
            from: first as isize - 1,
            there: 0,
            count: bits.len(),
        };
        for (i, (&bits, &start)) in bits.iter().zip(starts).enumerate() {
            let word = starts[i / GROUP * GROUP] / 8;
            step.bytes[i] = (word - first + i % GROUP).min(WIDTH - 1) as u8;
            step.shifts[i] = (start - word * 8) as u8;
            let table = table_of(bits);
            step.tables[i] = table as u8;
            match step.runs.last_mut() {
                Some((last, components)) if *last == table => *components |= 1 << i,
                _ => step.runs.push((table, 1 << i)),
            }
            step.windowed |= u64::from(is_windowed(layout.trellis, bits.into())) << i;
        }
        // Words are whole, also where the last one has few components.
        for i in bits.len()..bits.len().next_multiple_of(GROUP) {
            step.bytes[i] = (step.bytes[i / GROUP * GROUP] as usize + i % GROUP).min(WIDTH - 1) as u8;
        }
        let there = (layout.code_bytes + 1 - first).min(WIDTH);
        step.there = if there == WIDTH { u64::MAX } else { (1 << there) - 1 } & !u64::from(first == 0);
        step
    }
}
