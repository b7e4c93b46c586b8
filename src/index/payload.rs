//! The bytes of a flow for SQL: read from its file beneath the case, without following links.

use std::fs::File;
use std::io::{self, Read};
use std::path::{Path, PathBuf};

use rusqlite::{Connection, OptionalExtension};
use rustix::fd::OwnedFd;
use rustix::fs::{CWD, Mode, OFlags};

use super::{Error, Result, file};

/// Bytes of a value: what SQLite holds in one (SQLITE_MAX_LENGTH).
const MAX_PAYLOAD: u64 = 1_000_000_000;

/// Opens payload files by flow.
pub struct Files {
    db: Connection,
    case_dir: PathBuf,
}

impl Files {
    /// For the case in `case_dir` whose index is at `path`.
    pub fn open(path: &Path, case_dir: &Path) -> Result<Files> {
        Ok(Files { db: file::open_again(path)?, case_dir: case_dir.into() })
    }

    /// Exactly the flow's length of bytes; `None` without a file.
    ///
    /// # Errors
    /// A file that cannot be read or is shorter than the index says, and more than fits in a value.
    pub fn read(&self, flow: i64) -> Result<Option<Vec<u8>>> {
        let mut statement = self.db.prepare_cached("SELECT path, length FROM flow WHERE id = ?1")?;
        let found = statement.query_row([flow], |row| Ok((row.get::<_, String>(0)?, row.get::<_, i64>(1)? as u64)));
        let Some((name, length)) = found.optional()? else { return Ok(None) };
        if length > MAX_PAYLOAD {
            return Err(Error::User(format!(
                "payload({flow}) is {length} bytes; a value holds {MAX_PAYLOAD}: use `flowcase cat`"
            )));
        }
        let bytes = read(&self.case_dir, &name, length);
        bytes.map(Some).map_err(|source| Error::Io { path: self.case_dir.join(name), source })
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
