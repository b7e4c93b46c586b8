//! Where a flow's bytes lie in a pack: pieces as they were written, and what they come to.
//!
//! A piece says: these stream positions lie in that frame, from there on. Pieces stand in the order of writing, and a later
//! one counts where it overlaps an earlier. They hold stream positions, so that a new base changes none of them.
//!
//! At rest a flow's pieces are one value: the pack, then for each piece four integers of variable length, each told from
//! the piece before: position (from its end), length, frame, start (in the same frame: from its end). A small flow takes
//! 7 to 10 bytes.

use std::ops::Range;

use smallvec::SmallVec;

use crate::reassemble::Coverage;

/// Bytes that lie side by side in one frame.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Piece {
    /// Stream position of the first byte.
    pub position: i64,
    /// The frame.
    pub frame: u64,
    /// Offset of the first byte in the frame's payload.
    pub start: u32,
    /// Bytes, at least 1.
    pub length: u32,
}

/// Pieces of one flow in the order of writing. Most flows have one.
pub type Pieces = SmallVec<[Piece; 1]>;

/// As a row keeps a piece: position, length, frame, start; each but the length less that of the piece before.
type Encoded = (i64, u32, i64, i64);

impl Piece {
    /// Its stream positions.
    pub fn range(&self) -> Range<i64> {
        self.position..self.position + i64::from(self.length)
    }

    /// The part of it at `to`, which lies in it.
    fn cut(&self, to: &Range<i64>) -> Piece {
        let start = self.start + (to.start - self.position) as u32;
        Piece { position: to.start, start, length: (to.end - to.start) as u32, ..*self }
    }

    fn end(&self) -> u32 {
        self.start + self.length
    }
}

/// Adds a piece; one that goes on where the last ends makes that longer.
pub fn push(pieces: &mut Pieces, piece: Piece) {
    match pieces.last_mut() {
        Some(last) if last.range().end == piece.position && last.frame == piece.frame && last.end() == piece.start => {
            last.length += piece.length
        }
        _ => pieces.push(piece),
    }
}

/// As a row keeps them.
pub fn encode<'a>(pack: u8, pieces: impl IntoIterator<Item = &'a Piece>) -> Vec<u8> {
    let mut bytes = Vec::with_capacity(12);
    bytes.push(pack);
    let mut last = NOWHERE;
    for piece in pieces {
        let encoded: Encoded = (
            piece.position.wrapping_sub(last.range().end),
            piece.length,
            piece.frame.wrapping_sub(last.frame) as i64,
            i64::from(piece.start) - from(&last, piece.frame),
        );
        bytes = postcard::to_extend(&encoded, bytes).expect("integers can be encoded, and a vector grows");
        last = *piece;
    }
    bytes
}

/// The pack and the pieces; `None` if they make no sense.
pub fn decode(bytes: &[u8]) -> Option<(u8, Pieces)> {
    let (&pack, mut bytes) = bytes.split_first()?;
    let (mut pieces, mut last) = (Pieces::new(), NOWHERE);
    while !bytes.is_empty() {
        let ((position, length, frame, start), rest): (Encoded, _) = postcard::take_from_bytes(bytes).ok()?;
        let position = last.range().end.checked_add(position)?;
        let frame = last.frame.wrapping_add(frame as u64);
        let start = u32::try_from(start.checked_add(from(&last, frame))?).ok()?;
        position.checked_add(i64::from(length))?;
        start.checked_add(length)?;
        last = Piece { position, frame, start, length };
        pieces.push(last);
        bytes = rest;
    }
    Some((pack, pieces))
}

/// Before the first piece.
const NOWHERE: Piece = Piece { position: 0, frame: 0, start: 0, length: 0 };

/// What the start of a piece in `frame` is told from.
fn from(last: &Piece, frame: u64) -> i64 {
    if last.frame == frame { i64::from(last.end()) } else { 0 }
}

