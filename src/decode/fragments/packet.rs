//! One packet that is not whole yet.

use std::collections::BTreeMap;
use std::ops::Range;

use super::super::{Fragment, Key, Onward, Place};
use super::{Bearer, Piece, Whole};
use crate::model::Timestamp;

/// A packet that is not whole yet.
#[derive(Debug, serde::Serialize, serde::Deserialize)]
pub struct Packet {
    /// Time of the part that came first.
    pub first: Option<Timestamp>,
    /// By offset, none over another; or by number.
    parts: BTreeMap<u16, Held>,
    /// Bytes, or parts, that are there.
    have: u32,
    /// Bytes, or parts, that make it whole: as the last part tells.
    want: Option<u32>,
    /// As the first part tells.
    onward: Option<Onward>,
    bearers: Vec<Bearer>,
    seen: Vec<Seen>,
    bytes: usize,
}

#[derive(Debug, serde::Serialize, serde::Deserialize)]
struct Held {
    bytes: Box<[u8]>,
    pieces: Vec<Piece>,
}

/// A part, so that it is known when it comes again: its place, its length, and a digest of its bytes.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, serde::Serialize, serde::Deserialize)]
pub struct Seen(Place, u32, [u8; 16]);

impl Seen {
    /// What there is to know of a part.
    pub fn of(fragment: &Fragment<'_>) -> Seen {
        let digest = blake3::hash(fragment.payload);
        let length = fragment.payload.len() as u32;
        Seen(fragment.place, length, digest.as_bytes().first_chunk().copied().unwrap_or_default())
    }
}

impl Packet {
    /// Bytes of memory that a packet takes, its parts aside.
    const PACKET: usize = 512;
    /// Bytes of memory that a part takes, its payload aside.
    const PART: usize = 256;

    /// One whose first part came at this time.
    pub fn new(first: Option<Timestamp>) -> Self {
        Packet {
            first,
            parts: BTreeMap::new(),
            have: 0,
            want: None,
            onward: None,
            bearers: Vec::new(),
            seen: Vec::new(),
            bytes: 0,
        }
    }

    /// Bytes of memory that it takes. Not every part has a bearer of its own: some have none, some many.
    pub fn cost(&self) -> usize {
        Self::PACKET + self.bytes + self.seen.len().max(self.bearers.len()) * Self::PART
    }

    /// Takes in a part; false if it contradicts what came before, which counts.
    pub fn take(&mut self, fragment: Fragment<'_>, pieces: &[Piece], bearers: &[Bearer]) -> bool {
        self.bearers.extend_from_slice(bearers);
        self.seen.push(Seen::of(&fragment));
        let Fragment { place, more, payload, cut, onward, .. } = fragment;
        let mut agrees = true;
        let end = match place {
            Place::Offset(offset) => u32::from(offset) + payload.len() as u32,
            Place::Number(number) => u32::from(number) + 1,
        };
        if !more && !cut {
            agrees &= self.want.is_none_or(|want| want == end);
            self.want.get_or_insert(end);
        }
        match place {
            Place::Offset(0) | Place::Number(0) if self.onward.is_none() => self.onward = Some(onward),
            _ => {}
        }
        match place {
            Place::Offset(offset) => agrees &= self.fill(offset, payload, pieces),
            // bytes that are missing at the end of a part lie in the middle of the packet
            Place::Number(_) if cut => {}
            Place::Number(number) => match self.parts.get(&number.into()) {
                Some(held) => agrees &= *held.bytes == *payload,
                None => {
                    self.have += 1;
                    self.hold(number.into(), payload, pieces.to_vec());
                }
            },
        }
        agrees
    }

    /// All is there. Bytes past the end count as there, so that a packet that contradicts itself is never whole.
    pub fn is_whole(&self) -> bool {
        self.onward.is_some() && self.want == Some(self.have)
    }

    /// The packet; `None` if it is not whole.
    pub fn whole(self, key: Key) -> Option<Whole> {
        let mut bytes = Vec::with_capacity(self.bytes);
        let mut all: Vec<Piece> = Vec::new();
        for held in self.parts.into_values() {
            let start = bytes.len() as u32;
            all.extend(
                held.pieces
                    .into_iter()
                    .map(|piece| Piece { at: start + piece.at.start..start + piece.at.end, ..piece }),
            );
            bytes.extend_from_slice(&held.bytes);
        }
        Some(Whole { onward: self.onward?, bytes, pieces: all, bearers: self.bearers, key, seen: self.seen })
    }

    /// Keeps what of the payload is not there yet; false if what is there differs.
    fn fill(&mut self, offset: u16, payload: &[u8], pieces: &[Piece]) -> bool {
        let (start, end) = (u32::from(offset), u32::from(offset) + payload.len() as u32);
        let before = self.parts.range(..offset).next_back();
        let touched = before.into_iter().chain(self.parts.range(offset..));
        let (mut agrees, mut at, mut holes) = (true, start, Vec::new());
        for (&begin, held) in touched.take_while(|(begin, _)| u32::from(**begin) < end) {
            let there = u32::from(begin)..u32::from(begin) + held.bytes.len() as u32;
            let common = there.start.max(start)..there.end.min(end);
            if common.is_empty() {
                continue;
            }
            agrees &= held.bytes[span(&common, there.start)] == payload[span(&common, start)];
            if at < common.start {
                holes.push(at..common.start);
            }
            at = common.end;
        }
        if at < end {
            holes.push(at..end);
        }
        for hole in holes {
            let within = hole.start - start..hole.end - start;
            let pieces = pieces.iter().filter_map(|piece| piece.within(&within)).collect();
            self.have += hole.end - hole.start;
            self.hold(hole.start as u16, &payload[span(&hole, start)], pieces);
        }
        agrees
    }

    fn hold(&mut self, at: u16, bytes: &[u8], pieces: Vec<Piece>) {
        self.bytes += bytes.len();
        self.parts.insert(at, Held { bytes: bytes.into(), pieces });
    }
}

/// A range counted from `start`.
fn span(range: &Range<u32>, start: u32) -> Range<usize> {
    (range.start - start) as usize..(range.end - start) as usize
}
