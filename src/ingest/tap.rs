//! Whoever wants to see the frames of an ingest, and what becomes of them, as it happens.

use std::io;
use std::path::Path;

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

    /// What was recorded so far is in the case: these of its connections are new, or went on. `last`: nothing more comes into it.
    fn committed(&mut self, root: &Path, changed: &[ConnectionId], last: bool) -> io::Result<()> {
        let _ = (root, changed, last);
        Ok(())
    }
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
