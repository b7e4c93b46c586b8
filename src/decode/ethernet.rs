//! Ethernet (IEEE 802.3) and 802.2 LLC/SNAP (RFC 1042).

use super::frame::{Frame, Layer, Network};
use super::{isl, shim};
use crate::model::Skip;

/// A type field below this is a length: 802.2 follows.
const LOWEST_TYPE: u16 = 0x0600;

/// A frame from its destination address on.
///
/// # Errors
/// [`Skip::CutHeader`] or [`Skip::Malformed`].
#[inline]
pub fn frame(frame: &mut Frame<'_>) -> Result<Layer, Skip> {
    let &[d0, d1, d2, d3, d4, d5, s0, s1, s2, s3, s4, s5, t0, t1] = frame.rest.take::<14>()?;
    let (destination, ether_type) = ([d0, d1, d2, d3, d4, d5], u16::from_be_bytes([t0, t1]));
    frame.mac = Some([[s0, s1, s2, s3, s4, s5], destination]);
    if isl::is_group(destination) {
        return isl::walk(d5, ether_type, frame);
    }
    by_type(ether_type, frame)
}

/// What stands behind a type field of an Ethernet frame.
///
/// # Errors
/// Why it is no IP packet.
#[inline]
pub fn by_type(ether_type: u16, frame: &mut Frame<'_>) -> Result<Layer, Skip> {
    match ether_type {
        0x0800 => Ok(Layer::Ip(Network::V4)),
        0x86dd => Ok(Layer::Ip(Network::V6)),
        length if length < LOWEST_TYPE => Ok(Layer::Llc),
        other => shim::walk(other, frame),
    }
}

/// What an EtherType announces where it cannot be a length: outside Ethernet frames.
///
/// # Errors
/// [`Skip::NotIp`].
pub fn announced(ether_type: u16) -> Result<Layer, Skip> {
    if ether_type < LOWEST_TYPE { Err(Skip::NotIp) } else { Ok(Layer::EtherType(ether_type)) }
}

/// 802.2: SNAP with an EtherType, or IP's own service access point.
///
/// # Errors
/// Why it is no IP packet.
pub fn llc(frame: &mut Frame<'_>) -> Result<Layer, Skip> {
    match frame.rest.take::<3>()? {
        [0xaa, 0xaa, 0x03] => match *frame.rest.take::<5>()? {
            // RFC 1042, and 802.1H for the protocols that need their own
            [0, 0, 0 | 0xf8, t0, t1] => announced(u16::from_be_bytes([t0, t1])),
            _ => Err(Skip::NotIp),
        },
        [0x06, 0x06, 0x03] => Ok(Layer::Ip(Network::V4)),
        _ => Err(Skip::NotIp),
    }
}
