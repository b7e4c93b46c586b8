//! Packets that came in parts, put together: IP datagrams (RFC 791 §3.2, RFC 8200 §4.5) and 802.11 frames (IEEE 802.11-2020
//! §10.4), parts in any order, also those of tunnels inside parts of tunnels.
//!
//! - The first copy of a byte wins, of IPv4 and of IPv6; a later copy that differs is a [`Note::Conflict`].
//! - A packet whose first part came more than [`Limits::fragment_ns`] of capture time ago never mixes with new parts.
//! - Parts take no more than [`Limits::fragment_bytes`] of memory: past that, the packet that waits longest is given up.
//! - A part that came before, of a packet that became whole meanwhile, belongs to that packet.
//!
//! Holds bytes, but neither clock nor file: time is that of frames.

mod packet;
mod queue;
#[cfg(test)]
mod tests;
mod waiting;

use std::fmt;
use std::ops::Range;

use super::{Fragment, Key, Onward};
use crate::model::{AnomalyKind, CaptureId, Limits, Timestamp, Unused};
use packet::Packet;
use queue::Queue;
pub use waiting::Waiting;

/// Parts of whole packets that are remembered: those of packets of which copies may still be on their way.
const REMEMBERED: usize = 1 << 16;

/// Where bytes of a packet came from.
#[derive(Clone, Debug, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
pub struct Piece {
    /// Which bytes of the packet.
    pub at: Range<u32>,
    /// The capture.
    pub capture: CaptureId,
    /// The frame, from 1.
    pub frame: u64,
    /// Offset of the first byte in the decompressed capture.
    pub position: u64,
    /// Time of the frame.
    pub time: Option<Timestamp>,
}

impl Piece {
    /// What of it lies in `range`, counted from the beginning of that.
    pub fn within(&self, range: &Range<u32>) -> Option<Piece> {
        let (start, end) = (self.at.start.max(range.start), self.at.end.min(range.end));
        let at = start.checked_sub(range.start)?..end.saturating_sub(range.start);
        let position = self.position + u64::from(start - self.at.start);
        (start < end).then(|| Piece { at, position, ..self.clone() })
    }
}

/// A frame that brought a part: it is used if the packet becomes whole, and is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
pub struct Bearer {
    /// The capture.
    pub capture: CaptureId,
    /// Its captured bytes.
    pub bytes: u32,
}

/// What becomes of frames: `None` if they are used.
pub type Outcome = Option<Unused>;

/// What became of a part.
#[derive(Debug)]
pub enum Taken {
    /// It waits for others.
    Waits,
    /// It was there before, in a packet that became whole.
    Again(Outcome),
    /// The packet is whole.
    Whole(Box<Whole>),
}

/// A packet whose parts all came.
#[derive(Debug)]
pub struct Whole {
    /// Where decoding goes on.
    pub onward: Onward,
    /// Its bytes.
    pub bytes: Vec<u8>,
    /// Where they came from, in order; together they are all.
    pub pieces: Vec<Piece>,
    /// All frames that brought parts of it, also of parts that were there already.
    pub bearers: Vec<Bearer>,
    key: Key,
    seen: Vec<packet::Seen>,
}

/// Something strange about parts of a packet.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Note {
    /// A part contradicts one that came before; that one counts.
    Conflict(Key),
    /// The packet was given up to make room.
    GivenUp(Key),
}

impl Note {
    /// The kind of anomaly it is.
    pub fn kind(&self) -> AnomalyKind {
        match self {
            Note::Conflict(_) => AnomalyKind::FragmentConflict,
            Note::GivenUp(_) => AnomalyKind::FragmentLimit,
        }
    }
}

/// One clause about it.
impl fmt::Display for Note {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Note::Conflict(key) => write!(f, "a part of {key} contradicts one that came before"),
            Note::GivenUp(key) => write!(f, "{key} was given up to make room"),
        }
    }
}

/// Packets that are not whole yet, and what is left of those that became whole.
#[derive(Default)]
pub struct Fragments {
    /// Bytes of memory that packets may take.
    bytes: usize,
    patience_ns: i64,
    /// In the order of their first parts.
    waiting: Queue<Packet>,
    /// Bytes of memory that they take.
    held: usize,
    /// Latest time of any part.
    now: Option<Timestamp>,
    /// In the order in which they became whole.
    whole: Queue<Remembered>,
    /// Parts of those.
    remembered: usize,
}

