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
}

/// Looks at all batches; `take` is given what was found in each, in order.
pub fn run(
    root: &Path,
    beneath: &Beneath,
    options: &Options,
    states: &[ScannerState],
    batches: &[Batch],
    take: &mut dyn FnMut(usize, Found) -> Result<(), Error>,
) -> Result<(), Error> {
    let machine = thread::available_parallelism().map_or(1, usize::from);
    let workers = options.workers.unwrap_or(machine).clamp(1, batches.len().max(1));
    let shared = Shared { turns: Mutex::default(), moved: Condvar::new() };
    thread::scope(|scope| {
        let (sender, receiver) = sync_channel(workers);
        for _ in 0..workers {
            let (sender, shared) = (sender.clone(), &shared);
            let work = move || work(root, beneath, options, states, batches, shared, workers * AHEAD, &sender);
            thread::Builder::new().name("scan".into()).spawn_scoped(scope, work).map_err(Error::Thread)?;
        }
        drop(sender);
        let taken = in_order(&receiver, batches.len(), &shared, take);
        shared.change(|turns| turns.over = true);
        taken
    })
}

#[allow(clippy::too_many_arguments, reason = "what a thread starts with")]
fn work(
    root: &Path,
    beneath: &Beneath,
    options: &Options,
    states: &[ScannerState],
    batches: &[Batch],
    shared: &Shared,
    ahead: usize,
    sender: &SyncSender<(usize, Result<Found, Error>)>,
) {
    let case = case::Reader::open(root);
    let case = match &case {
        Ok(case) => case,
        Err(_) => {
            let error = case.err().map_or(Error::WorkerEnded, Error::from);
            // nobody listens any more: then another error is told
            let _ = sender.send((0, Err(error)));
            return;
        }
    };
    let worker = Worker::new(case, beneath, options, states);
    while let Some(number) = shared.next(batches.len(), ahead) {
        let found = worker.as_ref().map_err(|_| Error::WorkerEnded).and_then(|worker| worker.scan(&batches[number]));
        let failed = found.is_err();
        if sender.send((number, found)).is_err() || failed {
            return;
        }
    }
}

fn in_order(
    receiver: &Receiver<(usize, Result<Found, Error>)>,
    count: usize,
    shared: &Shared,
    take: &mut dyn FnMut(usize, Found) -> Result<(), Error>,
) -> Result<(), Error> {
    let mut waiting = std::collections::BTreeMap::new();
    for number in 0..count {
        while !waiting.contains_key(&number) {
            let (other, found) = receiver.recv().map_err(|_| Error::WorkerEnded)?;
            waiting.insert(other, found?);
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
    fn next(&self, count: usize, ahead: usize) -> Option<usize> {
        let turns = self.turns.lock().unwrap_or_else(PoisonError::into_inner);
        let far = |turns: &mut Turns| !turns.over && turns.next < count && turns.next >= turns.written + ahead;
        let mut turns = self.moved.wait_while(turns, far).unwrap_or_else(PoisonError::into_inner);
        let number = turns.next;
        turns.next += 1;
        (number < count && !turns.over).then_some(number)
    }

    fn change(&self, change: impl FnOnce(&mut Turns)) {
        change(&mut self.turns.lock().unwrap_or_else(PoisonError::into_inner));
        self.moved.notify_all();
    }
}
