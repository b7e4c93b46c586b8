//! A part of a flow in full: holes, doubtful copies, missing ends; and the rule for overlapping segments.

use std::ops::Range;

use super::Coverage;
use super::lean::{Lean, to_beginning};
use super::part::{Kind, Placement, Strange};
use super::sequence::SeqSpace;
use crate::model::{AnomalyKind, Checksum, Limits};

/// Covered ranges of one part of a flow, whatever they are.
#[derive(Clone, Debug, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
pub struct Full {
    space: SeqSpace,
    base: i64,
    /// The SYN said where position 0 is: nothing lies before `base`.
    base_fixed: bool,
    covered: Coverage,
    /// Covered by copies with a bad checksum only: a good copy that differs replaces them.
    doubtful: Coverage,
    /// Position after the last byte, if a FIN said so.
    fin: Option<i64>,
    /// The stream reaches at least here, by FIN or by the length of a segment the snap length cut.
    proven_end: i64,
}

impl Full {
    /// Places `len` bytes numbered from `seq`. First copy wins: a later copy of a covered byte is preferred only if its
    /// checksum is good and that of every copy before was bad (or always, with [`Limits::overlap_last`]).
    pub(super) fn place(
        &mut self,
        seq: u32,
        len: u32,
        checksum: Checksum,
        limits: &Limits,
        out: &mut Vec<Placement>,
    ) -> Strange {
        let mut strange = Strange::new();
        let start = self.space.position(seq);
        let Some(range) = self.within_bounds(start..start + i64::from(len), limits, &mut strange) else {
            return strange;
        };
        self.begin_at(range.start);
        self.space.reach(range.end);
        let first_new = out.len();
        self.covered.add(range, |piece, seen| {
            let kind = if seen { Kind::Again { prefer_later: limits.overlap_last } } else { Kind::New };
            out.push(placement(start, piece, kind));
        });
        self.weigh(start, checksum, limits, first_new, out);
        strange
    }

    /// The stream ends before the byte numbered `seq`. A FIN that contradicts an earlier one, or data already placed, is ignored.
    pub(super) fn finish_at(&mut self, seq: u32) -> Result<(), AnomalyKind> {
        let position = self.space.position(seq);
        let contradicts =
            self.fin.is_some_and(|fin| fin != position) || self.covered.end().is_some_and(|end| position < end);
        if contradicts {
            return Err(AnomalyKind::FinMoved);
        }
        self.fin = Some(position);
        self.prove(position);
        Ok(())
    }

    /// A SYN says that the byte numbered `seq` is the first: bytes before it are no data. Tells whether any were covered.
    pub(super) fn fix_base(&mut self, seq: u32) -> bool {
        self.base = self.space.position(seq);
        self.base_fixed = true;
        self.space.reach(self.base);
        let before = self.covered.start().filter(|&start| start < self.base);
        if let Some(start) = before {
            self.covered.remove(start..self.base);
            self.doubtful.remove(start..self.base);
        }
        before.is_some()
    }

    /// Bytes from `range` to the nearest covered byte, or to the beginning while nothing is covered.
    pub(super) fn distance(&self, range: &Range<i64>) -> u64 {
        self.covered.distance(range).unwrap_or_else(|| to_beginning(self.base, range))
    }

    /// Nothing lies before the base; the number of the byte there.
    pub(super) fn first_number(&self) -> (bool, u32) {
        (self.base_fixed, self.space.sequence(self.base))
    }

    /// Stream position of the byte numbered `seq`.
    pub fn position(&self, seq: u32) -> i64 {
        self.space.position(seq)
    }

    /// The position after the highest byte seen: what a sender in order would send next.
    pub fn next(&self) -> i64 {
        self.space.reached()
    }

    /// The number of the byte behind all that is known to exist.
    pub(super) fn end_number(&self) -> u32 {
        self.space.sequence(self.next().max(self.proven_end))
    }

    /// Stream position of the file's offset 0.
    pub fn base(&self) -> i64 {
        self.base
    }

    /// What is covered.
    pub fn covered(&self) -> &Coverage {
        &self.covered
    }

    /// Length of the file: highest covered offset + 1.
    pub fn length(&self) -> u64 {
        self.covered.end().map_or(0, |end| (end - self.base) as u64)
    }

