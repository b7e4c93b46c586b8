//! From the link type of a capture to the first layer (<https://www.tcpdump.org/linktypes.html>).

mod lines;
mod networks;
mod taps;

use super::ethernet;
use super::frame::{Frame, Layer, Network};
use super::shim::pppoe;
use super::wifi::{self, Radio};
use crate::model::{LinkType, Skip};

/// Takes off what is the link type's own.
///
/// # Errors
/// Why nothing can follow.
pub fn walk(link: LinkType, frame: &mut Frame<'_>) -> Result<Layer, Skip> {
    match link {
        LinkType::ETHERNET => Ok(Layer::Ethernet),
        LinkType::LINUX_SLL => cooked(frame),
        LinkType::LINUX_SLL2 => cooked2(frame),
        LinkType::RAW | LinkType::RAW_BSD | LinkType::RAW_OPENBSD => Ok(Layer::Ip(Network::ByVersion)),
        LinkType::IPV4 => Ok(Layer::Ip(Network::V4)),
        LinkType::IPV6 => Ok(Layer::Ip(Network::V6)),
        LinkType::NULL | LinkType::LOOP => loopback(frame),
        LinkType::PPP => Ok(Layer::Ppp),
        LinkType::PPP_SERIAL => ppp_serial(frame),
        LinkType::PPP_WITH_DIR => ppp_with_dir(frame),
        LinkType::CISCO_HDLC => cisco_hdlc(frame),
        LinkType::ENC => enc(frame),
        LinkType::PFLOG => pflog(frame),
        LinkType::IEEE802_11 => Ok(Layer::Wifi(Radio::default())),
        LinkType::PRISM => wifi::prism(frame),
        LinkType::RADIOTAP => wifi::radiotap(frame),
        LinkType::AVS => wifi::avs(frame),
        LinkType::PPI => wifi::ppi(frame),
        LinkType::PPP_ETHER => pppoe::session(frame),
        LinkType::PPP_PPPD => lines::pppd(frame),
        LinkType::SLIP => lines::slip(frame),
        LinkType::FRAME_RELAY => lines::frame_relay(frame),
        LinkType::ATM | LinkType::ATM_BSD => lines::atm(frame),
        LinkType::SUN_ATM => lines::sun_atm(frame),
        LinkType::DOCSIS => lines::docsis(frame),
        LinkType::FDDI => networks::fddi(frame),
        LinkType::IP_OVER_FC => networks::fibre_channel(frame),
        LinkType::IEEE1394 => networks::firewire(frame),
        LinkType::IPOIB => networks::infiniband(frame),
        LinkType::DSA_BRCM => networks::broadcom(frame),
        LinkType::DSA => networks::marvell(frame),
        LinkType::EDSA => networks::marvell_typed(frame),
        LinkType::DSA_BRCM_PREPEND | LinkType::NETANALYZER => taps::ethernet_behind(4, frame),
        LinkType::EPON => taps::ethernet_behind(8, frame),
        LinkType::NETANALYZER_TRANSPARENT => taps::ethernet_behind(12, frame),
        LinkType::MPACKET => taps::mpacket(frame),
        LinkType::NFLOG => taps::nflog(frame),
        LinkType::PKTAP => taps::pktap(frame),
        LinkType::IPNET => taps::ipnet(frame),
        LinkType::SYMANTEC => taps::symantec(frame),
        LinkType::JUNIPER_ETHER => taps::juniper(Layer::Ethernet, frame),
        LinkType::JUNIPER_PPP => taps::juniper(Layer::Ppp, frame),
        LinkType::JUNIPER_FRELAY => taps::juniper(LinkType::FRAME_RELAY.into(), frame),
        LinkType::JUNIPER_CHDLC => taps::juniper(LinkType::CISCO_HDLC.into(), frame),
        _ => Err(Skip::UnknownLink),
    }
}

/// `LINKTYPE_LINUX_SLL`: packet type, ARPHRD, address length, address (8), protocol.
fn cooked(frame: &mut Frame<'_>) -> Result<Layer, Skip> {
    let &[_, _, hardware @ .., p0, p1] = frame.rest.take::<16>()?;
    cooked_protocol(u16::from_be_bytes([hardware[0], hardware[1]]), u16::from_be_bytes([p0, p1]), frame)
}

