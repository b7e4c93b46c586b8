//! IPv4 (RFC 791) and IPv6 (RFC 8200) headers, extension headers and the authentication header (RFC 4302).
//!
//! A total length of 0 is what segmentation offload leaves: the packet then ends with the frame. So does an IPv6
//! payload length of 0, which is also what a jumbogram has (RFC 2675).

use std::net::{Ipv4Addr, Ipv6Addr};

use super::found::{Fragment, Key, Place};
use super::frame::{Frame, Ip, Layer, Network};
use super::rest::Rest;
use crate::model::Skip;

/// What an IP packet carries.
pub enum Carried<'a> {
    /// A whole packet of this protocol; the frame begins with it now.
    Whole(u8),
    /// A part of one.
    Fragment(Box<Fragment<'a>>),
}

/// Takes off the header and its extensions.
///
/// # Errors
/// Why nothing can follow.
#[inline]
pub fn walk<'a>(network: Network, frame: &mut Frame<'a>) -> Result<Carried<'a>, Skip> {
    let version = frame.rest.peek::<1>()?[0] >> 4;
    match (network, version) {
        (Network::V4 | Network::ByVersion, 4) => v4(frame),
        (Network::V6 | Network::ByVersion, 6) => v6(frame),
        (Network::ByVersion, _) => Err(Skip::NotIp),
        _ => Err(Skip::Malformed),
    }
}

fn v4<'a>(frame: &mut Frame<'a>) -> Result<Carried<'a>, Skip> {
    let header = frame.rest.peek::<20>()?;
    let &[version, _, l0, l1, i0, i1, f0, f1, ttl, protocol, _, _, ref addresses @ ..] = header;
    let &[s0, s1, s2, s3, d0, d1, d2, d3] = addresses;
    let length = usize::from(version & 0x0f) * 4;
    if length < 20 {
        return Err(Skip::Malformed);
    }
    let rest = match usize::from(u16::from_be_bytes([l0, l1])) {
        0 => frame.rest.ending_with_frame(),
        total => frame.rest.limit(total),
    };
    frame.rest = rest.skip(length)?;
    let (src, dst) = (Ipv4Addr::new(s0, s1, s2, s3).into(), Ipv4Addr::new(d0, d1, d2, d3).into());
    frame.ip = Ip { src, dst, ttl, routed: false };
    let flags = u16::from_be_bytes([f0, f1]);
    match Part::of(flags & 0x1fff, flags & 0x2000 != 0) {
        None => upper(protocol, Network::V4, frame),
        Some(part) => part.of_packet(frame, protocol, u16::from_be_bytes([i0, i1]).into(), protocol),
    }
}

fn v6<'a>(frame: &mut Frame<'a>) -> Result<Carried<'a>, Skip> {
    let &[_, _, _, _, l0, l1, next, ttl] = frame.rest.take::<8>()?;
    let (src, dst) = (Ipv6Addr::from(*frame.rest.take::<16>()?), Ipv6Addr::from(*frame.rest.take::<16>()?));
    frame.rest = match usize::from(u16::from_be_bytes([l0, l1])) {
        0 => frame.rest.ending_with_frame(),
        payload => frame.rest.limit(payload),
    };
    frame.ip = Ip { src: src.into(), dst: dst.into(), ttl, routed: false };
    upper(next, Network::V6, frame)
}

/// Takes extension headers off until another protocol begins. Each takes at least 8 bytes, so this ends.
///
/// # Errors
/// Why nothing can follow.
#[inline]
pub fn upper<'a>(mut protocol: u8, network: Network, frame: &mut Frame<'a>) -> Result<Carried<'a>, Skip> {
    loop {
        protocol = match (protocol, network) {
            (51, _) => authentication(&mut frame.rest)?,
            (43, Network::V6) => routing(frame)?,
            (44, Network::V6) => {
                let &[next, _, o0, o1, i0, i1, i2, i3] = frame.rest.take::<8>()?;
                let offset = u16::from_be_bytes([o0, o1]);
                match Part::of(offset >> 3, offset & 1 != 0) {
                    // an atomic fragment (RFC 6946) is a whole packet
                    None => next,
                    Some(part) => return part.of_packet(frame, next, u32::from_be_bytes([i0, i1, i2, i3]), 0),
                }
            }
            (0 | 60 | 135 | 139 | 140, Network::V6) => extension(&mut frame.rest)?,
            _ => return Ok(Carried::Whole(protocol)),
        };
    }
}

/// RFC 6564: next header, length in units of 8 bytes without the first.
fn extension(rest: &mut Rest<'_>) -> Result<u8, Skip> {
    let &[next, length] = rest.peek::<2>()?;
    *rest = rest.skip(8 + 8 * usize::from(length))?;
    Ok(next)
}

/// RFC 8200 §4.4. With segments left, the address in the IP header is not yet the last.
fn routing(frame: &mut Frame<'_>) -> Result<u8, Skip> {
    let &[_, _, _, segments_left] = frame.rest.peek::<4>()?;
    frame.ip.routed |= segments_left > 0;
    extension(&mut frame.rest)
}

/// RFC 4302 §2.2: next header, length in units of 4 bytes without the first two.
fn authentication(rest: &mut Rest<'_>) -> Result<u8, Skip> {
    let &[next, length] = rest.peek::<2>()?;
    *rest = rest.skip((8 + 4 * usize::from(length)).max(12))?;
    Ok(next)
}

/// Where a fragment belongs.
struct Part {
    /// In units of 8 bytes.
    offset: u16,
    more: bool,
}

impl Part {
    /// `None` if this is all of its packet.
    #[inline]
    fn of(offset: u16, more: bool) -> Option<Part> {
        (offset != 0 || more).then_some(Part { offset, more })
    }

    /// RFC 791 §3.2, RFC 8200 §4.5: all but the last are a multiple of 8 bytes long, and no packet is longer than its length
    /// field can say.
    #[cold]
    fn of_packet<'a>(self, frame: &Frame<'a>, protocol: u8, id: u32, told_by: u8) -> Result<Carried<'a>, Skip> {
        let (payload, missing) = (frame.rest.seen(), frame.rest.missing());
        let length = payload.len() + missing as usize;
        let end = usize::from(self.offset) * 8 + length;
        if length == 0 || end > usize::from(u16::MAX) || (self.more && !length.is_multiple_of(8)) {
            return Err(Skip::Malformed);
        }
        let Ip { src, dst, .. } = frame.ip;
        let version = if src.is_ipv4() { Network::V4 } else { Network::V6 };
        Ok(Carried::Fragment(Box::new(Fragment {
            key: Key::Ip { path: frame.path.clone(), ends: [src, dst], id, protocol: told_by },
            place: Place::Offset(self.offset * 8),
            more: self.more,
            payload,
            cut: missing > 0,
            onward: frame.onward(Layer::Upper(protocol, version)),
        })))
    }
}
