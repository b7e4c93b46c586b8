//! The file store: one file a flow.
//!
//! A flow's bytes gather in memory and go to its file in large writes, at their offset, so holes stay holes. Small flows
//! never have an open file: they are made, written and closed at once. Bytes that turn up in front of a file's first
//! byte wait in an `early` file; when the flow is closed such a file is rebuilt once, beside, and renamed.

mod open;
mod rebuild;

use std::collections::HashMap;
use std::fs::File;
use std::io;
use std::os::unix::fs::FileExt;

use open::OpenFiles;
use rebuild::Early;
pub use rebuild::SCRATCH;

use super::beneath::Beneath;
use super::digest::Front;
use super::gather::{Chunk, Gather};
use super::journal::{self, Journal, Record};
use super::{AtRest, Error, PayloadStore, at};
use crate::model::{Digests, FlowId, HashKind, Timestamp};

/// Bytes of one flow gathered before they are written: large enough that system calls do not count.
const GATHER: usize = 256 << 10;
/// Bytes of all flows gathered together: past it, every flow that has a page or more is written.
const GATHER_ALL: usize = 48 << 20;
/// Buffers kept to be filled again.
const MAX_SPARE: usize = 16;
/// Running digests kept of flows that were closed and may go on in this run, so that they need not be read again.
const MAX_PARKED: usize = 4096;

/// Payload as files beneath a case directory.
pub struct Files {
    beneath: Beneath,
    hashes: Vec<HashKind>,
    journal: Option<Journal>,
    flows: HashMap<FlowId, Flow>,
    gathered: usize,
    open: OpenFiles,
    parked: HashMap<FlowId, Front>,
    moves: Vec<(String, String)>,
    scratch_files: u64,
    /// Buffers of chunks that were written, for the next chunks of large flows.
    spare: Vec<Vec<u8>>,
}

struct Flow {
    path: String,
    first: Option<Timestamp>,
    base: i64,
    gather: Gather,
    disk: Option<OnDisk>,
    early: Option<Early>,
    front: Front,
    /// Since its times were set.
    written: bool,
    /// Bytes in front of `front` changed after they were fed: it has to begin anew.
    stale: bool,
}

/// The flow's file as it lies.
struct OnDisk {
    /// Stream position of its first byte.
    origin: i64,
    /// An earlier commit made it, this long.
    committed: Option<u64>,
    /// This run changes it, and the journal knows.
    changed: bool,
}

impl Files {
    /// A store in the case directory `beneath`, which keeps these digests.
    pub fn new(beneath: Beneath, hashes: Vec<HashKind>) -> Self {
        Files {
            beneath,
            hashes,
            journal: None,
            flows: HashMap::new(),
            gathered: 0,
            open: OpenFiles::default(),
            parked: HashMap::new(),
            moves: Vec::new(),
            scratch_files: 0,
            spare: Vec::new(),
        }
    }

    /// From now on everything belongs to the commit that will be number `batch`.
    pub fn begin_batch(&mut self, batch: u64, sync: bool) -> Result<(), Error> {
        let journal = Journal::begin(&mut self.beneath, batch, sync).map_err(at(journal::NAME))?;
        self.journal = Some(journal);
        Ok(())
    }

    /// All flows are closed; what must wait for the commit is told to the journal. With `sync`, everything is on disk.
    pub fn prepare(&mut self, sync: bool) -> Result<(), Error> {
        for (from, to) in &self.moves {
            let record = Record::Move(from.clone(), to.clone());
            note(&mut self.journal, &record)?;
        }
        if sync {
            self.beneath.sync().map_err(at("."))?;
        }
        Ok(())
    }

    /// The commit happened: rebuilt files take their places, and the journal is done with.
    pub fn settle(&mut self) -> Result<(), Error> {
        for (from, to) in std::mem::take(&mut self.moves) {
            self.beneath.rename(&from, &to).map_err(at(&to))?;
        }
        self.journal = None;
        self.beneath.remove(journal::NAME).map_err(at(journal::NAME))
    }

