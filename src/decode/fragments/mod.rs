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
#[cfg(test)]
mod tests;
mod waiting;

use std::collections::{HashMap, VecDeque};
use std::fmt;
use std::ops::Range;

use foldhash::quality::RandomState;

use super::{Fragment, Key, Onward};
use crate::model::{AnomalyKind, CaptureId, Limits, Timestamp, Unused};
use packet::Packet;
pub use waiting::Waiting;

/// Parts of whole packets that are remembered: those of packets of which copies may still be on their way.
const REMEMBERED: usize = 1 << 16;

/// Entries of a queue whose packets are gone that are left in it: few enough, and it is seldom gone through.
const SLACK: usize = 1024;

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

/// Packets that are not whole yet.
#[derive(Default)]
pub struct Fragments {
    bytes: usize,
    patience_ns: i64,
    packets: HashMap<Key, Packet, RandomState>,
    /// Those that wait, in the order of their first parts: the number tells packets with the same key apart.
    waiting: VecDeque<(Key, u64)>,
    number: u64,
    held: usize,
    now: Option<Timestamp>,
    whole: HashMap<Key, Remembered, RandomState>,
    /// Those that became whole, in that order.
    remembered: VecDeque<(Key, u64)>,
    /// Parts of those.
    remembered_parts: usize,
}

/// A packet that became whole.
#[derive(serde::Serialize, serde::Deserialize)]
struct Remembered {
    #[serde(skip)]
    number: u64,
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
        self.packets.is_empty() && self.whole.is_empty()
    }

    /// Takes in a part that came in frames `bearers`, its bytes from `pieces`. What is strange is appended to `notes`.
    pub fn take(
        &mut self,
        now: Option<Timestamp>,
        fragment: Fragment<'_>,
        pieces: Vec<Piece>,
        bearers: &[Bearer],
        notes: &mut Vec<Note>,
    ) -> Taken {
        self.now = self.now.max(now);
        self.expire();
        if let Some(outcome) = self.again(&fragment) {
            return Taken::Again(outcome);
        }
        let Fragment { key, place, more, payload, cut, onward } = fragment;
        if !self.packets.contains_key(&key) {
            self.insert_packet(key.clone(), Packet::new(now));
        }
        let packet = self.packets.entry(key.clone()).or_insert_with(|| Packet::new(now));
        let before = packet.cost();
        let agrees = packet.take(packet::Part { place, more, payload, cut, onward, pieces, bearers });
        self.held = self.held - before + packet.cost();
        if !agrees {
            notes.push(Note::Conflict(key.clone()));
        }
        if packet.is_whole() {
            let whole = self.packets.remove(&key).and_then(|packet| {
                self.held -= Packet::COST + packet.cost();
                packet.whole(key)
            });
            return whole.map_or(Taken::Waits, |whole| Taken::Whole(Box::new(whole)));
        }
        while self.held > self.bytes
            && let Some(key) = self.give_up_oldest()
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
        self.insert_whole(key, Remembered { number: 0, first, seen, outcome });
        while self.remembered_parts > REMEMBERED {
            self.forget_oldest();
        }
    }

    fn insert_packet(&mut self, key: Key, mut packet: Packet) {
        if self.waiting.len() > SLACK + 2 * self.packets.len() {
            let Fragments { waiting, packets, .. } = self;
            waiting.retain(|(key, number)| packets.get(key).is_some_and(|packet| packet.number == *number));
        }
        self.number += 1;
        self.held += Packet::COST + packet.cost();
        self.waiting.push_back((key.clone(), self.number));
        packet.number = self.number;
        self.packets.insert(key, packet);
    }

    fn insert_whole(&mut self, key: Key, whole: Remembered) {
        if self.remembered.len() > SLACK + 2 * self.whole.len() {
            let Fragments { remembered, whole, .. } = self;
            remembered.retain(|(key, number)| whole.get(key).is_some_and(|whole| whole.number == *number));
        }
        self.number += 1;
        self.remembered_parts += whole.seen.len();
        self.remembered.push_back((key.clone(), self.number));
        let before = self.whole.insert(key, Remembered { number: self.number, ..whole });
        self.remembered_parts -= before.map_or(0, |before| before.seen.len());
    }

    /// The part came before in a packet that is whole. One that did not begins another packet.
    fn again(&mut self, fragment: &Fragment<'_>) -> Option<Outcome> {
        let known = self.whole.get(&fragment.key)?;
        let is_stale = is_past(known.first, self.now, self.patience_ns);
        let is_known = known.seen.binary_search(&packet::Seen::of(fragment)).is_ok();
        if is_known && !is_stale && !self.packets.contains_key(&fragment.key) {
            return Some(known.outcome);
        }
        self.forget(&fragment.key);
        None
    }

    fn expire(&mut self) {
        let (now, patience_ns) = (self.now, self.patience_ns);
        while let Some((key, number)) = self.waiting.front() {
            let packet = self.packets.get(key).filter(|packet| packet.number == *number);
            if packet.is_some_and(|packet| !is_past(packet.first, now, patience_ns)) {
                break;
            }
            self.leave_front();
        }
        while let Some((key, number)) = self.remembered.front() {
            let whole = self.whole.get(key).filter(|whole| whole.number == *number);
            if whole.is_some_and(|whole| !is_past(whole.first, now, patience_ns)) {
                break;
            }
            self.forget_oldest();
        }
    }

    /// The packet that waits longest, if any does.
    fn give_up_oldest(&mut self) -> Option<Key> {
        while !self.waiting.is_empty() {
            let given_up = self.leave_front();
            if given_up.is_some() {
                return given_up;
            }
        }
        None
    }

    /// Takes the first entry off the queue, and its packet, if that still waits.
    fn leave_front(&mut self) -> Option<Key> {
        let (key, number) = self.waiting.pop_front()?;
        if self.packets.get(&key).is_none_or(|packet| packet.number != number) {
            return None;
        }
        self.held -= Packet::COST + self.packets.remove(&key)?.cost();
        Some(key)
    }

    fn forget_oldest(&mut self) {
        if let Some((key, number)) = self.remembered.pop_front()
            && self.whole.get(&key).is_some_and(|whole| whole.number == number)
        {
            self.forget(&key);
        }
    }

    fn forget(&mut self, key: &Key) {
        self.remembered_parts -= self.whole.remove(key).map_or(0, |whole| whole.seen.len());
    }
}

fn is_past(first: Option<Timestamp>, now: Option<Timestamp>, patience_ns: i64) -> bool {
    first.zip(now).is_some_and(|(first, now)| now.since(first) > patience_ns)
}
