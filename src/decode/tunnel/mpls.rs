//! MPLS in IP (RFC 4023 §3) and in UDP (RFC 7510): a label stack and nothing else.

use crate::decode::frame::{Frame, Layer};
use crate::model::{Skip, TunnelKind};

/// The labels begin at once.
///
/// # Errors
/// [`Skip::TooDeep`].
pub fn stack(frame: &mut Frame<'_>) -> Result<Option<Layer>, Skip> {
    frame.tunnel(TunnelKind::Mpls, None)?;
    Ok(Some(Layer::Mpls))
}
