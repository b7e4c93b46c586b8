//! The loop: frames from the captures, each to the recorder or to the ledger's skipped.

use std::ops::Range;
use std::path::PathBuf;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::mpsc::{Receiver, sync_channel};
use std::thread::{self, ScopedJoinHandle};

use smallvec::SmallVec;

use super::air::Airs;
use super::budget::Budget;
use super::carried::Carried;
use super::ledger::Ledger;
use super::order::Origin;
use super::packets::Packet;
use super::paths::Given;
use super::payload::Payload;
use super::plan::Plan;
use super::recorder::{Frame, Recorder, Start};
use super::scribe::Scribe;
use super::settings::Settings;
use super::{Error, Options, Progress, Summary, Tap, run};
use crate::capture::live::Live;
use crate::capture::{self, Filter, Merge, Step};
use crate::case::Writer;
use crate::decode::fragments::{Bearer, Fragments, Outcome, Piece, Taken};
use crate::decode::{Found, Fragment, resume};
use crate::index::Hashes;
use crate::index::rows::Row;
use crate::model::{Batch, FrameHead, Skip, Transport, Unused};
use crate::track::{LOOK_AHEAD, Stamp};

/// Captured bytes after which a group is committed at the next opportunity: keeps commits few and what a kill costs small.
const GROUP: u64 = 256 << 20;
/// Steps on their way from the reader: enough to even out its pace, and about 2 MiB.
const AHEAD: usize = 4;

/// Who is told how an ingest goes.
pub struct Watch<'p, 't> {
    pub progress: &'p mut dyn Progress,
    pub tap: Option<&'t mut dyn Tap>,
}

/// Where frames come from.
pub struct Feed<'f> {
    pub steps: Box<dyn Iterator<Item = Step> + Send + 'f>,
    /// Bytes read so far.
    pub read: Arc<AtomicU64>,
    /// Connections that go on from a case before.
    pub carried: Carried,
}

impl<'f> Feed<'f> {
    /// The captures of a plan.
    pub fn of_files(plan: &Plan, options: &Options) -> Self {
        let merge = Merge::new(capture::plan(&plan.reading)).shift(options.time_shift);
        let read = merge.bytes_read();
        Feed { steps: Box::new(merge), read, carried: Carried::default() }
    }

    /// What is heard on interfaces, until the case is full.
    pub fn of_interfaces(live: &'f mut Live, carried: Carried) -> Self {
        let read = Arc::clone(&live.counters().bytes);
        Feed { steps: Box::new(live), read, carried }
    }
}

