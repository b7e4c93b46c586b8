//! Network service header (RFC 8300 §2).

use crate::decode::frame::{Frame, Layer, Network};
use crate::model::Skip;

/// Version, operations flag, length (4 bytes each, from here), kind of metadata, next protocol; service path; metadata.
///
/// # Errors
/// [`Skip::CutHeader`], [`Skip::Malformed`], [`Skip::NotIp`], [`Skip::Encapsulated`] or [`Skip::TooDeep`].
pub fn walk(frame: &mut Frame<'_>) -> Result<Layer, Skip> {
    let &[version, length, _, protocol, ..] = frame.rest.peek::<8>()?;
    let length = 4 * usize::from(length & 0x3f);
    if version >> 6 != 0 || length < 8 {
        return Err(Skip::Malformed);
    }
    frame.rest = frame.rest.skip(length)?;
    frame.descend()?;
    next(protocol)
}

/// The protocols that are numbered for this header and for VXLAN's generic form alike.
///
/// # Errors
/// [`Skip::Encapsulated`].
pub fn next(protocol: u8) -> Result<Layer, Skip> {
    match protocol {
        1 => Ok(Layer::Ip(Network::V4)),
        2 => Ok(Layer::Ip(Network::V6)),
        3 => Ok(Layer::Ethernet),
        4 => Ok(Layer::EtherType(0x894f)),
        5 => Ok(Layer::Mpls),
        _ => Err(Skip::Encapsulated),
    }
}
