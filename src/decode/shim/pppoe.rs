//! PPP over Ethernet (RFC 2516 §4).

use crate::decode::frame::{Frame, Layer};
use crate::model::{Hop, Skip};

/// Version and type, code, session, length of the PPP frame that follows. A code other than 0 is about the session itself.
///
/// # Errors
/// [`Skip::CutHeader`], [`Skip::Malformed`], [`Skip::NotIp`] or [`Skip::TooDeep`].
pub fn session(frame: &mut Frame<'_>) -> Result<Layer, Skip> {
    let &[version, code, s0, s1, l0, l1] = frame.rest.take::<6>()?;
    match (version, code) {
        (0x11, 0) => {
            frame.rest = frame.rest.limit(u16::from_be_bytes([l0, l1]).into());
            frame.enter(Hop::Pppoe(u16::from_be_bytes([s0, s1])))?;
            Ok(Layer::Ppp)
        }
        (0x11, _) => Err(Skip::NotIp),
        _ => Err(Skip::Malformed),
    }
}
