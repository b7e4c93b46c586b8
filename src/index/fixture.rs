//! Rows for the tests of this floor.

use std::collections::BTreeMap;
use std::path::PathBuf;

use super::origin::extents::Encoder;
use super::rows::*;
use super::scans::{FindingRow, ObjectRow};
use super::{Reader, Rows, Sink, Value, Writer};
use crate::model::{
    AnomalyKind, Checksum, Digests, Endpoint, Extent, FlowId, Hop, PackFrame, Path, Security, Skip, Timestamp,
    Transport, Wlan,
};

/// A case that goes when dropped.
pub struct Case {
    pub dir: tempfile::TempDir,
}

impl Case {
    pub fn new() -> (Case, Writer) {
        let case = Case { dir: tempfile::tempdir().unwrap() };
        let settings =
            BTreeMap::from([("overlap".to_owned(), "first".to_owned()), ("hash".to_owned(), "sha256".to_owned())]);
        let writer = Writer::create(&case.path(), &settings).unwrap();
        (case, writer)
    }

    /// With the rows of [`everything`].
    pub fn full() -> Case {
        let (case, mut writer) = Case::new();
        everything().into_iter().for_each(|row| writer.put(row).unwrap());
        scanned(&mut writer);
        let mut together = Rows::new();
        [8, 9].into_iter().for_each(|id| together.put(dormant(id, id)).unwrap());
        writer.put_rows(&together).unwrap();
        writer.take_dormant(9, None).unwrap();
        writer.commit().unwrap();
        writer.finish().unwrap();
        case
    }

    pub fn path(&self) -> PathBuf {
        self.dir.path().join("case.sqlite")
    }

    pub fn reader(&self) -> Reader {
        Reader::open(&self.path(), self.dir.path()).unwrap()
    }

    /// As any SQLite client sees it: without our functions.
    pub fn plain(&self) -> rusqlite::Connection {
        rusqlite::Connection::open(self.path()).unwrap()
    }
}

/// Rows as text: columns by `|`, NULL as nothing.
#[derive(Default)]
pub struct Text {
    pub names: String,
    pub rows: Vec<String>,
}

impl Sink for Text {
    fn columns(&mut self, names: &[String]) -> std::io::Result<()> {
        self.names = names.join("|");
        Ok(())
    }

