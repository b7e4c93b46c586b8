//! Networks that carry 802.2 or an EtherType behind addresses of their own.

use crate::decode::ethernet;
use crate::decode::frame::{Frame, Layer};
use crate::model::{Hop, Skip};

/// `LINKTYPE_FDDI`: frame control, two addresses, 802.2.
///
/// # Errors
/// Why nothing can follow.
pub fn fddi(frame: &mut Frame<'_>) -> Result<Layer, Skip> {
    let &[control] = frame.rest.take::<1>()?;
    if control & 0x30 != 0x10 {
        return Err(Skip::NotIp);
    }
    macs(frame)?;
    Ok(Layer::Llc)
}

/// `LINKTYPE_IP_OVER_FC`: two addresses of 8 bytes, 802.2 (RFC 2625).
///
/// # Errors
/// Why nothing can follow.
pub fn fibre_channel(frame: &mut Frame<'_>) -> Result<Layer, Skip> {
    frame.rest = frame.rest.skip(16)?;
    Ok(Layer::Llc)
}

/// `LINKTYPE_APPLE_IP_OVER_IEEE1394`: two addresses of 8 bytes, EtherType.
///
/// # Errors
/// Why nothing can follow.
pub fn firewire(frame: &mut Frame<'_>) -> Result<Layer, Skip> {
    frame.rest = frame.rest.skip(16)?;
    ethernet::announced(u16::from_be_bytes(*frame.rest.take::<2>()?))
}

/// `LINKTYPE_IPOIB`: the header that routes it (40 bytes), EtherType and 2 bytes (RFC 4391 §6).
///
/// # Errors
/// Why nothing can follow.
pub fn infiniband(frame: &mut Frame<'_>) -> Result<Layer, Skip> {
    frame.rest = frame.rest.skip(40)?;
    let &[t0, t1, _, _] = frame.rest.take::<4>()?;
    ethernet::announced(u16::from_be_bytes([t0, t1]))
}

/// `LINKTYPE_DSA_TAG_BRCM`: a Broadcom switch's tag between addresses and EtherType.
///
/// # Errors
/// Why nothing can follow.
pub fn broadcom(frame: &mut Frame<'_>) -> Result<Layer, Skip> {
    macs(frame)?;
    frame.rest = frame.rest.skip(4)?;
    Ok(Layer::EtherType(u16::from_be_bytes(*frame.rest.take::<2>()?)))
}

/// `LINKTYPE_DSA_TAG_DSA`: a Marvell switch's tag there. It takes the place of the frame's VLAN tag, if there was one.
///
/// # Errors
/// Why nothing can follow.
pub fn marvell(frame: &mut Frame<'_>) -> Result<Layer, Skip> {
    macs(frame)?;
    marvell_tag(frame)
}

/// `LINKTYPE_DSA_TAG_EDSA`: the same behind an EtherType of its own and 2 bytes.
///
/// # Errors
/// Why nothing can follow.
pub fn marvell_typed(frame: &mut Frame<'_>) -> Result<Layer, Skip> {
    macs(frame)?;
    match frame.rest.take::<4>()? {
        [0xda, 0xda, ..] => marvell_tag(frame),
        _ => Err(Skip::NotIp),
    }
}

fn marvell_tag(frame: &mut Frame<'_>) -> Result<Layer, Skip> {
    const IS_TAGGED: u8 = 0x20;
    let &[command, _, v0, v1] = frame.rest.take::<4>()?;
    if command & IS_TAGGED != 0 {
        frame.path.0.push(Hop::Vlan(u16::from_be_bytes([v0 & 0x0f, v1])));
    }
    Ok(Layer::EtherType(u16::from_be_bytes(*frame.rest.take::<2>()?)))
}

/// Destination and source.
fn macs(frame: &mut Frame<'_>) -> Result<(), Skip> {
    let (destination, source) = (*frame.rest.take::<6>()?, *frame.rest.take::<6>()?);
    frame.mac = Some([source, destination]);
    Ok(())
}
