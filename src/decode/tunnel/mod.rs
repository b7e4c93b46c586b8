//! Tunnels over IP, a room each: what tells that there is one, the hop it adds to the path, and the layer that begins
//! inside.

use super::frame::{Frame, Layer, Network};
use crate::model::{Hop, Skip, TunnelKind};

/// What an IP packet of this protocol carries, if that is a tunnel: the frame begins inside then.
///
/// # Errors
/// Why what is in the tunnel cannot be read. `Ok(None)`: it is none.
pub fn over_ip(protocol: u8, frame: &mut Frame<'_>) -> Result<Option<Layer>, Skip> {
    let hop = |kind, id| Hop::tunnel(kind, [frame.ip.src, frame.ip.dst], id);
    match protocol {
        4 | 94 => {
            frame.enter(hop(TunnelKind::Ip, None))?;
            Ok(Some(Layer::Ip(Network::V4)))
        }
        41 => {
            frame.enter(hop(TunnelKind::Ip, None))?;
            Ok(Some(Layer::Ip(Network::V6)))
        }
        _ => Ok(None),
    }
}

/// What a UDP datagram between these ports (source, destination) carries, if that is a tunnel: the frame, which begins with
/// the datagram's payload, begins inside then.
///
/// # Errors
/// Why what is in the tunnel cannot be read. `Ok(None)`: it is none.
pub fn over_udp(_ports: [u16; 2], _frame: &mut Frame<'_>) -> Result<Option<Layer>, Skip> {
    Ok(None)
}
