//! The TCP header (RFC 9293 §3.1).

use etherparse::{TcpOptionElement, TcpOptionsIterator};

use super::checksum;
use super::ip::Packet;
use super::rest::Rest;
use crate::model::{Checksum, Endpoint, Flags, Path, Segment, Skip};

/// Header bytes without options.
const FIXED: usize = 20;

/// Decodes the segment of a packet that came on this path between these MAC addresses.
///
/// Where the capture cut the options off, the segment is still known: only its payload is missing.
///
/// # Errors
/// [`Skip::CutHeader`] or [`Skip::Malformed`].
pub fn segment<'a>(packet: &Packet<'a>, path: Path, mac: Option<[[u8; 6]; 2]>) -> Result<Segment<'a>, Skip> {
    let &[s0, s1, d0, d1, q0, q1, q2, q3, a0, a1, a2, a3, offset, flags, w0, w1, ..] = packet.rest.peek::<FIXED>()?;
    let header = usize::from(offset >> 4) * 4;
    if header < FIXED {
        return Err(Skip::Malformed);
    }
    let rest = packet.rest.pass(header)?;
    let flags = Flags(flags);
    Ok(Segment {
        src: Endpoint { ip: packet.src, port: u16::from_be_bytes([s0, s1]) },
        dst: Endpoint { ip: packet.dst, port: u16::from_be_bytes([d0, d1]) },
        path,
        mac,
        seq: u32::from_be_bytes([q0, q1, q2, q3]),
        ack: u32::from_be_bytes([a0, a1, a2, a3]),
        flags,
        window: u16::from_be_bytes([w0, w1]),
        window_scale: if flags.has(Flags::SYN) { window_scale(&packet.rest, header) } else { None },
        ttl: packet.ttl,
        checksum: verify(packet),
        payload: rest.seen(),
        missing: rest.missing(),
    })
}

/// The shift of the window scale option, as sent.
fn window_scale(rest: &Rest<'_>, header: usize) -> Option<u8> {
    let seen = rest.seen();
    let options = &seen[FIXED..header.min(seen.len())];
    TcpOptionsIterator::from_slice(options).map_while(Result::ok).find_map(|option| match option {
        TcpOptionElement::WindowScale(shift) => Some(shift),
        _ => None,
    })
}

fn verify(packet: &Packet<'_>) -> Checksum {
    if packet.routed || !packet.rest.is_complete() {
        return Checksum::Unknown;
    }
    match checksum::is_good(packet.src, packet.dst, packet.rest.seen()) {
        true => Checksum::Good,
        false => Checksum::Bad,
    }
}
