//! Ethernet in IP: behind a header with a version (RFC 3378), or as IP protocol 143 without one (RFC 8986 §4.9).

use crate::decode::frame::{Frame, Layer};
use crate::model::{Skip, TunnelKind};

/// The version is 3; some BSDs wrote its nibbles the other way round.
///
/// # Errors
/// [`Skip::CutHeader`], [`Skip::Malformed`] or [`Skip::TooDeep`].
pub fn with_header(frame: &mut Frame<'_>) -> Result<Option<Layer>, Skip> {
    match frame.rest.take::<2>()? {
        [0x30 | 0x03, 0] => bare(frame),
        _ => Err(Skip::Malformed),
    }
}

/// The frame begins at once.
///
/// # Errors
/// [`Skip::TooDeep`].
pub fn bare(frame: &mut Frame<'_>) -> Result<Option<Layer>, Skip> {
    frame.tunnel(TunnelKind::EtherIp, None)?;
    Ok(Some(Layer::Ethernet))
}
