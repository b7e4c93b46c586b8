//! Many captures as one stream of frames in order of time.
//!
//! Captures are ordered by the time of their first frame, then SHA-256, then path: their *rank*. Each frame has a key:
//! the running maximum of the times of its capture up to it, so that frames of one capture stay in file order even
//! where their times run backwards. The frame with the smallest (key, rank) goes first. A capture is opened when the
//! merge reaches its first time and closed at its end: captures that follow each other never stand open together.

use std::cmp::Reverse;
use std::collections::{BinaryHeap, VecDeque};
use std::ops::Range;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::AtomicU64;

use super::block::Input;
use super::block::is_stdin;
use super::digest::HEAD;
use super::live::Dropped;
use super::{Identity, Probe, Reader, Source, Stop, file_sha256};
use crate::model::{Batch, Timestamp};

/// Batches kept to be filled again once nobody reads them: as many as may be on their way through the program.
const POOL: usize = 32;

/// Captures that may overlap without a thought of how many files a process may have open.
const FEW: usize = 256;

/// A capture to be merged, with what its place in the order depends on.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Planned {
    /// Its number to the caller: what [`Batch::capture`] will say.
    pub capture: usize,
    /// Where it is; `-` for standard input.
    pub path: PathBuf,
    /// Time of its first frame; `None` (unknown, or no frame has one) comes first.
    pub first: Option<Timestamp>,
    /// SHA-256 of the file: puts captures in order whose first times are equal. Not needed for others.
    pub sha256: Option<[u8; 32]>,
}

/// The order of captures that were probed: their index in `probes` is their number. Reads whole files only where first
/// times are equal.
pub fn plan(probes: &[Probe]) -> Vec<Planned> {
    let mut planned: Vec<Planned> = probes.iter().enumerate().map(|(i, probe)| Planned::new(i, probe)).collect();
    planned.sort_by_key(|one| one.first);
    for group in planned.chunk_by_mut(|one, other| one.first == other.first).filter(|group| group.len() > 1) {
        for one in group {
            one.sha256 = whole_digest(&probes[one.capture]);
        }
    }
    planned.sort_by(Planned::rank);
    planned
}

fn whole_digest(probe: &Probe) -> Option<[u8; 32]> {
    match probe.size {
        Some(..=HEAD) => probe.head_sha256,
        Some(_) => file_sha256(&probe.path).ok(),
        None => None,
    }
}

impl Planned {
    fn new(capture: usize, probe: &Probe) -> Self {
        Planned { capture, path: probe.path.clone(), first: probe.first, sha256: None }
    }

    fn rank(&self, other: &Self) -> std::cmp::Ordering {
        let key = |one: &Self| (one.first, one.sha256);
        key(self).cmp(&key(other)).then_with(|| self.path.cmp(&other.path))
    }
}

/// What the merge gives out.
#[derive(Debug)]
pub enum Step {
    /// Consecutive frames of one capture. A batch comes in one or more steps; its notes belong to the step whose range
    /// begins at 0 (the range is `0..0` where a batch has notes only).
    Frames(Arc<Batch>, Range<usize>),
    /// A capture is over: this comes once for each, after its last frame.
    Ended(Box<Ended>),
    /// Every capture opened so far has ended, and the next begins later than all their frames: a good moment to commit.
    Quiet,
    /// How far a capture is that goes on: it may be that nothing more is heard of it.
    SoFar(Box<Ended>),
    /// A capture that was not planned begins: what is heard on an interface.
    Begun {
        /// Its number: one more than that of the one before.
        capture: usize,
        /// The interface, or the file that its frames are kept in.
        path: PathBuf,
    },
}

/// What became of a capture.
#[derive(Debug)]
pub struct Ended {
    /// Its number.
    pub capture: usize,
    /// What the file is; `None` where it could not be read at all.
    pub identity: Option<Identity>,
    /// It was heard on an interface; frames that were lost there.
    pub live: Option<Dropped>,
    /// Frames given out.
    pub frames: u64,
    /// Time of the first frame that has one, in file order.
    pub first: Option<Timestamp>,
    /// Time of the last frame that has one, in file order.
    pub last: Option<Timestamp>,
    /// Why it is not complete.
    pub stop: Option<Stop>,
}

/// The merge of captures, as an iterator.
pub struct Merge {
    waiting: VecDeque<(usize, Planned)>,
    open: BinaryHeap<Reverse<Open>>,
    /// A capture whose batch was given out to its end.
    drained: Option<Open>,
    ready: VecDeque<Step>,
    pool: VecDeque<Arc<Batch>>,
    read: Arc<AtomicU64>,
    /// The largest key so far; `None` before the first frame and after [`Step::Quiet`].
    latest: Option<Timestamp>,
    /// Nanoseconds added to every time.
    shift: i64,
}

