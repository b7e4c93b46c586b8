//! What a writer asks about the rows an earlier ingest left.

use std::collections::HashSet;

use super::cells::{ANOMALY, CAPTURE, CONNECTION, DORMANT, FLOW, GAP, SKIP, cells};
use super::{Result, Status, Writer};
use crate::model::{CaptureId, ConnectionId, FlowId, Timestamp};

/// A capture the case has.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct StoredCapture {
    /// Its number.
    pub id: CaptureId,
    /// Where it was.
    pub path: String,
    /// Digest of the file as it lies; `None` where it could not be read.
    pub sha256: Option<[u8; 32]>,
    /// Digest of its first MiB.
    pub head_sha256: Option<[u8; 32]>,
    /// Size of the file as it lies, in bytes.
    pub size: Option<u64>,
    /// The capture filter, empty without one.
    pub filter: String,
    /// How far it could be read.
    pub status: Status,
    /// Why not to its end.
    pub message: Option<String>,
    /// Offset in the decompressed capture where reading stopped.
    pub stopped_at: Option<u64>,
    /// Frames.
    pub frames: u64,
}

/// Flows, and where their bytes lie in packs; those that have a file are left out.
pub type Pieces = Vec<(FlowId, Vec<u8>)>;

impl Writer {
    /// The first numbers that are free.
    pub fn next_ids(&self) -> Result<(CaptureId, ConnectionId, FlowId)> {
        let next = |sql: &str| self.db.query_row(sql, [], |row| row.get::<_, i64>(0));
        let capture = next("SELECT coalesce(max(id), 0) + 1 FROM capture")?;
        let connection = next("SELECT coalesce(max(id), 0) + 1 FROM connection")?;
        let flow = next(
            "SELECT coalesce(max(id), 0) + 1 FROM (SELECT max(id) AS id FROM flow
                 UNION ALL SELECT max(orig_flow_id) FROM connection UNION ALL SELECT max(resp_flow_id) FROM connection
                 UNION ALL SELECT max(flow_id) FROM extent)",
        )?;
        Ok((capture as CaptureId, connection as ConnectionId, flow as FlowId))
    }

    /// Every capture, ascending by number.
    pub fn stored_captures(&self) -> Result<Vec<StoredCapture>> {
        let sql = "SELECT id, path, sha256, head_sha256, size_bytes, filter, status, message, stopped_at, frames
                   FROM capture ORDER BY id";
        let mut statement = self.db.prepare(sql)?;
        let rows = statement.query_map([], |row| {
            Ok(StoredCapture {
                id: row.get(0)?,
                path: row.get(1)?,
                sha256: row.get(2)?,
                head_sha256: row.get(3)?,
                size: row.get::<_, Option<i64>>(4)?.map(|size| size as u64),
                filter: row.get(5)?,
                status: Status::from_name(&row.get::<_, String>(6)?),
                message: row.get(7)?,
                stopped_at: row.get::<_, Option<i64>>(8)?.map(|offset| offset as u64),
                frames: row.get::<_, i64>(9)? as u64,
            })
        })?;
        Ok(rows.collect::<Result<_, _>>()?)
    }

    /// Hashes of the endpoints of connections at rest.
    pub fn dormant_hashes(&self) -> Result<HashSet<u64>> {
        let mut statement = self.db.prepare("SELECT tuple_hash FROM dormant")?;
        let rows = statement.query_map([], |row| row.get::<_, i64>(0).map(|hash| hash as u64))?;
        Ok(rows.collect::<Result<_, _>>()?)
    }

    /// Takes up the connections at rest with this hash that may still wake at `now`: their states, in order of their numbers. Their rows
    /// (connection, flows, gaps, anomalies) go, to be put again when they end; extents and conflicts stay.
    pub fn take_dormant(&mut self, hash: u64, now: Option<Timestamp>) -> Result<Vec<(Vec<u8>, Pieces)>> {
        let sql = "SELECT connection_id, state FROM dormant WHERE tuple_hash = ?1 AND coalesce(until_ns >= ?2, 1)
            ORDER BY connection_id";
        let mut statement = self.db.prepare_cached(sql)?;
        let rows = statement
            .query_map((hash as i64, now.map(Timestamp::nanoseconds)), |row| Ok((row.get(0)?, row.get(1)?)))?;
        let taken: Vec<(i64, Vec<u8>)> = rows.collect::<Result<_, _>>()?;
        drop(statement);
        let wake = |(connection, state)| {
            let pieces = self.forget(connection as ConnectionId)?;
            self.delete(&DORMANT, "connection_id = ?1", &cells![connection])?;
            Ok((state, pieces))
        };
        taken.into_iter().map(wake).collect()
    }

    /// Takes back the rows of a connection (connection, flows, gaps, anomalies), to be put again when it ends; extents and
    /// conflicts stay. Where its flows lie in packs is given back.
    pub fn forget(&mut self, connection: ConnectionId) -> Result<Pieces> {
        self.begin()?;
        let pieces = self.pieces(connection)?;
        let id = &cells![connection];
        self.delete(&GAP, "flow_id IN (SELECT id FROM flow WHERE connection_id = ?1)", id)?;
        self.delete(&FLOW, "connection_id = ?1", id)?;
        self.delete(&ANOMALY, "connection_id = ?1", id)?;
        self.delete(&CONNECTION, "id = ?1", id)?;
        Ok(pieces)
    }

    /// A stored flow has this path (relative to the case).
    pub fn path_taken(&self, path: &str) -> Result<bool> {
        self.index_paths()?;
        let mut statement = self.db.prepare_cached("SELECT EXISTS (SELECT 1 FROM flow WHERE path = ?1)")?;
        Ok(statement.query_row([path], |row| row.get(0))?)
    }

    /// Offset and length of each hole of the flow with this path, ascending.
    pub fn gaps_of(&self, path: &str) -> Result<Vec<(u64, u64)>> {
        self.index_paths()?;
        let sql =
            "SELECT \"offset\", gap.length FROM flow JOIN gap ON flow_id = id WHERE path = ?1 ORDER BY \"offset\"";
        let mut statement = self.db.prepare_cached(sql)?;
        let rows =
            statement.query_map([path], |row| Ok((row.get::<_, i64>(0)? as u64, row.get::<_, i64>(1)? as u64)))?;
        Ok(rows.collect::<Result<_, _>>()?)
    }

    /// Removes the rows of captures at `path` that could not be read at all: it can be read now, or is tried again.
    pub fn replace_unreadable(&mut self, path: &str) -> Result<()> {
        self.begin()?;
        let gone = "path = ?1 AND status = 'unreadable' AND sha256 IS NULL";
        let of_gone = format!("capture_id IN (SELECT id FROM capture WHERE {gone})");
        self.delete(&SKIP, &of_gone, &cells![path])?;
        self.delete(&ANOMALY, &of_gone, &cells![path])?;
        self.delete(&CAPTURE, gone, &cells![path])
    }
}
