//! One pack being written: frames compressed one by one and put behind each other.

use std::fs::File;
use std::io;
use std::os::unix::fs::FileExt;

use zstd::bulk::Compressor;

use super::layout::{Frames, damaged};
use super::reading::Packs;
use super::{Earlier, FRAME, path};
use crate::model::PackFrame;
use crate::store::beneath::Beneath;
use crate::store::{Error, at};

/// How hard frames are compressed: recording must keep up, and disk used stay well below half of what files take. Of 640 MB of
/// made web traffic levels -10, -16, -20 and -32 leave 53, 60, 66 and 74 %, in 2.0, 1.9, 1.75 and 1.6 s. Text
/// loses more than noise by each step, hence one from the middle. None below 0 codes literals; a smaller table, longer matches
/// and frames without checksum save less than 2 % of the time.
const LEVEL: i32 = -16;
/// Frames kept that were read back.
const KEEP: usize = 4;

/// A pack that grows.
pub struct Pack {
    number: u8,
    beneath: Beneath,
    file: Option<File>,
    /// Bytes in the file.
    end: u64,
    committed: u64,
    next_frame: u64,
    compressor: Compressor<'static>,
    compressed: Vec<u8>,
    /// The frame that is being filled, and its bytes; without a number while there are none.
    filling: Option<u64>,
    bytes: Vec<u8>,
    /// Frames written since the last commit, by number.
    made: Vec<PackFrame>,
    earlier: Earlier,
    reading: Packs,
}

impl Pack {
    /// Pack `number`, of which `committed` bytes hold `next_frame` frames.
    pub fn new(beneath: Beneath, number: u8, next_frame: u64, committed: u64, earlier: Earlier) -> io::Result<Self> {
        let mut compressor = Compressor::new(LEVEL)?;
        compressor.include_checksum(true)?;
        Ok(Pack {
            number,
            reading: Packs::new(beneath.clone(), KEEP),
            beneath,
            file: None,
            end: committed,
            committed,
            next_frame,
            compressor,
            compressed: Vec::new(),
            filling: None,
            bytes: Vec::new(),
            made: Vec::new(),
            earlier,
        })
    }

    /// Puts at most [`FRAME`] bytes into a frame with others; which, and where in it.
    pub fn put(&mut self, bytes: &[u8]) -> Result<(u64, u32), Error> {
        if self.bytes.len() + bytes.len() > FRAME {
            self.flush()?;
        }
        let number = *self.filling.get_or_insert(self.next_frame);
        self.next_frame = self.next_frame.max(number + 1);
        let start = self.bytes.len() as u32;
        self.bytes.extend_from_slice(bytes);
        Ok((number, start))
    }

    /// Puts at most [`FRAME`] bytes into a frame of their own; which.
    pub fn put_alone(&mut self, bytes: &[u8]) -> Result<u64, Error> {
        let number = self.next_frame;
        self.next_frame += 1;
        self.append(number, bytes)?;
        Ok(number)
    }

    /// Writes the frame that is being filled.
    pub fn flush(&mut self) -> Result<(), Error> {
        let Some(number) = self.filling.take() else { return Ok(()) };
        let mut bytes = std::mem::take(&mut self.bytes);
        self.append(number, &bytes)?;
        bytes.clear();
        self.bytes = bytes;
        Ok(())
    }

    /// Frames written since the last commit, ascending by number.
    pub fn made(&self) -> &[PackFrame] {
        &self.made
    }

    /// They are committed.
    pub fn settle(&mut self) {
        self.made.clear();
        self.committed = self.end;
    }

    fn append(&mut self, number: u64, bytes: &[u8]) -> Result<(), Error> {
        let name = path(self.number);
        self.compressed.clear();
        self.compressed.reserve(zstd::zstd_safe::compress_bound(bytes.len()));
        let stored = self.compressor.compress_to_buffer(bytes, &mut self.compressed).map_err(at(&name))?;
        self.open(&name)?;
        let file = self.file.as_ref().expect("just opened");
        file.write_all_at(&self.compressed, self.end).map_err(at(&name))?;
        let (pack, offset, stored_bytes) = (self.number, self.end, stored as u64);
        let frame = PackFrame { pack, number, offset, stored_bytes, length: bytes.len() as u64 };
        let place = self.made.partition_point(|made| made.number < number);
        self.made.insert(place, frame);
        self.end += stored_bytes;
        Ok(())
    }

    /// The file. One that stands there and is not as the last commit left it stays as it is.
    fn open(&mut self, name: &str) -> Result<(), Error> {
        if self.file.is_some() {
            return Ok(());
        }
        let opened = if self.committed == 0 { self.beneath.create(name) } else { self.beneath.edit(name) };
        let file = match opened {
            Err(error) if error.kind() == io::ErrorKind::AlreadyExists => Err(Error::InTheWay(name.to_owned())),
            other => other.map_err(at(name)),
        }?;
        let data = file.metadata().map_err(at(name))?;
        if !data.is_file() || data.len() != self.committed {
            let what = format!("{} bytes long instead of {}", data.len(), self.committed);
            return Err(at(name)(damaged(what)));
        }
        self.file = Some(file);
        Ok(())
    }
}

impl Frames for Pack {
    fn frame(&mut self, pack: u8, number: u64) -> io::Result<&[u8]> {
        if self.filling == Some(number) && pack == self.number {
            return Ok(&self.bytes);
        }
        let Pack { made, earlier, reading, .. } = self;
        let find = || match made.binary_search_by_key(&number, |made| made.number) {
            Ok(at) => Ok(Some(made[at])),
            Err(_) => earlier(number),
        };
        reading.frame(pack, number, find)
    }
}