/// A capture being read. Ordered by the frame it would give out next; small, since the heap moves it about.
struct Open {
    /// Key of that frame.
    key: Timestamp,
    rank: usize,
    file: Box<Reading>,
}

struct Reading {
    capture: usize,
    reader: Reader,
    batch: Arc<Batch>,
    /// Index in the batch of the frame to give out next.
    next: usize,
    first: Option<Timestamp>,
    last: Option<Timestamp>,
}

/// A moment before all others, for frames of which no time is known.
const BEFORE_ALL: Timestamp = Timestamp(i64::MIN);

impl Merge {
    /// Puts the captures in order; opens none.
    pub fn new(mut captures: Vec<Planned>) -> Self {
        captures.sort_by(Planned::rank);
        if captures.len() > FEW {
            raise_file_limit();
        }
        Merge {
            waiting: captures.into_iter().enumerate().collect(),
            open: BinaryHeap::new(),
            drained: None,
            ready: VecDeque::new(),
            pool: VecDeque::new(),
            read: Arc::default(),
            latest: None,
            shift: 0,
        }
    }

    /// Bytes read so far of all captures as they lie; goes on counting while the merge goes on.
    pub fn bytes_read(&self) -> Arc<AtomicU64> {
        Arc::clone(&self.read)
    }

    /// Adds nanoseconds to every time: the clock of who captured is known to be wrong.
    pub fn shift(mut self, by: i64) -> Self {
        self.waiting.iter_mut().for_each(|(_, planned)| planned.first = shifted(planned.first, by));
        self.shift = by;
        self
    }

    /// Opens every capture that begins before the next frame of those that stand open.
    fn open_due(&mut self) {
        while let Some((rank, planned)) = self.waiting.front() {
            let key = (planned.first.unwrap_or(BEFORE_ALL), *rank);
            match self.open.peek() {
                Some(Reverse(open)) if open.order() < key => return,
                None if self.latest.is_some_and(|latest| key.0 > latest) => {
                    self.latest = None;
                    return self.ready.push_back(Step::Quiet);
                }
                _ => {}
            }
            if let Some((rank, planned)) = self.waiting.pop_front() {
                self.begin(rank, planned);
            }
            if !self.ready.is_empty() {
                return;
            }
        }
    }

    fn begin(&mut self, rank: usize, planned: Planned) {
        let key = planned.first.unwrap_or(BEFORE_ALL);
        match Reader::open(&planned.path) {
            Ok(mut reader) => {
                reader.count_in(Arc::clone(&self.read));
                let (capture, batch) = (planned.capture, Arc::default());
                let file = Box::new(Reading { capture, reader, batch, next: 0, first: None, last: None });
                self.load(Open { key, rank, file });
            }
            Err(stop) => self.ready.push_back(Step::Ended(Box::new(Ended {
                capture: planned.capture,
                identity: no_capture(&planned.path),
                live: None,
                frames: 0,
                first: None,
                last: None,
                stop: Some(stop),
            }))),
        }
    }

    /// Reads the next batch of a capture, or ends it.
    fn load(&mut self, mut open: Open) {
        loop {
            let mut batch = self.buffer();
            batch.capture = open.file.capture;
            let end = match open.file.reader.fill(&mut batch) {
                Ok(more) => (!more).then_some(None),
                Err(stop) => Some(Some(stop)),
            };
            if self.shift != 0 {
                batch.frames.iter_mut().for_each(|frame| frame.time = shifted(frame.time, self.shift));
            }
            let batch = Arc::new(batch);
            if !batch.frames.is_empty() {
                open.take(batch);
                return self.open.push(Reverse(open));
            }
            if !batch.notes.is_empty() {
                self.ready.push_back(Step::Frames(Arc::clone(&batch), 0..0));
            }
            self.retire(batch);
            if let Some(stop) = end {
                return self.ready.push_back(open.ended(stop));
            }
        }
    }

