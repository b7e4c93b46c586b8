//! F1: the plug-in point and the built-in scanners. A scanner looks at the payload of one connection, or at an object that
//! was found in one, and says what it saw: findings, objects, anomalies. It reads payload and nothing else: no SQL, no file,
//! no clock; who drives it ([`ingest::scanning`](../ingest/scanning/index.html)) stores what it found, and holds it to limits.
//!
//! The way of a scanner: the [`registry`] names it and makes it; [`Scanner::scan`] is called for each connection with payload,
//! on any thread, in any order; what it says goes to a [`Findings`]. A scanner that fails, panics or reaches a limit leaves an
//! anomaly and what it found before, and never ends anything but itself.

use std::io;
use std::ops::Range;

use crate::model::{ConnectionId, Digests, Endpoint, FlowId, Timestamp, Transport};

pub mod bytes;
pub mod dns;
pub mod fields;
pub mod ftp;
pub mod http;
pub mod kind;
pub mod lines;
pub mod mail;
pub mod registry;
#[cfg(test)]
pub mod testing;
pub mod tls;

pub use bytes::Bytes;
pub use fields::{Fields, text_of};
pub use registry::{Chosen, Entry, SCANNERS};

/// Looks at payload. One method is required; one for objects is there to be overridden.
pub trait Scanner: Send + Sync {
    /// Looks at a connection and says what it saw.
    ///
    /// # Errors
    /// Those of the payload and of `found`, passed on; [`Error::Failed`] where the scanner itself cannot go on. What was
    /// found before stays.
    fn scan(&self, connection: &Connection<'_>, found: &mut dyn Findings) -> Result<(), Error>;

    /// Looks at an object that a scanner found in the same connection.
    ///
    /// # Errors
    /// As of [`scan`](Self::scan).
    fn scan_object(&self, _object: &Object<'_>, _found: &mut dyn Findings) -> Result<(), Error> {
        Ok(())
    }
}

/// A connection with payload.
pub struct Connection<'a> {
    /// Its number.
    pub id: ConnectionId,
    /// What carried its payload.
    pub transport: Transport,
    /// Time of its first frame.
    pub start: Option<Timestamp>,
    /// Its payload files: those of the originator first, then by part.
    pub flows: Vec<Flow<'a>>,
}

impl<'a> Connection<'a> {
    /// The payload files of one side (0 originator, 1 responder), by part.
    pub fn side(&self, side: u8) -> impl Iterator<Item = &Flow<'a>> {
        self.flows.iter().filter(move |flow| flow.side == side)
    }
}

/// One payload file.
pub struct Flow<'a> {
    /// Its number.
    pub id: FlowId,
    /// 0 originator, 1 responder.
    pub side: u8,
    /// 0, 1, … where jumps split the direction.
    pub part: u32,
    /// Sender.
    pub src: Endpoint,
    /// Receiver.
    pub dst: Endpoint,
    /// Its name in the case.
    pub path: &'a str,
    /// Digests the case keeps of it.
    pub digests: &'a Digests,
    /// Its bytes.
    pub payload: &'a dyn Payload,
}

/// A file found in a connection.
pub struct Object<'a> {
    /// The connection.
    pub connection: ConnectionId,
    /// The flow it was found in.
    pub flow: FlowId,
    /// Where it begins in the flow, and how many bytes of it it takes.
    pub range: Range<u64>,
    /// The scanner that found it.
    pub scanner: &'a str,
    /// The time its first byte was captured.
    pub time: Option<Timestamp>,
    /// Its name as the wire says it; not to be used as a path.
    pub name: Option<&'a str>,
    /// Its media type as the wire says it, parameters and all.
    pub said_type: Option<&'a str>,
    /// What was found out when it was stored.
    pub stored: &'a Stored,
    /// Its bytes.
    pub payload: &'a dyn Payload,
}