    fn flow(&mut self, flow: FlowId) -> &mut Flow {
        self.flows.get_mut(&flow).expect(BEGUN)
    }

    /// Writes what a flow has gathered to its file.
    fn flush(&mut self, id: FlowId) -> Result<(), Error> {
        let flow = self.flow(id);
        let chunks = flow.gather.take();
        let bytes: usize = chunks.iter().map(|chunk| chunk.bytes.len()).sum();
        self.gathered -= bytes;
        for chunk in chunks {
            self.put(id, &chunk)?;
            if chunk.bytes.capacity() >= GATHER && self.spare.len() < MAX_SPARE {
                self.spare.push(chunk.bytes);
            }
        }
        Ok(())
    }

    fn flush_all(&mut self) -> Result<(), Error> {
        const PAGE: usize = 4096;
        let worth = |(&id, flow): (&FlowId, &Flow)| (flow.gather.held() >= PAGE).then_some(id);
        let mut ids: Vec<FlowId> = self.flows.iter().filter_map(worth).collect();
        ids.sort_unstable();
        ids.into_iter().try_for_each(|id| self.flush(id))?;
        if self.gathered > GATHER_ALL / 2 {
            let mut ids: Vec<FlowId> = self.flows.keys().copied().collect();
            ids.sort_unstable();
            ids.into_iter().try_for_each(|id| self.flush(id))?;
        }
        Ok(())
    }

    /// Writes one chunk to its place, and feeds it to the digests if it is next.
    fn put(&mut self, id: FlowId, chunk: &Chunk) -> Result<(), Error> {
        let flow = self.flow(id);
        if chunk.position == flow.front.position && !flow.stale {
            flow.front.feed(&chunk.bytes);
        }
        self.make_writable(id)?;
        let flow = self.flow(id);
        let origin = flow.disk.as_ref().map_or(chunk.position, |disk| disk.origin);
        let early = ((origin - chunk.position).max(0) as usize).min(chunk.bytes.len());
        let (before, inside) = chunk.bytes.split_at(early);
        if !before.is_empty() {
            self.put_early(id, chunk.position, before)?;
        }
        if !inside.is_empty() {
            let offset = (chunk.position + early as i64 - origin) as u64;
            self.with_file(id, |file| file.write_all_at(inside, offset))?;
        }
        Ok(())
    }

    /// The flow's file exists, and the journal knows that it changes.
    fn make_writable(&mut self, id: FlowId) -> Result<(), Error> {
        let flow = self.flows.get_mut(&id).expect(BEGUN);
        flow.written = true;
        match &mut flow.disk {
            None => {
                let file = create(&mut self.beneath, &mut self.journal, &flow.path)?;
                flow.disk = Some(OnDisk { origin: flow.base, committed: None, changed: true });
                self.open.insert(id, file);
            }
            Some(disk) if !disk.changed => {
                disk.changed = true;
                let record = Record::Grow(flow.path.clone(), disk.committed.unwrap_or(0));
                note(&mut self.journal, &record)?;
            }
            Some(_) => {}
        }
        Ok(())
    }

    fn with_file<T>(&mut self, id: FlowId, act: impl FnOnce(&File) -> io::Result<T>) -> Result<T, Error> {
        let path = &self.flows[&id].path;
        let beneath = &mut self.beneath;
        self.open.get(id, || beneath.edit(path)).and_then(act).map_err(at(path))
    }

    /// Feeds the digests what they have not seen, from the file.
    fn catch_up(&mut self, id: FlowId, length: u64) -> Result<(), Error> {
        let hashes = self.hashes.clone();
        let flow = self.flow(id);
        if flow.stale || flow.front.position < flow.base {
            flow.front = Front::new(&hashes, flow.base);
        }
        let end = flow.base + length as i64;
        if flow.front.position >= end {
            return Ok(());
        }
        let (from, to) = ((flow.front.position - flow.base) as u64, length);
        let mut front = flow.front.clone();
        self.with_file(id, |file| front.feed_file(file, from, to))?;
        self.flow(id).front = front;
        Ok(())
    }

