//! Frames out: captures in the format of libpcap (pcap-savefile(5)), with nanoseconds, digested as they are written.

use std::fs::File;
use std::io::{self, BufWriter, Write};
use std::path::{Path, PathBuf};

use super::Identity;
use super::digest::Seen;
use crate::model::{FrameHead, LinkType};

/// Marks a file whose times have nanoseconds.
const MAGIC: u32 = 0xa1b2_3c4d;
const VERSION: [u16; 2] = [2, 4];
/// More than any frame has.
const SNAP_LENGTH: u32 = 262_144;
/// Bytes in front of the first frame, and in front of each.
pub const HEADERS: (u64, u64) = (24, 16);

/// A capture that is being written. Its frames have one link type.
pub struct Writer {
    path: PathBuf,
    link: LinkType,
    file: BufWriter<File>,
    seen: Seen,
}

/// A capture that cannot be written.
#[derive(Debug, thiserror::Error)]
#[error("`{}`: {source}", path.display())]
pub struct Error {
    path: PathBuf,
    source: io::Error,
}

impl Error {
    /// What kind of error it is.
    pub fn kind(&self) -> io::ErrorKind {
        self.source.kind()
    }
}

impl Writer {
    /// Makes a file, replacing what is there.
    pub fn create(path: &Path, link: LinkType) -> Result<Self, Error> {
        Self::over(path, link, File::create(path))
    }

    /// Makes a file that is not there yet.
    pub fn create_new(path: &Path, link: LinkType) -> Result<Self, Error> {
        Self::over(path, link, File::create_new(path))
    }

    fn over(path: &Path, link: LinkType, file: io::Result<File>) -> Result<Self, Error> {
        let file = file.map_err(|source| Error { path: path.to_owned(), source })?;
        let mut writer = Writer { path: path.to_owned(), link, file: BufWriter::new(file), seen: Seen::default() };
        let [major, minor] = VERSION;
        let version = u32::from(major) | u32::from(minor) << 16;
        writer.put(&[MAGIC, version, 0, 0, SNAP_LENGTH, in_files(link).0].map(u32::to_le_bytes).concat())?;
        Ok(writer)
    }

    /// Where it is.
    pub fn path(&self) -> &Path {
        &self.path
    }

    /// The link type of all its frames.
    pub fn link(&self) -> LinkType {
        self.link
    }

    /// Bytes so far.
    pub fn size(&self) -> u64 {
        self.seen.size()
    }

    /// Adds a frame; one without time is given that of 1970.
    pub fn write(&mut self, frame: &FrameHead, data: &[u8]) -> Result<(), Error> {
        let time = frame.time.unwrap_or_default();
        let header = [time.seconds() as u32, time.subsecond_nanoseconds(), data.len() as u32, frame.original_len];
        self.put(&header.map(u32::to_le_bytes).concat())?;
        self.put(data)
    }

    fn put(&mut self, bytes: &[u8]) -> Result<(), Error> {
        self.seen.feed(bytes);
        self.file.write_all(bytes).map_err(|source| Error { path: self.path.clone(), source })
    }

    /// What was added so far is in the file.
    pub fn flush(&mut self) -> Result<(), Error> {
        self.file.flush().map_err(|source| Error { path: self.path.clone(), source })
    }

    /// Everything is in the file; what it is.
    pub fn end(mut self) -> Result<Identity, Error> {
        self.flush()?;
        let size = self.seen.size();
        let (sha256, head_sha256) = self.seen.digests();
        Ok(Identity { sha256, head_sha256, size, format: "pcap".to_owned() })
    }
}

/// The number of a link type in capture files; some have another on the system that captures.
fn in_files(link: LinkType) -> LinkType {
    match link {
        LinkType::RAW_BSD | LinkType::RAW_OPENBSD => LinkType::RAW,
        LinkType::ATM_BSD => LinkType::ATM,
        link => link,
    }
}

#[cfg(test)]
mod tests {
    use super::super::{Reader, Source, file_sha256};
    use super::*;
    use crate::model::{Batch, Timestamp};

    #[test]
    fn what_is_written_is_read_again() {
        let directory = tempfile::tempdir().unwrap();
        let path = directory.path().join("a.pcap");
        let frame = |seconds: i64, original_len: u32| FrameHead {
            number: 0,
            position: 0,
            time: Timestamp::new(seconds, 123_456_789),
            original_len,
            link: LinkType(1),
            at: 0..0,
        };
        let frames = [(frame(7, 3), &b"one"[..]), (frame(1_700_000_000, 9000), b"cut"), (frame(8, 0), b"")];
        let mut writer = Writer::create_new(&path, LinkType(1)).unwrap();
        frames.iter().for_each(|(head, data)| writer.write(head, data).unwrap());
        let identity = writer.end().unwrap();
        assert_eq!(identity.sha256, file_sha256(&path).unwrap());
        assert_eq!(identity.size, path.metadata().unwrap().len());
        let (mut reader, mut batch) = (Reader::open(&path).unwrap(), Batch::default());
        reader.fill(&mut batch).unwrap();
        assert_eq!(batch.frames.len(), 3);
        for (read, (head, data)) in batch.frames.iter().zip(&frames) {
            assert_eq!((read.time, read.original_len, read.link), (head.time, head.original_len, LinkType(1)));
            assert_eq!(batch.data(read), *data);
        }
        assert!(Writer::create_new(&path, LinkType(1)).is_err());
    }
}
