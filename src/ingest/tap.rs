//! Whoever wants to see the frames of an ingest, besides what is recorded of them.

use std::io;

use crate::model::{ConnectionId, FrameHead, Segment, Skip};

/// Told of every frame once, when it is read.
pub trait Tap {
    /// A frame with a segment of a connection. Of a packet that came in parts, the last frame. A frame with several packets comes
    /// once for each.
    fn used(
        &mut self,
        frame: &FrameHead,
        data: &[u8],
        connection: ConnectionId,
        segment: &Segment<'_>,
    ) -> io::Result<()>;

    /// A frame that was skipped, for now: it may be a part of a packet that others complete.
    fn unused(&mut self, frame: &FrameHead, data: &[u8], why: Skip) -> io::Result<()>;
}

/// Both see every frame.
impl<A: Tap, B: Tap> Tap for (A, B) {
    fn used(
        &mut self,
        frame: &FrameHead,
        data: &[u8],
        connection: ConnectionId,
        segment: &Segment<'_>,
    ) -> io::Result<()> {
        self.0.used(frame, data, connection, segment)?;
        self.1.used(frame, data, connection, segment)
    }

    fn unused(&mut self, frame: &FrameHead, data: &[u8], why: Skip) -> io::Result<()> {
        self.0.unused(frame, data, why)?;
        self.1.unused(frame, data, why)
    }
}
