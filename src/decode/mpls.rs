//! MPLS label stacks (RFC 3032), and what lies beneath them, which nothing in the frame names: packets, and pseudowires
//! with a control word in front (RFC 4385) or without (RFC 4448 §4.6).

use super::frame::{Frame, Layer, Network};
use super::guess;
use crate::model::{Hop, Skip};

/// The lowest label.
const BOTTOM: u32 = 0x100;
/// Bytes of a control word; it begins with four zero bits.
const CONTROL_WORD: usize = 4;

/// Takes off the labels, and a control word.
///
/// # Errors
/// [`Skip::CutHeader`], [`Skip::Malformed`], [`Skip::NotIp`] or [`Skip::TooDeep`].
pub fn walk(frame: &mut Frame<'_>) -> Result<Layer, Skip> {
    loop {
        let entry = u32::from_be_bytes(*frame.rest.take::<4>()?);
        frame.path.0.push(Hop::Mpls(entry >> 12));
        if entry & BOTTOM != 0 {
            break;
        }
    }
    frame.descend()?;
    match frame.rest.peek::<1>()?[0] >> 4 {
        0 => wired(frame),
        first => match (guess::certain(&frame.rest), first) {
            (Some(layer), _) => Ok(layer),
            (None, 4 | 6) => Ok(Layer::Ip(Network::ByVersion)),
            // an associated channel (RFC 5586), for those who run the network
            (None, 1) => Err(Skip::NotIp),
            (None, _) => Ok(Layer::Ethernet),
        },
    }
}

/// A control word, or an address that begins with zeros too.
fn wired(frame: &mut Frame<'_>) -> Result<Layer, Skip> {
    let behind = guess::certain_behind(CONTROL_WORD, frame);
    if let Some(layer) = behind.or_else(|| guess::certain(&frame.rest)) {
        return Ok(layer);
    }
    frame.rest = frame.rest.skip(CONTROL_WORD)?;
    Ok(Layer::Ethernet)
}
