//! Connections go to rest in the index, to make room or before a commit, and are taken up again by their next segment.

use super::Error;
use super::budget::Held;
use super::dormant::{Dormant, hash_of};
use super::order::{Order, Then};
use super::recorder::Recorder;
use crate::index::rows::{ContinuedRow, Row};
use crate::model::Timestamp;
use crate::track::{Connection, Event, Stamp};

impl Recorder<'_> {
    /// Takes up the connections at rest whose endpoints have this hash, for a segment of this time.
    pub(super) fn wake(&mut self, tuple_hash: u64, time: Option<Timestamp>) -> Result<(), Error> {
        self.adopt(tuple_hash, time)?;
        if !self.dormant.remove(&tuple_hash) {
            return Ok(());
        }
        // so that what was put to rest just now is there
        self.crew.catch_up()?;
        let now = self.tracker.now().max(time);
        for state in self.scribe.take_dormant(tuple_hash, now)? {
            self.resume(Dormant::decode(&state)?);
        }
        Ok(())
    }

    /// Some connection may be waiting for its next segment.
    pub(super) fn has_resting(&self) -> bool {
        !self.dormant.is_empty() || !self.carried.is_empty()
    }

    /// Takes up connections of the case before.
    fn adopt(&mut self, tuple_hash: u64, time: Option<Timestamp>) -> Result<(), Error> {
        for one in self.carried.take(tuple_hash, self.tracker.now().max(time)) {
            let (connection, _) = Dormant::decode(&one.state)?.wake();
            let connection = self.tracker.adopt(*connection);
            let row = ContinuedRow { connection, earlier_case: one.case, earlier: one.id };
            self.scribe.put(Row::Continued(Box::new(row)))?;
        }
        Ok(())
    }

    fn resume(&mut self, dormant: Dormant) {
        let (connection, flows) = dormant.wake();
        flows.iter().for_each(|flow| self.paths.wake(flow.flow, &flow.at_rest));
        self.live_flows += flows.len() as u64;
        self.crew.order(connection.id, Order::Resume(flows));
        self.tracker.resume(*connection);
    }

    /// A connection rests in the index, until a segment wakes it.
    pub(super) fn put_to_rest(&mut self, connection: Box<Connection>) {
        self.dormant.insert(hash_of(&connection));
        self.rest(connection);
    }

    /// See [`put_to_rest`](Self::put_to_rest), where nothing will wake it in this run.
    pub(super) fn rest(&mut self, connection: Box<Connection>) {
        if connection.is_settled() {
            self.give_up(&connection);
            self.crew.order(connection.id, Order::Rest(connection.id));
        } else {
            self.order_end(connection, Then::Rests);
        }
    }

    /// Puts connections to rest that are idle longest, if too much is held.
    pub(super) fn make_room(&mut self, at: Stamp) -> Result<(), Error> {
        if !self.budget.is_past(self.held()) {
            return Ok(());
        }
        let mut events = Vec::new();
        while !self.budget.has_room(self.held()) && self.tracker.live() > 0 {
            self.tracker.rest_idlest(&mut events);
            self.spilled.get_or_insert((at, 0)).1 += events.len() as u64;
            for event in events.drain(..) {
                match event {
                    Event::Rests(connection) => self.put_to_rest(connection),
                    Event::Ended(connection) => self.end(connection),
                    _ => {}
                }
            }
            self.crew.breathe()?;
        }
        Ok(())
    }

    fn held(&self) -> Held {
        let (connections, ranges) = (self.tracker.live() as u64, self.tracker.held_ranges() as u64);
        Held { connections, flows: self.live_flows, ranges }
    }

    /// The tracker no longer holds it.
    pub(super) fn give_up(&mut self, connection: &Connection) {
        let parts = connection.directions.iter().flat_map(|direction| direction.stream.parts());
        let with_payload = parts.filter(|part| !part.is_empty()).count() as u64;
        self.live_flows = self.live_flows.saturating_sub(with_payload);
    }
}
