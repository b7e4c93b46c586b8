//! A connection: two directions between two endpoints, and what each segment changes.

use smallvec::SmallVec;

use super::direction::{Flow, extend};
use super::event::{Begun, Event, Stamp};
use super::history::History;
use super::{Direction, state};
use crate::model::{AnomalyKind, ConnectionId, Endpoint, Flags, FlowId, Limits, Path, Segment, Timestamp};
use crate::reassemble::Placement;

/// Everything known of a connection. Sides are 0 and 1, the lower endpoint first, whoever opened it.
#[derive(Clone, Debug, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
pub struct Connection {
    /// Its number.
    pub id: ConnectionId,
    /// The endpoints, lower first.
    pub ends: [Endpoint; 2],
    /// What each of them sent.
    pub directions: [Direction; 2],
    /// Paths its segments came on; the first is that of its first frame.
    pub paths: SmallVec<[Path; 1]>,
    /// Time of its earliest and latest frame.
    pub span: Option<(Timestamp, Timestamp)>,
    /// Which side opened it, as far as is known.
    pub originator: usize,
    /// First occurrence and count of each kind of anomaly of each of its flows.
    pub strange: Vec<Strangeness>,
    /// When it was closed (FIN both ways or a RST) or replaced by a newer one on the same path. `Some(None)`: at no known time.
    pub closed: Option<Option<Timestamp>>,
    evidence: Evidence,
    flipped: bool,
    history: History,
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

/// What tells who opened the connection, weakest first.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, serde::Serialize, serde::Deserialize)]
enum Evidence {
    FirstFrame,
    SynAck,
    Syn,
}

/// What a segment's observation needs besides the segment.
pub(super) struct Context<'a> {
    pub at: Stamp,
    pub limits: &'a Limits,
    pub next_flow: &'a mut FlowId,
    pub placements: &'a mut Vec<Placement>,
}

impl Connection {
    /// A connection whose first frame is `segment`.
    pub(super) fn new(id: ConnectionId, segment: &Segment<'_>) -> Self {
        let ends = ends(segment);
        Connection {
            id,
            ends,
            directions: Default::default(),
            paths: SmallVec::from_elem(segment.path.clone(), 1),
            span: None,
            originator: side(&ends, segment),
            strange: Vec::new(),
            closed: None,
            evidence: Evidence::FirstFrame,
            flipped: false,
            history: History::default(),
        }
    }

