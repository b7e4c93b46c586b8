//! The way to a packet through shims and tunnels. It is part of a connection's identity: the same addresses in
//! two VLANs, or in two tunnels, are two networks.

use std::fmt;
use std::net::IpAddr;

use smallvec::SmallVec;

/// One shim or tunnel header between the frame and the IP packet that carries the segment.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, serde::Serialize, serde::Deserialize)]
pub enum Hop {
    /// An IEEE 802.1Q or 802.1ad tag, or one of Cisco's ISL: the VLAN id, without priority bits.
    Vlan(u16),
    /// An MPLS label (RFC 3032).
    Mpls(u32),
    /// A PPPoE session (RFC 2516).
    Pppoe(u16),
    /// A service instance of a provider backbone bridge (IEEE 802.1ah).
    Backbone(u32),
    /// A tunnel over IP.
    Tunnel(Box<Tunnel>),
}

/// A tunnel between two IP addresses.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, serde::Serialize, serde::Deserialize)]
pub struct Tunnel {
    /// Its protocol.
    pub kind: TunnelKind,
    /// The addresses of its ends, lower first.
    pub ends: [IpAddr; 2],
    /// The number that tells it from others between the same ends, where its protocol has one: a GRE key, a VXLAN or Geneve
    /// network, a GTP tunnel endpoint, an L2TP session, an ERSPAN session.
    pub id: Option<u64>,
}

