//! What one side of a connection said: its stream, its flags, and the numbers later segments are judged by.

use super::event::Stamp;
use super::flow::{Count, Flow};
use super::span::{Span, union};
use crate::model::{Checksum, Flags, FlowId, Limits, Segment, Timestamp};
use crate::reassemble::Stream;

/// One side of a connection, as sender. A million of these are held at once, so no bit is wasted.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Direction {
    /// Its payload; with each part after the first, the frames of its flow.
    pub stream: Stream<Flow>,
    /// The first flow, from the first frame on, with payload or without.
    pub(super) flow: FlowId,
    /// Time of its first and last frame, where [`Marks::TIMED`].
    pub(super) span: Span,
    /// Highest acknowledgement number sent, where [`Marks::ACKED`]: what it has received of the other side.
    pub(super) acked: u32,
    /// Highest window offered, in bytes.
    pub(super) window: u32,
    pub(super) packets: Count,
    pub(super) window_scale: u8,
    pub(super) marks: Marks,
}

/// What is or is not so of a direction.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct Marks(pub(super) u8);

impl Marks {
    /// It has sent a frame.
    pub const HEARD: Marks = Marks(1);
    /// Some frame of its first flow had a time.
    pub const TIMED: Marks = Marks(2);
    /// It has acknowledged something.
    pub const ACKED: Marks = Marks(4);
    /// It has shown a good checksum: flags of segments with a bad one no longer count.
    pub const GOOD_CHECKSUM: Marks = Marks(8);
    /// A SYN without ACK was sent.
    pub const SYN: Marks = Marks(16);
    /// A SYN with ACK was sent.
    pub const SYN_ACK: Marks = Marks(32);
    /// A FIN that counts was sent.
    pub const FIN: Marks = Marks(64);
    /// A RST that counts was sent.
    pub const RST: Marks = Marks(128);

    pub fn has(self, mark: Marks) -> bool {
        self.0 & mark.0 != 0
    }

    pub fn set(&mut self, mark: Marks, if_so: bool) {
        self.0 |= if if_so { mark.0 } else { 0 };
    }

    pub fn clear(&mut self, mark: Marks) {
        self.0 &= !mark.0;
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
    /// It has sent a frame.
    pub fn is_heard(&self) -> bool {
        self.marks.has(Marks::HEARD)
    }

    /// It has sent something, here or in a case before.
    pub fn is_known(&self) -> bool {
        self.marks != Marks::default()
    }

    /// A SYN without ACK was sent.
    pub fn syn(&self) -> bool {
        self.marks.has(Marks::SYN)
    }

    /// A SYN with ACK was sent.
    pub fn syn_ack(&self) -> bool {
        self.marks.has(Marks::SYN_ACK)
    }

    /// A FIN that counts was sent.
    pub fn fin(&self) -> bool {
        self.marks.has(Marks::FIN)
    }

    /// A RST that counts was sent.
    pub fn rst(&self) -> bool {
        self.marks.has(Marks::RST)
    }

    /// A flow for each part of the stream; the first from the first frame on, with payload or without.
    pub fn flows(&self) -> impl Iterator<Item = Flow> + '_ {
        let span = self.marks.has(Marks::TIMED).then_some(self.span);
        let first = || Flow { id: self.flow, packets: self.packets.get(), span };
        self.is_heard().then(first).into_iter().chain(self.stream.kept().iter().copied())
    }

    /// The flow of a part.
    ///
    /// # Panics
    /// If there is no such part.
    pub fn flow(&self, part: usize) -> Flow {
        self.flows().nth(part).expect("every part of a stream has a flow")
    }

    /// The number of the flow of a part.
    pub(super) fn flow_id(&self, part: usize) -> FlowId {
        part.checked_sub(1).map_or(self.flow, |after_first| self.stream.kept()[after_first].id)
    }

    /// Its first frame is of this flow.
    pub(super) fn begin(&mut self, flow: FlowId) {
        self.flow = flow;
        self.marks.set(Marks::HEARD, true);
    }

    /// Counts a frame of a part's flow.
    pub(super) fn count(&mut self, part: usize, at: Stamp) {
        match part.checked_sub(1) {
            Some(after_first) => self.stream.kept_mut()[after_first].count(at),
            None => self.count_first(at.time),
        }
    }

