//! A part of a flow whose bytes came in order: one covered range from the base on, and perhaps a FIN right behind it.

use std::ops::Range;

use super::sequence::SeqSpace;
use crate::model::{Checksum, Limits};

/// One range, from the base on. The position after it is at least 0, and the highest reached.
#[derive(Clone, Copy, Debug, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
pub struct Lean {
    length: u64,
    /// Sequence number of position 0.
    anchor: u32,
    /// Near position 0: a part whose base lies elsewhere is full.
    base: i32,
    /// The SYN said where the base is.
    fixed: bool,
    /// A FIN stands right behind the range.
    fin: bool,
}

impl Lean {
    /// A part that begins with the byte numbered `seq`.
    pub fn new(seq: u32, fixed: bool) -> Self {
        Lean { length: 0, anchor: seq, base: 0, fixed, fin: false }
    }

    /// A part that covers `length` bytes from `base` on; `None` if the base lies too far off.
    pub fn of(space: SeqSpace, base: i64, length: u64, fixed: bool, fin: bool) -> Option<Self> {
        let base = i32::try_from(base).ok()?;
        Some(Lean { length, anchor: space.sequence(0), base, fixed, fin })
    }

    /// The segment is the next in order, and no rule but that of order applies to it.
    pub fn takes_next(&self, seq: u32, len: u32, checksum: Checksum, limits: &Limits) -> bool {
        let fits = limits.max_bytes.is_none_or(|max| self.length + u64::from(len) <= max);
        let plain = !self.fin && checksum != Checksum::Bad && fits && limits.max_ranges > 0;
        plain && len > 0 && self.position(seq) == self.end()
    }

    /// Covers the next `len` bytes.
    pub fn append(&mut self, len: u32) {
        self.length += u64::from(len);
    }

    /// A FIN stands behind the range.
    pub fn finish(&mut self) {
        self.fin = true;
    }

    /// Bytes covered.
    pub fn length(&self) -> u64 {
        self.length
    }

    /// Position of the first byte.
    pub fn base(&self) -> i64 {
        i64::from(self.base)
    }

    /// The position behind the last byte.
    pub fn end(&self) -> i64 {
        self.base() + self.length as i64
    }

    /// The position of the FIN.
    pub fn fin(&self) -> Option<i64> {
        self.fin.then(|| self.end())
    }

    /// Its sequence space.
    pub fn space(&self) -> SeqSpace {
        let mut space = SeqSpace::new(self.anchor);
        space.reach(self.end());
        space
    }

    /// Stream position of the byte numbered `seq`.
    pub fn position(&self, seq: u32) -> i64 {
        self.space().position(seq)
    }

    /// Nothing lies before the base; the number of the byte there.
    pub fn first_number(&self) -> (bool, u32) {
        (self.fixed, self.space().sequence(self.base()))
    }

    /// Bytes from `range` to the covered range, or to the beginning while nothing is covered.
    pub fn distance(&self, range: &Range<i64>) -> u64 {
        if self.length == 0 {
            return to_beginning(self.base(), range);
        }
        let past = range.start - self.end();
        let before = self.base() - range.end;
        past.max(before).max(0) as u64
    }
}

/// Bytes from `range` to the byte at `base`, where nothing is covered yet.
pub fn to_beginning(base: i64, range: &Range<i64>) -> u64 {
    if range.start > base { range.start.abs_diff(base) } else { base.saturating_sub(range.end).max(0) as u64 }
}
