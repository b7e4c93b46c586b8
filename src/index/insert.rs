//! Rows go into the tables: prepared ones as they are, the others after a look at what is there.

use rusqlite::types::{ToSqlOutput, ValueRef};
use rusqlite::{CachedStatement, Connection, ErrorCode};

use super::cells::{ANOMALY, CAPTURE, CONFLICT, CONTINUED, Cell, EXTENT, SKIP, Table, WIFI_NETWORK, cells};
use super::prepared::{Iter, Next, PLAIN, Special};
use super::rows::{AnomalyRow, CaptureRow, ConflictRow, ContinuedRow, FrameRef, Row};
use super::{Error, Result, Rows, Writer};
use crate::model::{Checksum, FlowId};

impl Writer {
    /// Puts a row into the current transaction, opening it if need be. Many are faster prepared: see
    /// [`put_rows`](Self::put_rows).
    ///
    /// # Errors
    /// A key that is taken (of an anomaly: the count is renewed), or a failing database. Roll back then.
    pub fn put(&mut self, row: Row) -> Result<()> {
        let mut rows = Rows::new();
        rows.put(row)?;
        self.put_rows(&rows)
    }

    /// Puts prepared rows, in order.
    ///
    /// # Errors
    /// As for [`put`](Self::put).
    pub fn put_rows(&mut self, rows: &Rows) -> Result<()> {
        self.begin()?;
        let mut left = rows.iter();
        while let Some(special) = put_plain(&self.db, &mut left)? {
            self.put_special(special)?;
        }
        for (table, sum) in PLAIN.iter().zip(rows.sums) {
            self.seals.add_sum(table, sum);
        }
        self.last = self.last.max(rows.last);
        self.put_ends(&rows.ends)?;
        rows.resting.iter().try_for_each(|chunk| self.put_chunk(chunk))
    }

    fn put_special(&mut self, row: &Special) -> Result<()> {
        match row {
            Special::Extents(flow, chunk) => self.put_extents(*flow, chunk),
            Special::Continued(row) => self.put_continued(row),
            Special::Conflict(row) => self.put_conflict(row),
            Special::Anomaly(row) => self.put_anomaly(row),
            Special::Capture(row) => self.put_capture(row),
            Special::Frame(row) => self.put_frame(row),
            Special::Recount(row) => self.recount(row),
            Special::Fragments(state) => self.put_fragments(state),
            Special::Resting(row) => self.put_packed(row),
        }
    }

    /// Says where a connection was before.
    fn put_continued(&mut self, row: &ContinuedRow) -> Result<()> {
        self.insert_new(&CONTINUED, &cells![row.connection, row.earlier_case.as_str(), row.earlier])
    }

    /// Appends a chunk to those a flow has.
    pub(super) fn put_extents(&mut self, flow: FlowId, chunk: &[u8]) -> Result<()> {
        let mut last = self.db.prepare_cached("SELECT coalesce(max(seq) + 1, 0) FROM extent WHERE flow_id = ?1")?;
        let seq: i64 = last.query_row([flow as i64], |row| row.get(0))?;
        drop(last);
        self.insert_new(&EXTENT, &cells![flow, seq, chunk])
    }

    fn put_conflict(&mut self, row: &ConflictRow) -> Result<()> {
        for split in self.conflicts.split(&self.db, row)? {
            let length = (split.range.end - split.range.start) as u64;
            let (kept, lost) = if row.later_kept { (&row.later, &split.earlier) } else { (&split.earlier, &row.later) };
            let bytes = part(&row.lost_bytes, (split.range.start - row.position) as usize, length as usize);
            let [of_kept, of_lost] = [kept, lost].map(frame);
            self.insert_new(
                &CONFLICT,
                &cells![
                    row.flow,
                    split.number,
                    split.range.start,
                    length,
                    of_kept.0,
                    of_kept.1,
                    of_kept.2,
                    of_kept.3,
                    of_lost.0,
                    of_lost.1,
                    of_lost.2,
                    of_lost.3,
                    bytes,
                    row.time,
                    row.later_kept,
                ],
            )?;
        }
        Ok(())
    }

