//! What `verify` looks at: every payload file and every frame of a pack against its row, the directory against the index,
//! and the index against its own seals.

use std::collections::HashSet;
use std::fmt;
use std::fs;
use std::io;
use std::path::Path;

use super::{Error, Payload, Reader};
use crate::index::{FlowInfo, Selection};
use crate::model::{HashKind, PackFrame};
use crate::store::journal::SCRATCH;
use crate::store::{objects, packed, template};

/// What was looked at, and what is wrong.
#[derive(Debug, Default)]
pub struct Report {
    /// Payload files the index names.
    pub flows: u64,
    /// Objects the index names.
    pub objects: u64,
    /// Bytes read of both.
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
            if flow.pieces.is_none() {
                paths.insert(flow.path);
            }
            progress(report.bytes);
            Ok(())
        })?;
        paths.extend(self.check_packs(&mut report.faults)?);
        self.check_objects(&mut report, &mut paths)?;
        let flows = if template::is_open(&self.index.settings()?) { None } else { Some(template::DIRECTORY) };
        for directory in flows.into_iter().chain([SCRATCH, packed::DIRECTORY, objects::DIRECTORY]) {
            self.find_surplus(directory, &paths, &mut report.faults);
        }
        let changed = self.index.check_seals()?.into_iter().map(|table| format!("rows of `{table}` were changed"));
        let complaints = changed.chain(self.index.consistency()?);
        report.faults.extend(complaints.map(|what| Fault { path: super::INDEX.to_owned(), what }));
        Ok(report)
    }

    fn check_flow(&self, flow: &FlowInfo) -> Vec<String> {
        let payload = match self.payload(flow) {
            Ok(payload) => payload,
            Err(error) if error.kind() == io::ErrorKind::NotFound => return vec!["missing".to_owned()],
            Err(error) => return vec![format!("cannot be read as a file of the case: {error}")],
        };
        self.check_payload(flow, &payload).unwrap_or_else(|error| vec![format!("cannot be read: {error}")])
    }

    fn check_payload(&self, flow: &FlowInfo, payload: &Payload<'_>) -> io::Result<Vec<String>> {
        let length = payload.length();
        if length != flow.length {
            return Ok(vec![format!("{length} bytes long instead of {}", flow.length)]);
        }
        let mut faults = Vec::new();
        if let Some(stored) = payload.stored_bytes().filter(|stored| *stored != flow.stored_bytes) {
            faults.push(format!("{stored} bytes lie in packs instead of {}", flow.stored_bytes));
        }
        for (offset, length) in self.index.gaps(flow.id).map_err(io::Error::other)? {
            if let Some(at) = first_nonzero(payload, offset, length)? {
                faults.push(format!("offset {at} lies in a gap and is not zero"));
            }
        }
        let kinds: Vec<HashKind> = HashKind::ALL.into_iter().filter(|kind| flow.digests.get(*kind).is_some()).collect();
        if !kinds.is_empty() || flow.pieces.is_some() {
            let found = payload.digests(&kinds)?;
            let differs = kinds.into_iter().filter(|kind| found.get(*kind) != flow.digests.get(*kind));
            faults.extend(differs.map(|kind| format!("{} differs", kind.name())));
        }
        Ok(faults)
    }

    /// Every object is what its row says; equal ones share a file.
    fn check_objects(&self, report: &mut Report, paths: &mut HashSet<String>) -> Result<(), Error> {
        self.index.all_objects(&mut |object| -> Result<(), Error> {
            report.objects += 1;
            if !paths.insert(object.path.clone()) {
                return Ok(());
            }
            report.bytes += object.size;
            let found = self.object(&object.path).and_then(Payload::of_file);
            let found = found.and_then(|file| Ok((file.length(), file.digests(&[HashKind::Sha256])?)));
            let what = match found {
                Ok((_, digests)) if digests.sha256 == Some(object.sha256) => return Ok(()),
                Ok((length, _)) if length != object.size => format!("{length} bytes long instead of {}", object.size),
                Ok(_) => "sha256 differs".to_owned(),
                Err(error) if error.kind() == io::ErrorKind::NotFound => "missing".to_owned(),
                Err(error) => format!("cannot be read as a file of the case: {error}"),
            };
            report.faults.push(Fault { path: object.path, what });
            Ok(())
        })
    }

    /// Decompresses every frame of every pack; the packs the index names.
    fn check_packs(&self, faults: &mut Vec<Fault>) -> Result<HashSet<String>, Error> {
        let frames = self.index.frames()?;
        let packs = frames.chunk_by(|one, other| one.pack == other.pack);
        Ok(packs.map(|frames| self.check_pack(frames, faults)).collect())
    }

    /// Frames lie side by side, and nothing else in their pack.
    fn check_pack(&self, frames: &[PackFrame], faults: &mut Vec<Fault>) -> String {
        let (name, mut at, mut bytes) = (packed::path(frames[0].pack), 0, Vec::new());
        for frame in frames {
            if frame.offset != at {
                let what = format!("frame {} is said to lie at {} instead of {at}", frame.number, frame.offset);
                faults.push(Fault { path: name.clone(), what });
            }
            at = frame.end();
            if let Err(error) = self.packs.borrow_mut().read(frame, &mut bytes) {
                faults.push(Fault { path: name.clone(), what: error.to_string() });
            }
        }
        let length = self.beneath.read(&name).and_then(|file| Ok(file.metadata()?.len()));
        let what = match length {
            Ok(length) if length == at => return name,
            Ok(length) => format!("{length} bytes long instead of {at}"),
            Err(error) if error.kind() == io::ErrorKind::NotFound => "missing".to_owned(),
            Err(error) => format!("cannot be read as a file of the case: {error}"),
        };
        faults.push(Fault { path: name.clone(), what });
        name
    }

    /// Files beneath `directory` that no row names.
    fn find_surplus(&self, directory: &str, known: &HashSet<String>, faults: &mut Vec<Fault>) {
        let surplus = match directory.split('/').next() {
            Some(packed::DIRECTORY) => "no pack of the case",
            Some(objects::DIRECTORY) => "no object of the case",
            _ => "no flow of the case",
        };
        let mut entries: Vec<_> = fs::read_dir(self.root().join(directory)).into_iter().flatten().flatten().collect();
        entries.sort_by_key(fs::DirEntry::file_name);
        for entry in entries {
            let path = format!("{directory}/{}", entry.file_name().to_string_lossy());
            if entry.file_type().is_ok_and(|kind| kind.is_dir()) {
                self.find_surplus(&path, known, faults);
            } else if !known.contains(&path) {
                faults.push(Fault { path, what: surplus.to_owned() });
            }
        }
    }
}

/// Offset of the first byte in a range that is not zero. What is known to be a hole is not read.
fn first_nonzero(payload: &Payload<'_>, offset: u64, length: u64) -> io::Result<Option<u64>> {
    let (mut at, end) = (offset, offset + length);
    let mut buffer = vec![0; (64 << 10).min(length as usize)];
    while let Some(data) = payload.next_data(at)?.filter(|data| data.start < end) {
        let bytes = buffer.len().min((data.end.min(end) - data.start) as usize);
        payload.read_at(data.start, &mut buffer[..bytes])?;
        if let Some(i) = buffer[..bytes].iter().position(|&byte| byte != 0) {
            return Ok(Some(data.start + i as u64));
        }
        at = data.start + bytes as u64;
    }
    Ok(None)
}

/// Bytes on disk of a file, or of everything beneath a directory, links not followed.
pub fn size_on_disk(path: &Path) -> u64 {
    use std::os::unix::fs::MetadataExt;
    match path.symlink_metadata() {
        Ok(data) if data.is_dir() => {
            fs::read_dir(path).into_iter().flatten().flatten().map(|entry| size_on_disk(&entry.path())).sum()
        }
        Ok(data) => data.blocks() * 512,
        Err(_) => 0,
    }
}
