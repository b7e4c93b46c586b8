//! A command that is run for each flow, or for each object: payload on its stdin, facts in its environment, and each line it
//! writes to stdout is a JSON object that becomes a finding.

use std::env;
use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};
use std::process;

use serde_json::{Map, Value};

use super::process::{Blocks, End, Process, Talk, ill};
use super::report::report;
use super::{Each, Error, Limits, Look, Of, Subject, checked_name, stamp};
use crate::scan::{Chosen, Error as ScanError, Findings, text_of};

/// Files that are part of the stamp are read up to this size.
const STAMPED: u64 = 64 << 20;
/// Characters shown of a line that is no JSON object.
const SHOWN: usize = 80;

/// A command.
struct Command {
    program: PathBuf,
    arguments: Vec<String>,
    limits: Limits,
}

/// A scanner that runs a command line. Its words are split as a shell does, and no shell is involved. The stamp on its results is
/// made of the line and of the files it names, the program first.
///
/// # Errors
/// [`Error::Name`], [`Error::Words`], and [`Error::NoProgram`] where nothing could be run.
pub fn command(name: &str, line: &str, of: Of, limits: &Limits) -> Result<Chosen, Error> {
    let name = checked_name(name)?;
    let mut words = shlex::split(line).unwrap_or_default().into_iter();
    let first = words.next().ok_or_else(|| Error::Words(line.to_owned()))?;
    let program = find(&first).ok_or(Error::NoProgram(first))?;
    let arguments: Vec<String> = words.collect();
    let files = std::iter::once(program.clone()).chain(arguments.iter().map(PathBuf::from));
    let files: Vec<Vec<u8>> = files.filter_map(|path| content(&path)).collect();
    let parts: Vec<&[u8]> = std::iter::once(line.as_bytes()).chain(files.iter().map(Vec::as_slice)).collect();
    let version = stamp(&parts);
    let look = Command { program, arguments, limits: limits.clone() };
    Ok(Chosen { name, version, scanner: Box::new(Each { of, look }) })
}

/// Where a program is, as a shell finds it.
pub(super) fn find(program: &str) -> Option<PathBuf> {
    if program.contains('/') {
        return Some(PathBuf::from(program)).filter(|path| can_run(path));
    }
    let path = env::var_os("PATH")?;
    env::split_paths(&path).map(|directory| directory.join(program)).find(|path| can_run(path))
}

fn can_run(path: &Path) -> bool {
    fs::metadata(path).is_ok_and(|about| about.is_file() && about.permissions().mode() & 0o111 != 0)
}

/// What a file holds that a word names, if it does.
fn content(path: &Path) -> Option<Vec<u8>> {
    let about = fs::metadata(path).ok()?;
    if about.is_file() && about.len() <= STAMPED { fs::read(path).ok() } else { None }
}

impl Look for Command {
    fn look(&self, subject: &Subject<'_>, found: &mut dyn Findings) -> Result<(), ScanError> {
        let mut command = process::Command::new(&self.program);
        command.args(&self.arguments);
        for (name, value) in subject.variables() {
            match value {
                Some(value) => command.env(name, value),
                None => command.env_remove(name),
            };
        }
        let mut lines = Lines::new(subject, &self.limits);
        let mut process = Process::start(&mut command)?;
        let end = process.talk(&mut lines, self.limits.time, true);
        let complaint = process.complaint();
        drop(process);
        let said = lines.report(subject, found);
        match end? {
            End::Exited(status) => ill(status).map_or(Ok(()), |ill| Err(failed(&ill, complaint.as_deref())))?,
            End::Heard => {}
        }
        said
    }
}

fn failed(what: &str, complaint: Option<&str>) -> ScanError {
    ScanError::Failed(complaint.map_or_else(|| what.to_owned(), |complaint| format!("{what}: {complaint}")))
}

/// Payload in, lines out.
struct Lines<'a> {
    blocks: Blocks<'a>,
    limits: &'a Limits,
    output: Vec<u8>,
    /// Lines that ended.
    count: usize,
}

impl<'a> Lines<'a> {
    fn new(subject: &Subject<'a>, limits: &'a Limits) -> Self {
        Lines { blocks: Blocks::new(subject.payload, u64::MAX), limits, output: Vec::new(), count: 0 }
    }

    /// Passes on what the lines say; of those that say nothing the first is told.
    fn report(&self, subject: &Subject<'_>, found: &mut dyn Findings) -> Result<(), ScanError> {
        let mut wrong = None;
        let lines = self.output.split(|byte| *byte == b'\n').map(<[u8]>::trim_ascii).take(self.limits.findings);
        for (number, line) in (1..).zip(lines).filter(|(_, line)| !line.is_empty()) {
            match serde_json::from_slice::<Map<String, Value>>(line) {
                Ok(said) => report(&said, subject, found)?,
                Err(_) => wrong = wrong.or(Some((number, line))),
            }
        }
        let Some((number, line)) = wrong else { return Ok(()) };
        let shown = text_of(&line[..line.len().min(SHOWN)]);
        Err(ScanError::Failed(format!("line {number} of its output is no JSON object: `{shown}`")))
    }
}

impl Talk for Lines<'_> {
    fn say(&mut self, into: &mut Vec<u8>) -> Result<(), ScanError> {
        self.blocks.next(into)
    }

    /// What is over a limit is not kept, however it came in pieces; and no line in part.
    fn hear(&mut self, bytes: &[u8]) -> Result<bool, ScanError> {
        let Limits { bytes: most, findings, .. } = *self.limits;
        let room = most - self.output.len();
        let ends = bytes.iter().enumerate().filter(|(_, byte)| **byte == b'\n').map(|(at, _)| at + 1);
        let lines = match findings - self.count {
            0 => Some(0),
            left => ends.clone().nth(left - 1),
        };
        self.count += ends.count();
        if let Some(end) = lines.filter(|end| *end < bytes.len() && *end <= room) {
            self.output.extend_from_slice(&bytes[..end]);
            return Err(ScanError::Limit { what: "lines of output", most: findings as u64 });
        }
        self.output.extend_from_slice(&bytes[..bytes.len().min(room)]);
        if bytes.len() > room {
            let whole = self.output.iter().rposition(|byte| *byte == b'\n').map_or(0, |at| at + 1);
            self.output.truncate(whole);
            return Err(ScanError::Limit { what: "bytes of output", most: most as u64 });
        }
        Ok(false)
    }
}

/// How many findings are kept of output that comes in pieces, and why there are no more.
#[cfg(test)]
pub(super) fn heard(output: &[u8], piece: usize, limits: &Limits) -> String {
    let nothing = crate::scan::testing::Memory::new(b"");
    let mut lines = Lines { blocks: Blocks::new(&nothing, 0), limits, output: Vec::new(), count: 0 };
    let why = output.chunks(piece).find_map(|piece| lines.hear(piece).err()).map(|why| why.to_string());
    format!(
        "{} {}",
        lines.output.split(|byte| *byte == b'\n').filter(|line| !line.is_empty()).count(),
        why.unwrap_or_default()
    )
}
