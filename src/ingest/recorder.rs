//! What a segment leads to: the tracker says where its bytes belong, names are given here, and the rest is dealt to the
//! shards. Numbers and names depend on this one place alone, whatever the number of workers.

use std::sync::Arc;
use std::thread::Scope;

use smallvec::SmallVec;

use super::budget::Budget;
use super::carried::Carried;
use super::crew::Crew;
use super::order::{Named, Order, Origin, Place, SHARDS, Then};
use super::packets::Part;
use super::paths::{Given, Paths};
use super::payload::Payload;
use super::rows;
use super::scribe::{Gone, Scribe};
use super::settings::Settings;
use super::shard::Shard;
use super::{Error, Summary};
use crate::index::Hashes;
use crate::index::rows::Row;
use crate::model::endpoint::tuple_hash;
use crate::model::{Batch, CaptureId, ConnectionId, Flags, FlowId, Segment, Timestamp};
use crate::reassemble::Placement;
use crate::reassemble::part::Kind;
use crate::store::PayloadStore;
use crate::store::template::Facts;
use crate::track::{Begun, Connection, Event, Key, Stamp, Tracker};

/// Commits of a recording without end after which connections at rest that are over are forgotten.
const RENEW_EVERY: u64 = 4;
/// Segments between two looks at how much is held.
const LOOK_EVERY: u64 = 256;

/// Records segments into a case.
pub struct Recorder<'scope> {
    pub(super) tracker: Tracker,
    pub(super) crew: Crew<'scope>,
    pub(super) scribe: Scribe<'scope>,
    payload: Payload,
    pub(super) paths: Paths,
    /// Hashes of the endpoints of connections at rest in the index.
    pub(super) dormant: Hashes,
    /// Connections of the case before.
    pub(super) carried: Carried,
    events: Vec<Event>,
    keys: Vec<Key>,
    pub(super) budget: Budget,
    /// Segments so far.
    observed: u64,
    /// Flows with payload of connections that the tracker holds.
    pub(super) live_flows: u64,
    /// Connections put to rest to make room since the last commit, and when the first was.
    pub(super) spilled: Option<(Stamp, u64)>,
    /// Number of the last commit.
    batch: u64,
    /// It goes on without end.
    lasting: bool,
    /// Connections whose rows were written since the last commit, if somebody wants to know.
    changed: Option<Vec<ConnectionId>>,
    totals: Totals,
}

/// Where a recorder goes on.
pub struct Start {
    /// Number of the next connection.
    pub connection: ConnectionId,
    /// Number of the next flow.
    pub flow: FlowId,
    /// Hashes of the endpoints of connections at rest.
    pub dormant: Hashes,
    /// Connections of the case before.
    pub carried: Carried,
    /// Number of the last commit.
    pub batch: u64,
    /// Threads that record connections.
    pub workers: usize,
    /// What may be held.
    pub budget: Budget,
    /// Paths of earlier commits, if the recording goes on without end: then nothing that is kept in memory may grow from commit
    /// to commit, nor the time that it takes to look one up.
    pub given: Option<Given>,
    /// Somebody wants to know what a commit changes.
    pub is_watched: bool,
}

/// A frame with a segment in it.
pub struct Frame<'a> {
    /// Which, and when.
    pub at: Stamp,
    /// Where it and the segment's payload lie among the sources of orders.
    pub origin: Origin,
    /// Of a packet that came in parts: the parts.
    pub parts: &'a [Part],
    /// The segment.
    pub segment: Segment<'a>,
}

#[derive(Clone, Copy, Default)]
struct Totals {
    first_connection: u64,
    last_connection: u64,
    flows: u64,
    bytes: u64,
    left_out: bool,
}

