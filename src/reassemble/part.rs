//! One payload file's worth of a flow: what is covered, and where offset 0 lies. Lean while it is in order, full otherwise.

use std::ops::Range;

use smallvec::SmallVec;

use super::full::Full;
use super::lean::Lean;
use crate::model::{AnomalyKind, Checksum, Limits};

/// This part of a segment's payload belongs at that stream position.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Placement {
    /// Stream position of the first byte.
    pub position: i64,
    /// Which bytes of the segment's payload.
    pub payload: Range<u32>,
    /// New bytes, or bytes seen before.
    pub kind: Kind,
}

/// Whether a placement fills a hole or repeats what was there.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    /// Nothing was there.
    New,
    /// Bytes were there. Only if they differ does it matter which copy is preferred.
    Again {
        /// The later copy beats the earlier one.
        prefer_later: bool,
    },
}

/// Strange things about one segment; seldom any.
pub type Strange = SmallVec<[AnomalyKind; 2]>;

/// Covered ranges of one part of a flow, and the position of its file's offset 0.
///
/// Nearly every part is one range from its base on; that takes 24 bytes. What is more than that stands in a box, and goes
/// from there again as soon as it is no more: equal parts have equal forms.
#[derive(Clone, Debug, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
pub struct Part(Form);

#[derive(Clone, Debug, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
enum Form {
    Lean(Lean),
    Full(Box<Full>),
}

use Form::{Full as InBox, Lean as Inline};

impl Part {
    /// A part that begins with the byte numbered `seq`; `by_syn`: nothing can lie before it.
    pub(super) fn new(seq: u32, by_syn: bool) -> Self {
        Part(Inline(Lean::new(seq, by_syn)))
    }

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
        match &mut self.0 {
            Inline(lean) if lean.takes_next(seq, len, checksum, limits) => {
                out.push(Placement { position: lean.end(), payload: 0..len, kind: Kind::New });
                lean.append(len);
                Strange::new()
            }
            _ => self.change(|full| full.place(seq, len, checksum, limits, out)),
        }
    }

    /// The stream ends before the byte numbered `seq`. A FIN that contradicts an earlier one, or data already placed, is ignored.
    pub(super) fn finish_at(&mut self, seq: u32) -> Result<(), AnomalyKind> {
        match &mut self.0 {
            Inline(lean) if lean.position(seq) == lean.end() => {
                lean.finish();
                Ok(())
            }
            _ => self.change(|full| full.finish_at(seq)),
        }
    }

    /// The bytes up to the one numbered `seq` exist, captured or not.
    pub(super) fn prove_to(&mut self, seq: u32) {
        self.change(|full| full.prove(full.position(seq)));
    }

    /// A SYN says that the byte numbered `seq` is the first: bytes before it are no data. Tells whether any were covered.
    pub(super) fn fix_base(&mut self, seq: u32) -> bool {
        self.change(|full| full.fix_base(seq))
    }

    /// Bytes from the segment to the nearest covered byte, or to the beginning while nothing is covered.
    pub(super) fn distance(&self, seq: u32, len: u32) -> u64 {
        let start = self.position(seq);
        let range = start..start + i64::from(len);
        match &self.0 {
            Inline(lean) => lean.distance(&range),
            InBox(full) => full.distance(&range),
        }
    }

    /// Stream position of the byte numbered `seq`.
    pub fn position(&self, seq: u32) -> i64 {
        match &self.0 {
            Inline(lean) => lean.position(seq),
            InBox(full) => full.position(seq),
        }
    }

    /// The number of the SYN before this part, if one was seen.
    pub fn isn(&self) -> Option<u32> {
        let (fixed, first) = match &self.0 {
            Inline(lean) => lean.first_number(),
            InBox(full) => full.first_number(),
        };
        fixed.then(|| first.wrapping_sub(1))
    }

    /// The position after the highest byte seen: what a sender in order would send next.
    pub fn next(&self) -> i64 {
        match &self.0 {
            Inline(lean) => lean.end(),
            InBox(full) => full.next(),
        }
    }

    /// Bytes of its holes.
    pub fn gap_bytes(&self) -> u64 {
        self.length() - self.stored()
    }

    /// The number of the byte behind all that is known to exist, captured or not.
    pub(super) fn end_number(&self) -> u32 {
        match &self.0 {
            Inline(lean) => lean.space().sequence(lean.end()),
            InBox(full) => full.end_number(),
        }
    }

    /// Stream position of the file's offset 0.
    pub fn base(&self) -> i64 {
        match &self.0 {
            Inline(lean) => lean.base(),
            InBox(full) => full.base(),
        }
    }

    /// Bytes covered.
    pub fn stored(&self) -> u64 {
        match &self.0 {
            Inline(lean) => lean.length(),
            InBox(full) => full.covered().covered(),
        }
    }

    /// Nothing is covered.
    pub fn is_empty(&self) -> bool {
        self.stored() == 0
    }

    /// Separate covered ranges beyond the first: what its holes cost.
    pub fn extra_ranges(&self) -> usize {
        match &self.0 {
            Inline(_) => 0,
            InBox(full) => full.covered().count().saturating_sub(1),
        }
    }

    /// Length of the file: highest covered offset + 1.
    pub fn length(&self) -> u64 {
        match &self.0 {
            Inline(lean) => lean.length(),
            InBox(full) => full.length(),
        }
    }

    /// Offset and length of each hole, ascending.
    pub fn gaps(&self) -> Vec<(u64, u64)> {
        match &self.0 {
            Inline(_) => Vec::new(),
            InBox(full) => full.gaps(),
        }
    }

    /// Bytes known to be missing behind the last one.
    pub fn missing_tail(&self) -> u64 {
        match &self.0 {
            Inline(_) => 0,
            InBox(full) => full.missing_tail(),
        }
    }

    /// Does what a lean part has no room for, and makes the part lean if it can be.
    fn change<R>(&mut self, act: impl FnOnce(&mut Full) -> R) -> R {
        let (done, lean) = match &mut self.0 {
            InBox(full) => (act(full), full.lean()),
            Inline(lean) => {
                let mut full = Full::from(&*lean);
                let done = act(&mut full);
                let lean = full.lean();
                if lean.is_none() {
                    self.0 = InBox(Box::new(full));
                }
                (done, lean)
            }
        };
        if let Some(lean) = lean {
            self.0 = Inline(lean);
        }
        done
    }
}

impl Placement {
    /// The stream positions.
    pub fn range(&self) -> Range<i64> {
        self.position..self.position + i64::from(self.payload.end - self.payload.start)
    }
}
