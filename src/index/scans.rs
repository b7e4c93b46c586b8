//! Tables `scanner`, `rescan`, `finding` and `object`: which scanners have looked at which connections, and what they found.
//!
//! Connections are looked at in the order of their numbers, so that how far a scanner has come is one number; those that went
//! on later are listed, and what was found in them is not shown until they were looked at again.

use rusqlite::OptionalExtension;

use super::cells::{FINDING, OBJECT, RESCAN, SCANNER, cells};
use super::list::{self, list, time, unsigned};
use super::reader::{FLOW, flow};
use super::{Error, FlowInfo, Reader, Result, Writer};
use crate::model::{ConnectionId, FlowId, Timestamp, Transport};

/// How far a scanner has come.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ScannerState {
    /// Its number in this case.
    pub id: u32,
    /// It has looked at connections up to this number…
    pub upto: ConnectionId,
    /// …but for these, ascending.
    pub again: Vec<ConnectionId>,
    /// What it had found before was taken out.
    pub dropped: bool,
}

/// What a scanner saw.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct FindingRow {
    /// The scanner's number in this case.
    pub scanner: u32,
    /// The connection.
    pub connection: ConnectionId,
    /// Number among the scanner's in the connection, from 1.
    pub number: u32,
    /// A word; `anomaly` is one of the program's own.
    pub kind: String,
    /// The flow; 0: of the connection as a whole.
    pub flow: FlowId,
    /// Which bytes of the flow: from, to.
    pub range: (u64, u64),
    /// When.
    pub time: Option<Timestamp>,
    /// One line.
    pub value: String,
    /// A JSON object.
    pub data: Option<String>,
}

/// A file that a scanner extracted.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ObjectRow {
    /// The scanner's number in this case.
    pub scanner: u32,
    /// The connection.
    pub connection: ConnectionId,
    /// Number among the scanner's in the connection, from 1.
    pub number: u32,
    /// The flow.
    pub flow: FlowId,
    /// Which bytes of the flow: from, to.
    pub range: (u64, u64),
    /// When.
    pub time: Option<Timestamp>,
    /// The object it was found in, as the view `objects` names it.
    pub parent: Option<String>,
    /// Relative to the case.
    pub path: String,
    /// As the wire says it.
    pub name: Option<String>,
    /// As the wire says it.
    pub said_type: Option<String>,
    /// By its first bytes.
    pub found_type: Option<String>,
    /// Bytes.
    pub size: u64,
    /// Of its bytes.
    pub sha256: [u8; 32],
    /// All of it was captured and understood.
    pub complete: bool,
}

/// A scanner that was run on the case.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ScanInfo {
    /// Its name.
    pub name: String,
    /// Its version.
    pub version: String,
    /// Findings, those that are out of date not counted.
    pub findings: u64,
    /// Objects likewise.
    pub objects: u64,
    /// Connections that it has not looked at, or not since they went on; those without payload are counted.
    pub left: u64,
}

/// A row of the `findings` view.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct FindingInfo {
    /// The connection.
    pub connection: ConnectionId,
    /// When.
    pub time: Option<Timestamp>,
    /// The scanner's name.
    pub scanner: String,
    /// What sort of finding.
    pub kind: String,
    /// One line.
    pub value: String,
    /// A JSON object.
    pub data: Option<String>,
    /// Where it begins in the flow.
    pub offset: u64,
    /// Bytes of the flow it is about.
    pub length: u64,
}

/// What a scanner looks at.
#[derive(Clone, Debug)]
pub struct ToScan {
    /// The connection.
    pub id: ConnectionId,
    /// What carried its payload.
    pub transport: Transport,
    /// Time of its first frame.
    pub start: Option<Timestamp>,
    /// Its payload files, by side and part.
    pub flows: Vec<FlowInfo>,
}

/// What [`finding`] reads.
pub(super) const FINDINGS: &str =
    "SELECT connection_id, time_ns, scanner, kind, value, data, \"offset\", length FROM findings";

const OF_SCANNER: &str = "scanner_id = ?1 AND connection_id = ?2";

impl Writer {
    /// How far the scanner with this name and version has come. What another version of it found is taken out.
    pub fn begin_scanner(&mut self, name: &str, version: &str) -> Result<ScannerState> {
        self.begin_scanner_if(name, version, |known| known == version)
    }

    /// The scanner has not come far: whatever it found is taken out.
    pub fn begin_scanner_anew(&mut self, name: &str, version: &str) -> Result<ScannerState> {
        self.begin_scanner_if(name, version, |_| false)
    }

