//! A connection: two directions between two endpoints, and what is known of them.

use super::ends::Ends;
use super::event::Stamp;
use super::history::History;
use super::link::{FirstPath, Link, Stations};
use super::rare::Rarely;
use super::span::{Span, union};
use super::{Direction, at_rest, state};
use crate::model::{AnomalyKind, ConnectionId, Endpoint, FlowId, Limits, Path, Segment, Timestamp, Transport};

/// Everything known of a connection. Sides are 0 and 1, the lower endpoint first, whoever opened it.
///
/// A million of these may be open at once: what a usual connection does not have stands in a box (`rare`), what follows
/// from something else is not kept, and nothing is wider than it needs to be (a test holds the size).
#[derive(Clone, Debug, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
#[serde(from = "at_rest::AtRest", into = "at_rest::AtRest")]
pub struct Connection {
    /// Its number.
    pub id: ConnectionId,
    /// What each of them sent.
    pub directions: [Direction; 2],
    /// Where [`Known::CLOSED_TIMED`].
    pub(super) closed_at: Timestamp,
    pub(super) rare: Rarely,
    pub(super) ends: Ends,
    /// Of the side heard first, where [`Known::STATIONS`].
    pub(super) stations: Stations,
    pub(super) path: FirstPath,
    pub(super) history: History,
    pub(super) known: Known,
}

/// What is or is not so of a connection.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
pub(super) struct Known(u8);

impl Known {
    /// Side 1 opened it, as far as is known.
    pub const HIGHER_OPENED: Known = Known(1);
    /// The roles were corrected.
    pub const FLIPPED: Known = Known(2);
    /// It was closed or replaced.
    const CLOSED: Known = Known(4);
    /// It is known when.
    pub const CLOSED_TIMED: Known = Known(8);
    /// The link layer of its first frame has addresses.
    pub const STATIONS: Known = Known(16);
    /// Side 1 was heard first.
    pub const HIGHER_FIRST: Known = Known(32);
    /// It was said to be settled, and nothing came since. Of this run: no part of what is kept at rest.
    pub const SETTLED: Known = Known(64);
    /// It is a conversation of UDP datagrams.
    pub const DATAGRAMS: Known = Known(128);

    pub fn has(self, what: Known) -> bool {
        self.0 & what.0 != 0
    }

    pub fn put(&mut self, what: Known, so: bool) {
        self.0 = if so { self.0 | what.0 } else { self.0 & !what.0 };
    }
}

/// A kind of anomaly in one of the flows.
#[derive(Clone, Debug, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
pub struct Strangeness {
    /// What.
    pub kind: AnomalyKind,
    /// Where.
    pub flow: FlowId,
    /// The first occurrence.
    pub first: Stamp,
    /// One clause about it.
    pub detail: String,
    /// How often.
    pub count: u64,
}

impl Connection {
    /// A connection whose first frame is `segment`.
    pub(super) fn new(id: ConnectionId, segment: &Segment<'_>) -> Self {
        let ends = Ends::of(segment);
        let (mut rare, mut known, path) = (Rarely::default(), Known::default(), FirstPath::of(&segment.path));
        known.put(Known::HIGHER_OPENED, ends.side(segment) == 1);
        known.put(Known::DATAGRAMS, segment.transport == Transport::Udp);
        if !path.is(&segment.path) {
            rare.make().paths.push(segment.path.clone());
        }
        Connection {
            id,
            directions: Default::default(),
            closed_at: Timestamp::default(),
            rare,
            ends,
            stations: Stations::default(),
            path,
            history: History::default(),
            known,
        }
    }

    /// The endpoints, lower first.
    pub fn ends(&self) -> [Endpoint; 2] {
        [0, 1].map(|side| self.ends.get(side))
    }

    /// What carries its payload.
    pub fn transport(&self) -> Transport {
        if self.known.has(Known::DATAGRAMS) { Transport::Udp } else { Transport::Tcp }
    }

