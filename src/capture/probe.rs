//! A look at a capture before it is read: what puts captures in order and tells one that is known already.

use std::fs::File;
use std::io::{self, Cursor, Read};
use std::path::{Path, PathBuf};

use super::block::is_stdin;
use super::block::{BLOCK, Input};
use super::digest::{HEAD, Seen};
use super::{Reader, Source, Stop};
use crate::model::{Batch, Timestamp};

/// Batches looked through for a time: 4 MiB, more than any metadata in front of the frames.
const LOOK: usize = 16;

/// What a look at a capture tells.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Probe {
    /// As given.
    pub path: PathBuf,
    /// Bytes of the file as it lies; `None` for what is no regular file.
    pub size: Option<u64>,
    /// SHA-256 of its first MiB; `None` for what is no regular file.
    pub head_sha256: Option<[u8; 32]>,
    /// Time of the first frame that has one, if it is among the first frames.
    pub first: Option<Timestamp>,
    /// It was read to its end, or to where it is damaged, and has no frame.
    pub frameless: bool,
    /// Why no frame of it can be read, or none behind those looked at.
    pub error: Option<Stop>,
}

/// Looks at a capture. Standard input and other pipes are left untouched: nothing is known of them beforehand.
pub fn probe(path: &Path) -> Probe {
    let unknown = Probe { path: path.to_owned(), ..Probe::default() };
    if is_stdin(path) || path.metadata().is_ok_and(|metadata| !metadata.is_file() && !metadata.is_dir()) {
        return unknown;
    }
    match look(path) {
        Ok(probe) => probe,
        Err(error) => {
            Probe { frameless: true, error: Some(Stop::unreadable(super::reader::system(&error))), ..unknown }
        }
    }
}

/// SHA-256 of a whole file as it lies.
///
/// # Errors
/// The file cannot be opened or read.
pub fn file_sha256(path: &Path) -> io::Result<[u8; 32]> {
    let (mut file, mut buffer, mut seen) = (File::open(path)?, vec![0; BLOCK], Seen::default());
    loop {
        match file.read(&mut buffer) {
            Ok(0) => return Ok(seen.digests().0),
            Ok(read) => seen.feed(&buffer[..read]),
            Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
            Err(error) => return Err(error),
        }
    }
}

fn look(path: &Path) -> io::Result<Probe> {
    let mut file = File::open(path)?;
    let size = file.metadata()?.len();
    let mut head = Vec::with_capacity(size.min(HEAD) as usize + 1);
    (&mut file).take(HEAD).read_to_end(&mut head)?;
    let mut seen = Seen::default();
    seen.feed(&head);
    let head_sha256 = Some(seen.digests().1);
    let mut probe = Probe { path: path.to_owned(), size: Some(size), head_sha256, ..Probe::default() };
    if let Err(stop) = first_time(Cursor::new(head).chain(file), &mut probe) {
        probe.error = Some(stop);
    }
    Ok(probe)
}

fn first_time(bytes: impl Read + Send + 'static, probe: &mut Probe) -> Result<(), Stop> {
    // Until a frame is found there is none.
    probe.frameless = true;
    let input = Input::over(Box::new(bytes), false).map_err(|error| Stop::unreadable(super::reader::system(&error)))?;
    let (mut reader, mut batch) = (Reader::over(input)?, Batch::default());
    for _ in 0..LOOK {
        let more = reader.fill(&mut batch)?;
        probe.frameless &= batch.frames.is_empty();
        probe.first = batch.frames.iter().find_map(|frame| frame.time);
        if probe.first.is_some() || !more {
            return Ok(());
        }
    }
    probe.frameless = false;
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::super::fixtures::{PCAP, pcap};
    use super::*;

    fn of(bytes: &[u8]) -> Probe {
        let file = tempfile::NamedTempFile::new().unwrap();
        std::fs::write(file.path(), bytes).unwrap();
        probe(file.path())
    }

    #[test]
    fn first_time_and_digest_of_the_head() {
        let bytes = pcap(&[(7, 5, b"abc"), (3, 0, b"d")]);
        let probe = of(&bytes);
        assert_eq!((probe.first, probe.frameless, probe.error), (Timestamp::new(7, 5000), false, None));
        assert_eq!(probe.size, Some(bytes.len() as u64));
        let mut seen = Seen::default();
        seen.feed(&bytes);
        assert_eq!(probe.head_sha256, Some(seen.digests().0));
    }

    #[test]
    fn what_has_no_frames_says_so() {
        assert!(of(&PCAP).frameless && of(&PCAP).error.is_none());
        assert_eq!(of(b"").error.unwrap().message, "empty file: it ends at offset 0");
        let absent = probe(Path::new("/nonexistent/x.pcap"));
        assert_eq!(absent.error.unwrap().message, "no such file or directory");
        assert!(absent.frameless);
        assert_eq!(probe(Path::new("-")), Probe { path: "-".into(), ..Probe::default() });
    }

    #[test]
    fn digest_of_a_file_beyond_the_head() {
        let bytes: Vec<u8> = (0..3_000_000u32).map(|i| (i % 251) as u8).collect();
        let file = tempfile::NamedTempFile::new().unwrap();
        std::fs::write(file.path(), &bytes).unwrap();
        let (mut all, mut head) = (Seen::default(), Seen::default());
        all.feed(&bytes);
        head.feed(&bytes[..HEAD as usize]);
        let (all, head) = (all.digests(), head.digests().0);
        assert_eq!(file_sha256(file.path()).unwrap(), all.0);
        assert_eq!(all.1, head);
        assert_eq!(probe(file.path()).head_sha256, Some(head));
    }
}