    /// Goes on if the version it had `stands`, and begins anew otherwise.
    fn begin_scanner_if(
        &mut self,
        name: &str,
        version: &str,
        stands: impl FnOnce(&str) -> bool,
    ) -> Result<ScannerState> {
        self.begin()?;
        let sql = "SELECT id, version, upto FROM scanner WHERE name = ?1";
        let known = self.db.query_row(sql, [name], |row| {
            Ok((row.get::<_, u32>(0)?, row.get::<_, String>(1)?, row.get::<_, i64>(2)? as ConnectionId))
        });
        let (id, upto, dropped) = match known.optional()? {
            Some((id, known, upto)) if stands(&known) => (id, upto, false),
            Some((id, ..)) => {
                self.drop_scanner(id)?;
                (self.put_scanner(id, name, version)?, 0, true)
            }
            None => {
                let next = self.db.query_row("SELECT coalesce(max(id), 0) + 1 FROM scanner", [], |row| row.get(0))?;
                (self.put_scanner(next, name, version)?, 0, false)
            }
        };
        let again = "SELECT connection_id FROM rescan WHERE scanner_id = ?1 ORDER BY 1";
        let again = list(&self.db, again, [id], |row| unsigned(row, 0))?;
        Ok(ScannerState { id, upto, again, dropped })
    }

    fn drop_scanner(&mut self, id: u32) -> Result<()> {
        for table in [&FINDING, &OBJECT, &RESCAN] {
            self.delete(table, "scanner_id = ?1", &cells![id])?;
        }
        self.delete(&SCANNER, "id = ?1", &cells![id])
    }

    fn put_scanner(&mut self, id: u32, name: &str, version: &str) -> Result<u32> {
        self.insert_new(&SCANNER, &cells![id, name, version, 0u8])?;
        Ok(id)
    }

    /// The scanner has looked at all connections up to this number.
    pub fn scanned_upto(&mut self, scanner: u32, upto: ConnectionId) -> Result<()> {
        self.begin()?;
        let sql = "UPDATE scanner SET upto = ?2 WHERE id = ?1";
        // both parameters stand in the condition too: SQLite wants all that are given to be used
        self.update(&SCANNER, "id = ?1 AND ?2 >= 0", &cells![scanner, upto], sql)
    }

    /// The scanner looks at a connection again: what it found before goes.
    pub fn forget_scan(&mut self, scanner: u32, connection: ConnectionId) -> Result<()> {
        self.begin()?;
        let key = cells![scanner, connection];
        [&FINDING, &OBJECT, &RESCAN].into_iter().try_for_each(|table| self.delete(table, OF_SCANNER, &key))
    }

    /// Puts a finding.
    pub fn put_finding(&mut self, row: &FindingRow) -> Result<()> {
        self.begin()?;
        let FindingRow { scanner, connection, number, kind, flow, range: (from, to), time, value, data } = row;
        let length = to.saturating_sub(*from);
        let cells = cells![*scanner, *connection, *number, kind, *flow, *from, length, *time, value, data.as_ref()];
        self.insert_new(&FINDING, &cells)
    }

    /// Puts an object.
    pub fn put_object(&mut self, row: &ObjectRow) -> Result<()> {
        self.begin()?;
        self.insert_new(
            &OBJECT,
            &cells![
                row.scanner,
                row.connection,
                row.number,
                row.flow,
                row.range.0,
                row.range.1.saturating_sub(row.range.0),
                row.time,
                row.parent.as_ref(),
                &row.path,
                row.name.as_ref(),
                row.said_type.as_ref(),
                row.found_type.as_ref(),
                row.size,
                &row.sha256,
                row.complete,
            ],
        )
    }

    /// An ingest changes a connection: scanners that have seen it will look at it again.
    pub(super) fn scan_again(&mut self, connection: ConnectionId) -> Result<()> {
        let sql = "SELECT id FROM scanner WHERE upto >= ?1
            AND NOT EXISTS (SELECT 1 FROM rescan WHERE scanner_id = id AND connection_id = ?1)";
        let scanners: Vec<u32> = list(&self.db, sql, [connection as i64], |row| row.get(0))?;
        scanners.into_iter().try_for_each(|scanner| self.insert_new(&RESCAN, &cells![connection, scanner]))
    }

    /// Paths of all objects.
    pub fn object_paths(&self) -> Result<std::collections::HashSet<String>> {
        list(&self.db, "SELECT DISTINCT path FROM object", [], |row| row.get(0))
    }
}

impl Reader {
    /// Connections with payload from one number to another, both included.
    pub fn to_scan(&self, first: ConnectionId, last: ConnectionId) -> Result<Vec<ToScan>> {
        let (mut all, mut heads) =
            (Vec::<ToScan>::new(), self.db.prepare_cached("SELECT protocol, start_ns FROM connection WHERE id = ?1")?);
        let sql = format!("{FLOW} WHERE connection_id BETWEEN ?1 AND ?2 ORDER BY connection_id, side, part");
        let mut statement = self.db.prepare_cached(&sql)?;
        let mut rows = statement.query([first as i64, last as i64])?;
        while let Some(row) = rows.next()? {
            let flow = flow(row)?;
            if all.last().is_none_or(|one| one.id != flow.connection_id) {
                let (protocol, start) =
                    heads.query_row([flow.connection_id as i64], |row| Ok((row.get::<_, u8>(0)?, time(row, 1)?)))?;
                let udp = protocol == Transport::Udp.number();
                let transport = if udp { Transport::Udp } else { Transport::Tcp };
                all.push(ToScan { id: flow.connection_id, transport, start, flows: Vec::new() });
            }
            if let Some(one) = all.last_mut() {
                one.flows.push(flow);
            }
        }
        Ok(all)
    }

