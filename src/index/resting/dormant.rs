//! Connections at rest, many in a [row](super::sleepers) of the index, which goes when the last of them is over, if ever.
//!
//! Those that are taken up in the meantime are crossed out: the table `dormant_taken` says which of a row they are. A row of
//! which not even half is left is written anew by the next commit.

use std::collections::{HashMap, HashSet};

use super::hashes::{Hashes, Places};
use super::sleepers::{Chunk, Compressor, Packed, Sleeper, TOGETHER, Unpacked};
use crate::index::cells::{DORMANT, DORMANT_TAKEN, cells};
use crate::index::list::list;
use crate::index::{DormantRow, Error, Result, Writer};
use crate::model::Timestamp;

/// Rows kept decoded, usually about 40 kB each.
const KEPT: usize = 32;

/// What the writer knows of the rows of connections at rest.
#[derive(Default)]
pub struct Sleepers {
    /// Number of the next row, higher than any before.
    next: i64,
    /// Rows in which hashes occur, of those that were looked at.
    places: Places,
    /// Those of rows that were taken up; `None`: as the index says.
    taken: Option<HashMap<i64, Taken>>,
    /// Rows from which some were taken up since the last commit.
    changed: HashSet<i64>,
    decoded: HashMap<i64, Unpacked>,
    compressor: Compressor,
}

/// Which connections of a row were taken up: a bit each.
#[derive(Clone, Copy, Default)]
struct Taken(u128);

const _: () = assert!(TOGETHER <= 128, "a bit for each");

impl Taken {
    fn has(self, place: usize) -> bool {
        self.0 >> (127 - place) & 1 == 1
    }

    fn add(&mut self, place: usize) {
        self.0 |= 1 << (127 - place);
    }

    fn count(self) -> u32 {
        self.0.count_ones()
    }
}

impl Writer {
    /// Hashes of the endpoints of connections at rest, in the memory of `hashes`. Here, too, nothing is kept of those that are
    /// gone, and there is room for as many as there.
    pub fn dormant_hashes(&mut self, mut hashes: Hashes) -> Result<Hashes> {
        let mut places = std::mem::take(&mut self.sleepers.places);
        places.clear();
        places.reserve(hashes.capacity());
        hashes.clear();
        self.sleepers.decoded.clear();
        self.sleepers.taken = None;
        self.each_hash(0, |row, hash| {
            places.put(row, hash);
            hashes.insert(hash);
        })?;
        self.sleepers.places = places;
        Ok(hashes)
    }

    /// Takes up the connections at rest with this hash that may still wake at `now`: their states, in order of their
    /// numbers. Their rows (connection, flows, gaps, anomalies) go, to be put again when they end; extents and
    /// conflicts stay.
    pub fn take_dormant(&mut self, hash: u64, now: Option<Timestamp>) -> Result<Vec<Vec<u8>>> {
        self.begin()?;
        self.see_dormant()?;
        let mut states = Vec::new();
        for row in self.sleepers.places.rows(hash) {
            self.decode_dormant(row)?;
            let mut taken = self.taken_of(row)?;
            let before = states.len();
            let sleepers = self.sleepers.decoded.get(&row).into_iter().flat_map(Unpacked::iter);
            for (place, sleeper) in sleepers.enumerate() {
                let over = sleeper.until.zip(now).is_some_and(|(until, now)| until < now);
                if sleeper.tuple_hash == hash && !over && !taken.has(place) {
                    taken.add(place);
                    states.push((sleeper.connection, sleeper.state.to_vec()));
                }
            }
            if states.len() > before {
                self.taken()?.insert(row, taken);
                self.sleepers.changed.insert(row);
            }
        }
        states.sort_unstable();
        for (connection, _) in &states {
            self.forget(*connection)?;
        }
        Ok(states.into_iter().map(|(_, state)| state).collect())
    }

    /// All connections at rest that may still wake: their numbers, and their states.
    pub fn dormant(&mut self) -> Result<Vec<DormantRow>> {
        let rows: Vec<i64> = list(&self.db, "SELECT id FROM dormant ORDER BY id", [], |row| row.get(0))?;
        let mut all = Vec::new();
        for row in rows {
            self.left(row, |one| all.push(one.to_row()))?;
        }
        let is_over = |until: Timestamp| self.last.is_some_and(|last| until < last);
        all.retain(|sleeper| !sleeper.until.is_some_and(is_over));
        Ok(all)
    }

    /// Puts a row of connections at rest.
    pub(in crate::index) fn put_packed(&mut self, row: &Packed) -> Result<()> {
        if self.sleepers.next == 0 {
            let sql = "SELECT coalesce(max(id), 0) + 1 FROM dormant";
            self.sleepers.next = self.db.query_row(sql, [], |row| row.get(0))?;
        }
        self.insert_new(&DORMANT, &cells![self.sleepers.next, row.until, &row.hashes, &row.state])?;
        self.sleepers.next += 1;
        Ok(())
    }

    /// Puts what did not fill a row.
    pub(in crate::index) fn put_chunk(&mut self, chunk: &Chunk) -> Result<()> {
        let packed = chunk.pack(&mut self.sleepers.compressor)?;
        packed.map_or(Ok(()), |row| self.put_packed(&row))
    }

