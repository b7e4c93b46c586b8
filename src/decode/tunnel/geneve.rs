//! Generic network virtualization encapsulation (RFC 8926 §3.4).

use crate::decode::ethernet;
use crate::decode::frame::{Frame, Layer};
use crate::model::{Skip, TunnelKind};

/// Version and length of the options (4 bytes each), flags, EtherType, network (3 bytes), options.
///
/// # Errors
/// [`Skip::CutHeader`], [`Skip::Malformed`], [`Skip::NotIp`] or [`Skip::TooDeep`].
pub fn walk(frame: &mut Frame<'_>) -> Result<Option<Layer>, Skip> {
    let &[options, _, t0, t1, n0, n1, n2, _] = frame.rest.take::<8>()?;
    if options >> 6 != 0 {
        return Ok(None);
    }
    frame.rest = frame.rest.skip(4 * usize::from(options & 0x3f))?;
    frame.tunnel(TunnelKind::Geneve, Some(u32::from_be_bytes([0, n0, n1, n2]).into()))?;
    ethernet::announced(u16::from_be_bytes([t0, t1])).map(Some)
}
