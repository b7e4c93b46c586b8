//! The file store: one file a flow.
//!
//! Bytes go to their offset, so holes stay holes. Bytes that turn up in front of a file's first byte wait in an `early`
//! file; when the flow is closed such a file is rebuilt once, beside, and renamed.

mod rebuild;

use std::collections::{BTreeMap, HashMap, VecDeque};
use std::fs::File;
use std::io;
use std::os::unix::fs::FileExt;

use rebuild::Early;

use super::beneath::Beneath;
use super::digest::Front;
use super::journal::{self, Record};
use super::{Asleep, AtRest, Error, PayloadStore, Stored, asleep, at};
use crate::model::{FlowId, HashKind, PackFrame, Timestamp};

/// Flows whose digests are worth keeping: shorter ones are read again at less cost than the state takes.
const PARK_FROM: u64 = if cfg!(test) { 64 } else { 256 << 10 };
/// Running digests kept of flows that were closed and may go on in this run, so that they need not be read again.
const MAX_PARKED: usize = 512;
/// Files kept open unless it is said how many: eight such stores stay far below the usual limit of 1024 descriptors.
pub const MAX_OPEN: usize = 64;

/// Payload as files beneath a case directory.
pub struct Files {
    disk: Disk,
    flows: HashMap<FlowId, Flow, foldhash::fast::RandomState>,
    /// Flows whose files were opened, oldest first; some may be closed again.
    open: VecDeque<FlowId>,
    parked: HashMap<FlowId, Box<Front>>,
}

/// What every flow's file needs besides the flow.
struct Disk {
    beneath: Beneath,
    hashes: Vec<HashKind>,
    journal: journal::Shared,
    /// Flows whose files were built anew, by the path whose file they replace after the commit; until then they lie here.
    moves: BTreeMap<String, String>,
    /// Tells its scratch files from those of other stores in the same directory.
    number: u8,
    scratch_files: u64,
    /// Files kept open.
    max_open: usize,
}

struct Flow {
    path: String,
    /// Where it lies until the commit, if a committed file stands in its place.
    scratch: Option<String>,
    first: Option<Timestamp>,
    base: i64,
    /// Stream position after the highest byte stored.
    end: i64,
    disk: Option<OnDisk>,
    file: Option<File>,
    early: Option<Box<Early>>,
    /// `None`: nothing was fed yet.
    front: Option<Box<Front>>,
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
    /// A store in the case directory `beneath`, which keeps these digests. Several may share a directory and its journal, if
    /// their numbers differ.
    pub fn new(beneath: Beneath, hashes: Vec<HashKind>, journal: journal::Shared, number: u8) -> Self {
        let disk =
            Disk { beneath, hashes, journal, moves: BTreeMap::new(), number, scratch_files: 0, max_open: MAX_OPEN };
        Files { disk, flows: HashMap::default(), open: VecDeque::new(), parked: HashMap::new() }
    }

    /// Keeps at most so many files open, and one at least.
    pub fn keep_open(mut self, files: usize) -> Self {
        self.disk.max_open = files.max(1);
        self
    }

    /// Does something with a flow, and sees to it that not too many files stay open.
    fn with<T>(&mut self, id: FlowId, act: impl FnOnce(&mut Flow, &mut Disk) -> Result<T, Error>) -> Result<T, Error> {
        let flow = self.flows.get_mut(&id).expect(BEGUN);
        let was_open = flow.file.is_some();
        let done = act(flow, &mut self.disk);
        if !was_open && flow.file.is_some() {
            self.open.push_back(id);
            self.close_oldest();
        }
        done
    }

    fn close_oldest(&mut self) {
        while self.open.len() > self.disk.max_open {
            let oldest = self.open.pop_front().and_then(|id| self.flows.get_mut(&id));
            if let Some(flow) = oldest {
                flow.file = None;
            }
        }
    }
}

impl PayloadStore for Files {
    fn announce(&self, paths: &mut dyn Iterator<Item = &str>) -> Result<(), Error> {
        let records: Vec<Record> = paths.map(|path| Record::New(path.to_owned())).collect();
        self.disk.note(&records)
    }

    fn begin(&mut self, flow: FlowId, path: String, first: Option<Timestamp>) {
        self.flows.insert(flow, Flow::new(path, first));
    }

    fn resume(&mut self, flow: FlowId, rest: AtRest) {
        let end = rest.base + rest.length as i64;
        let front = self.parked.remove(&flow).filter(|front| front.position == end);
        let scratch = self.disk.moves.get(&rest.path).cloned();
        let committed = scratch.is_none().then_some(rest.length);
        let disk = Some(OnDisk { origin: rest.base, committed, changed: scratch.is_some() });
        let begun = Flow::new(rest.path, rest.first);
        self.flows.insert(flow, Flow { base: rest.base, end, disk, front, scratch, ..begun });
    }

    fn rebase(&mut self, flow: FlowId, base: i64) {
        let flow = self.flows.get_mut(&flow).expect(BEGUN);
        (flow.base, flow.front, flow.stale) = (base, None, false);
    }

