//! Rows on their way into the index: what ingest says, one struct a table. Shapes and units follow `migrations/`.

use crate::model::{
    AnomalyKind, CaptureId, Checksum, ConnectionId, Digests, Endpoint, FlowId, PackFrame, Path, Timestamp, Transport,
    Unused, Wlan,
};

/// Anything [`Writer::put`](super::Writer::put) takes. Order matters only within a flow: extents before the conflicts
/// that refer to them.
#[derive(Clone, Debug)]
pub enum Row {
    /// A connection, whole; replaces none (a dormant one was taken before).
    Connection(Box<ConnectionRow>),
    /// A connection of this case goes on with one of a case before.
    Continued(Box<ContinuedRow>),
    /// A payload file of a connection, with its gaps.
    Flow(Box<FlowRow>),
    /// A full chunk of extents of a flow, encoded by [`extents::Encoder`](crate::index::extents::Encoder); appended after those it has.
    Extents(FlowId, Vec<u8>),
    /// Two copies of the same bytes that differ.
    Conflict(Box<ConflictRow>),
    /// The first occurrence of a kind of anomaly in a flow or capture, with its count so far.
    Anomaly(Box<AnomalyRow>),
    /// A frame of a pack.
    Frame(PackFrame),
    /// A connection that may go on in a later ingest, as `track` encoded it.
    Dormant(DormantRow),
    /// A capture, after its last frame.
    Capture(Box<CaptureRow>),
    /// A frame of a capture that was put before came to something else.
    Recount(RecountRow),
    /// Parts of packets that a later ingest may complete, serialized; in place of those put before. Empty: none.
    Fragments(Vec<u8>),
}

/// A frame that was skipped as an incomplete fragment, and counts elsewhere from now on.
#[derive(Clone, Copy, Debug)]
pub struct RecountRow {
    /// Its capture.
    pub capture: CaptureId,
    /// How it is skipped now; `None`: it is used.
    pub to: Option<Unused>,
    /// Its captured bytes.
    pub bytes: u64,
}

/// Where a connection was before.
#[derive(Clone, Debug)]
pub struct ContinuedRow {
    /// The connection.
    pub connection: ConnectionId,
    /// The name of the directory of the case before.
    pub earlier_case: String,
    /// Its number there.
    pub earlier: ConnectionId,
}

/// A connection: originator first.
#[derive(Clone, Debug)]
pub struct ConnectionRow {
    /// Its number.
    pub id: ConnectionId,
    /// What carries its payload.
    pub transport: Transport,
    /// Path of its first frame.
    pub path: Path,
    /// Time of its first and its last frame (earliest and latest).
    pub span: Option<(Timestamp, Timestamp)>,
    /// Zeek's conn_state.
    pub state: &'static str,
    /// Zeek's history letters.
    pub history: String,
    /// Payload bytes that were captured again, both sides.
    pub retransmitted_bytes: u64,
    /// Segments with payload that began before the highest position seen of their flow without being retransmissions,
    /// both sides.
    pub out_of_order: u64,
    /// Whether it may go on in a later ingest.
    pub rest: Rest,
    /// Originator, responder.
    pub sides: [SideRow; 2],
}

/// Whether a connection may go on in a later ingest.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Rest {
    /// It is over.
    Over,
    /// It is closed, and takes stragglers up to this moment of capture time.
    Until(Timestamp),
    /// It is open.
    Open,
}

/// One direction of a connection, with or without payload.
#[derive(Clone, Debug)]
pub struct SideRow {
    /// Its sending endpoint.
    pub endpoint: Endpoint,
    /// Number of its first flow; `None` if no frame of it was seen.
    pub flow: Option<FlowId>,
    /// That flow has a payload file: a [`FlowRow`] with its number.
    pub has_file: bool,
    /// Frames.
    pub packets: u64,
    /// Bytes stored of all parts.
    pub stored_bytes: u64,
    /// Time of its first and last frame.
    pub span: Option<(Timestamp, Timestamp)>,
    /// Initial sequence number, if its SYN was seen.
    pub isn: Option<u32>,
    /// VLAN of its first frame.
    pub vlan: Option<u16>,
    /// Source and destination MAC address of its first frame.
    pub mac: Option<[[u8; 6]; 2]>,
}

/// A payload file.
#[derive(Clone, Debug)]
pub struct FlowRow {
    /// Its number.
    pub id: FlowId,
    /// Its connection.
    pub connection: ConnectionId,
    /// 0 originator, 1 responder.
    pub side: u8,
    /// 0, 1, … where jumps split the direction.
    pub part: u32,
    /// Relative to the case directory, `/` between folders.
    pub path: String,
    /// Stream position of offset 0.
    pub base: i64,
    /// Highest placed offset + 1.
    pub length: u64,
    /// Offset and length of each hole, ascending.
    pub gaps: Vec<(u64, u64)>,
    /// Bytes that FIN or snap length prove to be missing at the end.
    pub missing_tail_bytes: u64,
    /// Frames placed in this part, or seen while it was current (part 0: also those without payload).
    pub packets: u64,
    /// Time of its first and last frame.
    pub span: Option<(Timestamp, Timestamp)>,
    /// Some of its extents replace others.
    pub replaced: bool,
    /// Digests of the whole file.
    pub digests: Digests,
    /// Its last chunk of extents, encoded; the chunks before it, of the few flows that have more than one, were
    /// [`Row::Extents`]. May be empty.
    pub extents: Vec<u8>,
    /// Where its bytes lie in packs, encoded by the store; `None` if they lie in a file.
    pub pieces: Option<Vec<u8>>,
}

