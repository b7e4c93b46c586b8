//! Generic routing encapsulation (RFC 2784, RFC 2890), also over UDP (RFC 8086), and what is made of it: bridged networks
//! (RFC 7637), mirrored frames (erspan.rs), redirected packets (draft-wilson-wrec-wccp-v2 §4.12) and PPTP's enhanced form
//! (RFC 2637 §4.1).

use super::erspan;
use crate::decode::ethernet;
use crate::decode::frame::{Frame, Layer, Network};
use crate::model::{Skip, TunnelKind};

const CHECKSUM: u16 = 0x8000;
const ROUTING: u16 = 0x4000;
const KEY: u16 = 0x2000;
const SEQUENCE: u16 = 0x1000;
const ACKNOWLEDGEMENT: u16 = 0x0080;
const VERSION: u16 = 0x0007;
/// Bits that are always 0 where there is no routing.
const RESERVED: u16 = 0x4ff8;

const PPP: u16 = 0x880b;
const BRIDGING: u16 = 0x6558;
const ERSPAN_2: u16 = 0x88be;
const ERSPAN_3: u16 = 0x22eb;
const WCCP: u16 = 0x883e;

/// Any version.
///
/// # Errors
/// Why what is inside cannot be read.
pub fn over_ip(frame: &mut Frame<'_>) -> Result<Option<Layer>, Skip> {
    let &[f0, f1, t0, t1] = frame.rest.take::<4>()?;
    let (flags, ether_type) = (u16::from_be_bytes([f0, f1]), u16::from_be_bytes([t0, t1]));
    match flags & VERSION {
        0 => version_0(flags, ether_type, frame).map(Some),
        1 if ether_type == PPP && flags & KEY != 0 => enhanced(flags, frame),
        _ => Err(Skip::Malformed),
    }
}

/// Version 0, and all bits that mean nothing are 0: a port alone proves little.
///
/// # Errors
/// Why what is inside cannot be read.
pub fn over_udp(frame: &mut Frame<'_>) -> Result<Option<Layer>, Skip> {
    let &[f0, f1, ..] = frame.rest.peek::<4>()?;
    match u16::from_be_bytes([f0, f1]) & (RESERVED | VERSION) {
        0 => over_ip(frame),
        _ => Ok(None),
    }
}

/// Checksum (and 2 bytes), key, sequence number, each if its flag says so.
fn version_0(flags: u16, ether_type: u16, frame: &mut Frame<'_>) -> Result<Layer, Skip> {
    if flags & ROUTING != 0 {
        return Err(Skip::Encapsulated);
    }
    if flags & CHECKSUM != 0 {
        frame.rest = frame.rest.skip(4)?;
    }
    let key = if flags & KEY != 0 { Some(u32::from_be_bytes(*frame.rest.take::<4>()?)) } else { None };
    if flags & SEQUENCE != 0 {
        frame.rest = frame.rest.skip(4)?;
    }
    match ether_type {
        ERSPAN_2 if flags & SEQUENCE == 0 => erspan::type_1(frame),
        ERSPAN_2 => erspan::type_2(frame),
        ERSPAN_3 => erspan::type_3(frame),
        _ => {
            let (kind, id) = network(ether_type, key);
            frame.tunnel(kind, id.map(u64::from))?;
            if ether_type == WCCP { redirected(frame) } else { ethernet::announced(ether_type) }
        }
    }
}

/// The key of a bridged network is its number and 8 bits of hash (RFC 7637 §3.2). Numbers below 4096 and the highest are
/// no networks: that is then a key like any other.
fn network(ether_type: u16, key: Option<u32>) -> (TunnelKind, Option<u32>) {
    match key.map(|key| key >> 8) {
        Some(network @ 0x1000..0x00ff_ffff) if ether_type == BRIDGING => (TunnelKind::Nvgre, Some(network)),
        _ => (TunnelKind::Gre, key),
    }
}

/// Version 2 puts 4 bytes in front of the packet, version 1 none.
fn redirected(frame: &mut Frame<'_>) -> Result<Layer, Skip> {
    if frame.rest.peek::<1>()?[0] >> 4 != 4 {
        frame.rest = frame.rest.skip(4)?;
    }
    Ok(Layer::Ip(Network::V4))
}

/// The key is the length of the payload and the receiver's call; the numbers count packets. Without a sequence number there
/// is no payload.
fn enhanced(flags: u16, frame: &mut Frame<'_>) -> Result<Option<Layer>, Skip> {
    let &[l0, l1, c0, c1] = frame.rest.take::<4>()?;
    let length = usize::from(u16::from_be_bytes([l0, l1]));
    if flags & SEQUENCE == 0 || length == 0 {
        return Ok(None);
    }
    let numbers = if flags & ACKNOWLEDGEMENT == 0 { 4 } else { 8 };
    frame.rest = frame.rest.skip(numbers)?.limit(length);
    frame.tunnel(TunnelKind::Pptp, Some(u16::from_be_bytes([c0, c1]).into()))?;
    Ok(Some(Layer::Ppp))
}
