//! Whoever wants to see the frames of an ingest, besides what is recorded of them.

use std::io;

use crate::model::{ConnectionId, Endpoint, FrameHead, Skip};

/// Told of every frame once, when it is read.
pub trait Tap {
    /// A frame with a segment of a connection; who sent it. Of a packet that came in parts, the last frame. A frame with several
    /// packets comes once for each.
    fn used(&mut self, frame: &FrameHead, data: &[u8], connection: ConnectionId, sender: Endpoint) -> io::Result<()>;

    /// A frame that was skipped, for now: it may be a part of a packet that others complete.
    fn unused(&mut self, frame: &FrameHead, data: &[u8], why: Skip) -> io::Result<()>;
}
