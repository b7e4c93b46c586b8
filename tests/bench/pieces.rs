//! The pieces that are measured alone, through what the library has in public.

use std::collections::BTreeMap;

use flowcase::decode::{Found, decode};
use flowcase::index::extents::Encoder;
use flowcase::index::rows::{ConnectionRow, FlowRow, Rest, Row, SideRow};
use flowcase::index::{Rows, Writer};
use flowcase::model::{
    Checksum, Digests, Endpoint, Extent, Flags, HashKind, Limits, LinkType, Path, Segment, Timestamp, Transport,
};
use flowcase::reassemble::{Coverage, Stream};
use flowcase::store::digest::Front;
use flowcase::track::{LOOK_AHEAD, Stamp, Tracker};

use crate::directory::directory;
use crate::load::Load;
use crate::timing::report;

/// Measures and prints a line of this name.
type Measure = fn(&str);

/// Names, and what measures them.
pub const ALL: &[(&str, Measure)] = &[
    ("decode: web", |name| decoding(name, "web", 500)),
    ("decode: small", |name| decoding(name, "small", 2000)),
    ("track: bulk, in order", |name| tracking(name, "bulk", 16)),
    ("track: web", |name| tracking(name, "web", 1000)),
    ("track: small", |name| tracking(name, "small", 10_000)),
    ("track: mess, shuffled", |name| tracking(name, "mess", 200)),
    ("track: one SYN each", |name| tracking(name, "syn", 100_000)),
    ("track: any of 10,000 open", |name| idling(name, 10_000)),
    ("track: any of 1,000,000 open", |name| idling(name, 1_000_000)),
    ("table: look-up among 1,000", |name| looking_up(name, 1_000)),
    ("table: look-up among 300,000", |name| looking_up(name, 300_000)),
    ("place: in order", |name| placing(name, &(0..SEGMENTS).collect::<Vec<_>>())),
    ("place: shuffled in windows of 32", |name| placing(name, &shuffled(32))),
    ("place: shuffled", |name| placing(name, &shuffled(SEGMENTS as usize))),
    ("coverage: every second first", coverage),
    ("digest: sha256", |name| digest(name, HashKind::Sha256)),
    ("digest: md5", |name| digest(name, HashKind::Md5)),
    ("digest: sha1", |name| digest(name, HashKind::Sha1)),
    ("digest: blake3", |name| digest(name, HashKind::Blake3)),
    ("extents: encode", extents),
    ("index: a connection and two flows", rows),
];

const SEGMENTS: u32 = 10_000;
const MSS: u32 = 1448;

fn capture(profile: &str, size: u64) -> Vec<u8> {
    let mut bytes = Vec::new();
    let load = Load::new(profile, size).expect("a profile of the list");
    load.write(1, &mut bytes).expect("memory takes all");
    bytes
}

/// The frames of a little-endian pcap file.
fn frames(mut capture: &[u8]) -> Vec<&[u8]> {
    let mut frames = Vec::new();
    capture = &capture[24..];
    while let Some((head, rest)) = capture.split_at_checked(16) {
        let length = u32::from_le_bytes([head[8], head[9], head[10], head[11]]);
        let (frame, rest) = rest.split_at(length as usize);
        frames.push(frame);
        capture = rest;
    }
    frames
}

fn segment(frame: &[u8]) -> Segment<'_> {
    decode(LinkType(1), frame, frame.len() as u32).ok().and_then(Found::segment).expect("a frame with a segment")
}

fn stamp(frame: u64) -> Stamp {
    Stamp { time: Some(Timestamp(frame as i64 * 10_000)), capture: 1, frame }
}

fn decoding(name: &str, profile: &str, size: u64) {
    let capture = capture(profile, size);
    let frames = frames(&capture);
    report(name, "frame", frames.len() as u64, || {
        frames.iter().map(|frame| segment(frame).payload.len()).sum::<usize>()
    });
}

fn tracking(name: &str, profile: &str, size: u64) {
    let capture = capture(profile, size);
    let segments: Vec<Segment<'_>> = frames(&capture).into_iter().map(segment).collect();
    report(name, "segment", segments.len() as u64, || tracked(&segments).finish().len());
}

