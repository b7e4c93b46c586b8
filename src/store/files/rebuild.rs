//! Files whose front is not what it has to be: bytes that came late belong before the first, or a SYN that came late says
//! that some are no data. The file is built anew once, when the flow is closed.

use std::fs::File;
use std::io;
use std::os::unix::fs::FileExt;

use rustix::fs::SeekFrom;

use super::{Disk, Flow};
use crate::store::journal::{Record, SCRATCH};
use crate::store::{Error, at};

/// Bytes copied at once.
const BLOCK: usize = 256 << 10;

/// Bytes in front of the file's first, in order of arrival, in a file of their own.
pub(super) struct Early {
    path: String,
    pieces: Vec<Piece>,
    length: u64,
}

struct Piece {
    position: i64,
    length: u64,
    offset: u64,
}

impl Flow {
    /// Stores bytes that lie in front of the file's first.
    pub(super) fn put_early(&mut self, position: i64, bytes: &[u8], disk: &mut Disk) -> Result<(), Error> {
        if self.early.is_none() {
            let path = disk.scratch_path();
            disk.create_scratch(&path)?;
            self.early = Some(Box::new(Early { path, pieces: Vec::new(), length: 0 }));
        }
        let Some(early) = &mut self.early else { return Ok(()) };
        let file = disk.beneath.edit(&early.path).map_err(at(&early.path))?;
        file.write_all_at(bytes, early.length).map_err(at(&early.path))?;
        let length = bytes.len() as u64;
        early.pieces.push(Piece { position, length, offset: early.length });
        early.length += length;
        Ok(())
    }

    /// Reads back what lies in front of the file's first byte; the latest copy of a byte counts.
    pub(super) fn read_early(&self, position: i64, into: &mut [u8], disk: &Disk) -> Result<(), Error> {
        let Some(early) = &self.early else { return Ok(()) };
        let file = disk.beneath.read(&early.path).map_err(at(&early.path))?;
        let end = position + into.len() as i64;
        for piece in &early.pieces {
            let both = piece.position.max(position)..(piece.position + piece.length as i64).min(end);
            if both.is_empty() {
                continue;
            }
            let here = &mut into[(both.start - position) as usize..(both.end - position) as usize];
            file.read_exact_at(here, piece.offset + (both.start - piece.position) as u64).map_err(at(&early.path))?;
        }
        Ok(())
    }

    /// Whether the file has bytes to come in front of its first, or some to lose there.
    pub(super) fn must_rebuild(&self) -> bool {
        self.early.is_some() || self.disk.as_ref().is_some_and(|on_disk| on_disk.origin != self.base)
    }

    /// Builds the file anew beside the old one. A committed one is replaced after the commit, another one at once.
    pub(super) fn rebuild(&mut self, length: u64, disk: &mut Disk) -> Result<(), Error> {
        let scratch = disk.scratch_path();
        let to = disk.create_scratch(&scratch)?;
        self.copy_early(&to, disk)?;
        let (place, mut committed) = (self.place().to_owned(), false);
        if let Some(on_disk) = &mut self.disk {
            let from = disk.beneath.read(&place).map_err(at(&self.path))?;
            copy_data(&from, self.base - on_disk.origin, &to).map_err(at(&scratch))?;
            committed = on_disk.committed.is_some();
            (on_disk.origin, on_disk.changed) = (self.base, true);
            self.written = true;
        }
        to.set_len(length).map_err(at(&scratch))?;
        self.file = Some(to);
        if committed {
            disk.moves.insert(self.path.clone(), scratch);
        } else {
            disk.beneath.rename(&scratch, &place).map_err(at(&self.path))?;
        }
        Ok(())
    }

    fn copy_early(&mut self, to: &File, disk: &Disk) -> Result<(), Error> {
        let Some(early) = self.early.take() else { return Ok(()) };
        let from = disk.beneath.read(&early.path).map_err(at(&early.path))?;
        for piece in &early.pieces {
            let skip = (self.base - piece.position).clamp(0, piece.length as i64) as u64;
            let offset = (piece.position + skip as i64 - self.base).max(0) as u64;
            copy(&from, piece.offset + skip, to, offset, piece.length - skip).map_err(at(&early.path))?;
        }
        disk.beneath.remove(&early.path).map_err(at(&early.path))
    }
}

impl Disk {
    fn create_scratch(&self, path: &str) -> Result<File, Error> {
        self.note(&[Record::New(path.to_owned())])?;
        self.create(path)
    }

    fn scratch_path(&mut self) -> String {
        self.scratch_files += 1;
        format!("{SCRATCH}/{}.{}", self.number, self.scratch_files)
    }
}

/// Copies a range from one file to another place in another.
fn copy(from: &File, offset: u64, to: &File, to_offset: u64, length: u64) -> io::Result<()> {
    let mut buffer = vec![0; BLOCK.min(length as usize)];
    let mut done = 0;
    while done < length {
        let bytes = buffer.len().min((length - done) as usize);
        from.read_exact_at(&mut buffer[..bytes], offset + done)?;
        to.write_all_at(&buffer[..bytes], to_offset + done)?;
        done += bytes as u64;
    }
    Ok(())
}

/// Copies the data of a file, not its holes, so that offset `first` becomes offset 0; a negative `first` leaves room in front.
fn copy_data(from: &File, first: i64, to: &File) -> io::Result<()> {
    let mut at = first.max(0) as u64;
    while let Ok(data) = rustix::fs::seek(from, SeekFrom::Data(at)) {
        let hole = rustix::fs::seek(from, SeekFrom::Hole(data))?;
        copy(from, data, to, (data as i64 - first) as u64, hole - data)?;
        at = hole;
    }
    Ok(())
}
