//! Connections by their endpoints: a hash table that cannot be flooded (random seed), chaining those of one pair.

use std::hash::BuildHasher;

use foldhash::quality::RandomState;
use hashbrown::HashTable;

use super::Connection;
use crate::model::{ConnectionId, Endpoint};

/// Place of a connection in the table, valid until it is removed.
pub type Slot = u32;

/// Live connections. Those with the same endpoints form a chain, newest first.
#[derive(Default)]
pub struct Table {
    newest: HashTable<Slot>,
    slots: Vec<Option<Entry>>,
    free: Vec<Slot>,
    hasher: RandomState,
}

struct Entry {
    connection: Box<Connection>,
    older: Option<Slot>,
}

impl Table {
    /// The newest connection between these endpoints.
    pub fn newest(&self, ends: &[Endpoint; 2]) -> Option<Slot> {
        let found = self.newest.find(self.hasher.hash_one(ends), |&slot| self.get(slot).ends == *ends);
        found.copied()
    }

    /// The chain of connections between these endpoints, newest first.
    pub fn chain(&self, ends: &[Endpoint; 2]) -> impl Iterator<Item = Slot> + '_ {
        std::iter::successors(self.newest(ends), |&slot| self.entry(slot).older)
    }

    /// No other connection has the same endpoints.
    pub fn is_alone(&self, slot: Slot) -> bool {
        let entry = self.entry(slot);
        entry.older.is_none() && self.newest(&entry.connection.ends) == Some(slot)
    }

    /// The connection in a slot.
    pub fn get(&self, slot: Slot) -> &Connection {
        &self.entry(slot).connection
    }

    /// The connection in a slot.
    pub fn get_mut(&mut self, slot: Slot) -> &mut Connection {
        &mut self.entry_mut(slot).connection
    }

    /// The slot is still that of the connection with this number.
    pub fn holds(&self, slot: Slot, id: ConnectionId) -> bool {
        self.slots[slot as usize].as_ref().is_some_and(|entry| entry.connection.id == id)
    }

    /// Adds a connection as the newest between its endpoints.
    pub fn insert(&mut self, connection: Box<Connection>) -> Slot {
        let ends = connection.ends;
        let older = self.newest(&ends);
        let slot = self.free.pop().unwrap_or_else(|| {
            self.slots.push(None);
            (self.slots.len() - 1) as Slot
        });
        self.slots[slot as usize] = Some(Entry { connection, older });
        self.lead(&ends, older, Some(slot));
        slot
    }

    /// Takes a connection out.
    pub fn remove(&mut self, slot: Slot) -> Box<Connection> {
        let (ends, older) = (self.get(slot).ends, self.entry(slot).older);
        let newer = self.chain(&ends).find(|&at| self.entry(at).older == Some(slot));
        match newer {
            Some(newer) => self.entry_mut(newer).older = older,
            None => self.lead(&ends, Some(slot), older),
        }
        self.free.push(slot);
        self.slots[slot as usize].take().expect(USED).connection
    }

    /// Every connection, in no order.
    pub fn drain(&mut self) -> impl Iterator<Item = Box<Connection>> + '_ {
        self.newest.clear();
        self.free.clear();
        self.slots.drain(..).flatten().map(|entry| entry.connection)
    }

    /// Makes `to` instead of `from` the head of the chain between these endpoints.
    fn lead(&mut self, ends: &[Endpoint; 2], from: Option<Slot>, to: Option<Slot>) {
        let Table { newest, slots, hasher, .. } = self;
        let hash = hasher.hash_one(ends);
        match (newest.find_entry(hash, |&slot| Some(slot) == from), to) {
            (Ok(mut head), Some(to)) => *head.get_mut() = to,
            (Ok(head), None) => drop(head.remove()),
            (Err(_), Some(to)) => {
                let rehash = |&slot: &Slot| hasher.hash_one(slots[slot as usize].as_ref().expect(USED).connection.ends);
                newest.insert_unique(hash, to, rehash);
            }
            (Err(_), None) => {}
        }
    }

    fn entry(&self, slot: Slot) -> &Entry {
        self.slots[slot as usize].as_ref().expect(USED)
    }

    fn entry_mut(&mut self, slot: Slot) -> &mut Entry {
        self.slots[slot as usize].as_mut().expect(USED)
    }
}

const USED: &str = "a slot is used until its connection is removed";
