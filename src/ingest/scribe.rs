//! The thread that writes the index: rows go to it in batches, questions come back answered.

use std::sync::mpsc::{Receiver, SyncSender, sync_channel};
use std::thread::{Builder, Scope, ScopedJoinHandle};

use super::Error;
use crate::index::rows::Row;
use crate::index::{self, Pieces, Writer};
use crate::model::{ConnectionId, Timestamp};

/// Rows sent at once.
const BATCH: usize = 512;
/// Batches on their way.
const AHEAD: usize = 16;

/// What the thread is to do.
enum Order {
    Put(Vec<Row>),
    Commit(Reply<()>),
    TakeDormant(u64, Option<Timestamp>, Reply<Vec<(Vec<u8>, Pieces)>>),
    Forget(ConnectionId, Reply<Pieces>),
    PathTaken(String, Reply<bool>),
    ReplaceUnreadable(String),
}

type Reply<T> = SyncSender<T>;

/// The way to the thread.
pub struct Scribe<'scope> {
    orders: SyncSender<Order>,
    thread: ScopedJoinHandle<'scope, Result<(), index::Error>>,
    rows: Vec<Row>,
}

impl<'scope> Scribe<'scope> {
    /// Starts the thread on a case's index.
    pub fn start<'env>(scope: &'scope Scope<'scope, 'env>, index: &'env mut Writer) -> Result<Self, Error> {
        let (orders, todo) = sync_channel(AHEAD);
        let named = Builder::new().name("index".to_owned());
        let thread = named.spawn_scoped(scope, move || write(index, &todo)).map_err(Error::Thread)?;
        Ok(Scribe { orders, thread, rows: Vec::new() })
    }

    /// Adds a row.
    pub fn put(&mut self, row: Row) -> Result<(), Gone> {
        self.rows.push(row);
        if self.rows.len() >= BATCH { self.flush() } else { Ok(()) }
    }

    /// A way for another thread to add rows.
    pub fn desk(&self) -> Desk {
        Desk(self.orders.clone())
    }

    /// Everything put so far becomes true. Returns when it is.
    pub fn commit(&mut self) -> Result<(), Gone> {
        self.ask(Order::Commit)
    }

    /// The states of connections at rest with this hash of their endpoints that may wake at `now`, oldest first, each with where its
    /// flows lie in packs; their rows go.
    pub fn take_dormant(&mut self, tuple_hash: u64, now: Option<Timestamp>) -> Result<Vec<(Vec<u8>, Pieces)>, Gone> {
        self.ask(|reply| Order::TakeDormant(tuple_hash, now, reply))
    }

    /// The rows of a connection that were put go again: it goes on. Where its flows lie in packs.
    pub fn forget(&mut self, connection: ConnectionId) -> Result<Pieces, Gone> {
        self.ask(|reply| Order::Forget(connection, reply))
    }

    /// Whether a flow has this path.
    pub fn path_taken(&mut self, path: &str) -> Result<bool, Gone> {
        self.ask(|reply| Order::PathTaken(path.to_owned(), reply))
    }

    /// A capture that an earlier ingest could not read is no longer unreadable, or still is: its row goes.
    pub fn replace_unreadable(&mut self, path: String) -> Result<(), Gone> {
        self.orders.send(Order::ReplaceUnreadable(path)).map_err(|_| Gone)
    }

    /// Ends the thread; its error, if it met one.
    pub fn finish(self) -> Result<(), Error> {
        drop(self.orders);
        let ended = self.thread.join();
        Ok(ended.unwrap_or_else(|panic| std::panic::resume_unwind(panic))?)
    }

    fn flush(&mut self) -> Result<(), Gone> {
        let rows = std::mem::replace(&mut self.rows, Vec::with_capacity(BATCH));
        self.orders.send(Order::Put(rows)).map_err(|_| Gone)
    }

    fn ask<T>(&mut self, order: impl FnOnce(Reply<T>) -> Order) -> Result<T, Gone> {
        self.flush()?;
        let (reply, answer) = sync_channel(1);
        self.orders.send(order(reply)).map_err(|_| Gone)?;
        answer.recv().map_err(|_| Gone)
    }
}

/// A way for another thread to add rows.
pub struct Desk(SyncSender<Order>);

impl Desk {
    /// Adds rows. If the index's thread has ended, that is told elsewhere.
    pub fn put(&self, rows: Vec<Row>) {
        let _ = self.0.send(Order::Put(rows));
    }
}

/// The thread ended because of an error, which [`Scribe::finish`] tells.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Gone;

fn write(index: &mut Writer, orders: &Receiver<Order>) -> Result<(), index::Error> {
    // an asker that went away needs no answer
    for order in orders {
        match order {
            Order::Put(rows) => rows.into_iter().try_for_each(|row| index.put(row))?,
            Order::Commit(reply) => drop(reply.send(index.commit()?)),
            Order::TakeDormant(hash, now, reply) => drop(reply.send(index.take_dormant(hash, now)?)),
            Order::Forget(connection, reply) => drop(reply.send(index.forget(connection)?)),
            Order::PathTaken(path, reply) => drop(reply.send(index.path_taken(&path)?)),
            Order::ReplaceUnreadable(path) => index.replace_unreadable(&path)?,
        }
    }
    Ok(())
}
