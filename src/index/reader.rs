//! Reading a case: typed rows for the program's own views, and the way to the SQL of users (`query`).

use std::collections::BTreeMap;
use std::path::Path;

use rusqlite::Connection;

use super::guard::Guard;
use super::payload::{self, Unpack};
use super::query::wrong;
use super::selection::{Of, Selection};
use super::{Error, Result, extents, file, functions, resolve, segments, writer};
use crate::model::{CaptureId, Checksum, ConnectionId, Digests, Endpoint, FlowId, Timestamp};

/// Reads the index of a case, and nothing but reads.
pub struct Reader {
    pub(super) db: Connection,
    pub(super) guard: Guard,
}

/// A flow with payload: a row of the `flows` view, and what is needed to read its file.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct FlowInfo {
    /// Its number.
    pub id: FlowId,
    /// Its connection.
    pub connection_id: ConnectionId,
    /// 0 originator, 1 responder.
    pub side: u8,
    /// 0, 1, … where jumps split the direction.
    pub part: u32,
    /// Sender.
    pub src: Endpoint,
    /// Receiver.
    pub dst: Endpoint,
    /// VLAN of its first frame.
    pub vlan: Option<u16>,
    /// Relative to the case.
    pub path: String,
    /// Stream position of offset 0.
    pub base: i64,
    /// Highest placed offset + 1, in bytes.
    pub length: u64,
    /// `length` without gaps.
    pub stored_bytes: u64,
    /// Bytes known to be missing at the end.
    pub missing_tail_bytes: u64,
    /// Frames.
    pub packets: u64,
    /// Time of its first frame.
    pub start: Option<Timestamp>,
    /// Time of its last frame.
    pub end: Option<Timestamp>,
    /// Initial sequence number, if the SYN was seen.
    pub isn: Option<u32>,
    /// Digests of the file, holes read as zeros.
    pub digests: Digests,
    /// Where its bytes lie in packs, encoded by the store; `None` if they lie in a file.
    pub pieces: Option<Vec<u8>>,
}

/// A connection: a row of the `connections` view.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ConnectionInfo {
    /// Its number.
    pub id: ConnectionId,
    /// Originator.
    pub orig: Endpoint,
    /// Responder.
    pub resp: Endpoint,
    /// VLAN of its first frame.
    pub vlan: Option<u16>,
    /// Time of its first frame.
    pub start: Option<Timestamp>,
    /// Time of its last frame.
    pub end: Option<Timestamp>,
    /// Zeek's conn_state.
    pub state: String,
    /// Zeek's history.
    pub history: String,
    /// Stored bytes of the originator, the responder.
    pub bytes: [u64; 2],
    /// Frames of the originator, the responder.
    pub packets: [u64; 2],
    /// First flow of the originator, the responder; `None` if no frame of it was seen.
    pub flow_ids: [Option<FlowId>; 2],
}

/// Bytes of a flow that one frame brought.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SegmentInfo {
    /// Offset in the payload file.
    pub offset: u64,
    /// Bytes.
    pub length: u32,
    /// The capture.
    pub capture_id: CaptureId,
    /// The frame, from 1.
    pub frame: u64,
    /// Offset of the first byte in the decompressed capture.
    pub file_position: u64,
    /// Time of the frame.
    pub time: Option<Timestamp>,
    /// TTL or hop limit.
    pub ttl: u8,
    /// Checksum state.
    pub checksum: Checksum,
}

const FLOW: &str =
    "SELECT id, connection_id, side = 'resp', part, src_ip, src_port, dst_ip, dst_port, vlan, path, base,
    length, stored_bytes, missing_tail_bytes, packets, start_ns, end_ns, isn, sha256, md5, sha1, blake3,
    (SELECT pieces FROM flow WHERE flow.id = flows.id)
    FROM flows WHERE path IS NOT NULL";

const CONNECTION: &str = "SELECT id, orig_ip, orig_port, resp_ip, resp_port, vlan, start_ns, end_ns, state, history,
    orig_bytes, resp_bytes, orig_packets, resp_packets, orig_flow_id, resp_flow_id FROM connections";

impl Reader {
    /// Opens the index at `path` of the case in `case_dir`.
    ///
    /// # Errors
    /// `NotACase`, `Newer`, `Older`, `Damaged`; the file stays as it is.
    pub fn open(path: &Path, case_dir: &Path) -> Result<Reader> {
        Self::open_with(path, case_dir, payload::no_packs())
    }

