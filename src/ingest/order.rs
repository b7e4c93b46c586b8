//! What the tracker's events ask of the shard that records a connection: many orders travel at once, with the frames
//! they speak of.

use std::sync::Arc;

use super::dormant::Waking;
use crate::model::{Batch, CaptureId, Checksum, ConnectionId, FlowId, Segment, Timestamp};
use crate::reassemble::Placement;
use crate::reassemble::part::Kind;
use crate::track::Connection;

/// Parts into which the work on connections is dealt, whoever does it. Fixed, so that a case does not show how many workers
/// made it.
pub const SHARDS: usize = 8;

/// The shard that records a connection. Numbers are given in turn: nobody can choose to fill one shard.
pub fn shard(connection: ConnectionId) -> usize {
    connection as usize % SHARDS
}

/// Orders for the shards of one worker, in the order of frames.
#[derive(Default)]
pub struct Work {
    /// The frames they speak of.
    pub sources: Vec<Source>,
    /// Shard and order.
    pub orders: Vec<(u8, Order)>,
}

/// Frames of a capture.
#[derive(Clone)]
pub struct Source {
    /// The frames.
    pub batch: Arc<Batch>,
    /// The capture's number in the case.
    pub capture: CaptureId,
}

/// One thing to do.
pub enum Order {
    /// A flow gets its name.
    Begin(Box<Named>),
    /// See [`Event::Rebased`](crate::track::Event::Rebased).
    Rebase(FlowId, i64),
    /// See [`Event::Placed`](crate::track::Event::Placed).
    Place(Place),
    /// A flow is probably whole.
    Quiet(FlowId),
    /// A connection is over, settled, or put to rest.
    End(Box<Connection>, Then),
    /// A settled connection goes on.
    Unsettle(ConnectionId),
    /// A settled connection is over.
    Drop(ConnectionId),
    /// A settled connection is put to rest in the index.
    Rest(ConnectionId),
    /// Flows of an earlier commit go on.
    Resume(Vec<Waking>),
}

/// A flow with its name.
pub struct Named {
    /// The flow.
    pub flow: FlowId,
    /// Relative to the case.
    pub path: String,
    /// Time of its first frame.
    pub first: Option<Timestamp>,
}

/// What becomes of a connection that ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Then {
    /// Nothing more.
    Over,
    /// It is thought to be whole; what its flows would need to go on is kept.
    Settled,
    /// It is put to rest in the index.
    Rests,
}

/// Payload that belongs somewhere, and the frame it came in.
pub struct Place {
    /// The flow.
    pub flow: FlowId,
    /// Stream position of the first byte.
    pub position: i64,
    /// Where the bytes lie in the batch.
    pub start: u32,
    /// How many.
    pub length: u32,
    /// Index of the frame in the batch.
    pub frame: u32,
    /// Index of the batch among the sources.
    pub source: u32,
    /// Of the packet.
    pub ttl: u8,
    /// Of the segment.
    pub checksum: Checksum,
    /// New bytes, or bytes seen before.
    pub kind: Kind,
}

/// Where a segment's frame is: what [`Place`] needs besides the placement.
#[derive(Clone, Copy)]
pub struct Origin {
    /// Index of the batch among the sources.
    pub source: u32,
    /// Index of the frame in the batch.
    pub frame: u32,
    /// Where the segment's payload begins in the batch.
    pub payload: u32,
}

impl Place {
    /// A placement of a segment's payload.
    pub fn new(flow: FlowId, placement: &Placement, origin: Origin, segment: &Segment<'_>) -> Self {
        Place {
            flow,
            position: placement.position,
            start: origin.payload + placement.payload.start,
            length: placement.payload.end - placement.payload.start,
            frame: origin.frame,
            source: origin.source,
            ttl: segment.ttl,
            checksum: segment.checksum,
            kind: placement.kind,
        }
    }
}
