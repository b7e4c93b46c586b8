//! Which connection a segment belongs to. DESIGN decisions "Begin" and "Identity" stand here:
//!
//! - A SYN opens a connection if its number differs from the known one, or if the known one is closed.
//! - The path (VLANs, tunnels) is part of identity, but a segment on a path without a connection joins one on another
//!   path whose sequence or acknowledgement numbers it continues; a SYN of its own that answers nothing makes its own.
//! - Datagrams between two endpoints on one path are one conversation, however long they pause.
//! - Of several connections between the same ports, the newest whose numbers fit takes a segment, else the newest.

use super::Connection;
use super::table::{Slot, Table};
use crate::model::{Flags, Limits, Segment, Transport};

/// Where a segment belongs.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Choice {
    /// To a connection on its path.
    Known(Slot),
    /// To a connection that was on other paths until now.
    OtherPath(Slot),
    /// To none: it opens one.
    New,
}

/// Looks among the connections between the segment's endpoints, from the newest on, for which `alive` holds.
pub(super) fn choose(
    table: &Table,
    newest: Slot,
    segment: &Segment<'_>,
    limits: &Limits,
    alive: impl Fn(&Connection) -> bool,
) -> Choice {
    let chain = || {
        let slots = table.chain(Some(newest));
        let fits = |connection: &Connection| connection.transport() == segment.transport && alive(connection);
        slots.map(|slot| (slot, table.get(slot))).filter(move |(_, connection)| fits(connection))
    };
    let same = || chain().filter(|(_, connection)| connection.is_on(&segment.path));
    if segment.transport == Transport::Udp {
        return same().next().map_or(Choice::New, |(slot, _)| Choice::Known(slot));
    }
    let known = if !segment.flags.has(Flags::SYN) {
        if chain().nth(1).is_none() {
            same().next()
        } else {
            same().find(|(_, connection)| fits(connection, segment, limits)).or_else(|| same().next())
        }
    } else if !segment.flags.has(Flags::ACK) {
        return same()
            .next()
            .filter(|(_, connection)| repeats(connection, segment, limits))
            .map_or(Choice::New, |(slot, _)| Choice::Known(slot));
    } else {
        let answered = same().find(|(_, connection)| answers(connection, segment));
        answered.or_else(|| same().next().filter(|(_, connection)| same_answer(connection, segment, limits)))
    };
    if let Some((slot, _)) = known {
        return Choice::Known(slot);
    }
    let elsewhere = match segment.flags.has(Flags::SYN) {
        true if same().next().is_some() => None,
        true => chain().find(|(_, connection)| answers(connection, segment)),
        false => chain().find(|(_, connection)| carries_on(connection, segment, limits)),
    };
    elsewhere.map_or(Choice::New, |(slot, _)| Choice::OtherPath(slot))
}

/// How the numbers of a segment stand to a connection: its sequence number, its acknowledgement number.
fn numbers(connection: &Connection, segment: &Segment<'_>, limits: &Limits) -> [Option<bool>; 2] {
    let side = connection.side(segment);
    let [sender, receiver] = [&connection.directions[side], &connection.directions[1 - side]];
    let acknowledges =
        segment.flags.has(Flags::ACK).then(|| receiver.continues(sender, segment.ack, 0, limits)).flatten();
    [sender.continues(receiver, segment.seq, segment.payload.len() as u32, limits), acknowledges]
}

fn fits(connection: &Connection, segment: &Segment<'_>, limits: &Limits) -> bool {
    !numbers(connection, segment, limits).contains(&Some(false)) && !is_older(connection, segment)
}

/// The segment is numbered before the connection's SYN, as stragglers of the generation before it are: numbers of reused
/// ports begin a little higher, not anywhere (RFC 6528).
fn is_older(connection: &Connection, segment: &Segment<'_>) -> bool {
    let isn = connection.directions[connection.side(segment)].stream.isn();
    isn.is_some_and(|isn| (segment.seq.wrapping_sub(isn) as i32) < 0)
}

fn carries_on(connection: &Connection, segment: &Segment<'_>, limits: &Limits) -> bool {
    let numbers = numbers(connection, segment, limits);
    numbers.contains(&Some(true)) && !numbers.contains(&Some(false))
}

/// A SYN that belongs to the connection: the same again, one captured late, or the other half of a simultaneous open.
fn repeats(connection: &Connection, segment: &Segment<'_>, limits: &Limits) -> bool {
    let side = connection.side(segment);
    let [sender, receiver] = [&connection.directions[side], &connection.directions[1 - side]];
    let first_byte = segment.seq.wrapping_add(1);
    !connection.is_closed()
        && match sender.stream.isn() {
            Some(isn) => isn == segment.seq,
            None => sender.continues(receiver, first_byte, 0, limits) != Some(false),
        }
}

/// A SYN/ACK that acknowledges the connection's SYN (and at most the data in it) on a side that has no other number.
fn answers(connection: &Connection, segment: &Segment<'_>) -> bool {
    let side = connection.side(segment);
    let [sender, receiver] = [&connection.directions[side], &connection.directions[1 - side]];
    let acknowledged = receiver.stream.isn().map(|isn| segment.ack.wrapping_sub(isn.wrapping_add(1)));
    let in_syn = acknowledged.is_some_and(|bytes| bytes <= MAX_SYN_PAYLOAD);
    in_syn && (sender.stream.isn() == Some(segment.seq) || !connection.is_closed())
}

/// A SYN/ACK whose SYN was not captured, first or repeated.
fn same_answer(connection: &Connection, segment: &Segment<'_>, limits: &Limits) -> bool {
    let side = connection.side(segment);
    match connection.directions[side].stream.isn() {
        Some(isn) => isn == segment.seq,
        None => {
            !connection.is_closed() && connection.directions[1 - side].stream.isn().is_none() && {
                let [sender, receiver] = [&connection.directions[side], &connection.directions[1 - side]];
                sender.continues(receiver, segment.seq.wrapping_add(1), 0, limits) != Some(false)
                    && receiver.continues(sender, segment.ack, 0, limits) != Some(false)
            }
        }
    }
}

/// A SYN with data (RFC 7413) is one packet.
const MAX_SYN_PAYLOAD: u32 = 65_535;