    fn write(&mut self, id: FlowId, position: i64, bytes: &[u8]) -> Result<(), Error> {
        self.with(id, |flow, disk| {
            flow.feed(position, bytes, &disk.hashes);
            flow.put(position, bytes, disk)
        })
    }

    fn read(&mut self, id: FlowId, position: i64, into: &mut [u8]) -> Result<(), Error> {
        self.with(id, |flow, disk| flow.read(position, into, disk))
    }

    fn replace(&mut self, id: FlowId, position: i64, bytes: &[u8]) -> Result<(), Error> {
        self.with(id, |flow, disk| {
            flow.keep_old(position, bytes.len(), disk)?;
            flow.stale |= flow.front.as_ref().is_some_and(|front| position < front.position);
            flow.put(position, bytes, disk)
        })
    }

    fn rest(&mut self, id: FlowId) -> Result<(), Error> {
        self.with(id, |flow, disk| {
            flow.set_times(disk)?;
            flow.file = None;
            Ok(())
        })
    }

    fn sleep(&mut self, id: FlowId) -> Result<Option<Asleep>, Error> {
        self.rest(id)?;
        let asleep = self.flows.get(&id).and_then(Flow::asleep);
        if asleep.is_some() {
            self.flows.remove(&id);
        }
        Ok(asleep)
    }

    fn wake(&mut self, id: FlowId, asleep: Asleep) {
        let Asleep { path, base, length, first, committed, changed, .. } = asleep;
        let (end, disk) = (base + length as i64, Some(OnDisk { origin: base, committed, changed }));
        self.flows.insert(id, Flow { base, end, disk, ..Flow::new(path, first) });
    }

    fn close(&mut self, id: FlowId, length: u64, digested: bool) -> Result<Stored, Error> {
        self.with(id, |flow, disk| flow.complete(length, digested, disk))?;
        let Flow { path, front, .. } = self.flows.remove(&id).expect(BEGUN);
        if let Some(front) = front.as_ref().filter(|_| length >= PARK_FROM && self.parked.len() < MAX_PARKED) {
            self.parked.insert(id, front.clone());
        }
        Ok(Stored { path, digests: front.map(|front| front.finish()).unwrap_or_default(), pieces: None })
    }

    fn prepare(&mut self) -> Result<Vec<PackFrame>, Error> {
        let moves = self.disk.moves.iter().map(|(to, from)| Record::Move(from.clone(), to.clone()));
        self.disk.note(&moves.collect::<Vec<_>>())?;
        Ok(Vec::new())
    }

    fn settle(&mut self) -> Result<(), Error> {
        let (moves, beneath) = (std::mem::take(&mut self.disk.moves), &self.disk.beneath);
        moves.iter().try_for_each(|(to, from)| beneath.rename(from, to).map(drop).map_err(at(to)))
    }
}

impl Flow {
    fn new(path: String, first: Option<Timestamp>) -> Self {
        Flow {
            path,
            scratch: None,
            first,
            base: 0,
            end: i64::MIN,
            disk: None,
            file: None,
            early: None,
            front: None,
            written: false,
            stale: false,
        }
    }

    /// All of it, if that is little.
    fn asleep(&self) -> Option<Asleep> {
        let base = self.base;
        let on_disk = self.disk.as_ref().filter(|on_disk| on_disk.origin == base)?;
        if self.early.is_some() || self.scratch.is_some() {
            return None;
        }
        let length = self.end.checked_sub(base)?.try_into().ok()?;
        let digests = asleep::digests(self.front.as_deref(), self.stale, self.end, length)?;
        let OnDisk { committed, changed, .. } = *on_disk;
        let (path, first) = (self.path.clone(), self.first);
        Some(Asleep { path, base, length, first, committed, changed, digests, pieces: None })
    }

    /// The path of its file, as long as nothing is committed.
    fn place(&self) -> &str {
        self.scratch.as_deref().unwrap_or(&self.path)
    }

    /// Feeds the digests if these are the next bytes. Those of a hole that was fed as zeros come too late.
    fn feed(&mut self, position: i64, bytes: &[u8], hashes: &[HashKind]) {
        self.stale |= self.front.as_ref().is_some_and(|front| position < front.position);
        if position == self.front.as_ref().map_or(self.base, |front| front.position) && !self.stale {
            self.front.get_or_insert_with(|| Box::new(Front::new(hashes, position))).feed(bytes);
        }
    }

    /// Stores bytes at their place, or in front of the file.
    fn put(&mut self, position: i64, bytes: &[u8], disk: &mut Disk) -> Result<(), Error> {
        self.make_writable(disk)?;
        self.end = self.end.max(position + bytes.len() as i64);
        let origin = self.disk.as_ref().map_or(position, |on_disk| on_disk.origin);
        let early = ((origin - position).max(0) as usize).min(bytes.len());
        let (before, inside) = bytes.split_at(early);
        if !before.is_empty() {
            self.put_early(position, before, disk)?;
        }
        if inside.is_empty() {
            return Ok(());
        }
        let offset = (position + early as i64 - origin) as u64;
        self.with_file(disk, |file| file.write_all_at(inside, offset))
    }

