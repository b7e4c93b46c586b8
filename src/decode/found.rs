//! What is found in a frame.

use std::fmt;
use std::net::IpAddr;

use super::frame::Onward;
use crate::model::wlan::mac_text;
use crate::model::{Path, Segment, Skip};

/// What a frame holds.
#[derive(Debug)]
pub enum Found<'a> {
    /// A TCP segment.
    Segment(Segment<'a>),
    /// A UDP datagram, as a segment that has ports, payload and checksum only; with the reason why not more was found in
    /// it, if it is one of a tunnel.
    Datagram(Box<Segment<'a>>, Option<Skip>),
    /// A part of a packet.
    Fragment(Box<Fragment<'a>>),
    /// A packet of another transport protocol, as IP numbers it.
    Other(u8),
    /// Several packets (802.11 A-MSDU), each on its own.
    Several(Vec<Result<Found<'a>, Skip>>),
}

impl<'a> Found<'a> {
    /// The TCP segment, if it is one.
    pub fn segment(self) -> Option<Segment<'a>> {
        match self {
            Found::Segment(segment) => Some(segment),
            _ => None,
        }
    }
}

/// A part of a packet that was sent in several.
#[derive(Debug)]
pub struct Fragment<'a> {
    /// What all parts of the packet have in common.
    pub key: Key,
    /// Where it belongs.
    pub place: Place,
    /// Others follow.
    pub more: bool,
    /// Bytes that were captured.
    pub payload: &'a [u8],
    /// The capture cut bytes off its end.
    pub cut: bool,
    /// How the packet goes on, seen from this part: that of the first counts.
    pub onward: Onward,
}

/// Tells the parts of one packet from those of others.
#[derive(Clone, Debug, PartialEq, Eq, Hash, serde::Serialize, serde::Deserialize)]
pub enum Key {
    /// IP (RFC 791 §3.2, RFC 8200 §4.5).
    Ip {
        /// The tunnel or VLAN it came through.
        path: Path,
        /// Source and destination.
        ends: [IpAddr; 2],
        /// Identification.
        id: u32,
        /// IPv4's protocol; 0 for IPv6, where it is no part of this.
        protocol: u8,
    },
    /// IEEE 802.11 §10.4: transmitter, receiver, sequence number, traffic identifier.
    Wifi([u8; 6], [u8; 6], u16, u8),
}

/// `IP packet 4660 from 10.0.0.1 to 10.0.0.2`, `802.11 frame 17 from 02:00:00:00:00:01 to 02:00:00:00:00:02`.
impl fmt::Display for Key {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Key::Ip { ends: [src, dst], id, .. } => write!(f, "IP packet {id} from {src} to {dst}"),
            Key::Wifi(from, to, number, _) => {
                write!(f, "802.11 frame {number} from {} to {}", mac_text(*from), mac_text(*to))
            }
        }
    }
}

/// Where a part belongs in its packet.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, serde::Serialize, serde::Deserialize)]
pub enum Place {
    /// At this byte.
    Offset(u16),
    /// Behind all parts with lower numbers.
    Number(u8),
}
