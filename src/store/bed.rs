//! Where what is known of sleeping flows lies: in a file without a name, so that a kill leaves nothing behind.
//!
//! Byte strings are added at the end and taken out in about the same order, each read once. What was taken out leaves
//! a hole, which is only closed when most of the file is holes.

use std::fs::File;
use std::io;
use std::os::unix::fs::FileExt;

use super::beneath::Beneath;

/// Bytes written, and read, at once.
const BLOCK: usize = if cfg!(test) { 64 } else { 64 << 10 };
/// A file shorter than this is not worth making smaller.
const SMALL: u64 = if cfg!(test) { 256 } else { 4 << 20 };
/// In front of each byte string: its length.
const HEAD: usize = 4;

/// Byte strings by the place they were put at.
#[derive(Default)]
pub struct Bed {
    /// None: the file system has no files without names, and everything stays in memory.
    file: Option<File>,
    /// What is not in the file yet, and the place of its first byte.
    tail: Vec<u8>,
    tail_at: u64,
    /// Bytes read from the file last, and their place.
    window: Vec<u8>,
    window_at: u64,
    /// Bytes that were not taken out.
    held: u64,
}

/// A place in a [`Bed`].
pub type Place = u64;

impl Bed {
    /// In a file that the case directory holds, but does not show.
    pub fn beneath(beneath: &Beneath) -> Self {
        Bed { file: beneath.unnamed().ok(), ..Bed::default() }
    }

    /// Adds bytes; their place.
    pub fn put(&mut self, bytes: &[u8]) -> io::Result<Place> {
        let place = self.end();
        self.tail.extend_from_slice(&(bytes.len() as u32).to_le_bytes());
        self.tail.extend_from_slice(bytes);
        self.held += (HEAD + bytes.len()) as u64;
        if let Some(file) = self.file.as_ref().filter(|_| self.tail.len() >= BLOCK) {
            file.write_all_at(&self.tail, self.tail_at)?;
            self.tail_at = self.end();
            self.tail.clear();
        }
        Ok(place)
    }

    /// Takes out what was put at a place.
    pub fn take(&mut self, place: Place) -> io::Result<Vec<u8>> {
        let head = self.bytes(place, HEAD)?.first_chunk().map_or(0, |head| u32::from_le_bytes(*head));
        let bytes = self.bytes(place + HEAD as u64, head as usize)?.to_vec();
        self.held -= (HEAD + bytes.len()) as u64;
        if self.held == 0 {
            self.clear();
        }
        Ok(bytes)
    }

    /// Most of it is holes: the places of what is left should be given new ones.
    pub fn is_sparse(&self) -> bool {
        self.end() > SMALL && self.end() / 4 > self.held
    }

    /// Moves what lies at these places, ascending, together. Nothing else may be there.
    pub fn close_holes<'p>(&mut self, places: impl Iterator<Item = &'p mut Place>) -> io::Result<()> {
        let file = self.file.as_ref().map(File::try_clone).transpose()?;
        let mut closed = Bed { file, ..Bed::default() };
        for place in places {
            // it moves to the front, never over what is still to be read
            *place = closed.put(&self.take(*place)?)?;
        }
        *self = closed;
        self.file.as_ref().map_or(Ok(()), |file| file.set_len(self.tail_at))
    }

    fn end(&self) -> u64 {
        self.tail_at + self.tail.len() as u64
    }

    fn clear(&mut self) {
        self.tail.clear();
        self.window.clear();
        self.tail_at = 0;
    }

    fn bytes(&mut self, place: Place, length: usize) -> io::Result<&[u8]> {
        let (tail_at, window_at) = (self.tail_at, self.window_at);
        if let Some(start) = place.checked_sub(tail_at) {
            return Ok(&self.tail[start as usize..][..length]);
        }
        let inside = place >= window_at && place + length as u64 <= window_at + self.window.len() as u64;
        if !inside {
            self.look(place, length.max(BLOCK))?;
        }
        Ok(&self.window[(place - self.window_at) as usize..][..length])
    }

    fn look(&mut self, place: Place, length: usize) -> io::Result<()> {
        let length = length.min((self.tail_at - place) as usize);
        self.window.clear();
        self.window.resize(length, 0);
        self.window_at = place;
        self.file.as_ref().map_or(Ok(()), |file| file.read_exact_at(&mut self.window, place))
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use proptest::prelude::*;

    use super::*;

    proptest! {
        #[test]
        fn equals_a_map(steps in prop::collection::vec((0u8..3, any::<prop::sample::Index>(), 0usize..90), 1..200), filed: bool) {
            let directory = tempfile::tempdir().unwrap();
            let beneath = Beneath::open(directory.path()).unwrap();
            let (mut bed, mut twin) = (if filed { Bed::beneath(&beneath) } else { Bed::default() }, BTreeMap::new());
            for (number, (step, pick, length)) in steps.into_iter().enumerate() {
                if step > 0 || twin.is_empty() {
                    let bytes = vec![number as u8; length];
                    prop_assert!(twin.insert(bed.put(&bytes).unwrap(), bytes).is_none());
                } else {
                    let place = *pick.get(&twin.keys().copied().collect::<Vec<_>>());
                    prop_assert_eq!(Some(bed.take(place).unwrap()), twin.remove(&place));
                }
                if bed.is_sparse() {
                    let (mut places, bytes): (Vec<_>, Vec<_>) = std::mem::take(&mut twin).into_iter().unzip();
                    bed.close_holes(places.iter_mut()).unwrap();
                    twin.extend(places.into_iter().zip(bytes));
                }
            }
            for (place, bytes) in twin {
                prop_assert_eq!(bed.take(place).unwrap(), bytes);
            }
            prop_assert_eq!(std::fs::read_dir(directory.path()).unwrap().count(), 0);
        }
    }
}
