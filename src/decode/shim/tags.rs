//! Tags, each of which ends with the EtherType of what follows: of VLANs (IEEE 802.1Q, 802.1ad), of ports (IEEE 802.1BR,
//! and Cisco's VN-tag before it), of redundant rings (HSR, IEC 62439-3 §5.6). The frame soon has no room for more.

use crate::decode::frame::{Frame, Layer};
use crate::model::{Hop, Skip};

/// Priority and VLAN id.
///
/// # Errors
/// [`Skip::CutHeader`] or [`Skip::Malformed`].
pub fn vlan(frame: &mut Frame<'_>) -> Result<Layer, Skip> {
    let &[c0, c1, t0, t1] = frame.rest.take::<4>()?;
    frame.path.0.push(Hop::Vlan(u16::from_be_bytes([c0, c1]) & 0x0fff));
    Ok(Layer::EtherType(u16::from_be_bytes([t0, t1])))
}

/// Source and destination interface of a switch.
///
/// # Errors
/// [`Skip::CutHeader`] or [`Skip::Malformed`].
pub fn vn_tag(frame: &mut Frame<'_>) -> Result<Layer, Skip> {
    let &[.., t0, t1] = frame.rest.take::<6>()?;
    Ok(Layer::EtherType(u16::from_be_bytes([t0, t1])))
}

/// Priority, two port identifiers and their extensions.
///
/// # Errors
/// [`Skip::CutHeader`] or [`Skip::Malformed`].
pub fn e_tag(frame: &mut Frame<'_>) -> Result<Layer, Skip> {
    let &[.., t0, t1] = frame.rest.take::<8>()?;
    Ok(Layer::EtherType(u16::from_be_bytes([t0, t1])))
}

/// Ring and length, number.
///
/// # Errors
/// [`Skip::CutHeader`] or [`Skip::Malformed`].
pub fn hsr(frame: &mut Frame<'_>) -> Result<Layer, Skip> {
    vn_tag(frame)
}
