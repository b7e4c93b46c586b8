//! Frames on their way from a capture to the tracker: many at a time, in one shared buffer.

use std::ops::Range;

use super::{AnomalyKind, LinkType, Timestamp};

/// Consecutive frames of one capture with the bytes they lie in. Made by one reader, then shared unchanged.
#[derive(Debug, Default)]
pub struct Batch {
    /// Which of the captures of this ingest the frames come from (index into the list given to the reader).
    pub capture: usize,
    /// A large block of the decompressed capture; frames are ranges in it.
    pub bytes: Vec<u8>,
    /// The frames in file order.
    pub frames: Vec<FrameHead>,
    /// Strange things about the capture itself that were met while reading these frames.
    pub notes: Vec<Note>,
}

/// Where a frame is and what the capture file says about it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct FrameHead {
    /// Number in its capture, from 1 (as Wireshark counts).
    pub number: u64,
    /// Offset of the frame's first byte in the decompressed capture.
    pub position: u64,
    /// Capture time; `None` where the format gives none (pcapng simple packet blocks) or it is out of range.
    pub time: Option<Timestamp>,
    /// Length on the wire, in bytes; the captured length is that of `at`.
    pub original_len: u32,
    /// Link type of the interface it was captured on.
    pub link: LinkType,
    /// The captured bytes, as a range of [`Batch::bytes`].
    pub at: Range<u32>,
}

/// An anomaly of the capture, not of a flow.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Note {
    /// Number of the frame it was met at.
    pub frame: u64,
    /// Offset in the decompressed capture.
    pub position: u64,
    /// What is strange.
    pub kind: AnomalyKind,
    /// One clause for people: `time 2.000000000 s before that of frame 6`.
    pub detail: String,
}

impl Batch {
    /// The captured bytes of a frame of this batch.
    pub fn data(&self, frame: &FrameHead) -> &[u8] {
        &self.bytes[frame.at.start as usize..frame.at.end as usize]
    }
}
