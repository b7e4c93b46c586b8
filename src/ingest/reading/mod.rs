//! The loop: frames from the captures, each to the recorder or to the ledger's skipped. How it begins is said in `start`,
//! what becomes of packets that come in parts in `parts`.

use std::ops::Range;
use std::path::PathBuf;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::mpsc::Receiver;
use std::thread::ScopedJoinHandle;

use smallvec::SmallVec;

use super::air::Airs;
use super::ledger::Ledger;
use super::order::Origin;
use super::packets::Packet;
use super::recorder::{Frame, Recorder};
use super::{Error, Progress, Summary, Tap};
use crate::capture::{Filter, Step};
use crate::decode::Found;
use crate::decode::fragments::{Fragments, Outcome};
use crate::model::{Batch, FrameHead, Skip, Transport, Unused};
use crate::track::{LOOK_AHEAD, Stamp};

mod parts;
mod start;

pub use start::{Feed, Watch, record};

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
}

impl Here<'_> {
    /// Where payload lies: it is a part of the bytes.
    fn place(&self, payload: &[u8]) -> u32 {
        (payload.as_ptr() as usize).saturating_sub(self.bytes.as_ptr() as usize) as u32
    }
}
