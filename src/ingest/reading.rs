//! The loop: frames from the captures, each to the recorder or to the ledger's skipped.

use std::io;
use std::ops::Range;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::mpsc::{Receiver, sync_channel};
use std::thread::{self, ScopedJoinHandle};

use super::ledger::Ledger;
use super::plan::Plan;
use super::recorder::{Place, Recorder, Start};
use super::scribe::Scribe;
use super::settings::Settings;
use super::{Error, Options, Progress, Summary};
use crate::capture::{self, Filter, Merge, Step};
use crate::case::Writer;
use crate::decode::decode;
use crate::index::Frames;
use crate::model::{Batch, CaptureId, FrameHead, Segment, Skip};
use crate::store::{self, Files, Packed, PayloadStore};
use crate::track::Stamp;

/// Captured bytes after which a group is committed at the next opportunity: keeps commits few and what a kill costs small.
const GROUP: u64 = 256 << 20;
/// Steps on their way from the reader: enough to even out its pace, and about 2 MiB.
const AHEAD: usize = 8;

/// The pack that is written.
const PACK: u8 = 0;

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
    case.index.defer_indexes()?;
    let mut store = store(case, settings)?;
    store.begin_batch(batch + 1, options.sync)?;
    let merge = Merge::new(capture::plan(&plan.reading));
    let read = merge.bytes_read();
    thread::scope(|scope| {
        let scribe = Scribe::start(scope, &mut case.index)?;
        let start = Start { connection, flow, dormant, batch, sync: options.sync };
        let mut recorder = Recorder::new(scope, settings, store, scribe, start)?;
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

/// The store of a case, where it goes on.
fn store(case: &Writer, settings: &Settings) -> Result<Box<dyn PayloadStore>, Error> {
    let (beneath, hashes) = (case.beneath.again(), settings.hashes.clone());
    if settings.store == store::Kind::Files {
        return Ok(Box::new(Files::new(beneath, hashes)));
    }
    let end = case.index.packs()?.into_iter().find(|end| end.pack == PACK).unwrap_or_default();
    let mut frames = Frames::of(case.index.path());
    let earlier = Box::new(move |number| frames.frame(PACK, number).map_err(io::Error::other));
    Ok(Box::new(Packed::new(beneath, hashes, PACK, end.next_frame, end.bytes, earlier)?))
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

    fn frames(&mut self, batch: &Batch, range: Range<usize>) -> Result<(), Error> {
        if range.start == 0 {
            let notes = batch.notes.iter();
            notes.for_each(|note| self.ledger.note(batch.capture, note, &batch.frames, self.progress));
        }
        let frames = &batch.frames[range];
        if frames.is_empty() {
            return Ok(());
        }
        let (id, mut used) = (self.ledger.number(batch.capture), 0);
        for frame in frames {
            let data = batch.data(frame);
            match self.segment(frame, data) {
                Ok(segment) => {
                    used += 1;
                    self.recorder.observe(place(id, frame, data, &segment), &segment)?;
                }
                Err(reason) => self.ledger.skipped(batch.capture, reason, data.len()),
            }
            self.since_commit += data.len() as u64;
        }
        self.ledger.used(batch.capture, used);
        Ok(())
    }

    fn segment<'d>(&mut self, frame: &FrameHead, data: &'d [u8]) -> Result<Segment<'d>, Skip> {
        let accepts = |filter: &mut Filter| filter.accepts(frame.link, data, frame.original_len);
        if !self.filter.as_mut().is_none_or(accepts) {
            return Err(Skip::Filtered);
        }
        decode(frame.link, data, frame.original_len)
    }
}

/// Where a segment's payload lies in the capture: the payload is a part of the frame's bytes.
fn place(capture: CaptureId, frame: &FrameHead, data: &[u8], segment: &Segment<'_>) -> Place {
    let into = (segment.payload.as_ptr() as usize).saturating_sub(data.as_ptr() as usize) as u64;
    let at = Stamp { time: frame.time, capture, frame: frame.number };
    Place { at, position: frame.position + into }
}
