//! A small case made by hand, through the index and the file system alone: what readers are tested on.

use std::collections::BTreeMap;
use std::path::Path;

use flowcase::index::extents::Encoder;
use flowcase::index::{AnomalyRow, CaptureRow, ConnectionRow, FlowRow, Rest, Row, SideRow, Status, Writer};
use flowcase::model::{AnomalyKind, Checksum, Digests, Endpoint, Extent, Timestamp, Transport, Unused};
use sha2::{Digest, Sha256};

/// Path of the request's payload, which has no hole.
pub const REQUEST: &str = "flows/01/010.000.000.001.05000-010.000.000.002.00080";
/// Path of the response's payload, with a hole at 12..22.
pub const RESPONSE: &str = "flows/01/010.000.000.002.00080-010.000.000.001.05000";
/// The request.
pub const REQUEST_BYTES: &[u8] = b"GET / HTTP/1.0\r\n\r\n";
/// The response; the zeros are the hole.
pub const RESPONSE_BYTES: &[u8] = b"HTTP/1.0 200\0\0\0\0\0\0\0\0\0\0\x1b[31mtail";

const SECOND: i64 = 1_000_000_000;

/// Makes the case: connection 1 asks and is answered (flows 1 and 2), connection 2 is a lone SYN in VLAN 7 (flow 3).
pub fn make(root: &Path) {
    std::fs::create_dir_all(root).unwrap();
    let settings = [("overlap", "first"), ("hash", "sha256"), ("store", "files"), ("template", "")];
    let settings: BTreeMap<String, String> = settings.map(|(name, value)| (name.into(), value.into())).into();
    let mut index = Writer::create(&root.join("case.sqlite"), &settings).unwrap();
    let run = index.begin_run(1_700_000_000 * SECOND, "0.1.0", "flowcase ingest case 'a b.pcap'").unwrap();
    index.put(Row::Connection(Box::new(asked_and_answered()))).unwrap();
    index.put(Row::Connection(Box::new(lone_syn()))).unwrap();
    put_flow(&mut index, root, 1, 0, REQUEST, REQUEST_BYTES, &[(0, 18, 4)]);
    put_flow(&mut index, root, 2, 1, RESPONSE, RESPONSE_BYTES, &[(0, 12, 5), (22, 9, 7)]);
    index.put(Row::Anomaly(Box::new(anomaly()))).unwrap();
    index.put(Row::Capture(Box::new(capture()))).unwrap();
    index.commit().unwrap();
    index.end_run(run, 1_700_000_001 * SECOND, 0.25, 0.5, 1 << 20).unwrap();
    index.finish().unwrap();
}

fn end(last: u8, port: u16) -> Endpoint {
    Endpoint { ip: [10, 0, 0, last].into(), port }
}

fn at(seconds: i64) -> Timestamp {
    Timestamp(1_223_315_694 * SECOND + seconds * SECOND)
}

fn side(endpoint: Endpoint, flow: Option<u64>, stored_bytes: u64) -> SideRow {
    let span = flow.map(|_| (at(0), at(9)));
    let has_file = stored_bytes > 0;
    SideRow { endpoint, flow, has_file, packets: 3, stored_bytes, span, isn: Some(1000), vlan: None, mac: None }
}

fn asked_and_answered() -> ConnectionRow {
    let (orig, resp) = (side(end(1, 5000), Some(1), 18), side(end(2, 80), Some(2), 21));
    ConnectionRow {
        id: 1,
        transport: Transport::Tcp,
        path: Default::default(),
        span: Some((at(0), at(9))),
        state: "SF",
        history: "ShADadFf".into(),
        retransmitted_bytes: 0,
        out_of_order: 0,
        rest: Rest::Over,
        sides: [orig, resp],
    }
}

fn lone_syn() -> ConnectionRow {
    let (orig, resp) = (side(end(3, 6000), Some(3), 0), side(end(2, 443), None, 0));
    ConnectionRow { id: 2, state: "S0", history: "S".into(), sides: [orig, resp], ..asked_and_answered() }
}

/// Stores the bytes and says where they came from: offset, length and frame of each segment.
fn put_flow(
    index: &mut Writer,
    root: &Path,
    id: u64,
    side: u8,
    path: &str,
    bytes: &[u8],
    segments: &[(i64, u32, u64)],
) {
    std::fs::create_dir_all(root.join(path).parent().unwrap()).unwrap();
    std::fs::write(root.join(path), bytes).unwrap();
    let mut encoder = Encoder::new();
    for &(position, length, frame) in segments {
        let (time, ttl, checksum) = (Some(at(frame as i64)), 64, Checksum::Good);
        let file_position = 1000 * frame;
        encoder.push(&Extent {
            position,
            length,
            capture: 1,
            frame,
            file_position,
            time,
            ttl,
            checksum,
            replaces: false,
        });
    }
    let digests = Digests { sha256: Some(Sha256::digest(bytes).into()), ..Digests::default() };
    index
        .put(Row::Flow(Box::new(FlowRow {
            id,
            connection: 1,
            side,
            part: 0,
            path: path.into(),
            base: 0,
            length: bytes.len() as u64,
            gaps: if side == 1 { vec![(12, 10)] } else { Vec::new() },
            missing_tail_bytes: 0,
            packets: 3,
            span: Some((at(0), at(9))),
            replaced: false,
            digests,
            extents: encoder.finish().unwrap(),
            pieces: None,
        })))
        .unwrap();
}

fn anomaly() -> AnomalyRow {
    let (kind, detail) = (AnomalyKind::Jump, "a jump".into());
    AnomalyRow { capture: 1, frame: 5, kind, flow: Some((2, 1)), detail, time: Some(at(5)), count: 3 }
}

fn capture() -> CaptureRow {
    CaptureRow {
        id: 1,
        path: "a\u{1b}[2J & b.pcap".into(),
        sha256: Some([0xab; 32]),
        head_sha256: Some([0xab; 32]),
        filter: String::new(),
        size: Some(9000),
        format: Some("pcap".into()),
        frames: 10,
        used: 8,
        first: Some(at(0)),
        last: Some(at(9)),
        status: Status::Truncated,
        stopped_at: Some(8990),
        message: Some("ends inside frame 11".into()),
        skipped: vec![(Unused::protocol(17), 2, 120)],
        networks: Vec::new(),
    }
}
