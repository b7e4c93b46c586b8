//! What a segment leads to: the tracker says where its bytes belong, the store takes them, the index learns where they
//! came from.

use std::collections::{HashMap, HashSet};
use std::thread::Scope;

use super::dormant::{self, Dormant, Resting};
use super::live::Live;
use super::rows::{self, File};
use super::scribe::{Gone, Scribe};
use super::settings::Settings;
use super::{Error, Summary};
use smallvec::SmallVec;

use crate::index::Pieces;
use crate::index::rows::{FlowRow, Row};
use crate::model::endpoint::tuple_hash;
use crate::model::{ConnectionId, FlowId, Segment, Timestamp};
use crate::reassemble::part::Kind;
use crate::store::names::Names;
use crate::store::template::Facts;
use crate::store::{Away, PayloadStore, Stored};
use crate::track::{Begun, Connection, Event, Stamp, Tracker};

/// Records segments into a case.
pub struct Recorder<'scope> {
    tracker: Tracker,
    pub(super) store: Away<'scope, Box<dyn PayloadStore>, Box<FlowRow>>,
    names: Names,
    /// Earlier commits hold flows, whose paths are taken.
    has_earlier_flows: bool,
    /// Paths of flows taken out of the index to go on.
    woken: HashSet<String>,
    pub(super) scribe: Scribe<'scope>,
    pub(super) live: HashMap<FlowId, Live, foldhash::fast::RandomState>,
    /// Hashes of the endpoints of connections at rest in the index.
    dormant: HashSet<u64>,
    /// Connections at rest since the last commit.
    resting: Resting,
    events: Vec<Event>,
    pub(super) earlier: Vec<u8>,
    batch: u64,
    sync: bool,
    pub(super) totals: Totals,
}

/// Where a recorder goes on.
pub struct Start {
    /// Number of the next connection.
    pub connection: ConnectionId,
    /// Number of the next flow.
    pub flow: FlowId,
    /// Hashes of the endpoints of connections at rest.
    pub dormant: HashSet<u64>,
    /// Number of the last commit.
    pub batch: u64,
    /// Everything is on disk before a commit.
    pub sync: bool,
}

/// The frame of a segment.
#[derive(Clone, Copy)]
pub struct Place {
    /// Which, and when.
    pub at: Stamp,
    /// Offset of the payload's first byte in the decompressed capture.
    pub position: u64,
}

#[derive(Clone, Copy, Default)]
pub(super) struct Totals {
    first_connection: u64,
    last_connection: u64,
    flows: u64,
    pub(super) bytes: u64,
    left_out: bool,
}

