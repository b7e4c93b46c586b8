//! What a segment leads to: the tracker says where its bytes belong, the store takes them, the index learns where they
//! came from.

use std::collections::{HashMap, HashSet};
use std::ops::Range;
use std::thread::Scope;

use super::dormant::{self, Dormant};
use super::rows::{self, File};
use super::scribe::{Gone, Scribe};
use super::settings::Settings;
use super::{Error, Summary};
use smallvec::SmallVec;

use crate::index::extents::Encoder;
use crate::index::rows::{ConflictRow, FlowRow, FrameRef, Row};
use crate::model::endpoint::tuple_hash;
use crate::model::{ConnectionId, Digests, Extent, FlowId, Segment};
use crate::reassemble::Placement;
use crate::reassemble::part::Kind;
use crate::store::names::Names;
use crate::store::template::Facts;
use crate::store::{Away, Files};
use crate::track::{Begun, Connection, Event, Stamp, Tracker};

/// Bytes of a losing copy that a conflict row keeps.
const MAX_LOST_BYTES: usize = 4096;

/// Records segments into a case.
pub struct Recorder<'scope> {
    tracker: Tracker,
    store: Away<'scope, Files, Box<FlowRow>>,
    names: Names,
    /// Earlier commits hold flows, whose paths are taken.
    has_earlier_flows: bool,
    /// Paths of flows taken out of the index to go on.
    woken: HashSet<String>,
    scribe: Scribe<'scope>,
    live: HashMap<FlowId, Live, foldhash::fast::RandomState>,
    dormant: HashSet<u64>,
    events: Vec<Event>,
    earlier: Vec<u8>,
    batch: u64,
    sync: bool,
    totals: Totals,
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

/// A flow that has a file and may get more.
#[derive(Default)]
pub struct Live {
    /// Relative to the case.
    pub path: String,
    /// Extents so far, in earlier commits and in this one.
    pub extents: u64,
    /// Some of them replace others.
    pub replaced: bool,
    encoder: Encoder,
}

