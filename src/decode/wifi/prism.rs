//! `LINKTYPE_IEEE802_11_PRISM`: the header of the linux-wlan-ng drivers (144 bytes: code, length, device name, items), or that of
//! AVS, which came after it and shares the number. Numbers are in the order of the machine that captured.

use super::{Radio, avs};
use crate::decode::frame::{Frame, Layer};
use crate::model::Skip;

/// Code, length, name.
const HEAD: usize = 24;
/// Identifier (4), status (2), length (2), value (4).
const ITEM: usize = 12;
/// The item `channel`, as one family of drivers calls it and as the other does.
const CHANNEL: [u32; 2] = [0x0003_0044, 0x0000_3041];

/// Takes the header off.
///
/// # Errors
/// [`Skip::CutHeader`] or [`Skip::Malformed`].
pub fn walk(frame: &mut Frame<'_>) -> Result<Layer, Skip> {
    let &[_, _, _, _, length @ ..] = frame.rest.peek::<8>()?;
    if avs::begins(&frame.rest) {
        return avs::walk(frame);
    }
    // a length is small: the order in which it is the smaller is the right one
    let is_big = u32::from_be_bytes(length) < u32::from_le_bytes(length);
    let number = |bytes: [u8; 4]| if is_big { u32::from_be_bytes(bytes) } else { u32::from_le_bytes(bytes) };
    let length = number(length) as usize;
    if length < HEAD {
        return Err(Skip::Malformed);
    }
    let behind = frame.rest.skip(length)?;
    let items = frame.rest.seen()[HEAD..length].chunks_exact(ITEM);
    let value = |item: &[u8]| match item {
        &[a, b, c, d, 0, 0, _, _, v0, v1, v2, v3] if CHANNEL.contains(&number([a, b, c, d])) => {
            u8::try_from(number([v0, v1, v2, v3])).ok()
        }
        _ => None,
    };
    let channel = items.filter_map(value).find(|channel| *channel != 0);
    frame.rest = behind;
    Ok(Layer::Wifi(Radio { channel, ..Radio::default() }))
}
