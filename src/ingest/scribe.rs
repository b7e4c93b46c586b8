//! The thread that writes the index: rows go to it in batches, questions come back answered.

use std::sync::mpsc::{Receiver, SyncSender, sync_channel};
use std::thread::{Builder, Scope, ScopedJoinHandle};

use super::Error;
use crate::index::rows::Row;
use crate::index::{self, Hashes, Rows, Writer};
use crate::model::{ConnectionId, Timestamp};

/// Rows sent at once.
const BATCH: usize = 512;
/// Batches on their way.
const AHEAD: usize = 16;
/// Batches that were written and wait to be filled again; beyond them memory goes back, so that one burst is not paid for ever.
const SPARE: usize = 2;

/// What the thread is to do.
enum Order {
    Put(Box<Rows>, SyncSender<Box<Rows>>),
    Commit(Reply<()>),
    DormantHashes(Hashes, Reply<Hashes>),
    TakeDormant(u64, Option<Timestamp>, Reply<Vec<Vec<u8>>>),
    Forget(ConnectionId),
    PathTaken(String, Reply<bool>),
    ReplaceUnreadable(String),
}

type Reply<T> = SyncSender<T>;

/// The way to the thread, and its end.
pub struct Scribe<'scope> {
    desk: Desk,
    thread: ScopedJoinHandle<'scope, Result<(), index::Error>>,
}

impl<'scope> Scribe<'scope> {
    /// Starts the thread on a case's index.
    pub fn start<'env>(scope: &'scope Scope<'scope, 'env>, index: &'env mut Writer) -> Result<Self, Error> {
        let (orders, todo) = sync_channel(AHEAD);
        let named = Builder::new().name("index".to_owned());
        let thread = named.spawn_scoped(scope, move || write(index, &todo)).map_err(Error::Thread)?;
        Ok(Scribe { desk: Desk::new(orders), thread })
    }

    /// Another way for rows, for another thread. Rows of each come in order.
    pub fn desk(&self) -> Desk {
        Desk::new(self.desk.orders.clone())
    }

    /// Adds a row.
    pub fn put(&mut self, row: Row) -> Result<(), Error> {
        self.desk.put(row)
    }

    /// Everything put so far, at this desk and flushed at others, becomes true. Returns when it is.
    pub fn commit(&mut self) -> Result<(), Gone> {
        self.desk.ask(Order::Commit)
    }

    /// The states of connections at rest with this hash of their endpoints that may wake at `now`, oldest first; their rows go.
    pub fn take_dormant(&mut self, tuple_hash: u64, now: Option<Timestamp>) -> Result<Vec<Vec<u8>>, Gone> {
        self.desk.ask(|reply| Order::TakeDormant(tuple_hash, now, reply))
    }

    /// See [`Writer::dormant_hashes`].
    pub fn dormant_hashes(&mut self, hashes: Hashes) -> Result<Hashes, Gone> {
        self.desk.ask(|reply| Order::DormantHashes(hashes, reply))
    }

    /// Whether a flow has this path.
    pub fn path_taken(&mut self, path: &str) -> Result<bool, Gone> {
        self.desk.ask(|reply| Order::PathTaken(path.to_owned(), reply))
    }

    /// A capture that an earlier ingest could not read is no longer unreadable, or still is: its row goes.
    pub fn replace_unreadable(&mut self, path: String) -> Result<(), Gone> {
        self.desk.orders.send(Order::ReplaceUnreadable(path)).map_err(|_| Gone)
    }

    /// Ends the thread; its error, if it met one.
    pub fn finish(self) -> Result<(), Error> {
        drop(self.desk);
        let ended = self.thread.join();
        Ok(ended.unwrap_or_else(|panic| std::panic::resume_unwind(panic))?)
    }
}

/// A way for rows to the thread: they are made ready here, many at a time.
pub struct Desk {
    orders: SyncSender<Order>,
    rows: Box<Rows>,
    /// Rows that were written come back to be filled again.
    written: (SyncSender<Box<Rows>>, Receiver<Box<Rows>>),
}

impl Desk {
    fn new(orders: SyncSender<Order>) -> Self {
        Desk { orders, rows: Box::default(), written: sync_channel(SPARE) }
    }

    /// Adds a row.
    pub fn put(&mut self, row: Row) -> Result<(), Error> {
        self.rows.put(row)?;
        if self.rows.len() >= BATCH { Ok(self.flush()?) } else { Ok(()) }
    }

    /// The rows of a connection that were put go again: it goes on.
    pub fn forget(&mut self, connection: ConnectionId) -> Result<(), Gone> {
        self.flush()?;
        self.orders.send(Order::Forget(connection)).map_err(|_| Gone)
    }

    /// Sends what was added.
    pub fn flush(&mut self) -> Result<(), Gone> {
        if self.rows.is_empty() {
            return Ok(());
        }
        let next = self.written.1.try_recv().unwrap_or_default();
        let rows = std::mem::replace(&mut self.rows, next);
        self.orders.send(Order::Put(rows, self.written.0.clone())).map_err(|_| Gone)
    }

    fn ask<T>(&mut self, order: impl FnOnce(Reply<T>) -> Order) -> Result<T, Gone> {
        self.flush()?;
        let (reply, answer) = sync_channel(1);
        self.orders.send(order(reply)).map_err(|_| Gone)?;
        answer.recv().map_err(|_| Gone)
    }
}

/// The thread ended because of an error, which [`Scribe::finish`] tells.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Gone;

fn write(index: &mut Writer, orders: &Receiver<Order>) -> Result<(), index::Error> {
    // an asker that went away needs no answer
    for order in orders {
        match order {
            Order::Put(mut rows, written) => {
                index.put_rows(&rows)?;
                rows.clear();
                // nobody may want them, or there are enough
                let _ = written.try_send(rows);
            }
            Order::Commit(reply) => drop(reply.send(index.commit()?)),
            Order::DormantHashes(hashes, reply) => drop(reply.send(index.dormant_hashes(hashes)?)),
            Order::TakeDormant(hash, now, reply) => drop(reply.send(index.take_dormant(hash, now)?)),
            Order::Forget(connection) => index.forget(connection)?,
            Order::PathTaken(path, reply) => drop(reply.send(index.path_taken(&path)?)),
            Order::ReplaceUnreadable(path) => index.replace_unreadable(&path)?,
        }
    }
    Ok(())
}
