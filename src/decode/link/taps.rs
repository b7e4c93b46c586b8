//! What capturing devices and programs put in front of what they saw.

use crate::decode::ethernet;
use crate::decode::frame::{Frame, Layer, Network};
use crate::decode::rest::Rest;
use crate::model::{LinkType, Skip};

/// An Ethernet frame behind `count` bytes: `LINKTYPE_NETANALYZER` (4), with the preamble `LINKTYPE_NETANALYZER_TRANSPARENT`
/// (12), `LINKTYPE_EPON` (8, in place of the preamble), `LINKTYPE_DSA_TAG_BRCM_PREPEND` (4).
///
/// # Errors
/// Why nothing can follow.
pub fn ethernet_behind(count: usize, frame: &mut Frame<'_>) -> Result<Layer, Skip> {
    frame.rest = frame.rest.skip(count)?;
    Ok(Layer::Ethernet)
}

/// `LINKTYPE_ETHERNET_MPACKET`: preamble, the last byte of which tells whole frames and beginnings from what goes on after an
/// interruption (IEEE 802.3br).
///
/// # Errors
/// Why nothing can follow.
pub fn mpacket(frame: &mut Frame<'_>) -> Result<Layer, Skip> {
    match frame.rest.take::<8>()?[7] {
        0xd5 | 0xe6 | 0x4c | 0x7f | 0xb3 => Ok(Layer::Ethernet),
        0x61 | 0x52 | 0x9e | 0x2a => Err(Skip::Encapsulated),
        _ => Err(Skip::Malformed),
    }
}

/// `LINKTYPE_NFLOG`: address family, version 0, group; then fields of length, kind and content, padded to 4 bytes, in the
/// byte order of the machine that wrote them. One is the packet.
///
/// # Errors
/// Why nothing can follow.
pub fn nflog(frame: &mut Frame<'_>) -> Result<Layer, Skip> {
    const PACKET: u16 = 9;
    let &[_, version, ..] = frame.rest.take::<4>()?;
    if version != 0 {
        return Err(Skip::Malformed);
    }
    loop {
        let (length, kind) = field(&frame.rest)?;
        let Some(content) = length.checked_sub(4) else { return Err(Skip::Malformed) };
        if kind == PACKET {
            frame.rest = frame.rest.skip(4)?.limit(content);
            return Ok(Layer::Ip(Network::ByVersion));
        }
        frame.rest = frame.rest.skip(length.next_multiple_of(4))?;
    }
}

/// Length and kind; kinds are small numbers, which tells the byte order.
fn field(rest: &Rest<'_>) -> Result<(usize, u16), Skip> {
    let &[l0, l1, k0, k1] = rest.peek::<4>()?;
    let (length, kind) = if k0 != 0 { ([l0, l1], k0) } else { ([l1, l0], k1) };
    Ok((u16::from_le_bytes(length).into(), kind.into()))
}

/// `LINKTYPE_PKTAP`: length of the header, what follows (1: a packet), link type of the packet, and the process it belongs
/// to, as macOS knows them.
///
/// # Errors
/// Why nothing can follow.
pub fn pktap(frame: &mut Frame<'_>) -> Result<Layer, Skip> {
    let &[l0, l1, l2, l3, kind, 0, 0, 0, n0, n1, n2, n3] = frame.rest.peek::<12>()? else {
        return Err(Skip::Malformed);
    };
    if kind != 1 {
        return Err(Skip::NotIp);
    }
    frame.rest = frame.rest.skip(u32::from_le_bytes([l0, l1, l2, l3]) as usize)?;
    frame.descend()?;
    Ok(LinkType(u32::from_le_bytes([n0, n1, n2, n3])).into())
}

/// `LINKTYPE_IPNET`: version, address family as Solaris numbers them, and 22 bytes on interfaces and zones.
///
/// # Errors
/// Why nothing can follow.
pub fn ipnet(frame: &mut Frame<'_>) -> Result<Layer, Skip> {
    match frame.rest.take::<24>()? {
        [_, 2, ..] => Ok(Layer::Ip(Network::V4)),
        [_, 26, ..] => Ok(Layer::Ip(Network::V6)),
        _ => Err(Skip::NotIp),
    }
}

/// `LINKTYPE_SYMANTEC_FIREWALL`: 44 bytes with the EtherType among them, or 56 with it elsewhere.
///
/// # Errors
/// Why nothing can follow.
pub fn symantec(frame: &mut Frame<'_>) -> Result<Layer, Skip> {
    let header = frame.rest.peek::<44>()?;
    let (older, newer) = (u16::from_be_bytes([header[6], header[7]]), u16::from_be_bytes([header[36], header[37]]));
    let (ether_type, length) = if older == 0 { (newer, 56) } else { (older, 44) };
    frame.rest = frame.rest.skip(length)?;
    ethernet::announced(ether_type)
}

/// `LINKTYPE_JUNIPER_*`: a sign, flags, perhaps extensions (2 bytes of length in front). Without a link layer there is a
/// protocol family (4 bytes) in its place.
///
/// # Errors
/// Why nothing can follow.
pub fn juniper(inside: Layer, frame: &mut Frame<'_>) -> Result<Layer, Skip> {
    const HAS_EXTENSIONS: u8 = 0x80;
    const NO_LINK: u8 = 0x02;
    let &[b'M', b'G', b'C', flags] = frame.rest.take::<4>()? else { return Err(Skip::Malformed) };
    if flags & HAS_EXTENSIONS != 0 {
        let length = u16::from_be_bytes(*frame.rest.take::<2>()?);
        frame.rest = frame.rest.skip(length.into())?;
    }
    if flags & NO_LINK != 0 {
        frame.rest = frame.rest.skip(4)?;
        return Ok(Layer::Ip(Network::ByVersion));
    }
    Ok(inside)
}
