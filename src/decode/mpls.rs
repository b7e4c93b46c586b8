//! MPLS label stacks (RFC 3032), and what lies beneath them, which nothing in the frame names.

use super::frame::{Frame, Layer, Network};
use crate::model::{Hop, Skip};

/// Takes off the labels. What follows is an IP packet by its first four bits, as routers tell, else an Ethernet frame behind a
/// control word (RFC 4385), else an Ethernet frame without one (RFC 4448).
///
/// # Errors
/// [`Skip::CutHeader`] or [`Skip::Malformed`].
pub fn walk(frame: &mut Frame<'_>) -> Result<Layer, Skip> {
    loop {
        let entry = u32::from_be_bytes(*frame.rest.take::<4>()?);
        frame.path.0.push(Hop::Mpls(entry >> 12));
        if entry & 0x100 != 0 {
            break;
        }
    }
    frame.descend()?;
    match *frame.rest.peek::<1>()? {
        [first] if first >> 4 == 4 => Ok(Layer::Ip(Network::V4)),
        [first] if first >> 4 == 6 => Ok(Layer::Ip(Network::V6)),
        [first] if first >> 4 == 0 => {
            frame.rest = frame.rest.skip(4)?;
            Ok(Layer::Ethernet)
        }
        _ => Ok(Layer::Ethernet),
    }
}