    fn read(&mut self, position: i64, into: &mut [u8], disk: &Disk) -> Result<(), Error> {
        into.fill(0);
        let Some(origin) = self.disk.as_ref().map(|on_disk| on_disk.origin) else { return Ok(()) };
        let before = ((origin - position).max(0) as usize).min(into.len());
        let inside = &mut into[before..];
        let offset = (position + before as i64 - origin) as u64;
        self.with_file(disk, |file| read_up_to(file, inside, offset))?;
        if before > 0 { self.read_early(position, &mut into[..before], disk) } else { Ok(()) }
    }

    /// The flow is whole: so is its file, and so are its digests if they are wanted.
    fn complete(&mut self, length: u64, digested: bool, disk: &mut Disk) -> Result<(), Error> {
        if self.disk.is_none() {
            self.make_writable(disk)?;
        }
        if self.must_rebuild() {
            self.rebuild(length, disk)?;
        }
        if digested {
            self.catch_up(length, disk)?;
        } else {
            self.front = None;
        }
        self.set_times(disk)?;
        self.file = None;
        Ok(())
    }

    /// The flow's file exists, and the journal knows that it changes.
    fn make_writable(&mut self, disk: &Disk) -> Result<(), Error> {
        self.written = true;
        match &mut self.disk {
            None => {
                self.file = Some(disk.create(&self.path)?);
                self.disk = Some(OnDisk { origin: self.base, committed: None, changed: true });
            }
            Some(on_disk) if !on_disk.changed => {
                on_disk.changed = true;
                disk.note(&[Record::Grow(self.path.clone(), on_disk.committed.unwrap_or(0))])?;
            }
            Some(_) => {}
        }
        Ok(())
    }

    fn with_file<T>(&mut self, disk: &Disk, act: impl FnOnce(&File) -> io::Result<T>) -> Result<T, Error> {
        let file = match self.file.take() {
            Some(file) => Ok(file),
            None => disk.beneath.edit(self.place()),
        };
        file.and_then(|file| act(self.file.insert(file))).map_err(at(&self.path))
    }

    /// Feeds the digests what they have not seen, from the file.
    fn catch_up(&mut self, length: u64, disk: &Disk) -> Result<(), Error> {
        let (base, stale) = (self.base, self.stale);
        let fed = self.front.take().filter(|front| !stale && front.position >= base);
        let mut front = fed.unwrap_or_else(|| Box::new(Front::new(&disk.hashes, base)));
        if front.position < base + length as i64 {
            let from = (front.position - base) as u64;
            self.with_file(disk, |file| front.feed_file(file, from, length))?;
        }
        self.front = Some(front);
        Ok(())
    }

    /// Gives a file that was written the times of its flow's first frame.
    fn set_times(&mut self, disk: &Disk) -> Result<(), Error> {
        let written = std::mem::take(&mut self.written);
        let Some(first) = self.first.filter(|_| written) else { return Ok(()) };
        let time = rustix::fs::Timespec { tv_sec: first.seconds(), tv_nsec: first.subsecond_nanoseconds().into() };
        let times = rustix::fs::Timestamps { last_access: time, last_modification: time };
        self.with_file(disk, |file| Ok(rustix::fs::futimens(file, &times)?))
    }

    /// Keeps the committed bytes of a range that is about to be overwritten in the journal.
    fn keep_old(&mut self, position: i64, length: usize, disk: &Disk) -> Result<(), Error> {
        self.make_writable(disk)?;
        let on_disk = self.disk.as_ref().and_then(|on_disk| Some((on_disk.origin, on_disk.committed?)));
        let Some((origin, committed)) = on_disk else { return Ok(()) };
        let start = (position - origin).max(0) as u64;
        let end = (start + length as u64).min(committed);
        if start >= end {
            return Ok(());
        }
        let mut old = vec![0; (end - start) as usize];
        self.with_file(disk, |file| file.read_exact_at(&mut old, start))?;
        disk.note(&[Record::Bytes(self.path.clone(), start, old)])
    }
}

impl Disk {
    /// Makes a new file that the journal was told of. A file that is there already stays as it is.
    fn create(&self, path: &str) -> Result<File, Error> {
        match self.beneath.create(path) {
            Err(error) if error.kind() == io::ErrorKind::AlreadyExists => {
                self.note(&[Record::Foreign(path.to_owned())])?;
                Err(Error::InTheWay(path.to_owned()))
            }
            other => other.map_err(at(path)),
        }
    }

    fn note(&self, records: &[Record]) -> Result<(), Error> {
        if records.is_empty() { Ok(()) } else { self.journal.write(records).map_err(at(journal::NAME)) }
    }
}

const BEGUN: &str = "a flow is begun or resumed before it is used, and closed last";

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