fn tracked(segments: &[Segment<'_>]) -> Tracker {
    let (mut tracker, mut events) = (Tracker::new(Limits::default(), 1, 1), Vec::new());
    for (number, segment) in (1..).zip(segments) {
        tracker.observe(stamp(number), segment, &mut events);
        events.clear();
    }
    tracker
}

/// Acknowledgements of any of so many open connections, looked ahead at as an ingest does.
fn idling(name: &str, connections: u64) {
    let capture = capture("opened", connections);
    let segments: Vec<Segment<'_>> = frames(&capture).into_iter().map(segment).collect();
    let (mut tracker, mut events, mut keys) = (tracked(&segments), Vec::new(), Vec::new());
    let is_heard = |segment: &&Segment<'_>| !segment.flags.has(Flags::SYN);
    let mut heard: Vec<Segment<'_>> = segments.iter().filter(is_heard).cloned().collect();
    fastrand::Rng::with_seed(1).shuffle(&mut heard);
    heard.truncate(200_000);
    report(name, "segment", heard.len() as u64, || {
        for (number, segments) in (1..).step_by(LOOK_AHEAD).zip(heard.chunks(LOOK_AHEAD)) {
            keys.clear();
            keys.extend(segments.iter().map(|segment| tracker.key(segment)));
            tracker.look_ahead(&keys);
            for (number, (segment, key)) in (number..).zip(segments.iter().zip(&keys)) {
                tracker.observe_known(stamp(number), segment, key, &mut events);
            }
            events.clear();
        }
    });
}

/// Any of so many connections, in an order that no cache can guess.
fn looking_up(name: &str, connections: u64) {
    let capture = capture("syn", connections);
    let mut segments: Vec<Segment<'_>> = frames(&capture).into_iter().map(segment).collect();
    let tracker = tracked(&segments);
    fastrand::Rng::with_seed(1).shuffle(&mut segments);
    report(name, "look-up", connections, || {
        segments.iter().filter(|segment| tracker.knows(&tracker.key(segment))).count()
    });
}

fn shuffled(window: usize) -> Vec<u32> {
    let mut order: Vec<u32> = (0..SEGMENTS).collect();
    let mut rng = fastrand::Rng::with_seed(1);
    order.chunks_mut(window).for_each(|window| rng.shuffle(window));
    order
}

/// Segments of one flow, in some order.
fn placing(name: &str, order: &[u32]) {
    let limits = Limits::default();
    report(name, "segment", order.len() as u64, || {
        let (mut stream, mut placements) = (<Stream>::default(), Vec::new());
        stream.begin(0);
        for number in order {
            stream.place(1 + number * MSS, (MSS, 0), Checksum::Good, &limits, &mut placements);
            placements.clear();
        }
        stream.parts().len()
    });
}

fn coverage(name: &str) {
    report(name, "range", u64::from(SEGMENTS), || {
        let mut coverage = Coverage::default();
        let half = || (0..i64::from(SEGMENTS)).step_by(2);
        for start in half().chain(half().map(|start| start + 1)) {
            coverage.add(start..start + 1, |_, _| {});
        }
        coverage.count()
    });
}

fn digest(name: &str, kind: HashKind) {
    let bytes = vec![0x5a; 1 << 20];
    report(name, "byte", bytes.len() as u64, || {
        let mut front = Front::new(&[kind], 0);
        bytes.chunks(64 << 10).for_each(|piece| front.feed(piece));
        front.finish()
    });
}

fn extents(name: &str) {
    let extent = |number: u64| Extent {
        position: (number * u64::from(MSS)) as i64,
        length: MSS,
        capture: 1,
        frame: 4 + 3 * number / 2,
        file_position: 3000 + number * 1554,
        time: Some(Timestamp(number as i64 * 15_000)),
        ttl: 64,
        checksum: Checksum::Good,
        replaces: false,
    };
    let extents: Vec<Extent> = (0..SEGMENTS.into()).map(extent).collect();
    report(name, "extent", extents.len() as u64, || {
        let mut encoder = Encoder::new();
        let chunks = extents.iter().filter_map(|extent| {
            encoder.push(extent);
            encoder.take()
        });
        chunks.map(|chunk| chunk.len()).sum::<usize>()
    });
}

/// A new index with many small connections, committed and finished.
fn rows(name: &str) {
    const CONNECTIONS: u64 = 10_000;
    let directory = directory(None).expect("a directory to write in");
    let settings = BTreeMap::from([("overlap", "first"), ("hash", "sha256")]);
    let settings = settings.into_iter().map(|(name, value)| (name.to_owned(), value.to_owned())).collect();
    let path = directory.path().join("case.sqlite");
    report(name, "row", 3 * CONNECTIONS, || {
        let _none = std::fs::remove_file(&path);
        let mut writer = Writer::create(&path, &settings).expect("a new index");
        let mut rows = Rows::new();
        for id in 1..=CONNECTIONS {
            rows.put(Row::Connection(Box::new(connection(id)))).expect("memory");
            [0, 1].into_iter().for_each(|side| rows.put(Row::Flow(Box::new(flow(id, side)))).expect("memory"));
            if id % 256 == 0 || id == CONNECTIONS {
                writer.put_rows(&rows).expect("free numbers");
                rows.clear();
            }
        }
        writer.commit().and_then(|()| writer.finish()).expect("room for it");
    });
}

fn endpoint(id: u64, side: u8) -> Endpoint {
    let ip = if side == 0 { (0x0a00_0000 + id as u32 / 16).into() } else { 0xac10_0001u32.into() };
    Endpoint { ip: std::net::IpAddr::V4(ip), port: if side == 0 { 1024 + (id % 60_000) as u16 } else { 80 } }
}

fn span(id: u64) -> Option<(Timestamp, Timestamp)> {
    let first = 1_700_000_000_000_000_000 + id as i64 * 90_000;
    Some((Timestamp(first), Timestamp(first + 80_000)))
}

fn connection(id: u64) -> ConnectionRow {
    let side = |side: u8| SideRow {
        endpoint: endpoint(id, side),
        flow: Some(2 * id - 1 + u64::from(side)),
        has_file: true,
        packets: 5,
        stored_bytes: 200,
        span: span(id),
        isn: Some(id as u32),
        vlan: None,
        mac: Some([[2; 6], [4; 6]]),
    };
    ConnectionRow {
        id,
        transport: Transport::Tcp,
        path: Path::default(),
        span: span(id),
        state: "SF",
        history: "ShADadFf".into(),
        retransmitted_bytes: 0,
        out_of_order: 0,
        rest: Rest::Over,
        sides: [0, 1].map(side),
    }
}

fn flow(connection: u64, side: u8) -> FlowRow {
    let id = 2 * connection - 1 + u64::from(side);
    FlowRow {
        id,
        connection,
        side,
        part: 0,
        path: format!("flows/{:02x}/{}-{}", id % 256, endpoint(connection, side), endpoint(connection, 1 - side)),
        base: 0,
        length: 200,
        gaps: Vec::new(),
        missing_tail_bytes: 0,
        packets: 5,
        span: span(connection),
        replaced: false,
        digests: Digests { sha256: Some([id as u8; 32]), ..Digests::default() },
        extents: vec![1; 12],
        pieces: None,
    }
}
