//! Frames read back from packs: found by the index, decompressed once, a few of them kept.

use std::collections::{HashMap, VecDeque};
use std::fs::File;
use std::io;
use std::os::unix::fs::FileExt;

use zstd::bulk::Decompressor;

use super::layout::{Frames, damaged};
use super::{FRAME, path};
use crate::model::PackFrame;
use crate::store::beneath::Beneath;

/// The packs of a case, open for reading.
pub struct Packs {
    beneath: Beneath,
    files: HashMap<u8, File>,
    decompressor: Option<Decompressor<'static>>,
    compressed: Vec<u8>,
    /// Frames decompressed last, the latest first.
    recent: VecDeque<Frame>,
    /// How many of them are kept.
    keep: usize,
}

struct Frame {
    pack: u8,
    number: u64,
    bytes: Vec<u8>,
}

impl Packs {
    /// Those of the case directory `beneath`; keeps `keep` frames of at most [`FRAME`] bytes.
    pub fn new(beneath: Beneath, keep: usize) -> Self {
        let (files, recent) = (HashMap::new(), VecDeque::new());
        Packs { beneath, files, decompressor: None, compressed: Vec::new(), recent, keep }
    }

    /// All bytes of a frame; `find` says where it lies.
    pub fn frame(
        &mut self,
        pack: u8,
        number: u64,
        find: impl FnOnce() -> io::Result<Option<PackFrame>>,
    ) -> io::Result<&[u8]> {
        match self.recent.iter().position(|frame| (frame.pack, frame.number) == (pack, number)) {
            Some(0) => {}
            Some(at) => {
                let frame = self.recent.remove(at).expect("just found");
                self.recent.push_front(frame);
            }
            None => {
                let found = find()?.ok_or_else(|| damaged(format!("`{}` has no frame {number}", path(pack))))?;
                let spare = if self.recent.len() >= self.keep { self.recent.pop_back() } else { None };
                let mut bytes = spare.map(|frame| frame.bytes).unwrap_or_default();
                self.read(&found, &mut bytes)?;
                self.recent.push_front(Frame { pack, number, bytes });
            }
        }
        Ok(&self.recent[0].bytes)
    }

    /// Decompresses a frame.
    ///
    /// # Errors
    /// Named by pack and frame: it is cut or damaged, or not as long as the index says.
    pub fn read(&mut self, frame: &PackFrame, into: &mut Vec<u8>) -> io::Result<()> {
        self.decompress(frame, into).map_err(|error| {
            let (pack, number, offset) = (path(frame.pack), frame.number, frame.offset);
            io::Error::new(error.kind(), format!("frame {number} of `{pack}` (at {offset}): {error}"))
        })
    }

    fn decompress(&mut self, frame: &PackFrame, into: &mut Vec<u8>) -> io::Result<()> {
        let most = zstd::zstd_safe::compress_bound(FRAME) as u64;
        if frame.length > FRAME as u64 || frame.stored_bytes > most {
            return Err(damaged("larger than any frame".into()));
        }
        self.compressed.resize(frame.stored_bytes as usize, 0);
        if !self.files.contains_key(&frame.pack) {
            self.files.insert(frame.pack, self.beneath.read(&path(frame.pack))?);
        }
        self.files[&frame.pack].read_exact_at(&mut self.compressed, frame.offset)?;
        if self.decompressor.is_none() {
            self.decompressor = Some(Decompressor::new()?);
        }
        let decompressor = self.decompressor.as_mut().expect("just made");
        into.clear();
        into.reserve_exact(frame.length as usize);
        let length = decompressor.decompress_to_buffer(&self.compressed, into)?;
        if length as u64 != frame.length {
            return Err(damaged(format!("{length} bytes instead of {}", frame.length)));
        }
        Ok(())
    }
}

/// Packs, and what knows where their frames lie.
pub struct Committed<'p, F> {
    /// The packs.
    pub packs: &'p mut Packs,
    /// Where a frame lies, by pack and number.
    pub find: F,
}

impl<F: FnMut(u8, u64) -> io::Result<Option<PackFrame>>> Frames for Committed<'_, F> {
    fn frame(&mut self, pack: u8, number: u64) -> io::Result<&[u8]> {
        let find = &mut self.find;
        self.packs.frame(pack, number, || find(pack, number))
    }
}
