//! Any bytes as frames: payload lies inside them, and packets put together from their parts decode as well.
//!
//! The first byte says the link type, the next two the length on the wire; then frames, each behind its length (two bytes).

use flowcase::decode::fragments::{Bearer, Fragments, Piece, Taken};
use flowcase::decode::{Found, decode, resume};
use flowcase::model::{Limits, LinkType, Skip, Timestamp};

pub fn run(data: &[u8]) {
    let Some((&[link, w0, w1], mut rest)) = data.split_first_chunk() else { return };
    let link = links().get(usize::from(link)).copied().unwrap_or(LinkType::ETHERNET);
    let mut fragments = Fragments::new(&Limits { fragment_bytes: 1 << 16, ..Limits::default() });
    let mut number = 0;
    while let Some((&[l0, l1], after)) = rest.split_first_chunk() {
        let (frame, after) = after.split_at(usize::from(u16::from_be_bytes([l0, l1])).min(after.len()));
        rest = after;
        number += 1;
        let on_wire = u32::from(u16::from_be_bytes([w0, w1]));
        follow(decode(link, frame, on_wire), frame, number, &mut fragments);
    }
}

/// The link types that the first byte numbers.
pub fn links() -> Vec<LinkType> {
    (0..512).map(LinkType).filter(|link| link.name().is_some()).collect()
}

/// What was found in `bytes` lies in them.
fn follow(found: Result<Found<'_>, Skip>, bytes: &[u8], number: u64, fragments: &mut Fragments) {
    let lies_inside = |payload: &[u8]| {
        let (outer, inner) = (bytes.as_ptr_range(), payload.as_ptr_range());
        assert!(payload.is_empty() || (outer.start <= inner.start && inner.end <= outer.end));
    };
    match found {
        Ok(Found::Segment(segment)) => lies_inside(segment.payload),
        Ok(Found::Datagram(datagram, _)) => lies_inside(datagram.payload),
        Ok(Found::Several(several)) => {
            several.into_iter().for_each(|found| follow(found, bytes, number, fragments));
        }
        Ok(Found::Fragment(fragment)) => {
            lies_inside(fragment.payload);
            let (at, time) = (0..fragment.payload.len() as u32, Timestamp::new(number as i64, 0));
            let piece = Piece { at, capture: 1, frame: number, position: 0, time };
            let bearer = Bearer { capture: 1, bytes: bytes.len() as u32 };
            let taken = fragments.take(time, *fragment, &[piece], &[bearer], &mut Vec::new());
            if let Taken::Whole(whole) = taken {
                let ends = whole.pieces.iter().fold(0, |at, piece| {
                    assert_eq!(piece.at.start, at);
                    piece.at.end
                });
                assert_eq!(ends as usize, whole.bytes.len());
                follow(resume(&whole.onward, &whole.bytes), &whole.bytes, number, fragments);
                fragments.remember(*whole, None);
            }
        }
        Ok(Found::Other(_)) | Err(_) => {}
    }
}