    /// Zeek's conn_state.
    pub fn state(&self) -> &'static str {
        let originator = self.originator();
        let (orig, resp) = (&self.directions[originator], &self.directions[1 - originator]);
        match self.transport() {
            Transport::Tcp => state::judge(orig, resp),
            Transport::Udp => state::of_datagrams(orig, resp),
        }
    }

    /// Zeek's history letters.
    pub fn history(&self) -> String {
        let gaps = [self.directions[0].has_gaps(), self.directions[1].has_gaps()];
        self.history.text(self.originator(), gaps, self.known.has(Known::FLIPPED), &self.rare)
    }

    /// Which side opened it, as far as is known.
    pub fn originator(&self) -> usize {
        usize::from(self.known.has(Known::HIGHER_OPENED))
    }

    /// When it was closed (FIN both ways or a RST) or replaced by a newer one on the same path. `Some(None)`: at no known time.
    pub fn closed(&self) -> Option<Option<Timestamp>> {
        let timed = self.known.has(Known::CLOSED_TIMED);
        self.is_closed().then(|| timed.then_some(self.closed_at))
    }

    /// It was closed or replaced.
    pub fn is_closed(&self) -> bool {
        self.known.has(Known::CLOSED)
    }

    /// It was said to be settled, as it is now.
    pub fn is_settled(&self) -> bool {
        self.known.has(Known::SETTLED)
    }

    /// From now on it takes only stragglers.
    pub(super) fn close(&mut self, at: Option<Timestamp>) {
        self.known.put(Known::CLOSED, true);
        self.known.put(Known::CLOSED_TIMED, at.is_some());
        self.closed_at = at.unwrap_or_default();
    }

    /// The last moment at which it takes a segment: see [`Limits::straggler_ns`] and [`Limits::idle_ns`]. `None`: it always does.
    pub fn until(&self, limits: &Limits) -> Option<Timestamp> {
        let after = |time: Timestamp, ns: i64| Timestamp(time.nanoseconds().saturating_add(ns));
        let stragglers = self.closed().flatten().map(|closed| after(closed, limits.straggler_ns));
        let is_answered = || self.directions.iter().all(Direction::is_known);
        let patience = |idle: i64| if is_answered() { idle } else { idle.min(limits.straggler_ns) };
        let idle = limits.idle_ns.and_then(|idle| Some(after(self.span()?.1, patience(idle))));
        [stragglers, idle].into_iter().flatten().min()
    }

    /// Time of its earliest and latest frame.
    pub fn span(&self) -> Option<Span> {
        let [lower, higher] = &self.directions;
        union([lower.span(), higher.span(), self.rare.get().and_then(|rare| rare.uncounted)])
    }

    /// The path of its first frame.
    pub fn first_path(&self) -> Path {
        let unusual = || self.rare.get().and_then(|rare| rare.paths.first().cloned());
        self.path.usual().or_else(unusual).unwrap_or_default()
    }

    /// Some of its segments came on this path.
    pub(super) fn is_on(&self, path: &Path) -> bool {
        self.path.is(path) || self.rare.get().is_some_and(|rare| rare.paths.iter().any(|known| known.is_same_way(path)))
    }

    /// First occurrence and count of each kind of anomaly of each of its flows.
    pub fn strange(&self) -> &[Strangeness] {
        self.rare.get().map_or(&[], |rare| &rare.strange)
    }

    /// Payload bytes of a side that were captured again.
    pub fn retransmitted_bytes(&self, side: usize) -> u64 {
        self.rare.get().map_or(0, |rare| rare.retransmitted_bytes[side])
    }

    /// Segments of a side with new bytes that lie before others seen earlier.
    pub fn out_of_order(&self, side: usize) -> u64 {
        self.rare.get().map_or(0, |rare| rare.out_of_order[side])
    }

    /// MAC addresses and VLAN of the first frame of a side; nothing if it sent none.
    pub fn link(&self, side: usize) -> Link {
        let unusual = self.rare.get().and_then(|rare| rare.links[side]);
        if self.directions[side].is_heard() {
            unusual.unwrap_or_else(|| self.usual_link(side))
        } else {
            Link::default()
        }
    }

    /// Separate covered ranges beyond the first of each part.
    pub(super) fn extra_ranges(&self) -> usize {
        self.directions.iter().map(Direction::extra_ranges).sum()
    }

    /// Something of each of its cache lines.
    #[inline]
    pub(super) fn glance(&self) -> u64 {
        let [lower, higher] = &self.directions;
        self.id ^ lower.flow ^ higher.flow ^ u64::from(lower.acked ^ higher.acked) ^ u64::from(self.known.0)
    }

    /// What the first frame says of the link of a side.
    pub(super) fn usual_link(&self, side: usize) -> Link {
        let mac = self.known.has(Known::STATIONS).then_some(self.stations);
        let first = Link { mac, vlan: self.first_path().vlan() };
        if side == usize::from(self.known.has(Known::HIGHER_FIRST)) { first } else { first.turned() }
    }
}