/// The parts of pieces that count, ascending by position, cut to `wanted`.
pub fn tiles(pieces: &[Piece], wanted: Range<i64>) -> Vec<Piece> {
    let mut tiles = Vec::with_capacity(pieces.len());
    let mut put = |piece: &Piece, part: Range<i64>| {
        let part = part.start.max(wanted.start)..part.end.min(wanted.end);
        if !part.is_empty() {
            tiles.push(piece.cut(&part));
        }
    };
    if pieces.windows(2).all(|pair| pair[0].range().end <= pair[1].position) {
        pieces.iter().for_each(|piece| put(piece, piece.range()));
        return tiles;
    }
    let mut later = Coverage::default();
    for piece in pieces.iter().rev().filter(|piece| piece.length > 0) {
        later.add(piece.range(), |part, seen| {
            if !seen {
                put(piece, part);
            }
        });
    }
    tiles.sort_unstable_by_key(|tile| tile.position);
    tiles
}

/// Calls `visit` for each part of `wanted` that is in a piece, in any order. The last pieces are looked at first, and no
/// more than is needed.
pub fn visit<E>(pieces: &[Piece], wanted: Range<i64>, mut visit: impl FnMut(Piece) -> Result<(), E>) -> Result<(), E> {
    let mut missing: SmallVec<[Range<i64>; 4]> = SmallVec::from_iter([wanted]);
    for piece in pieces.iter().rev() {
        let mut rest = SmallVec::new();
        for range in missing {
            let both = range.start.max(piece.position)..range.end.min(piece.range().end);
            if both.is_empty() {
                rest.push(range);
                continue;
            }
            visit(piece.cut(&both))?;
            rest.extend([range.start..both.start, both.end..range.end].into_iter().filter(|range| !range.is_empty()));
        }
        missing = rest;
        if missing.is_empty() {
            break;
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use proptest::prelude::*;

    use super::*;

    fn pieces() -> impl Strategy<Value = Pieces> {
        let piece = (-50i64..200, 0u64..4, 0u32..300, 1u32..40);
        let piece = piece.prop_map(|(position, frame, start, length)| Piece { position, frame, start, length });
        prop::collection::vec(piece, 0..12).prop_map(Pieces::from_vec)
    }

    /// Frame and place in it of each byte, from a plain map.
    fn naive(pieces: &[Piece]) -> BTreeMap<i64, (u64, u32)> {
        pieces
            .iter()
            .flat_map(|piece| piece.range().zip(piece.start..).map(|(at, start)| (at, (piece.frame, start))))
            .collect()
    }

    proptest! {
        #[test]
        fn what_is_encoded_is_decoded(pieces in pieces(), pack: u8) {
            prop_assert_eq!(decode(&encode(pack, &pieces)), Some((pack, pieces)));
        }

        #[test]
        fn damage_is_no_panic(bytes in prop::collection::vec(any::<u8>(), 0..40)) {
            if let Some((pack, pieces)) = decode(&bytes) {
                tiles(&pieces, 0..1000);
                encode(pack, &pieces);
            }
        }

        #[test]
        fn later_pieces_count(pieces in pieces(), start in -60i64..200, length in 0i64..200) {
            let wanted = start..start + length;
            let mut expected = naive(&pieces);
            expected.retain(|at, _| wanted.contains(at));
            let tiles = tiles(&pieces, wanted.clone());
            prop_assert!(tiles.windows(2).all(|pair| pair[0].range().end <= pair[1].position));
            prop_assert_eq!(naive(&tiles), expected.clone());
            let mut visited = Vec::new();
            visit(&pieces, wanted, |piece| -> Result<(), ()> { visited.push(piece); Ok(()) }).unwrap();
            prop_assert_eq!(visited.iter().map(|piece| piece.length as usize).sum::<usize>(), expected.len());
            prop_assert_eq!(naive(&visited), expected);
        }
    }

    #[test]
    fn a_small_flow_takes_nine_bytes() {
        let piece = Piece { position: 0, frame: 5000, start: 100_000, length: 300 };
        assert_eq!(encode(7, &[piece]).len(), 9);
        let mut joined = Pieces::from_iter([piece]);
        push(&mut joined, Piece { position: 300, start: 100_300, length: 20, ..piece });
        assert_eq!(joined[..], [Piece { length: 320, ..piece }]);
    }
}
