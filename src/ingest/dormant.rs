//! Connections at rest between commits: what the tracker knows of one, and what the recorder knows of its flows.
//! Bounded by holes, not by payload.

use super::Error;
use super::recorder::Live;
use crate::index::rows::DormantRow;
use crate::model::endpoint::tuple_hash;
use crate::model::{FlowId, Limits, Timestamp};
use crate::store::AtRest;
use crate::track::Connection;

/// A connection that may go on, as its row holds it.
#[derive(serde::Serialize, serde::Deserialize)]
pub struct Dormant {
    /// What the tracker knows.
    pub connection: Connection,
    flows: Vec<Rest>,
}

#[derive(serde::Serialize, serde::Deserialize)]
struct Rest {
    flow: FlowId,
    path: String,
    extents: u64,
    replaced: bool,
}

/// Puts a connection to rest, with those of its flows that have a file.
pub fn encode(connection: Connection, flows: &[(FlowId, Live)]) -> Result<DormantRow, Error> {
    let (id, tuple_hash) = (connection.id, tuple_hash(connection.ends[0], connection.ends[1]));
    let rest = |(flow, live): &(FlowId, Live)| {
        let (path, extents, replaced) = (live.path.clone(), live.extents, live.replaced);
        Rest { flow: *flow, path, extents, replaced }
    };
    let until = until(&connection);
    let dormant = Dormant { connection, flows: flows.iter().map(rest).collect() };
    Ok(DormantRow { connection: id, tuple_hash, until, state: postcard::to_stdvec(&dormant)? })
}

/// When a closed connection accepts no more stragglers, as the tracker sees it.
fn until(connection: &Connection) -> Option<Timestamp> {
    let straggler_ns = Limits::default().straggler_ns;
    connection.closed.flatten().map(|closed| Timestamp(closed.nanoseconds().saturating_add(straggler_ns)))
}

impl Dormant {
    /// Reads a row's state.
    pub fn decode(state: &[u8]) -> Result<Self, Error> {
        Ok(postcard::from_bytes(state)?)
    }

    /// Its flows that have a file: for the recorder and for the store.
    pub fn flows(&self) -> impl Iterator<Item = (FlowId, Live, AtRest)> + '_ {
        let directions = self.connection.directions.iter();
        let parts = directions.flat_map(|direction| direction.flows.iter().zip(direction.stream.parts()));
        parts.filter_map(|(flow, part)| {
            let rest = self.flows.iter().find(|rest| rest.flow == flow.id)?;
            let first = flow.span.map(|(first, _)| first);
            let at_rest = AtRest { path: rest.path.clone(), base: part.base(), length: part.length(), first };
            Some((flow.id, Live::resumed(rest.path.clone(), rest.extents, rest.replaced), at_rest))
        })
    }
}
