//! The payload of a packed flow as its file would be: bytes by offset, holes as zeros.

use std::io;
use std::ops::Range;

use super::pieces::{Piece, decode, tiles};
use crate::store::digest::Front;

/// Zeros fed at once.
const ZEROS: [u8; 4096] = [0; 4096];

/// Gives the payload of frames.
pub trait Frames {
    /// All bytes of a frame.
    ///
    /// # Errors
    /// It is not there, or damaged.
    fn frame(&mut self, pack: u8, number: u64) -> io::Result<&[u8]>;
}

/// Bytes of a flow and where they lie.
#[derive(Clone, Debug)]
pub struct Layout {
    pack: u8,
    base: i64,
    length: u64,
    /// Ascending, without overlap, within the flow.
    tiles: Vec<Piece>,
}

impl Layout {
    /// From the pieces of a row. `length` counts holes.
    ///
    /// # Errors
    /// `InvalidData` if they make no sense.
    pub fn decode(pieces: &[u8], base: i64, length: u64) -> io::Result<Self> {
        let (pack, pieces) = decode(pieces).ok_or_else(|| damaged("what says where it lies makes no sense".into()))?;
        Ok(Self::new(pack, &pieces, base, length))
    }

    /// From pieces in a pack.
    pub fn new(pack: u8, pieces: &[Piece], base: i64, length: u64) -> Self {
        Layout { pack, base, length, tiles: tiles(pieces, base..base.saturating_add_unsigned(length)) }
    }

    /// Stream position of offset 0.
    pub fn base(&self) -> i64 {
        self.base
    }

    /// Bytes, holes counted.
    pub fn length(&self) -> u64 {
        self.length
    }

    /// Fills `into` with the bytes from `offset` on; holes, and what lies behind the end, are zeros.
    pub fn read_at(&self, offset: u64, into: &mut [u8], frames: &mut dyn Frames) -> io::Result<()> {
        into.fill(0);
        let end = offset.saturating_add(into.len() as u64);
        for tile in &self.tiles[self.first_behind(offset)..] {
            let range = self.range(tile);
            if range.start >= end {
                break;
            }
            let both = range.start.max(offset)..range.end.min(end);
            let bytes = bytes(frames, self.pack, tile)?;
            let bytes = &bytes[(both.start - range.start) as usize..(both.end - range.start) as usize];
            into[(both.start - offset) as usize..][..bytes.len()].copy_from_slice(bytes);
        }
        Ok(())
    }

    /// The next bytes at or behind `at` that are in no hole; `None` behind the last.
    pub fn next_data(&self, at: u64) -> Option<Range<u64>> {
        let mut tiles = self.tiles[self.first_behind(at)..].iter().map(|tile| self.range(tile));
        let first = tiles.next()?;
        let end = tiles.try_fold(first.end, |end, next| if next.start == end { Ok(next.end) } else { Err(end) });
        let (Ok(end) | Err(end)) = end;
        Some(first.start.max(at)..end)
    }

    /// Bytes that are in no hole.
    pub fn stored_bytes(&self) -> u64 {
        self.tiles.iter().map(|tile| u64::from(tile.length)).sum()
    }

    /// Feeds digests what they have not seen up to the end.
    pub fn feed(&self, front: &mut Front, frames: &mut dyn Frames) -> io::Result<()> {
        let mut at = (front.position - self.base) as u64;
        for tile in &self.tiles[self.first_behind(at)..] {
            let range = self.range(tile);
            feed_zeros(front, range.start.saturating_sub(at));
            front.feed(&bytes(frames, self.pack, tile)?[at.saturating_sub(range.start) as usize..]);
            at = range.end;
        }
        feed_zeros(front, self.length.saturating_sub(at));
        Ok(())
    }

    /// The first tile that ends behind `offset`.
    fn first_behind(&self, offset: u64) -> usize {
        self.tiles.partition_point(|tile| self.range(tile).end <= offset)
    }

    fn range(&self, tile: &Piece) -> Range<u64> {
        let start = tile.position.wrapping_sub(self.base) as u64;
        start..start + u64::from(tile.length)
    }
}

/// The bytes of a piece.
pub fn bytes<'f>(frames: &'f mut dyn Frames, pack: u8, piece: &Piece) -> io::Result<&'f [u8]> {
    let (frame, start) = (piece.frame, piece.start as usize);
    let bytes = frames.frame(pack, frame)?;
    let outside = || damaged(format!("it is said to lie outside of frame {frame} of pack {pack}"));
    bytes.get(start..start + piece.length as usize).ok_or_else(outside)
}

fn feed_zeros(front: &mut Front, mut count: u64) {
    while count > 0 {
        let now = count.min(ZEROS.len() as u64);
        front.feed(&ZEROS[..now as usize]);
        count -= now;
    }
}

pub(super) fn damaged(what: String) -> io::Error {
    io::Error::new(io::ErrorKind::InvalidData, what)
}
