//! What is in a case, in a few numbers: for `info` and the heads of reports.

use std::cmp::Reverse;

use super::list::{list, time, unsigned};
use super::{Reader, Result};
use crate::model::{CaptureId, Timestamp};

/// A run of the program.
#[derive(Clone, Debug, PartialEq)]
pub struct Run {
    /// Its number.
    pub id: i64,
    /// When it began, in nanoseconds of the wall clock.
    pub started_ns: i64,
    /// When it ended; `None` if it did not get there.
    pub ended_ns: Option<i64>,
    /// Version of the program.
    pub version: String,
    /// Its command line.
    pub command_line: String,
    /// Processor seconds in user mode.
    pub user_seconds: Option<f64>,
    /// Processor seconds in the kernel.
    pub system_seconds: Option<f64>,
    /// Highest resident memory.
    pub peak_memory_bytes: Option<u64>,
    /// Why it did not get to its end; `None` if it did, or nobody could say.
    pub message: Option<String>,
}

/// A capture: a row of the `captures` view.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct CaptureInfo {
    /// Its number.
    pub id: CaptureId,
    /// Where it was.
    pub path: String,
    /// Digest of the file as it lies, lower case hex.
    pub sha256: Option<String>,
    /// Size of the file as it lies.
    pub size_bytes: Option<u64>,
    /// `pcap`, `pcapng, gzip`, …
    pub format: Option<String>,
    /// The capture filter, if there was one.
    pub filter: Option<String>,
    /// Frames read.
    pub frames: u64,
    /// Frames used.
    pub used_frames: u64,
    /// Time of its first frame.
    pub first: Option<Timestamp>,
    /// Time of its last frame.
    pub last: Option<Timestamp>,
    /// `complete`, `truncated`, `damaged` or `unreadable`.
    pub status: String,
    /// Offset in the decompressed capture where reading stopped.
    pub stopped_at: Option<u64>,
    /// Why it is not complete.
    pub message: Option<String>,
}

/// Sums over the case.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Totals {
    /// Captures.
    pub captures: u64,
    /// Connections.
    pub connections: u64,
    /// Flows with a payload file.
    pub flows: u64,
    /// Payload bytes stored.
    pub stored_bytes: u64,
    /// Bytes in holes.
    pub gap_bytes: u64,
    /// Bytes known to be missing at the ends of flows.
    pub missing_tail_bytes: u64,
    /// Conflicts.
    pub conflicts: u64,
    /// Connections that may go on in a later ingest.
    pub open: u64,
    /// Earliest and latest time of a frame of a connection.
    pub span: Option<(Timestamp, Timestamp)>,
    /// Kind, occurrences; most frequent first.
    pub anomalies: Vec<(String, u64)>,
    /// Reason, frames, captured bytes; most frames first.
    pub skipped: Vec<(String, u64, u64)>,
    /// Frames read.
    pub frames: u64,
    /// Frames used.
    pub used_frames: u64,
    /// Responders' port, connections; the ten most frequent first.
    pub ports: Vec<(u16, u64)>,
}

impl Reader {
    /// Every run, in order.
    pub fn runs(&self) -> Result<Vec<Run>> {
        let sql = "SELECT id, started_ns, ended_ns, version, command_line, user_seconds, system_seconds,
            peak_memory_bytes, message FROM run ORDER BY id";
        list(&self.db, sql, [], |row| {
            Ok(Run {
                id: row.get(0)?,
                started_ns: row.get(1)?,
                ended_ns: row.get(2)?,
                version: row.get(3)?,
                command_line: row.get(4)?,
                user_seconds: row.get(5)?,
                system_seconds: row.get(6)?,
                peak_memory_bytes: row.get::<_, Option<i64>>(7)?.map(|bytes| bytes as u64),
                message: row.get(8)?,
            })
        })
    }

