//! What the formats have in common: where they put the frames they find, and how their numbers are written.

use crate::model::{AnomalyKind, FrameHead, LinkType, Note, Timestamp};

/// The largest record any format may claim: far above every link's frames, small enough to hold.
pub(super) const MAX_RECORD: usize = 16 << 20;

/// How far a format came in a block.
pub(super) struct Cut {
    /// Bytes of whole records; more than the block has if the last is a block to be skipped.
    pub used: usize,
    /// Bytes that the record after them takes, as far as known: at least one more than there are.
    pub wants: usize,
}

/// What a reader remembers from frame to frame.
#[derive(Default)]
pub(super) struct Clock {
    frames: u64,
    last: Option<(u64, Timestamp)>,
    link: Option<LinkType>,
    huge: bool,
}

impl Clock {
    /// Frames so far.
    pub fn frames(&self) -> u64 {
        self.frames
    }
}

/// Where a format puts what it finds: numbers frames, and watches what holds for all formats.
pub(super) struct Sink<'a> {
    pub frames: &'a mut Vec<FrameHead>,
    pub notes: &'a mut Vec<Note>,
    pub clock: &'a mut Clock,
}

/// A frame as a format found it.
pub(super) struct Found {
    /// Offset of its first byte in the decompressed capture.
    pub position: u64,
    /// Where it lies in the block.
    pub at: std::ops::Range<usize>,
    pub time: Option<Timestamp>,
    pub original_len: u32,
    pub link: LinkType,
    /// Of its interface, in bytes; 0 for none.
    pub snap_length: u32,
}

impl Sink<'_> {
    /// The number the next frame will have.
    pub fn next(&self) -> u64 {
        self.clock.frames + 1
    }

    /// One more frame.
    pub fn frame(&mut self, found: Found) {
        self.clock.frames += 1;
        let captured = found.at.len();
        if found.snap_length != 0 && captured > found.snap_length as usize {
            let detail = format!("{captured} bytes, snap length {}", found.snap_length);
            self.note(found.position, AnomalyKind::LongerThanSnapLength, detail);
        }
        if let Some(time) = found.time {
            self.tick(time, found.position);
        }
        if self.clock.link != Some(found.link) {
            self.meet(found.link, found.position);
        }
        self.frames.push(FrameHead {
            number: self.clock.frames,
            position: found.position,
            time: found.time,
            original_len: found.original_len,
            link: found.link,
            at: found.at.start as u32..found.at.end as u32,
        });
    }

    /// Something strange about the frame that was or is being numbered.
    pub fn note(&mut self, position: u64, kind: AnomalyKind, detail: String) {
        self.notes.push(Note { frame: self.clock.frames, position, kind, detail });
    }

    /// Something strange about the frame that comes next.
    pub fn note_next(&mut self, position: u64, kind: AnomalyKind, detail: String) {
        self.notes.push(Note { frame: self.next(), position, kind, detail });
    }

    /// A header's snap length: half of what 32 bits hold is no snap length. Noted once.
    pub fn snap_length(&mut self, bytes: u32, position: u64) {
        if bytes >= 1 << 31 && !self.clock.huge {
            self.clock.huge = true;
            self.note(position, AnomalyKind::SnapLengthHuge, format!("snap length {bytes}"));
        }
    }

    /// Another link type than that of the frame before.
    fn meet(&mut self, link: LinkType, position: u64) {
        self.clock.link = Some(link);
        if link.name().is_none() {
            self.note(position, AnomalyKind::UnknownLink, format!("{link} is not decoded"));
        }
    }

    fn tick(&mut self, time: Timestamp, position: u64) {
        if let Some((frame, last)) = self.clock.last
            && time < last
        {
            let back = last.nanoseconds().abs_diff(time.nanoseconds());
            let (seconds, nanoseconds) = (back / 1_000_000_000, back % 1_000_000_000);
            let detail = format!("time {seconds}.{nanoseconds:09} s before that of frame {frame}");
            self.note(position, AnomalyKind::TimeBackwards, detail);
        }
        self.clock.last = Some((self.clock.frames, time));
    }
}

/// Byte order of a capture's headers.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Order {
    Little,
    Big,
}

impl Order {
    /// The 16-bit number at `at`; the caller knows that it lies inside.
    pub fn u16(self, bytes: &[u8], at: usize) -> u16 {
        let two = [bytes[at], bytes[at + 1]];
        if self == Order::Big { u16::from_be_bytes(two) } else { u16::from_le_bytes(two) }
    }

    /// The 32-bit number at `at`; the caller knows that it lies inside.
    pub fn u32(self, bytes: &[u8], at: usize) -> u32 {
        let four = [bytes[at], bytes[at + 1], bytes[at + 2], bytes[at + 3]];
        if self == Order::Big { u32::from_be_bytes(four) } else { u32::from_le_bytes(four) }
    }
}
