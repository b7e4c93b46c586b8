//! The file store: one file a flow.
//!
//! Bytes go to their offset, so holes stay holes. Bytes that turn up in front of a file's first byte wait in an `early`
//! file; when the flow is closed such a file is rebuilt once, beside, and renamed.

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
use super::journal::{self, Journal, Record};
use super::{AtRest, Error, PayloadStore, Stored, at};
use crate::model::{FlowId, HashKind, PackFrame, Timestamp};

/// Flows whose digests are worth keeping: shorter ones are read again at less cost than the state takes.
const PARK_FROM: u64 = 256 << 10;
/// Running digests kept of flows that were closed and may go on in this run, so that they need not be read again.
const MAX_PARKED: usize = 4096;

/// Payload as files beneath a case directory.
pub struct Files {
    beneath: Beneath,
    hashes: Vec<HashKind>,
    journal: Option<Journal>,
    /// What was written is to be on disk before a commit, and what was renamed before the journal goes.
    sync: bool,
    flows: HashMap<FlowId, Flow>,
    open: OpenFiles,
    parked: HashMap<FlowId, Front>,
    moves: Vec<(String, String)>,
    /// Files that will be made and that the journal was not told of yet: it is told of many at once.
    announced: Vec<String>,
    /// How many files the journal was told of.
    journaled: u64,
    scratch_files: u64,
}