    fn row(&mut self, values: &[Value<'_>]) -> std::io::Result<()> {
        let cells = values.iter().map(|value| match value {
            Value::Null => String::new(),
            Value::Integer(value) => value.to_string(),
            Value::Real(value) => value.to_string(),
            Value::Text(text) => (*text).to_owned(),
            Value::Blob(bytes) => String::from_utf8_lossy(bytes).into_owned(),
        });
        self.rows.push(cells.collect::<Vec<_>>().join("|"));
        Ok(())
    }
}

pub fn endpoint(text: &str) -> Endpoint {
    let at: std::net::SocketAddr = text.parse().unwrap();
    Endpoint { ip: at.ip(), port: at.port() }
}

pub fn at(seconds: i64) -> Option<Timestamp> {
    Timestamp::new(seconds, 0)
}

pub fn extent(position: i64, length: u32, frame: u64) -> Extent {
    let (checksum, time) = (Checksum::Good, at(frame as i64));
    Extent {
        position,
        length,
        capture: 1,
        frame,
        file_position: frame * 1000,
        time,
        ttl: 64,
        checksum,
        replaces: false,
    }
}

pub fn extents(flow: FlowId, list: &[Extent]) -> Row {
    let mut encoder = Encoder::new();
    list.iter().for_each(|extent| encoder.push(extent));
    Row::Extents(flow, encoder.finish().unwrap())
}

/// Connection `id` from 10.0.0.1:1000+id to [2001:db8::1]:80; only the originator (flow 2 id - 1) has payload.
pub fn connection(id: u64) -> Row {
    let span = at(1).zip(at(3));
    let side = |endpoint, flow, stored_bytes| SideRow {
        endpoint,
        flow,
        has_file: stored_bytes > 0,
        packets: 2,
        stored_bytes,
        span,
        isn: Some(4_294_967_295),
        vlan: Some(20),
        mac: Some([[1, 2, 3, 4, 5, 6], [0xff; 6]]),
    };
    Row::Connection(Box::new(ConnectionRow {
        id,
        transport: Transport::Tcp,
        path: Path([Hop::Vlan(10), Hop::Vlan(20)].into_iter().collect()),
        span,
        state: "SF",
        history: "ShADd".into(),
        retransmitted_bytes: 1,
        out_of_order: 2,
        rest: if id == 1 { Rest::Open } else { Rest::Over },
        sides: [
            side(endpoint(&format!("10.0.0.1:{}", 1000 + id)), Some(2 * id - 1), 8),
            side(endpoint("[2001:db8::1]:80"), Some(2 * id), 0),
        ],
    }))
}

pub fn flow(connection: u64) -> Row {
    Row::Flow(Box::new(FlowRow {
        id: 2 * connection - 1,
        connection,
        side: 0,
        part: 0,
        path: format!("flows/{connection}"),
        base: -2,
        length: 10,
        gaps: vec![(4, 2)],
        missing_tail_bytes: 7,
        packets: 2,
        span: at(1).zip(at(2)),
        replaced: false,
        digests: Digests { sha256: Some([0xab; 32]), ..Digests::default() },
        extents: Vec::new(),
        pieces: None,
    }))
}

/// Bytes of `flow`: 0..4 of frame 1 and 6..10 of frame 2, as offsets.
pub fn origin(connection: u64) -> Row {
    extents(2 * connection - 1, &[extent(4, 4, 2), extent(-2, 4, 1)])
}

pub fn conflict(flow: FlowId, position: i64, lost: &str, later_kept: bool, extents_before: u64) -> Row {
    let later = FrameRef { capture: 1, frame: 9, ttl: 3, checksum: Checksum::Bad };
    let (length, lost_bytes) = (lost.len() as u64, lost.as_bytes().to_vec());
    Row::Conflict(Box::new(ConflictRow {
        flow,
        position,
        length,
        later,
        later_kept,
        extents_before,
        lost_bytes,
        time: at(9),
    }))
}

pub fn anomaly(flow: Option<(u64, u64)>, count: u64) -> Row {
    let kind = AnomalyKind::Jump;
    Row::Anomaly(Box::new(AnomalyRow {
        capture: 1,
        frame: 2,
        kind,
        flow,
        detail: "it's far".into(),
        time: at(2),
        count,
    }))
}

pub fn capture(id: u32) -> Row {
    Row::Capture(Box::new(CaptureRow {
        id,
        path: "a.pcap".into(),
        sha256: Some([1; 32]),
        head_sha256: Some([2; 32]),
        filter: String::new(),
        size: Some(100),
        format: Some("pcap".into()),
        frames: 5,
        used: 3,
        first: Timestamp::new(0, -1),
        last: at(3),
        status: Status::Truncated,
        stopped_at: Some(99),
        message: Some("cut".into()),
        skipped: vec![(Skip::NotIp.into(), 2, 84)],
        networks: vec![network()],
    }))
}

fn network() -> Wlan {
    let (ssid, security) = (Some(b"harbour".to_vec()), Some(Security::default()));
    Wlan { ssid, security, channel: Some(6), beacons: 2, span: at(1).zip(at(2)), ..Wlan::default() }
}

/// At least one row of each view of findings, and a connection to be scanned again.
fn scanned(writer: &mut Writer) {
    for (number, (name, kind)) in SCANS.iter().enumerate() {
        let scanner = writer.begin_scanner(name, "1").unwrap().id;
        let number = number as u32 + 1;
        writer.put_finding(&FindingRow { number, ..finding(scanner, 1, kind) }).unwrap();
        writer.put_object(&ObjectRow { number, ..object(scanner, 1) }).unwrap();
        writer.scanned_upto(scanner, 2).unwrap();
    }
    writer.forget(2).unwrap();
}

/// Scanners and kinds of findings that views are made of.
const SCANS: &[(&str, &str)] = &[
    ("kind", "protocol"),
    ("http", "transaction"),
    ("tls", "session"),
    ("tls", "certificate"),
    ("dns", "lookup"),
    ("mail", "mail"),
    ("ftp", "transfer"),
];

pub fn finding(scanner: u32, connection: u64, kind: &str) -> FindingRow {
    let (value, data) = ("it".to_owned(), Some(r#"{"a":1}"#.to_owned()));
    FindingRow { scanner, connection, number: 1, kind: kind.into(), flow: 1, range: (0, 4), time: at(1), value, data }
}

pub fn object(scanner: u32, connection: u64) -> ObjectRow {
    ObjectRow {
        scanner,
        connection,
        number: 1,
        flow: 1,
        range: (1, 4),
        time: at(1),
        parent: Some("http-1-2".into()),
        path: format!("objects/ab/{scanner}"),
        name: Some("a".into()),
        said_type: Some("text/plain".into()),
        found_type: Some("image/png".into()),
        size: 3,
        sha256: [3; 32],
        complete: true,
    }
}

pub fn dormant(connection: u64, hash: u64) -> Row {
    Row::Dormant(DormantRow {
        connection,
        tuple_hash: hash,
        until: None,
        is_closed: false,
        state: vec![connection as u8; 3],
    })
}

/// At least one row of each table.
pub fn everything() -> Vec<Row> {
    vec![
        connection(1),
        Row::Continued(Box::new(ContinuedRow { connection: 1, earlier_case: "monday".into(), earlier: 7 })),
        flow(1),
        origin(1),
        conflict(1, 0, "ab", false, 2),
        anomaly(Some((1, 1)), 1),
        anomaly(None, 2),
        capture(1),
        Row::Fragments(b"parts".to_vec()),
        Row::Frame(PackFrame { pack: 0, number: 0, offset: 0, stored_bytes: 9, length: 10 }),
        dormant(1, u64::MAX),
    ]
}
