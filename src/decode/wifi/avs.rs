//! `LINKTYPE_IEEE802_11_AVS`: the capture header of AbsoluteValue Systems, versions 1 and 2. All is big-endian.

use super::{Radio, channel};
use crate::decode::frame::{Frame, Layer};
use crate::decode::rest::Rest;
use crate::model::Skip;

/// What its versions have in common; the version stands below.
const MAGIC: u32 = 0x8021_1000;
/// Bytes up to the channel: version, length, two clocks (8 each), kind of physical layer.
const CHANNEL: usize = 28;

/// The rest begins with such a header.
pub fn begins(rest: &Rest<'_>) -> bool {
    rest.peek::<4>().is_ok_and(|version| u32::from_be_bytes(*version) & 0xffff_f000 == MAGIC)
}

/// Takes the header off.
///
/// # Errors
/// [`Skip::CutHeader`] or [`Skip::Malformed`].
pub fn walk(frame: &mut Frame<'_>) -> Result<Layer, Skip> {
    let &[_, _, _, _, l0, l1, l2, l3] = frame.rest.peek::<8>()?;
    let length = u32::from_be_bytes([l0, l1, l2, l3]) as usize;
    if !begins(&frame.rest) || length < 8 {
        return Err(Skip::Malformed);
    }
    let behind = frame.rest.skip(length)?;
    let told = frame.rest.seen()[..length].get(CHANNEL..).and_then(|fields| fields.first_chunk());
    // newer drivers give the frequency instead
    let channel = match told.map(|bytes| u32::from_be_bytes(*bytes)) {
        Some(number @ 1..256) => Some(number as u8),
        Some(frequency) => u16::try_from(frequency).ok().and_then(channel),
        None => None,
    };
    frame.rest = behind;
    Ok(Layer::Wifi(Radio { channel, ..Radio::default() }))
}
