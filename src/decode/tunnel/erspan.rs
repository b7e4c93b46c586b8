//! Mirrored frames in GRE (draft-foschiano-erspan-03 §4), in three types. The VLAN in their headers is that of the port
//! where the frame was seen; it counts where it says that it stands for a tag that was taken off.

use crate::decode::frame::{Frame, Layer, Network};
use crate::model::{Hop, Skip, TunnelKind};

/// The frame had a header of Cisco's inter-switch link.
const FROM_ISL: u8 = 1;
/// The frame had a VLAN tag.
const FROM_VLAN: u8 = 2;

/// No header.
///
/// # Errors
/// [`Skip::TooDeep`].
pub fn type_1(frame: &mut Frame<'_>) -> Result<Layer, Skip> {
    frame.tunnel(TunnelKind::Erspan, None)?;
    Ok(Layer::Ethernet)
}

/// Version 1 and VLAN, flags and session, index.
///
/// # Errors
/// [`Skip::CutHeader`], [`Skip::Malformed`] or [`Skip::TooDeep`].
pub fn type_2(frame: &mut Frame<'_>) -> Result<Layer, Skip> {
    let &[version, v1, s0, s1, ..] = frame.rest.take::<8>()?;
    mirrored(1, version, [s0, s1], frame)?;
    if matches!(s0 >> 3 & 0b11, FROM_ISL | FROM_VLAN) {
        frame.path.0.push(Hop::Vlan(u16::from_be_bytes([version & 0x0f, v1])));
    }
    Ok(Layer::Ethernet)
}

/// Version 2 and VLAN, flags and session, time (4), group (2), kind of frame and more flags, the last of which says that 8
/// more bytes follow.
///
/// # Errors
/// [`Skip::CutHeader`], [`Skip::Malformed`], [`Skip::Encapsulated`] or [`Skip::TooDeep`].
pub fn type_3(frame: &mut Frame<'_>) -> Result<Layer, Skip> {
    let &[version, _, s0, s1, _, _, _, _, _, _, kind, flags] = frame.rest.take::<12>()?;
    if flags & 1 != 0 {
        frame.rest = frame.rest.skip(8)?;
    }
    mirrored(2, version, [s0, s1], frame)?;
    match kind >> 2 & 0x1f {
        0 => Ok(Layer::Ethernet),
        2 => Ok(Layer::Ip(Network::ByVersion)),
        _ => Err(Skip::Encapsulated),
    }
}

fn mirrored(expected: u8, version: u8, session: [u8; 2], frame: &mut Frame<'_>) -> Result<(), Skip> {
    if version >> 4 != expected {
        return Err(Skip::Malformed);
    }
    frame.tunnel(TunnelKind::Erspan, Some((u16::from_be_bytes(session) & 0x03ff).into()))
}
