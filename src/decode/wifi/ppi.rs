//! `LINKTYPE_PPI`: the Per-Packet Information header (CACE Technologies, 1.0.7): version, flags, length, the link type of what
//! follows, and fields of type, length and value. All is little-endian but the packet.

use super::check::Trailer;
use super::{Radio, channel};
use crate::decode::frame::{Frame, Layer};
use crate::model::{LinkType, Skip};

/// Fields begin at multiples of four bytes.
const ALIGNED: u8 = 1;
/// The field of what all kinds of 802.11 have: clock (8), flags (2), rate (2), frequency (2), …
const COMMON: u16 = 2;
/// Its flags.
const FCS_AT_END: u8 = 1;
const BAD_FCS: u8 = 4;

/// Takes the header off. What follows may be of any link type.
///
/// # Errors
/// [`Skip::CutHeader`], [`Skip::Malformed`] or [`Skip::TooDeep`].
pub fn walk(frame: &mut Frame<'_>) -> Result<Layer, Skip> {
    let &[version, flags, l0, l1, d0, d1, d2, d3] = frame.rest.peek::<8>()?;
    let length = usize::from(u16::from_le_bytes([l0, l1]));
    if version != 0 || length < 8 {
        return Err(Skip::Malformed);
    }
    let behind = frame.rest.skip(length)?;
    let radio = radio(&frame.rest.seen()[8..length], flags & ALIGNED != 0);
    frame.descend()?;
    frame.rest = behind;
    match LinkType(u32::from_le_bytes([d0, d1, d2, d3])) {
        LinkType::IEEE802_11 => Ok(Layer::Wifi(radio)),
        LinkType(other) => Ok(Layer::Link(other)),
    }
}

fn radio(mut fields: &[u8], aligned: bool) -> Radio {
    let mut radio = Radio::default();
    while let &[t0, t1, l0, l1, ref value @ ..] = fields {
        let length = usize::from(u16::from_le_bytes([l0, l1]));
        match value.get(..length) {
            Some(&[_, _, _, _, _, _, _, _, flags, _, _, _, f0, f1, ..]) if u16::from_le_bytes([t0, t1]) == COMMON => {
                radio.channel = channel(u16::from_le_bytes([f0, f1]));
                radio.trailer = match (flags & FCS_AT_END != 0, flags & BAD_FCS != 0) {
                    (false, _) => Trailer::Absent,
                    (true, false) => Trailer::Present,
                    (true, true) => Trailer::Wrong,
                };
            }
            _ => {}
        }
        let padded = if aligned { length.next_multiple_of(4) } else { length };
        fields = value.get(padded..).unwrap_or_default();
    }
    radio
}