    /// Gives out frames of the capture that is first, as far as no other comes before them.
    fn give(&mut self, mut open: Open) -> Step {
        let opened = self.open.peek().map(|Reverse(other)| other.order());
        let waiting = self.waiting.front().map(|(rank, planned)| (planned.first.unwrap_or(BEFORE_ALL), *rank));
        let (start, batch) = (open.file.next, Arc::clone(&open.file.batch));
        let latest = open.pass(opened.into_iter().chain(waiting).min());
        self.latest = self.latest.max(Some(latest));
        let range = start..open.file.next;
        if open.file.next == batch.frames.len() {
            self.drained = Some(open);
        } else {
            self.open.push(Reverse(open));
        }
        Step::Frames(batch, range)
    }

    fn buffer(&mut self) -> Batch {
        for _ in 0..self.pool.len() {
            match self.pool.pop_front().map(Arc::try_unwrap) {
                Some(Ok(batch)) => return batch,
                Some(Err(shared)) => self.pool.push_back(shared),
                None => break,
            }
        }
        Batch::default()
    }

    fn retire(&mut self, batch: Arc<Batch>) {
        self.pool.push_back(batch);
        if self.pool.len() > POOL {
            self.pool.pop_front();
        }
    }
}

fn shifted(time: Option<Timestamp>, by: i64) -> Option<Timestamp> {
    time.map(|time| Timestamp(time.0.saturating_add(by)))
}

impl Iterator for Merge {
    type Item = Step;

    fn next(&mut self) -> Option<Step> {
        if let Some(mut open) = self.drained.take() {
            self.retire(std::mem::take(&mut open.file.batch));
            self.load(open);
        }
        if self.ready.is_empty() {
            self.open_due();
        }
        if let Some(step) = self.ready.pop_front() {
            return Some(step);
        }
        let Reverse(open) = self.open.pop()?;
        Some(self.give(open))
    }
}

impl Open {
    fn order(&self) -> (Timestamp, usize) {
        (self.key, self.rank)
    }

    /// A new batch with frames. The first of them that come without a time take that of the first with one.
    fn take(&mut self, batch: Arc<Batch>) {
        let first = batch.frames.iter().find_map(|frame| frame.time);
        let start = if self.file.first.is_none() { first } else { batch.frames[0].time };
        self.key = self.key.max(start.unwrap_or(BEFORE_ALL));
        self.file.first = self.file.first.or(first);
        self.file.last = batch.frames.iter().rev().find_map(|frame| frame.time).or(self.file.last);
        (self.file.batch, self.file.next) = (batch, 0);
    }

    /// Passes over the frames that come before `bound`, the first of them in any case; returns the last one's key.
    fn pass(&mut self, bound: Option<(Timestamp, usize)>) -> Timestamp {
        let mut latest = self.key;
        self.file.next += 1;
        while let Some(frame) = self.file.batch.frames.get(self.file.next) {
            self.key = self.key.max(frame.time.unwrap_or(BEFORE_ALL));
            if bound.is_some_and(|bound| self.order() > bound) {
                break;
            }
            latest = self.key;
            self.file.next += 1;
        }
        latest
    }

    fn ended(self, stop: Option<Stop>) -> Step {
        Step::Ended(Box::new(Ended {
            capture: self.file.capture,
            frames: self.file.reader.frames(),
            first: self.file.first,
            last: self.file.last,
            identity: Some(self.file.reader.finish()),
            live: None,
            stop,
        }))
    }
}

/// Up to what the system allows: captures that overlap in time are open at once. If it says no, those that cannot be
/// opened become unreadable ones.
fn raise_file_limit() {
    let limit = rustix::process::getrlimit(rustix::process::Resource::Nofile);
    let raised = rustix::process::Rlimit { current: limit.maximum, maximum: limit.maximum };
    let _ = rustix::process::setrlimit(rustix::process::Resource::Nofile, raised);
}

/// The digest of a file that is no capture; `None` where there is no file to be read.
fn no_capture(path: &Path) -> Option<Identity> {
    if is_stdin(path) || !path.is_file() {
        return None;
    }
    let seen = Input::open(path).ok()?.finish();
    let size = seen.size();
    let (sha256, head_sha256) = seen.digests();
    Some(Identity { sha256, head_sha256, size, format: "unknown".to_owned() })
}

impl PartialEq for Open {
    fn eq(&self, other: &Self) -> bool {
        self.order() == other.order()
    }
}

impl Eq for Open {}

impl PartialOrd for Open {
    fn partial_cmp(&self, other: &Self) -> Option<std::cmp::Ordering> {
        Some(self.cmp(other))
    }
}

impl Ord for Open {
    fn cmp(&self, other: &Self) -> std::cmp::Ordering {
        self.order().cmp(&other.order())
    }
}

#[cfg(test)]
#[path = "merge_tests.rs"]
mod tests;