/// A packet that became whole.
#[derive(serde::Serialize, serde::Deserialize)]
struct Remembered {
    /// Time of the part that came first.
    first: Option<Timestamp>,
    seen: Vec<packet::Seen>,
    outcome: Outcome,
}

impl Fragments {
    /// None yet; at most `limits.fragment_bytes` at once.
    pub fn new(limits: &Limits) -> Self {
        Fragments { bytes: limits.fragment_bytes, patience_ns: limits.fragment_ns, ..Fragments::default() }
    }

    /// Nothing waits, and nothing is remembered.
    pub fn is_empty(&self) -> bool {
        self.waiting.is_empty() && self.whole.is_empty()
    }

    /// Takes in a part that came in frames `bearers`, its bytes from `pieces`. What is strange is appended to `notes`.
    pub fn take(
        &mut self,
        now: Option<Timestamp>,
        fragment: Fragment<'_>,
        pieces: &[Piece],
        bearers: &[Bearer],
        notes: &mut Vec<Note>,
    ) -> Taken {
        self.now = self.now.max(now);
        self.expire();
        if let Some(outcome) = self.again(&fragment) {
            return Taken::Again(outcome);
        }
        let key = fragment.key.clone();
        let before = self.waiting.get(&key).map_or(0, Packet::cost);
        let packet = self.waiting.get_or_insert(&key, || Packet::new(now));
        let agrees = packet.take(fragment, pieces, bearers);
        self.held = self.held - before + packet.cost();
        if !agrees {
            notes.push(Note::Conflict(key.clone()));
        }
        if packet.is_whole() {
            let whole = self.waiting.remove(&key).and_then(|packet| {
                self.held -= packet.cost();
                packet.whole(key)
            });
            return whole.map_or(Taken::Waits, |whole| Taken::Whole(Box::new(whole)));
        }
        while self.held > self.bytes
            && let Some(key) = self.give_up_first()
        {
            notes.push(Note::GivenUp(key));
        }
        Taken::Waits
    }

    /// A packet that became whole came to this: parts of it that come again share its fate.
    pub fn remember(&mut self, whole: Whole, outcome: Outcome) {
        let Whole { key, mut seen, pieces, .. } = whole;
        seen.sort_unstable();
        seen.dedup();
        let first = pieces.iter().filter_map(|piece| piece.time).min();
        self.insert_whole(key, Remembered { first, seen, outcome });
        while self.remembered > REMEMBERED {
            self.forget_first();
        }
    }

    fn insert_whole(&mut self, key: Key, whole: Remembered) {
        self.remembered += whole.seen.len();
        let before = self.whole.insert(key, whole);
        self.remembered -= before.map_or(0, |before| before.seen.len());
    }

    /// The part came before in a packet that is whole. One that did not begins another packet.
    fn again(&mut self, fragment: &Fragment<'_>) -> Option<Outcome> {
        let known = self.whole.get(&fragment.key)?;
        let is_stale = is_past(known.first, self.now, self.patience_ns);
        let is_known = known.seen.binary_search(&packet::Seen::of(fragment)).is_ok();
        if is_known && !is_stale && self.waiting.get(&fragment.key).is_none() {
            return Some(known.outcome);
        }
        self.remembered -= self.whole.remove(&fragment.key).map_or(0, |whole| whole.seen.len());
        None
    }

    fn expire(&mut self) {
        let (now, patience_ns) = (self.now, self.patience_ns);
        while self.waiting.first().is_some_and(|packet| is_past(packet.first, now, patience_ns)) {
            self.give_up_first();
        }
        while self.whole.first().is_some_and(|whole| is_past(whole.first, now, patience_ns)) {
            self.forget_first();
        }
    }

    /// The packet that waits longest, if any does, waits no more.
    fn give_up_first(&mut self) -> Option<Key> {
        let (key, packet) = self.waiting.pop_first()?;
        self.held -= packet.cost();
        Some(key)
    }

    fn forget_first(&mut self) {
        self.remembered -= self.whole.pop_first().map_or(0, |(_, whole)| whole.seen.len());
    }
}

fn is_past(first: Option<Timestamp>, now: Option<Timestamp>, patience_ns: i64) -> bool {
    first.zip(now).is_some_and(|(first, now)| now.since(first) > patience_ns)
}