impl<'scope> Recorder<'scope> {
    /// A recorder that goes on where `start` says.
    pub fn new<'env>(
        scope: &'scope Scope<'scope, 'env>,
        settings: &Settings,
        payload: Payload,
        stores: Vec<Box<dyn PayloadStore>>,
        scribe: Scribe<'scope>,
        start: Start,
    ) -> Result<Self, Error> {
        payload.begin(start.batch + 1)?;
        let (mut limits, lasting) = (settings.limits.clone(), start.given.is_some());
        limits.max_ranges = limits.max_ranges.min(start.budget.ranges());
        let gather = start.budget.gather / SHARDS;
        let shard = |store| Shard::new(store, gather, &limits, [payload.bed(), payload.bed()]);
        let shards = stores.into_iter().map(shard).collect();
        Ok(Recorder {
            tracker: Tracker::new(limits, start.connection, start.flow),
            crew: Crew::start(scope, start.workers, shards, || scribe.desk())?,
            scribe,
            payload,
            paths: Paths::new(settings.template.clone(), start.flow > 1, start.given),
            dormant: start.dormant,
            carried: start.carried,
            events: Vec::new(),
            keys: Vec::new(),
            budget: start.budget,
            observed: 0,
            live_flows: 0,
            spilled: None,
            batch: start.batch,
            lasting,
            changed: start.is_watched.then(Vec::new),
            totals: Totals { first_connection: start.connection, ..Totals::default() },
        })
    }

    /// The segments that follow lie in frames of this batch; its index for [`Origin`].
    pub fn source(&mut self, batch: &Arc<Batch>, capture: CaptureId) -> Result<u32, Error> {
        self.crew.source(batch, capture)
    }

    /// Takes in segments, one after the other, and tells the connection of each. What they will want of memory is asked for together
    /// before.
    pub fn observe(
        &mut self,
        frames: &[Frame<'_>],
        mut tell: impl FnMut(&Frame<'_>, ConnectionId) -> Result<(), Error>,
    ) -> Result<(), Error> {
        let mut keys = std::mem::take(&mut self.keys);
        keys.clear();
        keys.extend(frames.iter().map(|frame| self.tracker.key(&frame.segment)));
        self.tracker.look_ahead(&keys);
        let done = frames.iter().zip(&keys).try_for_each(|(frame, key)| tell(frame, self.observe_one(frame, key)?));
        self.keys = keys;
        done
    }

    fn observe_one(&mut self, frame: &Frame<'_>, key: &Key) -> Result<ConnectionId, Error> {
        if self.has_resting() && !self.tracker.knows(key) {
            self.wake(tuple_hash(frame.segment.src, frame.segment.dst), frame.at.time)?;
        }
        let mut events = std::mem::take(&mut self.events);
        let (connection, closed) = self.tracker.observe_known(frame.at, &frame.segment, key, &mut events);
        let flows = closed.map(|connection| connection.directions.iter().flat_map(|direction| direction.flows()));
        let quiet: SmallVec<[FlowId; 2]> = flows.into_iter().flatten().map(|flow| flow.id).collect();
        let done = events.drain(..).try_for_each(|event| self.follow(event, connection, frame));
        self.events = events;
        quiet.into_iter().for_each(|flow| self.crew.order(connection, Order::Quiet(flow)));
        self.observed += 1;
        done?;
        if self.observed.is_multiple_of(LOOK_EVERY) {
            self.make_room(frame.at)?;
        }
        Ok(connection)
    }

    /// Whether a segment may go on with a connection that is held or at rest. One that opens a connection does not.
    pub fn knows(&mut self, segment: &Segment<'_>, time: Option<Timestamp>) -> Result<bool, Error> {
        let opens = segment.flags.has(Flags::SYN) && !segment.flags.has(Flags::ACK);
        let key = self.tracker.key(segment);
        if !opens && !self.tracker.knows(&key) && self.has_resting() {
            self.wake(tuple_hash(segment.src, segment.dst), time)?;
        }
        Ok(!opens && self.tracker.knows(&key))
    }

    /// Puts everything to rest and commits it. Unless it is the `last` commit, recording can go on.
    pub fn commit(&mut self, last: bool) -> Result<(), Error> {
        for (connection, goes_on) in self.tracker.finish() {
            if goes_on && last {
                self.rest(connection);
            } else if goes_on {
                self.put_to_rest(connection);
            } else {
                self.end(connection);
            }
            self.crew.breathe()?;
        }
        self.crew.prepare()?;
        if let Some((at, count)) = self.spilled.take() {
            self.scribe.put(Row::Anomaly(Box::new(rows::spilled(at, count))))?;
        }
        self.payload.sync()?;
        self.scribe.commit()?;
        self.batch += 1;
        self.crew.settle()?;
        self.payload.end()?;
        if last {
            return Ok(());
        }
        if self.lasting {
            self.forget()?;
        }
        self.payload.begin(self.batch + 1)
    }

    /// What the last commit holds is no longer known here: the index is asked for it.
    fn forget(&mut self) -> Result<(), Error> {
        self.paths.forget()?;
        if self.batch.is_multiple_of(RENEW_EVERY) {
            self.dormant = self.scribe.dormant_hashes(std::mem::take(&mut self.dormant))?;
        }
        Ok(())
    }

    /// The connections that the last commit changed, in order.
    pub fn take_changed(&mut self) -> Vec<ConnectionId> {
        let mut changed = self.changed.as_mut().map(std::mem::take).unwrap_or_default();
        changed.sort_unstable();
        changed.dedup();
        changed
    }

    /// The way to the index, for rows that are not about segments.
    pub fn scribe(&mut self) -> &mut Scribe<'scope> {
        &mut self.scribe
    }

    /// Payload files begun.
    pub fn flows(&self) -> u64 {
        self.totals.flows
    }

    /// Ends the recording; the error of another thread, if that is why it ended. Gives back what nothing woke of the case before.
    pub fn finish(self) -> Result<Carried, Error> {
        let recorded = self.crew.finish();
        self.scribe.finish()?;
        recorded.map(|()| self.carried)
    }

    /// Adds what was recorded to a summary.
    pub fn sum_up(&self, summary: &mut Summary) {
        summary.connections += (self.totals.last_connection + 1).saturating_sub(self.totals.first_connection);
        summary.flows += self.totals.flows;
        summary.bytes += self.totals.bytes;
        summary.left_out |= self.totals.left_out;
    }

    /// Follows what came of a segment of `connection`.
    fn follow(&mut self, event: Event, connection: ConnectionId, frame: &Frame<'_>) -> Result<(), Error> {
        match event {
            Event::Begun(begun) => self.begin(&begun)?,
            Event::Rebased { flow, base } => {
                if frame.segment.flags.has(Flags::SYN) {
                    self.paths.keep(flow);
                }
                self.crew.order(connection, Order::Rebase(flow, base));
            }
            Event::Placed { flow, placement } => {
                let length = u64::from(placement.payload.end - placement.payload.start);
                self.totals.bytes += if placement.kind == Kind::New { length } else { 0 };
                if frame.parts.is_empty() {
                    let place = Place::new(flow, &placement, frame.origin, &frame.segment);
                    self.crew.order(connection, Order::Place(place));
                } else {
                    self.place_parts(flow, connection, &placement, frame);
                }
            }
            Event::Settled(connection) => self.order_end(connection, Then::Settled),
            Event::Unsettled(connection) => self.crew.order(connection, Order::Unsettle(connection)),
            Event::Rests(connection) => self.put_to_rest(connection),
            Event::Ended(connection) => self.end(connection),
        }
        Ok(())
    }

    /// Places payload of a packet that came in parts: each part from the frame that brought it.
    fn place_parts(&mut self, flow: FlowId, connection: ConnectionId, placement: &Placement, frame: &Frame<'_>) {
        let start = frame.origin.payload;
        let (first, end) = (start + placement.payload.start, start + placement.payload.end);
        for part in frame.parts {
            let (from, to) = (part.at.start.max(first), part.at.end.min(end));
            if from < to {
                let position = placement.position + i64::from(from - first);
                let place = Placement { position, payload: from - start..to - start, ..placement.clone() };
                self.crew.order(connection, Order::Place(Place::new(flow, &place, part.origin(start), &frame.segment)));
            }
        }
    }

    /// Names a flow.
    fn begin(&mut self, begun: &Begun) -> Result<(), Error> {
        let Begun { flow, connection, src, dst, vlan, mac, first, transport } = *begun;
        let facts = Facts { flow, connection, ends: [src, dst], mac: mac.as_ref(), vlan, first, transport };
        let Some(path) = self.paths.next(&facts, &mut self.scribe, &self.payload)? else { return Ok(()) };
        self.crew.order(connection, Order::Begin(Box::new(Named { flow, path, first })));
        self.totals.flows += 1;
        self.live_flows += 1;
        Ok(())
    }

    /// A connection is over.
    pub(super) fn end(&mut self, connection: Box<Connection>) {
        if connection.is_settled() {
            self.give_up(&connection);
            self.crew.order(connection.id, Order::Drop(connection.id));
        } else {
            self.order_end(connection, Then::Over);
        }
    }

    pub(super) fn order_end(&mut self, connection: Box<Connection>, then: Then) {
        self.totals.last_connection = self.totals.last_connection.max(connection.id);
        self.totals.left_out |= connection.strange().iter().any(|strange| strange.kind.is_limit());
        if then != Then::Settled {
            self.give_up(&connection);
        }
        if let Some(changed) = &mut self.changed {
            changed.push(connection.id);
        }
        self.crew.order(connection.id, Order::End(connection, then));
    }
}

impl From<Gone> for Error {
    fn from(_: Gone) -> Self {
        Error::IndexEnded
    }
}
