//! A function of a Python script that is called for each flow, or for each object. Interpreters live as long as the scan, one for
//! each thread that needs one; `driver.py` runs in them and answers requests over pipes. One that hangs or dies is replaced.
//!
//! The function is given the payload as `bytes` and, if it takes a second argument, the facts ([`super::facts`]) as an object:
//! `def scan(payload, flow)`. What it returns are findings: nothing for `None`, a value for text, `kind`, `value`, `offset`,
//! `length` and fields for a `dict`, several for a list or a generator of these.

use std::fs;
use std::mem;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use serde::Deserialize;
use serde_json::{Map, Value};

use super::command::find;
use super::process::{Blocks, End, Process, Talk, ill};
use super::report::report;
use super::{Each, Error, Limits, Look, Of, Subject, checked_name, stamp};
use crate::scan::{Chosen, Error as ScanError, Findings};

const DRIVER: &str = include_str!("driver.py");
/// What an interpreter may take at least to load a script and the modules it wants.
const LOADING: Duration = Duration::from_secs(30);
/// Bytes of an answer beyond those of findings.
const AROUND: usize = 4 << 10;

/// A function of a script.
struct Python {
    interpreter: PathBuf,
    path: PathBuf,
    source: Vec<u8>,
    function: String,
    limits: Limits,
    idle: Mutex<Vec<Process>>,
}

/// A scanner that calls a function of a script. The script is read, loaded and stamped now: changed later, it is changed for the
/// next scan only.
///
/// # Errors
/// [`Error::Name`], [`Error::NoProgram`] without Python, [`Error::File`], and [`Error::Script`] where the script cannot be loaded
/// or has no such function.
pub fn python(name: &str, script: &Path, function: &str, of: Of, limits: &Limits) -> Result<Chosen, Error> {
    let name = checked_name(name)?;
    let path = script.to_owned();
    let source = fs::read(script).map_err(|source| Error::File { path, source })?;
    let interpreter = find("python3").ok_or_else(|| Error::NoProgram("python3".to_owned()))?;
    let version = stamp(&[&source, function.as_bytes()]);
    let (path, function, limits) = (script.to_owned(), function.to_owned(), limits.clone());
    let look = Python { interpreter, path, source, function, limits, idle: Mutex::default() };
    let first = look.start().map_err(|error| Error::Script { path: script.to_owned(), why: error.to_string() })?;
    look.put(first);
    Ok(Chosen { name, version, scanner: Box::new(Each { of, look }) })
}

impl Python {
    /// An interpreter that has loaded the script.
    fn start(&self) -> Result<Process, ScanError> {
        let mut command = Command::new(&self.interpreter);
        command.arg("-c").arg(DRIVER).arg(&self.path).arg(&self.function);
        command.args([self.limits.findings.to_string(), self.limits.bytes.to_string()]);
        let mut process = Process::start(&mut command)?;
        let mut load = Exchange::new(&self.limits, "{}", self.source.len() as u64, Body::Source(&self.source));
        let answer = ask(&mut process, &mut load, self.limits.time.max(LOADING))?;
        answer.ended.error.map_or(Ok(process), |error| Err(ScanError::Failed(error)))
    }

    fn take(&self) -> Option<Process> {
        self.idle.lock().unwrap_or_else(PoisonError::into_inner).pop()
    }

    fn put(&self, process: Process) {
        self.idle.lock().unwrap_or_else(PoisonError::into_inner).push(process);
    }
}

/// Hands over a request and takes the answer. After an error the process is of no use.
fn ask(process: &mut Process, exchange: &mut Exchange<'_>, time: Duration) -> Result<Answer, ScanError> {
    match process.talk(exchange, time, false)? {
        End::Heard => exchange.answer(),
        End::Exited(status) => {
            let how = ill(status).unwrap_or_else(|| "exit status 0".to_owned());
            let complaint = process.complaint().map(|line| format!(": {line}")).unwrap_or_default();
            Err(ScanError::Failed(format!("the interpreter ended, {how}{complaint}")))
        }
    }
}

