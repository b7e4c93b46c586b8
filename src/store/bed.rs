//! Where what is known of flows that sleep lies, and of connections that are thought to be over: in a file without a name, so that a
//! kill leaves nothing behind.
//!
//! Byte strings are added at the end and taken out in about the same order, each read once. What was taken out leaves
//! a hole; when most of the file is holes, what is left moves together.

use std::collections::HashMap;
use std::fs::File;
use std::io;
use std::os::unix::fs::FileExt;

use super::beneath::Beneath;
use super::{Error, at};

/// Bytes written at once.
const BLOCK: usize = if cfg!(test) { 64 } else { 64 << 10 };
/// Bytes read at once: what is wanted next lies near, on either side.
const NEAR: u64 = if cfg!(test) { 32 } else { 8 << 10 };
/// A file shorter than this is not worth making smaller.
const SMALL: u64 = if cfg!(test) { 256 } else { 4 << 20 };
/// In front of each byte string: its length.
const HEAD: usize = 4;
/// What messages call the file without a name.
const NAME: &str = "scratch";

/// Byte strings by their keys.
#[derive(Default)]
pub struct Bed {
    places: HashMap<u64, Place, foldhash::fast::RandomState>,
    ground: Ground,
}

/// Byte strings by the place they were put at.
#[derive(Default)]
struct Ground {
    /// Where a file is made when there is enough for one. None: everything stays in memory.
    beneath: Option<Beneath>,
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

type Place = u64;

impl Bed {
    /// In a file that the case directory holds, but does not show.
    pub fn beneath(beneath: &Beneath) -> Self {
        Bed { ground: Ground { beneath: Some(beneath.clone()), ..Ground::default() }, ..Bed::default() }
    }

    /// Something has this key.
    pub fn has(&self, key: u64) -> bool {
        !self.places.is_empty() && self.places.contains_key(&key)
    }

    /// Adds bytes; nothing has their key.
    pub fn put(&mut self, key: u64, bytes: &[u8]) -> Result<(), Error> {
        self.places.insert(key, self.ground.put(bytes).map_err(at(NAME))?);
        Ok(())
    }

    /// Takes out what was put with a key.
    pub fn take(&mut self, key: u64) -> Result<Option<Vec<u8>>, Error> {
        let place = if self.places.is_empty() { None } else { self.places.remove(&key) };
        let Some(place) = place else { return Ok(None) };
        let bytes = self.ground.take(place).map_err(at(NAME))?;
        if self.ground.is_sparse() {
            let mut places: Vec<&mut Place> = self.places.values_mut().collect();
            places.sort_unstable();
            self.ground.close_holes(places).map_err(at(NAME))?;
        }
        Ok(Some(bytes))
    }
}

impl Ground {
    fn put(&mut self, bytes: &[u8]) -> io::Result<Place> {
        let place = self.end();
        self.tail.extend_from_slice(&(bytes.len() as u32).to_le_bytes());
        self.tail.extend_from_slice(bytes);
        self.held += (HEAD + bytes.len()) as u64;
        if self.tail.len() >= BLOCK {
            self.write()?;
        }
        Ok(place)
    }

    fn write(&mut self) -> io::Result<()> {
        if self.file.is_none() {
            // where there are no files without names, there will be none
            self.file = self.beneath.take().and_then(|beneath| beneath.unnamed().ok());
        }
        if let Some(file) = &self.file {
            file.write_all_at(&self.tail, self.tail_at)?;
            self.tail_at = self.end();
            self.tail.clear();
        }
        Ok(())
    }

    fn take(&mut self, place: Place) -> io::Result<Vec<u8>> {
        let head = self.bytes(place, HEAD)?.first_chunk().map_or(0, |head| u32::from_le_bytes(*head));
        let bytes = self.bytes(place + HEAD as u64, head as usize)?.to_vec();
        self.held -= (HEAD + bytes.len()) as u64;
        if self.held == 0 {
            self.clear();
        }
        Ok(bytes)
    }

    /// Most of it is holes.
    fn is_sparse(&self) -> bool {
        self.end() > SMALL && self.end() / 4 > self.held
    }

    /// Moves what lies at these places, ascending, together. Nothing else is there.
    fn close_holes(&mut self, places: Vec<&mut Place>) -> io::Result<()> {
        let file = self.file.as_ref().map(File::try_clone).transpose()?;
        let mut closed = Ground { file, ..Ground::default() };
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
            self.look(place, length)?;
        }
        Ok(&self.window[(place - self.window_at) as usize..][..length])
    }

    fn look(&mut self, place: Place, length: usize) -> io::Result<()> {
        let (start, end) = (place - place % NEAR, (place + length as u64).next_multiple_of(NEAR).min(self.tail_at));
        self.window.clear();
        self.window.resize((end - start) as usize, 0);
        self.window_at = start;
        self.file.as_ref().map_or(Ok(()), |file| file.read_exact_at(&mut self.window, start))
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
            for (number, (step, pick, length)) in (0u64..).zip(steps) {
                if step > 0 || twin.is_empty() {
                    let bytes = vec![number as u8; length];
                    bed.put(number, &bytes).unwrap();
                    twin.insert(number, bytes);
                } else {
                    let key = *pick.get(&twin.keys().copied().collect::<Vec<_>>());
                    prop_assert_eq!(bed.take(key).unwrap(), twin.remove(&key));
                    prop_assert!(!bed.has(key));
                    prop_assert!(!bed.ground.is_sparse());
                }
            }
            for (key, bytes) in twin {
                prop_assert!(bed.has(key));
                prop_assert_eq!(bed.take(key).unwrap(), Some(bytes));
            }
            prop_assert_eq!(std::fs::read_dir(directory.path()).unwrap().count(), 0);
        }
    }
}
