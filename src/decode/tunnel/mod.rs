//! Tunnels over IP, a room each: what tells that there is one, the hop it adds to the path, and the layer that begins
//! inside.

mod ayiya;
mod erspan;
mod ether_ip;
mod geneve;
mod gre;
mod gtp;
mod ip;
mod l2tp;
mod mpls;
mod teredo;
mod vxlan;

use super::frame::{Frame, Layer};
use super::known::rooms;
use crate::model::Skip;

/// Reads what an IP packet or a UDP datagram carries. `Ok(None)`: it is no tunnel, whatever the number said.
pub type Room = fn(&mut Frame<'_>) -> Result<Option<Layer>, Skip>;

rooms! {
    /// Tunnels by the protocol number of the IP packet that carries them.
    IP_PROTOCOLS, by_protocol(u8) -> Room;
    4 | 94 => ip::v4, "IPv4 in IP";
    41 => ip::v6, "IPv6 in IP";
    47 => gre::over_ip, "GRE, NVGRE, ERSPAN, WCCP, PPTP";
    97 => ether_ip::with_header, "EtherIP";
    115 => l2tp::over_ip, "L2TPv3";
    137 => mpls::stack, "MPLS";
    143 => ether_ip::bare, "Ethernet";
}

rooms! {
    /// Tunnels by the port of the UDP datagrams that carry them.
    UDP_PORTS, by_port(u16) -> Room;
    1701 => l2tp::over_udp, "L2TP";
    2152 => gtp::version_1, "GTP-U";
    3386 => gtp::version_0, "GTPv0";
    3544 => teredo::walk, "Teredo";
    4754 => gre::over_udp, "GRE";
    4789 | 8472 => vxlan::walk, "VXLAN";
    4790 => vxlan::walk, "VXLAN-GPE";
    5072 => ayiya::walk, "AYIYA";
    6081 => geneve::walk, "Geneve";
    6635 => mpls::stack, "MPLS";
}

/// What an IP packet of this protocol carries, if that is a tunnel: the frame begins inside then.
///
/// # Errors
/// Why what is in the tunnel cannot be read. `Ok(None)`: it is none.
pub fn over_ip(protocol: u8, frame: &mut Frame<'_>) -> Result<Option<Layer>, Skip> {
    by_protocol(protocol).map_or(Ok(None), |room| room(frame))
}

/// The room for UDP datagrams between these ports, source and destination. It takes a frame that begins with the payload.
#[inline]
pub fn over_udp([src, dst]: [u16; 2]) -> Option<Room> {
    by_port(dst).or_else(|| if is_bound(src) { by_port(src) } else { None })
}

/// Both ends or the server send from the port as well; with the others the source port is a hash of what is inside.
fn is_bound(port: u16) -> bool {
    matches!(port, 1701 | 2152 | 3386 | 3544 | 5072)
}