/// Records what the feed gives: what the plan says. Gives back what no segment woke of the case before.
pub fn record(
    case: &mut Writer,
    settings: &Settings,
    mut plan: Plan,
    filter: Option<Filter>,
    options: &Options,
    watch: Watch<'_, '_>,
    feed: Feed<'_>,
) -> Result<(Summary, Carried), Error> {
    let Watch { progress, tap } = watch;
    let (next_capture, connection, flow) = case.index.next_ids()?;
    let waiting = case.index.fragments()?;
    progress.total(plan.bytes);
    let ledger = Ledger::new(next_capture, &mut plan, options.filter.clone().unwrap_or_default());
    case.index.set_sync(options.sync)?;
    let root = case.root().to_owned();
    let memory = options.memory.or(run::machine_memory().map(|bytes| bytes / 2)).unwrap_or_default();
    let budget = Budget::of(memory);
    let budget = if options.lasting { budget.without_end() } else { budget };
    let dormant = Hashes::with_capacity_and_hasher(budget.resting, Default::default());
    let (batch, dormant) = (case.index.batch()?, case.index.dormant_hashes(dormant)?);
    let mut limits = settings.limits.clone();
    limits.fragment_bytes = limits.fragment_bytes.min(budget.fragments);
    let fragments = match waiting.as_slice() {
        [] => Fragments::new(&limits),
        state => Fragments::resume(&limits, postcard::from_bytes(state)?),
    };
    case.index.set_cache(budget.cache)?;
    let given = options.lasting.then(|| Given::of_case(case)).transpose()?;
    let payload = Payload::new(case.beneath.clone(), settings, options);
    let stores = payload.stores(&case.index, settings)?;
    let Feed { steps: source, read, carried } = feed;
    thread::scope(|scope| {
        let scribe = Scribe::start(scope, &mut case.index)?;
        let workers = options.workers.unwrap_or_else(cores);
        let is_watched = tap.is_some();
        let start = Start { connection, flow, dormant, carried, batch, workers, budget, given, is_watched };
        let mut recorder = Recorder::new(scope, settings, payload, stores, scribe, start)?;
        let (send, steps) = sync_channel(AHEAD);
        let read_all = move || {
            let mut sent = source.map(|step| send.send(step));
            sent.all(|sent| sent.is_ok());
        };
        let reader = thread::Builder::new().name("reader".to_owned());
        let reader = reader.spawn_scoped(scope, read_all).map_err(Error::Thread)?;
        let group = options.group_bytes.unwrap_or(GROUP);
        let had_fragments = !waiting.is_empty();
        let reading = Reading {
            recorder: &mut recorder,
            ledger,
            fragments,
            airs: Airs::new(settings.check_fcs, &settings.limits),
            filter,
            progress,
            group,
            since_commit: 0,
            had_fragments,
            udp: settings.udp,
            known_only: options.known_only,
            root,
            // seen from here it lives as long as what is read
            tap: match tap {
                Some(tap) => Some(tap),
                None => None,
            },
        };
        let done = reading.all(&steps, &read, reader);
        drop(steps);
        // what ended the index's thread is the cause, whatever else went wrong because of it
        recorder.finish().and_then(|carried| Ok((done?, carried)))
    })
}

struct Reading<'a, 'scope> {
    recorder: &'a mut Recorder<'scope>,
    ledger: Ledger,
    fragments: Fragments,
    airs: Airs,
    filter: Option<Filter>,
    progress: &'a mut dyn Progress,
    /// Captured bytes that make a group.
    group: u64,
    /// Captured bytes since the last commit.
    since_commit: u64,
    /// Earlier commits left parts of packets.
    had_fragments: bool,
    /// Datagrams are stored too.
    udp: bool,
    /// No connection is opened.
    known_only: bool,
    /// The case's directory.
    root: PathBuf,
    tap: Option<&'a mut dyn Tap>,
}

/// Segments that are recorded together.
type Ahead<'f> = SmallVec<[Frame<'f>; LOOK_AHEAD]>;

/// A frame on its way, and the bytes that are looked at now: its own, or a packet it completed.
struct Here<'f> {
    /// Of this ingest's captures.
    capture: usize,
    at: Stamp,
    /// Captured bytes.
    length: u32,
    /// What the frame lies in.
    batch: &'f Batch,
    /// What segments lie in.
    bytes: &'f [u8],
    source: u32,
    frame: u32,
    /// Offset in the capture of the first of `bytes`, unless they come from several frames.
    position: u64,
    packet: Option<&'f Packet>,
    /// Nothing else comes from the same frame.
    is_alone: bool,
}

impl Reading<'_, '_> {
    fn all(
        mut self,
        steps: &Receiver<Step>,
        read: &AtomicU64,
        reader: ScopedJoinHandle<'_, ()>,
    ) -> Result<Summary, Error> {
        for step in steps {
            match step {
                Step::Frames(batch, range) => self.frames(&batch, range)?,
                Step::Ended(ended) => {
                    self.ledger.heard(ended.capture, self.airs.end(ended.capture));
                    self.ledger.ended(ended, self.recorder)?;
                }
                Step::Begun { path, .. } => self.ledger.begun(&path),
                Step::SoFar(so_far) => self.ledger.so_far(&so_far, self.recorder)?,
                Step::Quiet if self.since_commit >= self.group => {
                    self.rest_fragments()?;
                    self.commit(false)?;
                    self.since_commit = 0;
                }
                Step::Quiet => {}
            }
            self.progress.at(read.load(Ordering::Relaxed), self.recorder.flows());
        }
        // a reader that broke down must not look like one that came to the end
        reader.join().unwrap_or_else(|panic| std::panic::resume_unwind(panic));
        self.rest_fragments()?;
        let mut summary = std::mem::take(&mut self.ledger).finish(self.recorder)?;
        self.commit(true)?;
        self.recorder.sum_up(&mut summary);
        Ok(summary)
    }

