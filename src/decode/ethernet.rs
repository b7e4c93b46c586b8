//! Ethernet (IEEE 802.3), its VLAN tags (802.1Q, 802.1ad) and 802.2 LLC/SNAP (RFC 1042).

use super::link::{Frame, Network};
use super::rest::Rest;
use crate::model::{Hop, Path, Skip};

/// A type field below this is a length: 802.2 follows.
const LOWEST_TYPE: u16 = 0x0600;

/// A frame from its destination address on.
///
/// # Errors
/// Why it holds no IP packet.
pub fn frame(mut rest: Rest<'_>) -> Result<Frame<'_>, Skip> {
    let &[a, b, c, d, e, f, g, h, i, j, k, l, t0, t1] = rest.take::<14>()?;
    let mac = Some([[g, h, i, j, k, l], [a, b, c, d, e, f]]);
    by_type(u16::from_be_bytes([t0, t1]), rest, Path::default(), mac)
}

/// What stands behind an EtherType, through any number of VLAN tags.
///
/// # Errors
/// Why it is no IP packet.
pub fn by_type<'a>(
    mut ether_type: u16,
    mut rest: Rest<'a>,
    mut path: Path,
    mac: Option<[[u8; 6]; 2]>,
) -> Result<Frame<'a>, Skip> {
    loop {
        match ether_type {
            0x0800 => return Ok(Frame { network: Network::V4, rest, path, mac }),
            0x86dd => return Ok(Frame { network: Network::V6, rest, path, mac }),
            0x8100 | 0x88a8 | 0x9100 | 0x9200 | 0x9300 => {
                let &[c0, c1, t0, t1] = rest.take::<4>()?;
                path.0.push(Hop::Vlan(u16::from_be_bytes([c0, c1]) & 0x0fff));
                ether_type = u16::from_be_bytes([t0, t1]);
            }
            length if length < LOWEST_TYPE => return llc(rest, path, mac),
            other => return Err(not_ip(other)),
        }
    }
}

/// 802.2: SNAP with an EtherType, or IP's own service access point.
///
/// # Errors
/// Why it is no IP packet.
pub fn llc(mut rest: Rest<'_>, path: Path, mac: Option<[[u8; 6]; 2]>) -> Result<Frame<'_>, Skip> {
    match rest.take::<3>()? {
        [0xaa, 0xaa, 0x03] => match *rest.take::<5>()? {
            // RFC 1042, and 802.1H for the protocols that need their own
            [0, 0, 0 | 0xf8, t0, t1] if u16::from_be_bytes([t0, t1]) >= LOWEST_TYPE => {
                by_type(u16::from_be_bytes([t0, t1]), rest, path, mac)
            }
            _ => Err(Skip::NotIp),
        },
        [0x06, 0x06, 0x03] => Ok(Frame { network: Network::V4, rest, path, mac }),
        _ => Err(Skip::NotIp),
    }
}

fn not_ip(ether_type: u16) -> Skip {
    match ether_type {
        // transparent bridging, PPP, MPLS, PPPoE session, MACsec, provider backbone, network service header
        0x6558 | 0x880b | 0x8847 | 0x8848 | 0x8864 | 0x88e5 | 0x88e7 | 0x894f => Skip::Encapsulated,
        _ => Skip::NotIp,
    }
}
