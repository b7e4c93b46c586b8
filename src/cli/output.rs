//! Where data goes: stdout, or a file that appears whole or not at all.

use std::fs::File;
use std::io::{self, BufWriter, IsTerminal, Write};
use std::panic::resume_unwind;
use std::path::{Path, PathBuf};
use std::sync::mpsc::{SyncSender, sync_channel};
use std::thread;

use super::errors::{Error, at};
use crate::view::escape::Shown;
use crate::view::{Rows, csv::Csv, json::Json, table::Table};

/// Bytes gathered before they are written.
const BUFFER: usize = 1 << 17;

/// Full buffers on their way to a file.
const AHEAD: usize = 4;

/// A format of rows.
#[derive(Clone, Copy, Debug, PartialEq, Eq, clap::ValueEnum)]
pub enum Format {
    /// Aligned columns for people
    Table,
    /// RFC 4180 with a line of column names
    Csv,
    /// One array of objects
    Json,
    /// One object a line
    Ndjson,
}

impl Format {
    /// Rows of this format into `out`; a table shows only the columns named in `keep`, if any are.
    pub fn rows<'a>(self, out: impl Write + 'a, keep: Option<&'static [&'static str]>) -> Box<dyn Rows + 'a> {
        match self {
            Format::Table => Box::new(Table::new(out, keep)),
            Format::Csv => Box::new(Csv::new(out)),
            Format::Json => Box::new(Json::array(out)),
            Format::Ndjson => Box::new(Json::lines(out)),
        }
    }
}

/// `1 flow`, `2 flows`.
pub fn counted(count: u64, noun: &str) -> String {
    format!("{count} {noun}{}", if count == 1 { "" } else { "s" })
}

/// Stdout, buffered: flush at the end. Whatever goes to a terminal is made harmless; files and pipes get bytes as they are.
pub fn stdout() -> BufWriter<Box<dyn Write>> {
    let stdout = io::stdout();
    let inner: Box<dyn Write> =
        if stdout.is_terminal() { Box::new(Shown::new(stdout.lock())) } else { Box::new(stdout.lock()) };
    BufWriter::with_capacity(BUFFER, inner)
}

/// Makes `path` with what `write` writes: beside it first, then renamed over it. A device or pipe is written directly.
pub fn file(path: &Path, write: impl FnOnce(&mut dyn Write) -> Result<(), Error>) -> Result<(), Error> {
    if path.metadata().is_ok_and(|data| !data.is_file()) {
        return write_to(File::options().write(true).open(path).map_err(at(path))?, path, write);
    }
    let beside = beside(path)?;
    let new = File::options().write(true).create_new(true).open(&beside).map_err(at(&beside))?;
    let made = write_to(new, &beside, write).and_then(|()| std::fs::rename(&beside, path).map_err(at(path)));
    made.inspect_err(|_| drop(std::fs::remove_file(&beside)))
}

/// The bytes go to the file on a thread of their own: more is made while the system takes what is made already.
fn write_to(mut file: File, path: &Path, write: impl FnOnce(&mut dyn Write) -> Result<(), Error>) -> Result<(), Error> {
    thread::scope(|scope| {
        let (full, buffers) = sync_channel::<Vec<u8>>(AHEAD);
        let put = move || buffers.into_iter().try_for_each(|bytes| file.write_all(&bytes));
        let writer = thread::Builder::new().name("writer".to_owned());
        let writer = writer.spawn_scoped(scope, put).map_err(at(path))?;
        let mut out = BufWriter::with_capacity(BUFFER, Behind(full));
        let made = write(&mut out).and_then(|()| Ok(out.flush()?));
        drop(out);
        // what ended the file's thread is the cause, whatever else went wrong because of it
        writer.join().unwrap_or_else(|panic| resume_unwind(panic)).map_err(at(path)).and(made)
    })
}

/// The way to the thread that writes a file, at most a buffer at once.
struct Behind(SyncSender<Vec<u8>>);

impl Write for Behind {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        let bytes = &bytes[..bytes.len().min(BUFFER)];
        self.0.send(bytes.to_vec()).map_err(io::Error::other)?;
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

/// Refuses a place within a case: what is written there could replace the case's own files, or pass for one.
pub fn refuse_within(case: &Path, path: &Path) -> Result<(), Error> {
    let case = case.canonicalize().map_err(at(case))?;
    let whole = std::path::absolute(path).map_err(at(path))?;
    let real = whole.ancestors().find_map(|ancestor| ancestor.canonicalize().ok());
    if real.is_some_and(|real| real.starts_with(&case)) {
        return Err(Error::Usage(format!("`{}` lies within the case", path.display())));
    }
    Ok(())
}

fn beside(path: &Path) -> Result<PathBuf, Error> {
    let Some(name) = path.file_name() else {
        return Err(Error::Usage(format!("`{}` names no file", path.display())));
    };
    let mut beside = std::ffi::OsString::from(".");
    beside.push(name);
    beside.push(format!(".{}.part", std::process::id()));
    Ok(path.with_file_name(beside))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_file_appears_whole_or_not_at_all() {
        let directory = tempfile::tempdir().unwrap();
        let path = directory.path().join("report.xml");
        file(&path, |out| out.write_all(b"one").map_err(Error::Stream)).unwrap();
        let failed = file(&path, |out| {
            out.write_all(b"half of two").map_err(Error::Stream)?;
            Err(Error::Usage("stop".into()))
        });
        assert!(failed.is_err());
        assert_eq!(std::fs::read(&path).unwrap(), b"one");
        file(&path, |out| out.write_all(b"two").map_err(Error::Stream)).unwrap();
        assert_eq!(std::fs::read(&path).unwrap(), b"two");
        assert_eq!(std::fs::read_dir(directory.path()).unwrap().count(), 1);
    }

    #[cfg(target_os = "linux")]
    #[test]
    fn a_full_disk_is_told_as_such() {
        for length in [1, BUFFER * (AHEAD + 4)] {
            let full = file(Path::new("/dev/full"), |out| Ok(out.write_all(&vec![0; length])?)).unwrap_err();
            let Error::File { source, .. } = &full else { panic!("{full:?}") };
            assert_eq!(source.kind(), io::ErrorKind::StorageFull, "{length}");
        }
    }

    #[test]
    fn nothing_is_written_over_a_case() {
        let directory = tempfile::tempdir().unwrap();
        let case = directory.path().join("case");
        std::fs::create_dir_all(case.join("flows")).unwrap();
        std::os::unix::fs::symlink(&case, directory.path().join("link")).unwrap();
        for inside in ["case", "case/case.sqlite", "case/flows/new/deep", "link/x", "elsewhere/../case/x"] {
            std::fs::create_dir_all(directory.path().join("elsewhere")).unwrap();
            assert!(refuse_within(&case, &directory.path().join(inside)).is_err(), "{inside}");
        }
        for outside in ["out", "casement/x", "case/../out"] {
            assert!(refuse_within(&case, &directory.path().join(outside)).is_ok(), "{outside}");
        }
    }
}
