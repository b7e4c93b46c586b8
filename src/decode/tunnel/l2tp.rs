//! Layer 2 tunnelling: version 2 carries PPP (RFC 2661 §3.1); version 3 anything, behind a cookie whose length both ends
//! know and no packet tells (RFC 3931 §4.1). Control messages are left as what they are.

use crate::decode::frame::{Frame, Layer};
use crate::decode::guess;
use crate::model::{Skip, TunnelKind};

const CONTROL: u16 = 0x8000;
const LENGTH: u16 = 0x4000;
const SEQUENCE: u16 = 0x0800;
const OFFSET: u16 = 0x0200;
/// Bits that are always 0 in version 2.
const RESERVED: u16 = 0x34f0;

/// Either version; the first two bytes tell.
///
/// # Errors
/// [`Skip::CutHeader`], [`Skip::Malformed`], [`Skip::Encapsulated`] or [`Skip::TooDeep`].
pub fn over_udp(frame: &mut Frame<'_>) -> Result<Option<Layer>, Skip> {
    let flags = u16::from_be_bytes(*frame.rest.take::<2>()?);
    match flags & 0x000f {
        2 if flags & (CONTROL | RESERVED) == 0 => version_2(flags, frame).map(Some),
        3 if flags & 0xfff0 == 0 && frame.rest.take::<2>()? == &[0, 0] => version_3(frame),
        _ => Ok(None),
    }
}

/// Version 3, without ports.
///
/// # Errors
/// [`Skip::CutHeader`], [`Skip::Malformed`], [`Skip::Encapsulated`] or [`Skip::TooDeep`].
pub fn over_ip(frame: &mut Frame<'_>) -> Result<Option<Layer>, Skip> {
    version_3(frame)
}

/// Length from the flags on, tunnel, session, two sequence numbers, an offset with as many bytes behind it.
fn version_2(flags: u16, frame: &mut Frame<'_>) -> Result<Layer, Skip> {
    if flags & LENGTH != 0 {
        let length = u16::from_be_bytes(*frame.rest.take::<2>()?);
        let taken = 4;
        frame.rest = frame.rest.limit(usize::from(length).checked_sub(taken).ok_or(Skip::Malformed)?);
    }
    let &[_, _, s0, s1] = frame.rest.take::<4>()?;
    if flags & SEQUENCE != 0 {
        frame.rest = frame.rest.skip(4)?;
    }
    if flags & OFFSET != 0 {
        let offset = u16::from_be_bytes(*frame.rest.take::<2>()?);
        frame.rest = frame.rest.skip(offset.into())?;
    }
    frame.tunnel(TunnelKind::L2tp, Some(u16::from_be_bytes([s0, s1]).into()))?;
    Ok(Layer::Ppp)
}

/// Session 0 is for control. A cookie has 0, 4 or 8 bytes, and may have 4 of sequence numbers behind it.
fn version_3(frame: &mut Frame<'_>) -> Result<Option<Layer>, Skip> {
    let session = u32::from_be_bytes(*frame.rest.take::<4>()?);
    if session == 0 {
        return Ok(None);
    }
    frame.tunnel(TunnelKind::L2tp, Some(session.into()))?;
    let inside = [0, 4, 8, 12].into_iter().find_map(|cookie| {
        let rest = frame.rest.skip(cookie).ok()?;
        Some((rest, guess::certain(&rest)?))
    });
    let (rest, layer) = inside.ok_or(Skip::Encapsulated)?;
    frame.rest = rest;
    Ok(Some(layer))
}
