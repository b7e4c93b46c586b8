//! Hashes of the endpoints of connections at rest: which there are, and in which rows. A recording without end keeps the
//! memory of both, so that it takes as much after a week as after a minute.

use std::collections::HashSet;
use std::hash::BuildHasher;

use foldhash::fast::RandomState;
use hashbrown::HashTable;
use smallvec::SmallVec;

/// Hashes of endpoints.
pub type Hashes = HashSet<u64, RandomState>;

/// Bytes that a connection at rest takes, here and where its row is looked up, as full as such tables get.
pub const TAKES: u64 = 21;
/// Bits of a place that are the number of the row: more rows than a disk holds. The others are of the hash, enough to tell
/// most from each other; what the row holds decides.
const ROW: u64 = (1 << 36) - 1;

/// Rows by the hashes in them.
#[derive(Default)]
pub struct Places {
    /// Above [`ROW`] a hash, below it a row.
    table: HashTable<u64>,
    hasher: RandomState,
    /// The last row that was looked at.
    seen: i64,
}

impl Places {
    /// Makes room for this many connections.
    pub fn reserve(&mut self, connections: usize) {
        let Places { table, hasher, .. } = self;
        table.reserve(connections, |place| hasher.hash_one(place & !ROW));
    }

    /// The last row that was put here.
    pub fn seen(&self) -> i64 {
        self.seen
    }

    /// Puts a hash of a row; rows come in order.
    pub fn put(&mut self, row: i64, hash: u64) {
        let Places { table, hasher, seen } = self;
        *seen = row;
        let key = |place: &u64| hasher.hash_one(place & !ROW);
        table.insert_unique(key(&hash), hash & !ROW | row as u64 & ROW, key);
    }

    /// The rows that may hold this hash, in order.
    pub fn rows(&self, hash: u64) -> SmallVec<[i64; 2]> {
        let places = self.table.iter_hash(self.hasher.hash_one(hash & !ROW));
        let mut rows: SmallVec<[i64; 2]> =
            places.filter(|place| (*place ^ hash) & !ROW == 0).map(|place| (place & ROW) as i64).collect();
        rows.sort_unstable();
        rows.dedup();
        rows
    }

    /// Forgets all rows, but keeps the memory.
    pub fn clear(&mut self) {
        self.table.clear();
        self.seen = 0;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn rows_are_found_by_every_hash_in_them() {
        let mut places = Places::default();
        places.reserve(10);
        let hash = |number: u64| number.wrapping_mul(0x9e37_79b9_7f4a_7c15);
        for number in 0..2000 {
            let row = number / 4 + 1;
            places.put(row as i64, hash(number));
            places.put(row as i64, hash(number % 3));
        }
        assert_eq!(places.seen(), 500);
        assert_eq!(places.rows(hash(1)).as_slice(), (1..=500).collect::<Vec<i64>>());
        assert!((3..2000).all(|number| places.rows(hash(number)).contains(&(number as i64 / 4 + 1))));
        let strange = (2000..4000).map(|number| places.rows(hash(number)).len()).sum::<usize>();
        assert!(strange < 10, "{strange}");
        places.clear();
        assert_eq!((places.seen(), places.rows(hash(1)).len()), (0, 0));
    }
}