impl<'scope> Recorder<'scope> {
    /// A recorder that goes on where `start` says. Payload goes to `store`, on a thread of its own.
    pub fn new<'env>(
        scope: &'scope Scope<'scope, 'env>,
        settings: &Settings,
        store: Box<dyn PayloadStore>,
        scribe: Scribe<'scope>,
        start: Start,
    ) -> Result<Self, Error> {
        let desk = scribe.desk();
        let row = |(row, Stored { digests, pieces }): (Box<FlowRow>, Stored)| {
            Row::Flow(Box::new(FlowRow { digests, pieces, ..*row }))
        };
        let store = Away::start(scope, store, move |closed| desk.put(closed.into_iter().map(row).collect()))?;
        Ok(Recorder {
            tracker: Tracker::new(settings.limits.clone(), start.connection, start.flow),
            store,
            names: Names::new(settings.template.clone()),
            has_earlier_flows: start.flow > 1,
            woken: HashSet::new(),
            scribe,
            live: HashMap::default(),
            dormant: start.dormant,
            resting: Resting::default(),
            events: Vec::new(),
            earlier: Vec::new(),
            batch: start.batch,
            sync: start.sync,
            totals: Totals { first_connection: start.connection, ..Totals::default() },
        })
    }

    /// Takes in one segment.
    pub fn observe(&mut self, place: Place, segment: &Segment<'_>) -> Result<(), Error> {
        if !self.tracker.knows(segment) {
            self.wake(tuple_hash(segment.src, segment.dst), place.at.time)?;
        }
        let mut events = std::mem::take(&mut self.events);
        let closed = self.tracker.observe(place.at, segment, &mut events);
        let flows = closed.map(|connection| connection.directions.iter().flat_map(|direction| &direction.flows));
        let settled: SmallVec<[FlowId; 2]> = flows.into_iter().flatten().map(|flow| flow.id).collect();
        let done = events.drain(..).try_for_each(|event| self.follow(event, place, segment));
        self.events = events;
        done?;
        settled.into_iter().try_for_each(|flow| self.rest(flow))
    }

    /// A flow is probably whole: what is held of it in memory goes to the store and to the index.
    fn rest(&mut self, flow: FlowId) -> Result<(), Error> {
        let Some(live) = self.live.get_mut(&flow) else { return Ok(()) };
        if let Some(chunk) = live.encoder.finish() {
            self.scribe.put(Row::Extents(flow, chunk))?;
        }
        Ok(self.store.rest(flow)?)
    }

    /// Puts everything to rest and commits it. Unless it is the `last` commit, recording can go on.
    pub fn commit(&mut self, last: bool) -> Result<(), Error> {
        for (connection, goes_on) in self.tracker.finish() {
            self.end(*connection, goes_on)?;
        }
        for row in self.resting.drain() {
            self.dormant.insert(row.tuple_hash);
            self.scribe.put(Row::Dormant(row))?;
        }
        let (next, sync) = (self.batch + 2, self.sync);
        let desk = self.scribe.desk();
        self.store.with(move |store| {
            desk.put(store.prepare()?.into_iter().map(Row::Frame).collect());
            Ok(())
        })?;
        self.scribe.commit()?;
        self.batch += 1;
        self.store.with(|store| store.settle())?;
        if !last {
            self.store.with(move |store| store.begin_batch(next, sync))?;
        }
        Ok(())
    }

    /// The way to the index, for rows that are not about segments.
    pub fn scribe(&mut self) -> &mut Scribe<'scope> {
        &mut self.scribe
    }

    /// Payload files begun.
    pub fn flows(&self) -> u64 {
        self.totals.flows
    }

    /// Ends the recording; the error of the store's or the index's thread, if that is why it ended.
    pub fn finish(self) -> Result<(), Error> {
        let stored = self.store.finish();
        self.scribe.finish()?;
        Ok(stored?)
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
        let now = self.tracker.now().max(time);
        let mut states = match self.dormant.remove(&tuple_hash) {
            true => self.scribe.take_dormant(tuple_hash, now)?,
            false => Vec::new(),
        };
        let rows = self.resting.take(tuple_hash, now);
        if !rows.is_empty() {
            // so that their rows have been put before they are taken back
            self.store.with(|_| Ok(()))?;
        }
        for row in rows {
            let pieces = self.scribe.forget(row.connection)?;
            states.push((row.state, pieces));
        }
        for (state, pieces) in states {
            self.resume(Dormant::decode(&state)?, pieces)?;
        }
        Ok(())
    }

    fn resume(&mut self, dormant: Dormant, pieces: Pieces) -> Result<(), Error> {
        let mut pieces: HashMap<FlowId, Vec<u8>> = pieces.into_iter().collect();
        for (flow, live, mut at_rest) in dormant.flows() {
            at_rest.pieces = pieces.remove(&flow);
            self.woken.insert(live.path.clone());
            self.store.resume(flow, at_rest)?;
            self.live.insert(flow, live);
        }
        self.tracker.resume(dormant.connection);
        Ok(())
    }

    fn follow(&mut self, event: Event, place: Place, segment: &Segment<'_>) -> Result<(), Error> {
        match event {
            Event::Begun(begun) => self.begin(&begun)?,
            Event::Rebased { flow, base } => self.store.rebase(flow, base)?,
            Event::Placed { flow, placement } => match placement.kind {
                Kind::New => self.store_new(flow, &placement, place, segment)?,
                Kind::Again { prefer_later } => self.compare(flow, &placement, prefer_later, place, segment)?,
            },
            Event::Rests(connection) => self.end(*connection, true)?,
            Event::Ended(connection) => self.end(*connection, false)?,
        }
        Ok(())
    }

    /// Names a flow. One whose bytes all turned out to lie before a SYN that came late keeps its name.
    fn begin(&mut self, begun: &Begun) -> Result<(), Error> {
        if self.live.contains_key(&begun.flow) {
            return Ok(());
        }
        let Begun { flow, connection, src, dst, vlan, mac, first } = *begun;
        let facts = Facts { flow, connection, ends: [src, dst], mac: mac.as_ref(), vlan, first };
        let Recorder { scribe, names, woken, .. } = self;
        let path = match self.has_earlier_flows {
            true => names.next(&facts, |path| Ok(woken.contains(path) || scribe.path_taken(path)?)),
            false => names.next(&facts, |_| Ok::<_, Gone>(false)),
        }?;
        self.store.begin(flow, path.clone(), first)?;
        self.live.insert(flow, Live { path, ..Live::default() });
        self.totals.flows += 1;
        Ok(())
    }

    /// A connection is over, or rests: its files are complete and its rows are written.
    fn end(&mut self, connection: Connection, goes_on: bool) -> Result<(), Error> {
        let mut flows = Vec::new();
        for file in File::all(&connection) {
            let id = file.flow().id;
            let Some(mut live) = self.live.remove(&id) else { continue };
            if let Some(chunk) = live.encoder.finish() {
                self.scribe.put(Row::Extents(id, chunk))?;
            }
            let row = file.row(live.path.clone(), live.replaced);
            self.store.close(id, row.length, Box::new(row))?;
            flows.push((id, live));
        }
        self.totals.last_connection = self.totals.last_connection.max(connection.id);
        self.scribe.put(Row::Connection(Box::new(rows::connection(&connection))))?;
        for row in rows::anomalies(&connection) {
            self.totals.left_out |= row.kind.is_limit();
            self.scribe.put(Row::Anomaly(Box::new(row)))?;
        }
        if goes_on {
            self.resting.add(dormant::encode(connection, &flows)?, self.tracker.now());
        }
        Ok(())
    }
}

pub(super) const BEGUN: &str = "the tracker begins a flow before it places bytes in it";

impl From<Gone> for Error {
    fn from(_: Gone) -> Self {
        Error::IndexEnded
    }
}
