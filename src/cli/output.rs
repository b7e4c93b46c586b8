//! Where data goes: stdout, or a file that appears whole or not at all.

use std::fs::File;
use std::io::{self, BufWriter, IsTerminal, Write};
use std::path::{Path, PathBuf};

use super::errors::{Error, at};
use crate::view::escape::Shown;
use crate::view::{Rows, csv::Csv, json::Json, table::Table};

/// Bytes gathered before they are written.
const BUFFER: usize = 1 << 16;

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

/// Stdout, buffered: flush at the end. Whatever goes to a terminal is made harmless; files and pipes get bytes as they are.
pub fn stdout() -> BufWriter<Box<dyn Write>> {
    let stdout = io::stdout();
    let inner: Box<dyn Write> =
        if stdout.is_terminal() { Box::new(Shown::new(stdout.lock())) } else { Box::new(stdout.lock()) };
    BufWriter::with_capacity(BUFFER, inner)
}

/// Makes `path` with what `write` writes: beside it first, then renamed over it.
pub fn file(path: &Path, write: impl FnOnce(&mut dyn Write) -> Result<(), Error>) -> Result<(), Error> {
    let beside = beside(path)?;
    let made = write_whole(&beside, write).and_then(|()| std::fs::rename(&beside, path).map_err(at(path)));
    made.inspect_err(|_| drop(std::fs::remove_file(&beside)))
}

fn write_whole(path: &Path, write: impl FnOnce(&mut dyn Write) -> Result<(), Error>) -> Result<(), Error> {
    let file = File::options().write(true).create_new(true).open(path).map_err(at(path))?;
    let mut out = BufWriter::with_capacity(BUFFER, file);
    write(&mut out)?;
    out.flush().map_err(at(path))
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
}
