//! Connections by their endpoints: a hash table that cannot be flooded (random seed), chaining those of one pair.

use std::hash::BuildHasher;

use foldhash::quality::RandomState;
use hashbrown::HashTable;

use super::Connection;
use super::ends::Ends;
pub use super::idle::Slot;
use super::idle::{Idle, NONE};
use crate::model::ConnectionId;

/// Live connections. Those with the same endpoints form a chain, newest first. A slot is valid until its connection is
/// removed.
pub struct Table {
    /// The head of each chain.
    heads: HashTable<Slot>,
    slots: Vec<Entry>,
    /// The first of the free slots, which form a chain too.
    free: Slot,
    idle: Idle,
    hasher: RandomState,
    /// What was looked up last: a segment asks for the same several times.
    last: Option<Sought>,
    /// See [`Table::extra_ranges`].
    extra_ranges: usize,
    len: usize,
}

/// The tag stands here, so that neither a look-up nor growth has to look at connections that are not meant.
struct Entry {
    connection: Option<Box<Connection>>,
    older: Slot,
    tag: u32,
}

struct Sought {
    ends: Ends,
    tag: u32,
    newest: Option<Slot>,
}

impl Default for Table {
    fn default() -> Self {
        Table {
            heads: HashTable::new(),
            slots: Vec::new(),
            free: NONE,
            idle: Idle::default(),
            hasher: RandomState::default(),
            last: None,
            extra_ranges: 0,
            len: 0,
        }
    }
}

impl Table {
    /// Connections held.
    pub fn len(&self) -> usize {
        self.len
    }

    /// Separate covered ranges beyond the first of each part, of all connections.
    pub fn extra_ranges(&self) -> usize {
        self.extra_ranges
    }

    /// The newest connection between these endpoints.
    pub fn newest(&mut self, ends: &Ends) -> Option<Slot> {
        match &self.last {
            Some(last) if last.ends == *ends => last.newest,
            _ => {
                let tag = self.hasher.hash_one(ends) as u32;
                let newest = self.find(tag, ends);
                self.last = Some(Sought { ends: *ends, tag, newest });
                newest
            }
        }
    }

