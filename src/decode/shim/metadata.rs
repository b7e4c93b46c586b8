//! Cisco's metadata: the security group (SGT) of who sent a frame (draft-smith-kandula-sxp describes the groups, no
//! document this header; it is laid out here as switches send it).

use crate::decode::frame::{Frame, Layer};
use crate::model::Skip;

/// Version, number of options (4 bytes each, the group is one of them), options; an EtherType.
///
/// # Errors
/// [`Skip::CutHeader`] or [`Skip::Malformed`].
pub fn walk(frame: &mut Frame<'_>) -> Result<Layer, Skip> {
    let &[version, options] = frame.rest.take::<2>()?;
    if version != 1 || options == 0 {
        return Err(Skip::Malformed);
    }
    frame.rest = frame.rest.skip(4 * usize::from(options))?;
    Ok(Layer::EtherType(u16::from_be_bytes(*frame.rest.take::<2>()?)))
}
