//! F3: scanners of the user's own. A [`command`] is run for each flow or object; a function of a [`python`] script is called
//! for each; digests are looked up in a [`hashset`]. They are [`Scanner`]s like the built-in ones and say what they saw the same way.
//!
//! What runs here is the user's, what it reads is the attacker's: a process that crashes, hangs, floods or writes nonsense costs
//! the findings of one flow, which is an anomaly, and is gone with all its children when its time is over ([`process`]).
//! A thread of the scan waits for one process at a time, so there are never more than threads.
#![allow(clippy::disallowed_methods, reason = "this floor runs processes, for a time, and reads files the user names")]

use std::io;
use std::path::{Path, PathBuf};
use std::time::Duration;

use sha2::{Digest, Sha256};

use crate::model::digest::hex;
use crate::scan::{Connection, Error as ScanError, Findings, Object, Scanner};

pub mod command;
mod digests;
pub mod facts;
pub mod hashset;
pub mod process;
pub mod python;
mod report;

pub use facts::Subject;

/// What a plug-in may take for one flow or object.
#[derive(Clone, Debug)]
pub struct Limits {
    /// Time until it is killed.
    pub time: Duration,
    /// Bytes it may write.
    pub bytes: usize,
    /// Findings, or lines of output.
    pub findings: usize,
    /// Bytes of payload that a Python function is given; a command may read all.
    pub payload: u64,
}

impl Default for Limits {
    fn default() -> Self {
        Limits { time: Duration::from_secs(10), bytes: 1 << 20, findings: 1000, payload: 64 << 20 }
    }
}

/// What a plug-in looks at.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Of {
    /// The payload of each flow.
    Flows,
    /// Each file that a scanner extracted.
    Objects,
}

/// A plug-in that cannot be used.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// It has no name, or none that results can bear.
    #[error("`{0}` is no name for a plug-in: lower-case letters, digits and `_`, a letter first, at most 32")]
    Name(String),
    /// The command line has no words, or a quote that does not end.
    #[error("`{0}` is no command: quotes must end, as in a shell")]
    Words(String),
    /// The program is not there.
    #[error("no program `{0}` on the path")]
    NoProgram(String),
    /// A file could not be read.
    #[error("`{}`: {source}", path.display())]
    File {
        /// The file.
        path: PathBuf,
        /// Why.
        source: io::Error,
    },
    /// A script that cannot be loaded.
    #[error("`{}`: {why}", path.display())]
    Script {
        /// The script.
        path: PathBuf,
        /// What Python says.
        why: String,
    },
    /// A list in which there is no digest.
    #[error("`{}`: no SHA-256, SHA-1 or MD5 digest in it", .0.display())]
    NoDigests(PathBuf),
    /// A list that does not fit.
    #[error("`{}`: more than {most} digests", path.display())]
    TooMany {
        /// The list.
        path: PathBuf,
        /// How many there may be.
        most: usize,
    },
}

/// Looks at one flow or object.
trait Look: Send + Sync {
    /// Looks, and says what it saw; findings before an error stay.
    fn look(&self, subject: &Subject<'_>, found: &mut dyn Findings) -> Result<(), ScanError>;
}

/// A scanner that looks at one subject after the other; what becomes of one is nothing to the next.
struct Each<L> {
    of: Of,
    look: L,
}

impl<L: Look> Scanner for Each<L> {
    fn scan(&self, connection: &Connection<'_>, found: &mut dyn Findings) -> Result<(), ScanError> {
        if self.of == Of::Objects {
            return Ok(());
        }
        for flow in &connection.flows {
            if let Err(why) = self.look.look(&Subject::of_flow(connection, flow), found) {
                found.left_out(flow.id, &why);
            }
        }
        Ok(())
    }

    fn scan_object(&self, object: &Object<'_>, found: &mut dyn Findings) -> Result<(), ScanError> {
        if self.of == Of::Flows { Ok(()) } else { self.look.look(&Subject::of_object(object), found) }
    }
}

/// A name that can stand on results: as the built-in scanners have them.
///
/// # Errors
/// [`Error::Name`]
pub fn checked_name(name: &str) -> Result<String, Error> {
    let word = |c: u8| c.is_ascii_lowercase() || c.is_ascii_digit() || c == b'_';
    let fine = name.len() <= 32 && name.starts_with(|c: char| c.is_ascii_lowercase()) && name.bytes().all(word);
    if fine { Ok(name.to_owned()) } else { Err(Error::Name(name.to_owned())) }
}

/// The name a plug-in has after its file: `Known-Bad.txt` is `known_bad`.
///
/// # Errors
/// [`Error::Name`] where nothing is left of it.
pub fn name_of(file: &Path) -> Result<String, Error> {
    let stem = file.file_stem().unwrap_or_default().to_string_lossy().to_ascii_lowercase();
    let name: String = stem.chars().map(|c| if c.is_ascii_alphanumeric() { c } else { '_' }).take(32).collect();
    checked_name(name.trim_matches('_'))
}

/// The stamp on results: 16 hex digits that change with what made them.
fn stamp(parts: &[&[u8]]) -> String {
    let mut hasher = Sha256::new();
    for part in parts {
        hasher.update((part.len() as u64).to_be_bytes());
        hasher.update(part);
    }
    hex(&hasher.finalize()[..8])
}

#[cfg(test)]
mod tests;
