//! Lines between two ends: frame relay (RFC 2427), ATM (RFC 2684), serial lines and cable.

use crate::decode::ethernet;
use crate::decode::frame::{Frame, Layer, Network};
use crate::model::Skip;

/// SNAP of a bridged Ethernet frame, with its check sequence or without.
const BRIDGED: [[u8; 5]; 2] = [[0, 0x80, 0xc2, 0, 1], [0, 0x80, 0xc2, 0, 7]];

/// `LINKTYPE_FRELAY`: an address that ends where a last bit is 1, then control and network protocol (RFC 2427), or Cisco's
/// EtherType.
///
/// # Errors
/// Why nothing can follow.
pub fn frame_relay(frame: &mut Frame<'_>) -> Result<Layer, Skip> {
    while frame.rest.take::<1>()?[0] & 1 == 0 {}
    if frame.rest.peek::<1>()? != &[0x03] {
        return ethernet::announced(u16::from_be_bytes(*frame.rest.take::<2>()?));
    }
    frame.rest = frame.rest.skip(1)?;
    if frame.rest.peek::<1>()? == &[0] {
        // keeps what follows on an even byte
        frame.rest = frame.rest.skip(1)?;
    }
    match frame.rest.take::<1>()?[0] {
        0xcc => Ok(Layer::Ip(Network::V4)),
        0x8e => Ok(Layer::Ip(Network::V6)),
        0xcf => Ok(Layer::Ppp),
        0x80 => match *frame.rest.take::<5>()? {
            [0, 0, 0, t0, t1] => ethernet::announced(u16::from_be_bytes([t0, t1])),
            snap if BRIDGED.contains(&snap) => Ok(Layer::Ethernet),
            _ => Err(Skip::NotIp),
        },
        _ => Err(Skip::NotIp),
    }
}

/// `LINKTYPE_ATM_RFC1483`: 802.2; bridged frames have two bytes in front (RFC 2684 §5.2), PPP has a sign of its own
/// (RFC 2364 §4).
///
/// # Errors
/// Why nothing can follow.
pub fn atm(frame: &mut Frame<'_>) -> Result<Layer, Skip> {
    match *frame.rest.peek::<8>()? {
        [0xaa, 0xaa, 0x03, ref snap @ ..] if BRIDGED.contains(snap) => {
            frame.rest = frame.rest.skip(10)?;
            Ok(Layer::Ethernet)
        }
        [0xfe, 0xfe, 0x03, 0xcf, ..] => {
            frame.rest = frame.rest.skip(4)?;
            Ok(Layer::Ppp)
        }
        _ => Ok(Layer::Llc),
    }
}

/// `LINKTYPE_SUNATM`: direction and kind, path, circuit; LAN emulation puts the sender's number in front of its frames.
///
/// # Errors
/// Why nothing can follow.
pub fn sun_atm(frame: &mut Frame<'_>) -> Result<Layer, Skip> {
    let &[kind, ..] = frame.rest.take::<4>()?;
    match kind & 0x0f {
        1 => {
            frame.rest = frame.rest.skip(2)?;
            Ok(Layer::Ethernet)
        }
        2 => atm(frame),
        _ => Err(Skip::NotIp),
    }
}

/// `LINKTYPE_SLIP`: direction, then the compression of RFC 1144 in the upper bits of a byte of 15: only what was not touched
/// by it can be read.
///
/// # Errors
/// Why nothing can follow.
pub fn slip(frame: &mut Frame<'_>) -> Result<Layer, Skip> {
    let &[_, kind, ..] = frame.rest.take::<16>()?;
    if kind >> 4 < 7 { Ok(Layer::Ip(Network::ByVersion)) } else { Err(Skip::Encapsulated) }
}

/// `LINKTYPE_PPP_PPPD`: a direction where PPP has its address.
///
/// # Errors
/// Why nothing can follow.
pub fn pppd(frame: &mut Frame<'_>) -> Result<Layer, Skip> {
    frame.rest = frame.rest.skip(if frame.rest.peek::<2>()?[1] == 0x03 { 2 } else { 1 })?;
    Ok(Layer::Ppp)
}

/// `LINKTYPE_DOCSIS`: frame control, length of the extended header, length of it and the frame; extended header, check
/// sequence (DOCSIS MULPI §6.2).
///
/// # Errors
/// Why nothing can follow.
pub fn docsis(frame: &mut Frame<'_>) -> Result<Layer, Skip> {
    let &[control, extended, l0, l1] = frame.rest.take::<4>()?;
    if control >> 6 != 0 {
        return Err(Skip::NotIp);
    }
    let extended = if control & 1 == 0 { 0 } else { usize::from(extended) };
    let length = usize::from(u16::from_be_bytes([l0, l1])).checked_sub(extended).ok_or(Skip::Malformed)?;
    let behind = frame.rest.skip(extended + 2)?.limit(length);
    if is_private(&frame.rest.seen()[..extended]) {
        return Err(Skip::Encrypted);
    }
    frame.rest = behind;
    Ok(Layer::Ethernet)
}

/// One of the elements (4 bits of type, 4 of length) says that the frame is encrypted.
fn is_private(mut elements: &[u8]) -> bool {
    while let [head, behind @ ..] = elements {
        let (value, next) = behind.split_at(usize::from(head & 0x0f).min(behind.len()));
        if matches!((head >> 4, value), (3 | 4, [_, enabled, ..]) if enabled & 0x80 != 0) {
            return true;
        }
        elements = next;
    }
    false
}
