//! A row of the table `dormant`: many connections at rest, the hashes of their endpoints in the open, to be found by; what
//! `track` encoded of them compressed together, which leaves about a fourth of it. It holds either open connections or closed
//! ones.

use crate::index::{DormantRow, Error, Result};
use crate::model::{ConnectionId, Timestamp};

/// Connections in a row: more compress no better, and are all read to wake one; fewer cost more tables to code with.
pub const TOGETHER: usize = 128;
/// Recording must keep up.
const LEVEL: i32 = -5;
/// Bytes a row may decompress to: a connection at rest is bounded by its holes, see `track`.
const MAX_DECODED: usize = 1 << 30;

/// A connection at rest.
#[derive(Clone, Copy, Debug)]
pub struct Sleeper<'a> {
    /// Its number.
    pub connection: ConnectionId,
    /// See [`DormantRow`].
    pub tuple_hash: u64,
    /// Until when it may wake; `None`: for ever.
    pub until: Option<Timestamp>,
    /// What `track` encoded of it.
    pub state: &'a [u8],
}

impl<'a> Sleeper<'a> {
    /// The connection of a row.
    pub fn of(row: &'a DormantRow) -> Self {
        let DormantRow { connection, tuple_hash, until, ref state, .. } = *row;
        Sleeper { connection, tuple_hash, until, state }
    }

    /// As a row of its own. That it is closed is not said any more: those of a row are alike, and stay together.
    pub fn to_row(self) -> DormantRow {
        let Sleeper { connection, tuple_hash, until, state } = self;
        DormantRow { connection, tuple_hash, until, is_closed: false, state: state.to_vec() }
    }
}

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
    /// Until when one of them may wake; `None`: for ever.
    pub until: Option<Timestamp>,
    /// Hashes of their endpoints, 8 bytes each.
    pub hashes: Vec<u8>,
    /// The rest of them, compressed.
    pub state: Vec<u8>,
}

impl Chunk {
    /// Adds a connection.
    pub fn push(&mut self, one: Sleeper<'_>) {
        self.count += 1;
        self.until = self.until.max(one.until);
        self.has_endless |= one.until.is_none();
        self.hashes.extend_from_slice(&one.tuple_hash.to_le_bytes());
        self.states.extend_from_slice(&one.connection.to_le_bytes());
        let until = one.until.map(|until| until.nanoseconds().to_le_bytes());
        self.states.push(u8::from(until.is_some()));
        self.states.extend_from_slice(&until.unwrap_or_default());
        self.states.extend_from_slice(&(one.state.len() as u32).to_le_bytes());
        self.states.extend_from_slice(one.state);
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

/// What a state was before it was compressed; `None` if it makes no sense, or claims to be longer than `most` bytes.
pub fn decompressed(state: &[u8], most: usize) -> Option<Vec<u8>> {
    let size = zstd::bulk::Decompressor::upper_bound(state).filter(|&size| size <= most)?;
    zstd::bulk::decompress(state, size).ok()
}

/// A row, decompressed.
pub struct Unpacked {
    hashes: Vec<u8>,
    states: Vec<u8>,
}

impl Unpacked {
    /// `None` if it makes no sense.
    pub fn new(hashes: &[u8], state: &[u8]) -> Option<Self> {
        let states = decompressed(state, MAX_DECODED)?;
        let (each, none) = hashes.as_chunks();
        let mut rest = &states[..];
        let makes_sense = none.is_empty() && each.iter().all(|hash| sleeper(*hash, &mut rest).is_some());
        let is_all = makes_sense && rest.is_empty();
        is_all.then(|| Unpacked { hashes: hashes.to_vec(), states })
    }

    /// The connections, in order.
    pub fn iter(&self) -> impl Iterator<Item = Sleeper<'_>> {
        let mut rest = &self.states[..];
        self.hashes.as_chunks().0.iter().map_while(move |hash| sleeper(*hash, &mut rest))
    }
}

fn sleeper<'a>(tuple_hash: [u8; 8], rest: &mut &'a [u8]) -> Option<Sleeper<'a>> {
    let connection = u64::from_le_bytes(take(rest)?);
    let [rests_until] = take(rest)?;
    let until = Timestamp(i64::from_le_bytes(take(rest)?));
    let length = u32::from_le_bytes(take(rest)?) as usize;
    let (state, after) = rest.split_at_checked(length)?;
    *rest = after;
    let until = (rests_until == 1).then_some(until);
    Some(Sleeper { connection, tuple_hash: u64::from_le_bytes(tuple_hash), until, state })
}

fn take<const N: usize>(rest: &mut &[u8]) -> Option<[u8; N]> {
    let (bytes, after) = rest.split_first_chunk()?;
    *rest = after;
    Some(*bytes)
}
