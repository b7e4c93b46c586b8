//! Workers that scan: each takes the next batch, opens the case for itself, and says what it found. The thread that writes gets
//! it in order, and none runs far ahead of it.

use std::path::Path;
use std::sync::mpsc::{Receiver, SyncSender, sync_channel};
use std::sync::{Condvar, Mutex, PoisonError};
use std::thread;

use super::connection::Worker;
use super::sheet::Found;
use super::{Error, Options};
use crate::case;
use crate::index::ScannerState;
use crate::model::ConnectionId;
use crate::store::beneath::Beneath;

/// Batches a worker may be ahead of the writer, for each worker.
const AHEAD: usize = 4;

/// Connections that are looked at together.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Batch {
    /// From one number to another, both included.
    Range(ConnectionId, ConnectionId),
    /// These, which some scanners have seen before.
    Some(Vec<ConnectionId>),
}

impl Batch {
    /// Connections, with payload or not.
    pub fn count(&self) -> u64 {
        match self {
            Batch::Range(first, last) => last - first + 1,
            Batch::Some(connections) => connections.len() as u64,
        }
    }

    /// Every scanner has come so far once it is done.
    pub fn reaches(&self) -> Option<ConnectionId> {
        if let Batch::Range(_, last) = self { Some(*last) } else { None }
    }
}

/// How far workers and writer are.
#[derive(Default)]
struct Turns {
    next: usize,
    written: usize,
    over: bool,
}

struct Shared {
    turns: Mutex<Turns>,
    moved: Condvar,
    /// Batches.
    count: usize,
    /// Batches that may be begun before one is written.
    ahead: usize,
}

/// What is to be done.
pub struct Job<'a> {
    /// The case directory.
    pub root: &'a Path,
    /// Where objects are written.
    pub beneath: &'a Beneath,
    /// How.
    pub options: &'a Options,
    /// How far the scanners have come.
    pub states: &'a [ScannerState],
    /// What they look at.
    pub batches: &'a [Batch],
}

/// What a worker says: the number of a batch and what was found in it, or why it does not go on.
type Said = Result<(usize, Found), Error>;

/// Looks at all batches; `take` is given what was found in each, in order.
pub fn run(job: &Job<'_>, take: &mut dyn FnMut(usize, Found) -> Result<(), Error>) -> Result<(), Error> {
    let machine = thread::available_parallelism().map_or(1, usize::from);
    let count = job.batches.len();
    let workers = job.options.workers.unwrap_or(machine).clamp(1, count.max(1));
    let shared = Shared { turns: Mutex::default(), moved: Condvar::new(), count, ahead: workers * AHEAD };
    thread::scope(|scope| {
        let (sender, receiver) = sync_channel(workers);
        for _ in 0..workers {
            let (sender, shared) = (sender.clone(), &shared);
            let work = move || {
                if let Err(error) = work(job, shared, &sender) {
                    // nobody listens any more: then another error is told
                    let _ = sender.send(Err(error));
                }
            };
            thread::Builder::new().name("scan".into()).spawn_scoped(scope, work).map_err(Error::Thread)?;
        }
        drop(sender);
        let taken = in_order(&receiver, &shared, take);
        shared.change(|turns| turns.over = true);
        taken
    })
}

fn work(job: &Job<'_>, shared: &Shared, sender: &SyncSender<Said>) -> Result<(), Error> {
    let case = case::Reader::open(job.root)?;
    let worker = Worker::new(&case, job.beneath, job.options, job.states)?;
    while let Some(number) = shared.next() {
        let found = worker.scan(&job.batches[number])?;
        if sender.send(Ok((number, found))).is_err() {
            break;
        }
    }
    Ok(())
}

fn in_order(
    receiver: &Receiver<Said>,
    shared: &Shared,
    take: &mut dyn FnMut(usize, Found) -> Result<(), Error>,
) -> Result<(), Error> {
    let mut waiting = std::collections::BTreeMap::new();
    for number in 0..shared.count {
        while !waiting.contains_key(&number) {
            let (other, found) = receiver.recv().map_err(|_| Error::WorkerEnded)??;
            waiting.insert(other, found);
        }
        if let Some(found) = waiting.remove(&number) {
            take(number, found)?;
        }
        shared.change(|turns| turns.written = number + 1);
    }
    Ok(())
}

impl Shared {
    /// The next batch, once it is near enough.
    fn next(&self) -> Option<usize> {
        let turns = self.turns.lock().unwrap_or_else(PoisonError::into_inner);
        let far =
            |turns: &mut Turns| !turns.over && turns.next < self.count && turns.next >= turns.written + self.ahead;
        let mut turns = self.moved.wait_while(turns, far).unwrap_or_else(PoisonError::into_inner);
        let number = turns.next;
        turns.next += 1;
        (number < self.count && !turns.over).then_some(number)
    }

    fn change(&self, change: impl FnOnce(&mut Turns)) {
        change(&mut self.turns.lock().unwrap_or_else(PoisonError::into_inner));
        self.moved.notify_all();
    }
}
