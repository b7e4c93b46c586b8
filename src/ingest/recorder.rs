//! What a segment leads to: the tracker says where its bytes belong, names are given here, and the rest is dealt to the
//! shards. Numbers and names depend on this one place alone, whatever the number of workers.

use std::collections::HashSet;
use std::io;
use std::sync::Arc;
use std::thread::Scope;

use smallvec::SmallVec;

use super::budget::{Budget, Held};
use super::crew::Crew;
use super::dormant::{Dormant, hash_of};
use super::order::{Named, Order, Origin, Place, SHARDS, Then};
use super::rows;
use super::scribe::{Gone, Scribe};
use super::settings::Settings;
use super::shard::Shard;
use super::{Error, Summary};
use crate::index::rows::Row;
use crate::index::{self, Frames, Hashes, PackEnd};
use crate::model::endpoint::tuple_hash;
use crate::model::{Batch, CaptureId, ConnectionId, Flags, FlowId, Segment, Timestamp};
use crate::reassemble::part::Kind;
use crate::store::beneath::Beneath;
use crate::store::names::Names;
use crate::store::template::Facts;
use crate::store::{self, Files, Packed, PayloadStore, at, journal};
use crate::track::{Begun, Connection, Event, Stamp, Tracker};

/// Segments between two looks at how much is held.
const LOOK_EVERY: u64 = 256;

/// Records segments into a case.
pub struct Recorder<'scope> {
    tracker: Tracker,
    crew: Crew<'scope>,
    scribe: Scribe<'scope>,
    payload: Payload,
    names: Names,
    /// Earlier commits hold flows, whose paths are taken.
    has_earlier_flows: bool,
    /// Paths of flows taken out of the index to go on.
    woken: HashSet<String>,
    /// Flows that keep their name should they begin again: all their bytes may turn out to lie before a SYN that came late.
    named: HashSet<FlowId>,
    /// Hashes of the endpoints of connections at rest in the index.
    dormant: Hashes,
    events: Vec<Event>,
    budget: Budget,
    /// Segments so far.
    observed: u64,
    /// Flows with payload of connections that the tracker holds.
    live_flows: u64,
    /// Connections put to rest to make room since the last commit, and when the first was.
    spilled: Option<(Stamp, u64)>,
    /// Number of the last commit.
    batch: u64,
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
    /// Number of the last commit.
    pub batch: u64,
    /// Threads that record connections.
    pub workers: usize,
    /// What may be held.
    pub budget: Budget,
}

/// The payload's side of a commit.
pub struct Payload {
    beneath: Beneath,
    journal: journal::Shared,
    sync: bool,
}

