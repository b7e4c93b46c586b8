//! What `verify` looks at: every payload file against its row, the directory against the index, and the index against
//! its own seals.

use std::collections::HashSet;
use std::fmt;
use std::fs::{self, File};
use std::io;
use std::os::unix::fs::FileExt;
use std::path::Path;

use rustix::fs::SeekFrom;

use super::{Error, Reader};
use crate::index::{FlowInfo, Selection};
use crate::model::HashKind;
use crate::store::digest::of_file;
use crate::store::journal::SCRATCH;
use crate::store::template::DIRECTORY;

/// What was looked at, and what is wrong.
#[derive(Debug, Default)]
pub struct Report {
    /// Payload files the index names.
    pub flows: u64,
    /// Bytes read of them.
    pub bytes: u64,
    /// Everything that is not as it was recorded; empty for a case that is whole.
    pub faults: Vec<Fault>,
}

/// One thing that is not as it was recorded.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Fault {
    /// The file, relative to the case; the index's own name for faults in its rows.
    pub path: String,
    /// What is wrong.
    pub what: String,
}

/// `flows/3f/…: sha256 differs`
impl fmt::Display for Fault {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}: {}", self.path, self.what)
    }
}

impl Reader {
    /// Reads every payload file and every row. `progress` is told the bytes of payload read so far.
    pub fn verify(&self, progress: &mut dyn FnMut(u64)) -> Result<Report, Error> {
        let (mut report, mut paths) = (Report::default(), HashSet::new());
        self.index.flows(&Selection::default(), &mut |flow: FlowInfo| -> Result<(), crate::index::Error> {
            report.flows += 1;
            report.bytes += flow.length;
            let found = self.check_flow(&flow);
            report.faults.extend(found.into_iter().map(|what| Fault { path: flow.path.clone(), what }));
            paths.insert(flow.path);
            progress(report.bytes);
            Ok(())
        })?;
        for directory in [DIRECTORY, SCRATCH] {
            self.find_surplus(directory, &paths, &mut report.faults);
        }
        let changed = self.index.check_seals()?.into_iter().map(|table| format!("rows of `{table}` were changed"));
        let complaints = changed.chain(self.index.consistency()?);
        report.faults.extend(complaints.map(|what| Fault { path: super::INDEX.to_owned(), what }));
        Ok(report)
    }

    fn check_flow(&self, flow: &FlowInfo) -> Vec<String> {
        let file = match self.open_payload(&flow.path) {
            Ok(file) => file,
            Err(error) if error.kind() == io::ErrorKind::NotFound => return vec!["missing".to_owned()],
            Err(error) => return vec![format!("cannot be read as a file of the case: {error}")],
        };
        self.check_file(flow, &file).unwrap_or_else(|error| vec![format!("cannot be read: {error}")])
    }

    fn check_file(&self, flow: &FlowInfo, file: &File) -> io::Result<Vec<String>> {
        let length = file.metadata()?.len();
        if length != flow.length {
            return Ok(vec![format!("{length} bytes long instead of {}", flow.length)]);
        }
        let mut faults = Vec::new();
        for (offset, length) in self.index.gaps(flow.id).map_err(io::Error::other)? {
            if let Some(at) = first_nonzero(file, offset, length)? {
                faults.push(format!("offset {at} lies in a gap and is not zero"));
            }
        }
        let kinds: Vec<HashKind> = HashKind::ALL.into_iter().filter(|kind| flow.digests.get(*kind).is_some()).collect();
        if !kinds.is_empty() {
            let found = of_file(&kinds, file)?;
            let differs = kinds.into_iter().filter(|kind| found.get(*kind) != flow.digests.get(*kind));
            faults.extend(differs.map(|kind| format!("{} differs", kind.name())));
        }
        Ok(faults)
    }

    /// Files beneath `directory` that no row names.
    fn find_surplus(&self, directory: &str, known: &HashSet<String>, faults: &mut Vec<Fault>) {
        let mut entries: Vec<_> = fs::read_dir(self.root().join(directory)).into_iter().flatten().flatten().collect();
        entries.sort_by_key(fs::DirEntry::file_name);
        for entry in entries {
            let path = format!("{directory}/{}", entry.file_name().to_string_lossy());
            if entry.file_type().is_ok_and(|kind| kind.is_dir()) {
                self.find_surplus(&path, known, faults);
            } else if !known.contains(&path) {
                faults.push(Fault { path, what: "no flow of the case".to_owned() });
            }
        }
    }
}

/// Offset of the first byte in a range that is not zero. What the file system knows to be a hole is not read.
fn first_nonzero(file: &File, offset: u64, length: u64) -> io::Result<Option<u64>> {
    let (mut at, end) = (offset, offset + length);
    let mut buffer = vec![0; (64 << 10).min(length as usize)];
    while let Ok(data) = rustix::fs::seek(file, SeekFrom::Data(at)) {
        if data >= end {
            break;
        }
        let bytes = buffer.len().min((end - data) as usize);
        file.read_exact_at(&mut buffer[..bytes], data)?;
        if let Some(i) = buffer[..bytes].iter().position(|&byte| byte != 0) {
            return Ok(Some(data + i as u64));
        }
        at = data + bytes as u64;
        if at >= end {
            break;
        }
    }
    Ok(None)
}

/// Bytes on disk of everything beneath a directory, links not followed.
pub fn size_on_disk(directory: &Path) -> u64 {
    use std::os::unix::fs::MetadataExt;
    let entries = fs::read_dir(directory).into_iter().flatten().flatten();
    let size = |entry: fs::DirEntry| match entry.metadata() {
        Ok(data) if data.is_dir() => size_on_disk(&entry.path()),
        Ok(data) => data.blocks() * 512,
        Err(_) => 0,
    };
    entries.map(size).sum()
}
