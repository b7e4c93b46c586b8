//! What a writer asks about the rows an earlier ingest left.

use super::cells::{ANOMALY, CAPTURE, CONNECTION, FLOW, GAP, SKIP, cells};
use super::list::list;
use super::rows::path_key;
use super::{Result, Status, Writer};
use crate::model::{CaptureId, ConnectionId, FlowId};

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
        list(&self.db, sql, [], |row| {
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
        })
    }

    /// Takes back the rows of a connection (connection, flows, gaps, anomalies), to be put again when it ends; extents and
    /// conflicts stay.
    pub fn forget(&mut self, connection: ConnectionId) -> Result<()> {
        self.begin()?;
        let id = &cells![connection];
        for (flow, extents) in self.last_chunks(connection)? {
            self.put_extents(flow, &extents)?;
        }
        self.delete(&GAP, "flow_id IN (SELECT id FROM flow WHERE connection_id = ?1)", id)?;
        self.delete(&FLOW, "connection_id = ?1", id)?;
        self.delete(&ANOMALY, "connection_id = ?1", id)?;
        self.scan_again(connection)?;
        self.delete(&CONNECTION, "id = ?1", id)
    }

    /// The chunks of extents that lie in the rows of a connection's flows.
    fn last_chunks(&self, connection: ConnectionId) -> Result<Vec<(FlowId, Vec<u8>)>> {
        let sql = "SELECT id, extents FROM flow WHERE connection_id = ?1 AND extents IS NOT NULL";
        list(&self.db, sql, [connection as i64], |row| Ok((row.get::<_, i64>(0)? as u64, row.get(1)?)))
    }

    /// A stored flow has this path (relative to the case).
    pub fn path_taken(&self, path: &str) -> Result<bool> {
        self.index_paths()?;
        let sql = "SELECT EXISTS (SELECT 1 FROM flow WHERE path_key = ?1 AND path = ?2)";
        Ok(self.db.prepare_cached(sql)?.query_row((path_key(path), path), |row| row.get(0))?)
    }

    /// The [keys](super::path_key) of all paths of flows.
    pub fn each_path_key<E: From<super::Error>>(&self, each: &mut dyn FnMut(i64) -> Result<(), E>) -> Result<(), E> {
        super::list::each(&self.db, "SELECT path_key FROM flow", [], |row| row.get(0), each)
    }

    /// Offset and length of each hole of the flow with this path, ascending.
    pub fn gaps_of(&self, path: &str) -> Result<Vec<(u64, u64)>> {
        self.index_paths()?;
        let sql = "SELECT \"offset\", gap.length FROM flow JOIN gap ON flow_id = id WHERE path_key = ?1 AND path = ?2
            ORDER BY \"offset\"";
        list(&self.db, sql, (path_key(path), path), |row| {
            Ok((row.get::<_, i64>(0)? as u64, row.get::<_, i64>(1)? as u64))
        })
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
