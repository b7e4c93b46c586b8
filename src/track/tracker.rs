//! The table of live connections, and the way of a segment through it.

use std::collections::VecDeque;

use smallvec::SmallVec;

use super::Connection;
use super::connection::Known;
use super::event::{Event, Stamp};
use super::identity::{Choice, choose};
use super::observe::Context;
use super::table::{Key, Slot, Table};
use super::wheel::Tick;
use crate::model::{AnomalyKind, ConnectionId, Flags, FlowId, Limits, Segment, Timestamp};
use crate::reassemble::Placement;

/// Segments that are looked ahead at once: enough to wait for memory together, few enough to stay near until their turn.
pub const LOOK_AHEAD: usize = 32;
/// Segments to which uses of connections are told apart: far fewer than are observed between two times room is made.
const TICK: u64 = 4096;

/// Tracks connections. Owns no bytes and reads no clock.
pub struct Tracker {
    limits: Limits,
    table: Table,
    next_connection: ConnectionId,
    next_flow: FlowId,
    /// Latest time of any frame so far.
    now: Option<Timestamp>,
    /// Closed connections in the order of their closing.
    closing: VecDeque<(Timestamp, Slot, ConnectionId)>,
    /// Segments so far.
    observed: u64,
    /// Closed connections, and after which segment they are thought to be whole.
    cooling: VecDeque<(u64, Slot, ConnectionId)>,
    placements: Vec<Placement>,
}

impl Tracker {
    /// A tracker that numbers connections and flows from the given numbers on.
    pub fn new(limits: Limits, next_connection: ConnectionId, next_flow: FlowId) -> Self {
        Tracker {
            limits,
            table: Table::default(),
            next_connection,
            next_flow,
            now: None,
            closing: VecDeque::new(),
            observed: 0,
            cooling: VecDeque::new(),
            placements: Vec::new(),
        }
    }

    /// Takes in one segment; what follows from it is appended to `out`, in order. Gives the number of its connection, and
    /// the connection if this segment closed it: only stragglers can follow.
    pub fn observe(
        &mut self,
        at: Stamp,
        segment: &Segment<'_>,
        out: &mut Vec<Event>,
    ) -> (ConnectionId, Option<&Connection>) {
        let key = self.key(segment);
        self.observe_known(at, segment, &key, out)
    }

    /// See [`observe`](Self::observe); the key is that of the segment.
    pub fn observe_known(
        &mut self,
        at: Stamp,
        segment: &Segment<'_>,
        key: &Key,
        out: &mut Vec<Event>,
    ) -> (ConnectionId, Option<&Connection>) {
        self.now = self.now.max(at.time);
        self.observed += 1;
        self.expire(out);
        let slot = self.slot(at, segment, key, out);
        self.table.touch(slot, self.tick());
        let (id, closes) = self.with_context(at, slot, |connection, context| {
            let was_closed = connection.is_closed();
            connection.observe(segment, context, out);
            (connection.id, connection.is_closed() && !was_closed)
        });
        if closes {
            self.schedule(slot);
        }
        self.settle(out);
        (id, if closes { Some(self.table.get(slot)) } else { None })
    }

    /// What [`knows`](Self::knows) and [`observe_known`](Self::observe_known) look a segment up by, in this tracker.
    pub fn key(&self, segment: &Segment<'_>) -> Key {
        self.table.key(segment)
    }

    /// The segments of these keys are observed next: what they need of the table is brought near, all at once.
    pub fn look_ahead(&self, keys: &[Key]) {
        self.table.look_ahead(keys);
    }

    /// Latest time of any segment so far.
    pub fn now(&self) -> Option<Timestamp> {
        self.now
    }

    /// Connections held.
    pub fn live(&self) -> usize {
        self.table.len()
    }

    /// Separate covered ranges beyond the first of each part, of all connections held: what their holes cost.
    pub fn held_ranges(&self) -> usize {
        self.table.extra_ranges()
    }

    /// Whether some live connection has these endpoints. If not, one at rest may have: see [`resume`](Self::resume).
    pub fn knows(&self, key: &Key) -> bool {
        self.table.newest(key).is_some()
    }

    /// Takes up a connection that was put to rest. Oldest first where several have the same endpoints.
    pub fn resume(&mut self, mut connection: Connection) {
        connection.known.put(Known::SETTLED, false);
        let closed = connection.is_closed();
        let slot = self.table.insert(connection, self.tick());
        if closed {
            self.schedule(slot);
        }
    }

    /// Puts the connection to rest that is idle longest, and all that have the same endpoints, oldest first: which of them
    /// a segment belongs to can only be told from all. Does nothing where none is held.
    pub fn rest_idlest(&mut self, out: &mut Vec<Event>) {
        let Some(idlest) = self.table.idlest() else { return };
        let mut chain: Vec<Slot> = self.table.chain(self.table.newest_beside(idlest)).collect();
        while let Some(oldest) = chain.pop() {
            let connection = self.table.remove(oldest);
            let past = is_past(&connection, self.now, &self.limits);
            out.push(if past { Event::Ended(connection) } else { Event::Rests(connection) });
        }
    }

    /// Ends the tracking: all that is left, in the order of connection numbers, each with whether it may go on later.
    pub fn finish(&mut self) -> impl ExactSizeIterator<Item = (Box<Connection>, bool)> + use<> {
        self.closing = VecDeque::new();
        self.cooling = VecDeque::new();
        let (now, limits) = (self.now, self.limits.clone());
        self.table.drain().map(move |connection| {
            let past = is_past(&connection, now, &limits);
            (connection, !past)
        })
    }

    /// The number of a connection that is new here.
    pub(super) fn take_number(&mut self) -> ConnectionId {
        self.next_connection += 1;
        self.next_connection - 1
    }

