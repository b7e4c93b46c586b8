//! The workers, as the one who deals orders to them sees them. With one worker there is no thread: its work is done here.

use std::sync::Arc;
use std::sync::mpsc::{SyncSender, sync_channel};
use std::thread::{Builder, Scope, ScopedJoinHandle};

use super::Error;
use super::order::{Order, SHARDS, Source, Work, shard};
use super::scribe::Desk;
use super::shard::Shard;
use super::worker::{Message, Worker};
use crate::model::{Batch, CaptureId, ConnectionId};

/// Work on its way to a worker: enough to even out the pace.
const AHEAD: usize = 3;
/// Orders, and batches they speak of, that travel at once.
const FULL: (usize, usize) = (1024, 2);

/// Those who record connections. Each owns some of the shards.
pub struct Crew<'scope> {
    hands: Vec<Hand<'scope>>,
    sources: Vec<Source>,
    waiting: usize,
}

struct Hand<'scope> {
    orders: Vec<(u8, Order)>,
    worker: Doing<'scope>,
}

enum Doing<'scope> {
    Here(Box<Worker>),
    Away(SyncSender<Message>, ScopedJoinHandle<'scope, Result<(), Error>>),
}

impl<'scope> Crew<'scope> {
    /// Deals the shards to `workers` threads; for one worker none is started. `desk` is the way to the index.
    pub fn start<'env>(
        scope: &'scope Scope<'scope, 'env>,
        workers: usize,
        shards: Vec<Shard>,
        desk: impl Fn() -> Desk,
    ) -> Result<Self, Error> {
        let workers = workers.clamp(1, SHARDS);
        let mut dealt: Vec<Vec<Shard>> = (0..workers).map(|_| Vec::new()).collect();
        shards.into_iter().enumerate().for_each(|(number, shard)| dealt[number % workers].push(shard));
        let hands = dealt.into_iter().map(|shards| {
            let worker = Worker::new(shards, workers, desk());
            Ok(Hand { orders: Vec::new(), worker: Doing::start(scope, worker, workers > 1)? })
        });
        Ok(Crew { hands: hands.collect::<Result<_, Error>>()?, sources: Vec::new(), waiting: 0 })
    }

    /// The orders that follow speak of frames of this batch; its index among the sources.
    pub fn source(&mut self, batch: &Arc<Batch>, capture: CaptureId) -> Result<u32, Error> {
        if self.sources.last().is_some_and(|source| Arc::ptr_eq(&source.batch, batch)) {
            return Ok(self.sources.len() as u32 - 1);
        }
        if self.waiting >= FULL.0 || self.sources.len() >= FULL.1 {
            self.flush()?;
            self.sources.clear();
        }
        Ok(self.another_source(Arc::clone(batch), capture))
    }

    /// Orders that follow speak of frames of this small batch too; its index among the sources.
    pub fn another_source(&mut self, batch: Arc<Batch>, capture: CaptureId) -> u32 {
        self.sources.push(Source { batch, capture });
        self.sources.len() as u32 - 1
    }

    /// An order for the shard of a connection.
    pub fn order(&mut self, connection: ConnectionId, order: Order) {
        let shard = shard(connection);
        let hand = shard % self.hands.len();
        self.hands[hand].orders.push((shard as u8, order));
        self.waiting += 1;
    }

    /// Orders that speak of no frame are many: sends them when they are enough.
    pub fn breathe(&mut self) -> Result<(), Error> {
        if self.waiting >= FULL.0 { self.flush() } else { Ok(()) }
    }

    /// Everything ordered so far is done, and its rows are on their way to the index.
    pub fn catch_up(&mut self) -> Result<(), Error> {
        self.flush()?;
        self.hands.iter_mut().try_for_each(|hand| hand.worker.ask(Message::CatchUp))
    }

    /// Everything ordered so far is done, and the payload is ready for a commit.
    pub fn prepare(&mut self) -> Result<(), Error> {
        self.flush()?;
        self.sources.clear();
        self.hands.iter_mut().try_for_each(|hand| hand.worker.ask(Message::Prepare))
    }

    /// The commit happened.
    pub fn settle(&mut self) -> Result<(), Error> {
        self.hands.iter_mut().try_for_each(|hand| hand.worker.ask(Message::Settle))
    }

    /// Ends the threads; the error of one, if one met any.
    pub fn finish(self) -> Result<(), Error> {
        self.hands.into_iter().map(|hand| hand.worker.finish()).fold(Ok(()), Result::and)
    }

    /// Sends what was ordered. The sources stay: it may be in the middle of one.
    fn flush(&mut self) -> Result<(), Error> {
        self.waiting = 0;
        for hand in self.hands.iter_mut().filter(|hand| !hand.orders.is_empty()) {
            let room = Vec::with_capacity(hand.orders.len());
            let work = Work { sources: self.sources.clone(), orders: std::mem::replace(&mut hand.orders, room) };
            hand.worker.tell(Message::Work(work))?;
        }
        Ok(())
    }
}

impl<'scope> Doing<'scope> {
    fn start<'env>(scope: &'scope Scope<'scope, 'env>, worker: Worker, away: bool) -> Result<Self, Error> {
        if !away {
            return Ok(Doing::Here(Box::new(worker)));
        }
        let (messages, todo) = sync_channel(AHEAD);
        let named = Builder::new().name("worker".to_owned());
        Ok(Doing::Away(messages, named.spawn_scoped(scope, move || worker.work(&todo)).map_err(Error::Thread)?))
    }

    fn tell(&mut self, message: Message) -> Result<(), Error> {
        match self {
            Doing::Here(worker) => worker.follow(message),
            Doing::Away(messages, _) => messages.send(message).map_err(|_| Error::WorkerEnded),
        }
    }

    fn ask<T>(&mut self, message: impl FnOnce(SyncSender<T>) -> Message) -> Result<T, Error> {
        let (reply, answer) = sync_channel(1);
        self.tell(message(reply))?;
        answer.recv().map_err(|_| Error::WorkerEnded)
    }

    fn finish(self) -> Result<(), Error> {
        match self {
            Doing::Here(_) => Ok(()),
            Doing::Away(messages, thread) => {
                drop(messages);
                thread.join().unwrap_or_else(|panic| std::panic::resume_unwind(panic))
            }
        }
    }
}
