//! What stands between an Ethernet frame and the packet in it, by EtherType: tags and headers of networks that carry other
//! networks, a room each.

mod backbone;
mod macsec;
mod metadata;
pub mod nsh;
pub mod pppoe;
mod tags;

use super::frame::{Frame, Layer};
use super::known::rooms;
use crate::model::Skip;

/// Takes a shim off.
type Room = fn(&mut Frame<'_>) -> Result<Layer, Skip>;

rooms! {
    /// Encapsulations by their EtherType.
    ETHER_TYPES, by_type(u16) -> Room;
    0x8100 | 0x88a8 | 0x9100 | 0x9200 | 0x9300 => tags::vlan, "VLAN tags";
    0x8847 | 0x8848 => |_| Ok(Layer::Mpls), "MPLS";
    0x8864 => pppoe::session, "PPPoE";
    0x6558 => |_| Ok(Layer::Ethernet), "bridged Ethernet";
    0x880b => |_| Ok(Layer::Ppp), "PPP";
    0x88e5 => macsec::walk, "MACsec without encryption";
    0x88e7 => backbone::walk, "802.1ah provider backbone";
    0x8909 => metadata::walk, "Cisco SGT";
    0x8926 => tags::vn_tag, "VN-tag";
    0x892f => tags::hsr, "HSR";
    0x893f => tags::e_tag, "802.1BR E-tag";
    0x894f => nsh::walk, "NSH";
}

/// Takes off what the EtherType announces.
///
/// # Errors
/// Why nothing can follow; [`Skip::NotIp`] if it is no encapsulation.
pub fn walk(ether_type: u16, frame: &mut Frame<'_>) -> Result<Layer, Skip> {
    by_type(ether_type).map_or(Err(Skip::NotIp), |room| room(frame))
}