/// A number of a path by which its flow is found, the same for ever: XXH3-64's sibling, the lower half of XXH3-128.
pub fn path_key(path: &str) -> i64 {
    twox_hash::XxHash3_128::oneshot(path.as_bytes()) as i64
}

/// A frame and what a conflict says about its packet.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct FrameRef {
    /// The capture.
    pub capture: CaptureId,
    /// Number in it, from 1.
    pub frame: u64,
    /// TTL or hop limit.
    pub ttl: u8,
    /// Checksum state.
    pub checksum: Checksum,
}

/// Two copies of the same range that differ. The other frame (or frames: then one row each) is found in the flow's
/// extents.
#[derive(Clone, Debug)]
pub struct ConflictRow {
    /// The flow.
    pub flow: FlowId,
    /// Stream position of the first byte of the range that differs.
    pub position: i64,
    /// Bytes.
    pub length: u64,
    /// The frame that brought the later copy.
    pub later: FrameRef,
    /// The later copy was kept (its extent replaces), and the earlier one lost.
    pub later_kept: bool,
    /// How many extents the flow had when the later copy came: the earlier frame is looked for among these.
    pub extents_before: u64,
    /// The bytes that lost, at most the first 4096 of them.
    pub lost_bytes: Vec<u8>,
    /// Capture time of the later frame.
    pub time: Option<Timestamp>,
}

/// An anomaly with how often it occurred.
#[derive(Clone, Debug)]
pub struct AnomalyRow {
    /// Capture and frame of the first occurrence (frame 0: of the file, not of a frame).
    pub capture: CaptureId,
    /// See `capture`.
    pub frame: u64,
    /// What was strange.
    pub kind: AnomalyKind,
    /// The flow and its connection; `None`: of the capture.
    pub flow: Option<(FlowId, ConnectionId)>,
    /// One clause for people.
    pub detail: String,
    /// Capture time of the first occurrence.
    pub time: Option<Timestamp>,
    /// Occurrences so far.
    pub count: u64,
}

/// A connection at rest.
#[derive(Clone, Debug)]
pub struct DormantRow {
    /// The connection.
    pub connection: ConnectionId,
    /// Hash of its two endpoints, whatever the order.
    pub tuple_hash: u64,
    /// The last moment of capture time at which it can go on: a commit that has seen a later frame drops the row. `None`: always.
    pub until: Option<Timestamp>,
    /// It is closed: that moment is near. Those that are lie together.
    pub is_closed: bool,
    /// Its state, encoded by `track`.
    pub state: Vec<u8>,
}

/// How far a capture could be read.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Status {
    /// To its end.
    Complete,
    /// It ends inside a frame or block.
    Truncated,
    /// Something in it makes no sense.
    Damaged,
    /// Not at all: missing, no capture, or not permitted.
    Unreadable,
}

impl Status {
    /// The name in the `captures` view.
    pub fn name(self) -> &'static str {
        match self {
            Status::Complete => "complete",
            Status::Truncated => "truncated",
            Status::Damaged => "damaged",
            Status::Unreadable => "unreadable",
        }
    }

    /// The status with this name; what no version writes counts as damaged.
    pub fn from_name(name: &str) -> Self {
        let all = [Status::Complete, Status::Truncated, Status::Unreadable];
        all.into_iter().find(|status| status.name() == name).unwrap_or(Status::Damaged)
    }
}

/// A capture and its ledger: `frames` = `used` + the sum of `skipped`.
#[derive(Clone, Debug)]
pub struct CaptureRow {
    /// Its number.
    pub id: CaptureId,
    /// As given on the command line.
    pub path: String,
    /// Digest of the file as it lies; `None` where it could not be read.
    pub sha256: Option<[u8; 32]>,
    /// Digest of its first MiB.
    pub head_sha256: Option<[u8; 32]>,
    /// The capture filter, empty without one.
    pub filter: String,
    /// Size of the file as it lies.
    pub size: Option<u64>,
    /// `pcap`, `pcapng`, `pcap, gzip`, …
    pub format: Option<String>,
    /// Frames read.
    pub frames: u64,
    /// Frames of which a segment was attributed to a connection.
    pub used: u64,
    /// Time of its first frame and of its last (in file order, frames without time left out).
    pub first: Option<Timestamp>,
    /// See `first`.
    pub last: Option<Timestamp>,
    /// How far it could be read.
    pub status: Status,
    /// Offset in the decompressed capture where reading stopped; `None` when complete.
    pub stopped_at: Option<u64>,
    /// Why it is not complete.
    pub message: Option<String>,
    /// Reason, frames, captured bytes; ascending by reason, no zeros.
    pub skipped: Vec<(Unused, u64, u64)>,
    /// 802.11 networks that were heard in it, each once.
    pub networks: Vec<Wlan>,
}
