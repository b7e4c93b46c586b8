//! Files whose front is not what it has to be: bytes that came late belong before the first, or a SYN that came late says
//! that some are no data. The file is built anew once, when the flow is closed.

use std::fs::File;
use std::io;
use std::os::unix::fs::FileExt;

use rustix::fs::SeekFrom;

use super::{Files, create, note};
use crate::model::FlowId;
use crate::store::journal::Record;
use crate::store::{Error, at};

/// Where files lie while they are rebuilt.
pub const SCRATCH: &str = "scratch";
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

impl Files {
    /// Stores bytes that lie in front of the file's first.
    pub(super) fn put_early(&mut self, id: FlowId, position: i64, bytes: &[u8]) -> Result<(), Error> {
        if self.flow(id).early.is_none() {
            let path = self.scratch_path();
            self.create_scratch(&path)?;
            self.flow(id).early = Some(Early { path, pieces: Vec::new(), length: 0 });
        }
        let Some(early) = self.flows.get_mut(&id).and_then(|flow| flow.early.as_mut()) else { return Ok(()) };
        let file = self.beneath.edit(&early.path).map_err(at(&early.path))?;
        file.write_all_at(bytes, early.length).map_err(at(&early.path))?;
        let length = bytes.len() as u64;
        early.pieces.push(Piece { position, length, offset: early.length });
        early.length += length;
        Ok(())
    }

    /// Reads back what lies in front of the file's first byte; the latest copy of a byte counts.
    pub(super) fn read_early(&mut self, id: FlowId, position: i64, into: &mut [u8]) -> Result<(), Error> {
        let Some(early) = &self.flows[&id].early else { return Ok(()) };
        let file = self.beneath.read(&early.path).map_err(at(&early.path))?;
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
    pub(super) fn must_rebuild(&mut self, id: FlowId) -> bool {
        let flow = self.flow(id);
        flow.early.is_some() || flow.disk.as_ref().is_some_and(|disk| disk.origin != flow.base)
    }

    /// Builds the file anew beside the old one. A committed one is replaced after the commit, another one at once.
    pub(super) fn rebuild(&mut self, id: FlowId, length: u64) -> Result<(), Error> {
        let scratch = self.scratch_path();
        let to = self.create_scratch(&scratch)?;
        self.copy_early(id, &to)?;
        let Some(flow) = self.flows.get_mut(&id) else { return Ok(()) };
        let mut committed = false;
        if let Some(disk) = &mut flow.disk {
            let from = self.beneath.read(&flow.path).map_err(at(&flow.path))?;
            copy_data(&from, flow.base - disk.origin, &to).map_err(at(&scratch))?;
            committed = disk.committed.is_some();
            (disk.origin, disk.changed) = (flow.base, true);
            flow.written = true;
        }
        to.set_len(length).map_err(at(&scratch))?;
        self.open.insert(id, to);
        if committed {
            self.moves.push((scratch, flow.path.clone()));
        } else {
            self.beneath.rename(&scratch, &flow.path).map_err(at(&flow.path))?;
        }
        Ok(())
    }

    fn copy_early(&mut self, id: FlowId, to: &File) -> Result<(), Error> {
        let Some(flow) = self.flows.get_mut(&id) else { return Ok(()) };
        let Some(early) = flow.early.take() else { return Ok(()) };
        let from = self.beneath.read(&early.path).map_err(at(&early.path))?;
        for piece in &early.pieces {
            let skip = (flow.base - piece.position).clamp(0, piece.length as i64) as u64;
            let offset = (piece.position + skip as i64 - flow.base).max(0) as u64;
            copy(&from, piece.offset + skip, to, offset, piece.length - skip).map_err(at(&early.path))?;
        }
        self.beneath.remove(&early.path).map_err(at(&early.path))
    }

    fn create_scratch(&mut self, path: &str) -> Result<File, Error> {
        note(&mut self.journal, &[Record::New(path.to_owned())])?;
        create(&mut self.beneath, &mut self.journal, path)
    }

    fn scratch_path(&mut self) -> String {
        self.scratch_files += 1;
        format!("{SCRATCH}/{}", self.scratch_files)
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
