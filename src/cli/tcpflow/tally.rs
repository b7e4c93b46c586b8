//! What tcpflow's report tells of the frames of each flow and the index does not keep: their lengths, the addresses of their link,
//! and how many segments came late or before the beginning.

use std::collections::HashMap;
use std::io;

use foldhash::quality::RandomState;

use crate::index::FlowInfo;
use crate::ingest::Tap;
use crate::model::{Checksum, ConnectionId, Endpoint, Flags, FrameHead, Limits, Segment, Skip};
use crate::reassemble::{Placement, Stream};
use crate::view::dfxml::Heard;

/// Counts frames while captures are filed.
pub struct Tally {
    limits: Limits,
    sides: HashMap<(ConnectionId, Endpoint), Side, RandomState>,
    placements: Vec<Placement>,
}

/// What one end of a connection sent. Its stream tells the parts, as it does where they are stored.
#[derive(Default)]
struct Side {
    stream: Stream<Part>,
    first: Part,
    has_good_checksum: bool,
}

/// The frames of one flow.
#[derive(Clone, Default)]
struct Part {
    heard: Heard,
    /// The number behind the last segment with payload.
    end: Option<u32>,
}

impl Tally {
    /// For flows whose numbers jump no further, if that is limited in another way than by default.
    pub fn new(max_jump: Option<u64>) -> Self {
        let mut limits = Limits::default();
        limits.max_jump = max_jump.unwrap_or(limits.max_jump);
        Tally { limits, sides: HashMap::default(), placements: Vec::new() }
    }

    /// What was heard of a flow; `None` where some of its frames came in another run.
    pub fn of(&self, flow: &FlowInfo) -> Option<Heard> {
        let side = self.sides.get(&(flow.connection_id, flow.src))?;
        let part = match flow.part.checked_sub(1) {
            None => &side.first,
            Some(after_first) => side.stream.kept().get(after_first as usize)?,
        };
        (part.heard.packets == flow.packets).then(|| Heard { mac: side.first.heard.mac, ..part.heard.clone() })
    }
}

impl Tap for Tally {
    fn used(
        &mut self,
        frame: &FrameHead,
        data: &[u8],
        connection: ConnectionId,
        segment: &Segment<'_>,
    ) -> io::Result<()> {
        let side = self.sides.entry((connection, segment.src)).or_insert_with(|| Side::met(segment));
        let flags = side.flags(segment);
        self.placements.clear();
        if let Some(part) = side.take(flags, segment, &self.limits, &mut self.placements) {
            part.heard.packets += 1;
            part.heard.length += u64::from(frame.original_len);
            part.heard.captured += data.len() as u64;
        }
        side.end(flags, segment, &self.limits);
        Ok(())
    }

    fn unused(&mut self, _: &FrameHead, _: &[u8], _: Skip) -> io::Result<()> {
        Ok(())
    }
}

impl Side {
    fn met(segment: &Segment<'_>) -> Self {
        let mut side = Side::default();
        side.first.heard.mac = segment.mac;
        side
    }

    /// Those that count: see the tracker.
    fn flags(&mut self, segment: &Segment<'_>) -> Flags {
        let is_doubtful = segment.checksum == Checksum::Bad && self.has_good_checksum;
        self.has_good_checksum |= segment.checksum == Checksum::Good;
        match segment.flags {
            flags if is_doubtful => flags.without(Flags::SYN | Flags::FIN | Flags::RST),
            flags if flags.has(Flags::SYN) => flags.without(Flags::FIN | Flags::RST),
            flags => flags,
        }
    }

    /// The part a segment belongs to, which has judged its number; `None`: to none.
    fn take(
        &mut self,
        flags: Flags,
        segment: &Segment<'_>,
        limits: &Limits,
        placements: &mut Vec<Placement>,
    ) -> Option<&mut Part> {
        let is_syn = flags.has(Flags::SYN);
        let isn = self.stream.isn();
        if is_syn && isn.is_none() {
            self.stream.begin(segment.seq);
        }
        let length = segment.payload.len() as u32;
        let contradicts = is_syn && isn.is_some_and(|isn| isn != segment.seq);
        let is_reset = segment.flags.has(Flags::RST);
        if length == 0 && segment.missing == 0 || is_reset || contradicts {
            return (length == 0 || is_reset).then_some(&mut self.first);
        }
        let first_byte = segment.seq.wrapping_add(u32::from(is_syn));
        let silent = flags == flags.without(Flags::SYN | Flags::FIN | Flags::RST);
        if silent && segment.missing == 0 && self.stream.is_kept_alive_by(segment.seq, length) {
            return Some(&mut self.first);
        }
        let placed = self.stream.place(first_byte, (length, segment.missing), segment.checksum, limits, placements);
        if placed.opened && placed.part > Some(0) {
            self.stream.keep(Part::default());
        }
        if length == 0 {
            return Some(&mut self.first);
        }
        let begins = self.stream.isn().map(|isn| isn.wrapping_add(1));
        let part = match placed.part.unwrap_or(0).checked_sub(1) {
            None => &mut self.first,
            Some(after_first) => &mut self.stream.kept_mut()[after_first],
        };
        part.judge(first_byte, length, begins.filter(|_| placed.part == Some(0)));
        Some(part)
    }

    /// A FIN tells where numbers end, though nothing was sent.
    fn end(&mut self, flags: Flags, segment: &Segment<'_>, limits: &Limits) {
        if flags.has(Flags::FIN) && !flags.has(Flags::RST) {
            let behind = segment.seq.wrapping_add(segment.payload.len() as u32).wrapping_add(segment.missing);
            // one that contradicts another is recorded elsewhere
            let _ = self.stream.finish(behind, limits);
        }
    }
}

impl Part {
    /// Counts a segment that begins before the beginning, or before the end of the one before it.
    fn judge(&mut self, seq: u32, length: u32, begins: Option<u32>) {
        let before = |number: u32| (seq.wrapping_sub(number) as i32) < 0;
        if begins.is_some_and(before) {
            self.heard.violations += 1;
            return;
        }
        self.heard.out_of_order += u64::from(self.end.is_some_and(before));
        self.end = Some(seq.wrapping_add(length));
    }
}
