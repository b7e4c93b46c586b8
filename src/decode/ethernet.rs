//! Ethernet (IEEE 802.3), its VLAN tags (802.1Q, 802.1ad) and 802.2 LLC/SNAP (RFC 1042).

use super::frame::{Frame, Layer, Network};
use crate::model::{Hop, Skip};

/// A type field below this is a length: 802.2 follows.
const LOWEST_TYPE: u16 = 0x0600;

/// A frame from its destination address on.
///
/// # Errors
/// [`Skip::CutHeader`] or [`Skip::Malformed`].
#[inline]
pub fn frame(frame: &mut Frame<'_>) -> Result<Layer, Skip> {
    let &[d0, d1, d2, d3, d4, d5, s0, s1, s2, s3, s4, s5, t0, t1] = frame.rest.take::<14>()?;
    frame.mac = Some([[s0, s1, s2, s3, s4, s5], [d0, d1, d2, d3, d4, d5]]);
    by_type(u16::from_be_bytes([t0, t1]), frame)
}

/// What stands behind an EtherType, through any number of VLAN tags.
///
/// # Errors
/// Why it is no IP packet.
pub fn by_type(mut ether_type: u16, frame: &mut Frame<'_>) -> Result<Layer, Skip> {
    loop {
        match ether_type {
            0x0800 => return Ok(Layer::Ip(Network::V4)),
            0x86dd => return Ok(Layer::Ip(Network::V6)),
            0x8100 | 0x88a8 | 0x9100 | 0x9200 | 0x9300 => {
                let &[c0, c1, t0, t1] = frame.rest.take::<4>()?;
                frame.path.0.push(Hop::Vlan(u16::from_be_bytes([c0, c1]) & 0x0fff));
                ether_type = u16::from_be_bytes([t0, t1]);
            }
            0x8847 | 0x8848 => return Ok(Layer::Mpls),
            length if length < LOWEST_TYPE => return Ok(Layer::Llc),
            other => return Err(not_ip(other)),
        }
    }
}

/// 802.2: SNAP with an EtherType, or IP's own service access point.
///
/// # Errors
/// Why it is no IP packet.
pub fn llc(frame: &mut Frame<'_>) -> Result<Layer, Skip> {
    match frame.rest.take::<3>()? {
        [0xaa, 0xaa, 0x03] => match *frame.rest.take::<5>()? {
            // RFC 1042, and 802.1H for the protocols that need their own
            [0, 0, 0 | 0xf8, t0, t1] if u16::from_be_bytes([t0, t1]) >= LOWEST_TYPE => {
                by_type(u16::from_be_bytes([t0, t1]), frame)
            }
            _ => Err(Skip::NotIp),
        },
        [0x06, 0x06, 0x03] => Ok(Layer::Ip(Network::V4)),
        _ => Err(Skip::NotIp),
    }
}

fn not_ip(ether_type: u16) -> Skip {
    match ether_type {
        // transparent bridging, PPP, PPPoE session, MACsec, provider backbone, network service header
        0x6558 | 0x880b | 0x8864 | 0x88e5 | 0x88e7 | 0x894f => Skip::Encapsulated,
        _ => Skip::NotIp,
    }
}
