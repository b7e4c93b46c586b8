//! Provider backbone bridges (IEEE 802.1ah, 802.1Q §9.7): a customer's frame in a frame of the backbone. The backbone's own
//! VLAN tag comes before.

use crate::decode::frame::{Frame, Layer};
use crate::model::{Hop, Skip};

/// Priority, and the number of the service instance (3 bytes).
///
/// # Errors
/// [`Skip::CutHeader`], [`Skip::Malformed`] or [`Skip::TooDeep`].
pub fn walk(frame: &mut Frame<'_>) -> Result<Layer, Skip> {
    let &[_, s0, s1, s2] = frame.rest.take::<4>()?;
    frame.enter(Hop::Backbone(u32::from_be_bytes([0, s0, s1, s2])))?;
    Ok(Layer::Ethernet)
}
