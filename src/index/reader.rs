//! Reading a case: typed rows for the program's own views, and the way to the SQL of users (`query`).

use std::collections::BTreeMap;
use std::path::Path;

use rusqlite::Connection;

use super::list::{digest, endpoint, list, time, unsigned};
use super::origin::provenance::{self, SegmentInfo};
use super::origin::segments;
use super::rows::path_key;
use super::sql::functions;
use super::sql::guard::Guard;
use super::sql::payload::{self, Unpack};
use super::sql::query::wrong;
use super::sql::selection::{Of, Selection};
use super::{Error, Result, file, writer};
use crate::model::{ConnectionId, Digests, Endpoint, FlowId, Timestamp};

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

impl ConnectionInfo {
    /// Both sides said so, or one reset it: only stragglers can follow.
    pub fn is_closed(&self) -> bool {
        matches!(self.state.as_str(), "SF" | "REJ" | "RSTO" | "RSTR" | "RSTOS0" | "RSTRH")
    }
}

/// What [`Reader::flows_with_segments`] tells: a flow, and where its bytes came from.
pub type EachFlow<'a, E> = dyn FnMut(&FlowInfo, &[SegmentInfo]) -> Result<(), E> + 'a;

/// From the tables: the view's text of times and digests would have to be read back.
pub(super) const FLOW: &str = "SELECT flow.id, connection_id, side, part,
    iif(side = 0, orig_ip, resp_ip), iif(side = 0, orig_port, resp_port), iif(side = 0, resp_ip, orig_ip),
    iif(side = 0, resp_port, orig_port), iif(side = 0, orig_vlan, resp_vlan), path, base, length, stored_bytes,
    missing_tail_bytes, packets, flow.start_ns, flow.end_ns, iif(side = 0, orig_isn, resp_isn),
    sha256, md5, sha1, blake3, pieces, replaced, extents
    FROM flow CROSS JOIN connection ON connection.id = connection_id";

/// Columns of [`FLOW`] that make a [`FlowInfo`].
pub(super) const FLOW_COLUMNS: usize = 23;

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
        self.flow_rows(selection, &mut |row| each(flow(row).map_err(Error::from)?))
    }

    /// The selected flows that have a file, as [`flows`](Self::flows) gives them, each with where its bytes came from,
    /// as [`segments`](Self::segments) gives it: faster than to ask for each.
    pub fn flows_with_segments<E: From<Error>>(
        &self,
        selection: &Selection,
        each: &mut EachFlow<'_, E>,
    ) -> Result<(), E> {
        self.flow_rows(selection, &mut |row| {
            let flow = flow(row).map_err(Error::from)?;
            let segments = provenance::of_row(&self.db, row, FLOW_COLUMNS)?;
            each(&flow, &segments)
        })
    }

    fn flow_rows<E: From<Error>>(
        &self,
        selection: &Selection,
        each: &mut dyn FnMut(&rusqlite::Row<'_>) -> Result<(), E>,
    ) -> Result<(), E> {
        let (condition, parameters) = self.condition(selection, Of::Flows)?;
        let _watched = self.guard.watch();
        let wanted = format!("WITH wanted AS MATERIALIZED (SELECT id FROM flows WHERE {condition})");
        let mut statement = self.user(&match condition.as_str() {
            "true" => format!("{FLOW} ORDER BY flow.id"),
            _ => format!("{wanted} {FLOW} WHERE flow.id IN wanted ORDER BY flow.id"),
        })?;
        let mut rows = statement.query(rusqlite::params_from_iter(parameters)).map_err(|error| wrong(&error))?;
        while let Some(row) = rows.next().map_err(|error| wrong(&error))? {
            each(row)?;
        }
        Ok(())
    }

    /// The flow with this number, if it has a file.
    pub fn flow(&self, id: FlowId) -> Result<Option<FlowInfo>> {
        self.one(&format!("{FLOW} WHERE flow.id = ?1"), [id as i64], flow)
    }

    /// The flow whose file has this path (relative to the case).
    pub fn flow_by_path(&self, path: &str) -> Result<Option<FlowInfo>> {
        self.one(&format!("{FLOW} WHERE path_key = ?1 AND path = ?2"), (path_key(path), path), flow)
    }

    /// The files of a connection, by side and part.
    pub fn flows_of_connection(&self, id: ConnectionId) -> Result<Vec<FlowInfo>> {
        list(&self.db, &format!("{FLOW} WHERE connection_id = ?1 ORDER BY side, part"), [id as i64], flow)
    }

    /// The connection with this number.
    pub fn connection(&self, id: ConnectionId) -> Result<Option<ConnectionInfo>> {
        self.one(&format!("{CONNECTION} WHERE id = ?1"), [id as i64], connection)
    }

    /// Offset and length of each hole of a flow, ascending.
    pub fn gaps(&self, flow: FlowId) -> Result<Vec<(u64, u64)>> {
        self.gaps_before(flow, u64::MAX)
    }

    /// Those that begin before `end`.
    pub fn gaps_before(&self, flow: FlowId, end: u64) -> Result<Vec<(u64, u64)>> {
        let sql = "SELECT \"offset\", length FROM gap WHERE flow_id = ?1 AND \"offset\" < ?2 ORDER BY \"offset\"";
        let parameters = [flow as i64, i64::try_from(end).unwrap_or(i64::MAX)];
        list(&self.db, sql, parameters, |row| Ok((unsigned(row, 0)?, unsigned(row, 1)?)))
    }

    /// Where the bytes of a flow came from: ascending, and as long together as the bytes stored. Empty if there is no
    /// such flow.
    pub fn segments(&self, flow: FlowId) -> Result<Vec<SegmentInfo>> {
        provenance::of_flow(&self.db, flow)
    }

    fn one<T>(
        &self,
        sql: &str,
        key: impl rusqlite::Params,
        read: fn(&rusqlite::Row<'_>) -> rusqlite::Result<T>,
    ) -> Result<Option<T>> {
        let mut statement = self.db.prepare_cached(sql)?;
        let mut rows = statement.query(key)?;
        Ok(rows.next()?.map(read).transpose()?)
    }
}

pub(super) fn flow(row: &rusqlite::Row<'_>) -> rusqlite::Result<FlowInfo> {
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
