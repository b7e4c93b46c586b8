//! Connections at rest, many in a row of the index: the hashes of their endpoints in the open, to be found by; what
//! `track` encoded of them compressed together, which leaves about a fourth of it.
//!
//! A row holds either open connections or closed ones: it goes when the last of them is over, if ever. Those taken up in
//! the meantime are crossed out in memory, and the rows they were in are written anew by the next commit.

use std::collections::{HashMap, HashSet};

use smallvec::SmallVec;

use super::cells::{DORMANT, cells};
use super::list::list;
use super::{DormantRow, Error, Result, Writer};
use crate::model::{ConnectionId, Timestamp};

/// Connections in a row: more compress no better, and are all read to wake one; fewer cost more tables to code with.
const TOGETHER: usize = 128;
/// Recording must keep up.
const LEVEL: i32 = -5;
/// Rows kept decoded, at most about 40 kB each.
const KEPT: usize = 64;
/// Bytes a row may decompress to: a connection at rest is bounded by its holes, see `track`.
const MAX_DECODED: usize = 1 << 30;

/// Hashes of endpoints.
pub type Hashes = HashSet<u64, foldhash::fast::RandomState>;

/// Connections on their way into a row.
#[derive(Debug, Default)]
pub struct Chunk {
    count: usize,
    /// Of the one that rests longest.
    until: Option<Timestamp>,
    /// One of them rests for ever.
    has_endless: bool,
    hashes: Vec<u8>,
    states: Vec<u8>,
}

/// A row.
#[derive(Debug)]
pub struct Packed {
    until: Option<Timestamp>,
    hashes: Vec<u8>,
    state: Vec<u8>,
}

impl Chunk {
    /// Adds a connection.
    pub fn push(&mut self, row: &DormantRow) {
        self.count += 1;
        self.until = self.until.max(row.until);
        self.has_endless |= row.until.is_none();
        self.hashes.extend_from_slice(&row.tuple_hash.to_le_bytes());
        self.states.extend_from_slice(&row.connection.to_le_bytes());
        let until = row.until.map(|until| until.nanoseconds().to_le_bytes());
        self.states.push(u8::from(until.is_some()));
        self.states.extend_from_slice(&until.unwrap_or_default());
        self.states.extend_from_slice(&(row.state.len() as u32).to_le_bytes());
        self.states.extend_from_slice(&row.state);
    }

    /// It holds as many as a row should.
    pub fn is_full(&self) -> bool {
        self.count >= TOGETHER
    }

    /// The row, if there is anything in it.
    pub fn pack(&self, compressor: &mut Compressor) -> Result<Option<Packed>> {
        if self.count == 0 {
            return Ok(None);
        }
        let state = compressor.compress(&self.states)?;
        let until = self.until.filter(|_| !self.has_endless);
        Ok(Some(Packed { until, hashes: self.hashes.clone(), state }))
    }

    /// Forgets what is in it, but keeps its memory.
    pub fn clear(&mut self) {
        (self.count, self.until, self.has_endless) = (0, None, false);
        self.hashes.clear();
        self.states.clear();
    }
}