    /// The chain from its newest connection on.
    pub fn chain(&self, newest: Option<Slot>) -> impl Iterator<Item = Slot> + '_ {
        std::iter::successors(newest, |&slot| self.older(slot))
    }

    /// The next in the chain.
    pub fn older(&self, slot: Slot) -> Option<Slot> {
        Some(self.slots[slot as usize].older).filter(|&older| older != NONE)
    }

    /// The connection in a slot.
    pub fn get(&self, slot: Slot) -> &Connection {
        self.slots[slot as usize].connection.as_ref().expect(USED)
    }

    /// Lets the connection in a slot change.
    pub fn change(&mut self, slot: Slot, act: impl FnOnce(&mut Connection)) {
        let connection = self.slots[slot as usize].connection.as_mut().expect(USED);
        self.extra_ranges -= connection.extra_ranges();
        act(connection);
        self.extra_ranges += connection.extra_ranges();
    }

    /// The connection in a slot was used.
    pub fn touch(&mut self, slot: Slot) {
        self.idle.touch(slot);
    }

    /// The connection that was not used longest.
    pub fn idlest(&self) -> Option<Slot> {
        self.idle.longest()
    }

    /// The slot is still that of the connection with this number.
    pub fn holds(&self, slot: Slot, id: ConnectionId) -> bool {
        let connection = self.slots.get(slot as usize).and_then(|entry| entry.connection.as_ref());
        connection.is_some_and(|connection| connection.id == id)
    }

    /// Adds a connection as the newest between its endpoints.
    pub fn insert(&mut self, connection: Box<Connection>) -> Slot {
        let ends = connection.ends;
        let older = self.newest(&ends).unwrap_or(NONE);
        let tag = self.last.as_ref().map_or(0, |last| last.tag);
        self.len += 1;
        self.extra_ranges += connection.extra_ranges();
        let slot = self.fill(Entry { connection: Some(connection), older, tag });
        self.idle.add(slot);
        self.lead(tag, older, slot);
        self.last = Some(Sought { ends, tag, newest: Some(slot) });
        slot
    }

    /// Takes a connection out.
    pub fn remove(&mut self, slot: Slot) -> Box<Connection> {
        let Entry { older, tag, .. } = self.slots[slot as usize];
        let ends = self.get(slot).ends;
        let newer = self.chain(self.find(tag, &ends)).find(|&at| self.slots[at as usize].older == slot);
        match newer {
            Some(newer) => self.slots[newer as usize].older = older,
            None => self.lead(tag, slot, older),
        }
        self.last = None;
        self.idle.remove(slot);
        self.empty(slot)
    }

    /// Takes all out, in no order, and gives the memory of the table back.
    #[expect(clippy::vec_box, reason = "they are moved on one by one, as they are")]
    pub fn drain(&mut self) -> Vec<Box<Connection>> {
        let mut left = Vec::with_capacity(self.len);
        let Table { slots, .. } = std::mem::take(self);
        left.extend(slots.into_iter().filter_map(|entry| entry.connection));
        left
    }

    /// Makes `to` instead of `from` the head of a chain.
    fn lead(&mut self, tag: u32, from: Slot, to: Slot) {
        let hash = spread(tag);
        match (self.heads.find_entry(hash, |&head| head == from), to) {
            (Ok(head), NONE) => drop(head.remove()),
            (Ok(mut head), to) => *head.get_mut() = to,
            (Err(_), to) => {
                let slots = &self.slots;
                self.heads.insert_unique(hash, to, |&slot| spread(slots[slot as usize].tag));
            }
        }
    }

    fn find(&self, tag: u32, ends: &Ends) -> Option<Slot> {
        let is_meant = |&slot: &Slot| self.slots[slot as usize].tag == tag && self.get(slot).ends == *ends;
        self.heads.find(spread(tag), is_meant).copied()
    }

    fn fill(&mut self, entry: Entry) -> Slot {
        let slot = self.free;
        if slot == NONE {
            self.slots.push(entry);
            return (self.slots.len() - 1) as Slot;
        }
        self.free = self.slots[slot as usize].older;
        self.slots[slot as usize] = entry;
        slot
    }

    fn empty(&mut self, slot: Slot) -> Box<Connection> {
        let entry = &mut self.slots[slot as usize];
        let connection = entry.connection.take().expect(USED);
        entry.older = self.free;
        self.free = slot;
        self.len -= 1;
        self.extra_ranges -= connection.extra_ranges();
        connection
    }
}

/// The table's hash of a tag, which is one already: only its high bits have to differ too.
fn spread(tag: u32) -> u64 {
    u64::from(tag).wrapping_mul(0x9e37_79b9_7f4a_7c15)
}

const USED: &str = "a slot is used until its connection is removed";

#[cfg(test)]
mod tests {
    use std::collections::HashMap;

    use super::*;
    use crate::model::Endpoint;

    /// Endpoints that a hash made of `one ^ other` cannot tell apart.
    fn flood() -> impl Iterator<Item = Ends> {
        let end = |ip: u32, port: u16| Endpoint { ip: std::net::Ipv4Addr::from(ip).into(), port };
        let other = move |ip: u32, port: u16| end(ip ^ 0xc000_0201, port ^ 0x8050);
        (0..40_000).map(move |n: u16| Ends::from([end(u32::from(n), n), other(n.into(), n)]))
    }

    #[test]
    fn a_flood_finds_no_endpoints_that_collide() {
        let table = Table::default();
        let tags: Vec<u32> = flood().map(|ends| table.hasher.hash_one(ends) as u32).collect();
        let most = |key: &dyn Fn(u32) -> u64| {
            let mut loads: HashMap<u64, u32> = HashMap::new();
            tags.iter().for_each(|&tag| *loads.entry(key(tag)).or_default() += 1);
            loads.into_values().max().unwrap_or(0)
        };
        // by chance, 3 of 40,000 have one of 2^32 tags once in ten million runs, and 16 one of 2^16 places never
        assert!(most(&|tag| tag.into()) <= 2);
        assert!(most(&|tag| spread(tag) & 0xffff) < 16, "where a probe begins");
        assert!(most(&|tag| spread(tag) >> 57) < 2 * 40_000 / 128, "what a probe compares");
    }
}
