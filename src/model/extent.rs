//! Where stored payload bytes came from: the row of the `segments` table before it is encoded.

use super::{CaptureId, Checksum, Timestamp};

/// A run of stored bytes of one flow that one frame brought.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Extent {
    /// Stream position of the first byte. The offset in the payload file is this less the flow's base.
    pub position: i64,
    /// Bytes, at least 1.
    pub length: u32,
    /// The capture the frame is in.
    pub capture: CaptureId,
    /// The frame's number in that capture, from 1.
    pub frame: u64,
    /// Offset of the first byte in the decompressed capture.
    pub file_position: u64,
    /// Capture time of the frame.
    pub time: Option<Timestamp>,
    /// TTL or hop limit of the packet.
    pub ttl: u8,
    /// Checksum state of the segment.
    pub checksum: Checksum,
    /// It replaced bytes stored before: extents in front of it in the flow's list lose what they share with it.
    pub replaces: bool,
}