/// Compresses rows; made when first needed.
#[derive(Default)]
pub struct Compressor(Option<zstd::bulk::Compressor<'static>>);

impl Compressor {
    fn compress(&mut self, bytes: &[u8]) -> Result<Vec<u8>> {
        let failed = |error: std::io::Error| Error::Sqlite(format!("connections at rest: {error}"));
        if self.0.is_none() {
            self.0 = Some(zstd::bulk::Compressor::new(LEVEL).map_err(failed)?);
        }
        let Some(compressor) = &mut self.0 else { return Ok(Vec::new()) };
        compressor.compress(bytes).map_err(failed)
    }
}

/// What the writer knows of the rows of connections at rest.
#[derive(Default)]
pub struct Sleepers {
    /// Number of the next row, higher than any before.
    next: i64,
    /// Rows in which a hash occurs, of rows up to `seen`.
    rows: HashMap<u64, SmallVec<[i64; 1]>, foldhash::fast::RandomState>,
    seen: i64,
    /// Connections that were taken up since the last commit, by row.
    taken: HashMap<i64, HashSet<ConnectionId>>,
    decoded: HashMap<i64, Vec<DormantRow>>,
    compressor: Compressor,
}

impl Writer {
    /// Hashes of the endpoints of connections at rest.
    pub fn dormant_hashes(&self) -> Result<Hashes> {
        let mut hashes = Hashes::default();
        self.each_hash(0, |_, hash| {
            hashes.insert(hash);
        })?;
        Ok(hashes)
    }

    /// The hashes once more, and nothing kept of those that are gone.
    pub fn renew_dormant(&mut self) -> Result<Hashes> {
        let Sleepers { rows, seen, decoded, .. } = &mut self.sleepers;
        (*rows, *seen) = (HashMap::default(), 0);
        decoded.clear();
        self.dormant_hashes()
    }

    /// Takes up the connections at rest with this hash that may still wake at `now`: their states, in order of their
    /// numbers. Their rows (connection, flows, gaps, anomalies) go, to be put again when they end; extents and
    /// conflicts stay.
    pub fn take_dormant(&mut self, hash: u64, now: Option<Timestamp>) -> Result<Vec<Vec<u8>>> {
        self.begin()?;
        self.see_dormant()?;
        let mut taken = Vec::new();
        for row in self.sleepers.rows.get(&hash).cloned().unwrap_or_default() {
            self.decode_dormant(row)?;
            let Sleepers { decoded, taken: crossed, .. } = &mut self.sleepers;
            for sleeper in decoded.get(&row).into_iter().flatten() {
                let over = sleeper.until.zip(now).is_some_and(|(until, now)| until < now);
                if sleeper.tuple_hash == hash && !over && crossed.entry(row).or_default().insert(sleeper.connection) {
                    taken.push((sleeper.connection, sleeper.state.clone()));
                }
            }
        }
        taken.sort_unstable();
        for (connection, _) in &taken {
            self.forget(*connection)?;
        }
        Ok(taken.into_iter().map(|(_, state)| state).collect())
    }

    /// All connections at rest that may still wake: their numbers, and their states.
    pub fn dormant(&mut self) -> Result<Vec<DormantRow>> {
        let rows: Vec<i64> = list(&self.db, "SELECT id FROM dormant ORDER BY id", [], |row| row.get(0))?;
        let mut all = Vec::new();
        for row in rows {
            self.decode_dormant(row)?;
            all.extend(self.sleepers.decoded.remove(&row).unwrap_or_default());
        }
        let is_over = |until: Timestamp| self.last.is_some_and(|last| until < last);
        all.retain(|sleeper| !sleeper.until.is_some_and(is_over));
        Ok(all)
    }

    /// Puts a row of connections at rest.
    pub(super) fn put_packed(&mut self, row: &Packed) -> Result<()> {
        if self.sleepers.next == 0 {
            let sql = "SELECT coalesce(max(id), 0) + 1 FROM dormant";
            self.sleepers.next = self.db.query_row(sql, [], |row| row.get(0))?;
        }
        self.insert_new(&DORMANT, &cells![self.sleepers.next, row.until, &row.hashes, &row.state])?;
        self.sleepers.next += 1;
        Ok(())
    }

    /// Puts what did not fill a row.
    pub(super) fn put_chunk(&mut self, chunk: &Chunk) -> Result<()> {
        let packed = chunk.pack(&mut self.sleepers.compressor)?;
        packed.map_or(Ok(()), |row| self.put_packed(&row))
    }

    /// Writes anew the rows from which connections were taken up, and drops those that nothing can wake: whether a
    /// later ingest or this one saw the later frame must not matter.
    pub(super) fn settle_dormant(&mut self, last: Option<Timestamp>) -> Result<()> {
        let mut rows: Vec<(i64, HashSet<ConnectionId>)> = self.sleepers.taken.drain().collect();
        rows.sort_unstable_by_key(|(row, _)| *row);
        for (row, taken) in rows.into_iter().filter(|(_, taken)| !taken.is_empty()) {
            self.decode_dormant(row)?;
            let mut left = Chunk::default();
            let sleepers = self.sleepers.decoded.remove(&row).unwrap_or_default();
            sleepers.iter().filter(|sleeper| !taken.contains(&sleeper.connection)).for_each(|one| left.push(one));
            self.delete(&DORMANT, "id = ?1", &cells![row])?;
            self.put_chunk(&left)?;
        }
        self.delete(&DORMANT, "until_ns IS NOT NULL AND until_ns < ?1", &cells![last])
    }

    /// Learns the hashes of rows that came since this was last asked.
    fn see_dormant(&mut self) -> Result<()> {
        let mut rows = std::mem::take(&mut self.sleepers.rows);
        let mut seen = self.sleepers.seen;
        if self.sleepers.next == 0 || seen + 1 < self.sleepers.next {
            self.each_hash(seen, |row, hash| {
                let of_hash = rows.entry(hash).or_default();
                if of_hash.last() != Some(&row) {
                    of_hash.push(row);
                }
                seen = row;
            })?;
        }
        (self.sleepers.rows, self.sleepers.seen) = (rows, seen);
        Ok(())
    }

    fn each_hash(&self, after: i64, mut each: impl FnMut(i64, u64)) -> Result<()> {
        let mut statement = self.db.prepare_cached("SELECT id, hashes FROM dormant WHERE id > ?1 ORDER BY id")?;
        let mut rows = statement.query([after])?;
        while let Some(row) = rows.next()? {
            let id = row.get(0)?;
            let (hashes, _) = row.get_ref(1)?.as_blob().map_err(|_| garbled(id))?.as_chunks();
            hashes.iter().for_each(|hash| each(id, u64::from_le_bytes(*hash)));
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
        let sleepers = hashes.zip(state).and_then(|(hashes, state)| unpack(hashes, state));
        if self.sleepers.decoded.len() >= KEPT {
            self.sleepers.decoded.clear();
        }
        self.sleepers.decoded.insert(row, sleepers.ok_or_else(|| garbled(row))?);
        Ok(())
    }
}

fn garbled(row: i64) -> Error {
    Error::Sqlite(format!("table dormant: row {row} makes no sense"))
}

/// What a state was before it was compressed; `None` if it makes no sense, or claims to be longer than `most` bytes.
pub(super) fn decompressed(state: &[u8], most: usize) -> Option<Vec<u8>> {
    let size = zstd::bulk::Decompressor::upper_bound(state).filter(|&size| size <= most)?;
    zstd::bulk::decompress(state, size).ok()
}

/// The connections of a row; `None` if it makes no sense.
fn unpack(hashes: &[u8], state: &[u8]) -> Option<Vec<DormantRow>> {
    let (hashes, none) = hashes.as_chunks();
    let states = decompressed(state, MAX_DECODED).filter(|_| none.is_empty())?;
    let mut rest = &states[..];
    let rows = hashes.iter().map(|hash| sleeper(u64::from_le_bytes(*hash), &mut rest));
    let rows: Option<Vec<DormantRow>> = rows.collect();
    rows.filter(|_| rest.is_empty())
}

fn sleeper(tuple_hash: u64, rest: &mut &[u8]) -> Option<DormantRow> {
    let connection = u64::from_le_bytes(take(rest)?);
    let [rests_until] = take(rest)?;
    let until = Timestamp(i64::from_le_bytes(take(rest)?));
    let length = u32::from_le_bytes(take(rest)?) as usize;
    let (state, after) = rest.split_at_checked(length)?;
    *rest = after;
    let (until, state) = ((rests_until == 1).then_some(until), state.to_vec());
    // those of a row are alike, and stay together
    Some(DormantRow { connection, tuple_hash, until, is_closed: false, state })
}

fn take<const N: usize>(rest: &mut &[u8]) -> Option<[u8; N]> {
    let (bytes, after) = rest.split_first_chunk()?;
    *rest = after;
    Some(*bytes)
}
