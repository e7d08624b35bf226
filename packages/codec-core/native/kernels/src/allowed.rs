//! The rows that a search may find, in order, a block at a time.

use crate::fault::{Fault, expect};

/// All of `rows`, or those whose bit is set in an allow-list (bit i % 32 of word i / 32), or some that are named.
#[derive(Clone, Copy)]
pub(crate) struct Allowed<'a> {
    rows: usize,
    words: Option<&'a [u32]>,
    named: Option<&'a [u32]>,
}

impl<'a> Allowed<'a> {
    pub(crate) fn new(rows: usize, words: Option<&'a [u32]>) -> Result<Allowed<'a>, Fault> {
        if rows > u32::MAX as usize {
            return Err(Fault { code: "INVALID_ARGUMENT", what: "rows", expected: u32::MAX as usize, actual: rows });
        }
        if let Some(words) = words {
            expect("words of the allow-list", rows.div_ceil(32), words.len())?;
        }
        Ok(Allowed { rows, words, named: None })
    }

    /// All of `rows`.
    pub(crate) fn all(rows: usize) -> Allowed<'a> {
        Allowed { rows, words: None, named: None }
    }

    /// These alone: ascending, each at most once.
    pub(crate) fn named(rows: usize, slots: &'a [u32]) -> Result<Allowed<'a>, Fault> {
        if let Some(&slot) = slots.last().filter(|&&slot| slot as usize >= rows) {
            return Err(Fault { code: "INVALID_ARGUMENT", what: "a slot", expected: rows, actual: slot as usize });
        }
        Ok(Allowed { rows, words: None, named: Some(slots) })
    }

    pub(crate) fn is_all(&self) -> bool {
        self.words.is_none() && self.named.is_none()
    }

    pub(crate) fn count(&self) -> usize {
        match (self.named, self.words) {
            (Some(slots), _) => slots.len(),
            (_, None) => self.rows,
            (_, Some(words)) => (0..words.len()).map(|i| word(words, i, self.rows).count_ones() as usize).sum(),
        }
    }

    /// Which of the 64 rows from `first`, a multiple of 32, there are and may be found. Not for those that are named.
    #[inline(always)]
    pub(crate) fn sixty_four(&self, first: usize) -> u64 {
        let left = self.rows - first;
        let there = if left >= 64 { u64::MAX } else { (1 << left) - 1 };
        self.words.map_or(there, |words| {
            let word = |i: usize| words.get(first / 32 + i).map_or(0, |&word| u64::from(word));
            there & (word(0) | word(1) << 32)
        })
    }

    pub(crate) fn blocks(self) -> Blocks<'a> {
        let left = self.words.and_then(|words| words.first().map(|_| word(words, 0, self.rows))).unwrap_or(0);
        Blocks { of: self, next: 0, left }
    }
}

/// A word of the list without bits past the last row.
fn word(words: &[u32], i: usize, rows: usize) -> u32 {
    let used = rows - i * 32;
    if used >= 32 { words[i] } else { words[i] & ((1 << used) - 1) }
}

pub(crate) struct Blocks<'a> {
    of: Allowed<'a>,
    /// The next row; with a list the current word's index.
    next: usize,
    /// Bits of the current word that are still to come.
    left: u32,
}

impl Blocks<'_> {
    /// Of all rows: goes on from this one.
    pub(crate) fn skip(&mut self, row: usize) {
        self.next = row;
    }

    /// Fills `slots` with the next rows and says how many there were; 0 at the end.
    pub(crate) fn fill(&mut self, slots: &mut [u32]) -> usize {
        if let Some(named) = self.of.named {
            let rest = &named[self.next..];
            let n = slots.len().min(rest.len());
            slots[..n].copy_from_slice(&rest[..n]);
            self.next += n;
            return n;
        }
        let Some(words) = self.of.words else {
            let n = slots.len().min(self.of.rows - self.next);
            for (i, slot) in slots[..n].iter_mut().enumerate() {
                *slot = (self.next + i) as u32;
            }
            self.next += n;
            return n;
        };
        let mut n = 0;
        while n < slots.len() && self.next < words.len() {
            if self.left == 0 {
                self.next += 1;
                self.left = if self.next < words.len() { word(words, self.next, self.of.rows) } else { 0 };
            } else {
                // Rows side by side at once: most lists rule out few.
                let from = self.left.trailing_zeros();
                let side_by_side = (self.left >> from).trailing_ones().min((slots.len() - n) as u32);
                for i in 0..side_by_side {
                    slots[n + i as usize] = (self.next * 32) as u32 + from + i;
                }
                n += side_by_side as usize;
                self.left &= u32::MAX.checked_shl(from + side_by_side).unwrap_or(0);
            }
        }
        n
    }
}
