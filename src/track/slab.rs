//! Where connections lie: side by side in chunks that never move, so that one is found with one access and costs no
//! allocation of its own.

use super::Connection;
use super::heads::NONE;
use super::wheel::{Slot, Tick};
use crate::model::ConnectionId;

/// Slots of a chunk, as a power of two: large enough that few chunks are found through few cache lines, small enough
/// that an empty table takes little.
const CHUNK: u32 = 12;

/// Connections by their slots. A slot is valid until its connection is taken out.
pub struct Slab {
    chunks: Vec<Vec<Entry>>,
    /// The first of the free slots, which form a chain.
    free: Slot,
    len: usize,
}

/// A connection, and what its table says of it. So aligned it lies in no more cache lines than it must.
#[repr(align(32))]
pub struct Entry {
    connection: Option<Connection>,
    /// The next older connection between the same endpoints; of a free slot, the next free one.
    pub older: Slot,
    /// When it was used last.
    pub used: Tick,
}

impl Default for Slab {
    fn default() -> Self {
        Slab { chunks: Vec::new(), free: NONE, len: 0 }
    }
}

impl Slab {
    /// Connections held.
    pub fn len(&self) -> usize {
        self.len
    }

    /// Puts a connection into a free slot.
    pub fn put(&mut self, connection: Connection, older: Slot, used: Tick) -> Slot {
        self.len += 1;
        let entry = Entry { connection: Some(connection), older, used };
        let slot = self.free;
        if slot == NONE {
            return self.push(entry);
        }
        self.free = std::mem::replace(self.entry_mut(slot), entry).older;
        slot
    }

    /// Takes the connection out of a slot.
    pub fn take(&mut self, slot: Slot) -> Box<Connection> {
        let free = std::mem::replace(&mut self.free, slot);
        self.len -= 1;
        let entry = self.entry_mut(slot);
        entry.older = free;
        Box::new(entry.connection.take().expect(USED))
    }

    /// The connection in a slot.
    #[inline]
    pub fn get(&self, slot: Slot) -> &Connection {
        self.entry(slot).connection.as_ref().expect(USED)
    }

    /// The connection in a slot.
    #[inline]
    pub fn get_mut(&mut self, slot: Slot) -> &mut Connection {
        self.entry_mut(slot).connection.as_mut().expect(USED)
    }

    /// The connection in a slot, if there is one.
    pub fn find(&self, slot: Slot) -> Option<&Connection> {
        let (chunk, place) = split(slot);
        self.chunks.get(chunk)?.get(place)?.connection.as_ref()
    }

    /// Reads something of each cache line of a slot, if there is such a slot, so that they are near when they are wanted.
    #[inline]
    pub fn glance(&self, slot: Slot) -> u64 {
        let (chunk, place) = split(slot);
        let entry = self.chunks.get(chunk).and_then(|chunk| chunk.get(place));
        entry.map_or(0, |entry| entry.connection.as_ref().map_or(0, Connection::glance) ^ u64::from(entry.used))
    }

    /// A slot that was used.
    #[inline]
    pub fn entry(&self, slot: Slot) -> &Entry {
        let (chunk, place) = split(slot);
        &self.chunks[chunk][place]
    }

    /// A slot that was used.
    #[inline]
    pub fn entry_mut(&mut self, slot: Slot) -> &mut Entry {
        let (chunk, place) = split(slot);
        &mut self.chunks[chunk][place]
    }

    /// All connections in the order of their numbers. Chunks go as they become empty, which is about in their
    /// order.
    pub fn into_connections(mut self) -> impl ExactSizeIterator<Item = Box<Connection>> {
        let slots = (0..).zip(self.chunks.iter().flatten());
        let held = slots.filter_map(|(slot, entry)| Some((entry.connection.as_ref()?.id, slot)));
        let mut order: Vec<(ConnectionId, Slot)> = Vec::with_capacity(self.len);
        order.extend(held);
        order.sort_unstable();
        let in_use = |chunk: &Vec<Entry>| chunk.iter().filter(|entry| entry.connection.is_some()).count();
        let mut left: Vec<usize> = self.chunks.iter().map(in_use).collect();
        order.into_iter().map(move |(_, slot)| {
            let connection = self.take(slot);
            let (chunk, _) = split(slot);
            left[chunk] -= 1;
            if left[chunk] == 0 {
                self.chunks[chunk] = Vec::new();
            }
            connection
        })
    }

    fn push(&mut self, entry: Entry) -> Slot {
        let full = |chunk: &Vec<Entry>| chunk.len() == 1 << CHUNK;
        if self.chunks.last().is_none_or(full) {
            self.chunks.push(Vec::with_capacity(1 << CHUNK));
        }
        let chunk = self.chunks.len() - 1;
        self.chunks[chunk].push(entry);
        (chunk << CHUNK | (self.chunks[chunk].len() - 1)) as Slot
    }
}

/// The chunk of a slot, and its place there.
fn split(slot: Slot) -> (usize, usize) {
    (slot as usize >> CHUNK, slot as usize & ((1 << CHUNK) - 1))
}

const USED: &str = "a slot is used until its connection is removed";

#[cfg(test)]
mod tests {
    use std::mem::offset_of;

    use super::{Connection, Entry};
    use crate::track::Direction;

    #[test]
    fn an_entry_takes_little_memory() {
        // with its place in a hash table at worst three eighths full (21 bytes) and in the wheel (10): 255
        assert_eq!(size_of::<Entry>(), 224);
    }

    /// [`Connection::glance`] and [`Entry::used`], wherever the compiler puts the fields.
    #[test]
    fn a_glance_reaches_every_cache_line() {
        let sides = [0, size_of::<Direction>()].map(|side| offset_of!(Connection, directions) + side);
        let [lower, higher] =
            sides.map(|side| [side + offset_of!(Direction, flow), side + offset_of!(Direction, acked)]);
        let own = [offset_of!(Connection, id), offset_of!(Connection, known)];
        let of_connection = [lower, higher, own].concat().into_iter().map(|at| offset_of!(Entry, connection) + at);
        let read: Vec<usize> = of_connection.chain([offset_of!(Entry, used)]).collect();
        for begin in [0, 32] {
            let lines = (begin..begin + size_of::<Entry>()).map(|at| at / 64);
            let missed: Vec<usize> = lines.filter(|line| !read.iter().any(|at| (begin + at) / 64 == *line)).collect();
            assert!(missed.is_empty(), "an entry {begin} bytes into a line: {missed:?} of {read:?}");
        }
    }
}