    fn count_first(&mut self, time: Option<Timestamp>) {
        self.packets.increase();
        let Some(time) = time else { return };
        let (first, last) = if self.marks.has(Marks::TIMED) { self.span } else { (time, time) };
        self.span = (first.min(time), last.max(time));
        self.marks.set(Marks::TIMED, true);
    }

    /// Frames of the direction, all parts together.
    pub fn packets(&self) -> u64 {
        self.packets.get() + self.stream.kept().iter().map(|flow| flow.packets).sum::<u64>()
    }

    /// Time of its first and last frame.
    pub fn span(&self) -> Option<Span> {
        union(self.flows().map(|flow| flow.span))
    }

    /// Bytes stored of all parts.
    pub fn stored_bytes(&self) -> u64 {
        self.stream.parts().iter().map(|part| part.stored()).sum()
    }

    /// Some part has holes.
    pub fn has_gaps(&self) -> bool {
        self.stream.parts().iter().any(|part| part.stored() != part.length())
    }

    /// Separate covered ranges beyond the first of each part.
    pub fn extra_ranges(&self) -> usize {
        self.stream.parts().iter().map(|part| part.extra_ranges()).sum()
    }

    fn acked(&self) -> Option<u32> {
        self.marks.has(Marks::ACKED).then_some(self.acked)
    }

    /// The flags of a segment that count: a SYN drives out FIN and RST, and a bad checksum all three once good ones were seen.
    pub fn flags_that_count(&self, segment: &Segment<'_>) -> Flags {
        let flags = segment.flags;
        if segment.checksum == Checksum::Bad && self.marks.has(Marks::GOOD_CHECKSUM) {
            flags.without(Flags::SYN | Flags::FIN | Flags::RST)
        } else if flags.has(Flags::SYN) {
            flags.without(Flags::FIN | Flags::RST)
        } else {
            flags
        }
    }

    /// Remembers checksum, acknowledgement and window of a segment it sent, for later ones; `other` is the receiver.
    pub fn remember(&mut self, flags: Flags, segment: &Segment<'_>, other: &Direction, limits: &Limits) {
        self.marks.set(Marks::GOOD_CHECKSUM, segment.checksum == Checksum::Good);
        if flags.has(Flags::SYN) {
            self.window_scale = segment.window_scale.unwrap_or(0).min(14);
        }
        let scale = if flags.has(Flags::SYN) { 0 } else { self.window_scale };
        self.window = self.window.max(u32::from(segment.window) << scale);
        let plausible = || other.stream.distance(segment.ack, 0).is_none_or(|distance| distance <= limits.max_jump);
        if flags.has(Flags::ACK) && self.acked().is_none_or(|acked| after(segment.ack, acked)) && plausible() {
            self.acked = segment.ack;
            self.marks.set(Marks::ACKED, true);
        }
    }

    /// Whether `seq` continues this direction, within the reach of a jump; `None` while nothing is known of its numbers.
    pub fn continues(&self, other: &Direction, seq: u32, len: u32, limits: &Limits) -> Option<bool> {
        let acked = || other.acked().map(|acked| apart(seq, acked));
        self.stream.distance(seq, len).or_else(acked).map(|distance| distance <= limits.max_jump)
    }

    /// Whether it only asks if the other side is there.
    pub fn is_keep_alive(&self, flags: Flags, segment: &Segment<'_>) -> bool {
        let silent = flags == flags.without(Flags::SYN | Flags::FIN | Flags::RST);
        silent && segment.missing == 0 && self.stream.is_kept_alive_by(segment.seq, segment.payload.len() as u32)
    }

    /// RFC 9293 §3.5.3: a RST counts if its number lies in the receiver's window. What was captured may lag behind what the
    /// receiver has: from what it acknowledged (or else the stream's beginning) up to its window past the highest byte known.
    pub fn is_reset_in_window(&self, other: &Direction, seq: u32) -> bool {
        let Some(part) = self.stream.parts().first() else {
            return other.acked().is_none_or(|acked| seq == 0 || apart(seq, acked) <= u64::from(other.window.max(1)));
        };
        let acked = other.acked().map(|acked| part.position(acked));
        let low = acked.map_or(part.base(), |acked| acked.min(part.next()));
        let fin = i64::from(self.fin());
        let high = acked.map_or(part.next(), |acked| acked.max(part.next())) + fin + i64::from(other.window.max(1));
        (low..=high).contains(&part.position(seq))
    }
}
