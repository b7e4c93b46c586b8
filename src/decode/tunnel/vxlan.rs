//! Virtual extensible LAN (RFC 7348), with group policy (draft-smith-vxlan-group-policy) or a next protocol
//! (draft-ietf-nvo3-vxlan-gpe). Cisco's overlay transport (OTV), which shares a port with it, looks the same.

use crate::decode::frame::{Frame, Layer};
use crate::decode::shim::nsh;
use crate::model::{Skip, TunnelKind};

/// The network number counts.
const HAS_NETWORK: u8 = 0x08;
/// A next protocol is named.
const HAS_PROTOCOL: u8 = 0x04;
/// Version bits of the form with a next protocol, reserved in the others.
const VERSION: u8 = 0x30;
/// For those who run the network.
const OPERATIONS: u8 = 0x01;

/// Flags, group or next protocol, network (3 bytes).
///
/// # Errors
/// [`Skip::CutHeader`], [`Skip::NotIp`] or [`Skip::TooDeep`].
pub fn walk(frame: &mut Frame<'_>) -> Result<Option<Layer>, Skip> {
    let &[flags, _, _, protocol, n0, n1, n2, _] = frame.rest.take::<8>()?;
    if flags & HAS_NETWORK == 0 || flags & (VERSION | OPERATIONS) != 0 {
        return Ok(None);
    }
    frame.tunnel(TunnelKind::Vxlan, Some(u32::from_be_bytes([0, n0, n1, n2]).into()))?;
    match flags & HAS_PROTOCOL {
        0 => Ok(Some(Layer::Ethernet)),
        _ => nsh::next(protocol).map(Some),
    }
}
