//! The payload of a flow, however the case keeps it.

use std::cell::RefCell;
use std::fs::File;
use std::io;
use std::ops::Range;
use std::os::unix::fs::FileExt;
use std::time::{Duration, SystemTime};

use rustix::fs::SeekFrom;

use super::Reader;
use crate::index::{self, FlowInfo};
use crate::model::{Digests, HashKind, PackFrame, Timestamp};
use crate::store::beneath::Beneath;
use crate::store::digest::{Front, of_file};
use crate::store::packed::layout::Layout;
use crate::store::packed::reading::{Committed, Packs};

/// Frames of packs kept while a case is read: 8 MiB.
const KEEP: usize = 32;

/// Bytes of one flow, from offset 0 to its length; holes read as zeros.
pub struct Payload<'a> {
    lies: Lies<'a>,
    length: u64,
    modified: Option<SystemTime>,
}

enum Lies<'a> {
    File(File),
    Packed(Layout, &'a Reader),
}

impl Reader {
    /// Opens the payload of a flow, without following links.
    pub fn payload(&self, flow: &FlowInfo) -> io::Result<Payload<'_>> {
        if let Some(pieces) = &flow.pieces {
            let layout = Layout::decode(pieces, flow.base, flow.length)?;
            let modified = flow.start.and_then(system_time);
            return Ok(Payload { length: layout.length(), lies: Lies::Packed(layout, self), modified });
        }
        Payload::of_file(self.beneath.read(&flow.path)?)
    }

    /// Does something with the packs; each frame is looked up in the index.
    pub(super) fn with_packs<T>(
        &self,
        act: impl FnOnce(&mut Committed<'_, Find<'_>>) -> io::Result<T>,
    ) -> io::Result<T> {
        let find: Find<'_> = Box::new(|pack, number| self.index.frame(pack, number).map_err(io::Error::other));
        act(&mut Committed { packs: &mut self.packs.borrow_mut(), find })
    }
}

/// Where a frame lies, by pack and number.
pub(super) type Find<'a> = Box<dyn FnMut(u8, u64) -> io::Result<Option<PackFrame>> + 'a>;

impl Payload<'static> {
    /// That of a file.
    pub fn of_file(file: File) -> io::Result<Self> {
        let data = file.metadata()?;
        Ok(Payload { length: data.len(), modified: Some(data.modified()?), lies: Lies::File(file) })
    }
}

impl Payload<'_> {
    /// Bytes, holes counted; of a file as it lies, whatever was recorded.
    pub fn length(&self) -> u64 {
        self.length
    }

    /// When its file was last changed, or would have been; `None` if that is not known.
    pub fn modified(&self) -> Option<SystemTime> {
        self.modified
    }

    /// Fills `into` with the bytes from `offset` on.
    ///
    /// # Errors
    /// Also if the payload ends before.
    pub fn read_at(&self, offset: u64, into: &mut [u8]) -> io::Result<()> {
        match &self.lies {
            Lies::File(file) => file.read_exact_at(into, offset),
            Lies::Packed(..) if offset.saturating_add(into.len() as u64) > self.length => {
                Err(io::ErrorKind::UnexpectedEof.into())
            }
            Lies::Packed(layout, reader) => reader.with_packs(|packs| layout.read_at(offset, into, packs)),
        }
    }

    /// The next range at or behind `at` that is no hole, as far as that is known without reading; `None` behind the last.
    pub fn next_data(&self, at: u64) -> io::Result<Option<Range<u64>>> {
        let file = match &self.lies {
            Lies::File(file) => file,
            Lies::Packed(layout, _) => return Ok(layout.next_data(at)),
        };
        if at >= self.length {
            return Ok(None);
        }
        match rustix::fs::seek(file, SeekFrom::Data(at)) {
            Ok(data) if data >= self.length => Ok(None),
            Ok(data) => Ok(Some(data..rustix::fs::seek(file, SeekFrom::Hole(data))?.min(self.length))),
            Err(rustix::io::Errno::NXIO) => Ok(None),
            Err(rustix::io::Errno::INVAL) => Ok(Some(at..self.length)),
            Err(error) => Err(error.into()),
        }
    }

    /// Digests of all of it.
    pub fn digests(&self, kinds: &[HashKind]) -> io::Result<Digests> {
        match &self.lies {
            Lies::File(file) => of_file(kinds, file),
            Lies::Packed(layout, reader) => {
                let mut front = Front::new(kinds, layout.base());
                reader.with_packs(|packs| layout.feed(&mut front, packs))?;
                Ok(front.finish())
            }
        }
    }

    /// Bytes that are in no hole, if that is known without reading.
    pub(super) fn stored_bytes(&self) -> Option<u64> {
        match &self.lies {
            Lies::File(_) => None,
            Lies::Packed(layout, _) => Some(layout.stored_bytes()),
        }
    }
}

/// Unpacks whole flows for SQL.
pub(super) fn unpack(beneath: Beneath) -> index::payload::Unpack {
    let mut packs = Packs::new(beneath, KEEP);
    Box::new(move |flow, frames| {
        let layout = Layout::decode(&flow.pieces, flow.base, flow.length)?;
        let mut bytes = vec![0; flow.length as usize];
        let find = |pack, number| frames.frame(pack, number).map_err(io::Error::other);
        layout.read_at(0, &mut bytes, &mut Committed { packs: &mut packs, find })?;
        Ok(bytes)
    })
}

/// The packs of a case, for its reader.
pub(super) fn packs(beneath: Beneath) -> RefCell<Packs> {
    RefCell::new(Packs::new(beneath, KEEP))
}

fn system_time(time: Timestamp) -> Option<SystemTime> {
    let since = Duration::from_nanos(time.nanoseconds().unsigned_abs());
    let epoch = SystemTime::UNIX_EPOCH;
    if time.nanoseconds() < 0 { epoch.checked_sub(since) } else { epoch.checked_add(since) }
}