impl Look for Python {
    fn look(&self, subject: &Subject<'_>, found: &mut dyn Findings) -> Result<(), ScanError> {
        let mut process = self.take().map_or_else(|| self.start(), Ok)?;
        let Limits { payload: most, findings, bytes, .. } = self.limits;
        let blocks = Blocks::new(subject.payload, most);
        let mut exchange =
            Exchange::new(&self.limits, &subject.to_json(), subject.payload.length().min(most), Body::Payload(blocks));
        let answer = ask(&mut process, &mut exchange, self.limits.time)?;
        self.put(process);
        answer.findings.iter().try_for_each(|said| report(said, subject, found))?;
        match (answer.ended.error, answer.ended.limit.as_deref()) {
            (Some(error), _) => Err(ScanError::Failed(error)),
            (_, Some("findings")) => Err(ScanError::Limit { what: "findings", most: findings as u64 }),
            (_, Some(_)) => Err(ScanError::Limit { what: "bytes of findings", most: bytes as u64 }),
            _ if subject.payload.length() > most => {
                Err(ScanError::Limit { what: "bytes of payload, the rest was not given to the script", most })
            }
            _ => Ok(()),
        }
    }
}

impl Drop for Python {
    fn drop(&mut self) {
        let idle = mem::take(self.idle.get_mut().unwrap_or_else(PoisonError::into_inner));
        idle.into_iter().for_each(Process::dismiss);
    }
}

/// What the driver says.
#[derive(Debug, Deserialize)]
struct Answer {
    findings: Vec<Map<String, Value>>,
    ended: Ended,
}

/// Why there are no more findings; nothing: these were all.
#[derive(Debug, Deserialize)]
struct Ended {
    limit: Option<String>,
    error: Option<String>,
}

/// What follows the facts of a request.
enum Body<'a> {
    Payload(Blocks<'a>),
    Source(&'a [u8]),
}

/// One request and its answer.
struct Exchange<'a> {
    head: Vec<u8>,
    body: Body<'a>,
    heard: Vec<u8>,
    /// Bytes an answer may have.
    most: usize,
}

impl<'a> Exchange<'a> {
    fn new(limits: &Limits, facts: &str, length: u64, body: Body<'a>) -> Self {
        let mut head = (facts.len() as u64).to_be_bytes().to_vec();
        head.extend(length.to_be_bytes());
        head.extend(facts.as_bytes());
        Exchange { head, body, heard: Vec::new(), most: limits.bytes + AROUND }
    }

    /// The length an answer claims to have, once that is there.
    fn claimed(&self) -> Option<u64> {
        self.heard.first_chunk().map(|length| u64::from_be_bytes(*length))
    }

    fn answer(&self) -> Result<Answer, ScanError> {
        let unclear = |error| ScanError::Failed(format!("the interpreter's answer cannot be read: {error}"));
        let answer: Answer = serde_json::from_slice(&self.heard[8..]).map_err(unclear)?;
        Ok(answer)
    }
}

impl Talk for Exchange<'_> {
    fn say(&mut self, into: &mut Vec<u8>) -> Result<(), ScanError> {
        if !self.head.is_empty() {
            into.append(&mut self.head);
            return Ok(());
        }
        match &mut self.body {
            Body::Payload(blocks) => blocks.next(into)?,
            Body::Source(source) => into.extend_from_slice(mem::take(source)),
        }
        Ok(())
    }

    fn hear(&mut self, bytes: &[u8]) -> Result<bool, ScanError> {
        self.heard.extend_from_slice(bytes);
        let Some(claimed) = self.claimed() else { return Ok(false) };
        let have = self.heard.len() as u64 - 8;
        if claimed > self.most as u64 || have > claimed {
            return Err(ScanError::Failed("the interpreter's answer cannot be read: it is too long".to_owned()));
        }
        Ok(have == claimed)
    }
}