    /// Zeek's conn_state.
    pub fn state(&self) -> &'static str {
        state::judge(&self.directions[self.originator], &self.directions[1 - self.originator])
    }

    /// Zeek's history letters.
    pub fn history(&self) -> String {
        let gaps = [self.directions[0].has_gaps(), self.directions[1].has_gaps()];
        self.history.text(self.originator, gaps, self.flipped)
    }

    /// Takes in one segment of this connection.
    pub(super) fn observe(&mut self, segment: &Segment<'_>, mut context: Context<'_>, out: &mut Vec<Event>) {
        let side = side(&self.ends, segment);
        self.count(side, segment, &mut context);
        let flags = self.directions[side].flags_that_count(segment);
        self.note_flags(side, flags, segment, &context);
        self.history.observe(side, flags, segment);
        let placeable = !flags.has(Flags::SYN) || self.synchronise(side, flags, segment, &context, out);
        if flags.has(Flags::RST) {
            self.reset(side, segment, &context);
        } else if placeable {
            self.place(side, flags, segment, &mut context, out);
            if flags.has(Flags::FIN) {
                self.finish(side, segment, &context);
            }
        }
        let [lower, higher] = &mut self.directions;
        let (sender, receiver) = if side == 0 { (lower, higher) } else { (higher, lower) };
        sender.remember(flags, segment, receiver, context.limits);
        if self.closed.is_none() && self.is_over() {
            self.closed = Some(self.span.map(|(_, last)| last));
        }
    }

    /// Which side sent the segment.
    pub(super) fn side(&self, segment: &Segment<'_>) -> usize {
        side(&self.ends, segment)
    }

    /// FIN both ways, or a RST that counts.
    fn is_over(&self) -> bool {
        self.directions.iter().all(|direction| direction.fin) || self.directions.iter().any(|direction| direction.rst)
    }

    fn count(&mut self, side: usize, segment: &Segment<'_>, context: &mut Context<'_>) {
        extend(&mut self.span, context.at.time);
        let direction = &mut self.directions[side];
        if direction.flows.is_empty() {
            direction.flows.push(Flow::new(take_number(context.next_flow)));
            direction.mac = segment.mac;
            direction.vlan = segment.path.vlan();
        }
        // a segment with payload is counted in the part that takes it
        if segment.payload.is_empty() || segment.flags.has(Flags::RST) {
            direction.flows[0].count(context.at);
        }
    }

    fn note_flags(&mut self, side: usize, flags: Flags, segment: &Segment<'_>, context: &Context<'_>) {
        let control = Flags::SYN | Flags::FIN | Flags::RST;
        if flags.0 & control.0 == segment.flags.0 & control.0 {
            return;
        }
        let kind = if flags.has(Flags::SYN) { AnomalyKind::SynWithFinOrRst } else { AnomalyKind::BadChecksumFlags };
        self.note(kind, side, 0, segment, context);
    }

    /// A SYN: numbers begin, roles are told. False if it contradicts an earlier one, so that its payload has no place.
    fn synchronise(
        &mut self,
        side: usize,
        flags: Flags,
        segment: &Segment<'_>,
        context: &Context<'_>,
        out: &mut Vec<Event>,
    ) -> bool {
        self.tell_roles(side, flags);
        let direction = &mut self.directions[side];
        direction.syn |= !flags.has(Flags::ACK);
        direction.syn_ack |= flags.has(Flags::ACK);
        match direction.stream.isn() {
            Some(known) if known == segment.seq => return true,
            Some(_) => {
                self.note(AnomalyKind::SynAckChanged, side, 0, segment, context);
                return false;
            }
            None => {}
        }
        let had_data = direction.stream.parts().first().is_some_and(|part| !part.covered().is_empty());
        let bytes_before = direction.stream.begin(segment.seq);
        if had_data {
            out.push(Event::Rebased { flow: direction.flows[0].id, base: direction.stream.parts()[0].base() });
        }
        if bytes_before {
            self.note(AnomalyKind::DataBeforeSyn, side, 0, segment, context);
        }
        true
    }

    fn tell_roles(&mut self, side: usize, flags: Flags) {
        let (evidence, originator) =
            if flags.has(Flags::ACK) { (Evidence::SynAck, 1 - side) } else { (Evidence::Syn, side) };
        if evidence > self.evidence {
            self.flipped |= originator != self.originator && !self.talks_to_itself();
            self.originator = originator;
            self.evidence = evidence;
        }
    }

    fn talks_to_itself(&self) -> bool {
        self.ends[0] == self.ends[1]
    }

    /// RFC 9293 §3.5.3; its payload, if any, is a message about the reset and no data (RFC 1122 §4.2.2.12).
    fn reset(&mut self, side: usize, segment: &Segment<'_>, context: &Context<'_>) {
        if !segment.payload.is_empty() {
            self.note(AnomalyKind::RstPayload, side, 0, segment, context);
        }
        let counts = self.directions[side].is_reset_in_window(&self.directions[1 - side], segment.seq);
        self.directions[side].rst |= counts;
        if !counts {
            self.note(AnomalyKind::RstOutOfWindow, side, 0, segment, context);
        }
    }

    fn place(
        &mut self,
        side: usize,
        flags: Flags,
        segment: &Segment<'_>,
        context: &mut Context<'_>,
        out: &mut Vec<Event>,
    ) {
        if segment.payload.is_empty() && segment.missing == 0 {
            return;
        }
        let direction = &mut self.directions[side];
        if direction.is_keep_alive(flags, segment) {
            return direction.flows[0].count(context.at);
        }
        context.placements.clear();
        let length = (segment.payload.len() as u32, segment.missing);
        let placed =
            direction.stream.place(first_byte(segment), length, segment.checksum, context.limits, context.placements);
        let part = placed.part.unwrap_or(0);
        if placed.opened && part > 0 {
            direction.flows.push(Flow::new(take_number(context.next_flow)));
        }
        let flow = &mut direction.flows[part];
        if !segment.payload.is_empty() {
            flow.count(context.at);
        }
        let (id, first) = (flow.id, flow.span.map(|(first, _)| first));
        direction.retransmitted_bytes += placed.again;
        direction.out_of_order += u64::from(placed.out_of_order);
        let covered = direction.stream.parts()[part].covered().covered();
        if placed.new > 0 && covered == placed.new {
            out.push(Event::Begun(Box::new(self.begun(side, id, first))));
        }
        if placed.rebased || (placed.new > 0 && covered == placed.new) {
            out.push(Event::Rebased { flow: id, base: self.directions[side].stream.parts()[part].base() });
        }
        out.extend(context.placements.drain(..).map(|placement| Event::Placed { flow: id, placement }));
        if placed.again > 0 {
            self.history.retransmitted(side);
        }
        if placed.opened && part > 0 {
            self.note(AnomalyKind::Jump, side, part, segment, context);
        }
        for kind in placed.strange {
            self.note(kind, side, part, segment, context);
        }
    }

    fn begun(&self, side: usize, flow: FlowId, first: Option<Timestamp>) -> Begun {
        let direction = &self.directions[side];
        Begun {
            flow,
            connection: self.id,
            src: self.ends[side],
            dst: self.ends[if self.talks_to_itself() { side } else { 1 - side }],
            vlan: direction.vlan,
            mac: direction.mac,
            first,
        }
    }

    fn finish(&mut self, side: usize, segment: &Segment<'_>, context: &Context<'_>) {
        let behind = first_byte(segment).wrapping_add(segment.payload.len() as u32).wrapping_add(segment.missing);
        match self.directions[side].stream.finish(behind, context.limits) {
            Ok(()) => self.directions[side].fin = true,
            Err(kind) => self.note(kind, side, 0, segment, context),
        }
    }

    /// Counts an anomaly of a part's flow, and keeps the first occurrence.
    fn note(&mut self, kind: AnomalyKind, side: usize, part: usize, segment: &Segment<'_>, context: &Context<'_>) {
        let flow = self.directions[side].flows[part].id;
        match self.strange.iter_mut().find(|known| known.kind == kind && known.flow == flow) {
            Some(known) => known.count += 1,
            None => {
                let detail = format!("seq {}, {} bytes", segment.seq, segment.payload.len());
                self.strange.push(Strangeness { kind, flow, first: context.at, detail, count: 1 });
            }
        }
    }

    /// Notes why it was ended early, at its last frame.
    pub(super) fn note_ended(&mut self, kind: AnomalyKind, at: Stamp) {
        let flow = self.directions.iter().find_map(|direction| direction.flows.first()).map_or(0, |flow| flow.id);
        self.strange.push(Strangeness { kind, flow, first: at, detail: format!("connection {}", self.id), count: 1 });
    }

    /// A path its segments had not come on before. Two directions on two paths are usual; one direction on two is strange.
    pub(super) fn join_path(&mut self, segment: &Segment<'_>, context: &Context<'_>) {
        self.paths.push(segment.path.clone());
        let side = self.side(segment);
        if !self.directions[side].flows.is_empty() {
            self.note(AnomalyKind::PathChanged, side, 0, segment, context);
        }
    }
}

/// The endpoints of a segment, lower first.
pub(super) fn ends(segment: &Segment<'_>) -> [Endpoint; 2] {
    [segment.src.min(segment.dst), segment.src.max(segment.dst)]
}

fn side(ends: &[Endpoint; 2], segment: &Segment<'_>) -> usize {
    usize::from(segment.src != ends[0])
}

/// The sequence number of the first payload byte: a SYN takes one number itself.
fn first_byte(segment: &Segment<'_>) -> u32 {
    segment.seq.wrapping_add(u32::from(segment.flags.has(Flags::SYN)))
}

fn take_number(next: &mut FlowId) -> FlowId {
    let number = *next;
    *next += 1;
    number
}
