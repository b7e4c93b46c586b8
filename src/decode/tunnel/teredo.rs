//! Teredo: IPv6 over UDP through NATs (RFC 4380 §5.1.1). What may come behind the packet (RFC 6081) its length leaves out.

use crate::decode::frame::{Frame, Layer, Network};
use crate::decode::rest::Rest;
use crate::model::{Skip, TunnelKind};

/// An authentication, then an origin, both optional; then the packet.
///
/// # Errors
/// [`Skip::CutHeader`], [`Skip::Malformed`] or [`Skip::TooDeep`].
pub fn walk(frame: &mut Frame<'_>) -> Result<Option<Layer>, Skip> {
    if frame.rest.peek::<2>()? == &[0, 1] {
        frame.rest = authentication(&frame.rest)?;
    }
    if frame.rest.peek::<2>()? == &[0, 0] {
        // obfuscated port and address
        frame.rest = frame.rest.skip(8)?;
    }
    if frame.rest.peek::<1>()?[0] >> 4 != 6 {
        return Ok(None);
    }
    frame.tunnel(TunnelKind::Teredo, None)?;
    Ok(Some(Layer::Ip(Network::V6)))
}

/// Two lengths, client, value, nonce (8), confirmation.
fn authentication<'a>(rest: &Rest<'a>) -> Result<Rest<'a>, Skip> {
    let &[_, _, client, value] = rest.peek::<4>()?;
    rest.skip(4 + usize::from(client) + usize::from(value) + 9)
}
