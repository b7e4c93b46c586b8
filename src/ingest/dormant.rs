//! Connections that may go on, as they lie with their shard while they are settled and in the index while they rest: what
//! the tracker knows of one, and what its flows need. Bounded by holes, not by payload.

use super::Error;
use super::live::Live;
use crate::index::rows::{DormantRow, FlowRow};
use crate::model::endpoint::tuple_hash;
use crate::model::{ConnectionId, FlowId, Limits};
use crate::store::AtRest;
use crate::track::Connection;

/// A connection that may go on.
#[derive(serde::Serialize, serde::Deserialize)]
pub struct Dormant {
    connection: Box<Connection>,
    flows: Vec<Rest>,
}

/// A flow with a file: what of it does not follow from its connection.
#[derive(serde::Serialize, serde::Deserialize)]
pub struct Rest {
    /// The flow.
    pub flow: FlowId,
    path: String,
    extents: u64,
    replaced: bool,
    pieces: Option<Vec<u8>>,
}

/// A flow that goes on: for the store, and for the shard.
pub struct Waking {
    /// The flow.
    pub flow: FlowId,
    /// What the store has of it.
    pub at_rest: AtRest,
    /// What the index has of it.
    pub live: Live,
}

impl Rest {
    /// The flow of a row, with so many extents.
    pub fn new(row: &FlowRow, extents: u64) -> Self {
        let (path, pieces) = (row.path.clone(), row.pieces.clone());
        Rest { flow: row.id, path, extents, replaced: row.replaced, pieces }
    }
}

/// A connection, with those of its flows that have a file, as its row.
pub fn encode(connection: Box<Connection>, flows: Vec<Rest>, limits: &Limits) -> Result<DormantRow, Error> {
    let (id, until, tuple_hash) = (connection.id, connection.until(limits), hash_of(&connection));
    let is_closed = connection.is_closed();
    let mut state = postcard::to_extend(&Dormant { connection, flows }, Vec::with_capacity(256))?;
    state.shrink_to_fit();
    Ok(DormantRow { connection: id, tuple_hash, until, is_closed, state })
}

/// The row as bytes, while it may still be none. They lie under the number of its connection.
pub fn pack(row: &DormantRow) -> Result<Vec<u8>, Error> {
    let head = (row.tuple_hash, row.until, row.is_closed);
    let mut bytes = postcard::to_extend(&head, Vec::with_capacity(32 + row.state.len()))?;
    bytes.extend_from_slice(&row.state);
    Ok(bytes)
}

/// What [`pack`] made.
pub fn unpack(connection: ConnectionId, bytes: &[u8]) -> Result<DormantRow, Error> {
    let ((tuple_hash, until, is_closed), state) = postcard::take_from_bytes(bytes)?;
    Ok(DormantRow { connection, tuple_hash, until, is_closed, state: state.to_vec() })
}

/// The hash of its endpoints by which it is found again.
pub fn hash_of(connection: &Connection) -> u64 {
    let [lower, higher] = connection.ends();
    tuple_hash(lower, higher)
}

impl Dormant {
    /// Reads a row's state.
    pub fn decode(state: &[u8]) -> Result<Self, Error> {
        Ok(postcard::from_bytes(state)?)
    }

    /// The connection, and its flows that have a file.
    pub fn wake(self) -> (Box<Connection>, Vec<Waking>) {
        let Dormant { connection, flows } = self;
        let directions = connection.directions.iter();
        let parts = directions.flat_map(|direction| direction.flows().zip(direction.stream.parts()));
        let waking = parts.filter_map(|(flow, part)| {
            let rest = flows.iter().find(|rest| rest.flow == flow.id)?;
            let first = flow.span.map(|(first, _)| first);
            let (path, pieces) = (rest.path.clone(), rest.pieces.clone());
            let at_rest = AtRest { path, base: part.base(), length: part.length(), first, pieces };
            Some(Waking { flow: flow.id, at_rest, live: Live::resumed(rest.extents, rest.replaced) })
        });
        let waking = waking.collect();
        (connection, waking)
    }
}
