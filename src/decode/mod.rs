//! F1: bytes to layers. A frame becomes a [`Segment`] that borrows its payload, or one reason why not.
//!
//! ```text
//! link walk (link.rs, ethernet.rs) -> IP header and extensions (ip.rs) -> TCP header (tcp.rs, checksum.rs)
//!     Ethernet, VLAN, cooked, PPP, …     IPv4, IPv6, AH                     segment, missing bytes, checksum
//! ```
//!
//! Every room takes its header off the front of one `Rest`, which knows three lengths: captured, on the wire, and
//! promised by the innermost length field. Held here: nothing panics; nothing is allocated unless more than two VLAN
//! tags are stacked; no byte past `min(ip length, captured)` is ever payload.

mod checksum;
mod ethernet;
mod ip;
mod link;
mod rest;
mod tcp;
#[cfg(test)]
mod tests;

use crate::model::{LinkType, Segment, Skip};
use rest::Rest;

/// Decodes one captured frame.
///
/// `data` are the captured bytes; `original_len` is the frame's length on the wire in bytes, 0 if it is not known.
///
/// # Errors
/// The one reason why the frame holds no TCP segment that can be used.
pub fn decode<'a>(link: LinkType, data: &'a [u8], original_len: u32) -> Result<Segment<'a>, Skip> {
    if data.is_empty() {
        return Err(Skip::Empty);
    }
    let mut frame = link::Frame::new(Rest::new(data, original_len));
    let network = link::walk(link, &mut frame)?;
    let packet = ip::walk(network, frame.rest)?;
    tcp::segment(&packet, frame.path, frame.mac)
}