/// Bytes that may have holes.
pub trait Payload {
    /// Bytes, holes counted.
    fn length(&self) -> u64;
    /// Fills `into` with the bytes from `offset` on; holes read as zeros.
    ///
    /// # Errors
    /// [`Error::Payload`], also past the end; [`Error::Limit`] once the time is over.
    fn read_at(&self, offset: u64, into: &mut [u8]) -> Result<(), Error>;
    /// The first hole that ends past `offset`.
    fn gap_from(&self, offset: u64) -> Option<Range<u64>>;
    /// The time the byte at `offset` was captured; `None` in a hole, and where the frame has none.
    fn time_at(&self, offset: u64) -> Option<Timestamp>;
    /// What each frame brought, ascending; of UDP these are the datagrams.
    fn segments(&self) -> Vec<Range<u64>>;
}

/// Takes what scanners say.
pub trait Findings {
    /// Something was seen.
    ///
    /// # Errors
    /// [`Error::Limit`] past the number a connection may have.
    fn finding(&mut self, finding: Finding<'_>) -> Result<(), Error>;
    /// An object begins; its bytes follow with [`write`](Self::write) until [`end_object`](Self::end_object). One is open at a
    /// time: one that is open still is ended as incomplete.
    ///
    /// # Errors
    /// [`Error::Limit`] past the number a connection may have.
    fn begin_object(&mut self, object: NewObject<'_>) -> Result<(), Error>;
    /// Bytes of the object that is open.
    ///
    /// # Errors
    /// [`Error::Limit`] past what may be written; what was written before stays, and the object is incomplete.
    fn write(&mut self, bytes: &[u8]) -> Result<(), Error>;
    /// The object ends, having taken the bytes of its flow up to `end`. An empty one is not stored: `None`.
    ///
    /// # Errors
    /// Where it cannot be stored.
    fn end_object(&mut self, end: u64, complete: bool) -> Result<Option<Stored>, Error>;
    /// Something strange was seen.
    ///
    /// # Errors
    /// As of [`finding`](Self::finding).
    fn strange(&mut self, flow: FlowId, offset: u64, time: Option<Timestamp>, what: &str) -> Result<(), Error>;
    /// The scanner did not get to the end of one flow, and goes on with the next.
    fn left_out(&mut self, flow: FlowId, why: &Error);
}

/// What a scanner saw.
#[derive(Clone, Copy, Debug)]
pub struct Finding<'a> {
    /// What sort of finding, a word: `transaction`, `certificate`, …
    pub kind: &'a str,
    /// Where.
    pub flow: FlowId,
    /// Which bytes of the flow: from, to.
    pub range: (u64, u64),
    /// When.
    pub time: Option<Timestamp>,
    /// What matters most, one line.
    pub value: &'a str,
    /// The rest.
    pub fields: &'a Fields,
}

/// An object before its first byte.
#[derive(Clone, Copy, Debug, Default)]
pub struct NewObject<'a> {
    /// Where.
    pub flow: FlowId,
    /// Where in the flow it begins.
    pub offset: u64,
    /// When.
    pub time: Option<Timestamp>,
    /// Its name as the wire says it, if it does.
    pub name: Option<&'a str>,
    /// Its media type as the wire says it, if it does.
    pub said_type: Option<&'a str>,
}

/// What is known of an object once it is stored.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Stored {
    /// Its number among the objects of its connection and scanner, from 1: a field named `object`, `request_object`, … refers to it.
    pub number: u32,
    /// Its bytes.
    pub size: u64,
    /// SHA-256 of them.
    pub sha256: [u8; 32],
    /// Media type by its first bytes; `None` if they say nothing.
    pub found_type: Option<String>,
    /// All of it was captured, and understood.
    pub complete: bool,
}

/// Why a scanner does not go on with a connection.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// A limit was reached.
    #[error("more than {most} {what}")]
    Limit {
        /// Of what there was too much.
        what: &'static str,
        /// How much there may be.
        most: u64,
    },
    /// Payload could not be read, or an object could not be written.
    #[error("{0}")]
    Payload(#[from] io::Error),
    /// The scanner cannot go on.
    #[error("{0}")]
    Failed(String),
}
