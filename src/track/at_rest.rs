//! A connection as its row in the index holds it: the same in fewer bytes, times counted from one another.

use super::connection::Known;
use super::direction::Marks;
use super::ends::Ends;
use super::flow::{Count, Flow};
use super::history::History;
use super::link::{FirstPath, Stations};
use super::rare::Rarely;
use super::{Connection, Direction};
use crate::model::{ConnectionId, FlowId, Timestamp};
use crate::reassemble::Stream;

/// A [`Connection`]. Times are nanoseconds since the time before them in the order of the fields, wrapping.
#[derive(Clone, serde::Serialize, serde::Deserialize)]
pub struct AtRest {
    id: ConnectionId,
    ends: Ends,
    sides: [Option<Side>; 2],
    closed_at: Option<i64>,
    stations: Option<Stations>,
    path: FirstPath,
    history: History,
    known: Known,
    rare: Rarely,
}

/// A [`Direction`] that has sent something, or that something is known of.
#[derive(Clone, serde::Serialize, serde::Deserialize)]
struct Side {
    stream: Stream<Flow>,
    /// Since the number of the connection, as flows are numbered about alike.
    flow: i64,
    span: Option<[i64; 2]>,
    packets: u64,
    acked: u32,
    window: u32,
    window_scale: u8,
    marks: u8,
}

/// Times on their way into differences and back.
#[derive(Default)]
struct Clock(i64);

impl Clock {
    fn since_last(&mut self, time: Timestamp) -> i64 {
        let since = time.0.wrapping_sub(self.0);
        self.0 = time.0;
        since
    }

    fn after_last(&mut self, since: i64) -> Timestamp {
        self.0 = self.0.wrapping_add(since);
        Timestamp(self.0)
    }
}

impl From<Connection> for AtRest {
    fn from(connection: Connection) -> Self {
        let Connection { id, directions, closed_at, rare, ends, stations, path, history, mut known } = connection;
        known.put(Known::SETTLED, false);
        let mut clock = Clock::default();
        let sides = directions.map(|direction| Side::of(direction, id, &mut clock));
        let closed_at = known.has(Known::CLOSED_TIMED).then(|| clock.since_last(closed_at));
        let stations = known.has(Known::STATIONS).then_some(stations);
        AtRest { id, ends, sides, closed_at, stations, path, history, known, rare }
    }
}

impl From<AtRest> for Connection {
    fn from(at_rest: AtRest) -> Self {
        let AtRest { id, ends, sides, closed_at, stations, path, history, known, rare } = at_rest;
        let mut clock = Clock::default();
        let directions = sides.map(|side| side.map(|side| side.direction(id, &mut clock)).unwrap_or_default());
        let closed_at = closed_at.map(|since| clock.after_last(since)).unwrap_or_default();
        let stations = stations.unwrap_or_default();
        Connection { id, directions, closed_at, rare, ends, stations, path, history, known }
    }
}

impl Side {
    fn of(direction: Direction, id: ConnectionId, clock: &mut Clock) -> Option<Side> {
        if direction == Direction::default() {
            return None;
        }
        let Direction { stream, flow, span: (first, last), acked, window, packets, window_scale, marks } = direction;
        let timed = marks.has(Marks::TIMED);
        let span = timed.then(|| [clock.since_last(first), clock.since_last(last)]);
        let (flow, packets, marks) = (flow.wrapping_sub(id) as i64, packets.get(), marks.0);
        Some(Side { stream, flow, span, packets, acked, window, window_scale, marks })
    }

    fn direction(self, id: ConnectionId, clock: &mut Clock) -> Direction {
        let Side { stream, flow, span, packets, acked, window, window_scale, marks } = self;
        let span = span.map(|[first, last]| (clock.after_last(first), clock.after_last(last)));
        let (flow, packets, marks) = (id.wrapping_add(flow as FlowId), Count::from(packets), Marks(marks));
        Direction { stream, flow, span: span.unwrap_or_default(), acked, window, packets, window_scale, marks }
    }
}