    /// Crosses out connections that were taken up, writes rows anew of which little is left, and drops those that nothing can
    /// wake: whether a later ingest or this one saw the later frame must not matter.
    pub(in crate::index) fn settle_dormant(&mut self, last: Option<Timestamp>) -> Result<()> {
        let mut rows: Vec<i64> = self.sleepers.changed.drain().collect();
        rows.sort_unstable();
        for row in rows {
            let taken = self.taken_of(row)?;
            self.delete(&DORMANT_TAKEN, "id = ?1", &cells![row])?;
            let all = "SELECT length(hashes) / 8 FROM dormant WHERE id = ?1";
            let all: u32 = self.db.prepare_cached(all)?.query_row([row], |row| row.get(0))?;
            if 2 * taken.count() <= all {
                self.insert_new(&DORMANT_TAKEN, &cells![row, &taken.0.to_be_bytes()[..]])?;
                continue;
            }
            let mut left = Chunk::default();
            self.left(row, |one| left.push(one))?;
            self.delete(&DORMANT, "id = ?1", &cells![row])?;
            self.taken()?.remove(&row);
            self.put_chunk(&left)?;
        }
        let over = "until_ns IS NOT NULL AND until_ns < ?1";
        let of_them = format!("id IN (SELECT id FROM dormant WHERE {over})");
        self.delete(&DORMANT_TAKEN, &of_them, &cells![last])?;
        self.delete(&DORMANT, over, &cells![last])
    }

    /// Gives the connections of a row that are still at rest.
    fn left(&mut self, row: i64, mut each: impl FnMut(Sleeper<'_>)) -> Result<()> {
        self.decode_dormant(row)?;
        let taken = self.taken_of(row)?;
        let unpacked = self.sleepers.decoded.remove(&row);
        let all = unpacked.iter().flat_map(Unpacked::iter).enumerate();
        all.filter(|(place, _)| !taken.has(*place)).for_each(|(_, one)| each(one));
        Ok(())
    }

    /// Which were taken up, of rows that are not whole.
    fn taken(&mut self) -> Result<&mut HashMap<i64, Taken>> {
        let taken = match self.sleepers.taken.take() {
            Some(taken) => taken,
            None => {
                let bits = |row: &rusqlite::Row<'_>| Ok((row.get(0)?, Taken(u128::from_be_bytes(row.get(1)?))));
                list::<_, Vec<_>>(&self.db, "SELECT id, taken FROM dormant_taken", [], bits)?.into_iter().collect()
            }
        };
        Ok(self.sleepers.taken.insert(taken))
    }

    fn taken_of(&mut self, row: i64) -> Result<Taken> {
        Ok(self.taken()?.get(&row).copied().unwrap_or_default())
    }

    /// Learns the hashes of rows that came since this was last asked.
    fn see_dormant(&mut self) -> Result<()> {
        let mut places = std::mem::take(&mut self.sleepers.places);
        if self.sleepers.next == 0 || places.seen() + 1 < self.sleepers.next {
            self.each_hash(places.seen(), |row, hash| places.put(row, hash))?;
        }
        self.sleepers.places = places;
        Ok(())
    }

    fn each_hash(&mut self, after: i64, mut each: impl FnMut(i64, u64)) -> Result<()> {
        self.taken()?;
        let mut statement = self.db.prepare_cached("SELECT id, hashes FROM dormant WHERE id > ?1 ORDER BY id")?;
        let mut rows = statement.query([after])?;
        while let Some(row) = rows.next()? {
            let id = row.get(0)?;
            let (hashes, _) = row.get_ref(1)?.as_blob().map_err(|_| garbled(id))?.as_chunks();
            let taken = self.sleepers.taken.as_ref().and_then(|taken| taken.get(&id)).copied().unwrap_or_default();
            let left = hashes.iter().enumerate().filter(|(place, _)| !taken.has(*place));
            left.for_each(|(_, hash)| each(id, u64::from_le_bytes(*hash)));
        }
        Ok(())
    }

    /// Sees to it that a row is among those decoded, if it is there.
    fn decode_dormant(&mut self, row: i64) -> Result<()> {
        if self.sleepers.decoded.contains_key(&row) {
            return Ok(());
        }
        let mut statement = self.db.prepare_cached("SELECT hashes, state FROM dormant WHERE id = ?1")?;
        let mut rows = statement.query([row])?;
        let Some(found) = rows.next()? else { return Ok(()) };
        let (hashes, state) = (found.get_ref(0)?.as_blob().ok(), found.get_ref(1)?.as_blob().ok());
        let unpacked = hashes.zip(state).and_then(|(hashes, state)| Unpacked::new(hashes, state));
        if self.sleepers.decoded.len() >= KEPT {
            self.sleepers.decoded.clear();
        }
        self.sleepers.decoded.insert(row, unpacked.ok_or_else(|| garbled(row))?);
        Ok(())
    }
}

fn garbled(row: i64) -> Error {
    Error::Sqlite(format!("table dormant: row {row} makes no sense"))
}
