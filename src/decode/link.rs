//! The link walk: from the link type of a capture to the IP packet (<https://www.tcpdump.org/linktypes.html>).

use super::ethernet;
use super::rest::Rest;
use crate::model::{LinkType, Path, Skip};

/// A frame while its link layers are walked, in place: moving it between rooms would cost more than reading it.
#[derive(Debug)]
pub struct Frame<'a> {
    /// From the next header on.
    pub rest: Rest<'a>,
    /// VLANs so far.
    pub path: Path,
    /// Source and destination MAC address.
    pub mac: Option<[[u8; 6]; 2]>,
}

impl<'a> Frame<'a> {
    /// A frame nothing is known of yet.
    pub fn new(rest: Rest<'a>) -> Self {
        Frame { rest, path: Path::default(), mac: None }
    }
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

/// Walks to the IP packet in a frame, which then is what is left of it.
///
/// # Errors
/// Why there is none.
pub fn walk(link: LinkType, frame: &mut Frame<'_>) -> Result<Network, Skip> {
    match link {
        LinkType::ETHERNET => ethernet::frame(frame),
        LinkType::LINUX_SLL => cooked(frame),
        LinkType::LINUX_SLL2 => cooked2(frame),
        LinkType::RAW | LinkType::RAW_BSD | LinkType::RAW_OPENBSD => Ok(Network::ByVersion),
        LinkType::IPV4 => Ok(Network::V4),
        LinkType::IPV6 => Ok(Network::V6),
        LinkType::NULL | LinkType::LOOP => loopback(frame),
        LinkType::PPP => ppp(frame),
        LinkType::PPP_SERIAL => ppp_serial(frame),
        LinkType::PPP_WITH_DIR => ppp_with_dir(frame),
        LinkType::CISCO_HDLC => cisco_hdlc(frame),
        LinkType::ENC => enc(frame),
        LinkType::PFLOG => pflog(frame),
        LinkType::IEEE802_11 | LinkType::PRISM | LinkType::RADIOTAP | LinkType::AVS | LinkType::PPP_ETHER => {
            Err(Skip::Encapsulated)
        }
        _ => Err(Skip::UnknownLink),
    }
}

/// `LINKTYPE_LINUX_SLL`: packet type, ARPHRD, address length, address (8), protocol.
fn cooked(frame: &mut Frame<'_>) -> Result<Network, Skip> {
    let &[_, _, hardware @ .., p0, p1] = frame.rest.take::<16>()?;
    cooked_protocol(u16::from_be_bytes([hardware[0], hardware[1]]), u16::from_be_bytes([p0, p1]), frame)
}

/// `LINKTYPE_LINUX_SLL2`: protocol, reserved, interface (4), ARPHRD, packet type, address length, address (8).
fn cooked2(frame: &mut Frame<'_>) -> Result<Network, Skip> {
    let &[p0, p1, _, _, _, _, _, _, h0, h1, ..] = frame.rest.take::<20>()?;
    cooked_protocol(u16::from_be_bytes([h0, h1]), u16::from_be_bytes([p0, p1]), frame)
}

fn cooked_protocol(hardware: u16, protocol: u16, frame: &mut Frame<'_>) -> Result<Network, Skip> {
    const NETLINK: u16 = 824;
    const IEEE80211: std::ops::RangeInclusive<u16> = 801..=803;
    match (hardware, protocol) {
        (NETLINK, _) => Err(Skip::NotIp),
        (hardware, _) if IEEE80211.contains(&hardware) => Err(Skip::Encapsulated),
        (_, 4) => ethernet::llc(frame),
        (_, protocol) => ethernet::by_type(protocol, frame),
    }
}

/// `LINKTYPE_NULL` and `LINKTYPE_LOOP`: the address family, in the byte order of whoever wrote it.
fn loopback(frame: &mut Frame<'_>) -> Result<Network, Skip> {
    let family = *frame.rest.take::<4>()?;
    by_family(u32::from_be_bytes(family).min(u32::from_le_bytes(family)))
}

/// `LINKTYPE_ENC`: address family in host order, SPI, flags.
fn enc(frame: &mut Frame<'_>) -> Result<Network, Skip> {
    let &[a, b, c, d, ..] = frame.rest.take::<12>()?;
    by_family(u32::from_be_bytes([a, b, c, d]).min(u32::from_le_bytes([a, b, c, d])))
}

/// `LINKTYPE_PFLOG`: length of the header (padded to 4), address family, and what the filter did.
fn pflog(frame: &mut Frame<'_>) -> Result<Network, Skip> {
    let &[length, family] = frame.rest.peek::<2>()?;
    frame.rest = frame.rest.skip(usize::from(length).next_multiple_of(4))?;
    by_family(family.into())
}

/// Address families as the BSDs, macOS, Linux and Windows number them.
fn by_family(family: u32) -> Result<Network, Skip> {
    match family {
        2 => Ok(Network::V4),
        10 | 23 | 24 | 28 | 30 => Ok(Network::V6),
        _ => Err(Skip::NotIp),
    }
}

/// `LINKTYPE_PPP_HDLC`: PPP in HDLC-like framing, or Cisco's framing on the same line.
fn ppp_serial(frame: &mut Frame<'_>) -> Result<Network, Skip> {
    match frame.rest.peek::<1>()? {
        [0x0f | 0x8f] => cisco_hdlc(frame),
        _ => ppp(frame),
    }
}

/// `LINKTYPE_PPP_WITH_DIR`: a byte in front says whether the frame was sent or received.
fn ppp_with_dir(frame: &mut Frame<'_>) -> Result<Network, Skip> {
    frame.rest = frame.rest.skip(1)?;
    ppp(frame)
}

/// PPP (RFC 1661, RFC 1662 §3): address and control may be left out, the protocol compressed to its odd byte.
fn ppp(frame: &mut Frame<'_>) -> Result<Network, Skip> {
    if let [0xff, 0x03] = frame.rest.peek::<2>()? {
        frame.rest = frame.rest.skip(2)?;
    }
    let protocol = match *frame.rest.peek::<1>()? {
        [odd] if odd & 1 == 1 => u16::from(frame.rest.take::<1>()?[0]),
        _ => u16::from_be_bytes(*frame.rest.take::<2>()?),
    };
    match protocol {
        0x0021 => Ok(Network::V4),
        0x0057 => Ok(Network::V6),
        // header compression, multilink, compression, encryption, MPLS
        0x002d | 0x002f | 0x003d | 0x0053 | 0x00fb | 0x00fd | 0x0281 | 0x0283 => Err(Skip::Encapsulated),
        _ => Err(Skip::NotIp),
    }
}

/// `LINKTYPE_C_HDLC`: address, control, EtherType.
fn cisco_hdlc(frame: &mut Frame<'_>) -> Result<Network, Skip> {
    let &[_, _, t0, t1] = frame.rest.take::<4>()?;
    ethernet::by_type(u16::from_be_bytes([t0, t1]), frame)
}
