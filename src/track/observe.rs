//! What each segment changes in its connection, and the events that follow.

use super::connection::{Known, Strangeness};
use super::direction::Marks;
use super::event::{Begun, Event, Stamp};
use super::flow::Flow;
use super::link::Link;
use super::span::extend;
use super::{Connection, Direction};
use crate::model::{AnomalyKind, Flags, FlowId, Limits, Segment, Transport};
use crate::reassemble::Placement;

/// What tells who opened the connection, weakest first.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
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
    /// Takes in one segment of this connection.
    pub(super) fn observe(&mut self, segment: &Segment<'_>, mut context: Context<'_>, out: &mut Vec<Event>) {
        let side = self.side(segment);
        if segment.transport == Transport::Udp {
            return self.append(side, segment, &mut context, out);
        }
        self.count(side, segment, &mut context);
        let flags = self.directions[side].flags_that_count(segment);
        self.note_flags(side, flags, segment, &context);
        self.history.observe(side, flags, segment, &mut self.rare);
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
        if !self.is_closed() && self.is_over() {
            self.close(self.span().map(|(_, last)| last));
        }
    }

    /// A datagram goes behind those before it, and behind what the capture cut off them.
    fn append(&mut self, side: usize, datagram: &Segment<'_>, context: &mut Context<'_>, out: &mut Vec<Event>) {
        let seq = self.directions[side].stream.end_number();
        let numbered = Segment { seq, ..datagram.clone() };
        self.count(side, &numbered, context);
        self.history.observe(side, numbered.flags, &numbered, &mut self.rare);
        self.place(side, numbered.flags, &numbered, context, out);
    }

    /// Which side sent the segment.
    pub(super) fn side(&self, segment: &Segment<'_>) -> usize {
        self.ends.side(segment)
    }

    /// FIN both ways, or a RST that counts.
    fn is_over(&self) -> bool {
        self.directions.iter().all(Direction::fin) || self.directions.iter().any(Direction::rst)
    }

    fn count(&mut self, side: usize, segment: &Segment<'_>, context: &mut Context<'_>) {
        if !self.directions[side].is_heard() {
            self.meet(side, segment);
            self.directions[side].begin(take_number(context.next_flow));
        }
        // a segment with payload is counted in the part that takes it
        if segment.payload.is_empty() || segment.flags.has(Flags::RST) {
            self.directions[side].count(0, context.at);
        }
    }

    /// The first frame of a side.
    fn meet(&mut self, side: usize, segment: &Segment<'_>) {
        let link = Link { mac: segment.mac, vlan: segment.path.vlan() };
        if !self.directions.iter().any(Direction::is_heard) {
            self.known.put(Known::HIGHER_FIRST, side == 1);
            self.known.put(Known::STATIONS, link.mac.is_some());
            self.stations = link.mac.unwrap_or_default();
        } else if link != self.usual_link(side) {
            self.rare.make().links[side] = Some(link);
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
        direction.marks.set(if flags.has(Flags::ACK) { Marks::SYN_ACK } else { Marks::SYN }, true);
        match direction.stream.isn() {
            Some(known) if known == segment.seq => return true,
            Some(_) => {
                self.note(AnomalyKind::SynAckChanged, side, 0, segment, context);
                if !segment.payload.is_empty() {
                    extend(&mut self.rare.make().uncounted, context.at.time);
                }
                return false;
            }
            None => {}
        }
        let had_data = direction.stream.parts().first().is_some_and(|part| !part.is_empty());
        let bytes_before = direction.stream.begin(segment.seq);
        if had_data {
            out.push(Event::Rebased { flow: direction.flow_id(0), base: direction.stream.parts()[0].base() });
        }
        if bytes_before {
            self.note(AnomalyKind::DataBeforeSyn, side, 0, segment, context);
        }
        true
    }

    fn tell_roles(&mut self, side: usize, flags: Flags) {
        let (evidence, originator) =
            if flags.has(Flags::ACK) { (Evidence::SynAck, 1 - side) } else { (Evidence::Syn, side) };
        if evidence > self.evidence() {
            let flips = originator != self.originator() && !self.talks_to_itself();
            self.known.put(Known::FLIPPED, flips || self.known.has(Known::FLIPPED));
            self.known.put(Known::HIGHER_OPENED, originator == 1);
        }
    }

    /// What has told the roles so far.
    fn evidence(&self) -> Evidence {
        match &self.directions {
            sides if sides.iter().any(Direction::syn) => Evidence::Syn,
            sides if sides.iter().any(Direction::syn_ack) => Evidence::SynAck,
            _ => Evidence::FirstFrame,
        }
    }

    fn talks_to_itself(&self) -> bool {
        self.ends.get(0) == self.ends.get(1)
    }

    /// RFC 9293 §3.5.3; its payload, if any, is a message about the reset and no data (RFC 1122 §4.2.2.12).
    fn reset(&mut self, side: usize, segment: &Segment<'_>, context: &Context<'_>) {
        if !segment.payload.is_empty() {
            self.note(AnomalyKind::RstPayload, side, 0, segment, context);
        }
        let counts = self.directions[side].is_reset_in_window(&self.directions[1 - side], segment.seq);
        self.directions[side].marks.set(Marks::RST, counts);
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
            return direction.count(0, context.at);
        }
        context.placements.clear();
        let length = (segment.payload.len() as u32, segment.missing);
        let placed =
            direction.stream.place(first_byte(segment), length, segment.checksum, context.limits, context.placements);
        let part = placed.part.unwrap_or(0);
        if placed.opened && part > 0 {
            direction.stream.keep(Flow::new(take_number(context.next_flow)));
        }
        if !segment.payload.is_empty() {
            direction.count(part, context.at);
        }
        let (id, at) = (direction.flow_id(part), &direction.stream.parts()[part]);
        let (begins, base) = (placed.new > 0 && at.stored() == placed.new, at.base());
        let is_mostly_holes = at.gap_bytes() > context.limits.max_digested_gaps;
        if begins {
            out.push(Event::Begun(Box::new(self.begun(side, part))));
        }
        if begins || placed.rebased {
            out.push(Event::Rebased { flow: id, base });
        }
        out.extend(context.placements.drain(..).map(|placement| Event::Placed { flow: id, placement }));
        if placed.again > 0 {
            self.rare.make().retransmitted_bytes[side] += placed.again;
            self.history.retransmitted(side, &mut self.rare);
        }
        if placed.out_of_order {
            self.rare.make().out_of_order[side] += 1;
        }
        if placed.opened && part > 0 {
            self.note(AnomalyKind::Jump, side, part, segment, context);
        }
        if is_mostly_holes {
            self.note(AnomalyKind::DigestLimit, side, part, segment, context);
        }
        for kind in placed.strange {
            self.note(kind, side, part, segment, context);
        }
    }

    fn begun(&self, side: usize, part: usize) -> Begun {
        let (flow, Link { mac, vlan }) = (self.directions[side].flow(part), self.link(side));
        Begun {
            flow: flow.id,
            connection: self.id,
            src: self.ends.get(side),
            dst: self.ends.get(if self.talks_to_itself() { side } else { 1 - side }),
            vlan,
            mac,
            transport: self.transport(),
            first: flow.span.map(|(first, _)| first),
        }
    }

    fn finish(&mut self, side: usize, segment: &Segment<'_>, context: &Context<'_>) {
        let behind = first_byte(segment).wrapping_add(segment.payload.len() as u32).wrapping_add(segment.missing);
        match self.directions[side].stream.finish(behind, context.limits) {
            Ok(()) => self.directions[side].marks.set(Marks::FIN, true),
            Err(kind) => self.note(kind, side, 0, segment, context),
        }
    }

    /// Counts an anomaly of a part's flow, and keeps the first occurrence.
    fn note(&mut self, kind: AnomalyKind, side: usize, part: usize, segment: &Segment<'_>, context: &Context<'_>) {
        let flow = self.directions[side].flow_id(part);
        let strange = &mut self.rare.make().strange;
        match strange.iter_mut().find(|known| known.kind == kind && known.flow == flow) {
            Some(known) => known.count += 1,
            None => {
                let detail = format!("seq {}, {} bytes", segment.seq, segment.payload.len());
                strange.push(Strangeness { kind, flow, first: context.at, detail, count: 1 });
            }
        }
    }

    /// Notes why it was ended early, at its last frame.
    pub(super) fn note_ended(&mut self, kind: AnomalyKind, at: Stamp) {
        let flow = self.directions.iter().find_map(|direction| direction.flows().next()).map_or(0, |flow| flow.id);
        let detail = format!("connection {}", self.id);
        self.rare.make().strange.push(Strangeness { kind, flow, first: at, detail, count: 1 });
    }

    /// A path its segments had not come on before. Two directions on two paths are usual; one direction on two is strange.
    pub(super) fn join_path(&mut self, segment: &Segment<'_>, context: &Context<'_>) {
        self.rare.make().paths.push(segment.path.clone());
        let side = self.side(segment);
        if self.directions[side].is_heard() {
            self.note(AnomalyKind::PathChanged, side, 0, segment, context);
        }
    }
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