    /// The objects that one connection has.
    pub fn objects_of(&self, connection: ConnectionId) -> Result<Vec<ObjectRow>> {
        let condition = "scanner_id IN (SELECT id FROM scanner) AND connection_id = ?1";
        let sql = format!("{} WHERE {condition} ORDER BY scanner_id, number", OBJECT.select());
        list(&self.db, &sql, [connection as i64], object)
    }

    /// What scanners found in a flow, by scanner and number.
    pub fn findings_of(&self, connection: ConnectionId, flow: FlowId) -> Result<Vec<FindingInfo>> {
        let sql = format!("{FINDINGS} WHERE connection_id = ?1 AND flow_id = ?2 ORDER BY scanner, number");
        list(&self.db, &sql, [connection as i64, flow as i64], finding)
    }

    /// Every object, by scanner, connection and number, also those that are out of date. An error of `each` ends it.
    pub fn all_objects<E: From<Error>>(&self, each: &mut dyn FnMut(ObjectRow) -> Result<(), E>) -> Result<(), E> {
        self.each_object("", each)
    }

    /// The objects of the view `objects`, by scanner, connection and number. An error of `each` ends it.
    pub fn objects<E: From<Error>>(&self, each: &mut dyn FnMut(ObjectRow) -> Result<(), E>) -> Result<(), E> {
        self.each_object(
            "WHERE (connection_id, scanner_id) NOT IN (SELECT connection_id, scanner_id FROM rescan)",
            each,
        )
    }

    fn each_object<E: From<Error>>(
        &self,
        condition: &str,
        each: &mut dyn FnMut(ObjectRow) -> Result<(), E>,
    ) -> Result<(), E> {
        list::each(&self.db, &format!("{} {condition}", OBJECT.select()), [], object, each)
    }

    /// Every scanner that was run on the case, in the order of the first time.
    pub fn scans(&self) -> Result<Vec<ScanInfo>> {
        let sql = "SELECT name, version,
            (SELECT count(*) FROM findings WHERE findings.scanner = scanner.name),
            (SELECT count(*) FROM objects WHERE objects.scanner = scanner.name),
            (SELECT count(*) FROM connection WHERE connection.id > upto)
                + (SELECT count(*) FROM rescan WHERE scanner_id = scanner.id)
            FROM scanner ORDER BY id";
        list(&self.db, sql, [], |row| {
            let [findings, objects, left] = [2, 3, 4].map(|i| unsigned(row, i));
            Ok(ScanInfo {
                name: row.get(0)?,
                version: row.get(1)?,
                findings: findings?,
                objects: objects?,
                left: left?,
            })
        })
    }

    /// Whether there is an object.
    pub fn has_objects(&self) -> Result<bool> {
        Ok(self.db.query_row("SELECT EXISTS (SELECT 1 FROM object)", [], |row| row.get(0))?)
    }

    /// The names of scanners by their numbers in this case.
    pub fn scanner_names(&self) -> Result<Vec<(u32, String)>> {
        list(&self.db, "SELECT id, name FROM scanner ORDER BY id", [], |row| Ok((row.get(0)?, row.get(1)?)))
    }
}

pub(super) fn finding(row: &rusqlite::Row<'_>) -> rusqlite::Result<FindingInfo> {
    Ok(FindingInfo {
        connection: unsigned(row, 0)?,
        time: time(row, 1)?,
        scanner: row.get(2)?,
        kind: row.get(3)?,
        value: row.get(4)?,
        data: row.get(5)?,
        offset: unsigned(row, 6)?,
        length: unsigned(row, 7)?,
    })
}

fn object(row: &rusqlite::Row<'_>) -> rusqlite::Result<ObjectRow> {
    let from = unsigned(row, 4)?;
    Ok(ObjectRow {
        scanner: row.get(0)?,
        connection: unsigned(row, 1)?,
        number: row.get(2)?,
        flow: unsigned(row, 3)?,
        range: (from, from.saturating_add(unsigned(row, 5)?)),
        time: time(row, 6)?,
        parent: row.get(7)?,
        path: row.get(8)?,
        name: row.get(9)?,
        said_type: row.get(10)?,
        found_type: row.get(11)?,
        size: unsigned(row, 12)?,
        sha256: row.get(13)?,
        complete: row.get(14)?,
    })
}