/// A frame with a segment in it.
pub struct Frame<'a> {
    /// Which, and when.
    pub at: Stamp,
    /// Where it and the segment's payload lie among the sources of orders.
    pub origin: Origin,
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
        let mut limits = settings.limits.clone();
        limits.max_ranges = limits.max_ranges.min(start.budget.ranges());
        let shards = stores.into_iter().map(|store| Shard::new(store, start.budget.gather / SHARDS)).collect();
        Ok(Recorder {
            tracker: Tracker::new(limits, start.connection, start.flow),
            crew: Crew::start(scope, start.workers, shards, || scribe.desk())?,
            scribe,
            payload,
            names: Names::new(settings.template.clone()),
            has_earlier_flows: start.flow > 1,
            woken: HashSet::new(),
            named: HashSet::new(),
            dormant: start.dormant,
            events: Vec::new(),
            budget: start.budget,
            observed: 0,
            live_flows: 0,
            spilled: None,
            batch: start.batch,
            totals: Totals { first_connection: start.connection, ..Totals::default() },
        })
    }

    /// The segments that follow lie in frames of this batch; its index for [`Origin`].
    pub fn source(&mut self, batch: &Arc<Batch>, capture: CaptureId) -> Result<u16, Error> {
        self.crew.source(batch, capture)
    }

    /// Takes in one segment.
    pub fn observe(&mut self, frame: &Frame<'_>) -> Result<(), Error> {
        if !self.tracker.knows(&frame.segment) {
            self.wake(tuple_hash(frame.segment.src, frame.segment.dst), frame.at.time)?;
        }
        let mut events = std::mem::take(&mut self.events);
        let (connection, closed) = self.tracker.observe(frame.at, &frame.segment, &mut events);
        let flows = closed.map(|connection| connection.directions.iter().flat_map(|direction| direction.flows()));
        let quiet: SmallVec<[FlowId; 2]> = flows.into_iter().flatten().map(|flow| flow.id).collect();
        let done = events.drain(..).try_for_each(|event| self.follow(event, connection, frame));
        self.events = events;
        quiet.into_iter().for_each(|flow| self.crew.order(connection, Order::Quiet(flow)));
        self.observed += 1;
        if self.observed.is_multiple_of(LOOK_EVERY) { done.and_then(|()| self.make_room(frame.at)) } else { done }
    }

    /// Puts connections to rest that are idle longest, if too much is held.
    fn make_room(&mut self, at: Stamp) -> Result<(), Error> {
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

    /// Puts everything to rest and commits it. Unless it is the `last` commit, recording can go on.
    pub fn commit(&mut self, last: bool) -> Result<(), Error> {
        for (connection, goes_on) in self.tracker.finish() {
            if goes_on && last {
                self.order_end(connection, Then::Rests);
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
        if last { Ok(()) } else { self.payload.begin(self.batch + 1) }
    }

    /// The way to the index, for rows that are not about segments.
    pub fn scribe(&mut self) -> &mut Scribe<'scope> {
        &mut self.scribe
    }

    /// Payload files begun.
    pub fn flows(&self) -> u64 {
        self.totals.flows
    }

    /// Ends the recording; the error of another thread, if that is why it ended.
    pub fn finish(self) -> Result<(), Error> {
        let recorded = self.crew.finish();
        self.scribe.finish()?;
        recorded
    }

    /// Adds what was recorded to a summary.
    pub fn sum_up(&self, summary: &mut Summary) {
        summary.connections += (self.totals.last_connection + 1).saturating_sub(self.totals.first_connection);
        summary.flows += self.totals.flows;
        summary.bytes += self.totals.bytes;
        summary.left_out |= self.totals.left_out;
    }

    /// Takes up the connections at rest whose endpoints have this hash, for a segment of this time.
    fn wake(&mut self, tuple_hash: u64, time: Option<Timestamp>) -> Result<(), Error> {
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

    fn resume(&mut self, dormant: Dormant) {
        let (connection, flows) = dormant.wake();
        self.woken.extend(flows.iter().map(|flow| flow.at_rest.path.clone()));
        self.named.extend(flows.iter().filter(|flow| flow.at_rest.length == 0).map(|flow| flow.flow));
        self.live_flows += flows.len() as u64;
        self.crew.order(connection.id, Order::Resume(flows));
        self.tracker.resume(*connection);
    }

    /// Follows what came of a segment of `connection`.
    fn follow(&mut self, event: Event, connection: ConnectionId, frame: &Frame<'_>) -> Result<(), Error> {
        match event {
            Event::Begun(begun) => self.begin(&begun)?,
            Event::Rebased { flow, base } => {
                if frame.segment.flags.has(Flags::SYN) {
                    self.named.insert(flow);
                }
                self.crew.order(connection, Order::Rebase(flow, base));
            }
            Event::Placed { flow, placement } => {
                let place = Place::new(flow, &placement, frame.origin, &frame.segment);
                self.totals.bytes += if place.kind == Kind::New { u64::from(place.length) } else { 0 };
                self.crew.order(connection, Order::Place(place));
            }
            Event::Settled(connection) => self.order_end(connection, Then::Settled),
            Event::Unsettled(connection) => self.crew.order(connection, Order::Unsettle(connection)),
            Event::Rests(connection) => self.put_to_rest(connection),
            Event::Ended(connection) => self.end(connection),
        }
        Ok(())
    }

    /// Names a flow.
    fn begin(&mut self, begun: &Begun) -> Result<(), Error> {
        let Begun { flow, connection, src, dst, vlan, mac, first } = *begun;
        if self.named.contains(&flow) {
            return Ok(());
        }
        let facts = Facts { flow, connection, ends: [src, dst], mac: mac.as_ref(), vlan, first };
        let Recorder { scribe, names, woken, .. } = self;
        let path = match self.has_earlier_flows {
            true => names.next(&facts, |path| Ok(woken.contains(path) || scribe.path_taken(path)?)),
            false => names.next(&facts, |_| Ok::<_, Gone>(false)),
        }?;
        self.crew.order(connection, Order::Begin(Box::new(Named { flow, path, first })));
        self.totals.flows += 1;
        self.live_flows += 1;
        Ok(())
    }

    /// A connection is over.
    fn end(&mut self, connection: Box<Connection>) {
        if connection.is_settled() {
            self.give_up(&connection);
            self.crew.order(connection.id, Order::Drop(connection.id));
        } else {
            self.order_end(connection, Then::Over);
        }
    }

    /// A connection rests in the index, until a segment wakes it.
    fn put_to_rest(&mut self, connection: Box<Connection>) {
        self.dormant.insert(hash_of(&connection));
        self.order_end(connection, Then::Rests);
    }

    /// The tracker no longer holds it.
    fn give_up(&mut self, connection: &Connection) {
        let parts = connection.directions.iter().flat_map(|direction| direction.stream.parts());
        let with_payload = parts.filter(|part| !part.is_empty()).count() as u64;
        self.live_flows = self.live_flows.saturating_sub(with_payload);
    }

    fn order_end(&mut self, connection: Box<Connection>, then: Then) {
        self.totals.last_connection = self.totals.last_connection.max(connection.id);
        self.totals.left_out |= connection.strange().iter().any(|strange| strange.kind.is_limit());
        if then != Then::Settled {
            self.give_up(&connection);
        }
        self.crew.order(connection.id, Order::End(connection, then));
    }
}

impl Payload {
    /// Payload beneath `beneath`; with `sync`, everything is on disk before a commit.
    pub fn new(beneath: Beneath, sync: bool) -> Self {
        Payload { beneath, journal: journal::Shared::default(), sync }
    }

    /// A store for each shard.
    pub fn stores(&self, index: &index::Writer, settings: &Settings) -> Result<Vec<Box<dyn PayloadStore>>, Error> {
        let ends = index.packs()?;
        (0..SHARDS as u8).map(|number| self.store(number, &ends, index, settings)).collect()
    }

    fn store(
        &self,
        number: u8,
        ends: &[PackEnd],
        index: &index::Writer,
        settings: &Settings,
    ) -> Result<Box<dyn PayloadStore>, Error> {
        let (beneath, hashes) = (self.beneath.clone(), settings.hashes.clone());
        if settings.store == store::Kind::Files {
            return Ok(Box::new(Files::new(beneath, hashes, self.journal.clone(), number)));
        }
        let end = ends.iter().find(|end| end.pack == number).copied().unwrap_or_default();
        let mut frames = Frames::of(index.path());
        let earlier = Box::new(move |frame| frames.frame(number, frame).map_err(io::Error::other));
        Ok(Box::new(Packed::new(beneath, hashes, number, end.next_frame, end.bytes, earlier)?))
    }

    /// What is stored from now on belongs to the commit with this number.
    fn begin(&self, batch: u64) -> Result<(), Error> {
        Ok(self.journal.begin(&self.beneath, batch, self.sync).map_err(at(journal::NAME))?)
    }

    /// The commit happened, and all that waited for it.
    fn end(&self) -> Result<(), Error> {
        self.sync()?;
        Ok(self.journal.end(&self.beneath).map_err(at(journal::NAME))?)
    }

    fn sync(&self) -> Result<(), store::Error> {
        if self.sync { self.beneath.sync().map_err(at(".")) } else { Ok(()) }
    }
}

impl From<Gone> for Error {
    fn from(_: Gone) -> Self {
        Error::IndexEnded
    }
}
