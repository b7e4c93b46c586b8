//! Connections at rest between commits: what the tracker knows of one, and what its shard knows of its flows.
//! Bounded by holes, not by payload.

use std::collections::{HashMap, VecDeque};

use smallvec::SmallVec;

use super::Error;
use super::live::Live;
use crate::index::rows::DormantRow;
use crate::model::endpoint::tuple_hash;
use crate::model::{ConnectionId, FlowId, Limits, Timestamp};
use crate::store::AtRest;
use crate::track::Connection;

/// A connection that may go on, as its row holds it.
#[derive(serde::Serialize, serde::Deserialize)]
pub struct Dormant {
    connection: Box<Connection>,
    flows: Vec<Rest>,
}

/// A flow with a file.
#[derive(serde::Serialize, serde::Deserialize)]
pub struct Rest {
    /// The flow.
    pub flow: FlowId,
    /// Relative to the case.
    pub path: String,
    /// Extents so far.
    pub extents: u64,
    /// Some of them replace others.
    pub replaced: bool,
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

/// Puts a connection to rest, with those of its flows that have a file.
pub fn encode(connection: Box<Connection>, flows: Vec<Rest>) -> Result<DormantRow, Error> {
    let (connection_id, until) = (connection.id, until(&connection));
    let tuple_hash = hash_of(&connection);
    let dormant = Dormant { connection, flows };
    let state = postcard::to_extend(&dormant, Vec::with_capacity(256))?;
    Ok(DormantRow { connection: connection_id, tuple_hash, until, state })
}

/// The hash of its endpoints by which it is found again.
pub fn hash_of(connection: &Connection) -> u64 {
    let [lower, higher] = connection.ends();
    tuple_hash(lower, higher)
}

/// When a closed connection accepts no more stragglers, as the tracker sees it.
pub fn until(connection: &Connection) -> Option<Timestamp> {
    let straggler_ns = Limits::default().straggler_ns;
    connection.closed().flatten().map(|closed| Timestamp(closed.nanoseconds().saturating_add(straggler_ns)))
}

/// Which connections rest since the last commit, by the hash of their endpoints. Their states lie with their shards.
#[derive(Default)]
pub struct Resting {
    by_hash: HashMap<u64, SmallVec<[ConnectionId; 1]>, foldhash::fast::RandomState>,
    closing: VecDeque<(Timestamp, u64, ConnectionId)>,
}

impl Resting {
    /// Adds one.
    pub fn add(&mut self, connection: &Connection) {
        let hash = hash_of(connection);
        if let Some(until) = until(connection) {
            self.closing.push_back((until, hash, connection.id));
        }
        self.by_hash.entry(hash).or_default().push(connection.id);
    }

    /// One that can no longer wake at `now`, if there is any; it goes.
    pub fn expire(&mut self, now: Option<Timestamp>) -> Option<ConnectionId> {
        let &(until, hash, id) = self.closing.front()?;
        if now.is_none_or(|now| now <= until) {
            return None;
        }
        self.closing.pop_front();
        if let Some(ids) = self.by_hash.get_mut(&hash) {
            ids.retain(|known| *known != id);
            if ids.is_empty() {
                self.by_hash.remove(&hash);
            }
        }
        Some(id)
    }

    /// Takes those with this hash of their endpoints.
    pub fn take(&mut self, tuple_hash: u64) -> SmallVec<[ConnectionId; 1]> {
        self.by_hash.remove(&tuple_hash).unwrap_or_default()
    }

    /// Takes the hashes of all.
    pub fn drain(&mut self) -> impl Iterator<Item = u64> + '_ {
        self.closing.clear();
        self.by_hash.drain().map(|(hash, _)| hash)
    }
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
            let at_rest = AtRest { path: rest.path.clone(), base: part.base(), length: part.length(), first };
            Some(Waking { flow: flow.id, at_rest, live: Live::resumed(rest.extents, rest.replaced) })
        });
        let waking = waking.collect();
        (connection, waking)
    }
}