    fn commit(&mut self, last: bool) -> Result<(), Error> {
        self.recorder.commit(last)?;
        match &mut self.tap {
            Some(tap) => tap.committed(&self.root, &self.recorder.take_changed(), last).map_err(Error::Tap),
            None => Ok(()),
        }
    }

    fn frames(&mut self, batch: &Arc<Batch>, range: Range<usize>) -> Result<(), Error> {
        if range.start == 0 {
            let notes = batch.notes.iter();
            notes.for_each(|note| self.ledger.note(batch.capture, note, &batch.frames, self.progress));
        }
        if range.is_empty() {
            return Ok(());
        }
        let (capture, mut used) = (self.ledger.number(batch.capture), 0);
        let source = self.recorder.source(batch, capture)?;
        let mut ahead = Ahead::new();
        for (index, frame) in range.clone().zip(&batch.frames[range]) {
            let data = batch.data(frame);
            let at = Stamp { time: frame.time, capture, frame: frame.number };
            let here = Here {
                capture: batch.capture,
                at,
                length: data.len() as u32,
                batch,
                bytes: &batch.bytes,
                source,
                frame: index as u32,
                position: frame.position.wrapping_sub(frame.at.start.into()),
                packet: None,
                is_alone: true,
            };
            let outcome = match self.found(batch.capture, frame, data) {
                Ok(found) => self.take(found, &here, &mut ahead)?,
                Err(reason) => Some(reason.into()),
            };
            match outcome {
                None => used += 1,
                Some(why) => {
                    self.ledger.skipped(batch.capture, why, data.len());
                    if let Some(tap) = &mut self.tap {
                        tap.unused(frame, data, why.reason).map_err(Error::Tap)?;
                    }
                }
            }
            if ahead.len() >= LOOK_AHEAD {
                self.observe(&mut ahead, batch)?;
            }
            self.since_commit += data.len() as u64;
        }
        self.observe(&mut ahead, batch)?;
        self.ledger.used(batch.capture, used);
        Ok(())
    }

    /// Records segments that were read, and tells of their frames, which lie in a batch.
    fn observe(&mut self, ahead: &mut Ahead<'_>, batch: &Batch) -> Result<(), Error> {
        match &mut self.tap {
            None => self.recorder.observe(ahead, |_, _| Ok(()))?,
            Some(tap) => self.recorder.observe(ahead, |frame, connection| {
                let place = batch.frames.binary_search_by_key(&frame.at.frame, |head| head.number);
                let Ok(head) = place.map(|place| &batch.frames[place]) else { return Ok(()) };
                tap.used(head, batch.data(head), connection, &frame.segment).map_err(Error::Tap)
            })?,
        }
        ahead.clear();
        Ok(())
    }

