//! One who records: follows the orders for its shards, on a thread of its own or not.

use std::sync::mpsc::{Receiver, SyncSender};

use super::Error;
use super::order::{Order, Work};
use super::scribe::Desk;
use super::shard::Shard;

/// What a worker is told.
pub enum Message {
    /// Orders.
    Work(Work),
    /// All that was ordered is to be on its way to the index.
    CatchUp(SyncSender<()>),
    /// A commit comes: all that was ordered is to be in the store and on its way to the index.
    Prepare(SyncSender<()>),
    /// The commit happened.
    Settle(SyncSender<()>),
}

/// Owns shards, every `of`th of all.
pub struct Worker {
    shards: Vec<Shard>,
    of: usize,
    desk: Desk,
}

impl Worker {
    /// One of `of` workers, with its shards.
    pub fn new(shards: Vec<Shard>, of: usize, desk: Desk) -> Self {
        Worker { shards, of, desk }
    }

    /// Follows messages until no more can come.
    pub fn work(mut self, messages: &Receiver<Message>) -> Result<(), Error> {
        messages.iter().try_for_each(|message| self.follow(message))
    }

    /// Follows one message.
    pub fn follow(&mut self, message: Message) -> Result<(), Error> {
        // an asker that went away needs no answer
        match message {
            Message::Work(work) => self.record(work)?,
            Message::CatchUp(reply) => {
                self.desk.flush()?;
                let _ = reply.send(());
            }
            Message::Prepare(reply) => {
                self.shards.iter_mut().try_for_each(|shard| shard.prepare(&mut self.desk))?;
                self.desk.flush()?;
                let _ = reply.send(());
            }
            Message::Settle(reply) => {
                self.shards.iter_mut().try_for_each(Shard::settle)?;
                let _ = reply.send(());
            }
        }
        Ok(())
    }

    fn record(&mut self, work: Work) -> Result<(), Error> {
        let named = work.orders.iter().filter_map(|(_, order)| match order {
            Order::Begin(named) => Some(named.path.as_str()),
            _ => None,
        });
        if let Some(shard) = self.shards.first() {
            shard.announce(&mut { named })?;
        }
        let Worker { shards, of, desk } = self;
        let mut orders = work.orders.into_iter();
        orders.try_for_each(|(shard, order)| shards[usize::from(shard) / *of].follow(order, &work.sources, desk))
    }
}
