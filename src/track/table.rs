//! Connections by their endpoints: a hash table that cannot be flooded (random seed), chaining those of one pair.

use std::hash::BuildHasher;
use std::hint::black_box;

use foldhash::quality::RandomState;

use super::Connection;
use super::ends::Ends;
use super::heads::{Heads, NONE};
use super::slab::Slab;
use super::tracker::LOOK_AHEAD;
pub use super::wheel::Slot;
use super::wheel::{Tick, Wheel};
use crate::model::{ConnectionId, Segment};

/// Live connections. Those with the same endpoints form a chain, newest first. A slot is valid until its connection is
/// removed.
#[derive(Default)]
pub struct Table {
    /// The newest of each chain. The tags stand there, so that neither a look-up nor growth has to look at connections that
    /// are not meant.
    heads: Heads,
    slab: Slab,
    idle: Wheel,
    hasher: RandomState,
    /// See [`Table::extra_ranges`].
    extra_ranges: usize,
}

/// Two endpoints, and their hash in one table: made once for a segment, which asks several times.
#[derive(Clone, Copy)]
pub struct Key {
    ends: Ends,
    tag: u32,
}

impl Table {
    /// Connections held.
    pub fn len(&self) -> usize {
        self.slab.len()
    }

    /// Separate covered ranges beyond the first of each part, of all connections.
    pub fn extra_ranges(&self) -> usize {
        self.extra_ranges
    }

    /// What a segment is looked up by.
    #[inline]
    pub fn key(&self, segment: &Segment<'_>) -> Key {
        self.key_of(Ends::of(segment))
    }

    fn key_of(&self, ends: Ends) -> Key {
        Key { ends, tag: self.hasher.hash_one(ends) as u32 }
    }

    /// Has the memory fetched that look-ups of these keys, and changes of what they find, will want: one after the other
    /// they would wait for it each time, here they wait together.
    pub fn look_ahead(&self, keys: &[Key]) {
        for keys in keys.chunks(LOOK_AHEAD) {
            black_box(keys.iter().fold(0, |all, key| all ^ self.heads.glance(key.tag)));
            let mut likely = [NONE; LOOK_AHEAD];
            for (likely, key) in likely.iter_mut().zip(keys) {
                *likely = self.heads.find(key.tag, |_| true).unwrap_or(NONE);
            }
            black_box(likely.iter().fold(0, |all, &slot| all ^ self.slab.glance(slot)));
        }
    }

    /// The newest connection between these endpoints.
    #[inline]
    pub fn newest(&self, key: &Key) -> Option<Slot> {
        self.heads.find(key.tag, |newest| self.get(newest).ends == key.ends)
    }

    /// The newest connection between the endpoints of one.
    pub fn newest_beside(&self, slot: Slot) -> Option<Slot> {
        self.newest(&self.key_of(self.get(slot).ends))
    }

    /// The chain from its newest connection on.
    pub fn chain(&self, newest: Option<Slot>) -> impl Iterator<Item = Slot> + '_ {
        std::iter::successors(newest, |&slot| self.older(slot))
    }

    /// The next in the chain.
    pub fn older(&self, slot: Slot) -> Option<Slot> {
        Some(self.slab.entry(slot).older).filter(|&older| older != NONE)
    }

    /// The connection in a slot.
    #[inline]
    pub fn get(&self, slot: Slot) -> &Connection {
        self.slab.get(slot)
    }

    /// Lets the connection in a slot change.
    #[inline]
    pub fn change<R>(&mut self, slot: Slot, act: impl FnOnce(&mut Connection) -> R) -> R {
        let connection = self.slab.get_mut(slot);
        let before = connection.extra_ranges();
        let done = act(connection);
        self.extra_ranges = self.extra_ranges - before + connection.extra_ranges();
        done
    }

    /// The connection in a slot is used.
    #[inline]
    pub fn touch(&mut self, slot: Slot, now: Tick) {
        self.slab.entry_mut(slot).used = now;
    }

    /// A connection that no other is idle longer than.
    pub fn idlest(&mut self) -> Option<Slot> {
        let Table { slab, idle, .. } = self;
        idle.idlest(|slot| slab.find(slot).map(|_| slab.entry(slot).used))
    }

    /// The slot is still that of the connection with this number.
    pub fn holds(&self, slot: Slot, id: ConnectionId) -> bool {
        self.slab.find(slot).is_some_and(|connection| connection.id == id)
    }

    /// Adds a connection as the newest between its endpoints.
    pub fn insert(&mut self, connection: Connection, now: Tick) -> Slot {
        let key = self.key_of(connection.ends);
        let newest = self.newest(&key);
        self.insert_before(&key, newest, connection, now)
    }

    /// As [`insert`](Self::insert), where the newest so far is known.
    pub fn insert_before(&mut self, key: &Key, newest: Option<Slot>, connection: Connection, now: Tick) -> Slot {
        self.extra_ranges += connection.extra_ranges();
        let older = newest.unwrap_or(NONE);
        let slot = self.slab.put(connection, older, now);
        self.idle.file(slot, now);
        match newest {
            Some(newest) => self.heads.replace(key.tag, newest, slot),
            None => self.heads.insert(key.tag, slot),
        }
        slot
    }

    /// Takes a connection out.
    pub fn remove(&mut self, slot: Slot) -> Box<Connection> {
        let key = self.key_of(self.get(slot).ends);
        let older = self.slab.entry(slot).older;
        let newer = self.chain(self.newest(&key)).find(|&at| self.older(at) == Some(slot));
        match (newer, older) {
            (Some(newer), older) => self.slab.entry_mut(newer).older = older,
            (None, NONE) => self.heads.remove(key.tag, slot),
            (None, older) => self.heads.replace(key.tag, slot, older),
        }
        let connection = self.slab.take(slot);
        self.extra_ranges -= connection.extra_ranges();
        connection
    }

    /// Takes all out, in the order of their numbers. Keys stay good.
    pub fn drain(&mut self) -> impl ExactSizeIterator<Item = Box<Connection>> + use<> {
        let hasher = self.hasher.clone();
        let Table { slab, .. } = std::mem::replace(self, Table { hasher, ..Table::default() });
        slab.into_connections()
    }
}

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
        let tags: Vec<u32> = flood().map(|ends| table.key_of(ends).tag).collect();
        let most = |key: &dyn Fn(u32) -> u64| {
            let mut loads: HashMap<u64, u32> = HashMap::new();
            tags.iter().for_each(|&tag| *loads.entry(key(tag)).or_default() += 1);
            loads.into_values().max().unwrap_or(0)
        };
        // by chance, 3 of 40,000 have one of 2^32 tags once in ten million runs, and 16 one of 2^16 places never
        assert!(most(&|tag| tag.into()) <= 2);
        assert!(most(&|tag| (tag & 0xffff).into()) < 16, "where a probe begins");
    }
}
