//! The loop: frames from the captures, each to the recorder or to the ledger's skipped.

use std::ops::Range;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::mpsc::{Receiver, sync_channel};
use std::thread::{self, ScopedJoinHandle};

use smallvec::SmallVec;

use super::budget::Budget;
use super::ledger::Ledger;
use super::order::Origin;
use super::payload::Payload;
use super::plan::Plan;
use super::recorder::{Frame, Recorder, Start};
use super::scribe::Scribe;
use super::settings::Settings;
use super::{Error, Options, Progress, Summary, run};
use crate::capture::{self, Filter, Merge, Step};
use crate::case::Writer;
use crate::decode::{Found, decode};
use crate::model::{Batch, FrameHead, Segment, Skip};
use crate::track::{LOOK_AHEAD, Stamp};

/// Captured bytes after which a group is committed at the next opportunity: keeps commits few and what a kill costs small.
const GROUP: u64 = 256 << 20;
/// Steps on their way from the reader: enough to even out its pace, and about 2 MiB.
const AHEAD: usize = 4;

/// Reads what the plan says and records it.
pub fn record(
    case: &mut Writer,
    settings: &Settings,
    mut plan: Plan,
    filter: Option<Filter>,
    options: &Options,
    progress: &mut dyn Progress,
) -> Result<Summary, Error> {
    let (next_capture, connection, flow) = case.index.next_ids()?;
    let (batch, dormant) = (case.index.batch()?, case.index.dormant_hashes()?);
    progress.total(plan.bytes);
    let ledger = Ledger::new(next_capture, &mut plan, options.filter.clone().unwrap_or_default());
    if plan.reading.is_empty() {
        return Ok(ledger.unchanged());
    }
    case.index.set_sync(options.sync)?;
    let memory = options.memory.or(run::machine_memory().map(|bytes| bytes / 2)).unwrap_or_default();
    let budget = Budget::of(memory);
    case.index.set_cache(budget.cache)?;
    let payload = Payload::new(case.beneath.clone(), options.sync);
    let stores = payload.stores(&case.index, settings)?;
    let merge = Merge::new(capture::plan(&plan.reading));
    let read = merge.bytes_read();
    thread::scope(|scope| {
        let scribe = Scribe::start(scope, &mut case.index)?;
        let workers = options.workers.unwrap_or_else(cores);
        let start = Start { connection, flow, dormant, batch, workers, budget };
        let mut recorder = Recorder::new(scope, settings, payload, stores, scribe, start)?;
        let (send, steps) = sync_channel(AHEAD);
        let read_all = move || {
            let mut sent = merge.map(|step| send.send(step));
            sent.all(|sent| sent.is_ok());
        };
        let reader = thread::Builder::new().name("reader".to_owned());
        let reader = reader.spawn_scoped(scope, read_all).map_err(Error::Thread)?;
        let group = options.group_bytes.unwrap_or(GROUP);
        let reading = Reading { recorder: &mut recorder, ledger, filter, progress, group, since_commit: 0 };
        let done = reading.all(&steps, &read, reader);
        drop(steps);
        // what ended the index's thread is the cause, whatever else went wrong because of it
        recorder.finish().and(done)
    })
}

struct Reading<'a, 'scope> {
    recorder: &'a mut Recorder<'scope>,
    ledger: Ledger,
    filter: Option<Filter>,
    progress: &'a mut dyn Progress,
    /// Captured bytes that make a group.
    group: u64,
    /// Captured bytes since the last commit.
    since_commit: u64,
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
                Step::Ended(ended) => self.ledger.ended(ended, self.recorder)?,
                Step::Quiet if self.since_commit >= self.group => {
                    self.recorder.commit(false)?;
                    self.since_commit = 0;
                }
                Step::Quiet => {}
            }
            self.progress.at(read.load(Ordering::Relaxed), self.recorder.flows());
        }
        // a reader that broke down must not look like one that came to the end
        reader.join().unwrap_or_else(|panic| std::panic::resume_unwind(panic));
        let mut summary = self.ledger.finish(self.recorder)?;
        self.recorder.commit(true)?;
        self.recorder.sum_up(&mut summary);
        Ok(summary)
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
        let mut ahead: SmallVec<[Frame<'_>; LOOK_AHEAD]> = SmallVec::new();
        for (index, frame) in range.clone().zip(&batch.frames[range]) {
            let data = batch.data(frame);
            match self.segment(frame, data) {
                Ok(segment) => {
                    used += 1;
                    let at = Stamp { time: frame.time, capture, frame: frame.number };
                    let origin = Origin { source, frame: index as u32, payload: place(&batch.bytes, segment.payload) };
                    ahead.push(Frame { at, origin, segment });
                    if ahead.len() == LOOK_AHEAD {
                        self.recorder.observe(&ahead)?;
                        ahead.clear();
                    }
                }
                Err(reason) => self.ledger.skipped(batch.capture, reason, data.len()),
            }
            self.since_commit += data.len() as u64;
        }
        self.recorder.observe(&ahead)?;
        self.ledger.used(batch.capture, used);
        Ok(())
    }

    fn segment<'d>(&mut self, frame: &FrameHead, data: &'d [u8]) -> Result<Segment<'d>, Skip> {
        let accepts = |filter: &mut Filter| filter.accepts(frame.link, data, frame.original_len);
        if !self.filter.as_mut().is_none_or(accepts) {
            return Err(Skip::Filtered);
        }
        match decode(frame.link, data, frame.original_len)? {
            Found::Segment(segment) => Ok(segment),
            Found::Fragment(_) => Err(Skip::IncompleteFragment),
            Found::Datagram(..) | Found::Other(_) | Found::Several(_) => Err(Skip::NotTcp),
        }
    }
}

/// Where a segment's payload lies: it is a part of the batch's bytes.
fn place(bytes: &[u8], payload: &[u8]) -> u32 {
    (payload.as_ptr() as usize).saturating_sub(bytes.as_ptr() as usize) as u32
}

/// How many threads this machine runs at once.
fn cores() -> usize {
    thread::available_parallelism().map_or(1, usize::from)
}
