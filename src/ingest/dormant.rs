//! Connections at rest between commits: what the tracker knows of one, and what the recorder knows of its flows.
//! Bounded by holes, not by payload.

use std::collections::{HashMap, VecDeque};

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

/// Closed connections put to rest since the last commit. They wake on a straggler, or go when their time is over.
#[derive(Default)]
pub struct Resting {
    rows: HashMap<u64, Vec<DormantRow>, foldhash::fast::RandomState>,
    closing: VecDeque<(Timestamp, u64, ConnectionId)>,
}

impl Resting {
    /// Adds one; those that may no longer wake at `now` go.
    pub fn add(&mut self, row: DormantRow, now: Option<Timestamp>) {
        if let Some(until) = row.until {
            self.closing.push_back((until, row.tuple_hash, row.connection));
        }
        self.rows.entry(row.tuple_hash).or_default().push(row);
        while let Some(&(_, hash, id)) = self.closing.front().filter(|(until, ..)| now.is_some_and(|now| now > *until))
        {
            self.closing.pop_front();
            self.remove(hash, id);
        }
    }

    /// Takes those with this hash of their endpoints that may wake at `now`.
    pub fn take(&mut self, tuple_hash: u64, now: Option<Timestamp>) -> Vec<DormantRow> {
        let mut rows = self.rows.remove(&tuple_hash).unwrap_or_default();
        rows.retain(|row| !is_past(row.until, now));
        rows
    }

    /// Takes all, in the order of their numbers.
    pub fn drain(&mut self) -> Vec<DormantRow> {
        self.closing.clear();
        let mut rows: Vec<DormantRow> = self.rows.drain().flat_map(|(_, rows)| rows).collect();
        rows.sort_unstable_by_key(|row| row.connection);
        rows
    }

    fn remove(&mut self, hash: u64, id: ConnectionId) {
        if let Some(rows) = self.rows.get_mut(&hash) {
            rows.retain(|row| row.connection != id);
            if rows.is_empty() {
                self.rows.remove(&hash);
            }
        }
    }
}

fn is_past(until: Option<Timestamp>, now: Option<Timestamp>) -> bool {
    until.zip(now).is_some_and(|(until, now)| now > until)
}

impl Dormant {
    /// Reads a row's state.
    pub fn decode(state: &[u8]) -> Result<Self, Error> {
        Ok(postcard::from_bytes(state)?)
    }

    /// Its flows that have a file: for the recorder and for the store. Where packed ones lie their rows said.
    pub fn flows(&self) -> impl Iterator<Item = (FlowId, Live, AtRest)> + '_ {
        let directions = self.connection.directions.iter();
        let parts = directions.flat_map(|direction| direction.flows.iter().zip(direction.stream.parts()));
        parts.filter_map(|(flow, part)| {
            let rest = self.flows.iter().find(|rest| rest.flow == flow.id)?;
            let first = flow.span.map(|(first, _)| first);
            let at_rest =
                AtRest { path: rest.path.clone(), base: part.base(), length: part.length(), first, pieces: None };
            Some((flow.id, Live::resumed(rest.path.clone(), rest.extents, rest.replaced), at_rest))
        })
    }
}
