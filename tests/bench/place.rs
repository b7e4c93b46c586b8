//! The directory of a benchmark: captures, made when they are first wanted, and room for what is made of them.

use std::collections::HashMap;
use std::fs::{self, File};
use std::io::{self, BufWriter};
use std::path::{Path, PathBuf};
use std::process::Command;

use crate::directory::directory;
use crate::load::{Load, Made};
use crate::rows::{Program, Run};

/// The built program.
pub const FLOWCASE: &str = env!("CARGO_BIN_EXE_flowcase");

/// A directory that goes at the end.
pub struct Place {
    directory: tempfile::TempDir,
    captures: HashMap<Load, (PathBuf, Made)>,
}

impl Place {
    /// Beneath `parent`, or where [`directory`] is.
    pub fn new(parent: Option<PathBuf>) -> io::Result<Place> {
        Ok(Place { directory: directory(parent)?, captures: HashMap::new() })
    }

    /// Where a run writes to.
    pub fn out(&self) -> PathBuf {
        self.directory.path().join("out")
    }

    /// The capture of a load, and what is in it. A process of its own makes it: whoever is started by a process counts that
    /// one's memory as its own (getrusage(2): `ru_maxrss` outlives `execve`).
    pub fn capture(&mut self, load: Load) -> (PathBuf, Made) {
        let path = self.directory.path().join(format!("{load}.pcap"));
        self.captures.entry(load).or_insert_with(|| make_elsewhere(load, &path)).clone()
    }

    /// The capture goes; the next that wants it makes it again.
    pub fn forget(&mut self, load: Load) {
        if let Some((path, _)) = self.captures.remove(&load) {
            super::contest::remove(&path);
        }
    }

    /// A run as words for a shell.
    pub fn words(&mut self, run: &Run) -> Vec<String> {
        let [capture, out] = [self.capture(run.load).0, self.out()].map(|path| path.display().to_string());
        let words: &[&str] = match run.program {
            Program::Flowcase => &[FLOWCASE, "ingest", &out, &capture, "--progress", "never"],
            Program::Tcpflow => &["tcpflow", "-q", "-Fk", "-r", &capture, "-o", &out],
            Program::Cp => &["cp", &capture, &out],
        };
        words.iter().map(|word| (*word).to_owned()).chain(run.words.iter().cloned()).collect()
    }
}

/// Makes a capture here.
pub fn make(load: Load, path: &Path) -> io::Result<Made> {
    load.write(1, BufWriter::with_capacity(1 << 20, File::create(path)?))
}

/// What [`make_elsewhere`] reads.
pub fn tell(made: Made) -> String {
    [made.frames, made.connections, made.segments, made.payload].map(|number| number.to_string()).join(" ")
}

fn make_elsewhere(load: Load, path: &Path) -> (PathBuf, Made) {
    let this = std::env::current_exe().expect("a program that runs has a file");
    let done = Command::new(this).arg("--make").arg(path).arg(load.to_string()).output().expect("it runs already");
    assert!(done.status.success(), "{load}: {}", String::from_utf8_lossy(&done.stderr));
    let told = String::from_utf8_lossy(&done.stdout);
    let numbers: Vec<u64> = told.split_whitespace().filter_map(|word| word.parse().ok()).collect();
    let [frames, connections, segments, payload] = numbers[..] else { panic!("{load}: {told}") };
    (path.to_owned(), Made { frames, connections, segments, payload })
}

/// Size of a file in bytes.
pub fn length(path: &Path) -> u64 {
    fs::metadata(path).map_or(0, |metadata| metadata.len())
}
