//! IPv4 (RFC 791) and IPv6 (RFC 8200) headers, extension headers and the authentication header (RFC 4302).
//!
//! A total length of 0 is what segmentation offload leaves: the packet then ends with the frame. So does an IPv6
//! payload length of 0, which is also what a jumbogram has (RFC 2675).

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

use super::link::Network;
use super::rest::Rest;
use crate::model::Skip;

/// A packet that carries TCP.
#[derive(Debug)]
pub struct Packet<'a> {
    /// Source address.
    pub src: IpAddr,
    /// Destination address.
    pub dst: IpAddr,
    /// Time to live or hop limit.
    pub ttl: u8,
    /// From the TCP header to the end that the length field gives.
    pub rest: Rest<'a>,
    /// `dst` is a stop on the way (IPv6 routing header), and not what the checksum was made with.
    pub routed: bool,
}

/// Finds the TCP segment in an IP packet.
///
/// # Errors
/// Why there is none.
pub fn walk(network: Network, rest: Rest<'_>) -> Result<Packet<'_>, Skip> {
    let version = rest.peek::<1>()?[0] >> 4;
    match (network, version) {
        (Network::V4 | Network::ByVersion, 4) => v4(rest),
        (Network::V6 | Network::ByVersion, 6) => v6(rest),
        (Network::ByVersion, _) => Err(Skip::NotIp),
        _ => Err(Skip::Malformed),
    }
}

fn v4(rest: Rest<'_>) -> Result<Packet<'_>, Skip> {
    let &[version, _, l0, l1, _, _, f0, f1, ttl, protocol, _, _, ref addresses @ ..] = rest.peek::<20>()?;
    let &[s0, s1, s2, s3, d0, d1, d2, d3] = addresses;
    let header = usize::from(version & 0x0f) * 4;
    if header < 20 {
        return Err(Skip::Malformed);
    }
    let rest = match usize::from(u16::from_be_bytes([l0, l1])) {
        0 => rest.ending_with_frame(),
        total => rest.limit(total),
    };
    // more fragments, or not the first one; the bits above do not matter
    let fragment = u16::from_be_bytes([f0, f1]) & 0x3fff != 0;
    let upper = Upper { rest: rest.skip(header)?, fragment, routed: false };
    let (src, dst) = (Ipv4Addr::new(s0, s1, s2, s3), Ipv4Addr::new(d0, d1, d2, d3));
    upper.find_tcp(protocol, Network::V4)?.packet(src.into(), dst.into(), ttl)
}

fn v6(mut rest: Rest<'_>) -> Result<Packet<'_>, Skip> {
    let &[_, _, _, _, l0, l1, next, ttl] = rest.take::<8>()?;
    let (src, dst) = (Ipv6Addr::from(*rest.take::<16>()?), Ipv6Addr::from(*rest.take::<16>()?));
    let rest = match usize::from(u16::from_be_bytes([l0, l1])) {
        0 => rest.ending_with_frame(),
        payload => rest.limit(payload),
    };
    Upper { rest, fragment: false, routed: false }.find_tcp(next, Network::V6)?.packet(src.into(), dst.into(), ttl)
}

/// What follows an IP header, while its chain of extension headers is walked.
struct Upper<'a> {
    rest: Rest<'a>,
    fragment: bool,
    routed: bool,
}

impl<'a> Upper<'a> {
    /// Walks to the TCP header. Each step takes at least 8 bytes, so this ends.
    fn find_tcp(mut self, mut protocol: u8, network: Network) -> Result<Self, Skip> {
        while protocol != TCP {
            if self.fragment && is_extension(protocol, network) {
                // the rest of the chain may lie in another fragment
                return Err(Skip::Fragment);
            }
            protocol = match (protocol, network) {
                (51, _) => self.authentication()?,
                (43, Network::V6) => self.routing()?,
                (44, Network::V6) => self.fragment()?,
                (0 | 60 | 135 | 139 | 140, Network::V6) => self.extension()?,
                // IP in IP, IPv6, GRE, IPIP, EtherIP, encapsulation, L2TP, MPLS
                (4 | 41 | 47 | 94 | 97 | 98 | 115 | 137, _) => return Err(Skip::Encapsulated),
                _ => return Err(Skip::NotTcp),
            };
        }
        Ok(self)
    }

    fn packet(self, src: IpAddr, dst: IpAddr, ttl: u8) -> Result<Packet<'a>, Skip> {
        if self.fragment {
            return Err(Skip::Fragment);
        }
        Ok(Packet { src, dst, ttl, rest: self.rest, routed: self.routed })
    }

    /// RFC 6564: next header, length in units of 8 bytes without the first.
    fn extension(&mut self) -> Result<u8, Skip> {
        let &[next, length] = self.rest.peek::<2>()?;
        self.rest = self.rest.skip(8 + 8 * usize::from(length))?;
        Ok(next)
    }

    /// RFC 8200 §4.4. With segments left, the address in the IP header is not yet the last.
    fn routing(&mut self) -> Result<u8, Skip> {
        let &[_, _, _, segments_left] = self.rest.peek::<4>()?;
        self.routed |= segments_left > 0;
        self.extension()
    }

    /// RFC 8200 §4.5. An atomic fragment (RFC 6946) is a whole packet.
    fn fragment(&mut self) -> Result<u8, Skip> {
        let &[next, _, o0, o1, ..] = self.rest.take::<8>()?;
        self.fragment |= u16::from_be_bytes([o0, o1]) & 0xfff9 != 0;
        Ok(next)
    }

    /// RFC 4302 §2.2: next header, length in units of 4 bytes without the first two.
    fn authentication(&mut self) -> Result<u8, Skip> {
        let &[next, length] = self.rest.peek::<2>()?;
        self.rest = self.rest.skip((8 + 4 * usize::from(length)).max(12))?;
        Ok(next)
    }
}

const TCP: u8 = 6;

fn is_extension(protocol: u8, network: Network) -> bool {
    protocol == 51 || (network == Network::V6 && matches!(protocol, 0 | 43 | 44 | 60 | 135 | 139 | 140))
}