    /// The slot of the connection that a segment belongs to.
    fn slot(&mut self, at: Stamp, segment: &Segment<'_>, key: &Key, out: &mut Vec<Event>) -> Slot {
        let newest = self.table.newest(key);
        match newest.map_or(Choice::New, |newest| self.choose(newest, segment)) {
            Choice::Known(slot) => {
                self.unsettle(slot, out);
                slot
            }
            Choice::OtherPath(slot) => {
                self.unsettle(slot, out);
                self.with_context(at, slot, |connection, context| connection.join_path(segment, &context));
                slot
            }
            Choice::New => self.open(at, key, newest, segment, out),
        }
    }

    fn choose(&self, newest: Slot, segment: &Segment<'_>) -> Choice {
        let (now, limits) = (self.now, &self.limits);
        choose(&self.table, newest, segment, limits, |connection| !is_past(connection, now, limits))
    }

    fn open(
        &mut self,
        at: Stamp,
        key: &Key,
        mut newest: Option<Slot>,
        segment: &Segment<'_>,
        out: &mut Vec<Event>,
    ) -> Slot {
        if newest.is_some() {
            self.drop_past(newest, out);
            newest = self.table.newest(key);
            self.make_room(at, newest, out);
            newest = self.table.newest(key);
            self.replace_same_path(newest, segment);
        }
        let connection = Connection::new(self.take_number(), segment);
        self.table.insert_before(key, newest, connection, self.tick())
    }

    /// Ends the connections between two endpoints that take no segment any more: those that idled too long.
    fn drop_past(&mut self, newest: Option<Slot>, out: &mut Vec<Event>) {
        let past = |&slot: &Slot| is_past(self.table.get(slot), self.now, &self.limits);
        let mut past: SmallVec<[Slot; 4]> = self.table.chain(newest).filter(past).collect();
        while let Some(oldest) = past.pop() {
            out.push(Event::Ended(self.table.remove(oldest)));
        }
    }

    /// Keeps the chain between two endpoints short enough to be searched for every segment.
    fn make_room(&mut self, at: Stamp, newest: Option<Slot>, out: &mut Vec<Event>) {
        let (length, oldest) = self.table.chain(newest).fold((0, None), |(length, _), slot| (length + 1, Some(slot)));
        if length < self.limits.max_generations {
            return;
        }
        if let Some(oldest) = oldest {
            self.unsettle(oldest, out);
            let mut connection = self.table.remove(oldest);
            connection.note_ended(AnomalyKind::GenerationLimit, at);
            out.push(Event::Ended(connection));
        }
    }

    /// A new connection on the path of an open one: the old one takes stragglers from now on, like a closed one.
    fn replace_same_path(&mut self, newest: Option<Slot>, segment: &Segment<'_>) {
        let on_path = |&slot: &Slot| {
            let known = self.table.get(slot);
            known.transport() == segment.transport && known.is_on(&segment.path)
        };
        let Some(old) = self.table.chain(newest).find(on_path) else { return };
        if !self.table.get(old).is_closed() && segment.flags.has(Flags::SYN) {
            let now = self.now;
            self.table.change(old, |connection| connection.close(now));
            self.schedule(old);
        }
    }

    fn schedule(&mut self, slot: Slot) {
        self.watch(slot);
        let connection = self.table.get(slot);
        if let Some(Some(closed)) = connection.closed() {
            self.closing.push_back((closed, slot, connection.id));
        }
    }

    /// A closed connection will be settled if nothing comes of it for a while.
    fn watch(&mut self, slot: Slot) {
        let due = self.observed.saturating_add(self.limits.settle_after);
        self.cooling.push_back((due, slot, self.table.get(slot).id));
    }

    /// Tells of closed connections that have been silent for a while.
    fn settle(&mut self, out: &mut Vec<Event>) {
        while let Some(&(due, slot, id)) = self.cooling.front() {
            if self.observed < due {
                break;
            }
            self.cooling.pop_front();
            if self.table.holds(slot, id) && !self.table.get(slot).is_settled() {
                self.table.change(slot, |connection| connection.known.put(Known::SETTLED, true));
                out.push(Event::Settled(Box::new(self.table.get(slot).clone())));
            }
        }
    }

    /// A connection goes on, settled or not.
    fn unsettle(&mut self, slot: Slot, out: &mut Vec<Event>) {
        if self.table.get(slot).is_settled() {
            self.table.change(slot, |connection| connection.known.put(Known::SETTLED, false));
            out.push(Event::Unsettled(self.table.get(slot).id));
            self.watch(slot);
        }
    }

    /// Ends connections whose time for stragglers is over.
    fn expire(&mut self, out: &mut Vec<Event>) {
        while let Some(&(closed, slot, id)) = self.closing.front() {
            if self.now.is_none_or(|now| now.since(closed) <= self.limits.straggler_ns) {
                break;
            }
            self.closing.pop_front();
            if self.table.holds(slot, id) {
                out.push(Event::Ended(self.table.remove(slot)));
            }
        }
    }

    fn with_context<R>(&mut self, at: Stamp, slot: Slot, act: impl FnOnce(&mut Connection, Context<'_>) -> R) -> R {
        let Tracker { limits, table, next_flow, placements, .. } = self;
        table.change(slot, |connection| act(connection, Context { at, limits, next_flow, placements }))
    }

    fn tick(&self) -> Tick {
        (self.observed / TICK) as Tick
    }
}

/// It takes no segment any more.
fn is_past(connection: &Connection, now: Option<Timestamp>, limits: &Limits) -> bool {
    connection.until(limits).zip(now).is_some_and(|(until, now)| until < now)
}