macro_rules! kinds {
    ($($(#[doc = $doc:literal])+ $variant:ident = $name:literal, $id:ident;)*) => {
        /// Protocols that tunnel over IP.
        #[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, serde::Serialize, serde::Deserialize)]
        pub enum TunnelKind { $($(#[doc = $doc])+ $variant,)* }

        impl TunnelKind {
            /// The name in the `tunnel` column.
            pub fn name(self) -> &'static str {
                match self { $(TunnelKind::$variant => $name,)* }
            }
            /// Both directions bear the same number. Where not (each end chose one for what it receives), the number is
            /// no part of identity.
            pub fn has_shared_id(self) -> bool {
                match self { $(TunnelKind::$variant => kinds!(@ $id),)* }
            }
        }
    };
    (@ shared) => { true };
    (@ own) => { false };
}

kinds! {
    /// An IP packet in an IP packet, of either version (RFC 2003, RFC 2473, RFC 4213).
    Ip = "ip", shared;
    /// Generic routing encapsulation (RFC 2784, RFC 2890), also over UDP (RFC 8086); the id is its key.
    Gre = "gre", shared;
    /// Enhanced GRE, as PPTP uses it (RFC 2637); the id is the call.
    Pptp = "pptp", own;
    /// Network virtualization over GRE (RFC 7637); the id is the virtual subnet.
    Nvgre = "nvgre", shared;
    /// Mirrored frames in GRE (draft-foschiano-erspan); the id is the session.
    Erspan = "erspan", shared;
    /// Ethernet in IP (RFC 3378).
    EtherIp = "etherip", shared;
    /// MPLS in IP or UDP (RFC 4023, RFC 7510).
    Mpls = "mpls", shared;
    /// Virtual extensible LAN (RFC 7348), also with a next protocol (draft-ietf-nvo3-vxlan-gpe); the id is the network.
    Vxlan = "vxlan", shared;
    /// Generic network virtualization (RFC 8926); the id is the network.
    Geneve = "geneve", shared;
    /// GPRS tunnelling, user plane (3GPP TS 29.281); the id is the tunnel endpoint of the receiver.
    Gtp = "gtp", own;
    /// Layer 2 tunnelling, version 2 or 3 (RFC 2661, RFC 3931); the id is the session of the receiver.
    L2tp = "l2tp", own;
    /// IPv6 over UDP through NATs (RFC 4380).
    Teredo = "teredo", shared;
    /// Anything in anything (draft-massar-v6ops-ayiya).
    Ayiya = "ayiya", shared;
}

impl Hop {
    /// A tunnel between the addresses of a packet that carries it.
    pub fn tunnel(kind: TunnelKind, [src, dst]: [IpAddr; 2], id: Option<u64>) -> Hop {
        Hop::Tunnel(Box::new(Tunnel { kind, ends: [src.min(dst), src.max(dst)], id }))
    }

    /// Both may be passed by the two directions of one connection: numbers that each direction has of its own are not
    /// looked at.
    fn is_same_way(&self, other: &Hop) -> bool {
        match (self, other) {
            (Hop::Mpls(_), Hop::Mpls(_)) => true,
            (Hop::Tunnel(one), Hop::Tunnel(other)) => {
                let same_id = one.id == other.id || !one.kind.has_shared_id();
                one.kind == other.kind && one.ends == other.ends && same_id
            }
            _ => self == other,
        }
    }
}

/// Hops from the outermost to the innermost. Empty for a plain packet, and then free of any allocation.
#[derive(Clone, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash, serde::Serialize, serde::Deserialize)]
pub struct Path(pub SmallVec<[Hop; 1]>);

impl Path {
    /// Both paths lead to the same network: what identity asks for.
    pub fn is_same_way(&self, other: &Path) -> bool {
        self.0.len() == other.0.len() && self.0.iter().zip(&other.0).all(|(one, other)| one.is_same_way(other))
    }

    /// The VLAN that names a flow: the outermost tag of the stack nearest to it.
    pub fn vlan(&self) -> Option<u16> {
        let innermost = self.0.iter().rposition(|hop| matches!(hop, Hop::Vlan(_)))?;
        let stack = self.0[..=innermost].iter().rev().map_while(|hop| match hop {
            Hop::Vlan(id) => Some(*id),
            _ => None,
        });
        stack.last()
    }

    /// All VLAN ids from the outermost inwards, for people: `100/200`; `None` without a tag.
    pub fn vlans(&self) -> Option<String> {
        let ids = self.0.iter().filter_map(|hop| match hop {
            Hop::Vlan(id) => Some(id.to_string()),
            _ => None,
        });
        let ids: Vec<String> = ids.collect();
        (!ids.is_empty()).then(|| ids.join("/"))
    }

    /// The whole path, for people, if it leads through more than VLANs.
    pub fn tunnel(&self) -> Option<String> {
        let is_plain = self.0.iter().all(|hop| matches!(hop, Hop::Vlan(_)));
        (!is_plain).then(|| self.to_string())
    }
}

/// `vlan 100`, `mpls 16`, `vxlan 192.0.2.1-192.0.2.2 42`.
impl fmt::Display for Hop {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Hop::Vlan(id) => write!(f, "vlan {id}"),
            Hop::Mpls(label) => write!(f, "mpls {label}"),
            Hop::Pppoe(session) => write!(f, "pppoe {session}"),
            Hop::Backbone(service) => write!(f, "pbb {service}"),
            Hop::Tunnel(tunnel) => {
                let Tunnel { kind, ends: [lower, higher], id } = &**tunnel;
                write!(f, "{} {lower}-{higher}", kind.name())?;
                id.map_or(Ok(()), |id| write!(f, " {id}"))
            }
        }
    }
}

/// `vlan 100 / vlan 200 / gre 10.0.0.1-10.0.0.2 5`; empty for a plain packet.
impl fmt::Display for Path {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.iter().enumerate().try_for_each(|(i, hop)| write!(f, "{}{hop}", if i > 0 { " / " } else { "" }))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn path(hops: &[Hop]) -> Path {
        Path(hops.iter().cloned().collect())
    }

    fn tunnel(kind: TunnelKind, ends: [&str; 2], id: u64) -> Hop {
        Hop::tunnel(kind, ends.map(|ip| ip.parse().unwrap()), Some(id))
    }

    #[test]
    fn both_directions_of_a_tunnel_are_the_same_way() {
        let there = |kind| path(&[tunnel(kind, ["10.0.0.1", "10.0.0.2"], 1)]);
        let back = |kind, id| path(&[tunnel(kind, ["10.0.0.2", "10.0.0.1"], id)]);
        assert!(there(TunnelKind::Gre).is_same_way(&back(TunnelKind::Gre, 1)));
        assert!(!there(TunnelKind::Gre).is_same_way(&back(TunnelKind::Gre, 2)));
        assert!(there(TunnelKind::Gtp).is_same_way(&back(TunnelKind::Gtp, 2)));
        assert!(!there(TunnelKind::Gtp).is_same_way(&back(TunnelKind::Gre, 1)));
        assert!(path(&[Hop::Mpls(16)]).is_same_way(&path(&[Hop::Mpls(17)])));
        assert!(!path(&[Hop::Mpls(16)]).is_same_way(&path(&[Hop::Mpls(16), Hop::Mpls(17)])));
        assert!(!path(&[Hop::Vlan(1)]).is_same_way(&path(&[Hop::Vlan(2)])));
    }

    #[test]
    fn the_stack_of_tags_nearest_to_the_flow_names_it() {
        let through = tunnel(TunnelKind::Vxlan, ["2001:db8::1", "2001:db8::2"], 42);
        let long = path(&[Hop::Vlan(1), through, Hop::Vlan(3), Hop::Vlan(4), Hop::Mpls(16)]);
        assert_eq!((long.vlan(), long.vlans().as_deref()), (Some(3), Some("1/3/4")));
        let text = "vlan 1 / vxlan 2001:db8::1-2001:db8::2 42 / vlan 3 / vlan 4 / mpls 16";
        assert_eq!(long.tunnel().as_deref(), Some(text));
        assert_eq!((path(&[]).vlan(), path(&[Hop::Vlan(7)]).tunnel()), (None, None));
    }
}
