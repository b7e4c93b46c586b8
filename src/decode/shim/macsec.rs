//! MACsec (IEEE 802.1AE §9). Frames whose integrity alone is protected can be read: the tag goes in front, a check value
//! behind, which no packet's length covers.

use crate::decode::frame::{Frame, Layer};
use crate::model::Skip;

const VERSION: u8 = 0x80;
const HAS_CHANNEL: u8 = 0x20;
const ENCRYPTED: u8 = 0x08;
const CHANGED: u8 = 0x04;

/// Flags, length of a short frame (0: 48 bytes and more), packet number, channel if flags say so; an EtherType.
///
/// # Errors
/// [`Skip::CutHeader`], [`Skip::Malformed`], [`Skip::Encrypted`] or [`Skip::TooDeep`].
pub fn walk(frame: &mut Frame<'_>) -> Result<Layer, Skip> {
    let &[flags, short, ..] = frame.rest.take::<6>()?;
    if flags & VERSION != 0 || short >= 48 {
        return Err(Skip::Malformed);
    }
    if flags & (ENCRYPTED | CHANGED) != 0 {
        return Err(Skip::Encrypted);
    }
    if flags & HAS_CHANNEL != 0 {
        frame.rest = frame.rest.skip(8)?;
    }
    if short != 0 {
        frame.rest = frame.rest.limit(short.into());
    }
    frame.descend()?;
    Ok(Layer::EtherType(u16::from_be_bytes(*frame.rest.take::<2>()?)))
}