/// `LINKTYPE_LINUX_SLL2`: protocol, reserved, interface (4), ARPHRD, packet type, address length, address (8).
fn cooked2(frame: &mut Frame<'_>) -> Result<Layer, Skip> {
    let &[p0, p1, _, _, _, _, _, _, h0, h1, ..] = frame.rest.take::<20>()?;
    cooked_protocol(u16::from_be_bytes([h0, h1]), u16::from_be_bytes([p0, p1]), frame)
}

/// What stands behind the header: the kind of the interface (ARPHRD_) may say more than the protocol.
fn cooked_protocol(hardware: u16, protocol: u16, frame: &mut Frame<'_>) -> Result<Layer, Skip> {
    const NETLINK: u16 = 824;
    const IEEE80211: u16 = 801;
    const IEEE80211_PRISM: u16 = 802;
    const IEEE80211_RADIOTAP: u16 = 803;
    match (hardware, protocol) {
        (NETLINK, _) => Err(Skip::NotIp),
        (IEEE80211, _) => Ok(Layer::Wifi(Radio::default())),
        (IEEE80211_PRISM, _) => wifi::prism(frame),
        (IEEE80211_RADIOTAP, _) => wifi::radiotap(frame),
        (_, 4) => Ok(Layer::Llc),
        (_, protocol) => ethernet::announced(protocol),
    }
}

/// `LINKTYPE_NULL` and `LINKTYPE_LOOP`: the address family, in the byte order of whoever wrote it; of PPP on macOS Cisco's framing.
fn loopback(frame: &mut Frame<'_>) -> Result<Layer, Skip> {
    if let [0x0f | 0x8f, 0, 8..=255, _] = frame.rest.peek::<4>()? {
        return cisco_hdlc(frame);
    }
    let family = *frame.rest.take::<4>()?;
    by_family(u32::from_be_bytes(family).min(u32::from_le_bytes(family)))
}

/// `LINKTYPE_ENC`: address family in host order, SPI, flags.
fn enc(frame: &mut Frame<'_>) -> Result<Layer, Skip> {
    let &[a, b, c, d, ..] = frame.rest.take::<12>()?;
    by_family(u32::from_be_bytes([a, b, c, d]).min(u32::from_le_bytes([a, b, c, d])))
}

/// `LINKTYPE_PFLOG`: length of the header (padded to 4), address family, and what the filter did.
fn pflog(frame: &mut Frame<'_>) -> Result<Layer, Skip> {
    let &[length, family] = frame.rest.peek::<2>()?;
    frame.rest = frame.rest.skip(usize::from(length).next_multiple_of(4))?;
    by_family(family.into())
}

/// Address families as the BSDs, macOS, Linux and Windows number them.
fn by_family(family: u32) -> Result<Layer, Skip> {
    match family {
        2 => Ok(Layer::Ip(Network::V4)),
        10 | 23 | 24 | 28 | 30 => Ok(Layer::Ip(Network::V6)),
        _ => Err(Skip::NotIp),
    }
}

/// `LINKTYPE_PPP_HDLC`: PPP in HDLC-like framing, or Cisco's framing on the same line.
fn ppp_serial(frame: &mut Frame<'_>) -> Result<Layer, Skip> {
    match frame.rest.peek::<1>()? {
        [0x0f | 0x8f] => cisco_hdlc(frame),
        _ => Ok(Layer::Ppp),
    }
}

/// `LINKTYPE_PPP_WITH_DIR`: a byte in front says whether the frame was sent or received.
fn ppp_with_dir(frame: &mut Frame<'_>) -> Result<Layer, Skip> {
    frame.rest = frame.rest.skip(1)?;
    Ok(Layer::Ppp)
}

/// `LINKTYPE_C_HDLC`: address, control, EtherType.
fn cisco_hdlc(frame: &mut Frame<'_>) -> Result<Layer, Skip> {
    let &[_, _, t0, t1] = frame.rest.take::<4>()?;
    ethernet::announced(u16::from_be_bytes([t0, t1]))
}
