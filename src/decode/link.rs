//! The link walk: from the link type of a capture to the IP packet (<https://www.tcpdump.org/linktypes.html>).

use super::ethernet;
use super::rest::Rest;
use crate::model::{LinkType, Path, Skip};

/// An IP packet and what the link layer said around it.
#[derive(Debug)]
pub struct Frame<'a> {
    /// Which version of IP the link layer announced.
    pub network: Network,
    /// The packet, with whatever trails it in the frame.
    pub rest: Rest<'a>,
    /// VLANs.
    pub path: Path,
    /// Source and destination MAC address.
    pub mac: Option<[[u8; 6]; 2]>,
}

/// The network protocol of a frame.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Network {
    /// IPv4.
    V4,
    /// IPv6.
    V6,
    /// The version field of the packet tells.
    ByVersion,
}

/// Finds the IP packet in a frame.
///
/// # Errors
/// Why there is none.
pub fn walk(link: LinkType, rest: Rest<'_>) -> Result<Frame<'_>, Skip> {
    match link {
        LinkType::ETHERNET => ethernet::frame(rest),
        LinkType::LINUX_SLL => cooked(rest),
        LinkType::LINUX_SLL2 => cooked2(rest),
        LinkType::RAW | LinkType::RAW_BSD | LinkType::RAW_OPENBSD => Ok(plain(Network::ByVersion, rest)),
        LinkType::IPV4 => Ok(plain(Network::V4, rest)),
        LinkType::IPV6 => Ok(plain(Network::V6, rest)),
        LinkType::NULL | LinkType::LOOP => loopback(rest),
        LinkType::PPP => ppp(rest),
        LinkType::PPP_SERIAL => ppp_serial(rest),
        LinkType::PPP_WITH_DIR => ppp(rest.skip(1)?),
        LinkType::CISCO_HDLC => cisco_hdlc(rest),
        LinkType::ENC => enc(rest),
        LinkType::PFLOG => pflog(rest),
        LinkType::IEEE802_11 | LinkType::PRISM | LinkType::RADIOTAP | LinkType::AVS | LinkType::PPP_ETHER => {
            Err(Skip::Encapsulated)
        }
        _ => Err(Skip::UnknownLink),
    }
}

fn plain(network: Network, rest: Rest<'_>) -> Frame<'_> {
    Frame { network, rest, path: Path::default(), mac: None }
}

/// `LINKTYPE_LINUX_SLL`: packet type, ARPHRD, address length, address (8), protocol.
fn cooked(mut rest: Rest<'_>) -> Result<Frame<'_>, Skip> {
    let &[_, _, hardware @ .., p0, p1] = rest.take::<16>()?;
    cooked_protocol(u16::from_be_bytes([hardware[0], hardware[1]]), u16::from_be_bytes([p0, p1]), rest)
}

/// `LINKTYPE_LINUX_SLL2`: protocol, reserved, interface (4), ARPHRD, packet type, address length, address (8).
fn cooked2(mut rest: Rest<'_>) -> Result<Frame<'_>, Skip> {
    let &[p0, p1, _, _, _, _, _, _, h0, h1, ..] = rest.take::<20>()?;
    cooked_protocol(u16::from_be_bytes([h0, h1]), u16::from_be_bytes([p0, p1]), rest)
}

fn cooked_protocol(hardware: u16, protocol: u16, rest: Rest<'_>) -> Result<Frame<'_>, Skip> {
    const NETLINK: u16 = 824;
    const IEEE80211: std::ops::RangeInclusive<u16> = 801..=803;
    match (hardware, protocol) {
        (NETLINK, _) => Err(Skip::NotIp),
        (hardware, _) if IEEE80211.contains(&hardware) => Err(Skip::Encapsulated),
        (_, 4) => ethernet::llc(rest, Path::default(), None),
        (_, protocol) => ethernet::by_type(protocol, rest, Path::default(), None),
    }
}

/// `LINKTYPE_NULL` and `LINKTYPE_LOOP`: the address family, in the byte order of whoever wrote it.
fn loopback(mut rest: Rest<'_>) -> Result<Frame<'_>, Skip> {
    let family = *rest.take::<4>()?;
    by_family(u32::from_be_bytes(family).min(u32::from_le_bytes(family)), rest)
}

/// `LINKTYPE_ENC`: address family in host order, SPI, flags.
fn enc(mut rest: Rest<'_>) -> Result<Frame<'_>, Skip> {
    let &[a, b, c, d, ..] = rest.take::<12>()?;
    by_family(u32::from_be_bytes([a, b, c, d]).min(u32::from_le_bytes([a, b, c, d])), rest)
}

/// `LINKTYPE_PFLOG`: length of the header (padded to 4), address family, and what the filter did.
fn pflog(rest: Rest<'_>) -> Result<Frame<'_>, Skip> {
    let &[length, family] = rest.peek::<2>()?;
    by_family(family.into(), rest.skip(usize::from(length).next_multiple_of(4))?)
}

/// Address families as the BSDs, macOS, Linux and Windows number them.
fn by_family(family: u32, rest: Rest<'_>) -> Result<Frame<'_>, Skip> {
    match family {
        2 => Ok(plain(Network::V4, rest)),
        10 | 23 | 24 | 28 | 30 => Ok(plain(Network::V6, rest)),
        _ => Err(Skip::NotIp),
    }
}

/// `LINKTYPE_PPP_HDLC`: PPP in HDLC-like framing, or Cisco's framing on the same line.
fn ppp_serial(rest: Rest<'_>) -> Result<Frame<'_>, Skip> {
    match rest.peek::<1>()? {
        [0x0f | 0x8f] => cisco_hdlc(rest),
        _ => ppp(rest),
    }
}

/// PPP (RFC 1661, RFC 1662 §3): address and control may be left out, the protocol compressed to its odd byte.
fn ppp(mut rest: Rest<'_>) -> Result<Frame<'_>, Skip> {
    if let [0xff, 0x03] = rest.peek::<2>()? {
        rest = rest.skip(2)?;
    }
    let protocol = match *rest.peek::<1>()? {
        [odd] if odd & 1 == 1 => u16::from(rest.take::<1>()?[0]),
        _ => u16::from_be_bytes(*rest.take::<2>()?),
    };
    match protocol {
        0x0021 => Ok(plain(Network::V4, rest)),
        0x0057 => Ok(plain(Network::V6, rest)),
        // header compression, multilink, compression, encryption, MPLS
        0x002d | 0x002f | 0x003d | 0x0053 | 0x00fb | 0x00fd | 0x0281 | 0x0283 => Err(Skip::Encapsulated),
        _ => Err(Skip::NotIp),
    }
}

/// `LINKTYPE_C_HDLC`: address, control, EtherType.
fn cisco_hdlc(mut rest: Rest<'_>) -> Result<Frame<'_>, Skip> {
    let &[_, _, t0, t1] = rest.take::<4>()?;
    ethernet::by_type(u16::from_be_bytes([t0, t1]), rest, Path::default(), None)
}