    /// Offset and length of each hole, ascending.
    pub fn gaps(&self) -> Vec<(u64, u64)> {
        let gap = |gap: Range<i64>| ((gap.start - self.base) as u64, (gap.end - gap.start) as u64);
        self.covered.gaps(self.base).map(gap).collect()
    }

    /// Bytes known to be missing behind the last one.
    pub fn missing_tail(&self) -> u64 {
        (self.proven_end - self.covered.end().unwrap_or(self.base)).max(0) as u64
    }

    /// The part of `range` that is data within the limits; what is not is named in `strange`.
    fn within_bounds(&self, mut range: Range<i64>, limits: &Limits, strange: &mut Strange) -> Option<Range<i64>> {
        if self.base_fixed && range.start < self.base {
            strange.push(AnomalyKind::DataBeforeSyn);
            range.start = self.base;
        }
        if let Some(fin) = self.fin.filter(|&fin| range.end > fin) {
            strange.push(AnomalyKind::DataPastFin);
            range.end = fin;
        }
        let begin = if self.covered.is_empty() && !self.base_fixed { range.start } else { self.base.min(range.start) };
        let limit = limits.max_bytes.map_or(i64::MAX, |max| begin.saturating_add_unsigned(max));
        if range.end > limit {
            strange.push(AnomalyKind::ByteLimit);
            range.end = limit;
        }
        if self.covered.count() >= limits.max_ranges && self.covered.distance(&range) != Some(0) {
            strange.push(AnomalyKind::HoleLimit);
            return None;
        }
        (range.start < range.end).then_some(range)
    }

    /// Without a SYN the lowest byte seen is offset 0: an earlier one moves the base.
    fn begin_at(&mut self, start: i64) {
        if !self.base_fixed && (self.covered.is_empty() || start < self.base) {
            self.base = start;
        }
    }

    /// The stream reaches at least up to `position`.
    pub(super) fn prove(&mut self, position: i64) {
        self.proven_end = self.proven_end.max(position);
    }

    /// The same as a lean part, if one can hold it.
    pub(super) fn lean(&self) -> Option<Lean> {
        let from_base =
            self.covered.is_empty() || (self.covered.count() == 1 && self.covered.start() == Some(self.base));
        let end = self.covered.end().unwrap_or(self.base);
        let plain = from_base
            && self.doubtful.is_empty()
            && self.proven_end <= end
            && self.fin.is_none_or(|fin| fin == end)
            && self.space.reached() == end;
        plain.then(|| Lean::of(self.space, self.base, self.covered.covered(), self.base_fixed, self.fin.is_some()))?
    }

    /// Notes which of the bytes just placed rest on a bad checksum, and lets a good copy be preferred to those.
    fn weigh(&mut self, start: i64, checksum: Checksum, limits: &Limits, first: usize, out: &mut Vec<Placement>) {
        match checksum {
            Checksum::Bad if self.doubtful.count() < limits.max_ranges => {
                let new = out[first..].iter().filter(|placement| placement.kind == Kind::New);
                new.for_each(|placement| self.doubtful.add(placement.range(), |_, _| ()));
            }
            Checksum::Good if !self.doubtful.is_empty() && !limits.overlap_last => {
                for placement in out.split_off(first) {
                    let range = placement.range();
                    if placement.kind == Kind::New {
                        out.push(placement);
                        continue;
                    }
                    self.doubtful.pieces(range.clone(), |piece, doubted| {
                        out.push(self::placement(start, piece, Kind::Again { prefer_later: doubted }));
                    });
                    self.doubtful.remove(range);
                }
            }
            _ => {}
        }
    }
}

impl From<&Lean> for Full {
    fn from(lean: &Lean) -> Self {
        let (fin, mut covered) = (lean.fin(), Coverage::default());
        covered.add(lean.base()..lean.end(), |_, _| ());
        Full {
            space: lean.space(),
            base: lean.base(),
            base_fixed: lean.first_number().0,
            covered,
            doubtful: Coverage::default(),
            fin,
            proven_end: fin.unwrap_or(0),
        }
    }
}

fn placement(start: i64, piece: Range<i64>, kind: Kind) -> Placement {
    Placement { position: piece.start, payload: (piece.start - start) as u32..(piece.end - start) as u32, kind }
}