    fn found<'d>(&mut self, capture: usize, frame: &FrameHead, data: &'d [u8]) -> Result<Found<'d>, Skip> {
        let accepts = |filter: &mut Filter| filter.accepts(frame.link, data, frame.original_len);
        if !self.filter.as_mut().is_none_or(accepts) {
            return Err(Skip::Filtered);
        }
        self.airs.decode(capture, frame, data)
    }

    /// What becomes of a frame in which this was found: segments are recorded soon, parts of packets wait.
    #[inline]
    fn take<'f>(&mut self, found: Found<'f>, here: &Here<'f>, ahead: &mut Ahead<'f>) -> Result<Outcome, Error> {
        match found {
            Found::Segment(segment) if self.known_only && !self.recorder.knows(&segment, here.at.time)? => {
                Ok(Some(Skip::NotKnown.into()))
            }
            Found::Segment(segment) => {
                let origin = Origin { source: here.source, frame: here.frame, payload: here.place(segment.payload) };
                let parts = here.packet.map_or(&[][..], Packet::parts);
                ahead.push(Frame { at: here.at, origin, parts, segment });
                Ok(None)
            }
            Found::Datagram(datagram, _) if self.udp => self.take(Found::Segment(*datagram), here, ahead),
            Found::Datagram(_, inside) => {
                Ok(Some(inside.map_or(Unused::protocol(Transport::Udp.number()), Unused::from)))
            }
            Found::Other(protocol) => Ok(Some(Unused::protocol(protocol))),
            Found::Several(packets) => {
                let here = Here { is_alone: false, ..*here };
                let mut outcome = Some(Skip::NoData.into());
                for packet in packets {
                    let one = match packet {
                        Ok(found) => self.take(found, &here, ahead)?,
                        Err(reason) => Some(reason.into()),
                    };
                    outcome = outcome.and(one);
                }
                Ok(outcome)
            }
            Found::Fragment(fragment) => self.part(*fragment, here, ahead),
        }
    }

    /// A part of a packet, which it may complete: then what the packet holds is recorded at once.
    fn part<'f>(&mut self, fragment: Fragment<'f>, here: &Here<'f>, ahead: &mut Ahead<'f>) -> Result<Outcome, Error> {
        let bearer = [Bearer { capture: here.at.capture, bytes: here.length }];
        let bearers = match here.packet {
            _ if !here.is_alone => &[][..],
            Some(packet) => &packet.bearers,
            None => &bearer[..],
        };
        let (pieces, mut notes) = (here.pieces(fragment.payload), Vec::new());
        let taken = self.fragments.take(here.at.time, fragment, &pieces, bearers, &mut notes);
        notes.iter().for_each(|note| self.ledger.strange(here.capture, note.kind(), here.at, note.to_string()));
        let mut whole = match taken {
            Taken::Waits => return Ok(Some(Skip::IncompleteFragment.into())),
            Taken::Again(outcome) => return Ok(outcome),
            Taken::Whole(whole) => whole,
        };
        self.observe(ahead, here.batch)?;
        let packet = Packet::new(&mut whole, self.recorder);
        let bytes = &packet.batch.bytes;
        let inner = Here { bytes, packet: Some(&packet), ..*here };
        let mut within = Ahead::new();
        let outcome = match resume(&whole.onward, bytes) {
            Ok(found) => self.take(found, &inner, &mut within)?,
            Err(reason) => Some(reason.into()),
        };
        self.observe(&mut within, here.batch)?;
        if outcome != Some(Skip::IncompleteFragment.into()) {
            // this frame, the last, is counted where it is read
            let earlier = packet.bearers.len() - usize::from(here.is_alone);
            self.ledger.recount(&packet.bearers[..earlier], outcome, self.recorder)?;
        }
        self.fragments.remember(*whole, outcome);
        Ok(outcome)
    }

    /// Puts what waits for more into the next commit.
    fn rest_fragments(&mut self) -> Result<(), Error> {
        let has_fragments = !self.fragments.is_empty();
        if has_fragments || self.had_fragments {
            let state = if has_fragments { postcard::to_stdvec(&self.fragments.at_rest())? } else { Vec::new() };
            self.recorder.scribe().put(Row::Fragments(state))?;
        }
        self.had_fragments = has_fragments;
        Ok(())
    }
}

impl Here<'_> {
    /// Where payload lies: it is a part of the bytes.
    fn place(&self, payload: &[u8]) -> u32 {
        (payload.as_ptr() as usize).saturating_sub(self.bytes.as_ptr() as usize) as u32
    }

    /// Where the bytes of payload came from.
    fn pieces(&self, payload: &[u8]) -> Vec<Piece> {
        let start = self.place(payload);
        let at = start..start + payload.len() as u32;
        if let Some(packet) = self.packet {
            return packet.pieces.iter().filter_map(|piece| piece.within(&at)).collect();
        }
        let Stamp { time, capture, frame } = self.at;
        vec![Piece { at: 0..at.end - start, capture, frame, position: self.position.wrapping_add(start.into()), time }]
    }
}

/// How many threads this machine runs at once.
fn cores() -> usize {
    thread::available_parallelism().map_or(1, usize::from)
}
