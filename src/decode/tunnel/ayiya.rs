//! Anything in anything (draft-massar-v6ops-ayiya-02 §3), as brokers of IPv6 tunnels used it.

use crate::decode::frame::{Frame, Layer, Network};
use crate::model::{Skip, TunnelKind};

/// Of the operations, the one that passes a packet on.
const FORWARD: u8 = 1;

/// Lengths of identity (a power of 2) and signature (4 bytes each), methods, what follows, time; identity, signature.
///
/// # Errors
/// [`Skip::CutHeader`], [`Skip::Malformed`] or [`Skip::TooDeep`].
pub fn walk(frame: &mut Frame<'_>) -> Result<Option<Layer>, Skip> {
    let &[identity, signature, operation, next, ..] = frame.rest.take::<8>()?;
    let network = match (operation & 0x0f, next) {
        (FORWARD, 4) => Network::V4,
        (FORWARD, 41) => Network::V6,
        _ => return Ok(None),
    };
    frame.rest = frame.rest.skip((1 << (identity >> 4)) + 4 * usize::from(signature >> 4))?;
    frame.tunnel(TunnelKind::Ayiya, None)?;
    Ok(Some(Layer::Ip(network)))
}
