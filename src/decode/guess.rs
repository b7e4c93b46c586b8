//! What lies behind a header that does not name it. Routers go by the first four bits; here the bytes must bear it out
//! where more than one reading is possible.

use super::frame::{Frame, Layer, Network};
use super::rest::Rest;
use crate::model::{LinkType, Skip};

/// An IP packet by its first four bits, unless it is clearly something else.
///
/// # Errors
/// [`Skip::CutHeader`] or [`Skip::Malformed`].
pub fn layer(rest: &Rest<'_>) -> Result<Layer, Skip> {
    rest.peek::<1>()?;
    Ok(certain(rest).unwrap_or(Layer::Ip(Network::ByVersion)))
}

/// What the bytes prove to be there: a packet with a header that is right, or what carries one.
pub fn certain(rest: &Rest<'_>) -> Option<Layer> {
    let bytes = rest.seen();
    if is_ip(bytes) {
        Some(Layer::Ip(Network::ByVersion))
    } else if is_ethernet(bytes) {
        Some(Layer::Ethernet)
    } else if is_ppp(bytes) {
        Some(Layer::Ppp)
    } else if is_hdlc(bytes) {
        Some(LinkType::CISCO_HDLC.into())
    } else {
        None
    }
}

/// As [`certain`], behind `count` more bytes, which are then taken off.
pub fn certain_behind(count: usize, frame: &mut Frame<'_>) -> Option<Layer> {
    let rest = frame.rest.skip(count).ok()?;
    let layer = certain(&rest)?;
    frame.rest = rest;
    Some(layer)
}

fn is_ip(bytes: &[u8]) -> bool {
    match bytes {
        [first, ..] if first >> 4 == 4 => is_ipv4(bytes),
        [first, ..] if first >> 4 == 6 => is_ipv6(bytes),
        _ => false,
    }
}

/// The header's checksum is right; of a header that was cut, its length must do.
fn is_ipv4(bytes: &[u8]) -> bool {
    let length = usize::from(bytes[0] & 0x0f) * 4;
    let sum = |header: &[u8]| header.chunks(2).map(|pair| u32::from(pair[0]) << 8 | u32::from(pair[1])).sum::<u32>();
    length >= 20 && bytes.get(..length).is_none_or(|header| sum(header) % 0xffff == 0)
}

/// What it says follows exists, and it may be passed on.
fn is_ipv6(bytes: &[u8]) -> bool {
    const KNOWN: [u8; 16] = [0, 4, 6, 17, 41, 43, 44, 47, 50, 51, 58, 59, 60, 89, 103, 132];
    let Some(&[_, _, _, _, _, _, next, hops]) = bytes.first_chunk::<8>() else { return false };
    KNOWN.contains(&next) && hops > 0
}

fn is_ethernet(bytes: &[u8]) -> bool {
    bytes.get(12..).is_some_and(is_typed)
}

/// An EtherType and what it announces.
fn is_typed(bytes: &[u8]) -> bool {
    let Some((&[t0, t1], behind)) = bytes.split_first_chunk::<2>() else { return false };
    match (u16::from_be_bytes([t0, t1]), behind) {
        (0x0800, [first, ..]) => first >> 4 == 4 && is_ipv4(behind),
        (0x86dd, [first, ..]) => first >> 4 == 6 && is_ipv6(behind),
        (0x8100 | 0x88a8 | 0x9100, [_, _, behind @ ..]) => is_typed(behind),
        (0x0806, hardware) => hardware.starts_with(&[0, 1, 8, 0, 6, 4]),
        (0x8847 | 0x8848 | 0x88cc, _) => true,
        (0x8863 | 0x8864, [version, ..]) => *version == 0x11,
        (..=1500, [0xaa, 0xaa, 3, ..] | [0x42, 0x42, 3, ..] | [0xfe, 0xfe, 3, ..]) => true,
        _ => false,
    }
}

fn is_ppp(bytes: &[u8]) -> bool {
    match bytes.strip_prefix(&[0xff, 0x03]).unwrap_or(bytes) {
        [0, 0x21 | 0x57, packet @ ..] | [0x21 | 0x57, packet @ ..] => is_ip(packet),
        _ => false,
    }
}

fn is_hdlc(bytes: &[u8]) -> bool {
    matches!(bytes, [0x0f | 0x8f, 0, typed @ ..] if is_typed(typed))
}
