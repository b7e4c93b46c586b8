//! An IP packet in an IP packet: IPv4 in IPv4 (RFC 2003), IPv6 in IPv4 (RFC 4213), either in IPv6 (RFC 2473).

use crate::decode::frame::{Frame, Layer, Network};
use crate::model::{Skip, TunnelKind};

/// IPv4 inside.
///
/// # Errors
/// [`Skip::TooDeep`].
pub fn v4(frame: &mut Frame<'_>) -> Result<Option<Layer>, Skip> {
    within(Network::V4, frame)
}

/// IPv6 inside.
///
/// # Errors
/// [`Skip::TooDeep`].
pub fn v6(frame: &mut Frame<'_>) -> Result<Option<Layer>, Skip> {
    within(Network::V6, frame)
}

fn within(network: Network, frame: &mut Frame<'_>) -> Result<Option<Layer>, Skip> {
    frame.tunnel(TunnelKind::Ip, None)?;
    Ok(Some(Layer::Ip(network)))
}
