//! A frame on its walk through the layers, and what may come next.

use std::net::IpAddr;

use super::rest::Rest;
use super::wifi::Radio;
use crate::model::{Hop, LinkType, Path, Skip, TunnelKind};

/// Encapsulations inside each other that are decoded; VLAN tags and MPLS labels, which a frame soon has no room for, are
/// not counted.
const DEEPEST: u8 = 64;

/// A frame while its layers are walked, in place: moving it between rooms would cost more than reading it.
#[derive(Clone, Debug)]
pub struct Frame<'a> {
    /// From the next header on.
    pub rest: Rest<'a>,
    /// VLANs and tunnels so far.
    pub path: Path,
    /// Source and destination MAC address, of the innermost link layer.
    pub mac: Option<[[u8; 6]; 2]>,
    /// What the innermost IP header said.
    pub ip: Ip,
    /// Encapsulations so far.
    depth: u8,
}

/// What an IP header leaves to the layers above.
#[derive(Clone, Copy, Debug, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
pub struct Ip {
    /// Source address.
    pub src: IpAddr,
    /// Destination address.
    pub dst: IpAddr,
    /// Time to live or hop limit.
    pub ttl: u8,
    /// `dst` is a stop on the way (IPv6 routing header), and not what checksums were made with.
    pub routed: bool,
}

impl Default for Ip {
    fn default() -> Self {
        let none = IpAddr::from([0, 0, 0, 0]);
        Ip { src: none, dst: none, ttl: 0, routed: false }
    }
}

/// What comes next in a frame: the room that reads it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
pub enum Layer {
    /// Another encapsulation of the kind a capture file can have as its link type.
    Link(LinkNumber),
    /// An Ethernet frame from its destination address on.
    Ethernet,
    /// What stands behind an EtherType.
    EtherType(u16),
    /// IEEE 802.2.
    Llc,
    /// An IEEE 802.11 frame, of which a radio said this.
    Wifi(Radio),
    /// Several packets in one 802.11 frame.
    Amsdu,
    /// PPP, from its address, control or protocol field on.
    Ppp,
    /// A stack of MPLS labels.
    Mpls,
    /// An IP packet.
    Ip(Network),
    /// What an IP packet carries, by its protocol number, from its extension headers on.
    Upper(u8, Network),
}

/// The number of a [`LinkType`].
pub type LinkNumber = u32;

impl From<LinkType> for Layer {
    fn from(link: LinkType) -> Self {
        Layer::Link(link.0)
    }
}

/// The version of an IP packet.
#[derive(Clone, Copy, Debug, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
pub enum Network {
    /// IPv4.
    V4,
    /// IPv6.
    V6,
    /// The version field of the packet tells.
    ByVersion,
}

impl<'a> Frame<'a> {
    /// A frame nothing is known of yet.
    pub fn new(rest: Rest<'a>) -> Self {
        Frame { rest, path: Path::default(), mac: None, ip: Ip::default(), depth: 0 }
    }

    /// What is left of a frame whose outer layers are known.
    pub fn within(rest: Rest<'a>, onward: &Onward) -> Self {
        let Onward { path, mac, ip, depth, .. } = onward;
        Frame { rest, path: path.clone(), mac: *mac, ip: *ip, depth: *depth }
    }

    /// From the next header on, the frame is inside one more tunnel.
    ///
    /// # Errors
    /// [`Skip::TooDeep`].
    pub fn enter(&mut self, hop: Hop) -> Result<(), Skip> {
        self.descend()?;
        self.path.0.push(hop);
        Ok(())
    }

    /// As [`enter`](Self::enter), for a tunnel between the addresses of the packet that carries it.
    ///
    /// # Errors
    /// [`Skip::TooDeep`].
    pub fn tunnel(&mut self, kind: TunnelKind, id: Option<u64>) -> Result<(), Skip> {
        self.enter(Hop::tunnel(kind, [self.ip.src, self.ip.dst], id))
    }

    /// As [`enter`](Self::enter), for an encapsulation that is no part of identity.
    ///
    /// # Errors
    /// [`Skip::TooDeep`].
    pub fn descend(&mut self) -> Result<(), Skip> {
        self.depth += 1;
        if self.depth > DEEPEST { Err(Skip::TooDeep) } else { Ok(()) }
    }

    /// Where the walk goes on with other bytes.
    pub fn onward(&self, layer: Layer) -> Onward {
        Onward { layer, path: self.path.clone(), mac: self.mac, ip: self.ip, depth: self.depth }
    }
}

/// Where the walk goes on once a packet that came in fragments is whole.
#[derive(Clone, Debug, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
pub struct Onward {
    layer: Layer,
    path: Path,
    mac: Option<[[u8; 6]; 2]>,
    ip: Ip,
    depth: u8,
}

impl Onward {
    /// What the whole packet begins with.
    pub fn layer(&self) -> Layer {
        self.layer
    }
}