    /// Opens it with what unpacks packed payload for SQL.
    ///
    /// # Errors
    /// As [`open`](Self::open).
    pub fn open_with(path: &Path, case_dir: &Path, unpack: Unpack) -> Result<Reader> {
        let mut db = file::open_for_reading(path)?;
        let guard = Guard::install(&mut db)?;
        functions::install(&db, payload::Payloads::open(path, case_dir, unpack)?)?;
        segments::install(&db, path)?;
        Ok(Reader { db, guard })
    }

    /// What was fixed when the case was made.
    pub fn settings(&self) -> Result<BTreeMap<String, String>> {
        writer::settings(&self.db)
    }

    /// How many commits the case has seen.
    pub fn batch(&self) -> Result<u64> {
        writer::batch(&self.db)
    }

    /// The selected flows that have a file, ascending by number. An error of `each` ends it.
    pub fn flows<E: From<Error>>(
        &self,
        selection: &Selection,
        each: &mut dyn FnMut(FlowInfo) -> Result<(), E>,
    ) -> Result<(), E> {
        let (condition, parameters) = selection.to_sql(Of::Flows)?;
        let _watched = self.guard.watch();
        let mut statement = self.user(&format!("{FLOW} AND {condition} ORDER BY id"))?;
        let mut rows = statement.query(rusqlite::params_from_iter(parameters)).map_err(|error| wrong(&error))?;
        while let Some(row) = rows.next().map_err(|error| wrong(&error))? {
            each(flow(row).map_err(Error::from)?)?;
        }
        Ok(())
    }

    /// The flow with this number, if it has a file.
    pub fn flow(&self, id: FlowId) -> Result<Option<FlowInfo>> {
        self.one(&format!("{FLOW} AND id = ?1"), id as i64, flow)
    }

    /// The flow whose file has this path (relative to the case).
    pub fn flow_by_path(&self, path: &str) -> Result<Option<FlowInfo>> {
        self.one(&format!("{FLOW} AND path = ?1"), path, flow)
    }

    /// The files of a connection, by side and part.
    pub fn flows_of_connection(&self, id: ConnectionId) -> Result<Vec<FlowInfo>> {
        let mut statement = self.db.prepare_cached(&format!("{FLOW} AND connection_id = ?1 ORDER BY side, part"))?;
        let rows = statement.query_map([id as i64], flow)?;
        Ok(rows.collect::<Result<_, _>>()?)
    }

    /// The connection with this number.
    pub fn connection(&self, id: ConnectionId) -> Result<Option<ConnectionInfo>> {
        self.one(&format!("{CONNECTION} WHERE id = ?1"), id as i64, connection)
    }

    /// Offset and length of each hole of a flow, ascending.
    pub fn gaps(&self, flow: FlowId) -> Result<Vec<(u64, u64)>> {
        let mut statement =
            self.db.prepare_cached("SELECT \"offset\", length FROM gap WHERE flow_id = ?1 ORDER BY \"offset\"")?;
        let rows = statement.query_map([flow as i64], |row| Ok((unsigned(row, 0)?, unsigned(row, 1)?)))?;
        Ok(rows.collect::<Result<_, _>>()?)
    }

    /// Where the bytes of a flow came from: ascending, and as long together as the bytes stored. Empty if there is no
    /// such flow.
    pub fn segments(&self, flow: FlowId) -> Result<Vec<SegmentInfo>> {
        segments_of(&self.db, flow)
    }

