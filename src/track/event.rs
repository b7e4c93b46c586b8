//! What tracking a segment leads to: work for the store and the index.

use std::fmt;

use super::Connection;
use crate::model::{CaptureId, ConnectionId, Endpoint, FlowId, Timestamp, Transport};
use crate::reassemble::Placement;
use crate::reassemble::part::Kind;

/// Which frame a segment came in, and when.
#[derive(Clone, Copy, Debug, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
pub struct Stamp {
    /// Capture time, if the frame has one.
    pub time: Option<Timestamp>,
    /// The capture.
    pub capture: CaptureId,
    /// Number in it, from 1.
    pub frame: u64,
}

/// One thing to do, in the order given.
#[derive(Debug)]
pub enum Event {
    /// The first payload of a flow (of a part of a direction): it needs a name.
    Begun(Box<Begun>),
    /// Offset 0 of the flow's file now lies at stream position `base`; bytes before it, if any were placed, are no data.
    Rebased {
        /// The flow.
        flow: FlowId,
        /// Stream position.
        base: i64,
    },
    /// Payload of the segment just observed belongs somewhere.
    Placed {
        /// The flow.
        flow: FlowId,
        /// Where, and whether something is there already.
        placement: Placement,
    },
    /// The connection is closed and has been silent since: this is probably all of it. It is still held.
    Settled(Box<Connection>),
    /// A settled connection goes on after all, with the segment just observed.
    Unsettled(ConnectionId),
    /// The connection is no longer held, and a segment of it would have to [`resume`](super::Tracker::resume) it.
    Rests(Box<Connection>),
    /// The connection accepts no more segments; its flows are whole.
    Ended(Box<Connection>),
}

/// All that a template may want to know to name a flow.
#[derive(Clone, Debug, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
pub struct Begun {
    /// The flow.
    pub flow: FlowId,
    /// Its connection.
    pub connection: ConnectionId,
    /// Sender.
    pub src: Endpoint,
    /// Receiver.
    pub dst: Endpoint,
    /// VLAN of the flow's first frame.
    pub vlan: Option<u16>,
    /// Source and destination MAC address of the flow's first frame.
    pub mac: Option<[[u8; 6]; 2]>,
    /// What carries its payload.
    pub transport: Transport,
    /// Time of the flow's first frame, with payload or without.
    pub first: Option<Timestamp>,
}

/// One line of text, for tests: `f1 begun 10.0.0.1:1>10.0.0.2:2`, `f1 new 0..5`, `f1 again 3..5`, `f1 base -5`, `c1 rests SF`, `c1 ended SF`.
impl fmt::Display for Event {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Event::Begun(begun) => write!(f, "f{} begun {}>{}", begun.flow, begun.src, begun.dst),
            Event::Rebased { flow, base } => write!(f, "f{flow} base {base}"),
            Event::Placed { flow, placement } => {
                let word = match placement.kind {
                    Kind::New => "new",
                    Kind::Again { prefer_later: false } => "again",
                    Kind::Again { prefer_later: true } => "better",
                };
                write!(f, "f{flow} {word} {:?}", placement.range())
            }
            Event::Settled(connection) => write!(f, "c{} settled {}", connection.id, connection.state()),
            Event::Unsettled(connection) => write!(f, "c{connection} unsettled"),
            Event::Rests(connection) => write!(f, "c{} rests {}", connection.id, connection.state()),
            Event::Ended(connection) => write!(f, "c{} ended {}", connection.id, connection.state()),
        }
    }
}