    /// Gives a file that was written the times of its flow's first frame.
    fn set_times(&mut self, id: FlowId) -> Result<(), Error> {
        let flow = self.flow(id);
        let Some(first) = flow.first.filter(|_| std::mem::take(&mut flow.written)) else { return Ok(()) };
        let time = rustix::fs::Timespec { tv_sec: first.seconds(), tv_nsec: first.subsecond_nanoseconds().into() };
        let times = rustix::fs::Timestamps { last_access: time, last_modification: time };
        self.with_file(id, |file| Ok(rustix::fs::futimens(file, &times)?))
    }
}

impl PayloadStore for Files {
    fn begin(&mut self, flow: FlowId, path: String, first: Option<Timestamp>) {
        let front = Front::new(&self.hashes, 0);
        let (gather, base) = (Gather::default(), 0);
        self.flows.insert(
            flow,
            Flow { path, first, base, gather, disk: None, early: None, front, written: false, stale: false },
        );
    }

    fn resume(&mut self, flow: FlowId, rest: AtRest) {
        let end = rest.base + rest.length as i64;
        let parked = self.parked.remove(&flow).filter(|front| front.position == end);
        let front = parked.unwrap_or_else(|| Front::new(&self.hashes, rest.base));
        let disk = Some(OnDisk { origin: rest.base, committed: Some(rest.length), changed: false });
        let gather = Gather::default();
        let resumed = Flow {
            path: rest.path,
            first: rest.first,
            base: rest.base,
            gather,
            disk,
            early: None,
            front,
            written: false,
            stale: false,
        };
        self.flows.insert(flow, resumed);
    }

    fn rebase(&mut self, flow: FlowId, base: i64) {
        let hashes = self.hashes.clone();
        let flow = self.flow(flow);
        let held = flow.gather.held();
        flow.gather.drop_before(base);
        let dropped = held - flow.gather.held();
        flow.base = base;
        flow.front = Front::new(&hashes, base);
        flow.stale = false;
        self.gathered -= dropped;
    }

    fn write(&mut self, flow: FlowId, position: i64, bytes: &[u8]) -> Result<(), Error> {
        let (flows, spare) = (&mut self.flows, &mut self.spare);
        let Flow { gather, disk, .. } = flows.get_mut(&flow).expect(BEGUN);
        gather.add(position, bytes, || disk.as_ref().and_then(|_| spare.pop()).unwrap_or_default());
        let held = gather.held();
        self.gathered += bytes.len();
        if held >= GATHER {
            self.flush(flow)?;
        } else if self.gathered >= GATHER_ALL {
            self.flush_all()?;
        }
        Ok(())
    }

    fn read(&mut self, id: FlowId, position: i64, into: &mut [u8]) -> Result<(), Error> {
        into.fill(0);
        let flow = self.flow(id);
        if let Some(origin) = flow.disk.as_ref().map(|disk| disk.origin) {
            let before = ((origin - position).max(0) as usize).min(into.len());
            let inside = &mut into[before..];
            let offset = (position + before as i64 - origin) as u64;
            self.with_file(id, |file| read_up_to(file, inside, offset))?;
            if before > 0 {
                self.flush(id)?;
                self.read_early(id, position, &mut into[..before])?;
            }
        }
        let range = position..position + into.len() as i64;
        self.flow(id).gather.overlay(range, |piece, held| {
            into[(piece.start - position) as usize..][..held.len()].copy_from_slice(held);
        });
        Ok(())
    }

