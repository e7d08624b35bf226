//! How a stream of values of unequal bits comes apart: for each 64 of them where their bytes and bits stand, and which table
//! their levels are in. A value's byte is the 8 bits that end with its own where it is a symbol of a trellis, its window, else
//! the 8 that begin with it.

/// Values of a step.
pub(crate) const WIDTH: usize = 64;
/// Values whose bits stand in a word of 64.
pub(crate) const GROUP: usize = 8;

/// A shuffle gives zero.
const NONE: u8 = 0x80;

pub(crate) struct Plan {
    pub(crate) steps: Vec<Step>,
    /// Of each width that there is the levels by bytes; of bytes that begin with a value bits behind it don't count.
    pub(crate) tables: Vec<[i8; 256]>,
}

#[repr(C, align(64))]
pub(crate) struct Step {
    /// The bytes of each word, counted from `from`.
    pub(crate) bytes: [u8; WIDTH],
    /// Where in its word each value's byte begins, in bits.
    pub(crate) shifts: [u8; WIDTH],
    /// The two bytes of its word in which it stands, for shuffles, and the power of two that takes it to the upper one.
    pub(crate) pairs: [[u8; 2]; WIDTH],
    pub(crate) powers: [u16; WIDTH],
    /// The row's byte that each word begins with, the last one again for those that there aren't. Where it is the one before a
    /// row, the row's first one, as `pairs` know.
    pub(crate) words: [usize; WIDTH / GROUP],
    /// Each table that there is: its place, and its values.
    pub(crate) runs: Vec<(usize, u64)>,
    /// Windows: of these the level of byte 255 - w is minus that of w.
    pub(crate) windows: u64,
    /// The row's byte that the step begins with; the one before a row counts as zero.
    pub(crate) from: isize,
    /// Which bytes from `from` on a row has.
    pub(crate) there: u64,
}

impl Plan {
    /// Of values of so many bits each, the first `windows` of which are symbols of a trellis. `level`: of bits and a byte.
    pub(crate) fn new(
        bits: &[u8],
        windows: usize,
        code_bytes: usize,
        level: impl Fn(usize, usize) -> i8 + Copy,
    ) -> Plan {
        let mut widths: Vec<u8> = bits.to_vec();
        widths.dedup();
        let tables = widths.iter().map(|&bits| std::array::from_fn(|byte| level(bits.into(), byte))).collect();
        let mut end = 0;
        let steps = bits
            .chunks(WIDTH)
            .enumerate()
            .map(|(i, bits)| {
                let windows = windows.saturating_sub(i * WIDTH);
                // Where each byte begins, in bits from the byte before the row.
                let starts: Vec<usize> = bits
                    .iter()
                    .enumerate()
                    .map(|(i, &bits)| {
                        let begin = end;
                        end += usize::from(bits);
                        if i < windows { end } else { begin + 8 }
                    })
                    .collect();
                let tables = bits.iter().map(|bits| widths.partition_point(|width| width < bits));
                Step::new(&starts, windows, code_bytes, tables)
            })
            .collect();
        Plan { steps, tables }
    }
}

impl Step {
    fn new(starts: &[usize], windows: usize, code_bytes: usize, tables: impl Iterator<Item = usize>) -> Step {
        let first = starts[0] / 8;
        let there = (code_bytes + 1 - first).min(WIDTH);
        let mut step = Step {
            bytes: [0; WIDTH],
            shifts: [0; WIDTH],
            pairs: [[NONE; 2]; WIDTH],
            powers: [0; WIDTH],
            words: [0; WIDTH / GROUP],
            runs: Vec::new(),
            windows: if windows < WIDTH { (1 << windows) - 1 } else { u64::MAX },
            from: first as isize - 1,
            there: if there == WIDTH { u64::MAX } else { (1 << there) - 1 } & !u64::from(first == 0),
        };
        for (i, (&start, table)) in starts.iter().zip(tables).enumerate() {
            let word = starts[i / GROUP * GROUP] / 8;
            let shift = start - word * 8;
            step.shifts[i] = shift as u8;
            // Of the byte before the row there is none.
            let missing = usize::from(word == 0);
            step.words[i / GROUP] = word + missing - 1;
            step.pairs[i] = [0, 1].map(|of| (shift / 8 + of).checked_sub(missing).map_or(NONE, |byte| byte as u8));
            step.powers[i] = 1 << (8 - shift % 8);
            match step.runs.last_mut() {
                Some((last, values)) if *last == table => *values |= 1 << i,
                _ => step.runs.push((table, 1 << i)),
            }
        }
        let last = (starts.len() - 1) / GROUP;
        let word = step.words[last];
        step.words[last..].fill(word);
        // Words are whole, also where the last one has few values.
        for i in 0..starts.len().next_multiple_of(GROUP) {
            let word = starts[i / GROUP * GROUP] / 8;
            step.bytes[i] = (word - first + i % GROUP).min(WIDTH - 1) as u8;
        }
        step
    }
}