    /// Every capture, in order of its number.
    pub fn captures(&self) -> Result<Vec<CaptureInfo>> {
        let sql = "SELECT id, path, sha256, size_bytes, format, filter, frames, used_frames, first_ns, last_ns,
            status, stopped_at, message FROM captures ORDER BY id";
        list(&self.db, sql, [], |row| {
            Ok(CaptureInfo {
                id: row.get(0)?,
                path: row.get(1)?,
                sha256: row.get(2)?,
                size_bytes: row.get::<_, Option<i64>>(3)?.map(|size| size as u64),
                format: row.get(4)?,
                filter: row.get(5)?,
                frames: unsigned(row, 6)?,
                used_frames: unsigned(row, 7)?,
                first: time(row, 8)?,
                last: time(row, 9)?,
                status: row.get(10)?,
                stopped_at: row.get::<_, Option<i64>>(11)?.map(|at| at as u64),
                message: row.get(12)?,
            })
        })
    }

    /// Sums over the case.
    pub fn totals(&self) -> Result<Totals> {
        let mut totals = Totals::default();
        self.db.query_row(
            "SELECT count(*), coalesce(sum(frames), 0), coalesce(sum(used_frames), 0) FROM capture",
            [],
            |row| {
                (totals.captures, totals.frames, totals.used_frames) =
                    (unsigned(row, 0)?, unsigned(row, 1)?, unsigned(row, 2)?);
                Ok(())
            },
        )?;
        let sql = "SELECT count(*), min(start_ns), max(end_ns), coalesce(sum(open), 0) FROM connections";
        self.db.query_row(sql, [], |row| {
            (totals.connections, totals.open) = (unsigned(row, 0)?, unsigned(row, 3)?);
            totals.span = time(row, 1)?.zip(time(row, 2)?);
            Ok(())
        })?;
        let sql = "SELECT count(*), coalesce(sum(stored_bytes), 0), coalesce(sum(length - stored_bytes), 0),
            coalesce(sum(missing_tail_bytes), 0) FROM flow";
        self.db.query_row(sql, [], |row| {
            (totals.flows, totals.stored_bytes) = (unsigned(row, 0)?, unsigned(row, 1)?);
            (totals.gap_bytes, totals.missing_tail_bytes) = (unsigned(row, 2)?, unsigned(row, 3)?);
            Ok(())
        })?;
        totals.conflicts = self.db.query_row("SELECT count(*) FROM conflict", [], |row| unsigned(row, 0))?;
        self.fill_lists(&mut totals)?;
        Ok(totals)
    }

    fn fill_lists(&self, totals: &mut Totals) -> Result<()> {
        let sql = "SELECT kind, sum(count) FROM anomalies GROUP BY kind ORDER BY sum(count) DESC, kind";
        totals.anomalies = list(&self.db, sql, [], |row| Ok((row.get(0)?, unsigned(row, 1)?)))?;
        let sql = "SELECT reason, sum(frames), sum(bytes) FROM skip GROUP BY reason ORDER BY sum(frames) DESC, reason";
        totals.skipped = list(&self.db, sql, [], |row| Ok((row.get(0)?, unsigned(row, 1)?, unsigned(row, 2)?)))?;
        totals.ports = self.ports()?;
        Ok(())
    }

    /// The ten most frequent ports of responders. Counted here: SQLite would sort a row a connection.
    fn ports(&self) -> Result<Vec<(u16, u64)>> {
        let mut counts = vec![0; 1 << 16];
        let mut statement = self.db.prepare("SELECT resp_port FROM connection")?;
        let mut rows = statement.query([])?;
        while let Some(row) = rows.next()? {
            counts[usize::from(row.get::<_, u16>(0)?)] += 1;
        }
        let mut ports: Vec<(u16, u64)> = (0..=u16::MAX).zip(counts).filter(|(_, count)| *count > 0).collect();
        ports.sort_by_key(|(port, count)| (Reverse(*count), *port));
        ports.truncate(10);
        Ok(ports)
    }
}