    fn replace(&mut self, id: FlowId, position: i64, bytes: &[u8]) -> Result<(), Error> {
        let flow = self.flow(id);
        let mut held = 0;
        flow.gather.overlay(position..position + bytes.len() as i64, |piece, here| {
            here.copy_from_slice(&bytes[(piece.start - position) as usize..][..here.len()]);
            held += here.len();
        });
        if held == bytes.len() {
            return Ok(());
        }
        self.flush(id)?;
        self.keep_old(id, position, bytes.len())?;
        let flow = self.flow(id);
        flow.stale |= position < flow.front.position;
        self.put_over(id, position, bytes)
    }

    fn rest(&mut self, id: FlowId) -> Result<(), Error> {
        self.flush(id)?;
        self.set_times(id)?;
        self.open.remove(id);
        Ok(())
    }

    fn close(&mut self, id: FlowId, length: u64) -> Result<Digests, Error> {
        self.flush(id)?;
        if self.flow(id).disk.is_none() {
            self.make_writable(id)?;
        }
        if self.must_rebuild(id) {
            self.rebuild(id, length)?;
        }
        self.catch_up(id, length)?;
        self.set_times(id)?;
        self.open.remove(id);
        let flow = self.flows.remove(&id).expect(BEGUN);
        if length >= GATHER as u64 && self.parked.len() < MAX_PARKED {
            self.parked.insert(id, flow.front.clone());
        }
        Ok(flow.front.finish())
    }
}

impl Files {
    /// Keeps the committed bytes of a range that is about to be overwritten in the journal.
    fn keep_old(&mut self, id: FlowId, position: i64, length: usize) -> Result<(), Error> {
        self.make_writable(id)?;
        let flow = &self.flows[&id];
        let Some((origin, committed)) = flow.disk.as_ref().and_then(|disk| Some((disk.origin, disk.committed?))) else {
            return Ok(());
        };
        let start = (position - origin).max(0) as u64;
        let end = ((position - origin).max(0) as u64 + length as u64).min(committed);
        if start >= end {
            return Ok(());
        }
        let (mut old, path) = (vec![0; (end - start) as usize], flow.path.clone());
        self.with_file(id, |file| file.read_exact_at(&mut old, start))?;
        let record = Record::Bytes(path, start, old);
        note(&mut self.journal, &record)
    }

    /// Writes over bytes that are in the file, or in the early file.
    fn put_over(&mut self, id: FlowId, position: i64, bytes: &[u8]) -> Result<(), Error> {
        let origin = self.flows[&id].disk.as_ref().map_or(position, |disk| disk.origin);
        let before = ((origin - position).max(0) as usize).min(bytes.len());
        if before > 0 {
            self.put_early(id, position, &bytes[..before])?;
        }
        let offset = (position + before as i64 - origin) as u64;
        self.with_file(id, |file| file.write_all_at(&bytes[before..], offset))
    }
}

const BEGUN: &str = "a flow is begun or resumed before it is used, and closed last";

/// Makes a new file, after the journal was told. A file that is there already stays as it is.
fn create(beneath: &mut Beneath, journal: &mut Option<Journal>, path: &str) -> Result<File, Error> {
    note(journal, &Record::New(path.to_owned()))?;
    match beneath.create(path) {
        Err(error) if error.kind() == io::ErrorKind::AlreadyExists => {
            note(journal, &Record::Foreign(path.to_owned()))?;
            Err(Error::InTheWay(path.to_owned()))
        }
        other => other.map_err(at(path)),
    }
}

fn note(journal: &mut Option<Journal>, record: &Record) -> Result<(), Error> {
    journal.as_mut().map_or(Ok(()), |journal| journal.write(record)).map_err(at(journal::NAME))
}

/// Reads as much of the file as there is; the rest of `into` stays as it is.
fn read_up_to(file: &File, into: &mut [u8], offset: u64) -> io::Result<()> {
    let mut done = 0;
    while done < into.len() {
        match file.read_at(&mut into[done..], offset + done as u64)? {
            0 => break,
            read => done += read,
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests;
