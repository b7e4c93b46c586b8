//! GPRS tunnelling: packets of users between the nodes of a mobile network (3GPP TS 29.281 §5, and TS 09.60 §6 for its
//! version 0). Whatever is not about a user's packet is left as UDP.

use crate::decode::frame::{Frame, Layer};
use crate::decode::guess;
use crate::model::{Skip, TunnelKind};

/// The message that is a user's packet.
const T_PDU: u8 = 255;

/// Flags, message, length of what follows the first 8 bytes, tunnel endpoint; numbers and extensions if flags say so.
///
/// # Errors
/// [`Skip::CutHeader`], [`Skip::Malformed`] or [`Skip::TooDeep`].
pub fn version_1(frame: &mut Frame<'_>) -> Result<Option<Layer>, Skip> {
    let &[flags, message, l0, l1, e0, e1, e2, e3] = frame.rest.take::<8>()?;
    if flags >> 4 != 0b0011 || message != T_PDU {
        return Ok(None);
    }
    frame.rest = frame.rest.limit(u16::from_be_bytes([l0, l1]).into());
    if flags & 0b111 != 0 {
        let &[_, _, _, next] = frame.rest.take::<4>()?;
        let has_extensions = flags & 0b100 != 0;
        extensions(if has_extensions { next } else { 0 }, frame)?;
    }
    frame.tunnel(TunnelKind::Gtp, Some(u32::from_be_bytes([e0, e1, e2, e3]).into()))?;
    guess::layer(&frame.rest).map(Some)
}

/// Each begins with its length (4 bytes each) and ends with the type of the next; 0 is none.
fn extensions(mut next: u8, frame: &mut Frame<'_>) -> Result<(), Skip> {
    while next != 0 {
        let length = 4 * usize::from(frame.rest.peek::<1>()?[0]);
        let Some(content) = length.checked_sub(1) else { return Err(Skip::Malformed) };
        frame.rest = frame.rest.skip(content)?;
        next = frame.rest.take::<1>()?[0];
    }
    Ok(())
}

/// Flags, message, length of what follows the header, numbers (8), tunnel (8).
///
/// # Errors
/// [`Skip::CutHeader`], [`Skip::Malformed`] or [`Skip::TooDeep`].
pub fn version_0(frame: &mut Frame<'_>) -> Result<Option<Layer>, Skip> {
    let &[flags, message, l0, l1, ..] = frame.rest.take::<12>()?;
    let tunnel = u64::from_be_bytes(*frame.rest.take::<8>()?);
    if flags >> 1 != 0b000_1111 || message != T_PDU {
        return Ok(None);
    }
    frame.rest = frame.rest.limit(u16::from_be_bytes([l0, l1]).into());
    frame.tunnel(TunnelKind::Gtp, Some(tunnel))?;
    guess::layer(&frame.rest).map(Some)
}
