//! The bytes of a flow for SQL: read from its file beneath the case, without following links, or unpacked by those who
//! know how.

use std::fs::File;
use std::io::{self, Read};
use std::path::{Path, PathBuf};

use rusqlite::{Connection, OptionalExtension};
use rustix::fd::OwnedFd;
use rustix::fs::{CWD, Mode, OFlags};

use crate::index::list::unsigned;
use crate::index::{Error, Frames, Result, file};

/// Bytes of a value: what SQLite holds in one (SQLITE_MAX_LENGTH).
const MAX_PAYLOAD: u64 = 1_000_000_000;

/// A flow whose bytes lie in packs.
pub struct Packed {
    /// Stream position of offset 0.
    pub base: i64,
    /// Bytes, holes counted.
    pub length: u64,
    /// Where they lie, encoded by the store.
    pub pieces: Vec<u8>,
}

/// Gives the bytes of a packed flow: this floor knows no store.
pub type Unpack = Box<dyn FnMut(&Packed, &mut Frames) -> io::Result<Vec<u8>> + Send>;

/// Where no payload is packed.
pub fn no_packs() -> Unpack {
    Box::new(|_, _| Err(io::ErrorKind::Unsupported.into()))
}

/// Reads payload by flow.
pub struct Payloads {
    db: Connection,
    case_dir: PathBuf,
    unpack: Unpack,
    frames: Frames,
}

/// What a flow's row says of its payload.
struct Found {
    name: String,
    base: i64,
    length: u64,
    pieces: Option<Vec<u8>>,
}

impl Payloads {
    /// For the case in `case_dir` whose index is at `path`.
    pub fn open(path: &Path, case_dir: &Path, unpack: Unpack) -> Result<Self> {
        Ok(Payloads { db: file::open_again(path)?, case_dir: case_dir.into(), unpack, frames: Frames::of(path) })
    }

    /// Exactly the flow's length of bytes; `None` without a file.
    ///
    /// # Errors
    /// A file that cannot be read or is shorter than the index says, and more than fits in a value.
    pub fn read(&mut self, flow: i64) -> Result<Option<Vec<u8>>> {
        let Some(found) = self.find(flow)? else { return Ok(None) };
        let Found { name, base, length, pieces } = found;
        if length > MAX_PAYLOAD {
            return Err(Error::User(format!(
                "payload({flow}) is {length} bytes; a value holds {MAX_PAYLOAD}: use `flowcase cat`"
            )));
        }
        let bytes = match pieces {
            Some(pieces) => (self.unpack)(&Packed { base, length, pieces }, &mut self.frames),
            None => read(&self.case_dir, &name, length),
        };
        bytes.map(Some).map_err(|source| Error::Io { path: self.case_dir.join(name), source })
    }

    fn find(&self, flow: i64) -> Result<Option<Found>> {
        let mut statement = self.db.prepare_cached("SELECT path, base, length, pieces FROM flow WHERE id = ?1")?;
        let found = statement.query_row([flow], |row| {
            Ok(Found { name: row.get(0)?, base: row.get(1)?, length: unsigned(row, 2)?, pieces: row.get(3)? })
        });
        Ok(found.optional()?)
    }
}

fn read(case_dir: &Path, name: &str, length: u64) -> io::Result<Vec<u8>> {
    let mut bytes = Vec::new();
    open_beneath(case_dir, name)?.take(length).read_to_end(&mut bytes)?;
    if bytes.len() as u64 == length {
        return Ok(bytes);
    }
    Err(io::Error::new(io::ErrorKind::UnexpectedEof, format!("{} bytes, where the index says {length}", bytes.len())))
}

fn open_beneath(case_dir: &Path, name: &str) -> io::Result<File> {
    let refused = |why| io::Error::new(io::ErrorKind::InvalidInput, why);
    let look = OFlags::RDONLY | OFlags::CLOEXEC | OFlags::NONBLOCK;
    let mut at: OwnedFd = rustix::fs::openat(CWD, case_dir, look | OFlags::DIRECTORY, Mode::empty())?;
    for part in name.split('/') {
        if matches!(part, "" | "." | "..") {
            return Err(refused("does not lie beneath the case"));
        }
        at = rustix::fs::openat(&at, part, look | OFlags::NOFOLLOW, Mode::empty())?;
    }
    let file = File::from(at);
    if file.metadata()?.is_file() { Ok(file) } else { Err(refused("not a regular file")) }
}
