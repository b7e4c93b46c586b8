//! Several packets in one frame (A-MSDU, 802.11-2020 §9.3.2.2.2): destination, source, length, packet; all but the last are
//! padded to a multiple of four bytes.

use crate::decode::found::Found;
use crate::decode::frame::{Frame, Layer};
use crate::decode::walk;
use crate::model::Skip;

/// Addresses and length.
const HEADER: usize = 14;

/// Each packet that the frame begins with; one alone is that packet.
///
/// # Errors
/// Why there is not one.
pub fn several<'a>(frame: &Frame<'a>) -> Result<Found<'a>, Skip> {
    let (mut rest, mut found) = (frame.rest, Vec::new());
    while found.is_empty() || rest.holds(HEADER) {
        let mut inner = frame.clone();
        inner.rest = rest;
        let &[d0, d1, d2, d3, d4, d5, s0, s1, s2, s3, s4, s5, l0, l1] = match inner.rest.take::<HEADER>() {
            Ok(header) => header,
            Err(reason) => {
                found.push(Err(reason));
                break;
            }
        };
        let length = usize::from(u16::from_be_bytes([l0, l1]));
        if !inner.rest.holds(length) {
            found.push(Err(Skip::Malformed));
            break;
        }
        inner.mac = Some([[s0, s1, s2, s3, s4, s5], [d0, d1, d2, d3, d4, d5]]);
        inner.rest = inner.rest.limit(length);
        found.push(inner.descend().and_then(|()| walk(Layer::Llc, inner)));
        match rest.skip((HEADER + length).next_multiple_of(4)) {
            Ok(behind) => rest = behind,
            Err(_) => break,
        }
    }
    if found.len() == 1 { found.remove(0) } else { Ok(Found::Several(found)) }
}
