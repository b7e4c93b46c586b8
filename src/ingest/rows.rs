//! Rows of the index from what the tracker knows of a connection.

use super::order::Then;
use crate::index::rows::{AnomalyRow, ConnectionRow, FlowRow, Rest, SideRow};
use crate::model::{AnomalyKind, Digests, FlowId, Limits};
use crate::reassemble::Part;
use crate::track::{Connection, Direction, Flow, Stamp, Strangeness};

/// The connection's row: originator first. `has_file` tells which of its flows have one.
pub fn connection(
    connection: &Connection,
    then: Then,
    limits: &Limits,
    has_file: impl Fn(FlowId) -> bool,
) -> ConnectionRow {
    let side = |side: usize| self::side(connection, side, &has_file);
    let originator = connection.originator();
    ConnectionRow {
        id: connection.id,
        transport: connection.transport(),
        path: connection.first_path(),
        span: connection.span(),
        state: connection.state(),
        history: connection.history(),
        retransmitted_bytes: [0, 1].map(|side| connection.retransmitted_bytes(side)).iter().sum(),
        out_of_order: [0, 1].map(|side| connection.out_of_order(side)).iter().sum(),
        rest: rest(connection, then, limits),
        sides: [side(originator), side(1 - originator)],
    }
}

/// Whether and until when a connection may be taken up.
fn rest(connection: &Connection, then: Then, limits: &Limits) -> Rest {
    match connection.until(limits) {
        _ if then == Then::Over => Rest::Over,
        Some(until) => Rest::Until(until),
        None => Rest::Open,
    }
}

fn side(connection: &Connection, side: usize, has_file: impl Fn(FlowId) -> bool) -> SideRow {
    let (direction, link) = (&connection.directions[side], connection.link(side));
    let flow = direction.flows().next().map(|flow| flow.id);
    SideRow {
        endpoint: connection.ends()[side],
        flow,
        has_file: flow.is_some_and(has_file),
        packets: direction.packets(),
        stored_bytes: direction.stored_bytes(),
        span: direction.span(),
        isn: direction.stream.isn(),
        vlan: link.vlan,
        mac: link.mac,
    }
}

/// A payload file of a connection with its place in it.
pub struct File<'a> {
    /// The connection.
    pub connection: &'a Connection,
    /// 0 or 1, as the connection numbers its sides.
    pub side: usize,
    /// Which part of the direction.
    pub part: usize,
}

impl<'a> File<'a> {
    /// Every part of both directions, whether or not it has a file.
    pub fn all(connection: &'a Connection) -> impl Iterator<Item = File<'a>> {
        let parts = |side: usize| connection.directions[side].stream.parts().len();
        (0..2).flat_map(move |side| (0..parts(side)).map(move |part| File { connection, side, part }))
    }

    fn direction(&self) -> &'a Direction {
        &self.connection.directions[self.side]
    }

    /// What is covered.
    pub fn extent(&self) -> &'a Part {
        &self.direction().stream.parts()[self.part]
    }

    /// Its holes are few enough for it to have digests.
    pub fn is_digested(&self, max_digested_gaps: u64) -> bool {
        self.extent().gap_bytes() <= max_digested_gaps
    }

    /// Its frames; none for a part that a lone FIN began.
    pub fn flow(&self) -> Flow {
        self.direction().flow(self.part)
    }

    /// Its row, but for the digests.
    pub fn row(&self, path: String, replaced: bool, extents: Vec<u8>) -> FlowRow {
        let (flow, part) = (self.flow(), self.extent());
        FlowRow {
            id: flow.id,
            connection: self.connection.id,
            side: u8::from(self.side != self.connection.originator()),
            part: self.part as u32,
            path,
            base: part.base(),
            length: part.length(),
            gaps: part.gaps(),
            missing_tail_bytes: part.missing_tail(),
            packets: flow.packets,
            span: flow.span,
            replaced,
            digests: Digests::default(),
            pieces: None,
            extents,
        }
    }
}

/// Connections were put to rest to make room.
pub fn spilled(first: Stamp, count: u64) -> AnomalyRow {
    AnomalyRow {
        capture: first.capture,
        frame: first.frame,
        kind: AnomalyKind::MemoryPressure,
        flow: None,
        detail: "the first of so many connections put to rest early".to_owned(),
        time: first.time,
        count,
    }
}

/// The anomalies of a connection's flows; that one has too many bytes in holes only if it still has.
pub fn anomalies(connection: &Connection, max_digested_gaps: u64) -> impl Iterator<Item = AnomalyRow> + '_ {
    let stands = move |strange: &&Strangeness| {
        let file = || File::all(connection).find(|file| file.flow().id == strange.flow);
        strange.kind != AnomalyKind::DigestLimit || file().is_some_and(|file| !file.is_digested(max_digested_gaps))
    };
    connection.strange().iter().filter(stands).map(|strange| AnomalyRow {
        capture: strange.first.capture,
        frame: strange.first.frame,
        kind: strange.kind,
        flow: Some((strange.flow, connection.id)),
        detail: strange.detail.clone(),
        time: strange.first.time,
        count: strange.count,
    })
}