impl Live {
    /// A flow of an earlier commit.
    pub fn resumed(path: String, extents: u64, replaced: bool) -> Self {
        Live { path, extents, replaced, encoder: Encoder::default() }
    }
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
struct Totals {
    first_connection: u64,
    last_connection: u64,
    flows: u64,
    bytes: u64,
    left_out: bool,
}

impl<'scope> Recorder<'scope> {
    /// A recorder that goes on where `start` says. Payload goes to `store`, on a thread of its own.
    pub fn new<'env>(
        scope: &'scope Scope<'scope, 'env>,
        settings: &Settings,
        store: Files,
        scribe: Scribe<'scope>,
        start: Start,
    ) -> Result<Self, Error> {
        let desk = scribe.desk();
        let row = |(row, digests): (Box<FlowRow>, Digests)| Row::Flow(Box::new(FlowRow { digests, ..*row }));
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
            events: Vec::new(),
            earlier: Vec::new(),
            batch: start.batch,
            sync: start.sync,
            totals: Totals { first_connection: start.connection, ..Totals::default() },
        })
    }

    /// Takes in one segment.
    pub fn observe(&mut self, place: Place, segment: &Segment<'_>) -> Result<(), Error> {
        if !self.dormant.is_empty() && !self.tracker.knows(segment) {
            self.wake(segment)?;
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
        let (next, sync) = (self.batch + 2, self.sync);
        self.store.with(Files::prepare)?;
        self.scribe.commit()?;
        self.batch += 1;
        self.store.with(Files::settle)?;
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

    /// Takes up connections at rest between the segment's endpoints.
    fn wake(&mut self, segment: &Segment<'_>) -> Result<(), Error> {
        let hash = tuple_hash(segment.src, segment.dst);
        if !self.dormant.remove(&hash) {
            return Ok(());
        }
        for state in self.scribe.take_dormant(hash)? {
            let dormant = Dormant::decode(&state)?;
            for (flow, live, at_rest) in dormant.flows() {
                self.woken.insert(live.path.clone());
                self.store.resume(flow, at_rest)?;
                self.live.insert(flow, live);
            }
            self.tracker.resume(dormant.connection);
        }
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

    fn store_new(
        &mut self,
        flow: FlowId,
        placement: &Placement,
        place: Place,
        segment: &Segment<'_>,
    ) -> Result<(), Error> {
        let bytes = bytes(segment, placement);
        self.store.write(flow, placement.position, bytes)?;
        self.totals.bytes += bytes.len() as u64;
        self.note_extent(flow, placement.position, placement.payload.clone(), false, place, segment)
    }

    /// Says where stored bytes came from.
    fn note_extent(
        &mut self,
        flow: FlowId,
        position: i64,
        payload: Range<u32>,
        replaces: bool,
        place: Place,
        segment: &Segment<'_>,
    ) -> Result<(), Error> {
        let extent = Extent {
            position,
            length: payload.end - payload.start,
            capture: place.at.capture,
            frame: place.at.frame,
            file_position: place.position + u64::from(payload.start),
            time: place.at.time,
            ttl: segment.ttl,
            checksum: segment.checksum,
            replaces,
        };
        let live = self.live.get_mut(&flow).expect(BEGUN);
        live.extents += 1;
        live.replaced |= replaces;
        live.encoder.push(&extent);
        if let Some(chunk) = live.encoder.take() {
            self.scribe.put(Row::Extents(flow, chunk))?;
        }
        Ok(())
    }

    /// Bytes seen before: if they differ, that is a conflict, and one copy loses.
    fn compare(
        &mut self,
        flow: FlowId,
        placement: &Placement,
        prefer_later: bool,
        place: Place,
        segment: &Segment<'_>,
    ) -> Result<(), Error> {
        let later = bytes(segment, placement);
        let mut earlier = std::mem::take(&mut self.earlier);
        earlier.resize(later.len(), 0);
        self.store.read(flow, placement.position, &mut earlier)?;
        let differs = differing(&earlier, later);
        if !differs.is_empty() {
            let position = placement.position + differs.start as i64;
            let lost = if prefer_later { &earlier[..] } else { later };
            let lost = &lost[differs.start..differs.end.min(differs.start + MAX_LOST_BYTES)];
            self.note_conflict(flow, position, differs.len(), lost.to_vec(), prefer_later, place, segment)?;
            if prefer_later {
                self.store.replace(flow, position, &later[differs.clone()])?;
                let first = placement.payload.start + differs.start as u32;
                self.note_extent(flow, position, first..first + differs.len() as u32, true, place, segment)?;
            }
        }
        self.earlier = earlier;
        Ok(())
    }

    #[expect(clippy::too_many_arguments, reason = "a row's columns")]
    fn note_conflict(
        &mut self,
        flow: FlowId,
        position: i64,
        length: usize,
        lost_bytes: Vec<u8>,
        later_kept: bool,
        place: Place,
        segment: &Segment<'_>,
    ) -> Result<(), Error> {
        let live = self.live.get_mut(&flow).expect(BEGUN);
        if let Some(chunk) = live.encoder.finish() {
            self.scribe.put(Row::Extents(flow, chunk))?;
        }
        let Stamp { capture, frame, time } = place.at;
        let later = FrameRef { capture, frame, ttl: segment.ttl, checksum: segment.checksum };
        let (length, extents_before) = (length as u64, live.extents);
        let row = ConflictRow { flow, position, length, later, time, later_kept, extents_before, lost_bytes };
        Ok(self.scribe.put(Row::Conflict(Box::new(row)))?)
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
            let row = dormant::encode(connection, &flows)?;
            self.dormant.insert(row.tuple_hash);
            self.scribe.put(Row::Dormant(row))?;
        }
        Ok(())
    }
}

const BEGUN: &str = "the tracker begins a flow before it places bytes in it";

impl From<Gone> for Error {
    fn from(_: Gone) -> Self {
        Error::IndexEnded
    }
}

fn bytes<'a>(segment: &Segment<'a>, placement: &Placement) -> &'a [u8] {
    &segment.payload[placement.payload.start as usize..placement.payload.end as usize]
}

/// From the first to the last byte that differs; empty if none does.
fn differing(one: &[u8], other: &[u8]) -> Range<usize> {
    if one == other {
        return 0..0;
    }
    let differs = |(a, b): (&u8, &u8)| a != b;
    let first = one.iter().zip(other).position(differs).unwrap_or(0);
    let last = one.iter().zip(other).rposition(differs).map_or(0, |i| i + 1);
    first..last
}

#[cfg(test)]
mod tests {
    use super::differing;

    #[test]
    fn differing_runs_from_the_first_to_the_last_difference() {
        assert_eq!(differing(b"abcdef", b"abXdXf"), 2..5);
        assert!(differing(b"abc", b"abc").is_empty());
    }
}
