//! Cisco's inter-switch link, which lays its header around whole Ethernet frames, as VLAN tags do it from inside.

use super::frame::{Frame, Layer};
use crate::model::{Hop, Skip};

/// The destination is one of the groups that no frame is sent to but these.
#[inline]
pub fn is_group(destination: [u8; 6]) -> bool {
    matches!(destination, [0x01 | 0x03, 0x00, 0x0c, 0x00, 0x00, _])
}

/// Behind destination (with what is inside in the last 4 bits but 4), source and length: SNAP (3), upper half of the source
/// (3), VLAN and a bit, index, reserved.
///
/// # Errors
/// [`Skip::CutHeader`], [`Skip::Malformed`], [`Skip::Encapsulated`] or [`Skip::TooDeep`].
pub fn walk(kind: u8, length: u16, frame: &mut Frame<'_>) -> Result<Layer, Skip> {
    frame.rest = frame.rest.limit(length.into());
    let &[0xaa, 0xaa, 0x03, _, _, _, v0, v1, _, _, _, _] = frame.rest.take::<12>()? else { return Err(Skip::NotIp) };
    if kind >> 4 != 0 {
        return Err(Skip::Encapsulated);
    }
    frame.enter(Hop::Vlan(u16::from_be_bytes([v0, v1]) >> 1))?;
    Ok(Layer::Ethernet)
}
