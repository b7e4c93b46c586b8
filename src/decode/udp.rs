//! UDP (RFC 768), and the tunnels that are known by its ports.

use super::frame::{Frame, Layer};
use super::rest::Rest;
use super::{checksum, tunnel};
use crate::model::{Checksum, Endpoint, Flags, Segment, Skip, Transport};

/// Header bytes.
const HEADER: usize = 8;

/// The datagram that the frame begins with.
///
/// # Errors
/// [`Skip::CutHeader`] or [`Skip::Malformed`].
pub fn datagram<'a>(frame: &Frame<'a>) -> Result<Segment<'a>, Skip> {
    let &[s0, s1, d0, d1, _, _, c0, c1] = frame.rest.peek::<HEADER>()?;
    let mut frame = frame.clone();
    frame.rest = whole(&frame.rest)?;
    let rest = frame.rest.skip(HEADER)?;
    let checksum = if [c0, c1] == [0, 0] { Checksum::Unknown } else { checksum::verify(Transport::Udp, &frame) };
    Ok(Segment {
        transport: Transport::Udp,
        src: Endpoint { ip: frame.ip.src, port: u16::from_be_bytes([s0, s1]) },
        dst: Endpoint { ip: frame.ip.dst, port: u16::from_be_bytes([d0, d1]) },
        seq: 0,
        ack: 0,
        flags: Flags::default(),
        window: u16::MAX,
        window_scale: None,
        ttl: frame.ip.ttl,
        checksum,
        payload: rest.seen(),
        missing: rest.missing(),
        mac: frame.mac,
        path: frame.path,
    })
}

/// The tunnel that the datagram carries, going by its ports: the frame then begins inside.
///
/// # Errors
/// Why what is in the tunnel cannot be read. `Ok(None)`: it is none.
pub fn tunnel<'a>(frame: &Frame<'a>) -> Result<Option<(Layer, Frame<'a>)>, Skip> {
    let &[s0, s1, d0, d1, ..] = frame.rest.peek::<HEADER>()?;
    let ports = [u16::from_be_bytes([s0, s1]), u16::from_be_bytes([d0, d1])];
    let Some(room) = tunnel::over_udp(ports) else { return Ok(None) };
    let mut inside = frame.clone();
    inside.rest = whole(&frame.rest)?.skip(HEADER)?;
    Ok(room(&mut inside)?.map(|layer| (layer, inside)))
}

/// A datagram ends where its own length says, or with the packet where that is 0 (a jumbogram, or what segmentation offload
/// leaves).
fn whole<'a>(rest: &Rest<'a>) -> Result<Rest<'a>, Skip> {
    let &[_, _, _, _, l0, l1, ..] = rest.peek::<HEADER>()?;
    match usize::from(u16::from_be_bytes([l0, l1])) {
        0 => Ok(*rest),
        length if length < HEADER => Err(Skip::Malformed),
        length => Ok(rest.limit(length)),
    }
}