    fn put_anomaly(&mut self, row: &AnomalyRow) -> Result<()> {
        let (flow, connection) = row.flow.unwrap_or((0, 0));
        let kind = row.kind.name();
        let cells = cells![row.capture, row.frame, kind, flow, connection, &row.detail, row.time, row.count];
        if !self.insert(&ANOMALY, &cells)? {
            let condition = "capture_id = ?1 AND frame = ?2 AND kind = ?3 AND flow_id = ?4";
            self.delete(&ANOMALY, condition, &cells[..4])?;
            self.insert_new(&ANOMALY, &cells)?;
        }
        Ok(())
    }

    /// In place of what was put of it before, as long as it went on.
    fn put_capture(&mut self, row: &CaptureRow) -> Result<()> {
        for (table, condition) in
            [(&CAPTURE, "id = ?1"), (&SKIP, "capture_id = ?1"), (&WIFI_NETWORK, "capture_id = ?1")]
        {
            self.delete(table, condition, &cells![row.id])?;
        }
        self.insert_new(
            &CAPTURE,
            &cells![
                row.id,
                &row.path,
                row.sha256.as_ref(),
                row.head_sha256.as_ref(),
                &row.filter,
                row.size,
                row.format.as_ref(),
                row.frames,
                row.used,
                row.first,
                row.last,
                row.status.name(),
                row.stopped_at,
                row.message.as_ref(),
            ],
        )?;
        row.skipped.iter().try_for_each(|(why, frames, bytes)| self.put_skip(row.id, *why, *frames, *bytes))?;
        row.networks.iter().try_for_each(|network| self.put_network(row.id, network))
    }
}

/// Puts plain rows up to a special one, which it gives.
fn put_plain<'a>(db: &Connection, rows: &mut Iter<'a>) -> Result<Option<&'a Special>> {
    let mut inserts: [Option<Insert<'_, 'a>>; PLAIN.len()] = Default::default();
    while let Some(next) = rows.next() {
        match next {
            Next::Special(special) => return Ok(Some(special)),
            Next::Plain(place) => {
                if inserts[place].is_none() {
                    inserts[place] = Some(Insert::new(db, PLAIN[place])?);
                }
                inserts[place].as_mut().map_or(Ok(()), |insert| insert.row(rows.cells()))?;
            }
        }
    }
    Ok(None)
}

/// Inserts row after row into a table. What is the same as in the row before stays bound: SQLite copies each text.
struct Insert<'db, 'a> {
    table: &'static Table,
    statement: CachedStatement<'db>,
    bound: Vec<ValueRef<'a>>,
}

impl<'db, 'a> Insert<'db, 'a> {
    fn new(db: &'db Connection, table: &'static Table) -> Result<Self> {
        let statement = db.prepare_cached(table.insert())?;
        let bound = vec![ValueRef::Null; statement.parameter_count()];
        Ok(Insert { table, statement, bound })
    }

    fn row(&mut self, cells: &mut &'a [u8]) -> Result<()> {
        for (i, bound) in self.bound.iter_mut().enumerate() {
            let value = Cell::decode(cells).unwrap_or(ValueRef::Null);
            if *bound != value {
                self.statement.raw_bind_parameter(i + 1, ToSqlOutput::Borrowed(value))?;
                *bound = value;
            }
        }
        match self.statement.raw_execute() {
            Ok(_) => Ok(()),
            Err(error) => Err(self.failed(error)),
        }
    }

    fn failed(&self, error: rusqlite::Error) -> Error {
        match error.sqlite_error_code() {
            Some(ErrorCode::ConstraintViolation) => taken(self.table, &format!("{:?}", self.bound.first())),
            _ => error.into(),
        }
    }
}

/// A key that must be free is not.
pub(super) fn taken(table: &Table, key: &str) -> Error {
    Error::Sqlite(format!("table {}: key ({}) of {key} is taken", table.name, table.key))
}

fn frame(frame: &FrameRef) -> (u32, u64, u8, &'static str) {
    (frame.capture, frame.frame, frame.ttl, checksum(frame.checksum))
}

/// The name in the views.
pub(super) fn checksum(state: Checksum) -> &'static str {
    match state {
        Checksum::Good => "good",
        Checksum::Bad => "bad",
        Checksum::Unknown => "unknown",
    }
}

/// `length` bytes from `start`, as far as they are there.
fn part(bytes: &[u8], start: usize, length: usize) -> &[u8] {
    let start = start.min(bytes.len());
    &bytes[start..start.saturating_add(length).min(bytes.len())]
}
