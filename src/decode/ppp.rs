//! PPP (RFC 1661, RFC 1662 §3), in whatever carries it.

use super::frame::{Frame, Layer, Network};
use crate::model::Skip;

/// Address and control may be left out, the protocol compressed to its odd byte.
///
/// # Errors
/// Why nothing can follow.
pub fn walk(frame: &mut Frame<'_>) -> Result<Layer, Skip> {
    if let [0xff, 0x03] = frame.rest.peek::<2>()? {
        frame.rest = frame.rest.skip(2)?;
    }
    let protocol = match *frame.rest.peek::<1>()? {
        [odd] if odd & 1 == 1 => u16::from(frame.rest.take::<1>()?[0]),
        _ => u16::from_be_bytes(*frame.rest.take::<2>()?),
    };
    match protocol {
        0x0021 => Ok(Layer::Ip(Network::V4)),
        0x0057 => Ok(Layer::Ip(Network::V6)),
        0x0281 | 0x0283 => Ok(Layer::Mpls),
        // header compression, multilink, compression, encryption
        0x002d | 0x002f | 0x003d | 0x0053 | 0x00fb | 0x00fd => Err(Skip::Encapsulated),
        _ => Err(Skip::NotIp),
    }
}
