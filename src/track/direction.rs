//! What one side of a connection said: its stream, its flags, and the numbers later segments are judged by.

use smallvec::SmallVec;

use super::event::Stamp;
use crate::model::{Checksum, Flags, FlowId, Limits, Segment, Timestamp};
use crate::reassemble::Stream;

/// One side of a connection, as sender.
#[derive(Clone, Debug, Default, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
pub struct Direction {
    /// Its payload.
    pub stream: Stream,
    /// A flow for each part of the stream; the first from the first frame on, with payload or without.
    pub flows: SmallVec<[Flow; 1]>,
    /// Source and destination MAC address of its first frame.
    pub mac: Option<[[u8; 6]; 2]>,
    /// VLAN of its first frame.
    pub vlan: Option<u16>,
    /// A SYN without ACK was sent.
    pub syn: bool,
    /// A SYN with ACK was sent.
    pub syn_ack: bool,
    /// A FIN that counts was sent.
    pub fin: bool,
    /// A RST that counts was sent.
    pub rst: bool,
    /// Payload bytes that were captured again.
    pub retransmitted_bytes: u64,
    /// Segments with new bytes that lie before others seen earlier.
    pub out_of_order: u64,
    /// Highest acknowledgement number sent: what it has received of the other side.
    acked: Option<u32>,
    /// Highest window offered, in bytes.
    window: u32,
    window_scale: u8,
    /// It has shown a good checksum: flags of segments with a bad one no longer count.
    shows_good_checksums: bool,
}

/// The frames of one part.
#[derive(Clone, Debug, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
pub struct Flow {
    /// Its number.
    pub id: FlowId,
    /// Frames (for the first part also those without payload).
    pub packets: u64,
    /// Time of the first and the last of them.
    pub span: Option<(Timestamp, Timestamp)>,
}

impl Flow {
    /// A flow without frames yet.
    pub fn new(id: FlowId) -> Self {
        Flow { id, packets: 0, span: None }
    }

    /// Counts a frame.
    pub fn count(&mut self, at: Stamp) {
        self.packets += 1;
        extend(&mut self.span, at.time);
    }
}

/// Stretches a span to contain `time`.
pub fn extend(span: &mut Option<(Timestamp, Timestamp)>, time: Option<Timestamp>) {
    if let Some(time) = time {
        let (first, last) = span.get_or_insert((time, time));
        *first = time.min(*first);
        *last = time.max(*last);
    }
}

/// `a` lies after `b` on the circle of sequence numbers.
fn after(a: u32, b: u32) -> bool {
    (a.wrapping_sub(b) as i32) > 0
}

/// Distance on the circle of sequence numbers.
fn apart(a: u32, b: u32) -> u64 {
    u64::from((a.wrapping_sub(b) as i32).unsigned_abs())
}

impl Direction {
    /// Frames of the direction, all parts together.
    pub fn packets(&self) -> u64 {
        self.flows.iter().map(|flow| flow.packets).sum()
    }

    /// Time of its first and last frame.
    pub fn span(&self) -> Option<(Timestamp, Timestamp)> {
        let spans = self.flows.iter().filter_map(|flow| flow.span);
        spans.reduce(|all, span| (all.0.min(span.0), all.1.max(span.1)))
    }

    /// Bytes stored of all parts.
    pub fn stored_bytes(&self) -> u64 {
        self.stream.parts().iter().map(|part| part.covered().covered()).sum()
    }

    /// Some part has holes.
    pub fn has_gaps(&self) -> bool {
        self.stream.parts().iter().any(|part| part.covered().covered() != part.length())
    }

    /// The flags of a segment that count: a SYN drives out FIN and RST, and a bad checksum all three once good ones were seen.
    pub fn flags_that_count(&self, segment: &Segment<'_>) -> Flags {
        let flags = segment.flags;
        if segment.checksum == Checksum::Bad && self.shows_good_checksums {
            flags.without(Flags::SYN | Flags::FIN | Flags::RST)
        } else if flags.has(Flags::SYN) {
            flags.without(Flags::FIN | Flags::RST)
        } else {
            flags
        }
    }

    /// Remembers checksum, acknowledgement and window of a segment it sent, for later ones; `other` is the receiver.
    pub fn remember(&mut self, flags: Flags, segment: &Segment<'_>, other: &Direction, limits: &Limits) {
        self.shows_good_checksums |= segment.checksum == Checksum::Good;
        if flags.has(Flags::SYN) {
            self.window_scale = segment.window_scale.unwrap_or(0).min(14);
        }
        let scale = if flags.has(Flags::SYN) { 0 } else { self.window_scale };
        self.window = self.window.max(u32::from(segment.window) << scale);
        let plausible = || other.stream.distance(segment.ack, 0).is_none_or(|distance| distance <= limits.max_jump);
        if flags.has(Flags::ACK) && self.acked.is_none_or(|acked| after(segment.ack, acked)) && plausible() {
            self.acked = Some(segment.ack);
        }
    }

    /// Whether `seq` continues this direction, within the reach of a jump; `None` while nothing is known of its numbers.
    pub fn continues(&self, other: &Direction, seq: u32, len: u32, limits: &Limits) -> Option<bool> {
        let acked = || other.acked.map(|acked| apart(seq, acked));
        self.stream.distance(seq, len).or_else(acked).map(|distance| distance <= limits.max_jump)
    }

    /// RFC 9293 §3.8.4 and RFC 1122 §4.2.3.6: at most one byte, just before the next one expected, on a stream that has begun.
    pub fn is_keep_alive(&self, flags: Flags, segment: &Segment<'_>) -> bool {
        let silent = !flags.has(Flags::SYN) && !flags.has(Flags::FIN) && !flags.has(Flags::RST);
        let next = self.stream.parts().first().map(|part| part.next());
        let position = self.stream.parts().first().map(|part| part.position(segment.seq));
        silent
            && segment.payload.len() <= 1
            && segment.missing == 0
            && next.is_some()
            && position == next.map(|next| next - 1)
    }

    /// RFC 9293 §3.5.3: a RST counts if its number lies in the receiver's window. What was captured may lag behind what the
    /// receiver has: from what it acknowledged (or else the stream's beginning) up to its window past the highest byte known.
    pub fn is_reset_in_window(&self, other: &Direction, seq: u32) -> bool {
        let Some(part) = self.stream.parts().first() else {
            return other.acked.is_none_or(|acked| seq == 0 || apart(seq, acked) <= u64::from(other.window.max(1)));
        };
        let acked = other.acked.map(|acked| part.position(acked));
        let low = acked.map_or(part.base(), |acked| acked.min(part.next()));
        let fin = i64::from(self.fin);
        let high = acked.map_or(part.next(), |acked| acked.max(part.next())) + fin + i64::from(other.window.max(1));
        (low..=high).contains(&part.position(seq))
    }
}