    fn one<T>(
        &self,
        sql: &str,
        key: impl rusqlite::ToSql,
        read: fn(&rusqlite::Row<'_>) -> rusqlite::Result<T>,
    ) -> Result<Option<T>> {
        let mut statement = self.db.prepare_cached(sql)?;
        let mut rows = statement.query([key])?;
        Ok(rows.next()?.map(read).transpose()?)
    }
}

/// See [`Reader::segments`].
pub(super) fn segments_of(db: &Connection, flow: FlowId) -> Result<Vec<SegmentInfo>> {
    let mut statement = db.prepare_cached("SELECT base, length, replaced FROM flow WHERE id = ?1")?;
    let mut rows = statement.query([flow as i64])?;
    let Some(row) = rows.next()? else { return Ok(Vec::new()) };
    let (base, length, replaced) = (row.get(0)?, unsigned(row, 1)?, row.get(2)?);
    let tiles = resolve::tiles(extents_of(db, flow)?, base, length, replaced);
    let segment = |extent: crate::model::Extent| SegmentInfo {
        offset: extent.position.wrapping_sub(base) as u64,
        length: extent.length,
        capture_id: extent.capture,
        frame: extent.frame,
        file_position: extent.file_position,
        time: extent.time,
        ttl: extent.ttl,
        checksum: extent.checksum,
    };
    Ok(tiles.into_iter().map(segment).collect())
}

fn extents_of(db: &Connection, flow: FlowId) -> Result<Vec<crate::model::Extent>> {
    let mut statement = db.prepare_cached("SELECT data FROM extent WHERE flow_id = ?1 ORDER BY seq")?;
    let mut rows = statement.query([flow as i64])?;
    let mut found = Vec::new();
    while let Some(row) = rows.next()? {
        for extent in extents::decode(row.get_ref(0)?.as_blob().map_err(|_| Error::Extents(flow))?) {
            found.push(extent.map_err(|_| Error::Extents(flow))?);
        }
    }
    Ok(found)
}

fn flow(row: &rusqlite::Row<'_>) -> rusqlite::Result<FlowInfo> {
    Ok(FlowInfo {
        id: unsigned(row, 0)?,
        connection_id: unsigned(row, 1)?,
        side: row.get(2)?,
        part: row.get(3)?,
        src: endpoint(row, 4)?,
        dst: endpoint(row, 6)?,
        vlan: row.get(8)?,
        path: row.get(9)?,
        base: row.get(10)?,
        length: unsigned(row, 11)?,
        stored_bytes: unsigned(row, 12)?,
        missing_tail_bytes: unsigned(row, 13)?,
        packets: unsigned(row, 14)?,
        start: time(row, 15)?,
        end: time(row, 16)?,
        isn: row.get(17)?,
        digests: Digests {
            sha256: digest(row, 18)?,
            md5: digest(row, 19)?,
            sha1: digest(row, 20)?,
            blake3: digest(row, 21)?,
        },
        pieces: row.get(22)?,
    })
}

fn connection(row: &rusqlite::Row<'_>) -> rusqlite::Result<ConnectionInfo> {
    let flow_id = |i| row.get::<_, Option<i64>>(i).map(|id| id.map(|id| id as u64));
    Ok(ConnectionInfo {
        id: unsigned(row, 0)?,
        orig: endpoint(row, 1)?,
        resp: endpoint(row, 3)?,
        vlan: row.get(5)?,
        start: time(row, 6)?,
        end: time(row, 7)?,
        state: row.get(8)?,
        history: row.get(9)?,
        bytes: [unsigned(row, 10)?, unsigned(row, 11)?],
        packets: [unsigned(row, 12)?, unsigned(row, 13)?],
        flow_ids: [flow_id(14)?, flow_id(15)?],
    })
}

/// Counts and offsets are stored as signed integers of the same bits.
pub(super) fn unsigned(row: &rusqlite::Row<'_>, i: usize) -> rusqlite::Result<u64> {
    row.get::<_, i64>(i).map(|value| value as u64)
}

pub(super) fn time(row: &rusqlite::Row<'_>, i: usize) -> rusqlite::Result<Option<Timestamp>> {
    row.get::<_, Option<i64>>(i).map(|time| time.map(Timestamp))
}

fn endpoint(row: &rusqlite::Row<'_>, i: usize) -> rusqlite::Result<Endpoint> {
    let text = row.get_ref(i)?.as_str()?;
    let ip = text.parse().map_err(|error| unreadable(i, error))?;
    Ok(Endpoint { ip, port: row.get(i + 1)? })
}

/// A digest from its hexadecimal text.
fn digest<const N: usize>(row: &rusqlite::Row<'_>, i: usize) -> rusqlite::Result<Option<[u8; N]>> {
    let Some(text) = row.get_ref(i)?.as_str_or_null()? else { return Ok(None) };
    let mut bytes = [0; N];
    for (at, byte) in bytes.iter_mut().enumerate() {
        let pair = text.get(2 * at..2 * at + 2).unwrap_or_default();
        *byte = u8::from_str_radix(pair, 16).map_err(|error| unreadable(i, error))?;
    }
    Ok(Some(bytes))
}

fn unreadable(i: usize, error: impl std::error::Error + Send + Sync + 'static) -> rusqlite::Error {
    rusqlite::Error::FromSqlConversionFailure(i, rusqlite::types::Type::Text, Box::new(error))
}
