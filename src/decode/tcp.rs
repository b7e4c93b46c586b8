//! The TCP header (RFC 9293 §3.1).

use etherparse::{TcpOptionElement, TcpOptionsIterator};

use super::checksum;
use super::frame::Frame;
use super::rest::Rest;
use crate::model::{Endpoint, Flags, Segment, Skip, Transport};

/// Header bytes without options.
const FIXED: usize = 20;

/// Decodes the segment that the frame begins with.
///
/// Where the capture cut the options off, the segment is still known: only its payload is missing.
///
/// # Errors
/// [`Skip::CutHeader`] or [`Skip::Malformed`].
#[inline]
pub fn segment<'a>(frame: Frame<'a>) -> Result<Segment<'a>, Skip> {
    let &[s0, s1, d0, d1, q0, q1, q2, q3, a0, a1, a2, a3, offset, flags, w0, w1, ..] = frame.rest.peek::<FIXED>()?;
    let header = usize::from(offset >> 4) * 4;
    if header < FIXED {
        return Err(Skip::Malformed);
    }
    let rest = frame.rest.pass(header)?;
    let flags = Flags(flags);
    Ok(Segment {
        transport: Transport::Tcp,
        src: Endpoint { ip: frame.ip.src, port: u16::from_be_bytes([s0, s1]) },
        dst: Endpoint { ip: frame.ip.dst, port: u16::from_be_bytes([d0, d1]) },
        seq: u32::from_be_bytes([q0, q1, q2, q3]),
        ack: u32::from_be_bytes([a0, a1, a2, a3]),
        flags,
        window: u16::from_be_bytes([w0, w1]),
        window_scale: if flags.has(Flags::SYN) { window_scale(&frame.rest, header) } else { None },
        ttl: frame.ip.ttl,
        checksum: checksum::verify(Transport::Tcp, &frame),
        payload: rest.seen(),
        missing: rest.missing(),
        mac: frame.mac,
        path: frame.path,
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