struct Flow {
    path: String,
    first: Option<Timestamp>,
    base: i64,
    disk: Option<OnDisk>,
    early: Option<Early>,
    front: Front,
    /// How many files were announced before its own.
    announced: u64,
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
            sync: false,
            flows: HashMap::new(),
            open: OpenFiles::default(),
            parked: HashMap::new(),
            moves: Vec::new(),
            announced: Vec::new(),
            journaled: 0,
            scratch_files: 0,
        }
    }

    fn sync(&self) -> Result<(), Error> {
        if self.sync { self.beneath.sync().map_err(at(".")) } else { Ok(()) }
    }

    fn flow(&mut self, flow: FlowId) -> &mut Flow {
        self.flows.get_mut(&flow).expect(BEGUN)
    }

    /// The flow's file exists, and the journal knows that it changes.
    fn make_writable(&mut self, id: FlowId) -> Result<(), Error> {
        let flow = self.flows.get_mut(&id).expect(BEGUN);
        flow.written = true;
        match &mut flow.disk {
            None => {
                if flow.announced >= self.journaled {
                    let records: Vec<Record> = self.announced.drain(..).map(Record::New).collect();
                    self.journaled += records.len() as u64;
                    note(&mut self.journal, &records)?;
                }
                let file = create(&mut self.beneath, &mut self.journal, &flow.path)?;
                flow.disk = Some(OnDisk { origin: flow.base, committed: None, changed: true });
                self.open.insert(id, file);
            }
            Some(disk) if !disk.changed => {
                disk.changed = true;
                let committed = disk.committed.unwrap_or(0);
                note(&mut self.journal, &[Record::Grow(flow.path.clone(), committed)])?;
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
    fn begin_batch(&mut self, batch: u64, sync: bool) -> Result<(), Error> {
        let journal = Journal::begin(&mut self.beneath, batch, sync).map_err(at(journal::NAME))?;
        (self.journal, self.sync) = (Some(journal), sync);
        Ok(())
    }

    fn prepare(&mut self) -> Result<Vec<PackFrame>, Error> {
        for (from, to) in &self.moves {
            note(&mut self.journal, &[Record::Move(from.clone(), to.clone())])?;
        }
        self.sync()?;
        Ok(Vec::new())
    }

    fn settle(&mut self) -> Result<(), Error> {
        let moves = std::mem::take(&mut self.moves);
        for (from, to) in &moves {
            self.beneath.rename(from, to).map_err(at(to))?;
        }
        if !moves.is_empty() {
            self.sync()?;
        }
        self.journal = None;
        self.beneath.remove_directory(SCRATCH).map_err(at(SCRATCH))?;
        self.beneath.remove(journal::NAME).map_err(at(journal::NAME))
    }

    fn begin(&mut self, flow: FlowId, path: String, first: Option<Timestamp>) {
        let front = Front::new(&self.hashes, 0);
        let announced = self.journaled + self.announced.len() as u64;
        self.announced.push(path.clone());
        self.flows.insert(
            flow,
            Flow { path, first, base: 0, disk: None, early: None, front, announced, written: false, stale: false },
        );
    }

    fn resume(&mut self, flow: FlowId, rest: AtRest) {
        let end = rest.base + rest.length as i64;
        let parked = self.parked.remove(&flow).filter(|front| front.position == end);
        let front = parked.unwrap_or_else(|| Front::new(&self.hashes, rest.base));
        let disk = Some(OnDisk { origin: rest.base, committed: Some(rest.length), changed: false });
        let resumed = Flow {
            path: rest.path,
            first: rest.first,
            base: rest.base,
            disk,
            early: None,
            front,
            announced: 0,
            written: false,
            stale: false,
        };
        self.flows.insert(flow, resumed);
    }

    fn rebase(&mut self, flow: FlowId, base: i64) {
        let hashes = self.hashes.clone();
        let flow = self.flow(flow);
        flow.base = base;
        flow.front = Front::new(&hashes, base);
        flow.stale = false;
    }

    fn write(&mut self, id: FlowId, position: i64, bytes: &[u8]) -> Result<(), Error> {
        let flow = self.flow(id);
        // a hole that was fed as zeros
        flow.stale |= position < flow.front.position;
        if position == flow.front.position && !flow.stale {
            flow.front.feed(bytes);
        }
        self.make_writable(id)?;
        let origin = self.flow(id).disk.as_ref().map_or(position, |disk| disk.origin);
        let early = ((origin - position).max(0) as usize).min(bytes.len());
        let (before, inside) = bytes.split_at(early);
        if !before.is_empty() {
            self.put_early(id, position, before)?;
        }
        if !inside.is_empty() {
            let offset = (position + early as i64 - origin) as u64;
            self.with_file(id, |file| file.write_all_at(inside, offset))?;
        }
        Ok(())
    }

    fn read(&mut self, id: FlowId, position: i64, into: &mut [u8]) -> Result<(), Error> {
        into.fill(0);
        let Some(origin) = self.flow(id).disk.as_ref().map(|disk| disk.origin) else { return Ok(()) };
        let before = ((origin - position).max(0) as usize).min(into.len());
        let inside = &mut into[before..];
        let offset = (position + before as i64 - origin) as u64;
        self.with_file(id, |file| read_up_to(file, inside, offset))?;
        if before > 0 {
            self.read_early(id, position, &mut into[..before])?;
        }
        Ok(())
    }

    fn replace(&mut self, id: FlowId, position: i64, bytes: &[u8]) -> Result<(), Error> {
        self.keep_old(id, position, bytes.len())?;
        let flow = self.flow(id);
        flow.stale |= position < flow.front.position;
        self.put_over(id, position, bytes)
    }

    fn rest(&mut self, id: FlowId) -> Result<(), Error> {
        self.set_times(id)?;
        self.open.remove(id);
        Ok(())
    }

    fn close(&mut self, id: FlowId, length: u64) -> Result<Stored, Error> {
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
        if length >= PARK_FROM && self.parked.len() < MAX_PARKED {
            self.parked.insert(id, flow.front.clone());
        }
        Ok(Stored { digests: flow.front.finish(), pieces: None })
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
        note(&mut self.journal, &[Record::Bytes(path, start, old)])
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

/// Makes a new file that the journal was told of. A file that is there already stays as it is.
fn create(beneath: &mut Beneath, journal: &mut Option<Journal>, path: &str) -> Result<File, Error> {
    match beneath.create(path) {
        Err(error) if error.kind() == io::ErrorKind::AlreadyExists => {
            note(journal, &[Record::Foreign(path.to_owned())])?;
            Err(Error::InTheWay(path.to_owned()))
        }
        other => other.map_err(at(path)),
    }
}

fn note(journal: &mut Option<Journal>, records: &[Record]) -> Result<(), Error> {
    journal.as_mut().map_or(Ok(()), |journal| journal.write(records)).map_err(at(journal::NAME))
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
